"""What all formats have in common: numbers are measured, a tolerance counts, and nothing hostile gets far."""

import importlib.util
import io
import random
import resource
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.compare import registry
from ledger.compare.base import Comparison, Tolerance

_spec = importlib.util.spec_from_file_location("samples", Path(__file__).with_name("samples.py"))
samples = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(samples)
PAIRS = samples.pairs()
every = pytest.mark.parametrize("name", PAIRS)


def compare(name, expected, got, **tolerance):
    return registry.find(PAIRS[name][0])(io.BytesIO(expected), io.BytesIO(got), Tolerance(**tolerance))


@every
def test_numbers_that_differ_are_measured(name):
    _, one, other = PAIRS[name]
    found = compare(name, one, other)
    assert (found.same, found.exact) == (False, False)
    assert "bytes" not in found.detail, found.detail
    assert found.distance.absolute == 0.5
    assert found.distance.differing >= 1


@every
def test_numbers_may_be_near_each_other(name):
    _, one, other = PAIRS[name]
    found = compare(name, one, other, atol=0.5)
    assert found.same, found.detail
    assert found.detail.startswith("within rtol 0, atol 0.5: ")
    assert not compare(name, one, other, atol=0.4).same


@every
@settings(max_examples=40, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_damaged_content_is_compared_as_bytes(name, data):
    _, one, other = PAIRS[name]
    if data.draw(st.booleans(), label="torn"):
        damaged = other[: data.draw(st.integers(0, len(other) - 1))]
    else:
        places = data.draw(
            st.lists(st.tuples(st.integers(0, len(other) - 1), st.integers(0, 255)), min_size=1)
        )
        changed = bytearray(other)
        for place, value in places:
            changed[place] = value
        damaged = bytes(changed)
    for pair in ((one, damaged), (damaged, one), (damaged, damaged + b"x")):
        found = compare(name, *pair)
        assert isinstance(found, Comparison)
        assert found.detail or found.exact


@every
def test_noise_is_compared_as_bytes(name):
    head = PAIRS[name][1]
    noise = random.Random(0).randbytes(5000)
    for cut in (0, 1, 2, 4, 8, 20, 100):
        found = compare(name, head[:cut] + noise, head[:cut] + noise[::-1])
        assert not found.same


@pytest.mark.slow
@every
def test_memory_is_bounded_for_a_file_that_is_mostly_empty(name, tmp_path):
    files = []
    for number, content in enumerate(PAIRS[name][1:]):
        path = tmp_path / f"{number}"
        with open(path, "wb") as file:
            file.write(content)
            file.truncate(600 << 20)
        files.append(path)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with open(files[0], "rb") as one, open(files[1], "rb") as other:
        assert not registry.find(PAIRS[name][0])(one, other, Tolerance()).same
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200 << 10  # kB
