"""How far apart the numbers of arrays are: gone through block by block, several blocks at once."""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from math import prod
from threading import Lock

import numpy

from ledger import processors
from ledger.compare.array import Array, Block, in_c_order, side_by_side
from ledger.compare.base import Tolerance
from ledger.compare.mapped import Stored
from ledger.compare.numbers import HALVES, SINGLE, Apart, apart, apart_halves, of_bytes, spare_bits

_THREADS, _MANY = 4, 1 << 22
"""How many blocks are compared at once, at most, of arrays that have so many numbers in all."""

Pair = tuple[Array, Array]
"""Two arrays of numbers, of one shape."""


def distances(pairs: Sequence[Pair], tolerance: Tolerance) -> list[Apart]:
    """How far apart the numbers of each pair of arrays are.

    Of many numbers several blocks are compared at once, of whichever pairs, as numpy lets go of Python.

    Raises
    ------
    Unfit
        If an array ends early, or is too large to be brought into the order of the other one.
    """
    found: list[dict[int, Apart]] = [{} for _ in pairs]
    known = [Apart()] * len(pairs)
    blocks, one_at_a_time = _blocks(pairs), Lock()
    many = sum(prod(expected.shape) for expected, _ in pairs) >= _MANY
    threads = min(_THREADS, processors.allowed()) if many else 1

    def some() -> None:
        while True:
            with one_at_a_time:
                block = next(blocks, None)
            if block is None:
                return
            number, position, one, other = block
            expected, got = (each.dtype for each in pairs[number])
            if expected == got and expected in HALVES:
                here, there = (numpy.frombuffer(each, "<u2") for each in (one, other))
                part = apart_halves(here, there, tolerance, known[number], dtype=expected)
            else:
                part = apart(
                    of_bytes(one, expected),
                    of_bytes(other, got),
                    tolerance,
                    spare=spare_bits(expected),
                    known=known[number],
                    shared=threads > 1,
                    stored=Stored.of(one, other) if expected == got == SINGLE else None,
                )
            with one_at_a_time:
                found[number][position] = part
                known[number] += part

    if threads == 1:
        some()
    else:
        with ThreadPoolExecutor(threads) as pool:
            for each in [pool.submit(some) for _ in range(threads)]:
                each.result()
    return [sum((parts[position] for position in sorted(parts)), Apart()) for parts in found]


def _blocks(pairs: Iterable[Pair]) -> Iterator[tuple[int, int, Block, Block]]:
    """Number of a pair, position of a block in it, and both sides of it: one pair after the other."""
    for number, (expected, got) in enumerate(pairs):
        if expected.fortran != got.fortran:
            expected, got = in_c_order(expected), in_c_order(got)
        for position, (one, other) in enumerate(side_by_side(expected, got)):
            yield number, position, one, other
