"""The contract of a comparator: two contents in, what differs out."""

from math import isfinite
from typing import BinaryIO, Protocol

from ledger.model.frozen import frozen


class Unfit(Exception):
    """A content is not what its media type says, or more than is looked at; the text says why."""


@frozen
class Tolerance:
    """How far apart two numbers may be: ``|got - expected| <= atol + rtol * |expected|``.

    NaN is equal to NaN, and an infinity only to itself, as with numpy's `isclose` and ``equal_nan``.
    """

    rtol: float = 0.0
    atol: float = 0.0

    def __str__(self) -> str:
        return f"within rtol {self.rtol:g}, atol {self.atol:g}"

    def allows(self, expected: float, got: float) -> bool:
        """Whether `got` is near enough to `expected`."""
        if got == expected or (got != got and expected != expected):
            return True
        # An infinite distance is never near: inf <= rtol * inf would let anything pass for infinity.
        try:
            return abs(got - expected) <= self.atol + self.rtol * abs(expected) and isfinite(expected)
        except OverflowError:
            return False  # whole numbers beyond what a tolerance can be multiplied with


@frozen
class Distance:
    """How far apart the numbers of two contents are."""

    absolute: float
    """Largest absolute difference; infinite where one is NaN or infinite and the other is not."""
    relative: float
    """Largest difference relative to the expected number; infinite where that is 0, NaN or infinite."""
    ulp: int | None
    """Largest difference in units in the last place of the stored type; None where there are none (whole
    numbers, text, different types)."""
    differing: int
    """How many numbers differ."""
    compared: int
    """How many were compared."""


@frozen
class Comparison:
    """What a comparator found."""

    same: bool
    """Whether the contents are equal, or within the tolerance."""
    exact: bool
    """Whether they are equal byte for byte."""
    detail: str | None
    """How they differ, in a few words; None when byte for byte equal."""
    distance: Distance | None = None
    """Of their numbers; None where no numbers differ, or something else than numbers does too."""
    needed: Tolerance = Tolerance()
    """What its numbers are within, as far as they are apart by finite amounts; of each place by itself."""
    endless: bool = False
    """Whether some numbers are apart by no finite amount, such as 1 and NaN."""
    places: tuple[str, ...] = ()
    """All places where something differs that counts; empty where they are not known, or none does."""


class Comparator(Protocol):
    """Compares two contents of one media type."""

    def __call__(self, expected: BinaryIO, got: BinaryIO, tolerance: Tolerance) -> Comparison:
        """Compare in bounded memory; nothing of either content is ever executed."""
        ...
