import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import UsageError
from ledger.model import Digest, MetricSummary, Outcome, Status
from ledger.model.space import Objective
from ledger.ops.tune import outcomes as tune_outcomes
from ledger.ops.tune.facts import ended
from ledger.ops.tune.outcomes import Measured, measured
from tests.searches import search


def outcome(status=Status.OK, metrics=(), **more):
    fields = {"exit_code": 0, "duration_s": 1.0, "peak_memory": 1000} | more
    found = Outcome(
        status=status,
        metrics=tuple(
            MetricSummary(name=name, last=value, min=value, max=value, count=1)
            for name, value in dict(metrics).items()
        ),
        started=0,
        cpu_user_s=0.0,
        cpu_system_s=0.0,
        **fields,
    )
    return ended(found, Digest.of(b""))


def test_the_last_value_counts_and_what_every_trial_has_is_a_metric():
    found = outcome(metrics={"loss": 0.5})
    assert measured(search(), found).values == (0.5,)
    several = search(Objective(metric="duration_s"), Objective(metric="peak_memory"))
    assert measured(several, found).values == (1.0, 1000.0)


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (outcome(Status.FAILED, exit_code=3), "exit code 3"),
        (outcome(Status.KILLED, exit_code=137, signal=9), "signal 9 ended it"),
        (outcome(Status.LOST, exit_code=None), "its recorder died"),
        (outcome(metrics={"loss": math.nan}), "loss is nan"),
        (outcome(metrics={"loss": math.inf}), "loss is inf"),
        (outcome(metrics={"other": 1.0}), "it has no metric loss"),
    ],
)
def test_what_has_no_finite_objective_has_failed(found, reason):
    got = measured(search(), found)
    assert (got.values, got.reason, got.again) == ((), reason, False)


@pytest.mark.parametrize("signal", [1, 2, 15, None])
def test_one_that_was_interrupted_says_nothing(signal):
    assert measured(search(), outcome(Status.KILLED, exit_code=0, signal=signal)).again


def test_one_whose_time_ran_out_has_failed():
    found = outcome(Status.KILLED, exit_code=143, signal=15, duration_s=5.1)
    assert measured(search(trial_timeout=5.0), found).reason == "it did not end within 5 s"
    assert measured(search(trial_timeout=6.0), found).again


@pytest.mark.parametrize(
    ("text", "violation"),
    [
        ("peak_memory < 2000", 0.0),
        ("peak_memory <= 1000", 0.0),
        ("peak_memory < 500", 1.0),
        ("peak_memory > 2000 and duration_s < 0.5", 1.5),
        ("peak_memory < 1000", 2.0**-30),
    ],
)
def test_requirements_are_missed_by_a_share_of_their_limits(text, violation):
    got = measured(search(requirements=(text,)), outcome(metrics={"loss": 1.0}))
    assert got.violation == pytest.approx(violation)
    assert got.values == (1.0,)


@pytest.mark.parametrize("text", ["loss", "loss < a", "not loss < 1", "loss < 1 or loss > 2", "loss = 1"])
def test_a_requirement_that_cannot_be_measured_is_refused(text):
    with pytest.raises(UsageError):
        tune_outcomes.check_requirement(text)


def test_the_best_is_the_first_of_the_smallest_that_meets_what_is_required():
    found = {
        0: Measured(values=(2.0,)),
        1: Measured(values=(1.0,)),
        2: Measured(values=(1.0,)),
        3: Measured(values=(0.0,), violation=0.1),
        4: Measured(reason="failed"),
    }
    assert tune_outcomes.best(search(), found) == (1,)
    assert tune_outcomes.best(search(Objective(metric="loss", maximize=True)), found) == (0,)
    assert tune_outcomes.best(search(), {}) == ()


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=12))
def test_of_several_objectives_all_are_best_that_none_is_better_than(values):
    several = search(Objective(metric="a"), Objective(metric="b", maximize=True))
    found = {place: Measured(values=tuple(map(float, each))) for place, each in enumerate(values)}
    best = tune_outcomes.best(several, found)

    def better(one, other):
        return one != other and one[0] <= other[0] and one[1] >= other[1]

    assert best == tuple(
        place for place, own in enumerate(values) if not any(better(other, own) for other in values)
    )
