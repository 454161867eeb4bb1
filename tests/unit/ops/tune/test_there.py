"""Trials on machines that share nothing with the search but a remote."""

import sys
from concurrent.futures import BrokenExecutor, ThreadPoolExecutor

import pytest

from ledger.model.entry import TrialLost, TrialStarted
from ledger.model.frozen import replace
from ledger.model.space import Objective
from ledger.ops import copies, lost
from ledger.ops.tune import verify as tune_verify
from ledger.ops.tune.beginning import Wanted
from ledger.ops.tune.elsewhere import runs
from ledger.ops.tune.loop import TuneOptions, tune
from ledger.ops.tune.workers import work
from ledger.tune.base import State
from ledger.tune.space.language.read import space

TRAIN = """
    import json, os, sys
    open("metrics.json", "w").write(json.dumps({"loss": float(sys.argv[1]), "key": len(sys.argv[2])}))
"""


ORDERS = []


class Moved(ThreadPoolExecutor):
    """A machine on which there is no directory of that name, so that it has to do without the tree."""

    def submit(self, function, order):
        return super().submit(self._there, function, replace(order, root="/none", directory="/none/beneath"))

    def _there(self, function, order):
        ORDERS.append(order)
        return function(order)


@pytest.fixture
def search(git_project, tmp_path):
    beneath = git_project.path / "beneath"
    beneath.mkdir()
    git_project.write(**{"beneath/train": TRAIN})
    workspace, _ = copies.find_or_make(git_project.path, (tmp_path / "lab").as_uri())

    def search(executions):
        ORDERS.clear()
        return tune(
            workspace,
            Wanted(
                name="x",
                command=(sys.executable, "train.py", "{lr}", "token-12345678"),
                space=space(["lr=real(0, 1)"]),
                objectives=(Objective(metric="loss"),),
                sampler="random",
            ),
            TuneOptions(executions=executions, executor=lambda: Moved(1)),
            directory=beneath,
            notify=git_project.notes.append,
        )

    search.workspace = workspace
    return search


def test_the_pinned_tree_stands_for_one_that_is_not_there(search, monkeypatch):
    monkeypatch.setenv("API_TOKEN", "token-12345678")
    tuned = search(2)
    assert [each.state for each in tuned.standing.own] == [State.DONE, State.DONE]
    checked = tune_verify.check(search.workspace.journal, "x")
    assert (checked.findings, checked.proposals) == ((), 2)
    assert ORDERS[0].argv[-1] == "secret:API_TOKEN"  # it is not sent, each machine has its own
    starts = [each.entry.payload for each in search.workspace.journal.entries()]
    roots = {each.root for each in starts if isinstance(each, TrialStarted)}
    assert len(roots) == 2
    assert not any(root.startswith("/none") for root in roots)


def test_a_trial_that_somebody_began_is_not_begun_twice(search):
    tuned = search(1)
    journal = search.workspace.journal
    (started,) = (
        each.entry.payload for each in journal.entries() if isinstance(each.entry.payload, TrialStarted)
    )
    proposal = tuned.standing.own[0].id
    assert not runs(search.workspace, proposal)
    trial = journal.append(replace(started, spool="apart-of-another-machine")).id
    assert runs(search.workspace, proposal)
    with pytest.raises(BrokenExecutor):
        work(ORDERS[0])
    lost.declare(search.workspace, trial, started, "its machine is gone")
    assert not runs(search.workspace, proposal)
    assert isinstance(list(journal.entries())[-1].entry.payload, TrialLost)
