"""Python processes that a tracer saw and that the probe did not get into."""

import os
import re
from collections.abc import Iterable

from ledger.capture.accesses import Program
from ledger.capture.events import Process
from ledger.capture.launchers import flags_of, is_python

_VERSION = re.compile(r"(?:python|pypy)(\d)(?:\.(\d+))?")
_OLDEST = (3, 8)
_HIDING = ("-I", "-E", "-S")
_MOST = 5


def unprobed(programs: Iterable[Program], processes: Iterable[Process]) -> list[str]:
    """Say which of them there were and why, one text a reason; none where the probe was in all.

    Parameters
    ----------
    programs
        What processes became, in that order: where one process became several, only the last one counts.
    processes
        Those that the probe met.
    """
    met = {each.pid for each in processes}
    last = {each.pid: each for each in programs}
    reasons: dict[str, list[str]] = {}
    for pid, program in last.items():
        if pid <= 0 or not is_python(program.executable) or _is_question(program):
            continue
        flag = next((each for each in flags_of(program.argv[1:]) if each in _HIDING), None)
        if flag is not None:  # even if the probe met what that process was before
            reasons.setdefault(f"python {flag} keeps the probe out", []).append(_shown(program))
        elif pid not in met:
            reasons.setdefault(_reason(program), []).append(_shown(program))
    return [_text(reason, shown) for reason, shown in list(reasons.items())[:_MOST]]


def _is_question(program: Program) -> bool:
    """Whether uv or virtualenv only asks an interpreter what it is: nothing of the program runs there."""
    return any("get_interpreter_info" in word or word.endswith("/py_info.py") for word in program.argv[1:5])


def _reason(program: Program) -> str:
    for path in (program.executable, os.path.realpath(program.executable)):
        match = _VERSION.match(os.path.basename(path))
        if match and (int(match[1]), int(match[2] or _OLDEST[1])) < _OLDEST:
            return "the probe needs Python 3.8 or later"
    return "it started without the PYTHONPATH that carries the probe, or ended before it was in"


def _shown(program: Program) -> str:
    """The program and its script; not what follows, which may hold secrets."""
    words = [os.path.basename(program.executable)]
    for word in program.argv[1:]:
        words.append(word[:20] if word.startswith("-") else os.path.basename(word)[:40])
        if not word.startswith("-") or word == "-c":
            break
    return " ".join(words)


def _text(reason: str, shown: list[str]) -> str:
    names = list(dict.fromkeys(shown))
    more = len(shown) - 1
    others = f" and {more} more" if more else ""
    return f"{names[0]}{others}: {reason}"
