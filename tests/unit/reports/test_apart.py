"""What differs between the chosen."""

from ledger.reports.apart import MOST_LINES


def test_trials_that_are_named_in_pairs(gathered, maker):
    for name, code in (("a", b"x\n"), ("b", b"y\n"), ("c", b"y\n" * (MOST_LINES + 9))):
        maker.trial(name=name, code={"train.py": code})
    first, second = gathered("a", "b", "c").apart
    assert (first.a.name, first.b.name, second.b.name) == ("a", "b", "c")
    assert "-x" in first.code
    assert "+y" in first.code
    assert (first.more, second.more) == (False, True)


def test_of_an_experiment_its_first_and_its_best(gathered, search):
    trials = search()
    (pair,) = gathered("digits", minimize="loss").apart
    assert (pair.a.id, pair.b.id) == (trials[0.1, 1], trials[0.2, 1])
    assert {name for name, found in pair.diff.sections.items() if found} == {
        "hyperparameters",
        "metrics",
    }


def test_every_two_experiments_in_sentences(gathered, search):
    search("one"), search("two", 1.0), search("three", 2.0)
    found = gathered("one", "two", "three", minimize="loss").compared
    assert [(each.a, each.b) for each in found] == [("one", "two"), ("one", "three"), ("two", "three")]
    assert all(each.sentences for each in found)
