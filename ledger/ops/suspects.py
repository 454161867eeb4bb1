"""Lines of the recorded code that use a global generator, the clock, workers or the id of a process."""

import os
import re
from collections.abc import Iterator, Sequence
from typing import Final

from ledger.errors import LedgerError
from ledger.model import Digest, Manifest, Mode
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
_MOST_BYTES: Final = 1_000_000
_MOST_FILES: Final = 1_000


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
        sources = _reached(list(_sources(tree, store)), argv) if patterns else []
    except LedgerError:
        return None  # a damaged object has been named before, where it was needed
    for pattern in patterns:
        for path, content in sources:
            found = pattern.search(content)
            if found is not None:
                line = content.count(b"\n", 0, found.end()) + 1
                return f"{path}:{line}"
    return None


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


def _sources(tree: Digest, store: Store) -> Iterator[tuple[str, bytes]]:
    files = 0
    for entry in decode(Manifest, store.get(tree)):
        fits = entry.path.endswith(".py") and entry.mode in (Mode.FILE, Mode.EXECUTABLE)
        if fits and entry.digest is not None and not entry.omitted and entry.size <= _MOST_BYTES:
            files += 1
            if files > _MOST_FILES:
                return
            yield entry.path, store.get(entry.digest)
