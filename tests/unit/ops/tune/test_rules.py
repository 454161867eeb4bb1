"""A search's sampler and scheduler, of the versions that it recorded."""

import sys

import pytest

from ledger import api
from ledger.errors import MismatchError, UsageError
from ledger.model import Verdict
from ledger.model.frozen import replace
from ledger.model.space import Objective
from ledger.ops import searches
from ledger.ops.tune import rules, verify
from ledger.ops.tune.beginning import Wanted
from ledger.ops.tune.loop import TuneOptions, tune
from ledger.tune.samplers import candidates
from ledger.tune.samplers.uniform import Uniform
from ledger.tune.schedulers import base
from ledger.tune.schedulers.base import Scheduler
from ledger.tune.space.language.read import space
from ledger.tune.space.unit import UnitSpace
from tests.searches import search

OLD = search(scheduler="asha", scheduler_version=1)
NEW = replace(OLD, version=2, scheduler_version=2)


@pytest.mark.parametrize("each", [OLD, NEW], ids=["old", "new"])
def test_they_are_of_the_versions_that_were_recorded(each):
    assert rules.sampler(each, UnitSpace(each.space)).version == each.version
    assert rules.scheduler(each).version == each.scheduler_version
    assert rules.scheduler(replace(each, scheduler=None, scheduler_version=None)) is None


@pytest.mark.parametrize("version", [3, None])
def test_a_version_that_nobody_knows_is_refused(version):
    with pytest.raises(UsageError, match="the scheduler asha has no version"):
        rules.scheduler(replace(OLD, scheduler_version=version))
    with pytest.raises(UsageError, match="the sampler random has no version 3"):
        rules.sampler(replace(OLD, version=3), UnitSpace(OLD.space))


def test_a_search_may_be_one_that_began_with_older_rules():
    assert rules.as_begun(NEW, OLD) == OLD
    assert rules.as_begun(NEW, NEW) == NEW


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        ({"sampler": "sobol"}, {"scheduler_version": 1}),
        ({"scheduler": "median"}, {"version": 1}),
        ({"version": 3, "scheduler_version": 3}, {}),
    ],
    ids=["another sampler", "another scheduler", "rules that are not known"],
)
def test_of_another_one_it_keeps_no_rules(before, expected):
    assert rules.as_begun(NEW, replace(OLD, **before)) == replace(NEW, **expected)


TRAIN = """
    import math, sys, ledger
    a, b, c = map(int, sys.argv[1:])
    for epoch in range(1, 10):
        if ledger.report(epoch, -math.inf if a == 7 else a + b + c + 1 / epoch):
            sys.exit()
    ledger.log(loss=a + b + c)
"""
WANTED = Wanted(
    name="x",
    command=(sys.executable, "train.py", "{a}", "{b}", "{c}"),
    space=space(["a=int(1, 30)", "b=int(1, 30)", "c=int(1, 30)"], ["a + b + c <= 9"]),
    objectives=(Objective(metric="loss"),),
    sampler="random",
    scheduler="asha:max=9",
)
FIRST = ({"a": 7, "b": 1, "c": 1}, {"a": 1, "b": 1, "c": 1})


@pytest.mark.slow
def test_a_search_goes_on_by_the_rules_that_it_began_with_and_a_new_one_begins_with_the_newest(
    git_project, monkeypatch
):
    git_project.write(train=TRAIN)
    journal = git_project.workspace.journal

    def searched(executions, wanted=WANTED, **options):
        told = TuneOptions(executions=executions, **options)
        return tune(
            git_project.workspace, wanted, told, directory=git_project.path, notify=git_project.notes.append
        )

    def recorded():
        found = searches.read(searches.newest(journal, "x")[1])
        return found.version, found.scheduler_version

    with monkeypatch.context() as older:
        older.setattr(Uniform, "versions", (1,))
        older.setattr(Scheduler, "versions", (1,))
        searched(2, queue=FIRST)
    going_on = searched(7)
    assert not going_on.begun
    assert recorded() == (1, 1)
    checked = verify.check(journal, "x")
    assert (checked.findings, checked.notices, checked.proposals) == ((), (), 7)
    with monkeypatch.context() as later:  # which would propose and decide otherwise
        later.setitem(candidates.FRESH, 1, candidates.FRESH[2])
        later.setitem(base.COMPARABLE, 1, base.COMPARABLE[2])
        assert {each.what for each in verify.check(journal, "x").findings} >= {
            "proposal.point",
            "trial.decided",
        }
    replayed = api.open(git_project.path).replay_search("x", env="current")
    assert (replayed.verdict, replayed.proposals) == (Verdict.IDENTICAL, 7)
    with pytest.raises(MismatchError) as error:
        searched(8, replace(WANTED, scheduler="median"))
    assert error.value.cause.startswith("scheduler: asha:factor=3,min=1,max=9 (version 1) → median:")
    assert error.value.cause.endswith("(version 2)")
    assert searched(2, fork=True).begun
    assert recorded() == (2, 2)
    assert verify.check(journal, "x").findings == ()
