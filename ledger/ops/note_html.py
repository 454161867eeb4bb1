"""A note's Markdown as HTML that does nothing.

Notes come from whoever may write into a ledger. So no HTML of theirs is taken over, a link leads to the web
or a mail address or is no link, nothing is loaded by looking at a note, no letter turns those around it, and
no text takes long to show.
"""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from html import escape
from urllib.parse import urlsplit

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

MOST = 30_000
"""Letters that are read as Markdown; a longer text is shown as it is. Brackets take longest, 45 µs each."""
_MOST_OF_ALL = 200_000
"""Letters of one document that are read as Markdown; texts behind them are shown as they are."""
_KEPT = 512
"""Texts whose HTML is kept: a page asks for the same ones again and again."""
_SCHEMES = frozenset({"http", "https", "mailto"})
_REL = "noopener noreferrer nofollow"
_DOWN = 2
"""A note's headings are so much smaller than those of the page around it."""
_SMALLEST = 6
_SIDES = ("left", "center", "right")
"""Of a cell: a class, since a strict policy takes no ``style``."""
_HIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""What no browser shows, and what turns the order of letters; joiners, which scripts and emoji need, stay."""


class _Parser(MarkdownIt):
    """CommonMark with tables and struck text."""

    def validateLink(self, url: str) -> bool:
        """Whether an address may be a link's; else its text stays as it was written."""
        try:
            return urlsplit(url).scheme.lower() in _SCHEMES
        except ValueError:
            return False


class _Renderer(RendererHTML):
    """HTML that loads nothing."""

    def image(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        """What is said of an image, and where it would be."""
        text = self.renderInlineAsText(tokens[idx].children or [], options, env)
        address = str(tokens[idx].attrGet("src") or "")
        return f'<span class="image">{escape(text)} ({escape(address)})</span>'


def html(text: str, *, most: int = MOST) -> str:
    """A text in Markdown as HTML.

    Parameters
    ----------
    text
        Whatever somebody wrote.
    most
        Letters; a longer text is one block, as it is.

    Returns
    -------
    str
        HTML of its own elements only: no scripts, styles, event handlers, frames or images. Links have the
        schemes http, https or mailto, and ``rel="noopener noreferrer nofollow"``.
    """
    told = _utf8(text)
    return _plain(told) if len(told) > min(most, MOST) else _rendered(told)


def htmls(texts: Iterable[str]) -> list[str]:
    """As `html`, of all texts of one document: those behind the first 200,000 letters as they are."""
    left, told = _MOST_OF_ALL, []
    for each in texts:
        told.append(html(each, most=left))
        left -= len(each) if len(each) <= left else 0
    return told


def tokens(text: str, *, most: int = MOST) -> list[Token] | None:
    """What a text in Markdown consists of: no HTML, and no links but those that `html` has.

    None where it has more letters than `most`, or is nested too deeply.
    """
    told = _utf8(text)
    if len(told) > min(most, MOST):
        return None
    try:
        return _PARSER.parse(told)
    except RecursionError:  # deeper than the parser's own limit has ever been seen to let through
        return None


@lru_cache(maxsize=_KEPT)
def _rendered(text: str) -> str:
    try:
        tokens = _PARSER.parse(text)
        for each in tokens:
            _tame(each)
        # Entities, too, may have told of such letters, so it is the outcome that is looked through.
        return visible(str(_PARSER.renderer.render(tokens, _PARSER.options, {})))
    except RecursionError:  # deeper than the parser's own limit has ever been seen to let through
        return _plain(text)


def _utf8(text: str) -> str:
    """Without lone surrogates, which stand for bytes that are no text."""
    return text.encode("utf-8", "replace").decode()


def _plain(text: str) -> str:
    return f"<pre>{visible(escape(text))}</pre>\n"


def visible(text: str) -> str:
    """The same with hidden letters written out."""
    return _HIDDEN.sub(lambda found: found[0].encode("unicode_escape").decode(), text.replace("\r\n", "\n"))


def _tame(token: Token) -> None:
    """Make of one block what a page with a strict policy has room for."""
    if token.type in ("heading_open", "heading_close"):
        token.tag = f"h{min(int(token.tag[1:]) + _DOWN, _SMALLEST)}"
    elif token.type in ("th_open", "td_open"):
        side = str(token.attrs.pop("style", "")).removeprefix("text-align:")
        if side in _SIDES:
            token.attrSet("class", side)
    for each in token.children or ():
        if each.type == "link_open":
            each.attrSet("rel", _REL)


_PARSER = _Parser("js-default", {"html": False, "linkify": False}, renderer_cls=_Renderer)
