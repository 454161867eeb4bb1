import sys
from functools import partial

import pytest

optuna = pytest.importorskip("optuna")

from ledger.errors import SpaceExhaustedError, UsageError  # noqa: E402
from ledger.model import HyperparameterType as Type  # noqa: E402
from ledger.model.space import Domain, Parameter, Space  # noqa: E402
from ledger.tune.base import Observation, State  # noqa: E402
from ledger.tune.draws import Draws  # noqa: E402
from ledger.tune.samplers import registry  # noqa: E402
from ledger.tune.samplers.optuna_adapter import _PURPOSE  # noqa: E402
from ledger.tune.space.language.read import space  # noqa: E402
from ledger.tune.space.unit import UnitSpace  # noqa: E402

SPACE = UnitSpace(
    Space(
        parameters=(
            Parameter(name="x", domain=Domain(type=Type.REAL, low=0.0, high=1.0)),
            Parameter(name="y", domain=Domain(type=Type.REAL, low=0.0, high=1.0)),
            Parameter(name="n", domain=Domain(type=Type.INTEGER, low=1, high=9)),
        )
    )
)


def loss(x, y, n):
    return (x - 0.3) ** 2 + (y - 0.6) ** 2 + (n - 4) ** 2 / 50


THEIRS = {
    "optuna:CmaEsSampler": optuna.samplers.CmaEsSampler,
    "optuna:NSGAIISampler,population_size=8": partial(optuna.samplers.NSGAIISampler, population_size=8),
    "optuna:QMCSampler,scramble=true": partial(optuna.samplers.QMCSampler, scramble=True),
}


@pytest.mark.parametrize(("name", "make"), THEIRS.items(), ids=THEIRS)
@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
def test_samplers_with_notes_do_as_in_a_study_that_goes_on(name, make):
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(sampler=make(seed=Draws(5, 0, _PURPOSE).word() >> 33))
    sampler = registry.make(name, SPACE, 1, 5)
    known = []
    for number in range(40):
        trial = study.ask()
        theirs = (
            trial.suggest_float("x", 0, 1),
            trial.suggest_float("y", 0, 1),
            trial.suggest_int("n", 1, 9),
        )
        sampler.update(known)
        point = sampler.suggest(number)
        values = SPACE.values(point)
        assert (values["x"], values["y"], values["n"]) == pytest.approx(theirs, abs=1e-6)
        study.tell(trial, loss(*theirs))
        known.append(Observation(number=number, point=point, state=State.DONE, losses=(loss(*theirs),)))


def test_what_is_known_arrives():
    sampler = registry.make("optuna:TPESampler", SPACE, 1, 5)
    points = [SPACE.point({"x": 0.25, "y": 0.5, "n": each}) for each in (1, 2, 3, 4)]
    sampler.update(
        [
            Observation(number=0, point=points[0], state=State.DONE, losses=(1.5,), violation=0.25),
            Observation(number=1, point=points[1], state=State.FAILED),
            Observation(number=2, point=points[2], state=State.PRUNED, losses=(2.5,), resource=3.0),
            Observation(number=3, point=points[3], state=State.PENDING),
        ]
    )
    done, failed, pruned, pending = sampler._study(4).get_trials()
    assert [each.state.name for each in (done, failed, pruned, pending)] == [
        "COMPLETE",
        "FAIL",
        "PRUNED",
        "RUNNING",
    ]
    assert done.params == {"x": 0.25, "y": 0.5, "n": 1}
    assert done.value == 1.5
    assert pruned.intermediate_values == {3: 2.5}


@pytest.mark.parametrize(
    "name", ["optuna:TPESampler,n_startup_trials=5", "optuna:NSGAIISampler,population_size=8"]
)
def test_a_missed_constraint_keeps_them_away(name):
    sampler = registry.make(name, SPACE, 1, 5)
    points = [
        SPACE.point({"x": (each + 0.5) / 40, "y": (each * 7 % 40) / 40, "n": each % 9 + 1})
        for each in range(40)
    ]
    shares = []
    for missed in (1.0, 0.0):  # the loss alone says that the larger x the better
        sampler.update(
            [
                Observation(
                    number=number,
                    point=point,
                    state=State.DONE,
                    losses=(-point[0],),
                    violation=missed if point[0] > 0.5 else 0.0,
                )
                for number, point in enumerate(points)
            ]
        )
        suggested = [sampler.suggest(number)[0] for number in range(40, 52)]
        shares.append(sum(each > 0.5 for each in suggested))
    assert shares[0] < shares[1]


def test_choices_keep_their_types():
    values = (1, True, "1", None, 1.5)
    typed = UnitSpace(
        Space(parameters=(Parameter(name="c", domain=Domain(type=Type.CATEGORICAL, choices=values)),))
    )
    sampler = registry.make("optuna:RandomSampler", typed, 1, 0)
    known = []
    for number in range(5):
        sampler.update(known)
        known.append(
            Observation(number=number, point=sampler.suggest(number), state=State.DONE, losses=(0.0,))
        )
    tried = [typed.values(each.point)["c"] for each in known]
    assert sorted(map(repr, tried)) == sorted(map(repr, values))


@pytest.mark.parametrize("domain", ["int(1, 3000000000)", "int(1, 100000000, log)", "real(0, 1, step=1e-10)"])
def test_a_domain_of_more_values_than_the_axis_has_places(domain):
    many = UnitSpace(space([f"n={domain}"]))
    assert many.size is None
    sampler = registry.make("optuna:TPESampler,n_startup_trials=2", many, 1, 0)
    known = []
    for number in range(4):
        sampler.update(known)
        point = sampler.suggest(number)
        loss = many.values(point)["n"] / 1e9
        known.append(Observation(number=number, point=point, state=State.DONE, losses=(loss,)))
    values = [many.values(each.point) for each in known]
    assert len({each["n"] for each in values}) >= 3
    assert [many.values(many.point(each)) for each in values] == values


def test_what_would_be_missing_after_some_trials_is_told_before(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(UsageError) as error:
        registry.make("optuna:GPSampler", SPACE, 1, 0)
    assert error.value.hint == "python -m pip install torch"


def test_it_is_quiet_and_leaves_the_log_as_it_was(capfd):
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.INFO)
    registry.make("optuna:CmaEsSampler", SPACE, 1, 0).suggest(0)
    assert optuna.logging.get_verbosity() == optuna.logging.INFO
    optuna.logging.set_verbosity(before)
    assert capfd.readouterr() == ("", "")


def test_a_space_that_a_sampler_cannot_search_is_refused():
    sampler = registry.make("optuna:BruteForceSampler", SPACE, 1, 5)
    with pytest.raises(UsageError, match="BruteForceSampler cannot search this space"):
        sampler.suggest(0)


def test_a_sampler_that_has_seen_all_ends_the_search():
    unit = UnitSpace(space(["n=int(1, 3)", "b=bool()"]))
    sampler = registry.make("optuna:BruteForceSampler", unit, 1, 5)
    known = []
    for number in range(unit.size):
        point = sampler.suggest(number)
        known.append(Observation(number=number, point=point, state=State.DONE, losses=(1.0,)))
        sampler.update(known)
    assert len({each.point for each in known}) == 6
    with pytest.raises(SpaceExhaustedError):
        sampler.suggest(unit.size)
