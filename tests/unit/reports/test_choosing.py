"""What a report is about."""

import pytest

from ledger.errors import NotFoundError, UsageError
from ledger.reports.choosing import choose


def test_an_experiment_is_all_of_its_trials(maker, search):
    found = choose((search(), maker.trials)[1], ["digits"])
    (choice,) = found.choices
    assert (choice.label, choice.whole, len(choice.trials)) == ("digits", True, 12)
    assert found.named == ()


def test_trials_are_told_of_together_each_once(maker):
    a, b = (maker.trial(name=name) for name in "ab")
    found = choose(maker.trials, ["b", "a", "b"])
    assert [each.id for each in found.named] == [b, a]
    assert [each.id for each in found.choices[0].trials] == [a, b]
    assert found.title == "2 trials"
    assert choose(maker.trials, ["a"]).title == "a"


def test_experiments_and_a_trial(maker, search):
    search("one"), search("two"), maker.trial(name="alone", experiment="three")
    found = choose(maker.trials, ["two", "alone", "one"])
    assert [each.label for each in found.choices] == ["two", "one", "alone"]
    assert len(found.trials) == 25


def test_one_of_an_experiment_counted_back_is_a_trial(maker, search):
    search()
    assert [each.id for each in choose(maker.trials, ["digits~1"]).named] == [maker.trials.ordered[-2].id]


def test_a_filter_alone_and_beside_experiments(maker, search):
    search("one"), search("two")
    (choice,) = choose(maker.trials, [], "lr = 0.1").choices
    assert (choice.label, choice.experiment, len(choice.trials)) == ("lr = 0.1", None, 6)
    (choice,) = choose(maker.trials, ["two"], "lr = 0.1").choices
    assert (choice.label, choice.whole, len(choice.trials)) == ("two where lr = 0.1", False, 3)


@pytest.mark.parametrize(
    ("references", "where", "error"),
    [
        ([], None, UsageError),
        (["alone"], "lr = 0.1", UsageError),
        ([], "lr = 7", NotFoundError),
        (["nothing"], None, NotFoundError),
        ([], "lr =", UsageError),
    ],
)
def test_what_is_refused(maker, search, references, where, error):
    search()
    maker.trial(name="alone")
    with pytest.raises(error) as caught:
        choose(maker.trials, references, where)
    assert caught.value.hint or caught.value.cause
