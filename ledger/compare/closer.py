"""Closer bounds of rows whose differences are larger the larger their numbers are.

The largest difference of a row, divided by its smallest number, says little there. Here each difference is
divided by its own number.
"""

from typing import Any, Final

import numpy
from numpy.typing import NDArray

from ledger.compare.bounds import Bounds, Known
from ledger.compare.scratch import SCRATCH
from ledger.compare.sides import AT_ONCE, Sides
from ledger.compare.ulps import most_ulps

UP: Final = 1 + 1e-6
"""More than what subtraction and division round off in single precision."""
_LEAST: Final = 1e-44
"""More than what division rounds off where its result has no full precision."""
_ONE_SIGN: Final = 1 << 23
"""Bits of finite numbers of two signs are farther apart than that, as whole numbers of 32 bits."""


class Close:
    """What is seen of some rows that are looked at; of others nothing is said.

    Parameters
    ----------
    rows
        How many there are.
    known
        Units in the last place that other numbers differ by: rows where there cannot be more are not asked
        how many there are.
    """

    def __init__(self, rows: int, known: int) -> None:
        self._ratios = numpy.full((2, rows), numpy.inf, "f4")
        self._steps = numpy.full((2, rows), _ONE_SIGN, "i4")
        self._known = known

    def look(self, expected: NDArray[Any], got: NDArray[Any], far: NDArray[Any], rows: slice) -> float:
        """Look at some rows, given with their differences, which are overwritten; their largest ratio."""
        ratios, steps, bits = self._ratios[:, rows], self._steps[:, rows], far.view("i4")
        numpy.divide(far, expected, out=far)
        numpy.fmax.reduce(far, 1, None, ratios[0])  # not a number: 0 / 0
        numpy.fmin.reduce(far, 1, None, ratios[1])
        largest = _largest(ratios)
        if 8 * numpy.count_nonzero(most_ulps(largest) > self._known) > len(expected):
            numpy.subtract(got.view("i4"), expected.view("i4"), out=bits)
            numpy.maximum.reduce(bits, 1, None, steps[0])
            numpy.minimum.reduce(bits, 1, None, steps[1])
            most = numpy.maximum(steps[0], -steps[1])
            self._known = max(self._known, int(most.max(where=most < _ONE_SIGN, initial=0)))
        return float(largest.max())

    def narrowed(self, bounds: Bounds) -> Bounds:
        """Bounds of the same rows, where what was seen says more."""
        steps = self._steps.astype("i8")
        ulp = numpy.maximum(steps[0], -steps[1])
        relative = numpy.minimum(bounds.relative, _largest(self._ratios))
        return bounds._replace(
            relative=relative,
            ulp=numpy.where(ulp < _ONE_SIGN, ulp, numpy.minimum(bounds.ulp, most_ulps(relative))),
        )


def _largest(ratios: NDArray[Any]) -> NDArray[Any]:
    """What relative differences are at most that were rounded to so much, the largest and smallest ones."""
    found: NDArray[Any] = numpy.fmax(numpy.maximum(ratios[0], -ratios[1]), 0).astype("f8") * UP + _LEAST
    return found


def closer(sides: Sides, bounds: Bounds, rows: NDArray[Any], known: Known) -> Bounds:
    """Bounds of some rows; what they hold of both sides as a whole stays.

    Parameters
    ----------
    sides
        All rows.
    bounds
        Of these.
    rows
        Which of them are looked at.
    known
        How far apart other numbers are.
    """
    close = Close(len(rows), known.ulp)
    for start in range(0, len(rows), AT_ONCE):
        into = slice(start, start + AT_ONCE)
        one, other = sides.some(rows[into])
        far = SCRATCH.numbers(one.size).reshape(one.shape)
        close.look(one, other, numpy.subtract(other, one, out=far), into)
    return close.narrowed(
        bounds._replace(
            absolute=bounds.absolute[rows],
            relative=bounds.relative[rows],
            ulp=bounds.ulp[rows],
            least=bounds.least[rows],
        )
    )
