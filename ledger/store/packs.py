"""All packs of a directory of objects, which other processes add to and take from at any time."""

import os
import time
from _thread import RLock  # threading takes a millisecond to import
from array import array
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from ledger.errors import FormatError
from ledger.model import Digest, layout
from ledger.store.pack_format import WHOLE, Entry
from ledger.store.workplace import names_in

if TYPE_CHECKING:  # they are imported when there is a pack
    from ledger.store.lookup import Lookup
    from ledger.store.pack import Pack

T = TypeVar("T")

_MOST_OPEN = 100
"""Packs that are open at once; each holds one or two file descriptors."""
_MOST_ALONE = 16
"""Packs that are searched one by one; more get a lookup."""
_MANY = 16
"""Rows of an index that are read in the time of one search in it."""
_GRAIN = 1_000_000_000
"""Nanoseconds in which a directory may change twice without another time of change."""


class Packs:
    """The packs below a directory of objects.

    Packs come and go, never change. So what was listed once is good until the directory changes, and a pack
    that is gone has left its records to another one, which is there already: the search then begins anew.
    Several threads may search at once: they take turns.

    Parameters
    ----------
    objects
        The objects' directory; it may be missing.
    """

    def __init__(self, objects: Path) -> None:
        self._directory = os.fspath(layout.packs(objects))
        self._turn = RLock()
        self._names: list[str] = []
        self._there: set[str] = set()
        self._lookup_names: list[str] = []
        self._lookups: list[Lookup] = []
        self._alone: list[str] = []
        self._changed = -1
        self._is_certain = False
        self._opened: dict[str, Pack] = {}
        self._damaged: dict[str, Pack] = {}
        self._proven: set[str] = set()

    def refresh(self) -> None:
        """Look for new packs."""
        try:
            changed = os.stat(self._directory).st_mtime_ns
        except (FileNotFoundError, NotADirectoryError):
            changed = -1
        if changed == self._changed and self._is_certain:
            return
        began = time.time_ns()
        listed = names_in(self._directory) if changed >= 0 else []
        self._changed, self._is_certain = changed, began - changed > _GRAIN
        names = sorted(filter(layout.is_pack, listed))
        lookups = sorted(filter(layout.is_lookup, listed))
        if (names, lookups) == (self._names, self._lookup_names):
            return
        self._names, self._lookup_names = names, lookups
        self._there = there = set(names)
        for kept in (self._opened, self._damaged):
            for name in [each for each in kept if each not in there]:
                del kept[name]
        self._proven &= there
        self._use([each for each in map(self._lookup, lookups) if each is not None])

    def _lookup(self, name: str) -> "Lookup | None":
        from ledger.store.lookup import Lookup

        known = next((each for each in self._lookups if each.name == name), None)
        try:
            return known or Lookup(f"{self._directory}/{name}")
        except (OSError, FormatError):
            return None  # it is derived: its packs are searched one by one

    def _use(self, lookups: "list[Lookup]") -> None:
        """Take those lookups that tell of packs of which no larger one tells."""
        alone = set(self._names)
        self._lookups = []
        for each in sorted(lookups, key=lambda each: -each.count):
            if not alone.isdisjoint(each.packs):
                alone.difference_update(each.packs)
                self._lookups.append(each)
        self._alone = sorted(alone)

    def gather(self) -> None:
        """Write a lookup of the packs that have none, if they are many.

        It takes smaller lookups in: there are never more than a few, and a row is seldom written again.

        Raises
        ------
        OSError
            If the disk refuses.
        """
        self.refresh()
        if len(self._alone) <= _MOST_ALONE:
            return
        from ledger.store.lookup import write_lookup

        rows = {name: array("Q", self._pack(name).prefixes()) for name in self._alone}
        count, joined = sum(map(len, rows.values())), []
        for each in sorted(self._lookups, key=lambda each: each.count):
            if each.count > 2 * count:
                break
            if each.prove():
                joined.append(each)
                count += each.count
        write_lookup(self._directory, rows, joined, set(self._names))
        self._is_certain = False
        self.refresh()

    def find(self, digest: Digest, kinds: tuple[int, ...] = WHOLE) -> Entry | None:
        """The record of a digest, among the packs that were there at the last `refresh`."""
        with self._turn:
            return self._again(lambda: next((entry for _, entry in self._hits(digest, kinds)), None))

    def present(self, digests: Iterable[Digest]) -> set[Digest]:
        """Those of many objects that the packs' indexes name, at less cost than `find` for each."""
        missing = set(digests)
        found: set[Digest] = set()
        with self._turn:
            for name in tuple(self._alone):
                with suppress(FileNotFoundError):  # what was in it is looked for below
                    pack = self._pack(name)
                    if missing and pack.is_sound and pack.count <= _MANY * len(missing):
                        named = missing & pack.objects()
                        found |= named
                        missing -= named
            found.update([each for each in missing if self.find(each)])
        return found

    def find_surely(self, digest: Digest, kinds: tuple[int, ...] = WHOLE) -> Entry | None:
        """The record of a digest; a damaged index hides none."""
        with self._turn:
            return self._surely(lambda: self.find(digest, kinds))

    def read(self, digest: Digest, kinds: tuple[int, ...] = WHOLE) -> tuple[Entry, bytes] | None:
        """A record and its stored bytes, from any pack where it can be read; a damaged index hides none."""
        with self._turn:
            return self._surely(lambda: self._again(lambda: self._read(digest, kinds)))

    def run(self, digest: Digest, kinds: tuple[int, ...], size: int) -> tuple[int, bytes] | None:
        """Where a pack has the record of a digest, and up to `size` bytes from there on; None if none has."""
        with self._turn:
            found = self._again(lambda: next(self._hits(digest, kinds), None))
        return (found[1].offset, found[0].run(found[1].offset, size)) if found else None

    def _read(self, digest: Digest, kinds: tuple[int, ...]) -> tuple[Entry, bytes] | None:
        for pack, entry in self._hits(digest, kinds):
            stored = pack.read(entry)
            if stored is not None:
                return entry, stored
        return None

    def records(self) -> Iterator[Entry]:
        """All records of all packs; what moves meanwhile from pack to pack may be told twice."""
        told: set[str] = set()
        while waiting := [name for name in self._names if name not in told]:
            for name in waiting:
                told.add(name)
                try:
                    yield from self._pack(name).records()
                except FileNotFoundError:  # its records are in one that came later
                    self._is_certain = False
            self.refresh()

    def objects(self) -> Iterator[Digest]:
        """Names of all objects in all packs; one may be told twice."""
        return (each.digest for each in self.records() if each.kind in WHOLE)

    def _surely(self, search: Callable[[], T | None]) -> T | None:
        """Search again where packs came meanwhile, and again where an index proves to be damaged."""
        found = search()
        if found is None:
            self.refresh()
            found = search()
        if found is None and self._prove():
            found = search()
        return found

    def _again(self, search: Callable[[], T]) -> T:
        """Search again where a pack was gone before it was opened."""
        for _ in range(100):
            try:
                return search()
            except FileNotFoundError:
                self._changed = -1
                self._is_certain = False
                self.refresh()
        return search()

    def _hits(self, digest: Digest, kinds: tuple[int, ...]) -> Iterator["tuple[Pack, Entry]"]:
        for lookup in self._lookups:
            for name, row in lookup.find(digest):
                if name in self._there and (pack := self._pack(name)).is_sound:
                    entry = pack.row(row)
                    if entry is not None and entry.digest == digest and entry.kind in kinds:
                        yield pack, entry
        for name in (*self._alone, *self._damaged):
            pack = self._pack(name)
            entry = pack.find(digest, kinds)
            if entry is not None:
                yield pack, entry

    def _pack(self, name: str) -> "Pack":
        pack = self._opened.pop(name, None) or self._damaged.get(name)
        if pack is None:
            from ledger.store.pack import Pack

            pack = Pack(f"{self._directory}/{name}")
        if not pack.is_sound:
            self._damaged[name] = pack
            return pack
        self._opened[name] = pack  # the newest use is the last
        if len(self._opened) > _MOST_OPEN:
            del self._opened[next(iter(self._opened))]
        return pack

    def _prove(self) -> bool:
        """Hash every index once; whether anything is to be found elsewhere than before."""
        before = len(self._damaged)
        gone = False
        for name in tuple(self._names):
            if name not in self._proven:
                try:
                    self._prove_one(name)
                except FileNotFoundError:  # its records are in a pack that came later
                    gone = True
        if gone:
            self._is_certain = False
            self.refresh()
        sound = [each for each in self._lookups if each.prove()]
        fewer = len(sound) < len(self._lookups)
        if fewer:
            for each in self._lookups:
                if not each.prove():
                    with suppress(OSError):  # it is derived; where it may not be removed it is not used
                        os.unlink(f"{self._directory}/{each.name}")
            self._use(sound)
        return gone or fewer or len(self._damaged) > before

    def _prove_one(self, name: str) -> None:
        pack = self._pack(name)
        if not pack.prove():
            self._opened.pop(name, None)
            self._damaged[name] = pack
        self._proven.add(name)
