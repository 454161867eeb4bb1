"""Byte for byte first; contents that differ by what they hold."""

from collections.abc import Callable
from typing import BinaryIO

from ledger.compare import bytes as byte_by_byte
from ledger.compare.base import Comparator, Comparison, Tolerance, Unfit


def of_comparison(compare: Callable[[BinaryIO, BinaryIO, Tolerance], Comparison]) -> Comparator:
    """A comparator that asks `compare` where bytes differ and the streams can be rewound.

    `compare` gets both at their start. Where it raises `Unfit`, bytes decide, and the detail says why.
    """

    def comparator(expected: BinaryIO, got: BinaryIO, tolerance: Tolerance) -> Comparison:
        found = byte_by_byte.compare(expected, got, tolerance)
        if found.exact or not (expected.seekable() and got.seekable()):
            return found
        expected.seek(0)
        got.seek(0)
        try:
            return compare(expected, got, tolerance)
        except Unfit as error:
            reason = str(error)
        except RecursionError:
            reason = "nested too deep"
        return Comparison(same=False, exact=False, detail=f"{found.detail} (compared as bytes: {reason})")

    return comparator
