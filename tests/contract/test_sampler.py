"""What every sampler does.

Run as a program it prints what each of them suggests: the same in another process.
"""

import json
import os
import random
import subprocess
import sys
import warnings
from importlib import import_module
from importlib.util import find_spec
from itertools import islice

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.errors import SpaceExhaustedError, UsageError
from ledger.model import HyperparameterType as Type
from ledger.model.space import Domain, Parameter, Space
from ledger.tune.base import Observation, State
from ledger.tune.draws import Draws
from ledger.tune.samplers import candidates, registry
from ledger.tune.space.unit import GRID, UnitSpace

SAMPLERS = [name for name in registry.NAMES if name != "optuna" and find_spec(registry._MODULES[name])]
SAMPLERS.append("grid:points=4,order=natural")
if find_spec("optuna"):
    SAMPLERS += [
        "optuna:TPESampler",
        "optuna:TPESampler,group=true,multivariate=true,n_startup_trials=5",
        "optuna:CmaEsSampler,n_startup_trials=5",
        "optuna:NSGAIISampler,population_size=8",
        "optuna:RandomSampler",
    ]
several = [name for name in SAMPLERS if registry.found(registry.parsed(name).name).several]
several = [name for name in several if "CmaEs" not in name]


def real(low, high, **more):
    return Domain(type=Type.REAL, low=low, high=high, **more)


def integer(low, high, **more):
    return Domain(type=Type.INTEGER, low=low, high=high, **more)


def choice(*values, type=Type.CATEGORICAL):
    return Domain(type=type, choices=values)


def space(*constraints, **domains):
    """Domains by name; (domain, condition) where there is one."""
    parameters = []
    for name, given_ in domains.items():
        domain, condition = given_ if isinstance(given_, tuple) else (given_, None)
        parameters.append(Parameter(name=name, domain=domain, condition=condition))
    return UnitSpace(Space(parameters=tuple(parameters), constraints=constraints))


SPACES = {
    "real": space(x=real(-3.0, 5.0), y=real(0.0, 1.0)),
    "log": space(x=real(1e-5, 1e-1, log=True)),
    "quantised": space(x=real(0.1, 0.9, step=0.1), y=real(0.0, 10.0, step=2.5)),
    "integer": space(x=integer(-3, 12), y=integer(1, 1000)),
    "log integer": space(x=integer(1, 1024, log=True), y=integer(8, 64, step=8, log=True)),
    "categorical": space(x=choice("a", "b", "c"), y=choice(1, True, None, 1.5, "1")),
    "ordinal": space(x=choice(16, 64, 256, type=Type.ORDINAL), y=choice("s", "m", "l", type=Type.ORDINAL)),
    "boolean": space(*[], x=choice(False, True, type=Type.BOOLEAN), y=real(0.0, 1.0)),
    "fixed": space(a=choice("only"), x=real(0.0, 1.0), b=integer(3, 3), c=real(0.5, 0.5)),
    "single": space(a=choice("only"), b=integer(3, 3)),
    "one axis": space(x=real(0.0, 1.0)),
    "conditional": space(
        opt=choice("sgd", "adam"),
        momentum=(real(0.0, 0.99), "opt=sgd"),
        nesterov=(choice(False, True, type=Type.BOOLEAN), "opt=sgd and momentum > 0.5"),
        beta=(real(0.8, 0.999), "opt=adam"),
        layers=integer(1, 3),
        units1=(integer(8, 256, log=True), "layers >= 1"),
        units2=(integer(8, 256, log=True), "layers >= 2"),
        units3=(integer(8, 256, log=True), "layers >= 3"),
    ),
    "constrained": space("x < 0.5 or n >= 4", "n < 7", x=real(0.0, 1.0), n=integer(1, 9)),
    "small": space(
        "n != 2 or kind != b",
        kind=choice("a", "b", "c"),
        n=(integer(1, 3), "kind in (a, b)"),
        flag=(choice(False, True, type=Type.BOOLEAN), "n = 3"),
    ),
}
SMALL = 3 + 1 + 2 + 1 + 1  # a: n=1, 2, 3 without and with the flag; b: 1, 3 without and with; c


def loss(point):
    """Falls towards 0.3 on each axis; lower where an axis is inactive."""
    return sum((each - 0.3) ** 2 for each in point if each is not None)


def history(unit, count, seed=0, objectives=1):
    """Observations in all states, of points drawn at random."""
    found = []
    for number in range(count):
        draws = Draws(seed, number, 99)
        point = candidates.drawn(unit, draws)
        state = (State.DONE, State.DONE, State.DONE, State.FAILED, State.DONE, State.PRUNED)[draws.below(6)]
        state = State.PENDING if number >= count - 2 else state
        known = state in (State.DONE, State.PRUNED)
        losses = tuple(loss(point) * (-1) ** each + draws.uniform() / 10 for each in range(objectives))
        found.append(
            Observation(
                number=number,
                point=point,
                state=state,
                losses=losses if known else (),
                violation=draws.uniform() if known and draws.below(4) == 0 else 0.0,
                resource=float(draws.below(9)) if state is State.PRUNED else None,
            )
        )
    return found


def suggested(name, unit, observations, number=None, seed=7, objectives=1):
    sampler = registry.make(name, unit, objectives, seed)
    sampler.update(observations)
    return sampler.suggest(len(observations) if number is None else number)


def check(unit, point):
    """It is of the space: on the grid, in the middle of its cells, active where conditions hold."""
    assert len(point) == len(unit.axes)
    for coordinate in point:
        assert coordinate is None or (0 <= coordinate <= 1 and (coordinate * (1 << GRID)).is_integer())
    values = unit.values(point)
    for place, parameter in enumerate(unit.space.parameters):
        assert (parameter.name in values) is unit.active(place, values)
    assert unit.values(unit.point(values)) == values
    assert unit.point(values) == point
    assert unit.feasible(point)


def run(name, unit, count, seed=7, objectives=1):
    """A search that ends each trial before the next, but for every third one, which ends one later."""
    sampler = registry.make(name, unit, objectives, seed)
    known = []
    for number in range(count):
        sampler.update(known)
        try:
            point = sampler.suggest(number)
        except SpaceExhaustedError:
            assert "grid" in name  # others have more to try
            break
        known = [
            Observation(number=each.number, point=each.point, state=State.DONE, losses=(loss(each.point),))
            if each.state is State.PENDING
            else each
            for each in known
        ]
        state = State.PENDING if number % 3 == 0 else State.DONE
        losses = () if state is State.PENDING else (loss(point),) * objectives
        known.append(Observation(number=number, point=point, state=state, losses=losses))
    return known


each_sampler = pytest.mark.parametrize("name", SAMPLERS)
each_space = pytest.mark.parametrize("unit", SPACES.values(), ids=SPACES)


@each_sampler
@each_space
def test_a_suggestion_is_of_the_space(name, unit):
    if unit is SPACES["single"]:
        check(unit, suggested(name, unit, []))
        return
    for count in (0, 1, 5, 12, 40):
        known = history(unit, count)
        try:
            point = suggested(name, unit, known)
        except SpaceExhaustedError:
            assert unit.size is not None or name.startswith("grid")
            assert count >= 5
        else:
            check(unit, point)


@each_sampler
def test_a_whole_search_stays_in_the_space(name):
    for kind in ("conditional", "constrained"):
        for each in run(name, SPACES[kind], 30):
            check(SPACES[kind], each.point)


def elsewhere(**environment):
    """What another process says that each sampler suggests."""
    done = subprocess.run(
        [sys.executable, __file__],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def another_process():
    return elsewhere(PYTHONHASHSEED="4711")


@pytest.fixture(scope="module")
def another_processor():
    """One without AVX, as far as numpy, its BLAS and the C library can be made to believe it."""
    package = "numpy._core" if find_spec("numpy._core") else "numpy.core"
    core = import_module(f"{package}._multiarray_umath")
    present = [each for each in core.__cpu_dispatch__ if core.__cpu_features__.get(each)]
    return elsewhere(
        NPY_DISABLE_CPU_FEATURES=" ".join(present),
        OPENBLAS_CORETYPE="Prescott",
        GLIBC_TUNABLES="glibc.cpu.hwcaps=-AVX,-AVX2,-FMA,-FMA4,-AVX512F",
    )


@each_sampler
def test_a_suggestion_is_the_same_in_another_process(name, another_process):
    assert another_process[name] == many(name)


@pytest.mark.slow
@pytest.mark.parametrize("name", [each for each in SAMPLERS if "optuna" not in each])
def test_a_suggestion_is_the_same_on_another_processor(name, another_processor):
    ours, theirs = many(name), another_processor[name]
    if name == "cma":  # whose candidates are vectorised numerics
        for (kind, count, here), (*_, there) in zip(ours, theirs, strict=True):
            sampler = registry.make(name, SPACES[kind], 1, 7)
            sampler.update(history(SPACES[kind], count))
            assert here == there or sampler.equivalent(count, tuple(there))
    else:
        assert ours == theirs


def many(name):
    """What a sampler suggests for some spaces and histories."""
    found = []
    for kind in ("real", "integer", "conditional", "constrained", "categorical"):
        for count in (0, 3, 30, 100):
            try:
                found.append([kind, count, list(suggested(name, SPACES[kind], history(SPACES[kind], count)))])
            except SpaceExhaustedError:
                found.append([kind, count, None])
    return found


@each_sampler
@pytest.mark.parametrize("kind", ["real", "conditional"])
def test_what_it_suggests_is_equivalent_and_no_other_point(name, kind):
    unit = SPACES[kind]
    sampler = registry.make(name, unit, 1, 7)
    sampler.update(history(unit, 25))
    own, other = sampler.suggest(25), candidates.drawn(unit, Draws(3, 0))
    assert sampler.equivalent(25, own)
    assert not sampler.equivalent(25, other)


@each_sampler
def test_an_update_replaces_what_was_known(name):
    unit = SPACES["conditional"]
    sampler = registry.make(name, unit, 1, 7)
    sampler.update(history(unit, 25, seed=1))
    sampler.suggest(25)
    sampler.update(history(unit, 12, seed=2))
    assert sampler.suggest(12) == suggested(name, unit, history(unit, 12, seed=2))
    sampler.update([])
    assert sampler.suggest(0) == suggested(name, unit, [])


@each_sampler
def test_neither_what_was_suggested_before_nor_the_kind_of_sequence_counts(name):
    unit, known = SPACES["conditional"], history(SPACES["conditional"], 20)
    sampler = registry.make(name, unit, 1, 7)
    sampler.update(tuple(known))
    for number in (25, 20, 20, 22):
        assert sampler.suggest(number) == suggested(name, unit, known, number)


@each_sampler
def test_what_is_given_stays_as_it_was(name):
    unit, known = SPACES["conditional"], history(SPACES["conditional"], 20)
    suggested(name, unit, known)
    assert known == history(unit, 20)


@each_sampler
def test_the_seed_counts(name):
    if registry.parsed(name).options == (("order", "natural"), ("points", 4)):
        pytest.skip("a grid in order takes no seed")
    unit = SPACES["real"]
    assert len({suggested(name, unit, history(unit, 3), seed=seed) for seed in range(8)}) > 4


@each_sampler
@pytest.mark.parametrize("state", [State.PENDING, State.DONE, State.FAILED])
def test_a_small_space_is_tried_once_each_whatever_comes_of_it(name, state):
    unit, known = SPACES["small"], []
    for number in range(SMALL):
        point = suggested(name, unit, known)
        check(unit, point)
        losses = (loss(point),) if state is State.DONE else ()
        known.append(Observation(number=number, point=point, state=state, losses=losses))
    assert len({each.point for each in known}) == SMALL
    with pytest.raises(SpaceExhaustedError) as error:
        suggested(name, unit, known)
    assert error.value.hint


@each_sampler
def test_a_space_of_one_point_is_tried_once(name):
    unit = SPACES["single"]
    point = suggested(name, unit, [])
    assert unit.values(point) == {"a": "only", "b": 3}
    with pytest.raises(SpaceExhaustedError):
        suggested(name, unit, [Observation(number=0, point=point, state=State.FAILED)])


@each_sampler
def test_fixed_axes_keep_their_value(name):
    for each in run(name, SPACES["fixed"], 12):
        values = SPACES["fixed"].values(each.point)
        assert (values["a"], values["b"], values["c"]) == ("only", 3, 0.5)


@each_sampler
def test_nothing_but_failures_is_no_obstacle(name):
    unit = SPACES["conditional"]
    points = [candidates.drawn(unit, Draws(3, number)) for number in range(30)]
    known = [Observation(number=k, point=each, state=State.FAILED) for k, each in enumerate(points)]
    check(unit, suggested(name, unit, known))


@each_sampler
def test_equal_losses_huge_losses_and_broken_constraints_are_no_obstacle(name):
    unit = SPACES["real"]
    points = [candidates.drawn(unit, Draws(3, number)) for number in range(30)]
    for losses in (
        [1.0] * 30,
        [(-1.0) ** k * 10.0 ** (k * 10) for k in range(30)],
        [1e-300 * k for k in range(30)],
    ):
        for violation in (0.0, 2.0):
            known = [
                Observation(number=k, point=point, state=State.DONE, losses=(each,), violation=violation)
                for k, (point, each) in enumerate(zip(points, losses, strict=True))
            ]
            check(unit, suggested(name, unit, known))


@each_sampler
def test_numbers_may_have_gaps(name):
    unit = SPACES["conditional"]
    known = [each for each in history(unit, 60) if each.number % 3]
    check(unit, suggested(name, unit, known, number=60))


@pytest.mark.slow
@each_sampler
def test_a_thousand_observations(name):
    for kind in ("conditional", "integer"):
        unit = SPACES[kind]
        check(unit, suggested(name, unit, history(unit, 1000)))


@pytest.mark.parametrize("name", several)
def test_several_objectives(name):
    for kind in ("conditional", "constrained"):
        unit = SPACES[kind]
        for count in (0, 30):
            check(unit, suggested(name, unit, history(unit, count, objectives=2), objectives=2))


@pytest.mark.parametrize("name", sorted(set(SAMPLERS) - {each for each in SAMPLERS if each in several}))
def test_who_can_do_one_objective_says_so(name):
    with pytest.raises(UsageError, match="one objective"):
        registry.make(name, SPACES["real"], 2, 7)


@each_sampler
def test_nothing_global_is_touched(name):
    unit = SPACES["conditional"]
    random.seed(5)
    np.random.seed(5)
    before = (random.getstate(), repr(np.random.get_state()), dict(os.environ), list(warnings.filters))
    errors = np.geterr()
    suggested(name, unit, history(unit, 20))
    after = (random.getstate(), repr(np.random.get_state()), dict(os.environ), list(warnings.filters))
    assert after == before
    assert np.geterr() == errors


@each_sampler
def test_learning_beats_chance_on_an_easy_problem_or_is_as_good(name):
    unit = SPACES["real"]
    best = [min(loss(each.point) for each in run(name, unit, 20, seed=seed)) for seed in range(5)]
    worst = [max(loss(each.point) for each in run("random", unit, 20, seed=seed)) for seed in range(5)]
    assert max(best) < min(worst) / 4


coordinates = st.floats(0, 1)


@st.composite
def domains(draw):
    kind = draw(
        st.sampled_from(["real", "log", "step", "integer", "log integer", "choice", "ordinal", "boolean"])
    )
    low = draw(st.integers(-50, 50))
    wide = draw(st.integers(0, 60))
    match kind:
        case "real":
            return real(low / 10, low / 10 + wide / 7)
        case "log":
            return real(10.0 ** (low / 10), 10.0 ** (low / 10 + wide / 10), log=True)
        case "step":
            return real(low / 4, low / 4 + wide / 4, step=0.25)
        case "integer":
            return integer(low, low + wide, step=draw(st.sampled_from([None, 1, 3])))
        case "log integer":
            return integer(abs(low) + 1, abs(low) + 1 + wide * 10, log=True)
        case "boolean":
            return choice(False, True, type=Type.BOOLEAN)
        case _:
            values = draw(
                st.lists(st.integers(0, 9) | st.sampled_from("abc"), min_size=1, max_size=5, unique=True)
            )
            return choice(*values, type=Type.ORDINAL if kind == "ordinal" else Type.CATEGORICAL)


@st.composite
def spaces(draw):
    """Spaces whose parameters may depend on whether an earlier one has its first value."""
    parameters = []
    for place in range(draw(st.integers(1, 5))):
        condition = None
        switches = [each for each in parameters if each.domain.choices]
        if switches and draw(st.booleans()):
            switch = draw(st.sampled_from(switches))
            first = switch.domain.choices[0]
            condition = f"{switch.name} = {str(first).lower() if isinstance(first, bool) else first}"
        parameters.append(Parameter(name=f"p{place}", domain=draw(domains()), condition=condition))
    return UnitSpace(Space(parameters=tuple(parameters)))


@each_sampler
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(unit=spaces(), count=st.integers(0, 25), seed=st.integers(0, 2**63 - 1))
def test_any_space_and_any_history(name, unit, count, seed):
    known = history(unit, count, seed=seed)
    try:
        point = suggested(name, unit, known, seed=seed)
    except SpaceExhaustedError:
        # Nothing is left, of the space or, if it is continuous, of the grid.
        if all(axis.count is not None for axis in unit.axes):
            left = candidates.untried(unit, candidates.tried(known))
            assert not list(islice(left, 1))
        else:
            assert "grid" in name or unit.size is None
        return
    check(unit, point)
    assert suggested(name, unit, known, seed=seed) == point
    if all(axis.count is not None for axis in unit.axes):
        assert point not in candidates.tried(known)


if __name__ == "__main__":
    print(json.dumps({each: many(each) for each in SAMPLERS}))
