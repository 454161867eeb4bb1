"""Any text in Markdown, so that it is shown as it is: no markup, no HTML, nobody is mentioned."""

import re
from collections.abc import Callable

from ledger.ops.text import clean

_SPECIAL = re.compile(r"([\\`*_\[\]#|<>~@$&])")
_FIRST = re.compile(r"^(\d*)([-+=]|[.)](?=\s|$)|:(?=-))")
"""What begins a list, a line, a heading or a table."""
_RUN = re.compile("`+")


def escaped(text: str) -> str:
    """Any text, on one line of its own."""
    return begun(inline(" ".join(clean(text).split())))


def inline(text: str, *, show: Callable[[str], str] = clean) -> str:
    """A text inside of a line, with the spaces around it; `show` writes out what is not to be seen."""
    return _SPECIAL.sub(r"\\\1", show(text).replace("\n", " ").replace("\t", " "))


def begun(line: str) -> str:
    """A line that was escaped and begins a block, or may be taken for one that does."""
    return _FIRST.sub(r"\1\\\2", line.strip(" "))


def code(text: str, *, cell: bool = True, show: Callable[[str], str] = clean) -> str:
    """Any text as code; a fence is longer than any run of backquotes in it.

    In a `cell` of a table a bar would end it, so that it is escaped there, and nowhere else.
    """
    flat = " ".join(show(text).split())
    fence = "`" * (max(map(len, _RUN.findall(flat)), default=0) + 1)
    room = " " if flat.startswith("`") or flat.endswith("`") else ""
    told = f"{fence}{room}{flat}{room}{fence}"
    return told.replace("|", "\\|") if cell else told


def fenced(text: str, language: str = "", *, show: Callable[[str], str] = clean) -> list[str]:
    """Any text as a block of code, line by line."""
    shown = show(text.replace("\r\n", "\n"))
    sign = "`" * max(3, max(map(len, _RUN.findall(shown)), default=0) + 1)
    return [f"{sign}{language}", *shown.removesuffix("\n").split("\n"), sign]
