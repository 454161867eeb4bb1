"""Trials that go on later: in a search that dies meanwhile, and on other machines."""

import os
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from ledger.errors import UsageError
from ledger.model import Status, TrialDecided
from ledger.model.frozen import replace
from ledger.model.space import Objective
from ledger.ops import checkpoints, copies, searches
from ledger.ops.tune import verify as tune_verify
from ledger.ops.tune.beginning import Wanted
from ledger.ops.tune.loop import TuneOptions, tune
from ledger.ops.tune.proposing import Proposing, Setting
from ledger.tune.base import State
from ledger.tune.space.language.read import space

TRAIN = """
    import json, os, sys, ledger
    low, slow = float(sys.argv[1]), float(sys.argv[2])
    epoch = json.load(open("state.json")) if os.path.exists("state.json") else 0
    while epoch < 4:
        epoch += 1
        ledger.log(step=epoch, loss=low + slow / epoch)
        json.dump(epoch, open("state.json", "w"))
        if ledger.report(epoch, low + slow / epoch):
            break
"""
ORDER = tuple({"low": low, "slow": slow} for low, slow in ((0.5, 0.1), (0.1, 0.8), (0.9, 0.9), (0.8, 0.9)))


class Moved(ThreadPoolExecutor):
    """A machine on which there is no directory of the search's name."""

    def submit(self, function, order):
        return super().submit(function, replace(order, root="/none", directory="/none/beneath"))


class Search:
    def __init__(self, project, workspace):
        self.project, self.workspace = project, workspace
        self.beneath = project.path / "beneath"
        self.beneath.mkdir()
        project.write(**{"beneath/train": TRAIN})

    def __call__(self, executions=4, tell=lambda tried, now: None, wanted=None, **options):
        asked = {
            "command": (sys.executable, "train.py", "{low}", "{slow}"),
            "space": space(["low=real(0, 1)", "slow=real(0, 1)"]),
            "objectives": (Objective(metric="loss"),),
            "sampler": "random",
            "scheduler": "asha:factor=2,min=1,max=4",
            "checkpoints": ("state.json",),
        } | (wanted or {})
        return tune(
            self.workspace,
            Wanted(name="x", **asked),
            TuneOptions(executions=executions, queue=ORDER, **options),
            directory=self.beneath,
            tell=tell,
            notify=self.project.notes.append,
        )

    def proposing(self):
        id, created = searches.newest(self.workspace.journal, "x")
        setting = Setting(root=self.workspace.root, directory=self.beneath, variables=dict(os.environ))
        return Proposing(self.workspace, "x", id, searches.read(created), setting)

    def payloads(self, kind):
        return [
            each.entry.payload
            for each in self.workspace.journal.entries()
            if isinstance(each.entry.payload, kind)
        ]

    def check(self):
        return tune_verify.check(self.workspace.journal, "x", self.workspace.store.get)


@pytest.fixture
def search(git_project):
    return Search(git_project, git_project.workspace)


class Died(Exception):
    """What ends a search in the middle."""


def test_a_search_that_dies_before_its_decision_or_right_after_it_goes_on_with_it(search):
    def die(tried, now):
        if tried.number == 3 and tried.state is State.PRUNED:
            raise Died

    with pytest.raises(Died):
        search(tell=die)
    with search.proposing() as proposing:
        tried, order = proposing.next(lambda tried, new: new)
        assert proposing.next(lambda tried, new: new) is None
    assert ([part.rung for part in tried.parts], tried.number) == ([1], 1)
    assert order.pinned.continued.trial == tried.parts[0].trial
    assert [each.path for each in order.pinned.continued.files] == ["beneath/state.json"]
    assert (order.pinned.scheduled.rungs, order.pinned.scheduled.after) == ("2", 1)

    tuned = search()
    own = tuned.standing.own
    assert [each.state for each in own] == [State.DONE, State.DONE, State.PRUNED, State.PRUNED]
    assert own[1].parts == tried.parts
    assert [each.number for each in tuned.standing.best] == [1]
    later = [each for each in search.payloads(TrialDecided) if each.rung == 1 and not each.stop]
    assert [each.trial for each in later] == [own[0].trial, tried.parts[0].trial]
    assert search.check().findings == ()


@pytest.mark.slow
def test_it_goes_on_once_more_trials_are_tried(search):
    first = search(3)
    assert [each.state for each in first.standing.own] == [State.DONE, State.PRUNED, State.PRUNED]
    reached = search(4, target=0.9)  # nothing more is run
    assert reached.standing.tried == first.standing.tried
    tuned = search(4)
    assert [bool(each.parts) for each in tuned.standing.own] == [False, True, False, False]
    assert search(4).standing.tried == tuned.standing.tried


def test_a_checkpoint_that_lies_in_the_tree_is_nobodys(search):
    """What an earlier run left there, as a product or where git ignores it, is no start of a trial."""
    project = search.project
    project.run("python", "train.py", "0.5", "0.1", directory=search.beneath)
    assert (search.beneath / "state.json").read_text() == "4"
    search(1)
    assert project.last.outcome.metrics[0].count == 4
    assert search.check().findings == ()
    (project.path / ".gitignore").write_text("state.json\n")
    search(1, wanted={"checkpoints": ("state*.json",)}, fork=True)
    assert project.last.outcome.metrics[0].count == 4
    (search.beneath / "state-2.json").write_text("4")
    with pytest.raises(UsageError) as caught:
        search(1, wanted={"checkpoints": ("state*.json",)}, fork=True)
    assert "beneath/state-2.json" in caught.value.cause


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        ({"scheduler": None}, "checkpoints without a scheduler"),
        ({"scheduler": "median"}, "the scheduler median lets no trial go on that it has stopped"),
        ({"checkpoints": ("../../model.pt",)}, "no checkpoint can be '../../model.pt'"),
    ],
)
def test_what_does_not_fit_is_refused(search, wanted, told):
    with pytest.raises(UsageError) as caught:
        search(1, wanted=wanted)
    assert caught.value.message == told
    assert search.project.trials == ()


def test_where_the_checkpoint_is_gone_it_begins_anew(search):
    def lose(tried, now):
        if tried.number == 3 and tried.state is State.PRUNED:
            (file,) = [each for each in search.project.trials if each.proposal == now.own[1].id][
                -1
            ].outcome.outputs
            search.workspace.store.discard([file.digest])

    tuned = search(tell=lose)
    again = search.project.last
    assert (again.status, again.inputs) == (Status.OK, ())
    assert again.continues == tuned.standing.own[1].parts[0].trial
    assert again.outcome.metrics[0].count == 4
    assert search.check().findings == ()


@pytest.mark.slow
def test_another_machine_goes_on_with_what_the_remote_has(git_project, tmp_path):
    workspace, _ = copies.find_or_make(git_project.path, (tmp_path / "lab").as_uri())
    search = Search(git_project, workspace)
    tuned = search(executor=lambda: Moved(1))
    assert [each.state for each in tuned.standing.own] == [
        *(State.DONE, State.DONE),
        *(State.PRUNED, State.PRUNED),
    ]
    assert len(tuned.standing.own[1].parts) == 1
    assert search.check().findings == ()


# --- which files --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "directory", "path", "is_one"),
    [
        ("model.pt", ".", "model.pt", True),
        ("model.pt", ".", "sub/model.pt", False),
        ("./run/", "sub", "sub/run/a/b.pt", True),
        ("run", ".", "running", False),
        ("run*", ".", "run-3/state/a.pt", True),
        ("*.pt", ".", "a.pt", True),
        ("*.pt", "sub", "a.pt", False),
        (".", ".", "whatever", True),
        (".", ".", "/tmp/whatever", False),
        ("../other", "sub", "other", True),
    ],
)
def test_what_a_checkpoint_consists_of(given, directory, path, is_one):
    assert checkpoints.is_one(path, checkpoints.patterns([given], directory)) is is_one


@pytest.mark.parametrize("given", ["..", "../x", "/tmp/x", "sub/../..", ""])
def test_nothing_beyond_the_root_is_a_checkpoint(given):
    with pytest.raises(UsageError):
        checkpoints.patterns([given], ".")


def test_a_checkpoint_is_whole_or_nothing(maker):
    whole = maker.outcome(outputs={"run/a": b"a", "run/b": b"b", "log": b""}).outputs
    found = checkpoints.of(whole, ("run",), maker.store.get)
    assert [(each.path, each.role) for each in found] == [("run/a", "input"), ("run/b", "input")]
    assert checkpoints.there(maker.store, found) == found
    part = (whole[0], replace(whole[1], omitted="secret"), whole[2])
    assert checkpoints.of(part, ("run",), maker.store.get) == ()
    maker.store.flush()
    maker.lose(found[0].digest)
    assert checkpoints.there(maker.store, found) == ()


def test_a_directory_that_stands_for_its_files_is_looked_into(maker):
    id, _ = maker.trial_of_directory({"a.pt": b"a", "deep/b.pt": b"b", "c.txt": b"c"})
    outputs = maker.trials.by_id[id].outcome.outputs
    found = checkpoints.of(outputs, ("made/*.pt",), maker.store.get)
    assert [each.path for each in found] == ["made/a.pt", "made/deep/b.pt"]
    manifest = checkpoints.manifest(found, maker.store.get)
    assert [each.path for each in manifest] == ["made/a.pt", "made/deep/b.pt"]
