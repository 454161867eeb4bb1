"""Notes as quotations in Markdown: what they say stays, and nothing of it does anything."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from ledger.reports.note_markdown import quoted

READER = MarkdownIt("commonmark", {"html": True, "linkify": False}).enable(["table", "strikethrough"])
PLAIN = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])


def shown(text, most=100_000):
    """HTML of the quotation, as a reader makes it that takes all HTML, with a paragraph on both sides."""
    lines = ["before", "", *quoted(text, most), "", "after"]
    html = READER.render("\n".join(lines))
    found = re.fullmatch(r"(?s)<p>before</p>\n<blockquote>\n?(.*)</blockquote>\n<p>after</p>\n", html)
    assert found, html
    return found[1]


WHOLE = """A **bold**, *soft* and ~~struck~~ word, `code | of "it"` and a [link](https://a.example/x_(y)?a=1&b=2).
A second line\\
and a third.

- one
- two
  1. inner
  2. `x`

     a paragraph
- three

7) seven
8) eight

> quoted
>
> ```python
> print("<b>*not bold*</b>")
> ```

    indented <script>code</script>

| left | middle | right |
|:-----|:------:|------:|
| a \\| b | `c` | **1** |

***

x < y & z > 1, $a$ and a_b_c * d
"""


def test_what_is_written_stays_as_it_is():
    assert shown(WHOLE) == PLAIN.render(WHOLE)


def test_headings_are_smaller_than_those_around():
    assert shown("# one\n\nTwo\nlines\n===\n\n###### six #") == (
        "<h3>one</h3>\n<h3>Two lines</h3>\n<h6>six</h6>\n"
    )


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "a <img src=x onerror=alert(1)> b",
        "<!-- <b> --> <?php x ?> <![CDATA[x]]> </div>",
        "![x](https://a.example/x.png) !\\[x](y)",
        "text![x][y]\n\n[y]: https://a.example/x.png",
        "great![link](https://a.example/)",
        "great\\![link](https://a.example/)",
        "[x](javascript:alert(1)) <javascript:alert(1)>",
        "| a ` | <img src=x> | ` |\n|---|---|---|\n| ` | <b> | ` |",
        "```\n<b>\n",
        "- - -\n      ```\n      <script>\n",
        "- \n  - \n    - ```\n      <script>x</script>\n      ```",
        "a\n:-:\n<b>",
        "- a\n  - [x]: http://a.example\n",
        "- a\n  - > \n",
        "</blockquote>\n\n</p><p>",
        "@someone #1 &lt;b&gt; &#60;i&#62; www.a.example",
    ],
)
def test_nothing_in_it_is_obeyed(text):
    html = shown(text)
    assert set(re.findall(r"<(\w+)", html)) <= {
        *("p", "code", "pre", "a", "ul", "ol", "li", "hr", "table", "thead", "tbody", "tr", "th", "td"),
        "blockquote",
    }
    assert not re.search(r"javascript:[^<]*\">", html)


def test_joiners_and_spaces_that_do_not_break_stay_and_what_turns_letters_is_written_out():
    assert shown("a\u00a0b \U0001f469\u200d\U0001f4bb \u202ec `\u202e\u200d`") == (
        "<p>a\u00a0b \U0001f469\u200d\U0001f4bb \\u202ec <code>\\u202e\u200d</code></p>\n"
    )


def test_an_address_is_not_left():
    assert shown("[a](<https://a.example/x y|`z`>)") == (
        '<p><a href="https://a.example/x%20y%7C%60z%60">a</a></p>\n'
    )


def test_a_long_note_is_cut_and_says_so():
    assert shown("```\n" + "x\n" * 50, most=8) == "<pre><code>x\nx\n</code></pre>\n<p>…</p>\n"
    assert shown("a" * 40_000).startswith("<pre><code>aaa")


PIECES = st.sampled_from(
    [
        *"*_`~[]()!<>#-+=|:.\\&\n \t1a",
        "\n\n",
        "- ",
        "1. ",
        "> ",
        "```\n",
        "<b>",
        "<!--",
        "](http://a)",
        "![",
        "    ",
    ]
)


@given(st.lists(PIECES, max_size=40).map("".join))
def test_whatever_it_is_it_stays_inside_and_is_inert(text):
    html = shown(text)
    assert not re.search(r"<(img|script|b|h1|h2)\b|<!--", html)


@given(st.lists(PIECES, max_size=12).map("".join))
def test_what_is_written_in_it_is_all_there(text):
    """Every letter and digit that a reader of the note sees is seen in the quotation."""

    def words(html):
        return re.sub(r"[^a1b]", "", re.sub(r"<[^>]*>", "", html))

    assert words(shown(text)) == words(PLAIN.render(text)) or "![" in text
