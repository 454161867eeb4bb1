"""Configurations between two ends, and how good they are."""

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ledger.analysis.ablation import Estimate, Group, Step, Taken
from ledger.analysis.observations import Observations
from ledger.analysis.statistics.arrays import unit
from ledger.errors import LedgerError, UsageError
from ledger.model import Digest, Value
from ledger.model.frozen import frozen, replace
from ledger.model.space import Objective
from ledger.ops.ablation_ends import Configuration, End, Tried
from ledger.ops.ablation_noise import Noise

if TYPE_CHECKING:
    from ledger.ops.ablation_run import Runner

Floats = NDArray[np.float64]

LEAST = 20
"""Trials of which a forest predicts."""
_UNKNOWN = Estimate(loss=-math.inf, spread=math.inf)
"""Of what can be run, and not be predicted: it may be the best."""
_NOTHING = Estimate(loss=math.inf, spread=math.inf)
"""Of what was run in vain."""


@frozen
class Point:
    """A configuration on the path."""

    names: Group
    """What was taken over last; nothing at the start."""
    values: Mapping[str, Value]
    """Of these, behind the step; None where there is none."""
    value: float
    """Of the metric: the mean over trials, or a prediction."""
    spread: float | None
    """Standard deviation of what trees predict; None of what was measured."""
    predicted: float | None
    """What the forest says, of what was measured, too, which may have been lucky; None where none was
    needed."""
    trials: tuple[Digest, ...]
    """That had the configuration; empty where the value is a prediction."""
    low: float
    """Of the mean, 95 %; infinite for one trial."""
    high: float
    error: float | None
    """Standard error of the value, in its unit: of a prediction its spread; None where nothing tells it."""
    others: Mapping[Group, Estimate]
    """What the other steps would have led to; losses: the negative where larger is better."""


class Points:
    """Knows how good each configuration between two ends is: by trials, by a forest, or by running it.

    Parameters
    ----------
    known
        The trials, all with a finite value of the metric.
    objective
        Which metric.
    start, end
        The ends.
    seed
        Of the forest.
    runner
        Runs what no trial had; None where that is not wanted.
    """

    def __init__(
        self,
        known: Observations,
        objective: Objective,
        start: End,
        end: End,
        seed: int,
        runner: "Runner | None",
    ) -> None:
        self.known, self.objective = known, objective
        self.start, self.end, self.seed = start, end, seed
        self.explained: float | None = None
        self.runner = runner
        self._predict: Callable[[Configuration], Floats] | None = None
        self._rows = Tried(known)
        self._values: dict[Taken, tuple[tuple[Digest, ...], list[float]]] = {}

    def configuration(self, taken: Taken) -> Configuration:
        """The configuration that has these groups of the end."""
        names = {name for group in taken for name in group}
        return {
            name: self.end.configuration[name] if name in names else value
            for name, value in self.start.configuration.items()
        }

    def estimate(self, taken: Taken) -> Estimate:
        """By trials, else by a forest."""
        _, values = self._tried(taken)
        if values:
            return Estimate(loss=self._loss(float(np.mean(values))), spread=None)
        try:
            told = self._predicted(self.configuration(taken))
        except LedgerError:
            if self.runner is None:
                raise
            return _UNKNOWN
        by = unit([told])
        return Estimate(loss=float(told.mean()), spread=float((told / by).std(ddof=1)) * by)

    def settle(self, taken: Taken) -> Estimate | None:
        """By a run, if runs are wanted."""
        if self.runner is None:
            return None
        names = {name for group in taken for name in group}
        found = self.runner.run(self.configuration(taken), names, self.objective.metric)
        if found is None:
            return _NOTHING if self._predict is None else None
        trial, value = found
        self._values[taken] = ((trial,), [value])
        return Estimate(loss=self._loss(value), spread=None)

    def point(self, taken: Taken, step: Step, noise: Noise | None) -> Point:
        """What a step of the path leads to, where trials of one configuration differ by so much."""
        from ledger.analysis.statistics import intervals

        ids, values = self._tried(taken)
        low, high = -np.inf, np.inf
        if len(values) > 1:
            interval = intervals.of_mean(values)
            low, high = interval.low, interval.high
        after = self.configuration(taken)
        error = step.estimate.spread
        if step.estimate.measured and noise is not None:
            error = noise.deviation / math.sqrt(len(values))
        return Point(
            names=step.group,
            values={name: after[name] for name in step.group},
            value=self._loss(step.estimate.loss),
            spread=step.estimate.spread,
            predicted=None if self._predict is None else self._loss(float(self._predict(after).mean())),
            trials=ids,
            low=float(low),
            high=float(high),
            error=error,
            others=step.others,
        )

    def _loss(self, value: float) -> float:
        return -value if self.objective.maximize else value

    def _tried(self, taken: Taken) -> tuple[tuple[Digest, ...], list[float]]:
        if taken not in self._values:
            rows = self._rows.rows(self.configuration(taken))
            values = self.known.metrics[self.objective.metric]
            self._values[taken] = (
                tuple(self.known.trials[row] for row in rows),
                [values[row] for row in rows],
            )
        return self._values[taken]

    def _predicted(self, wanted: Configuration) -> Floats:
        if self._predict is None:
            self._predict = self._forest()
        return self._predict(wanted)

    def _forest(self) -> Callable[[Configuration], Floats]:
        from ledger.analysis.importance import axes as making
        from ledger.analysis.importance.explained import point
        from ledger.analysis.importance.forest import grow
        from ledger.analysis.observations import alike

        known, ends = self.known, (self.start.configuration, self.end.configuration)
        if len(known) < LEAST:
            raise UsageError(
                "some configurations of the path were not tried",
                cause=f"expected {LEAST} trials to predict them by, got {len(known)}",
                hint="add --run, which runs them",
            )
        longer = replace(
            known,
            variables=tuple(
                replace(each, values=(*each.values, *(end[each.name] for end in ends)))
                for each in known.variables
            ),
        )
        # The ends stand behind the trials, so that each of their values has a cell, too.
        every = making.axes(longer)
        short = [replace(each, cells=each.cells[: len(known)]) for each in every]
        losses = making.losses(known.metrics[self.objective.metric], maximize=self.objective.maximize)
        if not np.ptp(losses):
            raise UsageError(
                f"{self.objective.metric} is the same in all trials", cause="so no step of a path changes it"
            )
        forest = grow(short, losses, seed=self.seed)
        self.explained = forest.explained

        def predict(wanted: Configuration) -> Floats:
            cells = [
                int(each.cells[-2 if alike(wanted[each.name], ends[0][each.name]) else -1]) for each in every
            ]
            return forest.predicted(point(forest, cells))

        return predict
