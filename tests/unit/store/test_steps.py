import gc
import io
import os
import random
import threading

import pytest

from ledger.model import Digest
from ledger.store.steps import LEAST, MOST, Steps, cutter

CONTENT = random.Random(0).randbytes(3_000_000)


def taken(content, **options):
    steps = Steps(io.BytesIO(content).readinto, **options)
    lengths, got = [], b""
    for step in steps:
        assert not step.lengths or sum(step.lengths) == len(step.content)
        lengths += step.lengths
        got += bytes(step.content)
    return steps, lengths, got


@pytest.mark.parametrize("step", [8 << 20, 1_000_000, MOST, MOST - 1, 100_003, 7_777])
@pytest.mark.parametrize(
    "content", [CONTENT, bytes(1_000_000), b"a", b""], ids=["random", "zeros", "byte", "empty"]
)
def test_cuts_do_not_depend_on_how_much_is_read_at_once(content, step):
    steps, lengths, got = taken(content, cut=True, step=step)
    assert got == content
    assert (steps.digest, steps.size) == (Digest.of(content), len(content))
    assert lengths == ([chunk.length for chunk in cutter().cut_buf(content)] if content else [])
    assert all(LEAST <= each <= MOST for each in lengths[:-1])


def test_nothing_is_cut_where_that_is_not_asked():
    steps, lengths, got = taken(CONTENT, cut=False, step=500_000)
    assert (got, lengths, steps.digest) == (CONTENT, [], Digest.of(CONTENT))


def test_an_error_of_the_source_reaches_who_takes_the_steps():
    count = 0

    def fill(buffer):
        nonlocal count
        count += 1
        if count == 3:
            raise OSError(5, "Input/output error")
        return len(buffer)

    with pytest.raises(OSError, match="Input/output"):
        for _ in Steps(fill, cut=False, step=1000):
            pass
    assert "ledger-reading" not in [each.name for each in threading.enumerate()]


def test_a_reader_that_stops_leaves_no_thread():
    for _ in Steps(io.BytesIO(CONTENT).readinto, cut=True, step=10_000):
        break
    gc.collect()
    assert "ledger-reading" not in [each.name for each in threading.enumerate()]


def test_short_reads():
    source = io.BytesIO(CONTENT)
    steps = Steps(lambda buffer: source.readinto(buffer[:12_345]), cut=True, step=400_000)
    lengths = [each for step in steps for each in step.lengths]
    assert lengths == [chunk.length for chunk in cutter().cut_buf(CONTENT)]
    assert steps.digest == Digest.of(CONTENT)


def test_what_stands_behind_an_edit_is_cut_as_before():
    edited = CONTENT[:1_000_000] + os.urandom(1000) + CONTENT[1_000_000:]
    before, after = ({Digest.of(piece) for piece in cut(content)} for content in (CONTENT, edited))
    assert len(after - before) <= 3


def cut(content):
    at = 0
    for chunk in cutter().cut_buf(content):
        yield content[at : at + chunk.length]
        at += chunk.length
