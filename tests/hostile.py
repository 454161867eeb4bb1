"""Contents that are damaged in every way, and what a comparator must make of them."""

import io
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.compare.base import Tolerance

MOST_MEMORY = 450 << 10
"""kB that a hostile content may take."""


def compare(comparator, expected, got, **tolerance):
    return comparator(io.BytesIO(expected), io.BytesIO(got), Tolerance(**tolerance))


def check_damaged(comparator, *contents, examples=150):
    """Truncate, overwrite and repeat parts of real contents: never an exception, and never exact."""

    @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck))
    @given(data=st.data())
    def check(data):
        content = data.draw(st.sampled_from(contents))
        how = data.draw(st.sampled_from(["cut", "overwrite", "repeat", "drop"]))
        start = data.draw(st.integers(0, len(content) - 1))
        stop = data.draw(st.integers(start, min(len(content), start + 64)))
        part = {
            "cut": lambda: content[:start],
            "overwrite": lambda: (
                content[:start]
                + data.draw(st.binary(min_size=stop - start, max_size=stop - start))
                + content[stop:]
            ),
            "repeat": lambda: content[:stop] + content[start:],
            "drop": lambda: content[:start] + content[stop:],
        }[how]()
        for pair in ((content, part), (part, content), (part, part + b"x")):
            result = compare(comparator, *pair)
            assert result.exact is (pair[0] == pair[1])
            assert (result.detail is None) is result.exact

    check()


def memory_grown(comparator, *pair):
    """kB by which comparing a pair exceeds the memory of this process before, and the result."""
    Path("/proc/self/clear_refs").write_text("5")  # sets the largest memory to that of now
    before = _largest_memory()
    result = compare(comparator, *pair)
    return _largest_memory() - before, result


def _largest_memory():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))
