"""Blocks of numbers that differ in many places: compared whole, with no place picked out.

Single-precision numbers are compared in double precision only in those rows where they may be the farthest
apart of all so far.
"""

import math
from collections.abc import Callable
from typing import Any, Final, NamedTuple

import numpy
from numpy.typing import NDArray

from ledger.compare.base import Tolerance
from ledger.compare.bounds import Bounds, Known
from ledger.compare.closer import closer
from ledger.compare.row_bounds import row_bounds
from ledger.compare.scratch import SCRATCH
from ledger.compare.sides import AT_ONCE, ROW, Pair, Sides
from ledger.compare.ulps import HALF, most_ulps, ulps

_ROWS: Final = 1 << 4
"""Rows for which all that is computed in double precision fits into a processor's cache; few."""


class Dense(NamedTuple):
    """Fields of `numbers.Apart`, of finite numbers; `first` is a position, `ulp` 0 for whole numbers."""

    absolute: float
    relative: float
    ulp: int
    outside: int
    first: int
    differing: int


_OF_HALF: Final = 1 << 24
"""Numbers that differ by less than `HALF`, relatively, are fewer units in the last place apart than that."""

_NOTHING: Final = Dense(0.0, 0.0, 0, 0, 0, 0)
_INFINITE: Final = Dense(math.inf, math.inf, 0, 0, 0, 0)


def dense(a: NDArray[Any], b: NDArray[Any], tolerance: Tolerance, known: Known) -> Dense | None:
    """Compare two blocks of one type, some of whose numbers differ; None if not all of them are finite.

    Whole numbers have to be such that double precision holds them. Units in the last place are not counted
    where there cannot be more of them than what is `known`.
    """
    return _finite(_double((a, b), tolerance, known, ulps))


def dense_single(sides: Sides, tolerance: Tolerance, known: Known) -> Dense | None:
    """Compare two blocks of numbers in single precision; None if not all of them are finite.

    Where numbers are no farther apart than what is `known`, they are looked at no closer.
    """
    whole = sides.rows * ROW if len(sides) > _ROWS * ROW else 0
    parts = [_by_rows(sides, tolerance, known)] if whole else []
    if whole < len(sides):
        rest = _double(sides.numbers(whole, len(sides)), tolerance, known, sides.ulps)
        parts.append(rest._replace(first=whole + rest.first))
    return _finite(_joined(parts))


def _finite(found: Dense) -> Dense | None:
    return found if math.isfinite(found.absolute) else None


def _by_rows(sides: Sides, tolerance: Tolerance, known: Known) -> Dense:
    """Compare all whole rows."""
    bounds = row_bounds(sides, tolerance, known)
    if bounds is None:
        return _INFINITE
    found: list[Dense] = []

    def farthest(bounds: Bounds, rows: NDArray[Any]) -> NDArray[Any]:
        # The farthest apart may be in a few of them, and then others are not looked at.
        nonlocal known
        widest = bounds.widest()
        found.append(_rows(sides, rows[widest], tolerance, known))
        known = _known(known, found[-1])
        above = bounds.above(known, tolerance)
        for each in widest:
            above = above[above != each]
        left: NDArray[Any] = rows[above]
        return left

    rows = bounds.above(known, tolerance)
    if len(rows) > _ROWS:
        rows = farthest(bounds, numpy.arange(sides.rows))
    exact = not (tolerance.rtol or tolerance.atol)
    far = known.relative >= HALF and known.ulp >= _OF_HALF
    if exact and far and (bounds.absolute[rows] <= known.absolute).all():
        found.append(_small(sides, rows, bounds, tolerance, known))
        rows = rows[:0]
    if len(rows) > _ROWS:
        rows = farthest(closer(sides, bounds, rows, known), rows)
    for start in range(0, len(rows), _ROWS):
        found.append(_rows(sides, rows[start : start + _ROWS], tolerance, known))
    told = _joined(found or [_NOTHING])._replace(differing=bounds.differing)
    if exact:
        return told._replace(outside=bounds.differing, first=bounds.first)
    return told if told.outside else told._replace(first=bounds.first)


def _known(known: Known, found: Dense) -> Known:
    return Known(
        absolute=max(known.absolute, found.absolute),
        relative=max(known.relative, found.relative),
        ulp=max(known.ulp, found.ulp),
    )


def _rows(sides: Sides, rows: NDArray[Any], tolerance: Tolerance, known: Known) -> Dense:
    """Compare some rows."""
    one, other = sides.some(rows)
    found = _double((one.ravel(), other.ravel()), tolerance, known, sides.ulps)
    row, column = divmod(found.first, ROW)
    return found._replace(first=int(rows[row]) * ROW + column)


def _small(sides: Sides, rows: NDArray[Any], bounds: Bounds, tolerance: Tolerance, known: Known) -> Dense:
    """Compare those numbers of some rows alone that may differ by half or more.

    All that is asked is what differs the most, relatively and in units in the last place: not where.
    """
    found = [_NOTHING]
    for start in range(0, len(rows), AT_ONCE):
        some = rows[start : start + AT_ONCE]
        one, other = sides.some(some)
        sizes, small = (each(one.size).reshape(one.shape) for each in (SCRATCH.numbers, SCRATCH.flags))
        numpy.abs(one, out=sizes)
        most = numpy.nextafter((bounds.absolute[some, None] / HALF).astype("f4"), numpy.float32(math.inf))
        numpy.less_equal(sizes, most, out=small)
        if len(places := numpy.flatnonzero(small)):
            pair = one.ravel()[places], other.ravel()[places]
            found.append(_double(pair, tolerance, known, sides.ulps))
    return _joined(found)


def _joined(parts: list[Dense]) -> Dense:
    """Of all parts."""
    telling = [each for each in parts if each.outside] or [each for each in parts if each.differing] or parts
    return Dense(
        absolute=max(each.absolute for each in parts),
        relative=max(each.relative for each in parts),
        ulp=max(each.ulp for each in parts),
        outside=sum(each.outside for each in parts),
        first=min(each.first for each in telling),
        differing=sum(each.differing for each in parts),
    )


def _double(
    pair: Pair,
    tolerance: Tolerance,
    known: Known,
    units: Callable[[NDArray[Any], NDArray[Any]], int | None],
) -> Dense:
    """Compare in double precision; `units` tells how many units in the last place they are apart."""
    a, b = pair
    size, far, limit = SCRATCH.doubles(len(a))
    if a.dtype == b.dtype == far.dtype:
        numpy.subtract(b, a, out=far)
        numpy.abs(a, out=size)
    else:
        size[:], far[:] = a, b
        numpy.subtract(far, size, out=far)
        numpy.abs(size, out=size)
    numpy.abs(far, out=far)
    absolute = float(far.max())
    if not math.isfinite(absolute):
        return _INFINITE
    differ = numpy.not_equal(far, 0, out=SCRATCH.flags(len(a)))  # numbers that differ have a difference
    differing = outside = int(numpy.count_nonzero(differ))
    if tolerance.rtol or tolerance.atol:
        numpy.multiply(size, tolerance.rtol, out=limit)
        numpy.add(limit, tolerance.atol, out=limit)
        beyond = far > limit
        outside = int(numpy.count_nonzero(beyond))
        if outside:
            differ = beyond
    first = int(numpy.argmax(differ))
    numpy.divide(far, size, out=far)
    relative = float(far.max(initial=0))
    if math.isnan(relative):  # two zeros
        relative = float(numpy.fmax.reduce(far, initial=0))
    ulp = units(a, b) if most_ulps(relative, a.dtype) > known.ulp else 0
    return Dense(absolute, relative, ulp or 0, outside, first, differing)
