"""From trials to what tuning gains: which of them count, and what is said where too few do."""

import math
from types import SimpleNamespace

import pytest

from ledger.cli.across_page import sensitivity_page, tunability_page
from ledger.errors import IncomparableError, NotFoundError, UsageError
from ledger.model import HyperparameterType
from ledger.model.frozen import replace
from ledger.model.space import Domain, Parameter, Space
from ledger.ops import searches
from ledger.ops.across import DataSets
from ledger.ops.tunability import sensitivity, sensitivity_document, tunability, tunability_document
from tests.searches import search

LOSSES = {"one": [1.0, 3.0, 0.5, 5.0], "two": [2.0, 1.5, 4.0, 0.25]}
GRID = [(lr, depth) for lr in (0.1, 1.0) for depth in (1, 2)]


@pytest.fixture
def workspace(maker):
    return SimpleNamespace(store=maker.store, journal=maker.journal, directory=maker.folder, foreign=False)


@pytest.fixture
def trials(maker):
    """A grid of two hyperparameters on two data sets, each tried with one seed but one, which has two."""
    for name, losses in LOSSES.items():
        for (lr, depth), loss in zip(GRID, losses, strict=True):
            for seed, noise in ((1, 0.0),) if lr < 1 else ((1, -0.125), (2, 0.125)):
                params = {"lr": lr, "depth": depth, "data": name, "seed": seed}
                maker.trial(experiment=name, params=params, metrics={"loss": loss + noise})
    return maker


def test_an_experiment_is_a_data_set(workspace, trials, accept):
    found = tunability(workspace, DataSets(experiments=("one", "two"), minimize="loss"))
    assert found.asked.apart == ("data",)
    assert found.asked.table.trials == (6, 6)
    assert found.asked.own is None
    document = tunability_document(found)
    accept("tunability.v1", document)
    assert document["defaults"] == {"lr": 0.1, "depth": 1}
    assert document["all"]["gains"] == [0.5, 1.75]
    assert [(each["names"], each["gains"]) for each in document["hyperparameters"]] == [
        (["depth"], [0.0, 0.5]),
        (["lr"], [0.5, 0.0]),
    ]
    assert [each["joint"] for each in document["pairs"]] == [0.625]
    text = tunability_page(found, pairs=True).plain()
    first = text.splitlines()[0]
    assert first.startswith("loss, which should be small: 4 configurations on each of 2 data sets, ")
    assert first.endswith(", 1.5 trials each or more, on average")
    assert "depth + lr" in text
    head = text.partition("\n\n")[0].splitlines()[1:]
    assert [line[:17] for line in head] == ["  data sets      ", "  told apart by  ", "  defaults       "]


def test_so_is_a_value_of_a_hyperparameter(workspace, trials):
    apart = tunability(workspace, DataSets(experiments=("one", "two"), minimize="loss"))
    by = tunability(workspace, DataSets(by="data", where="seed < 3", minimize="loss"))
    assert by.asked.table.losses.tolist() == apart.asked.table.losses.tolist()
    assert by.asked.table.names == ("one", "two")


def test_the_logarithm_counts_where_it_is_asked_for(workspace, trials):
    found = tunability(workspace, DataSets(experiments=("one", "two"), minimize="loss", log=True))
    assert found.asked.table.losses[0][0] == math.log(1.0)
    assert "log loss" in tunability_page(found, pairs=False).plain()


def test_how_much_it_depends_on_being_tuned(workspace, trials, accept):
    found = sensitivity(workspace, DataSets(experiments=("one", "two"), minimize="loss"))
    document = sensitivity_document(found)
    accept("sensitivity.v1", document)
    assert document["common"] == {"lr": 0.1, "depth": 1}
    assert document["steps"][0]["names"] == []
    assert document["phi"] == pytest.approx(document["tuned"] - document["steps"][0]["score"])
    assert [each["share"] for each in document["dimension"]] == [0.95, 0.99]
    head = sensitivity_page(found).plain().partition("\n\n")[0].splitlines()[1:]
    assert [line[:28].rstrip() for line in head] == [
        "  data sets",
        "  told apart by",
        "  common configuration",
        "  sensitivity Φ",
        "  effective dimension, 95%",
        "  effective dimension, 99%",
    ]
    assert {line[27] for line in head} == {" "}
    assert " " not in {line[28] for line in head}


def test_the_program_s_own_defaults(workspace, maker):
    def tried(name, lr, loss):
        source = "default" if lr == 0.5 else "argument"
        maker.trial(experiment=name, params={"lr": lr}, sources={"lr": source}, metrics={"loss": loss})

    for name, losses in LOSSES.items():
        for lr, loss in zip((0.5, 0.25), losses, strict=False):
            tried(name, lr, loss)
    found = tunability(workspace, DataSets(experiments=("one", "two"), minimize="loss"))
    assert found.found.over.gains == (0.0, 0.5)
    assert "over the program's own defaults" in tunability_page(found, pairs=False).plain()


def test_a_forest_that_explains_little_is_named(workspace, maker, accept):
    for name, way in (("one", 1.0), ("two", 0.0)):
        for number in range(24):
            place = (number + 0.5 * (name == "two")) / 24
            chance = number * 7 % 24 / 24 * (number % 2)  # nothing of x
            maker.trial(
                experiment=name, params={"lr": place}, metrics={"loss": way * place + chance * (1 - way)}
            )
    question = DataSets(experiments=("one", "two"), minimize="loss")
    found = tunability(workspace, question)
    assert found.asked.table.doubtful == ("two",)
    document = tunability_document(found)
    accept("tunability.v1", document)
    assert document["doubtful"] == ["two"]
    for text in (
        tunability_page(found, pairs=False).plain(),
        sensitivity_page(sensitivity(workspace, question)).plain(),
    ):
        assert "the forest of two explains 0%, which is little" in text
        assert "the forest of one explains" not in text


@pytest.mark.parametrize(("where", "told"), [("depth = 4", True), ("depth = 2", False)])
def test_defaults_are_those_of_what_is_the_same_in_all_trials_too(workspace, maker, where, told):
    names = {
        "lr": Domain(type=HyperparameterType.REAL, low=0.0, high=1.0),
        "depth": Domain(type=HyperparameterType.INTEGER, low=1, high=8),
    }
    defaults = {"lr": 0.5, "depth": 4}
    space = Space(
        parameters=tuple(
            Parameter(name=name, domain=domain, default=defaults[name]) for name, domain in names.items()
        )
    )
    for name in LOSSES:
        maker.journal.append(searches.created(name, replace(search(), space=space)))
        for lr in (0.25, 0.5):
            for depth in (2, 4):
                maker.trial(experiment=name, params={"lr": lr, "depth": depth}, metrics={"loss": lr * depth})
    found = tunability(workspace, DataSets(experiments=("one", "two"), minimize="loss", where=where))
    assert (found.found.over is not None) is told


@pytest.mark.parametrize(
    ("question", "error", "words"),
    [
        ({"experiments": ("one",)}, UsageError, "two data sets"),
        ({"experiments": ("one", "three")}, NotFoundError, "three"),
        ({"experiments": ("one", "two"), "by": "lr"}, UsageError, "both --by and several"),
        ({"by": "colour"}, NotFoundError, "colour"),
        ({"experiments": ("one", "two"), "minimize": "accuracy"}, UsageError, "finite accuracy"),
        ({"experiments": ("one", "two"), "minimize": None}, UsageError, "metric is needed"),
        ({"by": "lr", "ignore": ("depth", "data")}, IncomparableError, "one configuration was tried"),
    ],
)
def test_what_cannot_be_answered(workspace, trials, question, error, words):
    with pytest.raises(error) as raised:
        tunability(workspace, DataSets(**{"minimize": "loss", **question}))
    assert words in str(raised.value)


def test_nothing_was_tried_on_both(workspace, maker):
    for name, rates in (("one", (1, 2)), ("two", (3, 4))):
        for lr in rates:
            maker.trial(experiment=name, params={"lr": lr}, metrics={"loss": 1.0})
    with pytest.raises(IncomparableError) as raised:
        tunability(workspace, DataSets(experiments=("one", "two"), minimize="loss"))
    assert raised.value.exit_code == 5
    assert raised.value.message == "no configuration was tried on all of one, two"
    assert raised.value.hint.endswith("; of 20 trials of each a forest says the rest: one has 2")


def test_a_loss_of_nothing_has_no_logarithm(workspace, maker):
    for name in LOSSES:
        for lr in (1, 2):
            maker.trial(experiment=name, params={"lr": lr}, metrics={"loss": lr - 1.0})
    with pytest.raises(UsageError, match="no logarithm"):
        tunability(workspace, DataSets(experiments=("one", "two"), minimize="loss", log=True))


def test_a_forest_says_what_was_not_tried(workspace, maker, accept):
    for name, valley in (("one", 0.25), ("two", 0.75)):
        for number in range(24):
            place = (number + 0.5 * (name == "two")) / 24  # no point is on both
            maker.trial(experiment=name, params={"lr": place}, metrics={"loss": (place - valley) ** 2})
    question = DataSets(experiments=("one", "two"), minimize="loss")
    found = tunability(workspace, question)
    assert min(found.asked.table.explained) > 0.5
    assert found.found.all.mean > 0.02
    accept("tunability.v1", tunability_document(found))
    words = tunability_page(found, pairs=False).plain().split()
    assert "forest of one 24 trials, explains" in " ".join(words)
    with pytest.raises(IncomparableError):
        tunability(workspace, replace(question, method="measured"))
