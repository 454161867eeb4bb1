"""How much an experiment's result moves: real scripts, by real processes."""

import os
import re
import sys

import pytest

from ledger.cli.robustness_page import robustness_page
from ledger.errors import NotFoundError, UsageError
from ledger.model.space import Objective
from ledger.ops.observations import Selection
from ledger.ops.robustness import RobustnessOptions, examine
from ledger.ops.robustness_document import robustness_document
from ledger.ops.tune.beginning import Wanted
from ledger.ops.tune.loop import TuneOptions, tune
from ledger.ops.tune.space import read
from ledger.ops.why_hybrids import How

FIT = """
    import argparse, json, random
    parser = argparse.ArgumentParser()
    parser.add_argument("--lr", type=float)
    parser.add_argument("--depth", type=int, default=2)
    parser.add_argument("--library", default="a")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    noise = random.Random(args.seed).gauss(0, 0.01)
    loss = 10 * args.lr + args.depth + noise + (0.5 if args.library == "b" else 0)
    json.dump({"loss": loss}, open("metrics.json", "w"))
    """


@pytest.fixture
def ask(git_project):
    def ask(experiment="x", where=None, **options):
        return examine(
            git_project.workspace,
            Selection(experiment=experiment, where=where),
            RobustnessOptions(**({"env": "current"} if options.get("run") else {}) | options),
            variables=dict(os.environ),
        )

    return ask


@pytest.fixture
def fitted(git_project):
    git_project.write(fit=FIT)

    def fitted(*words, experiment="x"):
        git_project.run("python", "fit.py", *words, experiment=experiment)
        return git_project.last

    return fitted


def _rows(page, begin, end):
    """Cells of a table between two headings."""
    part = page.plain().partition(f"\n{begin}")[2].partition(f"\n{end}")[0].splitlines()[2:]
    return [re.split(r"  +", line.strip()) for line in part if line]


def test_groups_by_a_hyperparameter_and_seeds_within(ask, fitted, accept):
    for library in "ab":
        for seed in "12":
            fitted("--lr", "0.1", "--library", library, "--seed", seed)
    found = ask(minimize="loss", group="library")
    assert (found.trials, found.configurations, found.noise.configurations) == (4, 2, 2)
    assert [each.label for each in found.groups] == ["a", "b"]
    assert found.moves == ()
    profile = robustness_page(found).plain().partition("is below\n")[2].splitlines()
    assert [line.split()[1] for line in profile[1:5:2]] == ["a", "a"]
    assert [line.split()[0] for line in profile[2:6:2]] == ["b", "b"]
    assert len(profile) == 1 + 2 * len(set(found.groups[0].profile.thresholds)) + 1 <= 26
    assert "between library a and b the interquartile means differ by 0.5" in found.summary[-1]
    accept("robustness.v1", robustness_document(found))
    assert [each.label for each in ask(minimize="loss", group="tag").groups] == ["no tag"]
    with pytest.raises(UsageError):
        ask(minimize="loss", group="libary")


def test_neighbours_that_are_missing_are_run_once(ask, fitted, git_project, accept):
    centre = fitted("--lr", "0.1", "--depth", "3")
    fitted("--lr", "0.5", "--depth", "3")
    found = ask(minimize="loss", run=True, joint=1, jobs=2)
    assert found.centre.id == centre.id
    assert [each.how for each in found.runs] == [How.RUN] * 5
    assert {each.trial.experiment for each in found.runs} == {f"robustness/{centre.id.short}"}
    moved = {each.name: each for each in found.moves}
    assert moved["depth"].change == pytest.approx(1)
    assert moved["lr"].change == pytest.approx(0.1)
    assert (moved["lr"].pairs, moved["several at once"].pairs) == (2, 1)
    assert [line for line in found.warnings if "library" in line]
    again = ask(minimize="loss", run=True, joint=1)
    assert {each.how for each in again.runs} == {How.REUSED}
    assert [(each.name, each.change) for each in again.moves] == [
        (each.name, each.change) for each in found.moves
    ]
    accept("robustness.v1", robustness_document(again))
    between = {each[0]: each[-1] for each in _rows(robustness_page(again), "small changes", "loss of all")}
    assert between["depth"] in ("3 → 2", "3 → 4")
    assert re.fullmatch(r"(depth 3 → \d, )?lr 0\.1 → 0\.\d+(, depth 3 → \d)?", between["several at once"])
    seeded = ask(minimize="loss", run=True, joint=0, seeds=2, dry_run=True)
    assert len(seeded.runs) == 10
    assert len(ask(minimize="loss", around=centre.id.short).moves) == 3
    # Of seven trials two are of the experiment; the others are reruns of one of them.
    assert (again.trials, again.elsewhere) == (7, ((f"robustness/{centre.id.short}", 5),))
    told = robustness_page(again).plain()
    assert f"  trials  7 in 7 configurations: 2 of x, 5 of robustness/{centre.id.short}\n" in told
    assert "  trials  2 in 2 configurations of x\n" in robustness_page(ask(minimize="loss")).plain()


@pytest.mark.slow
def test_around_the_best_of_a_search(ask, git_project):
    git_project.write(fit=FIT)
    wanted = Wanted(
        name="x",
        command=(sys.executable, "fit.py", "--lr", "{rate}", "--depth", "{depth}", "--seed", "{seed}"),
        space=read(("rate=log(1e-3, 1)", "depth=int(1, 3)"), (), None),
        objectives=(Objective(metric="loss"),),
        sampler="random",
        seed=1,
    )
    tune(git_project.workspace, wanted, TuneOptions(executions=3), directory=git_project.path)
    found = ask(run=True, joint=2, seeds=2)
    assert {each.how for each in found.runs} == {How.RUN}
    names = {each.name for each in found.moves}
    assert {"rate", "depth"} <= names <= {"rate", "depth", "several at once"}
    assert found.noise.deviation == pytest.approx(0.01, rel=2)


def test_what_is_off(ask, fitted):
    with pytest.raises(NotFoundError):
        ask(minimize="loss")
    with pytest.raises(NotFoundError, match="no experiment"):
        ask()
    fitted("--lr", "0.1")
    with pytest.raises(UsageError, match="a metric is needed"):
        ask()
    with pytest.raises(UsageError, match="has a metric 'los'"):
        ask(minimize="los")
    with pytest.raises(UsageError, match="a bad fraction"):
        ask(minimize="loss", fraction=0)
    with pytest.raises(UsageError, match="--seeds says how trials are run") as error:
        ask(minimize="loss", seeds=3, dry_run=True)
    assert "--seeds, --dry-run without --run" in error.value.cause
    noise, changes = ask(minimize="loss").summary
    assert "is not known" in noise
    assert "there is one configuration" in changes


def test_a_centre_without_the_metric_is_refused_before_anything_runs(ask, fitted, git_project):
    fitted("--lr", "0.1")
    git_project.write(fit="import json; json.dump({'other': 1}, open('metrics.json', 'w'))")
    git_project.run("python", "fit.py", "--lr", "5")
    with pytest.raises(UsageError, match="has no value of the metric"):
        ask(minimize="loss", around=git_project.last.id.short, run=True)
    assert len(git_project.trials) == 2


def test_nothing_to_change(ask, git_project):
    git_project.write(fit="open('metrics.json', 'w').write('{\"loss\": 1}')")
    git_project.run("python", "fit.py", "--opt", "sgd", experiment="x")
    with pytest.raises(UsageError, match="can be changed a little"):
        ask(minimize="loss", run=True)
