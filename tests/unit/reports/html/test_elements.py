"""Elements of a page: whatever comes in is text."""

from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from ledger.reports.html.elements import data_table, pairs, section, tag


class Seen(HTMLParser):
    def __init__(self, html):
        super().__init__()
        self.tags, self.attributes, self.words = [], [], ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data):
        self.words += data


@given(st.text(), st.text(st.characters(codec="ascii", exclude_categories=["Cc"])))
def test_text_and_attributes_make_no_element(text, plain):
    seen = Seen(tag("p", text, title=text, class_=plain))
    assert seen.tags == ["p"]
    assert dict(seen.attributes)["class"] == plain
    assert Seen(tag("p", plain)).words == plain


def test_what_turns_the_order_of_letters_is_written_out():
    assert tag("p", "a\u202eb\x1b\ud800") == "<p>a\\u202eb\\x1b\\xed\\xa0\\x80</p>"


def test_tables_pairs_and_sections():
    found = data_table(("a<", "b"), [("1<", tag("code", "x"))], caption="c<", right=(1,))
    assert "<td>1&lt;<td><code>x</code>" in found
    assert '<table class="r1">' in found
    assert pairs([("a", 0), ("b", None), ("c", "")]) == "<dl><div><dt>a</dt><dd>0</dd></div></dl>"
    assert section("x", "X", None) == ""
