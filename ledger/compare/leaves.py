"""Contents that are trees of arrays and plain values: read as leaves, compared leaf by leaf.

A format's reader turns a file into (place, leaf) pairs, each place once, without reading the arrays; those
are then read side by side, block by block.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import BinaryIO

import numpy

from ledger.compare.account import Account
from ledger.compare.array import (
    Array,
    in_c_order,
    item_size,
    numeric,
    of_one_kind,
    side_by_side,
)
from ledger.compare.base import Comparison, Tolerance, Unfit
from ledger.compare.blockwise import Pair, distances
from ledger.compare.content import of_comparison
from ledger.compare.numbers import Apart

MOST_LEAVES = 500_000


class Kind(str):
    """What kind of thing is at a place; not text that a content holds."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


Leaf = Array | bool | int | float | complex | str | bytes | None
Leaves = Iterable[tuple[str, Leaf]]
Reader = Callable[[BinaryIO], Leaves]
"""From a file at its start, which can seek. Raises `Unfit` where the content is none of its format, or more
than is looked at."""
ContentComparator = Callable[[BinaryIO, BinaryIO, Account], None]


class ByContent:
    """A comparator: byte for byte first; contents that differ, and can be rewound, by what they hold."""

    def __init__(self, compare: ContentComparator) -> None:
        self.content = compare

    def __call__(self, expected: BinaryIO, got: BinaryIO, tolerance: Tolerance) -> Comparison:
        """Compare, see `Comparator`."""
        return of_comparison(self._compared)(expected, got, tolerance)

    def _compared(self, expected: BinaryIO, got: BinaryIO, tolerance: Tolerance) -> Comparison:
        account = Account(tolerance)
        self.content(expected, got, account)
        return account.comparison()


def of_content(compare: ContentComparator) -> ByContent:
    """A comparator of contents that `compare` compares.

    Parameters
    ----------
    compare
        Gets both at their start, and takes its notes in an account. Where it raises `Unfit`, bytes decide,
        and the detail says why.
    """
    return ByContent(compare)


def of_leaves(reader: Reader) -> ByContent:
    """A comparator of contents that `reader` reads, see `ByContent`."""

    def compare(expected: BinaryIO, got: BinaryIO, account: Account) -> None:
        compare_sides(reader(expected), reader(got), account)

    return of_content(compare)


def compare_sides(expected: Leaves, got: Leaves, account: Account) -> None:
    """Compare the leaves of two contents.

    Raises
    ------
    Unfit
        If one of them ends early, or has a place twice or too many of them.
    """
    sides, pairs = [_all(each) for each in (expected, got)], {}
    for place in dict.fromkeys((*sides[0], *sides[1])):
        if place not in sides[0] or place not in sides[1]:
            account.only(place, first=place in sides[0])
        elif pair := _but_numbers(place, sides[0][place], sides[1][place], account):
            pairs[place] = pair
    _numbers(pairs, account)


def compare_leaves(place: str, expected: Leaf, got: Leaf, account: Account) -> None:
    """Compare two leaves of one place.

    Raises
    ------
    Unfit
        If one of them ends early.
    """
    if pair := _but_numbers(place, expected, got, account):
        _numbers({place: pair}, account)


def _numbers(pairs: Mapping[str, Pair], account: Account) -> None:
    """Compare arrays of numbers, by place."""
    for place, found in zip(pairs, distances(list(pairs.values()), account.tolerance), strict=True):
        account.add(place, found)


def _but_numbers(place: str, expected: Leaf, got: Leaf, account: Account) -> Pair | None:
    """Compare two leaves; but if they are arrays whose numbers are to be compared, give these."""
    if not isinstance(expected, Array) or not isinstance(got, Array):
        if isinstance(expected, Array) or isinstance(got, Array):
            expected, got = (
                Kind(f"an array {each.dtype} {list(each.shape)}") if isinstance(each, Array) else each
                for each in (expected, got)
            )
        account.values(place, expected, got)
        return None
    if expected.shape != got.shape:
        account.differ(place, f"shapes {list(expected.shape)} and {list(got.shape)}")
        return None
    numbers = numeric(expected.dtype, got.dtype)
    if expected.dtype != got.dtype and not (numbers and of_one_kind(expected.dtype, got.dtype)):
        account.differ(place, f"types {expected.dtype} and {got.dtype}")
    if numbers:
        return expected, got
    if expected.dtype == got.dtype:
        _items(place, expected, got, account)
    return None


def _items(place: str, expected: Array, got: Array, account: Account) -> None:
    """Compare arrays of anything else."""
    if expected.fortran != got.fortran:
        expected, got = in_c_order(expected), in_c_order(got)
    size, before = item_size(expected.dtype), 0
    for one, other in side_by_side(expected, got):
        if one != other:
            differ = numpy.frombuffer(one, "u1") != numpy.frombuffer(other, "u1")
            account.differ(place, f"its items differ from {before + int(differ.argmax()) // size} on")
            return
        before += len(one) // size
    account.add(place, Apart())


def _all(leaves: Leaves) -> dict[str, Leaf]:
    found: dict[str, Leaf] = {}
    for place, leaf in leaves:
        if place in found:
            raise Unfit(f"{place} is there twice")
        if len(found) >= MOST_LEAVES:
            raise Unfit(f"more than {MOST_LEAVES} values")
        found[place] = leaf
    return found
