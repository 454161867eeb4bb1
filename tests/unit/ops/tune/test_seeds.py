"""Searches that try their configurations with several seeds."""

import sys
from collections import Counter

import pytest

from ledger.errors import MismatchError, UsageError
from ledger.model import Digest, ProposalSource, Status
from ledger.model.frozen import replace
from ledger.model.space import Objective
from ledger.ops import query
from ledger.ops.tune import seeds as tune_seeds
from ledger.ops.tune import verify as tune_verify
from ledger.ops.tune.beginning import Wanted
from ledger.ops.tune.facts import Ended, Proposed, Started
from ledger.ops.tune.history import History
from ledger.ops.tune.loop import TuneOptions, tune
from ledger.ops.tune.proposing import Proposing, Setting
from ledger.ops.tune.standing import standing
from ledger.tune import racing
from ledger.tune.base import Observation, State
from ledger.tune.space.language.read import space
from tests.searches import search

TRAIN = """
    import json, random, sys
    lr, seed = float(sys.argv[1]), int(sys.argv[2])
    if seed % 10 == 9:
        sys.exit("an unlucky seed")
    noise = random.Random(seed).gauss(0, 1) + random.Random(f"{seed} {lr}").gauss(0, 0.05)
    open("metrics.json", "w").write(json.dumps({"loss": lr + noise}))
"""


@pytest.fixture
def searched(git_project):
    git_project.write(train=TRAIN)

    def search(executions, *, wanted=None, **options):
        asked = {
            "command": (sys.executable, "train.py", "{lr}", "{seed}"),
            "space": space(("lr=real(0, 1)",)),
            "objectives": (Objective(metric="loss"),),
            "sampler": "random",
            "seed": 7,
            "seeds": 3,
        } | (wanted or {})
        return tune(
            git_project.workspace,
            Wanted(name="x", **asked),
            TuneOptions(executions=executions, **options),
            directory=git_project.path,
            notify=git_project.notes.append,
        )

    return search


@pytest.mark.slow
@pytest.mark.parametrize("jobs", [1, 2])
def test_what_may_be_the_best_is_tried_again_with_the_next_seed(searched, git_project, jobs):
    done = searched(20, jobs=jobs)
    own = done.standing.own
    again = [each for each in own if each.proposed.source is ProposalSource.REPEAT]
    assert 2 <= len(again) <= 5
    trials = query.load(git_project.workspace.journal)
    begun = Counter()
    for each in own:
        seed = racing.seed(7, begun[each.proposed.point])
        begun[each.proposed.point] += 1
        assert each.proposed.seed == seed
        intent = trials.by_id[each.trial].intent
        assert (intent.seed, intent.argv[-1]) == (seed, str(seed))
    assert max(begun.values()) <= 3
    believed = done.standing.believed
    assert believed.low < believed.mean < believed.high
    its = [each for each in own if each.id in believed.trials]
    assert len({each.proposed.point for each in its}) == 1
    assert believed.seeds == sum(each.state is State.DONE for each in its)
    checked = tune_verify.check(git_project.workspace.journal, "x")
    assert (checked.findings, checked.notices, checked.proposals) == ((), (), 20)


def test_the_number_of_seeds_is_part_of_the_search(searched):
    searched(1)
    with pytest.raises(MismatchError, match="another search") as caught:
        searched(2, wanted={"seeds": 4})
    assert "seeds of a configuration: 3" in caught.value.cause
    forked = searched(2, wanted={"seeds": 4}, fork=True)
    assert forked.standing.search.seeds == 4
    assert forked.standing.search.racing == racing.VERSION


def test_bad_numbers_of_seeds_are_refused(searched):
    with pytest.raises(UsageError, match="a bad number of seeds"):
        searched(1, wanted={"seeds": racing.MOST_SEEDS + 1})
    two = (Objective(metric="loss"), Objective(metric="duration_s"))
    with pytest.raises(UsageError, match="several objectives"):
        searched(1, wanted={"objectives": two})


def test_a_seed_that_is_not_the_next_one_is_found(searched, git_project):
    done = searched(1)
    journal = git_project.workspace.journal
    wrong = replace(journal.get(done.standing.own[0].id).entry.payload, number=1, seed=5, head=journal.head())
    journal.append(wrong)
    lucky = replace(
        wrong, number=2, seed=racing.seed(7, 2), source=ProposalSource.REPEAT, head=journal.head()
    )
    journal.append(lucky)
    found = [each.what for each in tune_verify.check(journal, "x").findings]
    assert found.count("proposal.seed") == 1
    assert found.count("proposal.point") == 2  # neither is what the sampler, or the rule, says


def test_a_later_rule_is_not_held_against_ours(searched, git_project):
    done = searched(1)
    from ledger.ops import searches

    later = replace(done.standing.search, racing=racing.VERSION + 1)
    git_project.workspace.journal.append(searches.created("y", later))
    checked = tune_verify.check(git_project.workspace.journal, "y")
    assert checked.findings == ()
    assert [each.what for each in checked.notices] == ["search.sampler"]
    assert "rule for seeds" in checked.notices[0].detail


def test_a_sampler_is_told_of_each_configuration_once():
    def seen(number, point, state, *losses, violation=0.0):
        return Observation(number=number, point=(point,), state=state, losses=losses, violation=violation)

    known = [
        seen(0, 0.1, State.DONE, 1.0),
        seen(1, 0.2, State.DONE, 0.0),  # lucky: fails with other seeds
        seen(2, 0.1, State.DONE, 2.0),
        seen(3, 0.2, State.FAILED),
        seen(4, 0.2, State.FAILED),
        seen(5, 0.3, State.DONE, 0.5, violation=1.0),
        seen(6, 0.1, State.PENDING),
        seen(7, 0.4, State.PENDING),
        seen(8, 0.5, State.PRUNED, 0.1),
        seen(9, 0.5, State.DONE, -9.0),
    ]
    tries = racing.gathered(known, [1, 1, 2, 2, 3, 1, 3, 1, 1, 2])
    told = tune_seeds.told(known, tries)
    points = [(0, 0.1), (1, 0.2), (2, 0.3), (3, 0.4), (4, 0.5)]
    assert [(each.number, each.point[0]) for each in told] == points
    states = [State.DONE, State.FAILED, State.DONE, State.PENDING, State.PRUNED]
    assert [each.state for each in told] == states
    assert told[0].losses == (pytest.approx(racing.estimates(tries)[0].mean),)
    assert told[2].violation == 1.0


def test_without_seeds_all_is_as_it_was(searched):
    done = searched(2, wanted={"seeds": None})
    assert [each.proposed.seed for each in done.standing.own] == [None, None]
    assert done.standing.believed is None
    assert (done.standing.search.seeds, done.standing.search.racing) == (1, 0)


# --- where trials are stopped early, too --------------------------------------------------------------------


def test_a_further_trial_is_not_looked_at(searched, git_project):
    done = searched(1, wanted={"scheduler": "asha:factor=2,min=1,max=4"})
    first, workspace = done.standing.own[0], git_project.workspace
    further = replace(
        workspace.journal.get(first.id).entry.payload,
        number=1,
        seed=racing.seed(7, 1),
        source=ProposalSource.REPEAT,
        head=workspace.journal.head(),
    )
    workspace.journal.append(further)
    setting = Setting(root=workspace.root, directory=git_project.path, variables={})
    with Proposing(workspace, "x", done.standing.id, done.standing.search, setting) as proposing:
        tried, order = proposing.next(lambda tried, new: new)
        assert proposing.order(first).pinned.scheduled.rungs == "1,2"
    assert (tried.number, order.seed, order.pinned.scheduled) == (1, racing.seed(7, 1), None)


def test_a_trial_of_a_configuration_that_was_stopped_is_not_the_best():
    """Not even where there is no other."""
    tuned, id = search(scheduler="asha", scheduler_version=1, seeds=3, racing=racing.VERSION), Digest.of(b"x")
    history = History(id, tuned)
    for place, (status, metrics) in enumerate(((Status.PRUNED, {}), (Status.OK, {"loss": 0.1}))):
        proposal, trial = (Digest.of(bytes([each, place])) for each in range(2))
        seed = racing.seed(tuned.seed, place)
        source = ProposalSource.SAMPLER if place == 0 else ProposalSource.ENQUEUED
        history.take(
            [
                Proposed(place, b"a", proposal, id, place, (0.5,), source, None, seed, b""),
                Started(place, b"a", trial, proposal, b""),
                Ended(place, b"a", trial, False, True, status, 0, None, 1.0, 1, metrics),
            ]
        )
    assert [each.state for each in history.at()] == [State.PRUNED, State.DONE]
    assert standing("x", id, tuned, history.at()).best == ()
    assert len(standing("x", id, replace(tuned, seeds=1, racing=0), history.at()).best) == 1
