"""How far apart two blocks of numbers are: absolutely, relatively, and in units in the last place."""

import math
from dataclasses import replace
from typing import Any, Final

import numpy
from numpy.typing import NDArray

from ledger.compare.base import Distance, Tolerance
from ledger.compare.bounds import Known
from ledger.compare.dense import Dense, dense, dense_single
from ledger.compare.mapped import Stored
from ledger.compare.scratch import SCRATCH
from ledger.compare.sides import HalfPrecisionSides, HalfSides, Sides, StoredSides
from ledger.compare.sparse import sparse
from ledger.compare.ulps import SIGNED
from ledger.model.frozen import frozen

Block = NDArray[Any]

BFLOAT16: Final = "bfloat16"
"""A type that numpy does not know: the upper half of a ``<f4``."""
HALVES: Final[dict[str, type[HalfSides]]] = {BFLOAT16: HalfSides, "<f2": HalfPrecisionSides}
"""Types of 16 bits that are widened where they differ."""
SINGLE: Final = numpy.dtype("f4").str
"""Numbers in single precision, in the byte order of this machine."""
_AT_ONCE: Final = 1 << 18
"""Numbers for which all that is computed of them fits into the cache that processors share; of fewer, steps
cost more than a nearer cache saves."""
_SHARED: Final = 1 << 20
"""Numbers for which it is done where steps are dear."""
_MOST: Final = 1 << 23
"""Numbers of which `dense` goes through parts anyway."""
_FEW: Final = 1 << 10
_WHOLE: Final = 1 << 53
"""Double precision holds all whole numbers up to that."""


@frozen
class Apart:
    """How far apart some pairs of numbers are; two of them add up."""

    absolute: float = 0.0
    relative: float = 0.0
    ulp: int | None = 0
    """None once two numbers had no unit in the last place."""
    differing: int = 0
    outside: int = 0
    """How many differ by more than the tolerance."""
    compared: int = 0
    first: tuple[complex, complex] | None = None
    """The first pair that differs, of those outside of the tolerance if there is one; None also where only
    the distance is known."""

    @classmethod
    def of_values(cls, expected: float, got: float, tolerance: Tolerance) -> "Apart":
        """Compare two Python numbers; whole ones of any size."""
        if equal(expected, got):
            return cls(compared=1)
        if isinstance(expected, float) and isinstance(got, float):
            return cls.of_complex(expected, got, tolerance)
        if max(abs(expected), abs(got)) < 2.0**53:
            return replace(cls.of_complex(expected, got, tolerance), ulp=None, first=(expected, got))
        try:
            far, size = abs(got - expected), abs(expected)
            absolute, relative = float(far), far / size if size else math.inf
        except OverflowError:
            absolute = relative = math.inf
        return cls(
            absolute=absolute,
            relative=relative,
            ulp=None,
            differing=1,
            outside=int(not tolerance.allows(expected, got)),
            compared=1,
            first=(expected, got),
        )

    @classmethod
    def of_complex(cls, expected: complex, got: complex, tolerance: Tolerance) -> "Apart":
        """Compare two Python numbers that numpy has a type for."""
        return apart(numpy.array([expected]), numpy.array([got]), tolerance)

    def __add__(self, other: "Apart") -> "Apart":
        late = self.first is None or (other.outside and not self.outside)
        ulps = (self.ulp, other.ulp)
        return Apart(
            absolute=max(self.absolute, other.absolute),
            relative=max(self.relative, other.relative),
            ulp=None if ulps[0] is None or ulps[1] is None else max(ulps[0], ulps[1]),
            differing=self.differing + other.differing,
            outside=self.outside + other.outside,
            compared=self.compared + other.compared,
            first=other.first if late else self.first,
        )

    def __str__(self) -> str:
        if self.compared == 1 and self.first is not None:
            return f"{_shown(self.first[0])} and {_shown(self.first[1])}"
        parts = [f"{self.differing} of {self.compared} numbers differ, by up to {self.absolute:.3g}"]
        if math.isfinite(self.relative):
            parts.append(f"relatively {self.relative:.3g}")
        if self.ulp is not None and self.ulp < 1_000_000:
            parts.append(f"{self.ulp} ULP")
        return ", ".join(parts)

    def distance(self) -> Distance:
        """The same without the pair."""
        return Distance(
            absolute=self.absolute,
            relative=self.relative,
            ulp=self.ulp,
            differing=self.differing,
            compared=self.compared,
        )


def apart(
    expected: Block,
    got: Block,
    tolerance: Tolerance,
    *,
    spare: int = 0,
    known: Apart | None = None,
    shared: bool = False,
    stored: Stored | None = None,
) -> Apart:
    """Compare two blocks of one length, as numpy's `isclose` with ``equal_nan`` would, in double precision.

    Units in the last place are the number of representable numbers from one to the other: the difference of
    the bit patterns, in the order of the numbers (Dawson, "Comparing floating point numbers").

    Parameters
    ----------
    expected, got
        One dimension, any numeric dtype; where their dtypes differ there is no unit in the last place.
    tolerance
        How far apart two numbers may be.
    spare
        Low bits that the stored type does not have: 16 of an ``f4`` that was `BFLOAT16`.
    known
        How far apart other numbers of the same arrays are: what is nearer need not be known precisely.
    shared
        Whether other threads compare too: they wait for each other to let go of Python at each step, which
        takes longer than what does not fit into a cache; but for those numbers of which most is computed.
    stored
        Where both blocks lie, if they are `SINGLE`; what is looked at as a whole is read from there.
    """
    single = expected.dtype.kind == "f" and expected.dtype.itemsize == 4
    step = _MOST if single else _SHARED if shared and not _real(expected.dtype) else _AT_ONCE
    with numpy.errstate(all="ignore"):
        if stored is not None and len(expected) <= step:
            return _apart(expected, got, tolerance, spare, known or Apart(), stored)
        return _by_steps(expected, got, tolerance, spare, known or Apart(), step)


def apart_halves(
    expected: Block, got: Block, tolerance: Tolerance, known: Apart | None = None, *, dtype: str = BFLOAT16
) -> Apart:
    """Compare two blocks of one of `HALVES`, given as ``<u2``, as `apart` does: widened where they differ."""
    with numpy.errstate(all="ignore"):
        return _apart_halves(expected, got, tolerance, known or Apart(), HALVES[dtype])


def equal(expected: complex, got: complex) -> bool:
    """Whether two numbers are equal, or both are NaN."""
    return expected == got or (expected != expected and got != got)


def of_bytes(content: bytes | bytearray | memoryview, dtype: str) -> Block:
    """Numbers that lie in `content`; those of `BFLOAT16` as ``f4``, see `spare_bits`."""
    if dtype == BFLOAT16:
        return HalfSides.widened(numpy.frombuffer(content, "<u2"))
    return numpy.frombuffer(content, dtype)


def spare_bits(dtype: str) -> int:
    """How many low bits the numbers that `of_bytes` gives have more than the stored ones."""
    return HalfSides.spare if dtype == BFLOAT16 else 0


def _native(block: Block) -> Block:
    return block.astype(block.dtype.newbyteorder("="), copy=False)


def _by_steps(
    expected: Block, got: Block, tolerance: Tolerance, spare: int, known: Apart, step: int
) -> Apart:
    found = Apart()
    for start in range(0, len(expected), step):
        a, b = (_native(each[start : start + step]) for each in (expected, got))
        part = _apart(a, b, tolerance, spare, known)
        found += part
        known += part
    return found


def _apart(
    a: Block, b: Block, tolerance: Tolerance, spare: int, known: Apart, stored: Stored | None = None
) -> Apart:
    size = len(a)
    real = size >= _FEW and a.dtype == b.dtype and _real(a.dtype)
    many = real and _begin_apart(a, b)
    if not many:  # as it begins, most often it goes on: then one pass less tells it
        differ = numpy.not_equal(a, b, out=SCRATCH.flags(size))
        differing = int(numpy.count_nonzero(differ))
        many = real and 8 * differing > size
    if many and _exact(a) and _exact(b):
        if a.dtype == SINGLE:
            sides = StoredSides(a, b, stored) if stored else Sides(a, b)
            found = dense_single(sides, tolerance, _known(known, spare))
        else:
            found = dense(a, b, tolerance, _known(known, 0))
        if found:
            return _told(found, size, (a, b), spare)
        if size > _SHARED:  # some are not finite: what is computed of them one by one takes much memory
            return _by_steps(a, b, tolerance, spare, known, _SHARED)
    if many:
        bits = SIGNED[a.dtype.itemsize]
        differ = a.view(bits) != b.view(bits)  # NaNs do not differ from each other
        differing = int(numpy.count_nonzero(differ))
    if not differing:
        return Apart(compared=size)
    places = numpy.flatnonzero(differ)
    return _one_by_one(a[places], b[places], size, tolerance, spare)


def _apart_halves(
    expected: Block, got: Block, tolerance: Tolerance, known: Apart, kind: type[HalfSides]
) -> Apart:
    size = len(expected)
    if size >= _FEW and _begin_apart(expected, got):
        differing = size
    else:
        differing = int(numpy.count_nonzero(numpy.not_equal(expected, got, out=SCRATCH.flags(size))))
    if not differing:
        return Apart(compared=size)
    if size >= _FEW and 8 * differing > size:
        if found := dense_single(kind(expected, got), tolerance, _known(known, kind.spare)):
            if not found.differing:  # zeros of two signs
                return Apart(compared=size)
            at = slice(found.first, found.first + 1)
            first = kind.widened(expected[at]), kind.widened(got[at])
            return _told(found._replace(first=0), size, first, kind.spare)
        if size > _SHARED:  # see `_apart`
            parts = (slice(start, start + _SHARED) for start in range(0, size, _SHARED))
            return sum(
                (_apart_halves(expected[at], got[at], tolerance, known, kind) for at in parts), Apart()
            )
    places = numpy.flatnonzero(numpy.not_equal(expected, got, out=SCRATCH.flags(size)))
    (one, spare), (other, _) = (kind.as_stored(each[places]) for each in (expected, got))
    return _one_by_one(one, other, size, tolerance, spare)


def _begin_apart(a: Block, b: Block) -> bool:
    return 8 * int(numpy.count_nonzero(a[:_FEW] != b[:_FEW])) > _FEW


def _known(known: Apart, spare: int) -> Known:
    return Known(known.absolute, known.relative, (known.ulp or 0) << spare)


def _told(found: Dense, compared: int, sides: tuple[Block, Block], spare: int) -> Apart:
    one, other = sides
    return Apart(
        absolute=found.absolute,
        relative=found.relative,
        ulp=found.ulp >> spare if one.dtype.kind == "f" else None,
        differing=found.differing,
        outside=found.outside,
        compared=compared,
        first=(one[found.first].item(), other[found.first].item()),
    )


def _one_by_one(a: Block, b: Block, compared: int, tolerance: Tolerance, spare: int) -> Apart:
    """Compare numbers whose bits differ."""
    same = (a == b) | ((a != a) & (b != b))
    if same.any():
        a, b = a[~same], b[~same]
    if not len(a):
        return Apart(compared=compared)
    found = sparse(a, b, tolerance)
    return Apart(
        absolute=found.absolute,
        relative=found.relative,
        ulp=found.ulp if found.ulp is None else found.ulp >> spare,
        differing=len(a),
        outside=found.outside,
        compared=compared,
        first=(a[found.first].item(), b[found.first].item()),
    )


def _real(dtype: numpy.dtype[Any]) -> bool:
    """Whether numbers of a type are looked at as a whole where many differ."""
    return dtype.kind in "iu" or (dtype.kind == "f" and dtype.itemsize in SIGNED)


def _exact(block: Block) -> bool:
    """Whether double precision holds all numbers."""
    if block.dtype.kind == "f" or block.dtype.itemsize < 8:
        return True
    return bool(block.max() <= _WHOLE and block.min() >= -_WHOLE)


def _shown(value: complex) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}…"
