import subprocess
import sys

import pytest

from ledger.errors import UsageError
from ledger.model import HyperparameterType
from ledger.model.space import Domain, Parameter, Space
from ledger.tune.samplers import registry
from ledger.tune.samplers.registry import Choice, parsed
from ledger.tune.space.unit import UnitSpace

SPACE = UnitSpace(
    Space(parameters=(Parameter(name="x", domain=Domain(type=HyperparameterType.REAL, low=0.0, high=1.0)),))
)


@pytest.mark.parametrize(
    ("text", "choice"),
    [
        ("random", Choice(name="random")),
        ("grid:points=7,order=natural", Choice(name="grid", options=(("order", "natural"), ("points", 7)))),
        ("optuna:TPESampler", Choice(name="optuna", argument="TPESampler")),
        (
            "optuna:TPESampler,multivariate=true,prior_weight=0.5",
            Choice(
                name="optuna", argument="TPESampler", options=(("multivariate", True), ("prior_weight", 0.5))
            ),
        ),
    ],
)
def test_what_is_written_is_read(text, choice):
    assert parsed(text) == choice
    assert parsed(choice.text) == choice


def test_a_near_name_is_told():
    with pytest.raises(UsageError) as error:
        parsed("randon")
    assert error.value.hint == "did you mean: --sampler random"
    assert "sobol" in error.value.cause
    with pytest.raises(UsageError) as error:
        parsed("zzz")
    assert "--sampler auto" in error.value.hint


@pytest.mark.parametrize(
    "text", ["grid:points=", "grid:points=3,points=4", "grid:a,b", "grid:=3", "grid:3x=1"]
)
def test_options_that_do_not_parse_are_refused(text):
    with pytest.raises(UsageError, match="does not parse"):
        parsed(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("random:points=3", ["has no option 'points'", "it has none"]),
        ("grid:point=3", ["has no option 'point'", "points, order"]),
        ("grid:points=0", ["points on each axis", "1 or more"]),
        ("grid:order=odd", ["no order 'odd'", "shuffled or natural"]),
        ("sobol:Owen", ["has no option 'argument'"]),
        ("optuna:TPESample", ["no sampler 'TPESample'", "optuna:TPESampler"]),
        ("optuna:TPESampler,multivariat=true", ["cannot be made", "multivariat", "multivariate"]),
        ("optuna:GridSampler", ["cannot be made", "search_space"]),
        ("optuna:BaseSampler", ["no sampler 'BaseSampler'"]),
    ],
)
def test_what_cannot_be_made_is_told(text, words):
    if text.startswith("optuna"):
        pytest.importorskip("optuna")
    with pytest.raises(UsageError) as error:
        registry.make(text, SPACE, 1, 0)
    assert all(word in str(error.value) for word in words), str(error.value)


def test_the_newest_version_is_made_or_the_one_that_is_asked_for():
    assert [registry.make("random", SPACE, 1, 0, each).version for each in (None, 1, 2)] == [2, 1, 2]
    with pytest.raises(UsageError) as error:
        registry.make("grid:points=4", SPACE, 1, 0, 3)
    assert (error.value.message, error.value.cause) == (
        "the sampler grid has no version 3 here",
        "known: 1, 2",
    )


def test_who_cannot_look_for_several_objectives_names_those_who_can():
    with pytest.raises(UsageError) as error:
        registry.make("cma", SPACE, 2, 0)
    assert "evolution" in error.value.hint


def test_a_missing_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    monkeypatch.delitem(sys.modules, "ledger.tune.samplers.optuna_adapter", raising=False)
    with pytest.raises(UsageError) as error:
        registry.make("optuna:TPESampler", SPACE, 1, 0)
    assert error.value.hint == "python -m pip install 'replay-ledger[optuna]'"


def test_versions_of_whose_arithmetic_it_is():
    assert registry.packages(parsed("cma")).keys() == {"cmaes", "numpy"}
    assert registry.packages(parsed("random")) == {}


def test_reading_a_name_imports_no_sampler():
    code = (
        "import sys; from ledger.tune.samplers import registry; registry.parsed('optuna:TPESampler');"
        "print([each for each in ('optuna', 'cmaes', 'scipy') if each in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
