"""How trials stand: what is best, of how many, with which interval."""

import pytest

from ledger.errors import UsageError
from ledger.model import Status, Tombstone
from ledger.model.space import Objective
from ledger.reports.choosing import choose
from ledger.reports.standing import heads, standing
from tests.searches import proposals
from tests.searches import search as tuned


def of(workspace, maker, *references, where=None, **options):
    trials = maker.trials
    (choice,) = choose(trials, references, where).choices
    return standing(workspace, trials, choice, None, **options)


def test_configurations_with_several_seeds_are_ranked_by_their_mean(workspace, maker, search):
    trials = search()
    found = of(workspace, maker, "digits", minimize="loss")
    first = found.ranked[0]
    assert first.trial.id == trials[0.2, 1]
    assert first.low < first.mean < first.high
    assert (first.seeds, found.measured, found.configurations) == (3, 12, 4)
    assert [len(each.values) for each in found.seeded] == [3, 3, 3, 3]
    best = found.seeded[0]
    assert best.mean == pytest.approx(sum(best.values) / 3)
    assert best.low < best.mean < best.high


def test_words_of_a_command_that_nothing_has_a_name_for_tell_configurations_apart(workspace, maker):
    for rate in ("0.1", "0.2", "0.2"):
        maker.trial(experiment="x", argv=("./fit.sh", rate), metrics={"loss": float(rate)})
    found = of(workspace, maker, "x", minimize="loss")
    assert (found.measured, found.configurations) == (3, 2)


def test_the_seed_among_such_words_does_not(workspace, maker):
    for seed in (3, 4, 5):
        argv = ("./fit.sh", "0.1", str(seed))
        maker.trial(experiment="x", argv=argv, seed=seed, metrics={"loss": float(seed)})
    found = of(workspace, maker, "x", minimize="loss")
    assert (found.measured, found.configurations) == (3, 1)


def test_single_runs_have_no_mean(workspace, maker):
    for lr in (0.3, 0.1, 0.2):
        maker.trial(experiment="x", params={"lr": lr}, metrics={"loss": lr})
    found = of(workspace, maker, "x", maximize="loss")
    assert [each.value for each in found.ranked] == [0.3, 0.2, 0.1]
    assert found.ranked[0].mean is None
    assert found.seeded == ()


def test_all_that_were_started_are_counted(workspace, maker, search):
    trials = search()
    maker.trial(experiment="digits", status=Status.FAILED)
    maker.journal.append(Tombstone(target=trials[0.1, 1], reason="wrong"))
    found = of(workspace, maker, "digits", minimize="loss")
    assert (found.now.trials, found.now.removed, found.measured) == (13, 1, 11)
    workspace.foreign = True
    assert of(workspace, maker, "digits", minimize="loss").now is None


def test_without_a_metric_it_says_what_is_missing(workspace, maker, search):
    search()
    found = of(workspace, maker, "digits")
    assert found.objective is None
    assert "--minimize" in found.why_none
    assert found.ranked == ()


def test_a_metric_that_no_trial_has_or_two_at_once(workspace, maker, search):
    search()
    with pytest.raises(UsageError, match="no trial of digits has a metric 'los'"):
        of(workspace, maker, "digits", minimize="los")
    with pytest.raises(UsageError, match="one metric"):
        of(workspace, maker, "digits", minimize="loss", maximize="loss")


def test_none_ended_well(workspace, maker):
    maker.trial(experiment="x", status=Status.FAILED)
    found = of(workspace, maker, "x", minimize="loss")
    assert (found.ranked, found.why_none) == ((), "no trial ended well with a value of loss")


def test_of_a_filter_there_is_no_denominator(workspace, maker, search):
    search()
    found = of(workspace, maker, where="lr < 0.3", minimize="loss")
    assert (found.now, found.configurations) == (None, 2)


def test_without_a_signed_head_it_says_how_to_make_one(workspace, maker, search):
    search()
    now, signed, why = heads(workspace)
    assert (now, signed) == (maker.journal.head(), None)
    assert "ledger verify --sign" in why


def test_the_best_of_a_search_meet_what_it_requires(workspace, maker):
    losses = (0.0, 0.9, 1.0)
    for loss, id in zip(losses, proposals(maker, tuned(requirements=("loss > 0.8",)), losses), strict=True):
        maker.trial(experiment="tuned", proposal=id, metrics={"loss": loss})
    found = of(workspace, maker, "tuned", minimize="loss")
    assert ([each.value for each in found.ranked], found.measured) == ([0.9, 1.0], 3)
    assert [each.value for each in of(workspace, maker, "tuned", maximize="loss").ranked] == [1.0, 0.9, 0.0]
    (id,) = proposals(maker, tuned(requirements=("loss > 2",)), (0.5,))
    maker.trial(experiment="tuned", proposal=id, metrics={"loss": 0.5})
    nothing = of(workspace, maker, "tuned", minimize="loss")
    assert (nothing.ranked, nothing.why_none) == ((), "no trial meets what its search requires")


LOSS, ACCURACY = Objective(metric="loss"), Objective(metric="accuracy", maximize=True)


def several(maker, values, **more):
    """Trials of a search for a small loss and a large accuracy."""
    points = [loss for loss, _ in values]
    return [
        maker.trial(experiment="tuned", proposal=id, metrics={"loss": loss, "accuracy": accuracy})
        for (loss, accuracy), id in zip(
            values, proposals(maker, tuned(LOSS, ACCURACY, **more), points), strict=True
        )
    ]


def test_of_several_objectives_the_front_is_the_best(workspace, maker):
    ids = several(maker, [(0.3, 0.9), (0.2, 0.8), (0.4, 0.8), (0.1, 0.1), (0.2, 0.7)])
    found = of(workspace, maker, "tuned")
    assert found.objectives == (LOSS, ACCURACY)
    assert [each.trial.id for each in found.ranked] == [ids[3], ids[1], ids[0]]
    assert len(found.trade_off.rows) == found.measured == 5
    assert [each.objective for each in found.depends] == [LOSS, ACCURACY]
    alone = of(workspace, maker, "tuned", minimize="loss")
    assert (alone.trade_off, alone.objectives) == (None, (LOSS,))
    assert alone.ranked[0].trial.id == ids[3]


def test_what_a_search_requires_counts_on_a_front_too(workspace, maker):
    ids = several(maker, [(0.1, 0.1), (0.2, 0.8), (0.3, 0.9)], requirements=("accuracy > 0.5",))
    assert [each.trial.id for each in of(workspace, maker, "tuned").ranked] == ids[1:]


def test_without_a_value_of_each_there_is_no_front(workspace, maker):
    (id,) = proposals(maker, tuned(LOSS, ACCURACY), (0.5,))
    maker.trial(experiment="tuned", proposal=id, metrics={"loss": 0.5})
    found = of(workspace, maker, "tuned")
    assert (found.ranked, found.measured) == ((), 0)
    assert found.why_none == "no trial ended well with a value of loss and accuracy"
