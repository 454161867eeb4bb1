"""Variables that the recorded code reads, and that its record does not keep."""

import os
import re
from collections.abc import Sequence, Set
from typing import Final

from ledger.capture import variables
from ledger.errors import LedgerError
from ledger.model import Digest
from ledger.ops.sources import ends, reached, sources
from ledger.store.base import Store

VARIABLE: Final = "variable"
"""Stands for any variable that is not recorded."""
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


def variable_read(recorded: Set[str], tree: Digest, store: Store, argv: Sequence[str] = ()) -> str | None:
    """The first variable that the code reads and that a record does not keep, as ``path:line reads NAME``.

    Whether it was set, and to what, is not known.

    Parameters
    ----------
    recorded
        Names of the variables that the record has.
    tree, store, argv
        As for `suspects.line_that_uses`; scripts of a shell are looked through as well.
    """
    try:
        found = reached(list(sources(tree, store, tuple(_READ))), argv)
    except LedgerError:
        return None  # a damaged object has been named before, where it was needed
    told = "-c.py" if "python" in os.path.basename(argv[0] if argv else "") else "-c.sh"
    if "-c" in argv[1:2]:  # what it runs is in its words
        words = [each for each in argv if len(each.split()) > 1]
        named = [each for each in found if any(each[0] in word for word in words)]
        found = [*((told, os.fsencode(word)) for word in words), *named]
    for path, content in sorted(found, key=lambda each: not any(ends(word, each[0]) for word in argv)):
        suffix = os.path.splitext(path)[1]
        own = {_name(each) for each in _SET[suffix].finditer(content)}
        for read in _READ[suffix].finditer(content):
            name = _name(read)
            if name not in recorded and name not in own and not _is_told(name):
                line = content.count(b"\n", 0, read.start()) + 1
                return f"{'-c' if path == told else path}:{line} reads {name}"
    return None


def _name(found: "re.Match[bytes]") -> str:
    return found[found.lastindex or 0].decode(errors="replace")


def _is_told(name: str) -> bool:
    """Whether a variable, had it been set, would be in a record, or is in each replay as well."""
    return bool(_OWN.fullmatch(name)) or variables.changes_results(name) or variables.places(name)
