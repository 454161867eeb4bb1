"""A note's Markdown as a quotation in other Markdown: what it says stays, and it can do nothing.

It is not copied, but written anew from what a parser found in it. So there is no HTML in it, no image, no
link but to the web or a mail address, nobody is mentioned, and nothing that is left open goes on behind it.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

from markdown_it import MarkdownIt
from markdown_it.token import Token

from ledger.ops import note_html
from ledger.ops.note_html import visible
from ledger.reports.markdown_text import begun, code, fenced, inline

_DOWN, _SMALLEST = 2, 6
"""A note's headings are so much smaller than those of the report, as on its page."""
_LANGUAGE = re.compile(r"[A-Za-z0-9_+.-]{1,30}")
_SIDES = {"text-align:left": ":--", "text-align:center": ":-:", "text-align:right": "--:"}
_PLAIN = re.compile(r"[A-Za-z0-9:/.,;?=%+#@~_-]+")
_LARGEST = 999_999_999
"""Number of an item of a list."""
_EMPTY_ITEM = re.compile(r"([-+*]|\d+[.)]) *")
"""Begins no list directly behind a paragraph, but makes that a heading."""
_LIVE = frozenset({"html_block", "html_inline", "image"})


def quoted(text: str, most: int) -> list[str]:
    """A note, line by line, each with the sign of a quotation before it.

    Parameters
    ----------
    text
        Markdown of whoever wrote it.
    most
        Letters of it that are shown.
    """
    shown = text[:most]
    tokens = note_html.tokens(shown)
    lines = fenced(shown, show=visible) if tokens is None else _apart(_Blocks(tokens).read())
    if not _is_inert(lines):  # code that is none, since lists were taken apart otherwise
        lines = fenced(shown, show=visible)
    more = ["", "…"] if len(text) > most else []
    return [f"> {line}".rstrip(" ") for line in (*lines, *more)] or [">"]


class _Blocks:
    """Reads tokens from one place on, block by block."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self._tokens = tokens
        self._at = 0

    def read(self, end: str | None = None) -> Iterator[list[str]]:
        """Blocks up to the token that ends the one around them, each as lines."""
        while self._at < len(self._tokens):
            token = self._tokens[self._at]
            self._at += 1
            if token.type == end:
                return
            found = self._block(token)
            if found:
                yield found

    def _block(self, token: Token) -> list[str]:
        match token.type:
            case "paragraph_open":
                lines = _text(self._inline()).split("\n")
                return [begun(line) for line in lines if line.strip(" ")]
            case "heading_open":
                sign = "#" * min(int(token.tag[1:]) + _DOWN, _SMALLEST)
                return [f"{sign} {_flat(self._inline())}"]
            case "blockquote_open":
                return [f"> {line}".rstrip(" ") for line in _apart(self.read("blockquote_close"))]
            case "bullet_list_open":
                return self._list(token, "bullet_list_close", None)
            case "ordered_list_open":
                return self._list(token, "ordered_list_close", int(token.attrs.get("start", 1)))
            case "fence" | "code_block":
                words = token.info.split()
                return fenced(
                    token.content, words[0] if words and _LANGUAGE.fullmatch(words[0]) else "", show=visible
                )
            case "hr":
                return ["___"]  # the only one of its signs that begins no list
            case "table_open":
                return self._table()
            case _:
                return []

    def _list(self, opened: Token, end: str, number: int | None) -> list[str]:
        loose = self._is_loose(opened, end)
        found: list[str] = []
        count = 0
        while self._tokens[self._at].type != end:
            self._at += 1  # the opening of an item
            own = _apart(self.read("list_item_close"), loose=loose) or [""]
            sign = opened.markup if number is None else f"{min(number + count, _LARGEST)}{opened.markup}"
            room = " " * (len(sign) + 1)
            if count and loose:
                found.append("")
            found += [f"{sign} {own[0]}", *(f"{room}{line}".rstrip(" ") for line in own[1:])]
            count += 1
        self._at += 1
        return found

    def _is_loose(self, opened: Token, end: str) -> bool:
        for each in self._tokens[self._at :]:
            if each.type == end and each.level == opened.level:
                break
            if each.type == "paragraph_open" and each.level == opened.level + 2:
                return not each.hidden
        return False

    def _table(self) -> list[str]:
        rows: list[list[str]] = []
        sides: list[str] = []
        while (token := self._tokens[self._at]).type != "table_close":
            self._at += 1
            if token.type == "tr_open":
                rows.append([])
            elif token.type in ("th_open", "td_open"):
                if token.type == "th_open":
                    sides.append(_SIDES.get(str(token.attrs.get("style", "")), "---"))
                rows[-1].append(_flat(self._inline(), cell=True))
        self._at += 1
        return [f"| {' | '.join(each)} |" for each in (rows[0], sides, *rows[1:])]

    def _inline(self) -> Sequence[Token]:
        """What a block that holds text consists of."""
        held = self._tokens[self._at]
        self._at += 2  # that, and the end of the block
        return held.children or ()


def _flat(tokens: Sequence[Token], *, cell: bool = False) -> str:
    return _text(tokens, flat=True, cell=cell).strip(" ")


def _text(tokens: Sequence[Token], *, flat: bool = False, cell: bool = False) -> str:
    """Text with what is in it; breaks of lines are kept unless it is to be `flat`."""
    found: list[str] = []
    address = ""
    for token in tokens:
        match token.type:
            case "softbreak" | "hardbreak":
                found.append(" " if flat else "\n" if token.type == "softbreak" else "\\\n")
            case "code_inline":
                found.append(code(token.content, cell=cell, show=visible))
            case "link_open":
                if found and found[-1].endswith("!"):  # or it would be an image
                    found[-1] = f"{found[-1][:-1]}\\!"
                address = _address(str(token.attrs.get("href", "")))
                found.append("[")
            case "link_close":
                found.append(f"]({address})" if _PLAIN.fullmatch(address) else f"](<{address}>)")
            case "image":
                found.append(inline(f"{token.content} ({token.attrs.get('src', '')})", show=visible))
            case "em_open" | "em_close" | "strong_open" | "strong_close" | "s_open" | "s_close":
                found.append(token.markup)
            case _:
                found.append(inline(token.content, show=visible))
    return "".join(found)


def _address(found: str) -> str:
    """An address between pointed brackets."""
    return re.sub(
        r"[<>\\`|\s\x00-\x1f]", lambda each: "".join(f"%{one:02X}" for one in each[0].encode()), found
    )


def _apart(blocks: Iterable[list[str]], *, loose: bool = True) -> list[str]:
    """Blocks as lines, with an empty one between every two where they are loose."""
    found: list[str] = []
    for each in blocks:
        if found and (loose or _EMPTY_ITEM.fullmatch(each[0])):
            found.append("")
        found += each
    return found


def _is_inert(lines: Sequence[str]) -> bool:
    """Whether a reader that takes HTML, and loads images, finds none in it."""
    tokens = _READER.parse("\n".join(lines))
    return not any(each.type in _LIVE for token in tokens for each in (token, *(token.children or ())))


_READER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
