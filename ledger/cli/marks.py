"""How states and verdicts are told to people: in words, with a colour on a terminal."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from ledger.cli.page import Styled
from ledger.ops.text import duration

_STYLES = {
    "ok": "green",
    "running": "cyan",
    "failed": "red",
    "killed": "red",
    "lost": "red",
    "pruned": "yellow",
    "identical": "green",
    "equivalent": "green",
    "diverged": "red",
    "incomparable": "yellow",
    "complete": "green",
    "partial": "yellow",
    "absent": "red",
}


def mark(word: str) -> Styled:
    """A status, verdict or state of health."""
    return word, _STYLES.get(word, "")


def status(document: dict[str, Any], silent: float | None = None) -> Styled:
    """A trial's status, with its exit code where that says more.

    Parameters
    ----------
    document
        Of the trial.
    silent
        For how many seconds it shows no sign of life, if so.
    """
    word, code = document["status"], document["exit_code"]
    if word == "running" and silent is not None:
        return f"running, no sign of life for {duration(silent)}", _STYLES["partial"]
    return f"{word} ({code})" if word in ("failed", "killed") and code is not None else word, _STYLES[word]


def replays(verdicts: Iterable[str], machines: int = 1) -> Styled:
    """``identical``, ``identical ×2, diverged``: what replays have shown, in order of weight.

    Of several machines on which the results were the same, their number is told.
    """
    counted = Counter(verdicts)
    if not counted:
        return "", ""
    words = [f"{each} ×{counted[each]}" if counted[each] > 1 else each for each in _VERDICTS if counted[each]]
    worst = [each for each in _VERDICTS if counted[each]][-1]
    where = f" on {machines} machines" if machines > 1 else ""
    return ", ".join(words) + where, _STYLES[worst]


_VERDICTS = ("identical", "equivalent", "incomparable", "diverged")
