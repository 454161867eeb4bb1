"""Values as people read them."""

from collections.abc import Sequence
from typing import Any

from ledger.model.text import to_bytes


def clean(text: str) -> str:
    """`text` with nothing in it that a terminal obeys or cannot show: escapes stand for it."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        letter if letter.isprintable() or letter in "\n\t" else letter.encode("unicode_escape").decode()
        for letter in to_bytes(text).decode("utf-8", "backslashreplace")
    )


def line(text: str) -> str:
    """`clean`, on one line."""
    return clean(text).replace("\n", "\\n").replace("\t", "\\t")


def value(found: Any) -> str:
    """A value of a document: text as it is, numbers short, the rest as JSON."""
    if found is None:
        return "-"
    if isinstance(found, bool):
        return "true" if found else "false"
    if isinstance(found, float):
        return number(found)
    if isinstance(found, str):
        return line(found)
    if isinstance(found, list | tuple):
        return "[" + ", ".join(value(each) for each in found) + "]"
    if isinstance(found, dict):
        return "{" + ", ".join(f"{line(str(key))}: {value(each)}" for key, each in found.items()) + "}"
    return str(found)


def number(found: float) -> str:
    """A number in 6 significant digits: enough to compare by eye; ``--json`` has them all."""
    return "NaN" if found != found else f"{found:.6g}"


def exact(found: Any) -> str:
    """As `value`, but a number keeps all its digits: for what differs."""
    return repr(found) if isinstance(found, float) and found == found else value(found)


def duration(seconds: float | None) -> str:
    """``0.31 s``, ``4 min 05 s``, ``2 h 03 min``."""
    if seconds is None:
        return "-"
    if seconds < 9.95:
        return f"{seconds:.2g} s" if seconds < 0.995 else f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60:02} min"


def size(count: int | None) -> str:
    """``12 B``, ``3.4 kB``, ``1.2 GB``: powers of 1000."""
    if count is None:
        return "-"
    if count < 1000:
        return f"{count} B"
    amount, units = count / 1000, ["PB", "TB", "GB", "MB", "kB"]
    while amount >= 999.5 and len(units) > 1:
        amount /= 1000
        units.pop()
    return f"{amount:.3g} {units[-1]}"


def moment(text: str) -> str:
    """A UTC time of a document, to the second, for people."""
    return f"{text[:10]} {text[11:19]}"


def command(words: Sequence[str]) -> str:
    """A command as a shell takes it."""
    import shlex  # only what shows a command needs it

    return line(shlex.join(words))


def count(amount: int, noun: str) -> str:
    """``1 output``, ``2 outputs``."""
    return f"{amount} {noun}" if amount == 1 else f"{amount} {noun}s"


def nearest(names: Sequence[str]) -> str:
    """That these are nearest to what was meant: ``the nearest name is loss``."""
    return f"the nearest {'name is' if len(names) == 1 else 'names are'} {', '.join(names)}"


def short(id: str) -> str:
    """The first digits of an id or digest, for people."""
    return id.removeprefix("b3:")[:12]
