"""The best trials. Which heads are signed, and how trials are counted: test_prove, test_denominator."""

from types import SimpleNamespace

import pytest

from ledger.errors import IncomparableError, NotFoundError, UsageError
from ledger.model import Head, OriginHead, Status, Tombstone
from ledger.model.proof import SignedHead
from ledger.ops import best as module
from ledger.ops.best import best
from tests.searches import proposals, search


@pytest.fixture
def workspace(maker):
    return SimpleNamespace(store=maker.store, journal=maker.journal, directory=maker.folder, foreign=False)


@pytest.fixture
def trials(maker):
    """Some of one experiment, by their loss."""
    found = {
        loss: maker.trial(experiment="digits", metrics={"loss": [(0, 0.0), (1, loss)]})
        for loss in (0.5, 0.25, 1.0)
    }
    maker.trial(experiment="digits", metrics={"loss": float("nan")})
    maker.trial(experiment="digits", metrics={"loss": -1.0}, status=Status.FAILED)
    maker.trial(experiment="digits", metrics={"accuracy": 1.0})
    maker.trial(experiment="other", metrics={"loss": -2.0})
    return found


def test_the_smallest_and_the_largest(workspace, trials):
    found = best(workspace, "digits", "loss", maximize=False)
    assert ([each.id for each in found.ranked], found.values) == ([trials[0.25]], (0.25,))
    found = best(workspace, "digits", "loss", maximize=True, count=9)
    assert found.values == (1.0, 0.5, 0.25)
    assert [each.id for each in found.ranked] == [trials[each] for each in found.values]


def test_words_that_have_no_name_tell_configurations_apart(workspace, maker):
    for factor in (1, 1, 2):
        maker.trial(experiment="x", argv=("./fit.sh", str(factor)), metrics={"loss": float(factor)})
    found = best(workspace, "x", "loss", maximize=False)
    assert (found.measured, found.configurations) == (3, 2)


def test_a_metric_that_is_none_is_told_with_those_that_are(workspace, trials):
    with pytest.raises(UsageError, match=r"no trial has metric\.losss") as error:
        best(workspace, "digits", "losss", maximize=False)
    assert error.value.cause == "the nearest name is loss"
    with pytest.raises(UsageError, match=r"no trial has metric\.started") as error:
        best(workspace, "digits", "started", maximize=False)
    assert error.value.cause == "there are accuracy, loss, cpu_system_s, cpu_user_s, duration_s, peak_memory"


def test_a_value_on_the_way(workspace, trials):
    assert best(workspace, "digits", "loss.min", maximize=False).values == (0.0,)


def test_all_that_were_started_are_counted(workspace, trials, maker):
    maker.journal.append(Tombstone(target=trials[0.25], reason="wrong"))
    found = best(workspace, "digits", "loss", maximize=False)
    assert found.values == (0.5,)
    assert (found.now.trials, found.now.removed) == (6, 1)
    assert found.now.statuses == {Status.OK: 5, Status.FAILED: 1}
    assert (found.signed, found.counted) == (None, None)


def test_a_signed_head_counts_what_it_has(workspace, trials, monkeypatch):
    (origin,) = workspace.journal.head().origins
    head = Head(origins=(OriginHead(origin=origin.origin, size=4, root=origin.root),))
    signed = SignedHead(head=head, signatures=())
    monkeypatch.setattr(module.prove, "signed_heads", lambda _: iter([signed]))
    found = best(workspace, "digits", "loss", maximize=False)
    assert (found.signed, found.counted.trials, found.now.trials) == (signed, 2, 6)


def test_without_a_way_to_check_signatures_none_is_told(workspace, trials, monkeypatch):
    def missing(_):
        raise IncomparableError("no ssh-keygen")

    monkeypatch.setattr(module.prove, "signed_heads", missing)
    assert best(workspace, "digits", "loss", maximize=False).signed is None


def test_what_is_not_there(workspace, trials, maker):
    with pytest.raises(UsageError, match=r"no trial has metric\.los"):
        best(workspace, "digits", "los", maximize=False)
    with pytest.raises(NotFoundError, match="no experiment"):
        best(workspace, "digit", "loss", maximize=False)
    maker.trial(experiment="bad", metrics={"loss": 0.5}, status=Status.FAILED)
    with pytest.raises(NotFoundError, match="ended well"):
        best(workspace, "bad", "loss", maximize=False)


def seeded(maker, values, experiment="noisy"):
    """Trials of one experiment: (learning rate, seed) → loss."""
    return {
        key: maker.trial(
            experiment=experiment, params={"lr": key[0], "seed": key[1]}, metrics={"loss": float(loss)}
        )
        for key, loss in values.items()
    }


def test_the_best_of_several_seeds_is_the_best_mean_not_the_luckiest_trial(workspace, maker):
    # What a seed does to all is large, and the luckiest trial is of the worse one.
    steady = {("steady", seed): loss for seed, loss in ((1, 1.0), (2, 2.0), (3, 3.0))}
    wild = {("wild", seed): loss for seed, loss in ((1, 0.9), (2, 2.8), (3, 3.7))}
    trials = seeded(maker, {**steady, **wild})
    found = best(workspace, "noisy", "loss", maximize=False, count=2)
    assert [each.id for each in found.ranked] == [trials["steady", 1], trials["wild", 1]]
    assert [each.seeds for each in found.believed] == [3, 3]
    first, second = found.believed
    assert 2.0 < first.mean < second.mean < 7.4 / 3  # drawn to one another
    assert first.low < first.mean < first.high
    assert (found.configurations, found.measured, found.optimistic) == (2, 6, False)
    assert best(workspace, "noisy", "loss", maximize=True).ranked[0].id == trials["wild", 1]


def test_a_bad_configuration_is_not_drawn_to_good_ones_that_are_alike(workspace, maker):
    values = {"a": (0.371, 0.402, 0.391), "b": (0.367, 0.415, 0.407), "c": (0.518, 0.527, 0.524)}
    seeded(maker, {(key, seed): loss for key, its in values.items() for seed, loss in enumerate(its)})
    found = best(workspace, "noisy", "loss", maximize=False, count=3).believed
    assert [round(each.mean, 2) for each in found] == [0.39, 0.4, 0.52]
    assert found[2].low < 0.523 < found[2].high


def test_a_seed_that_was_run_again_is_one_seed(workspace, maker):
    seeded(maker, {("a", 1): 1, ("a", 2): 2})
    seeded(maker, {("a", 1): 1, ("b", 1): 5, ("b", 2): 6})
    found = best(workspace, "noisy", "loss", maximize=False, count=2)
    assert [each.seeds for each in found.believed] == [2, 2]
    assert found.measured == 5


def test_seeds_of_their_own_and_a_single_configuration(workspace, maker):
    seeded(maker, {("a", seed): seed / 10 for seed in range(10)})
    alone = best(workspace, "noisy", "loss", maximize=False)
    assert alone.believed[0].mean == pytest.approx(0.45)
    assert alone.believed[0].low < 0.45 < alone.believed[0].high
    seeded(maker, {("b", 10 + seed): 1 + seed / 10 for seed in range(10)})
    found = best(workspace, "noisy", "loss", maximize=False, count=2)
    assert [each.seeds for each in found.believed] == [10, 10]
    assert 0.45 < found.believed[0].mean < found.believed[1].mean < 1.45


def test_one_trial_of_each_is_told_to_be_optimistic(workspace, trials, maker):
    assert best(workspace, "digits", "loss", maximize=False).optimistic
    seeded(maker, {("a", 1): 1, ("b", 2): 2}, "each once")
    found = best(workspace, "each once", "loss", maximize=False)
    assert (found.believed, found.optimistic, found.configurations) == ((), True, 2)
    maker.trial(experiment="one", metrics={"loss": 1.0})
    assert not best(workspace, "one", "loss", maximize=False).optimistic


def test_an_infinity_is_no_value(workspace, maker):
    for value in (0.5, float("inf"), 0.7):
        maker.trial(experiment="x", metrics={"accuracy": value})
    found = best(workspace, "x", "accuracy", maximize=True)
    assert (found.values, found.measured) == ((0.7,), 2)
    maker.trial(experiment="y", metrics={"accuracy": float("inf")})
    with pytest.raises(NotFoundError, match="finite value"):
        best(workspace, "y", "accuracy", maximize=True)


def test_of_how_many_a_value_on_the_way_is_the_best(workspace, trials):
    assert best(workspace, "digits", "loss.min", maximize=False).measured == 3


def test_the_best_of_a_search_meets_what_it_requires(workspace, maker):
    losses = (0.0, 0.9, 1.0, 0.85)
    tried = {
        loss: maker.trial(experiment="tuned", proposal=id, metrics={"loss": loss})
        for loss, id in zip(
            losses, proposals(maker, search(requirements=("loss > 0.8",)), losses), strict=True
        )
    }
    found = best(workspace, "tuned", "loss", maximize=False, count=2)
    assert ([each.id for each in found.ranked], found.values) == ([tried[0.85], tried[0.9]], (0.85, 0.9))
    assert (found.believed, found.optimistic) == ((), True)
    assert best(workspace, "tuned", "loss", maximize=True).values == (1.0,)
    (id,) = proposals(maker, search(requirements=("loss > 0.8",)), (0.5,))
    maker.trial(experiment="tuned", proposal=id, metrics={"loss": 0.5})
    with pytest.raises(NotFoundError, match="meets what its search requires"):
        best(workspace, "tuned", "loss", maximize=False)


def test_the_trial_of_a_configuration_is_one_that_meets_what_is_required(workspace, maker):
    tuned = search(requirements=("loss > 0.8",), seeds=3)
    trials = [
        maker.trial(experiment="tuned", proposal=id, metrics={"loss": loss})
        for id, loss in zip(proposals(maker, tuned, (0.5, 0.5, 0.5)), (0.5, 0.9, 1.0), strict=True)
    ]
    found = best(workspace, "tuned", "loss", maximize=False)
    assert ([each.id for each in found.ranked], found.values) == ([trials[1]], (0.9,))


@pytest.mark.parametrize("seeds", [(None,), (1, 2)], ids=["once", "seeded"])
def test_words_that_nothing_has_a_name_for_are_of_several_configurations(workspace, maker, seeds):
    for rate in ("0.1", "0.2"):
        for seed in seeds:
            loss = float(rate) + (seed or 0)
            maker.trial(experiment="x", argv=("./fit.sh", rate), seed=seed, metrics={"loss": loss})
    maker.trial(experiment="x", argv=("./fit.sh", "0.1"), params={"lr": 1}, metrics={"loss": 9.0})
    found = best(workspace, "x", "loss", maximize=False)
    assert (found.configurations, found.measured) == (3, 2 * len(seeds) + 1)
