"""PyTorch's files by their tensors: zip archives of a pickle and raw storages, and streams of pickles.

See ``torch/serialization.py``: ``_save`` and ``_legacy_save``. Keys of storages, which may be addresses, do
not count.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from typing import BinaryIO, Final, cast

from ledger.compare.account import Account
from ledger.compare.archives import zips
from ledger.compare.archives.members import Members
from ledger.compare.base import Unfit
from ledger.compare.leaves import Leaf, compare_sides, of_content
from ledger.compare.parts import Part, exactly, size_of
from ledger.compare.pickled import pickles
from ledger.compare.pickled.pickle_machine import Dict, Machine, Persistent
from ledger.compare.pickled.pickle_values import leaves_of
from ledger.compare.pickled.torch_tensors import Storage, Storages, outside, size_of_items

_MAGIC: Final = 0x1950A86A20F9469CFC6C


def _compare(expected: BinaryIO, got: BinaryIO, account: Account) -> None:
    zipped = [file.read(4) == b"PK\x03\x04" for file in (expected, got)]
    expected.seek(0)
    got.seek(0)
    if not all(zipped):
        compare_sides(read_stream(expected), read_stream(got), account)
        return
    with ExitStack() as stack:
        sides = [_Archive(file, stack) for file in (expected, got)]
        if not all("data.pkl" in each.members.by_name for each in sides):
            zips.compare.content(expected, got, account)
            return
        compare_sides(sides[0].leaves(), sides[1].leaves(), account)
        names = [name for each in sides for name in each.members.by_name]
        told = sides[0].told | sides[1].told | {".data/serialization_id"}  # which is a digest of the rest
        others = dict.fromkeys(each for each in names if each not in told and not each.endswith(".debug_pkl"))
        zips.compare_members(sides[0].members, sides[1].members, account, others)
    account.ignore("order and packing of members, and places in source files")


class _Archive:
    """What a zip file of PyTorch holds; names are without the folder that all lies in."""

    def __init__(self, file: BinaryIO, stack: ExitStack) -> None:
        self.members, self._stack = Members(file), stack
        names = self.members.by_name
        root = next((name.removesuffix("data.pkl") for name in names if name.endswith("/data.pkl")), "")
        if all(name.startswith(root) for name in names):
            self.members.by_name = {name.removeprefix(root): each for name, each in names.items()}
        self.told: set[str] = set()
        """Members that the leaves are read from."""

    def leaves(self) -> Iterator[tuple[str, Leaf]]:
        """Leaves of all pickles in it."""
        big = False
        if "byteorder" in self.members.by_name:
            with self.members.opened("byteorder") as file:
                big = file.read(3) == b"big"
        for name in sorted(each for each in self.members.by_name if each.endswith(".pkl")):
            self.told.add(name)
            folder = name.removesuffix(".pkl")
            with self.members.opened(name) as file:
                value = Machine(file).load()
                tell = partial(outside, partial(self._storage, folder), big)
                yield from leaves_of(value, "" if name == "data.pkl" else folder, tell)

    def _storage(self, folder: str, found: Persistent) -> Storage | None:
        identity = found.id
        if not isinstance(identity, tuple) or len(identity) < 5 or identity[0] != "storage":
            return None
        name = f"{folder}/{identity[2]}"
        if name not in self.members.by_name:
            raise Unfit(f"{name} is missing")
        self.told.add(name)
        file = self._stack.enter_context(self.members.opened(name))
        return Storage(file=file, size=self.members.by_name[name].file_size, kind=identity[1])


def read_archive(file: BinaryIO, stack: ExitStack) -> Iterator[tuple[str, Leaf]]:
    """Leaves of a zip file of PyTorch, whose members the stack closes."""
    yield from _Archive(file, stack).leaves()


def read_stream(file: BinaryIO) -> Iterator[tuple[str, Leaf]]:
    """Leaves of an older file: three pickles about it, that of the object, that of the keys, the storages."""
    if Machine(file).load() != _MAGIC:
        file.seek(0)
        yield from pickles.read(file)
        return
    yield "protocol", cast(int, Machine(file).load())
    about = Machine(file).load()
    value = Machine(file).load()
    keys = Machine(file).load()
    if not isinstance(keys, list):
        raise Unfit("no list of storages")
    big = isinstance(about, Dict) and ("little_endian", False) in about
    places: Storages = {}
    kinds = _kinds(value)
    for key in keys:
        kind = kinds.get(str(key))
        count = int.from_bytes(exactly(file, 8, 8, "the length of a storage"), "big" if big else "little")
        size, start = count * size_of_items(kind), file.tell()
        if start + size > size_of(file):
            raise Unfit("a storage ends early")
        places[str(key)] = Storage(file=cast(BinaryIO, Part(file, start, size)), size=size, kind=kind)
        file.seek(start + size)
    yield from leaves_of(value, "", partial(outside, partial(_streamed, places), big))


def _streamed(places: Storages, found: Persistent) -> Storage | None:
    identity = found.id
    if not isinstance(identity, tuple) or len(identity) < 5 or identity[0] != "storage":
        return None
    storage = places.get(str(identity[2]))
    if storage is None:
        raise Unfit("a storage is missing")
    return storage


def _kinds(value: object) -> dict[str, object]:
    """Types of the storages that a value refers to, by key."""
    found: dict[str, object] = {}

    def note(_: str, each: object) -> None:
        identity = each.id if isinstance(each, Persistent) else None
        if isinstance(identity, tuple) and len(identity) > 2 and identity[0] == "storage":
            found[str(identity[2])] = identity[1]

    for _ in leaves_of(value, "", note):
        pass
    return found


compare = of_content(_compare)
