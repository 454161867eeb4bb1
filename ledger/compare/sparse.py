"""Numbers that differ, picked out of blocks most of whose numbers do not: compared one by one."""

import math
from typing import Any, NamedTuple

import numpy
from numpy.typing import NDArray

from ledger.compare.base import Tolerance
from ledger.compare.ulps import ulps

Block = NDArray[Any]


class Sparse(NamedTuple):
    """Fields of `numbers.Apart`; `first` is a position."""

    absolute: float
    relative: float
    ulp: int | None
    outside: int
    first: int


def sparse(a: Block, b: Block, tolerance: Tolerance) -> Sparse:
    """Compare numbers of any two types, all of which differ; at least one."""
    wide = numpy.result_type(a.dtype, b.dtype, numpy.float64)
    if a.dtype.kind in "iub" and b.dtype.kind in "iub":
        far = _whole(a, b)
    else:
        far = numpy.abs(b.astype(wide) - a.astype(wide))
    far[numpy.isnan(far)] = math.inf
    size = numpy.abs(a.astype(wide))
    relative = far / size
    relative[~(size > 0) | numpy.isinf(size)] = math.inf
    near = (far <= tolerance.atol + tolerance.rtol * size) & numpy.isfinite(size)
    outside = len(a) - int(numpy.count_nonzero(near))
    first = int(numpy.argmin(near)) if outside else 0
    finite = numpy.isfinite(a).all() and numpy.isfinite(b).all()
    return Sparse(float(far.max()), float(relative.max()), ulps(a, b) if finite else None, outside, first)


def _whole(a: Block, b: Block) -> Block:
    """Absolute difference of whole numbers, which may not fit into their type."""
    if numpy.result_type(a, b).kind == "f":  # int64 and uint64: no type holds both
        signed, other = (a, b) if a.dtype.kind == "i" else (b, a)
        plain = signed.astype("u8")  # of a negative number: 2**64 more
        across = other.astype("f8") + (numpy.uint64(0) - plain).astype("f8")
        return numpy.where(signed < 0, across, _whole(plain, other))
    low, high = numpy.minimum(a, b).astype("u8"), numpy.maximum(a, b).astype("u8")
    found: Block = (high - low).astype("f8")
    return found
