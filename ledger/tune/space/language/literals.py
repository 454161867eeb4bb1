"""Values as they are written in a definition, and what stands between its parentheses."""

import math
import re

from ledger.errors import UsageError
from ledger.model import Value
from ledger.model.filter_syntax import KEYWORDS, bare
from ledger.model.frozen import frozen

_QUOTED = re.compile(r'"(?:[^"]|"")*"|\'(?:[^\']|\'\')*\'')
_BARE = re.compile(r"""[^,()\[\]"']+""")
_KEY = re.compile(r"\s*([A-Za-z_]\w*)\s*=(?!=)")
_PLAIN = re.compile(r"""[^\s,()\[\]"'=]+""")
_MAX_DEPTH = 20
_WORDS: dict[str, Value] = {"true": True, "false": False, "null": None}


@frozen
class Argument:
    """One value between the parentheses."""

    key: str | None
    """In front of ``=``; None where there is none."""
    value: Value
    word: bool
    """Whether it stands there without quotes."""
    position: int
    """Of its first character."""


def pointed(source: str, position: int) -> str:
    """A text with a mark under one of its characters, on lines of their own."""
    shown = "".join(letter if letter.isprintable() else " " for letter in source)
    return f"\n  {shown}\n  {' ' * position}^"


def arguments(source: str, start: int) -> tuple[list[Argument], int]:
    """Read what stands between parentheses.

    Parameters
    ----------
    source
        The definition.
    start
        Behind the parenthesis that opens.

    Returns
    -------
    tuple
        The arguments, and the position behind the parenthesis that closes.

    Raises
    ------
    UsageError
        If there is something else.
    """
    found: list[Argument] = []
    position = _skipped(source, start)
    if source.startswith(")", position):
        return found, position + 1
    while True:
        key = _KEY.match(source, position)
        position = _skipped(source, key.end() if key else position)
        value, end, word = _value(source, position, 0)
        start = key.start(1) if key else position
        found.append(Argument(key=key.group(1) if key else None, value=value, word=word, position=start))
        position = _skipped(source, end)
        mark = source[position : position + 1]
        if mark not in (",", ")") or not mark:
            raise _mistake(source, position, "expected , or )")
        position += 1
        if mark == ")":
            return found, position


def whole(source: str) -> Value:
    """The value that a text is; what does not read as one value is text as it stands."""
    try:
        value, end, _ = _value(source, 0, 0)
    except UsageError:
        return source
    return value if end == len(source) else source


def written(value: Value) -> str:
    """How a value is written, so that it reads as itself again."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return f"[{','.join(map(written, value))}]"
    if not isinstance(value, str):
        return repr(value)
    plain = (
        _PLAIN.fullmatch(value) and value.lower() not in KEYWORDS | {"log"} and isinstance(bare(value), str)
    )
    doubled = value.replace('"', '""')
    return value if plain else f'"{doubled}"'


def named(name: str) -> str:
    """How a name is written in a condition."""
    plain = re.fullmatch(r"""[^\s()=!<>,"'`]+""", name) and name.lower() not in KEYWORDS
    doubled = name.replace("`", "``")
    return name if plain else f"`{doubled}`"


def _value(source: str, position: int, depth: int) -> tuple[Value, int, bool]:
    """A value, the position behind it, and whether it is a bare word."""
    if quoted := _QUOTED.match(source, position):
        text = quoted.group()
        return text[1:-1].replace(text[0] * 2, text[0]), quoted.end(), False
    if source.startswith("[", position):
        return *_array(source, position + 1, depth + 1), False
    word = _BARE.match(source, position)
    text = word.group().rstrip() if word else ""
    if word is None or not text:
        raise _mistake(source, position, "expected a value")
    lowered = text.lower()
    value = _WORDS[lowered] if lowered in _WORDS else bare(text)
    if isinstance(value, float) and math.isnan(value):
        raise _mistake(source, position, "NaN equals nothing: expected a value", f'the text: "{text}"')
    return value, position + len(text), True


def _array(source: str, position: int, depth: int) -> tuple[Value, int]:
    if depth > _MAX_DEPTH:
        raise _mistake(source, position, f"more than {_MAX_DEPTH} levels deep")
    values: list[Value] = []
    position = _skipped(source, position)
    if source.startswith("]", position):
        return (), position + 1
    while True:
        value, end, _ = _value(source, position, depth)
        values.append(value)
        position = _skipped(source, end)
        mark = source[position : position + 1]
        if mark not in (",", "]") or not mark:
            raise _mistake(source, position, "expected , or ]")
        position = _skipped(source, position + 1)
        if mark == "]":
            return tuple(values), position


def _skipped(source: str, position: int) -> int:
    while position < len(source) and source[position].isspace():
        position += 1
    return position


def _mistake(source: str, position: int, what: str, hint: str | None = None) -> UsageError:
    got = source[position : position + 1] or "the end"
    return UsageError("it does not parse", cause=f"{what}, got {got}{pointed(source, position)}", hint=hint)
