"""Trials that a search has at other machines, by the signs of life that these give or do not give."""

import itertools
import os
import sys

import pytest

from ledger.errors import MismatchError, RemoteError
from ledger.model import TrialFinished, TrialLost, TrialStarted, layout
from ledger.model.frozen import replace
from ledger.model.space import Objective
from ledger.ops import copies, heartbeats
from ledger.ops.prepare import prepare
from ledger.ops.run_options import RunOptions
from ledger.ops.tune import others
from ledger.ops.tune import verify as tune_verify
from ledger.ops.tune.beginning import Wanted, begin
from ledger.ops.tune.loop import TuneOptions, tune
from ledger.ops.tune.others import Others
from ledger.ops.tune.proposing import Proposing, Setting
from ledger.ops.upstream import Upstream
from ledger.remotes import forms, names
from ledger.remotes.directory import DirectoryTransport
from ledger.tune.base import State
from ledger.tune.space.language.read import space

TRAIN = """
    import json, sys
    open("metrics.json", "w").write(json.dumps({"loss": float(sys.argv[1])}))
"""


WANTED = Wanted(
    name="x",
    command=(sys.executable, "train.py", "{lr}"),
    space=space(["lr=real(0, 1)"]),
    objectives=(Objective(metric="loss"),),
    sampler="random",
)


class Machine:
    """One of several that search through one remote, each with its own copy of it."""

    def __init__(self, project, url, cache, monkeypatch):
        monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
        self.workspace, _ = copies.find_or_make(project.path, url)
        self.directory, self.notes = project.path, []
        self.upstream = Upstream(self.workspace, self.notes.append)

    def search(self, executions, wanted=WANTED):
        options = TuneOptions(executions=executions)
        return tune(
            self.workspace, wanted, options, directory=self.directory, notify=self.notes.append
        ).standing.own

    def proposing(self):
        begun = begin(
            self.workspace,
            WANTED,
            directory=self.directory,
            variables=os.environ,
            fork=False,
            counts=lambda _id, _search: False,
        )
        setting = Setting(root=self.directory, directory=self.directory, variables=None)
        return Proposing(self.workspace, "x", begun.id, begun.search, setting)

    def start(self):
        """Record that a trial of the search has started, which has not."""
        with self.proposing() as proposing:
            _, order = proposing.next(lambda *_: False)
        prepared = prepare(
            self.workspace,
            order.argv,
            RunOptions(experiment="x", isolate=True, pinned=order.pinned),
            directory=self.directory,
            variables=os.environ,
            parent=None,
            spool=self.workspace.directory,
        )
        self.workspace.store.flush()
        trial = self.workspace.journal.append(replace(prepared.started, spool="another")).id
        self.workspace.store.release()
        self.beat(trial, 1)
        self.upstream.share()
        return trial

    def entries(self, kind):
        payloads = (each.entry.payload for each in self.workspace.journal.entries())
        return [each for each in payloads if isinstance(each, kind)]

    def beat(self, trial, count):
        transport = self.upstream.remote().transport
        transport.put(names.of_beat(bytes(range(16)), trial), forms.encode_beat(count, 1.0))
        transport.flush()

    def findings(self):
        return tune_verify.check(self.workspace.journal, "x").findings


@pytest.fixture
def machines(git_project, tmp_path, monkeypatch):
    """Two machines, and a trial: of a search that the first has begun, which has no end yet."""
    git_project.write(train=TRAIN)
    (git_project.path / "ledger.toml").write_text("[remote]\nheartbeat_s = 0\n")
    monkeypatch.setattr(others, "_EVERY_S", 0.0)
    url = (tmp_path / "lab").as_uri()
    ann, ben = (Machine(git_project, url, tmp_path / name, monkeypatch) for name in ("ann", "ben"))
    trial = ann.start()
    ben.upstream.refresh()
    return ann, ben, trial


@pytest.fixture
def clock(monkeypatch):
    """A clock that goes on by so many seconds at each look."""

    def goes(seconds, at_each=lambda count: None):
        ticks = itertools.count(1)

        def now():
            tick = next(ticks)
            at_each(tick)
            return "boot", tick * seconds

        monkeypatch.setattr(heartbeats, "_clock", now)

    return goes


def test_one_without_a_sign_of_life_is_lost_and_tried_again_and_an_end_that_comes_late_counts(
    machines, clock
):
    ann, ben, trial = machines
    clock(6.0)
    (again,) = ben.search(1)
    assert again.state is State.DONE
    assert again.trial != trial
    assert [(each.trial, each.reason) for each in ben.entries(TrialLost)] == [
        (trial, "its machine showed no sign of life for 6 s")
    ]
    assert any("is recorded as lost" in each for each in ben.notes)
    assert ben.findings() == ()
    (end,) = ben.entries(TrialFinished)
    ann.workspace.journal.append(replace(end, trial=trial))
    ann.upstream.share()
    ben.upstream.refresh()
    (late,) = ben.search(1)
    assert late.trial == trial
    assert ben.findings() == ()


def test_one_that_goes_on_counting_is_left_alone_and_not_waited_for(machines, clock):
    ann, ben, trial = machines
    clock(6.0, lambda count: ann.beat(trial, count + 1))
    (own,) = ben.search(1)
    assert (own.state, own.trial, own.running) == (State.PENDING, trial, True)
    assert ben.entries(TrialLost) == []
    assert len(ben.entries(TrialStarted)) == 1


def test_what_is_known_of_one_is_told_once(machines, clock, monkeypatch):
    _, ben, trial = machines
    clock(1.0)
    with ben.proposing() as proposing:
        watched = Others(proposing, ben.notes.append)
        assert watched.look() == frozenset()
        assert watched.doubtful == {trial: 5.0}
        for _ in range(2):
            watched.tell_doubts()
            watched.look()
        assert ben.notes == [
            f"trial {trial.short} of another machine runs, or has died: in 5 s or so that is known"
        ]

        def listed(_self, _prefix):
            raise RemoteError("cannot be reached")

        monkeypatch.setattr(DirectoryTransport, "listed", listed)
        for _ in range(2):
            watched.look()
            assert watched.doubtful == {}
        (told,) = ben.notes[1:]
        assert "cannot be reached" in told


def test_one_that_never_gave_a_sign_of_life_is_left_to_its_machine(machines, clock):
    ann, ben, trial = machines
    clock(1000.0)
    heartbeats.remove(ann.upstream.remote(), [names.of_beat(bytes(range(16)), trial)])
    with ben.proposing() as proposing:
        watched = Others(proposing, ben.notes.append)
        for _ in range(3):
            assert watched.look() == frozenset()
        assert watched.doubtful == {}
    (told,) = ben.notes
    assert "gives no signs of life" in told


def test_one_of_this_machine_is_none_of_them(machines, clock):
    _, ben, _ = machines
    clock(1000.0)
    (layout.spool(ben.workspace.directory) / "another").mkdir(parents=True)
    with ben.proposing() as proposing:
        watched = Others(proposing, ben.notes.append)
        assert [watched.look() for _ in range(3)] == [frozenset()] * 3
    assert ben.notes == []


def test_of_two_calls_on_one_machine_the_first_looks_after_them(machines, clock):
    _, ben, _ = machines
    clock(6.0)
    with ben.proposing() as first, ben.proposing() as second:
        watched = Others(second, ben.notes.append)
        assert [watched.look() for _ in range(3)] == [frozenset()] * 3
        watched = Others(first, ben.notes.append)
        assert [len(watched.look()) for _ in range(3)] == [0, 1, 0]
        (tried,) = first.standing()
        assert first.next(lambda *_: True)[0].id == tried.id
        assert second.next(lambda *_: True) is None


def test_a_search_that_runs_elsewhere_is_not_begun_anew_as_another_one(machines, clock):
    _, ben, _ = machines
    with pytest.raises(MismatchError) as caught:
        ben.search(1, replace(WANTED, seed=8))
    assert "being searched by another process" in caught.value.message
    assert "seed: 0 → 8" in caught.value.cause
    clock(6.0)
    for _ in range(2):
        ben.upstream.refresh()
    (own,) = ben.search(1, replace(WANTED, seed=8))
    assert own.state is State.DONE
