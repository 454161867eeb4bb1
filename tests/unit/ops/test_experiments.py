"""Two experiments: what pairs up, whether one is better, and what else is not the same."""

import math
import random
from types import SimpleNamespace

import pytest

from ledger.cli.compare_table_page import table_page
from ledger.cli.diff_page import diff_page
from ledger.errors import NotFoundError, UsageError
from ledger.model import Distribution, Environment, Status
from ledger.model.config import Config
from ledger.model.space import Objective
from ledger.ops import searches
from ledger.ops.compare_document import table_document
from ledger.ops.compare_table import table
from ledger.ops.diff import compare, compare_selections
from ledger.ops.differences import SECTIONS
from ledger.ops.experiments import Asked, Chosen, chosen, sides
from ledger.ops.observations import Selection
from ledger.ops.result_documents import diff_document
from tests.searches import search


@pytest.fixture
def workspace(maker):
    return SimpleNamespace(
        store=maker.store, journal=maker.journal, directory=maker.folder, foreign=False, config=Config()
    )


@pytest.fixture
def between(maker):
    """Return a function: (a, b, what is asked) → how two experiments compare."""

    def between(a, b, **asked):
        timing = Config().replay.timing
        return compare(maker.trials, a, b, maker.store, timing=timing, asked=Asked(**asked))

    return between


def several(maker, name, shift, *, seeds=5, rates=(0.1, 0.2), drawn=1, **more):
    """Trials of one optimizer, with the same noise for the same `drawn`."""
    noise = random.Random(drawn)
    for seed in range(seeds):
        for lr in rates:
            params = {"lr": lr, "opt": name, "seed": seed}
            accuracy = 0.8 + lr / 10 + noise.gauss(0, 0.01) + shift
            maker.trial(
                experiment=name, params=params, metrics={"accuracy": accuracy, "steps": 100.0}, **more
            )


def told(result, section):
    return [
        (each.path, each.expected, each.got, each.detail, each.counted)
        for each in result.diff.sections[section]
    ]


def test_configurations_pair_and_what_is_alone_is_told(maker, between):
    for seed, loss in ((1, 1.0), (2, 3.0)):
        maker.trial(experiment="a", params={"lr": 1, "seed": seed}, metrics={"loss": loss, "step_time": 1})
    maker.trial(experiment="a", params={"lr": 5}, metrics={"loss": 1.0})
    maker.trial(experiment="a", params={"lr": 7}, status=Status.FAILED)
    maker.trial(
        experiment="b",
        params={"lr": 1.0, "seed": 9},
        metrics={"loss": 4.0, "acc": 0.5, "step_time": 2},
    )
    maker.trial(experiment="b", params={"lr": "1"}, metrics={"loss": 4.0})
    found = between("a", "b")
    assert told(found, "metrics") == [
        ("lr=1: acc", None, 0.5, "means of 0 and 1 trials", True),
        ("lr=1: loss", 2.0, 4.0, "means of 2 and 1 trials", True),
        ("lr=1: step_time", 1.0, 2.0, "means of 2 and 1 trials", False),
    ]
    assert [each[:3] for each in told(found, "hyperparameters")] == [("lr='1'", None, 1), ("lr=5", 1, None)]
    assert told(found, "verdict") == [("trials that did not end well", 1, 0, None, False)]
    assert told(found, "seeds") == [("seeds", "1, 2", "9", None, False)]
    assert not found.diff.same
    assert found.diff.summary == "1 configuration is in both (of 2 and 2)"
    assert [each.metric for each in found.experiments.quality] == ["loss", "step_time"]
    assert between("a", "a").diff.same
    page = diff_page(found, maker.trials, SECTIONS).plain()
    assert "1 trial of a, 0 of b did not end well" in page
    # Of costs it is known what is better, of other metrics not, so that the columns mean two things.
    assert [line.split("95 %")[1].split() for line in page.splitlines() if "b - a" in line] == [
        ["P(b", "higher)"],
        ["P(b)"],
    ]


def test_a_configuration_is_told_by_what_varies_alone(maker, between):
    fixed = {"epochs": 10, "data": "digits"}
    for name, more, loss in (("a", {}, 1.0), ("b", {"momentum": 0.9}, 2.0)):
        maker.trial(experiment=name, params={**fixed, "lr": 0.1}, metrics={"loss": loss})
        maker.trial(experiment=name, params={**fixed, "lr": 0.2, **more}, metrics={"loss": loss})
    found = between("a", "b")
    assert [each[0] for each in told(found, "metrics")] == ["lr=0.1: loss"]
    assert [each[:3] for each in told(found, "hyperparameters")] == [
        ("lr=0.2", 1, None),
        ("lr=0.2 momentum=0.9", None, 1),
    ]
    # Of two sides of which each has one configuration, nothing is to be told.
    for name, lr in (("c", 0.1), ("d", 0.3)):
        maker.trial(experiment=name, params={**fixed, "lr": lr}, metrics={"loss": lr})
    assert [each[0] for each in told(between("c", "d"), "metrics")] == ["loss"]


def test_one_is_better(maker, between, accept):
    several(maker, "sgd", 0.0)
    several(maker, "adam", 0.03, drawn=2)
    found = between("sgd", "adam", maximize="accuracy")
    (quality,) = found.experiments.quality
    assert found.experiments.pairing.about[0].name == "opt"
    assert (quality.design, quality.sizes, quality.better) == ("seeds", ((5, 5), (5, 5)), True)
    (sentence,) = found.experiments.sentences
    assert sentence.startswith("adam is better by 0.02")
    assert sentence.endswith("with these 5 seeds of each of 2 configurations that is more than seed noise")
    assert [each.metric for each in found.experiments.cost] == ["duration_s", "peak_memory"]
    document = diff_document(found)
    accept("diff.v1", document)
    assert document["comparison"]["quality"][0]["better"] is True
    assert document["comparison"]["objective"] == {"metric": "accuracy", "direction": "maximize"}
    back = between("adam", "sgd", minimize="accuracy")
    assert back.experiments.sentences[0].startswith("sgd is better by 0.02")


def test_what_cannot_be_told_says_how_many_seeds_it_takes(maker, between):
    several(maker, "sgd", 0.0, rates=(0.1,))
    several(maker, "adam", 0.001, rates=(0.1,), drawn=3)
    found = between("sgd", "adam", maximize="accuracy")
    (quality,) = found.experiments.quality
    assert (quality.verdict, quality.needed > 5) == ("unclear", True)
    (sentence,) = found.experiments.sentences
    assert "with these 5 seeds that cannot be told from seed noise; " in sentence
    assert sentence.endswith(" would be needed")
    assert "better" not in sentence


def test_two_questions_of_which_each_has_its_answer(maker, between):
    for kind, moves in (("a", (0.0, 0.0)), ("b", (0.003, 0.1))):
        for lr in (0.1, 0.2, 0.3):
            for seed, by in enumerate(moves):
                params = {"lr": lr, "opt": kind, "seed": seed}
                maker.trial(experiment=kind, params=params, metrics={"loss": 1 - lr + by * (1 + lr)})
    (told,) = between("a", "b", minimize="loss").experiments.sentences
    assert (
        "that cannot be told from seed noise; a permutation of just these values tells the sides apart"
        " (p = 0.031), which is another question than what other seeds would do; about " in told
    )
    several(maker, "c", 0.0)
    several(maker, "d", 0.001, drawn=2)
    (told,) = between("c", "d", maximize="accuracy").experiments.sentences
    assert "permutation" not in told


def test_one_trial_each(maker, between):
    for name, value in (("a", 0.5), ("b", 0.75)):
        maker.trial(experiment=name, params={"opt": name}, metrics={"loss": value})
    found = between("a", "b", minimize="loss")
    assert found.experiments.sentences == (
        "one trial each: nothing can be said of noise; loss of b is higher by 0.25",
    )


def test_an_interval_of_which_one_end_is_known_is_told(maker, between):
    """Of so few and so unlike values a bootstrap-t leaves one end open; that is not one trial each."""
    for name, values in (("a", (10.0, 25.0)), ("b", (10.0, 220.0, 220.0, 550.0))):
        for seed, value in enumerate(values):
            maker.trial(experiment=name, params={"opt": name, "seed": seed}, metrics={"loss": value})
    found = between("a", "b", minimize="loss")
    (quality,) = found.experiments.quality
    assert (quality.verdict, math.isfinite(quality.interval.low), quality.interval.high) == (
        "unclear",
        True,
        math.inf,
    )
    assert " (-52.16 to inf); with these 2 and 4 seeds that cannot be told " in found.experiments.sentences[0]


def test_words_of_a_command_that_have_no_name_tell_configurations_apart(maker, between, workspace):
    for name, factors in (("a", (1, 2, 3)), ("b", (3, 4))):
        for factor in factors:
            maker.trial(
                experiment=name, argv=("./fit.sh", "10", str(factor)), metrics={"loss": float(factor)}
            )
    found = between("a", "b", minimize="loss")
    assert len(found.experiments.pairing.pairs) == 1
    assert found.experiments.pairing.unpaired == (2, 1)
    assert told(found, "hyperparameters")[0][:3] == ("command='10 1'", 1, None)
    assert between("a", "b", minimize="loss", ignore=("command",)).experiments.pairing.unpaired == (0, 0)
    sides = [chosen(workspace, Selection(experiment=each)) for each in ("a", "b")]
    rows = table([*sides, chosen(workspace, Selection(where="loss > 1"))]).rows
    assert [each.configurations for each in rows] == [3, 2, 3]


def test_the_objective_is_that_of_the_searches(maker, between):
    for name in ("x", "y", "z"):
        metric = Objective(metric="loss" if name != "z" else "accuracy", maximize=name == "z")
        maker.journal.append(searches.created(name, search(metric)))
        maker.trial(experiment=name, params={"lr": 1}, metrics={"loss": 1.0, "accuracy": 1.0})
    assert between("x", "y").experiments.objective == Objective(metric="loss")
    assert between("x", "y", maximize="accuracy").experiments.objective.metric == "accuracy"
    found = between("x", "z").experiments
    assert (found.objective, [each.metric for each in found.quality]) == (None, ["accuracy", "loss"])


def test_code_environment_and_outputs(maker, between):
    other = Environment(
        python="3.12.1",
        implementation="cpython",
        platform="linux-x86_64-glibc-2.36",
        distributions=(Distribution(name="numpy", version="2.1", origin="index", record=None),),
        variables=(("LANG", "C"),),
    )
    maker.trial(experiment="a", params={"seed": 1}, outputs={"model": b"0", "log": b"same"})
    for seed in (1, 2):
        maker.trial(experiment="a", params={"seed": seed}, outputs={"model": b"1", "log": b"same"})
        maker.trial(
            experiment="b",
            params={"seed": seed},
            code={"train.py": b"print(2)\n"},
            environment=other,
            outputs={"model": b"2", "log": b"same"},
            inputs={"data.csv": b"x"},
        )
    maker.trial(experiment="b", params={"seed": 3}, outputs={"model": b"2"})
    found = between("a", "b")
    # Two versions on one side: shown is the one that the other side does not have.
    assert told(found, "code")[0][:3] == ("<versions>", 1, 2)
    one, other = found.experiments.code
    assert (one.experiment, other.experiment) == ("a", "b")
    assert ("train.py", True) in [(each[0], each[4]) for each in told(found, "code")]
    assert ("python", "3.11.7", "3.12.1") in [each[:3] for each in told(found, "environment")]
    assert [each[0] for each in told(found, "outputs")] == ["model"]
    assert [each[0] for each in told(found, "inputs")] == ["data.csv"]
    page = diff_page(found, maker.trials, SECTIONS).plain()
    assert "train.py" in page


def test_outputs_of_one_seed_are_held_against_each_other(maker, between):
    for seed in (1, 2, 3):
        for name in ("a", "b"):
            content = b"%d" % seed if seed < 3 else name.encode()
            maker.trial(experiment=name, params={"seed": seed}, outputs={"model": content})
    (model,) = told(between("a", "b"), "outputs")
    assert (model[0], model[3], model[4]) == ("model", "in 1 of 3 pairs", True)


def test_selections(workspace, maker, accept):
    several(maker, "sgd", 0.0)
    several(maker, "adam", 0.03)
    wanted = Asked(maximize="accuracy")
    where = [Selection(where=f"opt = {name}") for name in ("sgd", "adam")]
    found = compare_selections(workspace, *where, wanted)
    assert (found.kind, found.a, found.experiments.quality[0].better) == ("selections", "opt = sgd", True)
    accept("diff.v1", diff_document(found))
    within = [Selection(experiment="sgd", where=f"lr = {lr}") for lr in (0.1, 0.2)]
    found = compare_selections(workspace, *within, wanted)
    assert [each.name for each in found.experiments.pairing.about] == ["lr"]
    with pytest.raises(NotFoundError, match="no trial of lr > 9 ended well"):
        compare_selections(workspace, Selection(where="lr > 9"), where[0])


def test_what_is_left_out(maker, between):
    for name in ("a", "b"):
        for number in (1, 2):
            params = {"lr": number, "out": f"{name}/{number}"}
            maker.trial(experiment=name, params=params, metrics={"loss": 1.0})
    assert between("a", "b").experiments.pairing.hindering == ("out",)
    page = diff_page(between("a", "b"), maker.trials, SECTIONS).plain()
    assert "an unpaired test" in page
    assert "--ignore out" in page
    assert len(between("a", "b", ignore=("out",)).experiments.pairing.pairs) == 2


def test_what_cannot_be_asked(maker, between, workspace):
    maker.trial(experiment="a", params={"lr": 1}, metrics={"loss": 1.0})
    maker.trial(experiment="b", params={"lr": 1}, metrics={"loss": float("nan"), "lose": 2.0})
    with pytest.raises(UsageError, match="no trial of b has a finite value of 'loss'") as error:
        between("a", "b", minimize="loss")
    assert error.value.cause == "1 trial ended well, with NaN or infinity if anything"
    with pytest.raises(UsageError, match="no trial of a has") as error:
        between("a", "a", minimize="los")
    assert error.value.cause == "the nearest name is loss"
    with pytest.raises(UsageError, match="one metric is needed"):
        between("a", "a", minimize="loss", maximize="loss")
    with pytest.raises(UsageError, match="no trial has a hyperparameter 'l'") as error:
        between("a", "b", ignore=("l",))
    assert error.value.cause == "the nearest name is lr"
    with pytest.raises(UsageError, match="two trials have no metric"):
        between("@", "a", minimize="loss")
    maker.trial(experiment="c", status=Status.FAILED)
    with pytest.raises(NotFoundError, match="no trial of c ended well"):
        between("a", "c")
    assert between("a", "b").experiments.quality == ()
    assert "no metric has a finite value" in diff_page(between("a", "b"), maker.trials, SECTIONS).plain()


@pytest.mark.parametrize(
    ("names", "where", "expected"),
    [
        (["a", "b"], [], [("a", None), ("b", None)]),
        (["a", "b"], ["w"], [("a", "w"), ("b", "w")]),
        (["a", "b"], ["v", "w"], [("a", "v"), ("b", "w")]),
        (["a"], ["v", "w"], [("a", "v"), ("a", "w")]),
        ([], ["v", "w", "x"], [(None, "v"), (None, "w"), (None, "x")]),
        (["a"], ["v"], None),
        ([], [], None),
        (["a", "b"], ["u", "v", "w"], None),
        (["a", "b", "a"], [], None),
    ],
)
def test_sides(names, where, expected):
    if expected is None:
        with pytest.raises(UsageError, match=r"two sides are needed|named twice"):
            sides(names, where)
    else:
        assert [(each.experiment, each.where) for each in sides(names, where)] == expected


def test_three_are_a_table(maker, workspace, accept):
    several(maker, "sgd", 0.0)
    several(maker, "adam", 0.03)
    several(maker, "lion", 0.0302, drawn=5)
    names = ("sgd", "adam", "lion")
    every = [chosen(workspace, Selection(experiment=name)) for name in names]
    found = table(every, Asked(maximize="accuracy"))
    assert [row.label for row in found.rows][-1] == "sgd"
    assert found.summary.startswith(("lion has the best mean of accuracy", "adam has the best mean"))
    apart = {
        (each.a, each.b): each.told_apart for each in found.pairs if each.comparison.metric == "accuracy"
    }
    assert apart == {("sgd", "adam"): True, ("sgd", "lion"): True, ("adam", "lion"): False}
    assert set(found.front) == {"adam", "lion"}
    accept("diff-table.v1", table_document(found))
    page = table_page(found).plain()
    assert "cannot be told from" in page
    assert "on the front" in page
    without = table(every)
    assert (without.objective, without.front) == (None, None)
    assert {each.comparison.metric for each in without.pairs} == {
        "accuracy",
        "steps",
        "duration_s",
        "peak_memory",
    }
    accept("diff-table.v1", table_document(without))
    assert "3 sides, 2 metrics that all have" in table_page(without).plain()


def test_a_side_that_has_only_enormous_values_has_none_to_compare(maker, workspace):
    for label, value in (("x", 1e200), ("y", 2e200), ("z", 1.0)):
        for seed in range(2):
            maker.trial(experiment=label, params={"seed": seed}, metrics={"loss": value * (1 + seed)})
    every = [chosen(workspace, Selection(experiment=each)) for each in "xyz"]
    with pytest.raises(UsageError, match="no trial of x has a value of 'loss' that can be compared"):
        table(every, Asked(minimize="loss"))


def by_words(maker, name, shift, rates=("0.1", "0.2"), **more):
    """Trials of a program that is not looked into."""
    for seed in (1, 2, 3):
        for rate in rates:
            metrics = {"loss": float(rate) * seed + shift}
            maker.trial(experiment=name, argv=("./fit.sh", rate), seed=seed, metrics=metrics, **more)


def test_words_that_nothing_has_a_name_for_pair_and_other_code_does_not_hinder(maker, between):
    by_words(maker, "a", 0.0, code={"fit.sh": b"1"})
    by_words(maker, "b", 0.5, code={"fit.sh": b"2"})
    found = between("a", "b", minimize="loss")
    assert found.diff.summary.startswith("2 configurations are in both (of 2 and 2)")
    (quality,) = found.experiments.quality
    assert (quality.design, quality.sizes) == ("seeds", ((3, 3), (3, 3)))
    assert [each[0] for each in told(found, "metrics")] == ["command='0.1': loss", "command='0.2': loss"]
    assert told(found, "hyperparameters") == []
    assert between("a", "b", ignore=("command",)).diff.summary.startswith("1 configuration is in both (of 1")


def test_words_that_differ_from_side_to_side_are_what_it_is_about(maker, between):
    by_words(maker, "a", 0.0, rates=("0.1",))
    by_words(maker, "b", 0.5, rates=("0.2",))
    found = between("a", "b", minimize="loss")
    ((name, a, b),) = [(each.name, each.a, each.b) for each in found.experiments.pairing.about]
    assert (name, a, b) == ("command", "0.1", "0.2")
    assert len(found.experiments.pairing.pairs) == 1


def test_sides_that_are_several_have_their_words_told_apart(maker):
    for name in "abc":
        by_words(maker, name, 0.0)
    trials = maker.trials
    sides = [Chosen(label=each, trials=trials.of_experiment(each), tuned=None) for each in "abc"]
    made = table(sides, Asked(minimize="loss"))
    assert [each.configurations for each in made.rows] == [2, 2, 2]
    assert {each.comparison.configurations for each in made.pairs} == {2}
