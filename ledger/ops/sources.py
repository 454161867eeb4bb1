"""The recorded code as text: its files, and those that a command reaches."""

import os
import re
from collections.abc import Iterator, Sequence
from typing import Final

from ledger.model import Digest, Manifest, Mode
from ledger.model.codec import decode
from ledger.store.base import Store

_IMPORT: Final = re.compile(rb"^[ \t]*(?:from|import)\b(?:[^\n(]*\([^)]*\)|[^\n]*)", re.MULTILINE)
_WORD: Final = re.compile(rb"\w+")
_MOST_BYTES: Final = 1_000_000
_MOST_FILES: Final = 1_000


def sources(tree: Digest, store: Store, suffixes: tuple[str, ...]) -> Iterator[tuple[str, bytes]]:
    """Paths and contents of files whose names end so; of very many, or large ones, not all."""
    files = 0
    for entry in decode(Manifest, store.get(tree)):
        fits = entry.path.endswith(suffixes) and entry.mode in (Mode.FILE, Mode.EXECUTABLE)
        if fits and entry.digest is not None and not entry.omitted and entry.size <= _MOST_BYTES:
            files += 1
            if files > _MOST_FILES:
                return
            yield entry.path, store.get(entry.digest)


def reached(found: list[tuple[str, bytes]], argv: Sequence[str]) -> list[tuple[str, bytes]]:
    """Those that a command names, and those whose names they import, and so on; all if it names none."""
    words = [os.path.normpath(word) for word in argv if word.endswith(".py")]
    waiting = [each for each in found if any(ends(word, each[0]) for word in words)]
    if not waiting:
        return found
    taken = dict(waiting)
    while waiting:
        imported = set(_WORD.findall(b"\n".join(_IMPORT.findall(waiting.pop()[1]))))
        for path, content in found:
            if path not in taken and imported.intersection(path.removesuffix(".py").encode().split(b"/")):
                taken[path] = content
                waiting.append((path, content))
    return [each for each in found if each[0] in taken]


def ends(word: str, path: str) -> bool:
    """Whether a path from the working directory, or an absolute one, may be one of the tree."""
    return f"/{word}".endswith(f"/{path}") or path.endswith(f"/{word}")
