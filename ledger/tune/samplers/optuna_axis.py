"""One axis of a space as Optuna has it."""

from collections.abc import Sequence
from typing import Any

from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import Trial

from ledger.model import HyperparameterType
from ledger.tune.samplers import candidates
from ledger.tune.space.scales import Steps
from ledger.tune.space.unit import Axis


class OptunaAxis:
    """One axis as Optuna has it: choices, and values in steps, as their places."""

    def __init__(self, axis: Axis) -> None:
        domain = axis.parameter.domain
        self.name = axis.parameter.name
        self._axis = axis
        self._places: Sequence[float] = ()
        self._inner: dict[float, int] = {}
        self._steps: Steps | None = None
        """Where the values have steps, and are too many for each to have its place."""
        self.distribution: BaseDistribution
        low, high = domain.low, domain.high
        if axis.count is None and low is not None and high is not None:
            self.distribution = FloatDistribution(float(low), float(high), log=domain.log)
            if domain.step is not None or domain.type is HyperparameterType.INTEGER:
                self._steps = Steps(low, high, domain.step or 1)
            return
        if not domain.choices and domain.type is HyperparameterType.INTEGER and (domain.step or 1) == 1:
            self.distribution = IntDistribution(int(low or 0), int(high or 0), log=domain.log)
            return
        self._places = candidates.values_of(axis)
        self._inner = {coordinate: place for place, coordinate in enumerate(self._places)}
        ordered = axis.ordered and domain.type is not HyperparameterType.BOOLEAN
        self.distribution = (
            IntDistribution(0, len(self._places) - 1)
            if ordered
            else CategoricalDistribution(tuple(range(len(self._places))))
        )

    def inner(self, coordinate: float) -> Any:
        """What Optuna knows a coordinate as."""
        value = self._axis.value(coordinate)
        return self._inner[self._axis.coordinate(value)] if self._places else value

    def coordinate(self, trial: Trial) -> float:
        """Ask for the parameter."""
        value: Any
        match self.distribution:
            case FloatDistribution(low=low, high=high, log=log):
                value = trial.suggest_float(self.name, low, high, log=log)
                if self._steps is not None:
                    value = self._steps.nearest(value)
            case IntDistribution(low=first, high=last, log=log):
                value = trial.suggest_int(self.name, first, last, log=log)
            case _:
                value = trial.suggest_categorical(self.name, tuple(range(len(self._places))))
        return self._places[int(value)] if self._places else self._axis.coordinate(value)
