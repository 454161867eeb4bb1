"""What tells configurations apart although no hyperparameter does."""

from ledger.ops.hybrid_names import tag_of_one
from ledger.ops.observations import observations
from ledger.ops.untold import with_untold, with_words
from tests.searches import proposals, search


def side(maker, name, *commands, **more):
    for each in commands:
        maker.trial(experiment=name, argv=tuple(each.split()), metrics={"loss": 1.0}, **more)
    return observations(maker.trials.of_experiment(name), name)


def words(observed):
    return [each.values for each in observed.variables if each.name.startswith("command")]


def test_words_are_those_of_all_sides_and_code_is_of_none(maker):
    a = side(maker, "a", "./fit.sh 0.1", "./fit.sh 0.2 x", code={"fit.sh": b"1"})
    b = side(maker, "b", "./other.sh 0.1", "./other.sh", code={"fit.sh": b"2"})
    left, right = with_words([a, b], maker.trials.by_id)
    assert (words(left), words(right)) == ([("0.1", "0.2 x")], [("0.1", None)])
    assert [each.name for each in left.variables] == ["command"]


def test_words_that_are_the_same_everywhere_are_not_told(maker):
    sides = [side(maker, name, "./fit.sh 0.1", "./fit.sh 0.1") for name in "ab"]
    assert with_words(sides, maker.trials.by_id) == sides
    assert with_untold(sides[0], maker.trials.by_id) == sides[0]


def test_a_search_has_names_for_all_that_it_varies(maker):
    for place, id in enumerate(proposals(maker, search(), (0.1, 0.2))):
        argv = ("./fit.sh", f"0.{place + 1}", "data.csv", f"model-{place}.pt")
        maker.trial(experiment="tuned", proposal=id, argv=argv, params={"lr": (place + 1) / 10})
    tuned = observations(maker.trials.of_experiment("tuned"), "tuned")
    assert words(with_untold(tuned, maker.trials.by_id)) == []
    by_hand = side(maker, "by hand", "./fit.sh 0.1 data.csv", params={"lr": 0.1})
    assert with_words([tuned, by_hand], maker.trials.by_id) == [tuned, by_hand]
    other = side(maker, "other", "./fit.sh 0.1 more.csv", params={"lr": 0.1})
    left, right = with_words([tuned, other], maker.trials.by_id)
    assert (words(left), words(right)) == ([("data.csv", "data.csv")], [("more.csv",)])


def test_reruns_with_other_seeds_are_of_one_configuration(maker):
    tag = tag_of_one("seeds", side(maker, "x", "./fit.sh 0.1 7").trials[0])
    found = side(maker, "seeds", "./fit.sh 0.1 3", "./fit.sh 0.1 4", tags=(tag,))
    assert words(with_untold(found, maker.trials.by_id)) == []
    by_hand = side(maker, "by hand", "./fit.sh 0.1 3", "./fit.sh 0.1 4", tags=("seeds-mine",))
    assert words(with_untold(by_hand, maker.trials.by_id)) == [("0.1 3", "0.1 4")]


def test_a_hyperparameter_of_that_name_stays(maker):
    found = side(maker, "x", "./fit.sh 0.1", "./fit.sh 0.2", params={"command": "fit"})
    (told,) = with_words([found], maker.trials.by_id)
    assert words(told) == [("fit", "fit"), ("0.1", "0.2")]
    assert len({each.name for each in told.variables}) == 2
