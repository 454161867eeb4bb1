"""Files of a store and of its user: read block by block, hashed and copied."""

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from stat import S_ISREG

from blake3 import blake3

from ledger import fs
from ledger.errors import FormatError
from ledger.model import Digest
from ledger.model.digest import PREFIX
from ledger.store.workplace import names_in

BLOCK = 1 << 20
"""Bytes read at once."""
_ZEROS = memoryview(bytes(BLOCK))
_EMPTY = Digest.of(b"")
_HOLE = 1 << 14
"""Zeros that are not worth a hole if they are fewer."""


def loose(objects: Path) -> Iterator[Digest]:
    """Digests whose files are there; other names are nobody's."""
    for first in names_in(objects):
        if len(first) == 2:
            for rest in names_in(objects / first):
                with suppress(FormatError):
                    yield Digest.parse(f"{PREFIX}{first}{rest}")


def digest_of(blocks: Iterable[bytes | memoryview]) -> tuple[Digest, int]:
    """Digest and size of a content."""
    hasher, size = blake3(), 0
    for block in blocks:
        hasher.update(block)
        size += len(block)
    return Digest(hasher.digest()), size


def copy(blocks: Iterable[bytes | memoryview], target: int, place: Path) -> tuple[Digest, int]:
    """Copy a content into the empty open file `target`, which lies at `place`; its digest and size."""
    hasher, size = blake3(), 0
    for block in blocks:
        hasher.update(block)
        with fs.explained(place):
            write_or_skip(target, block)
        size += len(block)
    with fs.explained(place):
        os.ftruncate(target, size)
    return Digest(hasher.digest()), size


def write_or_skip(target: int, block: bytes | memoryview) -> None:
    """Write a block; one of zeros becomes a hole: a sparse file stays one."""
    if len(block) >= _HOLE and block[0] == 0 and block == _ZEROS[: len(block)]:
        os.lseek(target, len(block), os.SEEK_CUR)
    else:
        fs.write_all(target, block)


def blocks_of(source: int, limit: int | None) -> Iterator[memoryview]:
    """Content of an open file up to `limit`; each block is overwritten by the next."""
    block = bytearray(BLOCK if limit is None else min(limit, BLOCK))
    view = memoryview(block)
    offset = 0
    while limit is None or offset < limit:
        room = len(view) if limit is None else min(len(view), limit - offset)
        count = os.preadv(source, [view[:room]], offset)
        if count == 0:
            break
        yield view[:count]
        offset += count


def is_whole(path: str, digest: Digest, size: int | None = None) -> bool:
    """Whether `path` can be the object `digest`: a file of `size` bytes.

    Where the size is not known, one that is not empty: that is what a crash of a file system can leave.
    """
    try:
        status = os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return False
    fits = status.st_size == size if size is not None else bool(status.st_size) or digest == _EMPTY
    return fits and S_ISREG(status.st_mode)
