"""Where captured content goes; the capture knows no store."""

from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

from blake3 import blake3

from ledger.model import Digest

_BLOCK = 1 << 20


class Put(Protocol):
    """The part of a store that capturing needs."""

    def put(self, content: bytes) -> Digest:
        """Store `content`."""
        ...

    def put_file(self, path: Path) -> tuple[Digest, int]:
        """Store a file's content, read once: what is hashed is what is stored."""
        ...

    def has(self, digest: Digest) -> bool:
        """Whether the object is there."""
        ...

    def present(self, digests: Iterable[Digest]) -> set[Digest]:
        """Those of many objects that are there."""
        ...


def hash_file(path: Path) -> tuple[Digest, int]:
    """Digest and size in bytes of a file that is not to be stored, in bounded memory.

    It is read, not mapped: a mapped file that shrinks would kill the process.

    Raises
    ------
    OSError
        If it cannot be read.
    """
    hasher, size = blake3(), 0
    with open(path, "rb", buffering=0) as file:
        while block := file.read(_BLOCK):
            hasher.update(block)
            size += len(block)
    return Digest(hasher.digest()), size
