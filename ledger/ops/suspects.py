"""Lines of the recorded code that use a global generator, the clock, workers, a process's id, a variable."""

import os
import re
from collections.abc import Iterator, Sequence, Set
from typing import Final

from ledger.capture import variables
from ledger.errors import LedgerError
from ledger.model import Digest, Environment, Manifest, Mode, Trial
from ledger.model.codec import decode
from ledger.store.base import Store

_USES: Final = {
    "random": (rb"(?<![\w.])random\.[a-z]\w*\(", rb"^\s*(?:from random import|import random\b)"),
    "clock": (
        rb"\b(?:time\.(?:time|time_ns|ctime|asctime|strftime|localtime|gmtime)|\.?(?:now|utcnow|today))\(",
        rb"\b(?:perf_counter|monotonic|process_time)(?:_ns)?\(",
    ),
    "workers": (
        rb"\b(?:ProcessPoolExecutor|ThreadPoolExecutor|Pool|Process|Thread|Parallel)\(",
        rb"\b(?:as_completed|imap_unordered)\(|\b(?:num_workers|n_jobs)=[^0N]",
    ),
    "process": (rb"\bgetp?pid\(|%\(process\)d|\{process\}",),
    "numpy": (rb"\b(?:np|numpy)\.random\.[a-z]\w*\(", rb"^\s*from numpy(?:\.random)? import"),
}
"""By generator: how a call looks, and how what makes one possible looks."""
_IMPORT: Final = re.compile(rb"^[ \t]*(?:from|import)\b(?:[^\n(]*\([^)]*\)|[^\n]*)", re.MULTILINE)
_WORD: Final = re.compile(rb"\w+")
_READ: Final = {
    ".py": re.compile(rb"""\benviron(?:\.get\(|\.pop\(|\[)\s*["'](\w+)["']|\bgetenv\(\s*["'](\w+)["']"""),
    ".sh": re.compile(rb"\$\{?([A-Z][A-Z0-9_]+)\b"),
}
"""How code reads a variable, by the end of its file's name."""
_SET: Final = {
    ".py": re.compile(rb"""\benviron(?:\.setdefault\(\s*["'](\w+)["']|\[["'](\w+)["']\]\s*=[^=])"""),
    ".sh": re.compile(rb"\b([A-Z][A-Z0-9_]+)=|\b(?:for|read)\s+([A-Z][A-Z0-9_]+)\b"),
}
"""How it gives one a value of its own."""
_OWN: Final = re.compile(
    "PATH|HOME|USER|LOGNAME|SHELL|TERM|TMPDIR|LEDGER_.*|"
    "PWD|OLDPWD|HOSTNAME|E?UID|PPID|IFS|OPTARG|OPTIND|RANDOM|SECONDS|LINENO|SHLVL|REPLY|COLUMNS|LINES|BASH_.*"
)
"""Variables that a replay has as well, and those of a shell itself."""
_MOST_BYTES: Final = 1_000_000
_MOST_FILES: Final = 1_000


VARIABLE: Final = "variable"
"""Stands for any variable that is not recorded."""


def suspect(name: str, trial: Trial, store: Store) -> str | None:
    """Where a trial's code may use what `name` stands for, a generator or the like.

    Of `VARIABLE`, which one as well.
    """
    tree, argv = trial.code[0].tree, trial.intent.argv
    if name != VARIABLE:
        return line_that_uses(name, tree, store, argv)
    try:
        recorded = decode(Environment, store.get(trial.environment)).variables
    except LedgerError:
        return None  # as below
    return variable_read({each for each, _ in recorded}, tree, store, argv)


def line_that_uses(generator: str, tree: Digest, store: Store, argv: Sequence[str] = ()) -> str | None:
    """The first line, as ``path:line``, that calls the global `generator`, else one that imports it.

    Comments and texts are not told from code: it is a place to look at, no proof.

    Parameters
    ----------
    generator
        One of those above.
    tree, store
        The recorded code.
    argv
        The command: if it names files of the code, only they, and what they may import, are looked through.
    """
    patterns = [re.compile(each, re.MULTILINE) for each in _USES.get(generator, ())]
    try:
        sources = _reached(list(_sources(tree, store, (".py",))), argv) if patterns else []
    except LedgerError:
        return None  # a damaged object has been named before, where it was needed
    for pattern in patterns:
        for path, content in sources:
            found = pattern.search(content)
            if found is not None:
                line = content.count(b"\n", 0, found.end()) + 1
                return f"{path}:{line}"
    return None


def variable_read(recorded: Set[str], tree: Digest, store: Store, argv: Sequence[str] = ()) -> str | None:
    """The first variable that the code reads and that a record does not keep, as ``path:line reads NAME``.

    Whether it was set, and to what, is not known.

    Parameters
    ----------
    recorded
        Names of the variables that the record has.
    tree, store, argv
        As for `line_that_uses`; scripts of a shell are looked through as well.
    """
    try:
        sources = _reached(list(_sources(tree, store, tuple(_READ))), argv)
    except LedgerError:
        return None  # see above
    told = "-c.py" if "python" in os.path.basename(argv[0] if argv else "") else "-c.sh"
    if "-c" in argv[1:2]:  # what it runs is in its words
        words = [each for each in argv if len(each.split()) > 1]
        named = [each for each in sources if any(each[0] in word for word in words)]
        sources = [*((told, os.fsencode(word)) for word in words), *named]
    for path, content in sorted(sources, key=lambda each: not any(_ends(word, each[0]) for word in argv)):
        suffix = os.path.splitext(path)[1]
        own = {_name(found) for found in _SET[suffix].finditer(content)}
        for found in _READ[suffix].finditer(content):
            name = _name(found)
            if name not in recorded and name not in own and not _is_told(name):
                line = content.count(b"\n", 0, found.start()) + 1
                return f"{'-c' if path == told else path}:{line} reads {name}"
    return None


def _name(found: "re.Match[bytes]") -> str:
    return found[found.lastindex or 0].decode(errors="replace")


def _is_told(name: str) -> bool:
    """Whether a variable, had it been set, would be in a record, or is in each replay as well."""
    return bool(_OWN.fullmatch(name)) or variables.changes_results(name) or variables.places(name)


def _reached(sources: list[tuple[str, bytes]], argv: Sequence[str]) -> list[tuple[str, bytes]]:
    """Those that a command names, and those whose names they import, and so on; all if it names none."""
    words = [os.path.normpath(word) for word in argv if word.endswith(".py")]
    waiting = [each for each in sources if any(_ends(word, each[0]) for word in words)]
    if not waiting:
        return sources
    reached = dict(waiting)
    while waiting:
        imported = set(_WORD.findall(b"\n".join(_IMPORT.findall(waiting.pop()[1]))))
        for path, content in sources:
            if path not in reached and imported.intersection(path.removesuffix(".py").encode().split(b"/")):
                reached[path] = content
                waiting.append((path, content))
    return [each for each in sources if each[0] in reached]


def _ends(word: str, path: str) -> bool:
    """Whether a path from the working directory, or an absolute one, may be one of the tree."""
    return f"/{word}".endswith(f"/{path}") or path.endswith(f"/{word}")


def _sources(tree: Digest, store: Store, suffixes: tuple[str, ...]) -> Iterator[tuple[str, bytes]]:
    files = 0
    for entry in decode(Manifest, store.get(tree)):
        fits = entry.path.endswith(suffixes) and entry.mode in (Mode.FILE, Mode.EXECUTABLE)
        if fits and entry.digest is not None and not entry.omitted and entry.size <= _MOST_BYTES:
            files += 1
            if files > _MOST_FILES:
                return
            yield entry.path, store.get(entry.digest)
