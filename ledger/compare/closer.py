"""How far apart single-precision numbers of some rows are at most, more closely than by `row_bounds`.

That divides the largest difference of a row by its smallest number, which says little where numbers differ
by as much as they are large. Here each difference is divided by its own number.
"""

from typing import Any, Final

import numpy
from numpy.typing import NDArray

from ledger.compare.row_bounds import ROW, UP, RowBounds
from ledger.compare.scratch import SCRATCH

_ROWS: Final = 1 << 4
"""Rows for which all that is computed of them fits into a processor's cache."""
_LEAST: Final = 1e-44
"""More than what division rounds off where its result has no full precision."""
_ONE_SIGN: Final = 1 << 23
"""Bits of finite numbers of two signs are farther apart than that, as whole numbers of 32 bits."""


def closer(a: NDArray[Any], b: NDArray[Any], bounds: RowBounds, rows: NDArray[Any]) -> RowBounds:
    """Bounds of some rows; what they hold of both blocks as a whole stays.

    Parameters
    ----------
    a, b
        All rows of both blocks.
    bounds
        Of these.
    rows
        Which of them are looked at.
    """
    ratios, steps = numpy.empty((2, len(rows)), "f4"), numpy.empty((2, len(rows)), "i4")
    for start in range(0, len(rows), _ROWS):
        some = rows[start : start + _ROWS]
        one, other = a[some], b[some]
        far = SCRATCH.numbers(one.size).reshape(-1, ROW)
        bits = far.view("i4")
        into = slice(start, start + len(some))
        numpy.subtract(other, one, out=far)
        numpy.divide(far, one, out=far)
        numpy.fmax.reduce(far, axis=1, out=ratios[0, into])  # not a number: 0 / 0
        numpy.fmin.reduce(far, axis=1, out=ratios[1, into])
        numpy.subtract(other.view("i4"), one.view("i4"), out=bits)
        numpy.maximum.reduce(bits, axis=1, out=steps[0, into])
        numpy.minimum.reduce(bits, axis=1, out=steps[1, into])
    wide = steps.astype("i8")
    ulp = numpy.maximum(wide[0], -wide[1])
    relative = numpy.fmax(numpy.maximum(ratios[0], -ratios[1]), 0).astype("f8") * UP + _LEAST
    return bounds._replace(
        absolute=bounds.absolute[rows],
        relative=numpy.minimum(bounds.relative[rows], relative),
        ulp=numpy.where(ulp < _ONE_SIGN, ulp, bounds.ulp[rows]),
        least=bounds.least[rows],
    )
