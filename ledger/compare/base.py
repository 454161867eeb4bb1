"""The contract of a comparator: two contents in, what differs out."""

from math import isfinite
from typing import BinaryIO, Protocol

from ledger.model.frozen import frozen


@frozen
class Tolerance:
    """How far apart two numbers may be: ``|got - expected| <= atol + rtol * |expected|``.

    NaN is equal to NaN, and an infinity only to itself, as with numpy's `isclose` and ``equal_nan``.
    """

    rtol: float = 0.0
    atol: float = 0.0

    def allows(self, expected: float, got: float) -> bool:
        """Whether `got` is near enough to `expected`."""
        if got == expected or (got != got and expected != expected):
            return True
        # An infinite distance is never near: inf <= rtol * inf would let anything pass for infinity.
        return abs(got - expected) <= self.atol + self.rtol * abs(expected) and isfinite(expected)


@frozen
class Comparison:
    """What a comparator found."""

    same: bool
    """Whether the contents are equal, or within the tolerance."""
    exact: bool
    """Whether they are equal byte for byte."""
    detail: str | None
    """How they differ, in a few words; None when byte for byte equal."""


class Comparator(Protocol):
    """Compares two contents of one media type."""

    def __call__(self, expected: BinaryIO, got: BinaryIO, tolerance: Tolerance) -> Comparison:
        """Compare in bounded memory; nothing of either content is ever executed."""
        ...
