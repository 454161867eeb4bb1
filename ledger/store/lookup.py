"""Which of many packs has a digest: one sorted index of the indexes of packs. Derived, and may be deleted.

::

    lookup = magic, check, count of rows, count of packs (uint64 each, but for the check)
             packs' names (32 bytes each), sorted prefixes (uint64), places (uint64: pack << 32 | row)

It is believed in nothing: a place is where to look, and the pack says what is there. Its check, and only its
check, tells whether it hides something.
"""

import mmap
import os
import sys
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from struct import Struct

from ledger import fs
from ledger.errors import FormatError
from ledger.model import Digest, layout
from ledger.model.digest import SIZE
from ledger.store.pack import numbers
from ledger.store.pack_format import prefix_of

_MAGIC = b"LDGLOOK1"
_HEAD = Struct("<8s32sQQ")
_ROW = (1 << 32) - 1
_SHIFT = 64


class Lookup:
    """A lookup that is open.

    Raises
    ------
    OSError
        If it cannot be opened.
    FormatError
        If it is none.
    """

    def __init__(self, path: str) -> None:
        self.name = os.path.basename(path)
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            size = os.fstat(descriptor).st_size
            head = os.pread(descriptor, _HEAD.size, 0)
            magic, check, self.count, packs = _HEAD.unpack(head.ljust(_HEAD.size, b"\0"))
            if magic != _MAGIC or size != _HEAD.size + packs * SIZE + self.count * 16:
                raise FormatError(
                    "not a lookup of packs", cause=f"expected {_MAGIC!r}, got {size} other bytes"
                )
            content = memoryview(mmap.mmap(descriptor, size, prot=mmap.PROT_READ))
        finally:
            os.close(descriptor)
        self._check, self._rest = Digest(check), content[_HEAD.size :]
        names, rows = self._rest[: packs * SIZE], self._rest[packs * SIZE :]
        self.packs = [
            layout.pack_name(Digest(bytes(names[at : at + SIZE]))) for at in range(0, len(names), SIZE)
        ]
        """File names of the packs that it tells of."""
        self.prefixes = numbers(rows[: self.count * 8])
        self.places = numbers(rows[self.count * 8 :])
        self._proven: bool | None = None

    def prove(self) -> bool:
        """Whether it is whole; it is hashed once."""
        if self._proven is None:
            self._proven = Digest.of(self._rest) == self._check
        return self._proven

    def find(self, digest: Digest) -> Iterator[tuple[str, int]]:
        """Packs that may have a digest, each with the row of its index where to look."""
        prefix = prefix_of(digest)
        at = bisect_left(self.prefixes, prefix)
        while at < self.count and self.prefixes[at] == prefix:
            place = self.places[at]
            if place >> 32 < len(self.packs):
                yield self.packs[place >> 32], place & _ROW
            at += 1


def write_lookup(
    directory: str,
    packs: Mapping[str, "Sequence[int] | memoryview"],
    lookups: Iterable[Lookup],
    there: set[str],
) -> None:
    """Write a lookup of some packs, and of some lookups, which it replaces.

    Parameters
    ----------
    directory
        Of the packs.
    packs
        File names, and the sorted prefixes of each.
    lookups
        Those to join.
    there
        File names of the packs that are still there.

    Raises
    ------
    OSError
        If the disk refuses; it is not synced, as it is derived.
    """
    names: list[str] = []
    keys: list[int] = []
    for name, prefixes in packs.items():
        base = len(names) << 32
        names.append(name)
        keys += [prefix << _SHIFT | base + row for row, prefix in enumerate(prefixes)]
    for lookup in lookups:
        moved = {}
        for number, name in enumerate(lookup.packs):
            if name in there and name not in packs:
                moved[number] = len(names) << 32
                names.append(name)
        keys += [
            prefix << _SHIFT | moved[place >> 32] + (place & _ROW)
            for prefix, place in zip(lookup.prefixes, lookup.places, strict=True)
            if place >> 32 in moved
        ]
    keys.sort()  # which merges what is sorted already
    rest = b"".join([bytes.fromhex(name.partition(".")[0]) for name in names])
    rest += _bytes([key >> _SHIFT for key in keys]) + _bytes([key & (1 << _SHIFT) - 1 for key in keys])
    check = Digest.of(rest)
    head = _HEAD.pack(_MAGIC, check, len(keys), len(names))
    target = layout.lookup_name(check)
    fs.replace(Path(directory, target), head + rest, sync=False, mode=0o444)
    for lookup in lookups:
        if lookup.name != target:
            with suppress(FileNotFoundError):
                os.unlink(f"{directory}/{lookup.name}")


def _bytes(some: list[int]) -> bytes:
    content = array("Q", some)
    if sys.byteorder == "big":
        content.byteswap()
    return content.tobytes()
