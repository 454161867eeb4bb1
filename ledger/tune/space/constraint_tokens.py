"""The words and marks of a constraint."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, NoReturn

from ledger.model.filter_syntax import KEYWORDS, mistake
from ledger.model.frozen import frozen

_TOKEN = re.compile(
    r"""\s*(?:(?P<number>(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?(?![\w.]))
    | (?P<text>"(?:[^"]|"")*"|'(?:[^']|'')*')
    | (?P<quoted>`(?:[^`]|``)+`)
    | (?P<word>[^\W\d][\w.:]*)
    | (?P<mark><=|>=|==|!=|[=<>(),+*/-])
    | (?P<end>$))""",
    re.VERBOSE,
)
_MAX_DEPTH: Final = 50


@frozen
class Token:
    """One of them."""

    kind: str
    """number, text, quoted (a name), word, keyword, mark or end."""
    text: str
    position: int
    """Of its first character."""


def tokens(source: str) -> list[Token]:
    """The tokens of a constraint, with its end as the last one.

    Raises
    ------
    UsageError
        If there is something else.
    """
    found: list[Token] = []
    position = 0
    while not found or found[-1].kind != "end":
        match = _TOKEN.match(source, position)
        if match is None:
            start = position + len(source[position:]) - len(source[position:].lstrip())
            raise mistake(source, start, f"{source[start]} is not closed or stands alone")
        kind = match.lastgroup or ""
        text = match.group(kind)
        if kind == "word" and text.lower() in KEYWORDS:
            kind, text = "keyword", text.lower()
        found.append(Token(kind=kind, text=text, position=match.start(match.lastgroup or 0)))
        position = match.end()
    return found


class Cursor:
    """A place among the tokens of a text."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.tokens = tokens(source)
        self.place = self.depth = 0

    @property
    def next(self) -> Token:
        """The token here."""
        return self.tokens[self.place]

    def ahead(self, word: str) -> bool:
        """Whether a keyword stands here."""
        return self.next.kind == "keyword" and self.next.text == word

    def take(self, word: str) -> bool:
        """Go over a keyword if it stands here."""
        taken = self.ahead(word)
        self.place += taken
        return taken

    def take_mark(self, mark: str) -> bool:
        """Go over a mark if it stands here."""
        taken = self.next.kind == "mark" and self.next.text == mark
        self.place += taken
        return taken

    def need(self, mark: str) -> None:
        """Go over a mark, or refuse what stands in its place."""
        if not self.take_mark(mark):
            self.expected(mark)

    @contextmanager
    def deeper(self) -> Iterator[None]:
        """Count a level.

        Raises
        ------
        UsageError
            If there are too many.
        """
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            raise mistake(self.source, self.next.position, f"more than {_MAX_DEPTH} levels deep")
        yield
        self.depth -= 1

    def expected(self, what: str) -> NoReturn:
        """Refuse what stands here."""
        token = self.next
        got = "the end" if token.kind == "end" else token.text
        raise mistake(self.source, token.position, f"expected {what}, got {got}")
