"""Lines of the recorded code that use a global generator, of which it is only known that it drew."""

import re
from collections.abc import Iterator
from typing import Final

from ledger.errors import LedgerError
from ledger.model import Digest, Manifest, Mode
from ledger.model.codec import decode
from ledger.store.base import Store

_USES: Final = {
    "random": (rb"(?<![\w.])random\.[a-z]\w*\(", rb"^\s*(?:from random import|import random\b)"),
    "numpy": (rb"\b(?:np|numpy)\.random\.[a-z]\w*\(", rb"^\s*from numpy(?:\.random)? import"),
}
"""By generator: how a call looks, and how what makes one possible looks."""
_MOST_BYTES: Final = 1_000_000
_MOST_FILES: Final = 1_000


def line_that_uses(generator: str, tree: Digest, store: Store) -> str | None:
    """The first line, as ``path:line``, that calls the global `generator`, else one that imports it.

    Comments and texts are not told from code: it is a place to look at, no proof.
    """
    patterns = [re.compile(each, re.MULTILINE) for each in _USES.get(generator, ())]
    try:
        for pattern in patterns:
            for path, content in _sources(tree, store):
                found = pattern.search(content)
                if found is not None:
                    line = content.count(b"\n", 0, found.end()) + 1
                    return f"{path}:{line}"
    except LedgerError:
        return None  # a damaged object has been named before, where it was needed
    return None


def _sources(tree: Digest, store: Store) -> Iterator[tuple[str, bytes]]:
    files = 0
    for entry in decode(Manifest, store.get(tree)):
        fits = entry.path.endswith(".py") and entry.mode in (Mode.FILE, Mode.EXECUTABLE)
        if fits and entry.digest is not None and not entry.omitted and entry.size <= _MOST_BYTES:
            files += 1
            if files > _MOST_FILES:
                return
            yield entry.path, store.get(entry.digest)
