"""Two HDF5 files link by link and block by block; nothing outside of the files is ever opened."""

import codecs
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product
from math import prod
from typing import Any, Final

import h5py
import numpy

from ledger.compare.account import Account, shown
from ledger.compare.base import Unfit
from ledger.compare.numbers import apart

_BLOCK: Final = 1 << 22
"""Bytes of a dataset that are compared at once, about."""
_MOST_OBJECTS: Final = 1_000_000
_DEEPEST: Final = 200
_FREE: Final = 256 << 20
_RATIO: Final = 1000
"""A dataset may be `_FREE` bytes, or this many times its file: what was never written takes no room."""
FAULTS: Final = (OSError, RuntimeError, ValueError, LookupError, TypeError, NotImplementedError)
"""What h5py raises at one or another malformed file."""


def compare_files(expected: int, got: int, account: Account) -> None:
    """Compare two open files, see `fenced.of_reader`."""
    try:
        with opened(expected) as left, opened(got) as right:
            open_no_more()
            size = max(os.fstat(expected).st_size, os.fstat(got).st_size)
            _Walk(account, max(_FREE, size * _RATIO)).compare("", left, right)
    except MemoryError:
        raise
    except FAULTS as error:
        raise Unfit(f"no readable HDF5 file: {str(error)[:200]}") from None


@contextmanager
def opened(descriptor: int) -> Iterator[Any]:
    """The file behind a descriptor."""
    # Not by a path: it is one that may have been removed.
    with (
        os.fdopen(os.dup(descriptor), "rb") as content,
        h5py.File(content, "r", rdcc_nbytes=_BLOCK) as file,
    ):
        yield file


def open_no_more() -> None:
    """Let this process open no other file: an external link, storage or filter would be one."""
    codecs.lookup("ascii")  # of h5py's texts; it is imported when it is first needed
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))


class _Walk:
    """A comparison of two files, which ends whatever links there are."""

    def __init__(self, account: Account, most: int) -> None:
        self._account = account
        self._most = most
        self._seen: dict[tuple[Any, Any], None] = {}
        """Pairs of objects that were compared."""

    def compare(self, place: str, left: Any, right: Any, depth: int = 0) -> None:
        pair = tuple(h5py.h5o.get_info(each.id).addr for each in (left, right))
        if pair in self._seen:
            return
        self._seen[pair] = None
        if depth > _DEEPEST or len(self._seen) > _MOST_OBJECTS:
            raise Unfit("more groups and datasets than are looked at")
        if type(left) is not type(right):
            self._account.differ(place, "a group or a dataset")
            return
        self._compare_attributes(place, left, right)
        if isinstance(left, h5py.Dataset):
            self._compare_datasets(place, left, right)
        elif isinstance(left, h5py.Group):
            self._compare_groups(place, left, right, depth)
        elif left.dtype != right.dtype:
            self._account.differ(place, f"types {left.dtype} and {right.dtype}")

    def _compare_groups(self, place: str, left: Any, right: Any, depth: int) -> None:
        names = [list(each) for each in (left, right)]
        for name in dict.fromkeys((*names[0], *names[1])):
            inside = f"{place}/{name}" if place else name
            if name not in names[0] or name not in names[1]:
                self._account.only(inside, first=name in names[0])
                continue
            links = [each.get(name, getlink=True) for each in (left, right)]
            if type(links[0]) is not type(links[1]):
                self._account.differ(inside, "another kind of link")
            elif isinstance(links[0], h5py.HardLink):
                self.compare(inside, left[name], right[name], depth + 1)
            else:
                self._account.values(inside, *(_target(each) for each in links))

    def _compare_attributes(self, place: str, left: Any, right: Any) -> None:
        names = [list(each.attrs) for each in (left, right)]
        for name in dict.fromkeys((*names[0], *names[1])):
            inside = f"{place}@{name}"
            if name not in names[0] or name not in names[1]:
                self._account.only(inside, first=name in names[0])
                continue
            sides = [each.attrs.get_id(name) for each in (left, right)]
            if _types(inside, sides[0].dtype, sides[1].dtype, self._account):
                values = [numpy.asarray(_value(each.attrs[name])) for each in (left, right)]
                self._compare_arrays(inside, values[0], values[1])

    def _compare_datasets(self, place: str, left: Any, right: Any) -> None:
        if not _types(place, left.dtype, right.dtype, self._account):
            return
        if left.shape != right.shape:
            self._account.differ(place, f"shapes {left.shape} and {right.shape}")
            return
        for each in (left, right):
            if each.external or each.is_virtual:
                self._account.ignore("places of outside data (not looked into)")
                return
            if each.size and each.size * each.dtype.itemsize > self._most:
                raise Unfit(f"{place} is larger than its file allows")
        if (left.chunks, left.compression) != (right.chunks, right.compression):
            self._account.ignore("storage layouts")
        if left.shape is None:
            return
        for selection in _blocks(left, right):
            self._compare_arrays(place, *(numpy.asarray(_value(each[selection])) for each in (left, right)))

    def _compare_arrays(self, place: str, left: Any, right: Any) -> None:
        if left.shape != right.shape:
            self._account.differ(place, f"shapes {left.shape} and {right.shape}")
        elif left.dtype.names is not None and left.dtype.names == right.dtype.names:
            for name in left.dtype.names:
                self._compare_arrays(f"{place}.{name}", left[name], right[name])
        elif left.dtype.kind in "iufcb" and right.dtype.kind in "iufcb":
            self._account.add(place, apart(left.ravel(), right.ravel(), self._account.tolerance))
        elif left.dtype.kind == "O":
            for one, other in zip(left.ravel(), right.ravel(), strict=True):
                self._compare_objects(place, one, other)
        elif left.tobytes() != right.tobytes():
            unequal = next(pair for pair in zip(left.ravel(), right.ravel(), strict=True) if _differ(*pair))
            self._account.differ(place, f"{shown(unequal[0].item())} and {shown(unequal[1].item())}")

    def _compare_objects(self, place: str, one: Any, other: Any) -> None:
        if isinstance(one, numpy.ndarray) and isinstance(other, numpy.ndarray):
            self._compare_arrays(place, one, other)
        elif isinstance(one, h5py.Reference) or isinstance(other, h5py.Reference):
            self._account.ignore("references (not followed)")
        elif one != other:
            self._account.differ(place, f"{shown(one)} and {shown(other)}")


def _differ(one: Any, other: Any) -> bool:
    return bool(one.tobytes() != other.tobytes())


def _value(read: Any) -> Any:
    return read.shape or () if isinstance(read, h5py.Empty) else read


def _target(link: Any) -> str:
    return f"{link.filename}:{link.path}" if isinstance(link, h5py.ExternalLink) else str(link.path)


def _types(place: str, left: Any, right: Any, account: Account) -> bool:
    """Note types that differ in more than their byte order; whether their values can be compared at all."""
    if left.newbyteorder("=") == right.newbyteorder("="):
        return True
    account.differ(place, f"types {left} and {right}")
    return bool(left.kind in "iufcb" and right.kind in "iufcb")


def _blocks(left: Any, right: Any) -> Iterator[tuple[slice, ...]]:
    """Selections that together are all of a shape, of whole chunks where those are small enough."""
    shape = left.shape
    sides = list(shape)
    item = max(left.dtype.itemsize, right.dtype.itemsize, 1)
    for axis in range(len(shape)):
        rest = prod(sides[axis + 1 :]) * item
        sides[axis] = max(1, min(shape[axis], _BLOCK // max(rest, 1)))
        chunk = max((each.chunks[axis] for each in (left, right) if each.chunks), default=1)
        if 1 < chunk <= sides[axis]:
            sides[axis] -= sides[axis] % chunk
        if rest <= _BLOCK:
            break
    starts = (range(0, most, max(side, 1)) for most, side in zip(shape, sides, strict=True))
    for corner in product(*starts):
        yield tuple(slice(at, at + side) for at, side in zip(corner, sides, strict=True))
