"""How far apart numbers are at most, row by row: most rows need not be looked at one by one."""

from typing import Any, NamedTuple

import numpy
from numpy.typing import NDArray

from ledger.compare.base import Tolerance


class Known(NamedTuple):
    """How far apart earlier numbers are: what is nearer need not be known precisely."""

    absolute: float = 0.0
    relative: float = 0.0
    ulp: int = 0


class Bounds(NamedTuple):
    """Of some rows of two blocks of finite numbers; an item for each row."""

    absolute: NDArray[Any]
    """No numbers are farther apart than that; 0 where none differ."""
    relative: NDArray[Any]
    ulp: NDArray[Any]
    least: NDArray[Any]
    """No expected number is smaller than that, in absolute value."""
    differing: int
    """How many numbers differ in all rows of both blocks."""
    first: int
    """Position of the first one."""

    def widest(self) -> NDArray[Any]:
        """Rows that come first by one of the bounds."""
        return numpy.array(sorted({int(each.argmax()) for each in (self.absolute, self.relative, self.ulp)}))

    def above(self, known: Known, tolerance: Tolerance) -> NDArray[Any]:
        """Rows where numbers may be farther apart than what is known, or not within a tolerance."""
        may = self.absolute > known.absolute
        may |= self.relative > known.relative
        may |= self.ulp > known.ulp
        if tolerance.rtol or tolerance.atol:
            beyond = self.absolute > tolerance.atol + tolerance.rtol * self.least
            may |= beyond & (self.relative > tolerance.rtol)
        return numpy.flatnonzero(may)
