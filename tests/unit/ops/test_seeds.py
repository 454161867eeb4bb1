"""Trials run again with new seeds: real scripts, by real processes."""

import os
from dataclasses import replace

import pytest

from ledger.errors import IncomparableError, UsageError
from ledger.model import Status
from ledger.model.space import Objective
from ledger.ops import query, references
from ledger.ops.seed_sources import Reseeding, Way, sources
from ledger.ops.seeds import SeedOptions, drawn, seeds
from ledger.ops.seeds_document import seeds_document
from ledger.ops.why_hybrids import How

DRAWS = """
    import json, random, sys
    import ledger
    data = random.Random(ledger.seed("data")).random()
    init = random.Random(ledger.seed("init")).random()
    json.dump({"loss": data + 0.1 * init, "data": data, "init": init, "own": random.random()},
              open("metrics.json", "w"))
    """
ARGUMENT = """
    import argparse, json, random
    parser = argparse.ArgumentParser()
    parser.add_argument("--lr", type=float, default=1)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    json.dump({"loss": random.Random(args.seed).random()}, open("metrics.json", "w"))
    """


@pytest.fixture
def ask(git_project):
    def ask(trial=None, **options):
        return seeds(
            git_project.workspace,
            trial or git_project.last,
            SeedOptions(**{"count": 2, "env": "current"} | options),
            variables=dict(os.environ),
        )

    return ask


def metrics(trial):
    return {each.name: each.last for each in trial.outcome.metrics}


def test_all_sources_at_once_and_each_alone(ask, git_project, accept):
    git_project.write(train=DRAWS).run("python", "train.py", seed=3)
    original = git_project.last
    (git_project.path / "train.py").write_text("broken(")  # reruns have what was recorded
    found = ask(vary=("all", "data", "main"), objective=Objective(metric="loss"))
    assert [(each.name, each.way) for each in found.sources] == [
        ("main", Way.ENFORCED),
        ("data", Way.NAMED),
        ("init", Way.NAMED),
    ]
    every, data, main = found.groups
    assert [each.experiment.partition(original.id.short)[2] for each in found.groups] == [
        "",
        "/data",
        "/main",
    ]
    own, new = metrics(original), [[metrics(each.good) for each in group.runs] for group in found.groups]
    assert all(len({one[name] for one in (own, *new[0])}) == 3 for name in ("data", "init", "own"))
    assert [{name for name in own if one[name] != own[name]} for one in new[1]] == [{"data", "loss"}] * 2
    assert [{name for name in own if one[name] != own[name]} for one in new[2]] == [{"own"}] * 2
    assert every.seeds == data.seeds == main.seeds == drawn(0, 2)
    for each in (every.runs[0].trial, data.runs[0].trial, main.runs[0].trial):
        assert git_project.replay(each).verdict == "identical"
        assert {line.part: line.state for line in each.health}["probe"] == "complete"
    (loss,) = found.metrics
    assert [each.source for each in loss.shares] == ["data", "main"]
    assert loss.shares[1].share == 0
    accept("seeds.v1", seeds_document(found))
    assert references.resolve(query.load(git_project.workspace.journal), "@").id == original.id


def test_a_twin_has_the_intent_of_a_run_with_that_seed(ask, git_project):
    git_project.write(train=DRAWS).run("python", "train.py", seed=3)
    git_project.run("python", "train.py", seed=drawn(0, 1)[0])
    by_hand = git_project.last
    found = ask(git_project.trials[0])
    assert [each.how for each in found.groups[0].runs] == [How.REUSED, How.RUN]
    assert found.groups[0].runs[0].trial.id == by_hand.id


def test_what_is_there_is_not_run_again(ask, git_project):
    git_project.write(train=DRAWS).run("python", "train.py")
    first = ask(count=1)
    more = ask(git_project.trials[0], count=3, jobs=2)
    assert [each.how for each in more.groups[0].runs] == [How.REUSED, How.RUN, How.RUN]
    assert more.groups[0].runs[0].trial.id == first.groups[0].runs[0].trial.id
    assert len(git_project.trials) == 4
    planned = ask(git_project.trials[0], count=5, dry_run=True)
    assert [each.how for each in planned.groups[0].runs] == [How.REUSED] * 3 + [How.PLANNED] * 2
    assert planned.metrics == ()
    assert len(git_project.trials) == 4


def test_a_seed_of_the_command_line_is_replaced(ask, git_project):
    git_project.write(train=ARGUMENT).run("python", "train.py", "--seed", "5", "--lr=2")
    found = ask(objective=Objective(metric="loss"))
    assert [(each.name, each.way, each.value) for each in found.sources] == [("seed", Way.ARGUMENT, 5)]
    assert [each.trial.intent.argv[2:] for each in found.groups[0].runs] == [
        ("--seed", str(seed), "--lr=2") for seed in drawn(0, 2)
    ]
    assert {each.trial.intent.seed for each in found.groups[0].runs} == {None}
    assert found.metrics[0].spreads["all"].deviation > 0


def test_a_command_says_where_the_seed_belongs(ask, git_project):
    git_project.write(train=ARGUMENT).run("python", "train.py")
    unmoved = ask()
    assert unmoved.metrics[0].spreads["all"].constant
    (warning,) = [each for each in unmoved.warnings if "no metric moves" in each]
    assert "-- COMMAND {seed}" in warning
    command = (git_project.python, "train.py", "--seed", "{seed}")
    moved = ask(git_project.trials[0], command=command)
    assert moved.metrics[0].spreads["all"].deviation > 0
    assert moved.warnings == ()
    (warning,) = ask(git_project.trials[0], command=(*command, "--lr", "7")).warnings
    assert warning.startswith(f"COMMAND is not that of {git_project.trials[0].id.short} (lr 1.0 → 7.0): ")
    with pytest.raises(UsageError, match="without a seed"):
        ask(git_project.trials[0], command=command[:2])


def test_seeds_that_are_alike_stay_alike(git_project):
    git_project.write(train="open('metrics.json', 'w').write('{\"loss\": 1}')")
    git_project.run("python", "train.py", "--seed", "5", "--data-seed=5", "--split-seed", "6")
    twin = Reseeding(git_project.last, git_project.workspace.store).twin("all", 9)
    _, first, data, _, split = twin.intent.argv[2:]
    assert (first, data) == ("9", "--data-seed=9")
    assert split not in ("6", "9")
    alone = Reseeding(git_project.last, git_project.workspace.store).twin("data_seed", 9)
    assert alone.intent.argv[2:] == ("--seed", "5", "--data-seed=9", "--split-seed", "6")


def test_seeds_that_were_given_for_names_vary_too(git_project):
    git_project.write(train=DRAWS).run("python", "train.py", seeds=(("data", 7),))
    original = git_project.last
    reseeding = Reseeding(original, git_project.workspace.store)
    assert reseeding.twin("all", 9).intent.seeds == ()
    assert reseeding.twin("init", 9).intent.seeds == (("data", 7), ("init", 9))
    init = next(each.value for each in sources(original) if each.name == "init")
    main = reseeding.twin("main", 9).intent
    assert (main.seed, main.seeds) == (9, (("data", 7), ("init", init)))


def test_a_seed_of_the_command_line_that_is_called_as_another_source_varies_too(git_project):
    body = "import ledger; ledger.log(loss=ledger.seed('seed') % 7 + ledger.seed('data order') % 7)"
    git_project.write(train=body).run("python", "train.py", "--seed", "3")
    known = [(each.name, each.way) for each in sources(git_project.last)]
    assert known == [
        ("main", Way.ENFORCED),
        ("seed", Way.NAMED),
        ("data order", Way.NAMED),
        ("--seed", Way.ARGUMENT),
    ]
    reseeding = Reseeding(git_project.last, git_project.workspace.store)
    assert reseeding.twin("all", 9).intent.argv[2:] == ("--seed", "9")
    alone = reseeding.twin("--seed", 9).intent
    assert (alone.argv[2:], alone.seed, alone.seeds) == (("--seed", "9"), None, ())


def test_what_a_script_calls_a_source_need_not_be_an_experiments_name(ask, git_project):
    git_project.write(train="import ledger; ledger.log(loss=ledger.seed('data order') % 7)")
    git_project.run("python", "train.py")
    found = ask(vary=("each",), count=1, dry_run=True)
    short = git_project.last.id.short
    assert [each.vary for each in found.groups] == ["all", "main", "data order"]
    assert found.groups[2].experiment == f"seeds/{short}/data-order"
    twice = ask(vary=("all", "main", "each", "data order", "main"), count=1, dry_run=True)
    assert twice.groups == found.groups
    some = ask(vary=("data order", "main", "data order"), count=1, dry_run=True)
    assert some.groups == found.groups[:0:-1]


def test_the_only_source_is_all_at_once(ask, git_project):
    git_project.write(train="import ledger; ledger.log(loss=ledger.seed() % 7)").run("python", "train.py")
    assert [each.vary for each in ask(vary=("each",), dry_run=True).groups] == ["all"]
    assert [each.vary for each in ask(vary=("main",), dry_run=True).groups] == ["main"]
    assert [each.vary for each in ask(vary=("main", "all"), dry_run=True).groups] == ["all"]


def test_the_original_and_what_differences_need(ask, git_project):
    git_project.write(train=ARGUMENT).run("python", "train.py", "--seed", "5")
    found = ask(count=3, objective=Objective(metric="loss", maximize=True), differences=(0.5,))
    (loss,) = found.metrics
    values = list(loss.spreads["all"].values)
    best = sum(each > loss.original for each in values) + 1
    assert loss.place.rank(largest=True) == best
    assert [each.difference for each in loss.needs] == [0.5]
    assert "of 4" in found.summary[0]


def test_reruns_that_fail_are_counted_and_do_not_count(ask, git_project):
    body = "import ledger, sys; s = ledger.seed(); ledger.log(loss=s); sys.exit(s > 0 and 'no luck')"
    git_project.write(train=body).run("python", "train.py")
    found = ask()
    assert [(each.how, each.good) for each in found.groups[0].runs] == [(How.FAILED, None)] * 2
    assert found.metrics == ()
    assert "2 of 2 reruns failed, and do not count: exit code 1: no luck" in found.warnings[0]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"vary": ("split",)}, "no source of randomness is called 'split'"),
        ({"vary": ()}, "no source of randomness is named"),
        ({"objective": Objective(metric="los")}, "no finite value of 'los'"),
        ({"count": 0}, "a bad number of seeds"),
        ({"differences": (0.0,)}, "a bad difference"),
        ({"experiment": "@x"}, "not a good experiment"),
        ({"command": ("a", "{seed}"), "vary": ("each",)}, "a command with {seed}, and sources"),
    ],
)
def test_what_is_off_is_refused_before_anything_runs(ask, git_project, options, message):
    git_project.write(train=DRAWS).run("python", "train.py")
    with pytest.raises(UsageError) as error:
        ask(**options)
    assert message in error.value.message
    assert error.value.cause
    assert len(git_project.trials) == 1


def test_trials_without_a_result_are_refused(ask, git_project):
    git_project.write(train="import sys; sys.exit(1)").run("python", "train.py")
    with pytest.raises(UsageError, match="did not end well"):
        ask()
    git_project.write(train="").run("python", "train.py")
    with pytest.raises(UsageError, match="has no metric"):
        ask()
    assert ask(objective=Objective(metric="duration_s"), dry_run=True).planned


def test_a_trial_that_cannot_be_made_again_is_told_at_once(ask, git_project):
    git_project.write(train=DRAWS).run("python", "train.py")
    gone = replace(git_project.last, environment=git_project.last.code[0].tree)
    with pytest.raises(IncomparableError):
        ask(gone)
    assert {each.status for each in git_project.trials} == {Status.OK}
