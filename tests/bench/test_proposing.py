"""What one proposal of a long search takes, from opening the ledger to the entry that tells of it.

Each is made by a search that has just been opened, with nothing in memory: the history is had from the
ledger, by its index, as every command does that goes on with a search. Imports are not counted.
"""

import gc
import os
import sys
import time
from statistics import median

import cbor2
import pytest

sys.path.insert(0, os.path.dirname(__file__))
import problems
from long_search import LongSearch

from ledger import workspace as workspaces
from ledger.ops.tune.history import observations
from ledger.ops.tune.standing import standing
from ledger.tune.samplers import registry
from ledger.tune.space.unit import UnitSpace

pytestmark = [pytest.mark.bench, pytest.mark.timeout(900)]

AIMS_S = {100: 0.020, 1_000: 0.050, 10_000: 0.200}
MISSED = 2.0
"""Times an aim at which it fails: after 100 trials 20 to 25 ms were measured, 14 of the sampler alone."""
TURNS, WARM = 11, 2
TRIES = 3
"""Another one where the first was slow: what else the machine does may have been the reason."""


@pytest.mark.parametrize("count", AIMS_S)
def test_a_proposal_from_the_ledger_in_time(count, tmp_path, report, slowness):
    search = LongSearch(tmp_path / "project", problems.problem("mlp-digits"), count)
    first = taken(search)  # and the index is made
    found = []
    for _ in range(TRIES):
        times = [taken(search) for _ in range(WARM + TURNS)][WARM:]
        whole = median(each for each, _ in times)
        slow = slowness()
        found.append((whole / slow, whole, slow, times))
        if whole <= AIMS_S[count] * slow:
            break
    _, whole, slow, times = min(found)
    report(
        f"one proposal after {count:,} trials, from opening the ledger on, median of {TURNS}",
        f"{1000 * whole:.1f} ms of CPU, {1000 * median(each for _, each in times):.1f} ms in all, at most"
        f" {1000 * max(each for each, _ in times):.1f} ms; the sampler alone {1000 * sampled(search):.1f} ms;"
        f" without an index {1000 * first[0]:.0f} ms, reading the entries' CBOR alone"
        f" {1000 * decoded(search):.0f} ms",
        f"aim: {1000 * AIMS_S[count]:.0f} ms × {slow:.2f}",
    )
    assert whole <= MISSED * AIMS_S[count] * slow


def taken(search):
    """CPU seconds and elapsed ones of a proposal; its trial is written, too, and is not counted."""
    gc.collect()
    gc.freeze()  # what else there is in this process
    cpu, elapsed = time.process_time(), time.perf_counter()
    with search.proposing() as proposing:
        tried, order = proposing.next(lambda tried, _: len(now(search, tried).own) > 1 << 20)
        found = time.process_time() - cpu, time.perf_counter() - elapsed
    gc.unfreeze()
    assert order is not None
    assert tried.number >= search.count
    search.ran(tried)
    return found


def now(search, tried):
    return standing("long", search.now.id, search.now.search, tried)


def sampled(search):
    """The same with the observations in memory: what the sampler takes."""
    with search.proposing() as proposing:
        known = observations(search.now.search, proposing.standing())
    space, times = UnitSpace(search.now.search.space), []
    for number in range(search.count, search.count + TURNS):
        began = time.process_time()
        sampler = registry.make("auto", space, 1, 7)
        sampler.update(known)
        sampler.suggest(number)
        times.append(time.process_time() - began)
    return median(times)


def decoded(search):
    bodies = [each.body for each in workspaces.find(search.root).journal.entries()]
    began = time.process_time()
    for body in bodies:
        cbor2.loads(body)
    return time.process_time() - began
