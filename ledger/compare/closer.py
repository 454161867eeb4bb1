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

UP: Final = 1 + 1e-6
"""More than what subtraction and division round off in single precision."""
_LEAST: Final = 1e-44
"""More than what division rounds off where its result has no full precision."""
HALF: Final = 0.49
"""Numbers that differ by less, relatively, are of one sign, and at most `most_ulps` apart."""
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


def most_ulps(relative: NDArray[Any] | float, dtype: Any = "f4") -> NDArray[Any]:
    """Most units in the last place, of numbers that differ by so much relatively; infinite from a half on.

    Between any two powers of two there are n numbers, all as far from each other: 2**23 in single precision.
    So a relative difference r of less than a half, from a number m times such a power (1 <= m < 2), has r m n
    of them on the same side of that power, and (1 - m + 2 r m) n across it, where they lie twice as dense,
    but no farther down: at most 2 r n both times.
    """
    return numpy.where(relative < HALF, relative * 2.0 ** (_bits(dtype) + 1) + 1, numpy.inf)


def _bits(dtype: Any) -> int:
    """Of what is behind the point; none of whole numbers, which have no units in the last place."""
    return numpy.finfo(dtype).nmant if numpy.dtype(dtype).kind == "f" else 0


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
