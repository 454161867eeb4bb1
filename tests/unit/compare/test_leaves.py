"""Arrays that are compared by several threads."""

import subprocess
import sys

import numpy
import pytest

from ledger import processors
from ledger.compare import array, leaves
from ledger.compare.account import Account
from ledger.compare.base import Tolerance, Unfit


def compared(monkeypatch, expected, got, threads, tolerance):
    monkeypatch.setattr(processors, "allowed", lambda: threads)
    account = Account(tolerance)
    sides = [array.held(each.tobytes(), each.dtype.str, each.shape) for each in (expected, got)]
    leaves.compare_leaves("x", *sides, account)
    return account.comparison()


@pytest.fixture(scope="module")
def numbers():
    return numpy.random.default_rng(0).standard_normal(6 << 20, dtype="f4")


@pytest.mark.parametrize("tolerance", [Tolerance(), Tolerance(rtol=1e-6), Tolerance(atol=100.0)])
@pytest.mark.parametrize("every", [1, 1000, 5 << 20])
def test_threads_say_what_one_says(monkeypatch, numbers, every, tolerance):
    other = numbers.copy()
    other[3::every] *= numpy.float32(1 + 1e-5)
    other[-1] += 7
    one, several = (compared(monkeypatch, numbers, other, threads, tolerance) for threads in (1, 3))
    assert several == one
    assert several.distance.differing == numpy.count_nonzero(other != numbers)
    assert several.same is (tolerance.atol > 0)


def test_what_ends_early_is_told_by_whichever_thread(monkeypatch, numbers):
    monkeypatch.setattr(processors, "allowed", lambda: 3)
    sides = [array.held(each.tobytes(), "<f4", numbers.shape) for each in (numbers, numbers[:-1])]
    with pytest.raises(Unfit, match="ends early"):
        leaves.compare_leaves("x", *sides, Account(Tolerance()))


@pytest.mark.parametrize("place", [0, 7, 300_000, 5_999_999])
def test_the_first_item_that_differs_is_told_whatever_the_blocks(place):
    words = numpy.full(6_000_000, b"abc")
    other = words.copy()
    other[place:] = b"abd"
    account = Account(Tolerance())
    sides = [array.held(each.tobytes(), each.dtype.str, each.shape) for each in (words, other)]
    leaves.compare_leaves("x", *sides, account)
    assert account.comparison().detail == f"x: its items differ from {place} on"


_COMPARE = """
import sys
from ledger import processors
from ledger.compare import registry
from ledger.compare.base import Tolerance
processors.allowed = lambda: 4
with open(sys.argv[1], "rb") as one, open(sys.argv[2], "rb") as other:
    assert not registry.find("application/x-npz")(one, other, Tolerance()).same
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""


@pytest.mark.slow
def test_four_threads_take_no_more_memory_than_is_said(tmp_path):
    paths = [tmp_path / f"{number}.npz" for number in range(2)]
    numbers = numpy.random.default_rng(0).standard_normal(128 << 20, dtype="f4")
    for more, path in enumerate(paths):
        numpy.savez(path, w=numbers + numpy.float32(more * 1e-6))
    words = [sys.executable, "-c", _COMPARE, *map(str, paths)]
    assert int(subprocess.run(words, check=True, stdout=subprocess.PIPE).stdout) < 400 << 10  # kB
