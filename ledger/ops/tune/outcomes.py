"""What a trial's outcome comes to in a search: its losses, and by how much it misses what is required."""

import math
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import TypeVar

from ledger.errors import UsageError
from ledger.model import Digest, Outcome, Status
from ledger.model.filter_syntax import Both, Expression, Operator, Test, mistake, parse
from ledger.model.frozen import frozen
from ledger.model.search import Search
from ledger.ops.tune.facts import Ended, Reported

OF_EVERY_TRIAL = ("duration_s", "peak_memory")
"""Metrics that no program has to report: seconds, and bytes."""
_INTERRUPTING = frozenset({1, 2, 15})
"""SIGHUP, SIGINT, SIGTERM: somebody ended it, which says nothing of what was tried."""
Key = TypeVar("Key", int, tuple[int, Digest])
"""Of a trial: its number; with the proposal's id where two machines may have proposed one number."""
_MARGIN = {Operator.LESS: 1, Operator.AT_MOST: 1, Operator.GREATER: -1, Operator.AT_LEAST: -1}


@frozen
class Measured:
    """What an outcome comes to."""

    values: tuple[float, ...] = ()
    """Of each objective; empty where it failed."""
    violation: float = 0.0
    """By how much it misses what is required, relative to the limits; 0 where it meets all."""
    reason: str | None = None
    """Why it failed; None where it did not."""
    again: bool = False
    """Whether it was interrupted, so that nothing is known yet."""
    missing: str | None = None
    """The metric without which it failed."""
    pruned: bool = False
    """Whether it was stopped early."""
    step: int | None = None
    """Of one that was stopped: where it reported for the last time at a rung."""
    reported: float | None = None
    """What it reported there."""

    @property
    def seen(self) -> tuple[float, ...]:
        """What is known of its objectives: their values, or of a trial that was stopped its last report."""
        if self.reported is not None and math.isfinite(self.reported):
            return (self.reported,)
        return self.values


def measured(
    search: Search, outcome: Ended, last: Reported | None = None, before: Sequence[Ended] = ()
) -> Measured:
    """What the outcome of one of a search's trials comes to.

    Parameters
    ----------
    search
        The search.
    outcome
        Of the trial.
    last
        Its last report where it was looked at.
    before
        Of trials that were stopped, each going on from the one in front of it, and this one from the last.
    """
    if outcome.status is not Status.OK:
        return _not_well(search, outcome, last)
    values = []
    for each in search.objectives:
        value = _in_all(outcome, before, each.metric)
        if value is None:
            return Measured(reason=f"it has no metric {each.metric}", missing=each.metric)
        if not math.isfinite(value):
            return Measured(reason=f"{each.metric} is {value}")
        values.append(value)
    violation = 0.0
    for text in search.requirements:
        for test in _tests(text):
            value = _in_all(outcome, before, test.name)
            if value is None:
                return Measured(reason=f"it has no metric {test.name}", missing=test.name)
            violation += _missed(test, value)
    return Measured(values=tuple(values), violation=violation)


def _in_all(outcome: Ended, before: Sequence[Ended], metric: str) -> float | None:
    """A metric of a trial and of those that it goes on from: the last value counts, and all of the time."""
    if not before:
        return outcome.value(metric)
    values = [value for each in (*before, outcome) if (value := each.value(metric)) is not None]
    if metric in OF_EVERY_TRIAL:
        return sum(values) if metric == "duration_s" else max(values)
    return values[-1] if values else None


def _not_well(search: Search, outcome: Ended, last: Reported | None) -> Measured:
    if outcome.status is Status.PRUNED:
        step, value = (None, None) if last is None else (last.step, last.value)
        where = "" if step is None else f" at step {step}"
        return Measured(reason=f"it was stopped{where}", pruned=True, step=step, reported=value)
    if _interrupted(search, outcome):
        return Measured(reason="it was interrupted", again=True)
    return Measured(reason=_failure(search, outcome))


def names(search: Search) -> frozenset[str]:
    """The metrics that a search asks for."""
    required = (test.name for text in search.requirements for test in _tests(text))
    return frozenset((*(each.metric for each in search.objectives), *required))


def losses(search: Search, values: Sequence[float]) -> tuple[float, ...]:
    """Values of the objectives, the smaller the better."""
    if len(search.objectives) == 1:
        (value,) = values
        return (-value if search.objectives[0].maximize else value,)
    return tuple(
        -value if each.maximize else value for each, value in zip(search.objectives, values, strict=True)
    )


def best(search: Search, found: Mapping[Key, Measured]) -> tuple[Key, ...]:
    """Keys of the best trials among those that meet what is required.

    Of one objective it is one, the first of equal ones; of several all that none is better than in all.
    """
    good = {
        key: losses(search, found[key].values)
        for key in sorted(found)
        if found[key].values and found[key].violation == 0
    }
    if not good:
        return ()
    if len(search.objectives) == 1:
        return (min(good, key=good.__getitem__),)  # the first of equal ones
    return tuple(
        key for key, own in good.items() if not any(_dominates(other, own) for other in good.values())
    )


def check_requirement(text: str) -> str:
    """Return what ``--require`` says if it can be measured.

    Raises
    ------
    UsageError
        If it is not one or more comparisons of metrics with numbers.
    """
    _tests(text)
    return text


def _dominates(left: Sequence[float], right: Sequence[float]) -> bool:
    return tuple(left) != tuple(right) and all(a <= b for a, b in zip(left, right, strict=True))


def _interrupted(search: Search, outcome: Ended) -> bool:
    if outcome.status is not Status.KILLED or timed_out(search, outcome):
        return False
    return outcome.signal is None or outcome.signal in _INTERRUPTING


def timed_out(search: Search, outcome: Outcome | Ended) -> bool:
    """Whether a trial was ended because it took too long."""
    late = search.trial_timeout is not None and outcome.duration_s >= search.trial_timeout
    return late and outcome.status is Status.KILLED


def _failure(search: Search, outcome: Ended) -> str:
    if timed_out(search, outcome):
        return f"it did not end within {search.trial_timeout:g} s"
    if outcome.signal is not None:
        return f"signal {outcome.signal} ended it"
    if outcome.status is Status.LOST:
        return "its recorder died"
    return f"exit code {outcome.exit_code}"


@cache
def _tests(text: str) -> tuple[Test, ...]:
    try:
        return tuple(_comparisons(parse(text), text))
    except UsageError as error:
        raise UsageError(
            f"a bad requirement: {error.message}", cause=error.cause, hint="--require 'peak_memory < 8e9'"
        ) from error


def _comparisons(expression: Expression, text: str) -> Iterator[Test]:
    if isinstance(expression, Both):
        for part in expression.parts:
            yield from _comparisons(part, text)
        return
    if not isinstance(expression, Test) or expression.operator not in _MARGIN:
        raise mistake(text, 0, "only comparisons (<, <=, >, >=) joined by `and` can be measured")
    limit = expression.values[0].value
    if isinstance(limit, bool) or not isinstance(limit, int | float) or not math.isfinite(limit):
        raise mistake(text, expression.values[0].position, "a number is needed here")
    yield expression


def _missed(test: Test, value: float) -> float:
    limit = test.values[0].value
    if not isinstance(limit, int | float):
        raise TypeError(f"{limit!r} is no limit")
    holds = {
        Operator.LESS: value < limit,
        Operator.AT_MOST: value <= limit,
        Operator.GREATER: value > limit,
        Operator.AT_LEAST: value >= limit,
    }[test.operator]
    if holds:
        return 0.0
    if not math.isfinite(value):
        return math.inf if math.isinf(value) else 1.0
    away = _MARGIN[test.operator] * (value - limit) / (abs(limit) or 1.0)
    return max(away, 2.0**-30)  # a limit that is met exactly and may not be
