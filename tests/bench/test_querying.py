"""What it takes to open a large ledger and to ask it something, in a process that has its modules loaded.

The log and the index of a million trials are written directly, value by value what recording them and asking
for the first time would leave (which a smaller ledger shows). Times are medians of turns, each on a handle of
its own, so that nothing is known of the turn before; files are in the page cache. The control is numpy doing
the same comparisons and the same choice on the columns as arrays in memory.
"""

import os
import shutil
import sys
import time
from functools import partial
from statistics import median

import numpy as np
import pytest

sys.path.insert(0, os.path.dirname(__file__))
import bulk

from ledger import workspace
from ledger.journal.local import LocalJournal
from ledger.journal.pieces import array_of
from ledger.journal.stretch import Stretch
from ledger.model import layout
from ledger.ops import search, sparse
from ledger.ops.search import Question

pytestmark = [pytest.mark.bench, pytest.mark.timeout(1800)]

TRIALS = 1_000_000
PARAMETERS, METRICS = 20, 10
TURNS = 15
OPEN_S, ASK_S = 0.010, 0.050
MISSED = 1.5
"""Times an aim at which it fails: 17 to 42 ms were measured of the second, on one machine at other times."""
TRIES = 3
"""Another one where the first was slow: what else the machine does may have been the reason."""
ROOM = 1000
"""Bytes of a trial; its 50 random numbers, of 53 bits each, are in its entries and again in the index."""
BARE = 4 + 4 + 8
"""Bytes of a key, a trial's number and a value."""

BEST = Question(where="digits_rate0 < 0.1 and metric0 < 0.3", sort="metric0", limit=10)


@pytest.fixture(scope="module")
def million(tmp_path_factory):
    root = tmp_path_factory.mktemp("million")
    found = workspace.find_or_make(root)[0]
    os.sync()
    sealed = bulk.write(
        found.directory, TRIALS, experiments=["digits"], parameters=PARAMETERS, metrics=METRICS, indexed=True
    )
    os.sync()
    yield root, found.directory, sealed
    shutil.rmtree(root)
    os.sync()


def taken(call):
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def opened(ledger):
    with sparse.opened(LocalJournal(ledger).trial_index()):
        pass


def control(rate, metric):
    wanted = np.flatnonzero((rate < 0.1) & (metric < 0.3))
    return wanted[np.argpartition(metric[wanted], 10)[:10]]


def test_a_million_trials_are_opened_and_asked(million, report, slowness):
    _, ledger, _ = million
    rate, metric = np.random.default_rng(1).random((2, TRIALS))
    times = ("open", "ask", "again", "control")
    opened(ledger)
    tries = []
    for _ in range(TRIES):
        times = {name: [] for name in times}
        for _ in range(TURNS):
            times["control"].append(taken(lambda: control(rate, metric)))
            times["open"].append(taken(lambda: opened(ledger)))
            ask = partial(search.find, LocalJournal(ledger), BEST)
            times["ask"].append(taken(ask))
            times["again"].append(taken(ask))
        slow = slowness()
        found = {name: median(each) for name, each in times.items()}
        tries.append((max(found["open"] / OPEN_S, found["ask"] / ASK_S) / slow, slow, found))
        if tries[-1][0] <= 1:
            break
    _, slow, found = min(tries, key=lambda each: each[0])
    shown = {name: f"{1000 * seconds:.1f} ms" for name, seconds in found.items()}
    report(f"opening {TRIALS:,} trials", shown["open"], f"aim: {1000 * OPEN_S:.0f} ms × {slow:.2f}")
    report(
        f"filter and top 10 of {TRIALS:,} trials, opening and checking the columns included",
        f"{shown['ask']}, again on the same handle {shown['again']}, numpy in memory {shown['control']}",
        f"aim: {1000 * ASK_S:.0f} ms × {slow:.2f}",
    )
    assert found["open"] <= MISSED * OPEN_S * slow
    assert found["ask"] <= MISSED * ASK_S * slow


def test_the_command(million, programs, report, timed):
    root, _, _ = million
    words = [programs / "ledger", "log", "--where", BEST.where, "--sort", BEST.sort, "-n", "10"]
    runs = timed({"log": (words, root), "help": ([programs / "ledger", "log", "--help"], root)}, rounds=5)
    shown = {name: f"{median(elapsed for _, elapsed in each):.2f} s" for name, each in runs.items()}
    report(f"`ledger log --where EXPR` over {TRIALS:,} trials", shown["log"], f"--help alone {shown['help']}")
    assert median(cpu for cpu, _ in runs["log"]) < 5


def test_bytes_a_trial(million, report):
    _, ledger, sealed = million
    index = room(ledger)
    report(
        "bytes a trial: entries in segments, index",
        f"{sealed / TRIALS:.0f} + {index / TRIALS:.0f}",
        f"{ROOM:,}",
    )
    assert (sealed + index) / TRIALS <= ROOM


def test_unrelated_experiments_take_the_room_of_their_values(tmp_path, report):
    ledger = workspace.find_or_make(tmp_path)[0].directory
    names = [f"experiment{number}" for number in range(50)]
    bulk.write(ledger, 100_000, experiments=names, parameters=20, metrics=0, indexed=True)
    bare = BARE * 20 * 100_000
    report("index of 50 × 20 hyperparameters, 100,000 trials", f"{room(ledger) / bare:.2f} × bare", "2 ×")
    assert room(ledger) <= 2 * bare


def test_the_index_written_directly_is_the_one_that_asking_makes(tmp_path):
    ledger = workspace.find_or_make(tmp_path)[0].directory
    bulk.write(ledger, 9000, experiments=["digits", "letters"], parameters=3, metrics=2, indexed=True)
    direct = columns(ledger)
    shutil.rmtree(layout.index(ledger))
    found = search.find(LocalJournal(ledger), Question(limit=1))
    assert found.all == 9000
    assert columns(ledger) == direct
    assert LocalJournal(ledger).verify() == []


def room(ledger):
    return sum(path.stat().st_size for path in layout.index(ledger).iterdir())


def columns(ledger):
    (path,) = (path for path in layout.index(ledger).iterdir() if layout.stretch_name(path.name))
    stretch = Stretch.read(path)
    return {
        key: [
            (piece.kind, array_of(piece.numbers).tolist(), list(map(piece.value, range(len(piece.numbers)))))
            for piece in stretch.column(key)
        ]
        for key in stretch
    }
