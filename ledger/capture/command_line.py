"""What a command line says by its form alone, whatever the program makes of it."""

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from ledger.capture.launchers import unwrap
from ledger.model import Value
from ledger.model.pattern import Pattern

_PYTHON = Pattern(r"(python|pypy|pythonw)[0-9.]*(-dbg|t|d)?")
_PYTHON_RUNS = Pattern(r"-[bBdEhiIOPqRsSuvVx]*([cm])(.*)", re.DOTALL)
_PYTHON_TAKES_WORD = ("-W", "-X", "--check-hash-based-pycs")
_SHELLS = frozenset({"sh", "bash", "zsh", "dash", "ksh", "fish"})
_STARTER = Pattern(
    r"torchrun|accelerate|deepspeed|horovodrun|composer|colossalai|mpirun|mpiexec(\.\w+)?|srun|uvx?|poetry|pdm|pipenv"
    r"|hatch|rye|pixi|conda|mamba|micromamba|coverage|kernprof|mprof|scalene|py-spy|ipython3?|nsys|ncu|rocprof|perf"
)
_STARTER_MODULE = Pattern(
    r"torch\.distributed\.(run|launch|torchrun)|accelerate\.commands\.\w+|deepspeed\.launcher\.\w+|coverage"
    r"|cProfile|profile|pdb|trace|kernprof|memory_profiler|debugpy|scalene|IPython|lightning(\.fabric\.cli)?"
)
_SCRIPT = Pattern(r".+\.(py|pyc|pyz|ipy|sh|r|jl)", re.IGNORECASE | re.DOTALL)

_OPTION = Pattern(r"(--?)([A-Za-z_][\w.\-/]*)(?:=(.*))?", re.DOTALL)
_COUNTED = Pattern(r"-([A-Za-z])([0-9]+(?:\.[0-9]+)?)")
_ASSIGNED = Pattern(r"\+{0,2}([A-Za-z_][\w.\-/@]*)=(.*)", re.DOTALL)
_REMOVED = Pattern(r"~[A-Za-z_][\w.@]*(=.*)?", re.DOTALL)
_NUMBER = Pattern(r"[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?|[+-]?inf(inity)?|[+-]?nan", re.IGNORECASE | re.ASCII)
_INTEGER = Pattern(r"[+-]?(0|[1-9][0-9]*)")
_BOOLEANS = {"true": True, "True": True, "false": False, "False": False}


class Word(NamedTuple):
    """A value that a command line has."""

    name: str
    """Dashes as underscores, as argparse does it."""
    value: Value
    option: str | None
    """As written, with its dashes; None for a plain ``name=value``."""


def script_words(argv: Sequence[str]) -> tuple[str, ...]:
    """Words of the program itself: what comes behind interpreters and launchers, and their options."""
    words = tuple(argv)
    while words:
        name = os.path.basename(words[0])
        inner = unwrap(words)
        if inner is not None and len(inner.argv) < len(words):
            words = inner.argv
        elif _PYTHON.fullmatch(name):
            return _behind_python(words[1:])
        elif name in _SHELLS:
            return _behind_options(words[1:])
        elif _STARTER.fullmatch(name):
            started = _started(words[1:])
            if started is None:
                return words[1:]
            words = started
        else:
            return words[1:]
    return ()


def words(arguments: Iterable[str]) -> tuple[Word, ...]:
    """Read options and assignments; one for each name, in the order of their last values.

    ``--name value``, ``--name=value``, ``-name value``, ``-n5``, ``--flag``, ``--no-flag``, ``name=value``,
    ``+name=value``. Several values behind one option, or in repetitions of it, make a tuple; a repeated
    assignment replaces the earlier one. What stands behind ``--`` is no option.
    """
    found: dict[str, Word] = {}
    repeats: dict[str, tuple[Value, ...]] = {}
    for option, name, values in _groups(arguments):
        if option is not None and values:
            values = repeats[name] = (*repeats.get(name, ()), *values)
        elif option is not None:
            name, values = _flag(name)
        found.pop(name, None)
        found[name] = Word(name=name, value=values[0] if len(values) == 1 else values, option=option)
    return tuple(found.values())


def typed(text: str) -> Value:
    """A word as integer, real, boolean, flat list of those (``[64, 32]``) or, if it is none, text."""
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    if len(text) <= 40 and _NUMBER.fullmatch(text):
        if _INTEGER.fullmatch(text) and -(1 << 63) <= int(text) < 1 << 64:
            return int(text)
        if not text.lstrip("+-").isdigit():
            return float(text)
    elif text.startswith("[") and text.endswith("]") and not re.search(r"[\[\](){}'\"]", text[1:-1]):
        return tuple(typed(each.strip()) for each in text[1:-1].split(",")) if text[1:-1].strip() else ()
    return text


def name_of(word: str) -> tuple[str, bool] | None:
    """The name that a word sets by its form, and whether the value is in it too; None of any other word."""
    assigned = _ASSIGNED.fullmatch(word)
    if assigned:
        return assigned[1], True
    given = None if _NUMBER.fullmatch(word) else _OPTION.fullmatch(word)
    return (given[2].replace("-", "_"), given[3] is not None) if given else None


def _groups(arguments: Iterable[str]) -> Iterator[tuple[str | None, str, tuple[Value, ...]]]:
    """Each option with the values that follow it, and each assignment.

    What an option without a value is, when an assignment follows, nobody can tell: it is left out.
    """
    option: str | None = None
    name, values = "", list[Value]()
    for argument in arguments:
        if argument == "--":
            break
        if _REMOVED.fullmatch(argument):
            continue
        counted, assigned = _COUNTED.fullmatch(argument), _ASSIGNED.fullmatch(argument)
        if assigned and option is not None and not assigned[2].strip("="):
            assigned = None  # the end of a Base64 text
        given = None if _NUMBER.fullmatch(argument) else _OPTION.fullmatch(argument)
        if not (assigned or given):
            values.append(typed(argument))
            continue
        if option is not None and (values or not assigned):
            yield option, name, tuple(values)
        option, values = None, []
        if assigned:
            yield None, assigned[1], (typed(assigned[2]),)
        elif counted:
            yield f"-{counted[1]}", counted[1], (typed(counted[2]),)
        elif given:
            option, name = given[1] + given[2], given[2].replace("-", "_")
            if given[3] is not None:
                yield option, name, (typed(given[3]),)
                option = None
    if option is not None:
        yield option, name, tuple(values)


def _flag(name: str) -> tuple[str, tuple[Value, ...]]:
    if name.startswith("no_") and len(name) > 3:
        return name[3:], (False,)
    return name, (True,)


def _behind_python(words: tuple[str, ...]) -> tuple[str, ...]:
    """Words behind the script, the module or the ``-c`` text that Python runs."""
    place = 0
    while place < len(words):
        word, place = words[place], place + 1
        runs = _PYTHON_RUNS.fullmatch(word)
        if runs is not None:
            what, behind = runs[2], words[place:]
            if not what and behind:
                what, behind = behind[0], behind[1:]
            return behind if runs[1] == "c" else _behind_module(what, behind)
        if word in _PYTHON_TAKES_WORD:
            place += 1
        elif word == "-" or not word.startswith("-"):
            return words[place:]
    return ()


def _behind_module(module: str, words: tuple[str, ...]) -> tuple[str, ...]:
    if _STARTER_MODULE.fullmatch(module) is None:
        return words
    started = _started(words)
    return words if started is None else script_words(started)


def _behind_options(words: tuple[str, ...]) -> tuple[str, ...]:
    """Words behind the script that a shell runs; none where it runs a text."""
    for place, word in enumerate(words):
        if not word.startswith("-"):
            return words[place + 1 :]
        if not word.startswith("--") and "c" in word:
            return ()
    return ()


def _started(words: tuple[str, ...]) -> tuple[str, ...] | None:
    """The command that a launcher starts, by its looks: a Python, a script, or ``-m`` and a module."""
    for place, word in enumerate(words):
        if _PYTHON.fullmatch(os.path.basename(word)) or _SCRIPT.fullmatch(word):
            return words[place:]
        if word in ("-m", "--module") and place + 1 < len(words):
            return ("python", "-m", *words[place + 1 :])
    return None
