"""The text of a filter → its tree; `filter` says what it means.

::

    filter = all { "or" all }
    all    = one { "and" one }
    one    = "not" one | "(" filter ")" | test
    test   = NAME ( "=" | "==" | "!=" | "<" | "<=" | ">" | ">=" ) VALUE
           | NAME [ "not" ] "in" "(" VALUE { "," VALUE } ")"
           | NAME [ "not" ] "contains" VALUE
           | NAME "is" [ "not" ] "null"

NAME is a word, or anything in backquotes (also behind a prefix: ``param.`my rate` ``). VALUE is a number,
``true``, ``false``, a bare word, or text in single or double quotes, doubled inside. Keywords are of either
case.
"""

import re
from enum import StrEnum

from ledger.errors import UsageError
from ledger.model.frozen import frozen

_MAX_DEPTH = 50
_MAX_DIGITS = 300
_TOKEN = re.compile(
    r"""(?P<space>\s+)
    | (?P<mark><=|>=|==|!=|[=<>(),])
    | (?P<text>"(?:[^"]|"")*"|'(?:[^']|'')*')
    | (?P<name>[^\s()=!<>,"'`]*`(?:[^`]|``)+`)
    | (?P<word>(?:[^\s()=!<>,"'`]|!(?!=))+)""",
    re.VERBOSE,
)
_NUMBER = re.compile(
    r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?|[+-]?(inf|infinity)|nan", re.IGNORECASE | re.ASCII
)
KEYWORDS = frozenset({"and", "or", "not", "in", "is", "contains", "null", "true", "false"})
"""Words of the language: a name or a text that is one of them needs quotes."""


class Operator(StrEnum):
    """How a test asks."""

    EQUAL = "="
    UNEQUAL = "!="
    LESS = "<"
    AT_MOST = "<="
    GREATER = ">"
    AT_LEAST = ">="
    IN = "in"
    CONTAINS = "contains"
    NULL = "is null"


@frozen
class Literal:
    """A value as it was written."""

    value: bool | int | float | str
    text: str
    """Without its quotes."""
    position: int
    """Of its first character in the filter."""


@frozen
class Test:
    """A question about one name."""

    name: str
    operator: Operator
    values: tuple[Literal, ...]
    position: int
    """Of the name in the filter."""


@frozen
class Not:
    """The other way round."""

    part: "Expression"


@frozen
class Both:
    """All of the parts."""

    parts: "tuple[Expression, ...]"


@frozen
class Either:
    """One of the parts."""

    parts: "tuple[Expression, ...]"


Expression = Test | Not | Both | Either


@frozen
class _Token:
    kind: str
    """mark, text, name, word, keyword or end."""
    text: str
    position: int


def parse(source: str) -> Expression:
    """Read a filter.

    Raises
    ------
    UsageError
        If it does not parse; the cause points at the place.
    """
    return _Parser(source).whole()


def mistake(source: str, position: int, what: str, hint: str | None = None) -> UsageError:
    """An error that points at a place of a filter."""
    shown = "".join(letter if letter.isprintable() else " " for letter in source)
    return UsageError("the filter does not fit", cause=f"{what}\n  {shown}\n  {' ' * position}^", hint=hint)


def _tokens(source: str) -> list[_Token]:
    tokens: list[_Token] = []
    position = 0
    while position < len(source):
        match = _TOKEN.match(source, position)
        if match is None:
            raise mistake(source, position, f"{source[position]} is not closed or stands alone")
        kind, text = match.lastgroup or "", match.group()
        if kind == "word" and text.lower() in KEYWORDS:
            kind, text = "keyword", text.lower()
        if kind != "space":
            tokens.append(_Token(kind=kind, text=text, position=position))
        position = match.end()
    return [*tokens, _Token(kind="end", text="", position=len(source))]


class _Parser:
    """Recursive descent; each method reads one rule of the grammar."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.tokens = _tokens(source)
        self.place = 0
        self.depth = 0

    def whole(self) -> Expression:
        if self._next.kind == "end":
            raise mistake(self.source, 0, "it is empty", "such as: lr < 0.1 and status = ok")
        expression = self._either()
        if self._next.kind != "end":
            raise self._expected("and, or, or the end")
        return expression

    def _either(self) -> Expression:
        parts = [self._both()]
        while self._take("keyword", "or"):
            parts.append(self._both())
        return parts[0] if len(parts) == 1 else Either(parts=tuple(parts))

    def _both(self) -> Expression:
        parts = [self._one()]
        while self._take("keyword", "and"):
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else Both(parts=tuple(parts))

    def _one(self) -> Expression:
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            raise mistake(self.source, self._next.position, f"more than {_MAX_DEPTH} levels deep")
        try:
            if self._take("keyword", "not"):
                return Not(part=self._one())
            if self._take("mark", "("):
                inner = self._either()
                self._need(")")
                return inner
            return self._test()
        finally:
            self.depth -= 1

    def _test(self) -> Expression:
        token = self._next
        if token.kind not in ("word", "name"):
            raise self._expected("a name")
        self.place += 1
        name = _unquoted_name(token.text) if token.kind == "name" else token.text
        operator = self._next
        if operator.kind == "mark" and operator.text not in "(),":
            self.place += 1
            mark = "=" if operator.text == "==" else operator.text
            return self._made(token, name, Operator(mark), (self._value(),))
        if self._take("keyword", "is"):
            turned = self._take("keyword", "not")
            if not self._take("keyword", "null"):
                raise self._expected("null")
            return self._made(token, name, Operator.NULL, (), turned)
        turned = self._take("keyword", "not")
        if self._take("keyword", "contains"):
            return self._made(token, name, Operator.CONTAINS, (self._value(),), turned)
        if self._take("keyword", "in"):
            return self._made(token, name, Operator.IN, self._values(), turned)
        raise self._expected("contains or in" if turned else "=, !=, <, <=, >, >=, in, contains or is null")

    def _values(self) -> tuple[Literal, ...]:
        self._need("(")
        values = [self._value()]
        while self._take("mark", ","):
            values.append(self._value())
        self._need(")")
        return tuple(values)

    def _value(self) -> Literal:
        token = self._next
        if token.kind == "text":
            quote = token.text[0]
            text = token.text[1:-1].replace(quote * 2, quote)
            value: bool | int | float | str = text
        elif token.kind == "keyword" and token.text in ("true", "false"):
            text, value = token.text, token.text == "true"
        elif token.kind == "keyword" and token.text == "null":
            raise mistake(self.source, token.position, "null equals nothing", "write: NAME is null")
        elif token.kind == "word":
            text, value = token.text, bare(token.text)
        else:
            raise self._expected("a value")
        self.place += 1
        return Literal(value=value, text=text, position=token.position)

    def _made(
        self, token: _Token, name: str, operator: Operator, values: tuple[Literal, ...], turned: bool = False
    ) -> Expression:
        test = Test(name=name, operator=operator, values=values, position=token.position)
        return Not(part=test) if turned else test

    @property
    def _next(self) -> _Token:
        return self.tokens[self.place]

    def _take(self, kind: str, text: str) -> bool:
        if self._next.kind != kind or self._next.text != text:
            return False
        self.place += 1
        return True

    def _need(self, mark: str) -> None:
        if not self._take("mark", mark):
            raise self._expected(mark)

    def _expected(self, what: str) -> UsageError:
        token = self._next
        got = "the end" if token.kind == "end" else token.text
        quoted = token.kind == "keyword" and what in ("a name", "a value")
        hint = (
            f"quote a word of the language: {'`' if what == 'a name' else chr(34)}{got}…" if quoted else None
        )
        return mistake(self.source, token.position, f"expected {what}, got {got}", hint)


def _unquoted_name(text: str) -> str:
    prefix, _, rest = text.partition("`")
    return prefix + rest[:-1].replace("``", "`")


def bare(text: str) -> int | float | str:
    """The value of a word without quotes: a number where it reads as one, else text."""
    if not _NUMBER.fullmatch(text):
        return text
    digits = text.lstrip("+-")
    # Longer ones would be refused by int(); none is worth more than a float.
    return int(text) if digits.isdigit() and len(digits) <= _MAX_DIGITS else float(text)
