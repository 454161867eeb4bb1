"""What a note's Markdown becomes: read back with an HTML parser, and held against what may be there."""

import subprocess
import sys
from html.parser import HTMLParser
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.ops.note_html import MOST, html, htmls

ELEMENTS = {
    *("p", "br", "hr", "em", "strong", "s", "code", "pre", "blockquote", "ul", "ol", "li", "a", "span"),
    *("h3", "h4", "h5", "h6", "table", "thead", "tbody", "tr", "th", "td"),
}
ATTRIBUTES = {
    "a": {"href", "rel", "title"},
    "code": {"class"},
    "ol": {"start"},
    "span": {"class"},
    "th": {"class"},
    "td": {"class"},
}


class Reader(HTMLParser):
    """Every element with its attributes, and the text."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.found = []
        self.text = ""

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data

    def handle_comment(self, data):
        raise AssertionError(f"a comment: {data}")

    handle_decl = handle_pi = unknown_decl = handle_comment


def tame(text):
    """The elements of a text's HTML, all of which are harmless."""
    reader = Reader()
    reader.feed(html(text))
    reader.close()
    for tag, attributes in reader.found:
        assert tag in ELEMENTS, tag
        assert attributes.keys() <= ATTRIBUTES.get(tag, set()), (tag, attributes)
        if tag == "a":
            assert urlsplit(attributes["href"]).scheme in ("http", "https", "mailto")
            assert attributes["rel"] == "noopener noreferrer nofollow"
    return reader


def test_what_markdown_is_for():
    found = html("# A *note*\n\n1. one\n2. ~~two~~\n\n| a | b |\n|:--|--:|\n| 1 | `2` |\n")
    assert found == (
        "<h3>A <em>note</em></h3>\n<ol>\n<li>one</li>\n<li><s>two</s></li>\n</ol>\n"
        '<table>\n<thead>\n<tr>\n<th class="left">a</th>\n<th class="right">b</th>\n</tr>\n</thead>\n'
        '<tbody>\n<tr>\n<td class="left">1</td>\n<td class="right"><code>2</code></td>\n</tr>\n'
        "</tbody>\n</table>\n"
    )


@pytest.mark.parametrize("to", ["https://example.org/a?b=c", "http://example.org", "mailto:ann@example.org"])
def test_links(to):
    ((_, paragraph), (tag, attributes)) = tame(f"[see]({to} 'why')").found
    assert (paragraph, tag, attributes["href"], attributes["title"]) == ({}, "a", to, "why")


@pytest.mark.parametrize(
    "to",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "java&#115;cript:alert(1)",
        "&#x6A;avascript:alert(1)",
        "%6Aavascript:alert(1)",
        "java\tscript:alert(1)",
        "<java\u0000script:alert(1)>",
        "\u0001javascript:alert(1)",
        "vbscript:x",
        "data:text/html,<script>alert(1)</script>",
        "data:image/png;base64,AAAA",
        "file:///etc/passwd",
        "blob:https://example.org/1",
        "view-source:https://example.org",
        "//example.org/without-a-scheme",
        "../object/b3",
        "#/trials",
        "ftp://example.org",
        "http[://x",
    ],
)
def test_what_is_no_link(to):
    for text in (f"[a]({to})", f"<{to}>", f"[a]\n\n[a]: {to}", f"![a]({to})", f"[![a]({to})]({to})"):
        assert not [tag for tag, _ in tame(text).found if tag == "a"], text


def test_an_image_is_named_and_not_loaded():
    found = tame('![a "plot"](https://example.org/a.png?x="y")')
    assert [tag for tag, _ in found.found] == ["p", "span"]
    assert found.text.startswith('a "plot" (https://example.org/a.png?')
    assert [tag for tag, _ in tame("[![a](http://b)](http://c)").found] == ["p", "a", "span"]


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<svg/onload=alert(1)>",
        "<iframe srcdoc='<script>alert(1)</script>'>",
        "<style>*{display:none}</style>",
        "<a href='javascript:alert(1)'>a</a>",
        "<base href=//example.org>",
        "<!-- -->",
        "<?php ?>",
        "<![CDATA[x]]>",
        "</div></main></body>",
        "<form action=//example.org><input autofocus onfocus=alert(1)>",
        "&lt;script&gt;alert(1)&lt;/script&gt;",
        '```x" onmouseover="alert(1)\ncode\n```',
        "~~~<script>\n</script>\n~~~",
        '[a](https://example.org/"onmouseover="alert(1))',
        '[a](https://example.org "x\\" onmouseover=\\"alert(1)")',
        '<https://example.org/"onmouseover=alert(1)>',
        '![x](https://a "onerror=alert(1)" )',
        "| <b onclick=x> |\n|:-:|\n| </td><script> |",
        "\ud800 half a letter",
        "a\u0000b",
        "\u202egnirts",
    ],
)
def test_hostile_html_is_text(text):
    tame(text)


@pytest.mark.parametrize(
    "text",
    [
        "a\u202eb",
        "a&#x202e;b",
        "`a\u202eb`",
        "[a\u202eb](https://example.org)",
        "<b>a\u202eb",
        "x" * MOST + "a\u202eb",
    ],
)
def test_what_turns_the_order_of_letters_is_written_out(text):
    found = tame(text)
    assert "a\\u202eb" in found.text
    assert "\u202e" not in found.text
    assert tame("[a](https://example.org '\u2067&#x202d;')").found[1][1]["title"] == "\\u2067\\u202d"
    assert tame("\x1b[31m \x7f").text.strip() == "\\x1b[31m \\x7f"


def test_what_scripts_and_emoji_are_joined_with_stays():
    for text in ("می\u200cخواهم", "👩\u200d🔬", "a\u00a0b"):
        assert tame(text).text.strip() == text


def test_of_many_texts_the_first_ones_are_read():
    found = htmls([f"*{place}*" + " long" * 5_000 for place in range(10)] + ["*a*", "b" * MOST])
    assert [each[:4] for each in found] == ["<p><"] * 7 + ["<pre"] * 3 + ["<p><", "<pre"]


def test_the_text_of_html_is_shown():
    assert tame("<script>alert(1)</script>").text.strip() == "<script>alert(1)</script>"


@given(st.text(alphabet="<>\"'&;:/()[]!#*_`~|\\\n\t -ahjst=\u0000\ud800", max_size=60))
def test_any_text(text):
    tame(text)


HOSTILE = {
    "quotes": ">" * MOST,
    "lists": "".join(f"{' ' * (2 * depth)}- a\n" for depth in range(300)),
    "brackets": "[" * MOST,
    "links": "[a](" * (MOST // 4),
    "images": "![" * (MOST // 2),
    "emphasis": "*a **" * (MOST // 5),
    "underscores": "_a __b" * (MOST // 6),
    "struck": "~~a" * (MOST // 3),
    "ticks": "".join("`" * each + " " for each in range(440)),
    "autolinks": "<a@" * (MOST // 3),
    "entities": "&#" * (MOST // 2),
    "references": "[a]: " * (MOST // 5),
    "table": "|a" * 2000 + "\n" + "|-" * 2000 + "\n" + "|\n" * 40_000,
    "escapes": "\\" * MOST,
    "a megabyte": "*" * (1 << 20),
    "a megabyte of tags": "<b>" * (1 << 18) + "<script>alert(1)</script>",
}


@pytest.mark.slow
@pytest.mark.parametrize("name", HOSTILE)
def test_no_text_takes_for_ever(name, tmp_path):
    """Each in a process of its own, which is ended where it takes minutes or the memory of all."""
    path = tmp_path / "note.md"
    path.write_text(HOSTILE[name], "utf-8")
    program = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_CPU, (60, 60));"
        "resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30));"
        "from ledger.ops.note_html import html;"
        "sys.stdout.write(html(open(sys.argv[1], encoding='utf-8').read()))"
    )
    done = subprocess.run([sys.executable, "-c", program, path], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr[-500:]
    assert len(done.stdout) < 40 * len(HOSTILE[name]) + 1000


def test_a_megabyte_is_shown_as_it_is():
    found = tame("<b>" * (1 << 18))
    assert [tag for tag, _ in found.found] == ["pre"]
    assert found.text.strip() == "<b>" * (1 << 18)
