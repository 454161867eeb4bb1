"""A trial's configuration with small changes: of one hyperparameter at a time, and of all at once."""

from collections.abc import Mapping
from typing import Final

from ledger.analysis.observations import alike
from ledger.errors import UsageError
from ledger.model import HyperparameterRole, HyperparameterType, Trial, Value
from ledger.model.frozen import frozen, replace
from ledger.model.search import Search
from ledger.model.space import Domain, Parameter
from ledger.ops.arguments import replaced
from ledger.ops.seed_sources import bare
from ledger.ops.tune.words import Words
from ledger.tune.draws import Draws
from ledger.tune.space.scales import scale
from ledger.tune.space.unit import Axis, UnitSpace
from ledger.tune.template import rendered

_PURPOSE: Final = 31
_NUMBERS = (HyperparameterType.REAL, HyperparameterType.INTEGER)


@frozen
class Changes:
    """What can be tried around a trial."""

    values: Mapping[str, Value]
    """Of the trial: those that can be changed a little."""
    alone: tuple[Mapping[str, Value], ...]
    """What changes in each, one hyperparameter at a time, down and up."""
    joint: tuple[Mapping[str, Value], ...]
    """The same of all at once, drawn at random."""
    left: tuple[str, ...] = ()
    """Hyperparameters that are left alone, as no change of them is small, or nobody can place it."""


class Around:
    """The neighbourhood of a trial.

    Parameters
    ----------
    trial
        The centre.
    search, proposed
        The search that proposed it, and the values; None outside of searches.
    fraction
        Of a domain's length, or of the value itself outside of searches, by which a number changes.

    Raises
    ------
    UsageError
        If its hyperparameters are in a file that a search wrote.
    """

    def __init__(
        self,
        trial: Trial,
        search: Search | None,
        proposed: Mapping[str, Value] | None,
        fraction: float,
        seed: int | None = None,
    ) -> None:
        self.trial, self.search, self.fraction, self.seed = trial, search, fraction, seed
        self.unit = self.words = None
        self.domains: Mapping[str, Parameter] = {}
        if search is not None and proposed is not None:
            self.unit, self.words = UnitSpace(search.space), Words(search)
            self.domains = {each.name: each for each in search.space.parameters}
            self.all = dict(proposed)
            if self.words.file(self.all) is not None:
                raise UsageError(
                    "hyperparameters in a file",
                    cause=f"the search of {trial.id.short} gives them as {{params}}; words alone are changed",
                    hint="try neighbours with ledger tune --enqueue, then ask without --run",
                )
        else:
            self.all = {
                each.name: each.value
                for each in trial.hyperparameters
                if each.role is not HyperparameterRole.SEED
                and each.source == "argument"
                and each.type in _NUMBERS
                and not replaced(trial, {each.name: "0"})[1]
            }

    def changes(self, joint: int, seed: int = 0) -> Changes:
        """What to try: each hyperparameter down and up, and at most `joint` random changes of all."""
        steps = {name: self._steps(name, value) for name, value in self.all.items()}
        names = [name for name, some in steps.items() if some]
        alone = [{name: value} for name in names for value in steps[name]]
        several: list[Mapping[str, Value]] = []
        for place in range(joint if len(names) > 1 else 0):
            draws = Draws(seed, place, _PURPOSE)
            drawn = {name: self._drawn(name, draws.uniform(), steps[name]) for name in names}
            if drawn not in several:
                several.append(drawn)
        known = self.all if self.search is not None else _own(self.trial)
        return Changes(
            values={name: self.all[name] for name in names},
            alone=tuple(each for each in alone if self._allowed(each)),
            joint=tuple(each for each in several if self._allowed(each)),
            left=tuple(sorted(set(known) - set(names))),
        )

    def trial_with(self, changed: Mapping[str, Value]) -> Trial:
        """The trial that has these values instead of its own."""
        if self.words is not None:
            values = self.all | dict(changed)
            intent = replace(
                self.trial.intent,
                argv=self.words.of(values, self.seed),
                parameters=tuple(sorted((dict(self.trial.intent.parameters) | values).items())),
            )
        else:
            argv, _ = replaced(self.trial, {name: rendered(value) for name, value in changed.items()})
            given = {name: changed.get(name, value) for name, value in self.trial.intent.parameters}
            intent = replace(self.trial.intent, argv=argv, parameters=tuple(sorted(given.items())))
        return bare(replace(self.trial, intent=intent))

    def _steps(self, name: str, value: Value) -> list[Value]:
        """The next values below and above; none where no change is small."""
        return [each for sign in (-1, 1) if not alike(each := self._moved(name, value, sign), value)]

    def _drawn(self, name: str, uniform: float, steps: list[Value]) -> Value:
        """One between the two steps; where there is none but the value itself, one of the steps."""
        moved = self._moved(name, self.all[name], 2 * uniform - 1)
        return moved if not alike(moved, self.all[name]) else steps[int(uniform * len(steps))]

    def _moved(self, name: str, value: Value, by: float) -> Value:
        """A value, moved by a part of what is a small change: -1 to 1."""
        parameter = self.domains.get(name)
        if parameter is None:
            return _scaled(value, 1 + by * self.fraction, by)
        return _within(parameter, value, by * self.fraction, by)

    def _allowed(self, changed: Mapping[str, Value]) -> bool:
        """Whether the search's space has it, with the same hyperparameters as before."""
        if self.unit is None:
            return True
        values = self.all | dict(changed)
        active = [self.unit.active(place, values) for place in range(len(self.unit.axes))]
        before = [self.unit.active(place, self.all) for place in range(len(self.unit.axes))]
        return active == before and self.unit.feasible(self.unit.point(values))


def _own(trial: Trial) -> list[str]:
    return [each.name for each in trial.hyperparameters if each.role is not HyperparameterRole.SEED]


def _scaled(value: Value, factor: float, by: float) -> Value:
    """A number times a factor; an integer moves by 1 at least, as far as it is to move by a half of it."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    if isinstance(value, float):
        return float(f"{value * factor:.6g}")
    least = 0 if abs(by) < 0.5 else (1 if by > 0 else -1)
    return value + (int(value * (factor - 1)) or least)


def _within(parameter: Parameter, value: Value, move: float, by: float) -> Value:
    """A value, moved along its domain."""
    domain: Domain = parameter.domain
    if domain.type is HyperparameterType.ORDINAL:
        place = next(number for number, each in enumerate(domain.choices) if alike(each, value))
        place += (by >= 0.5) - (by <= -0.5)
        return domain.choices[min(max(place, 0), len(domain.choices) - 1)]
    if domain.type not in _NUMBERS or domain.choices or domain.low is None or domain.high is None:
        return value
    axis = Axis(parameter=parameter, scale=scale(domain))
    moved = axis.value(min(max(axis.coordinate(value) + move, 0.0), 1.0))
    if isinstance(moved, float) and domain.step is None:
        moved = min(max(float(f"{moved:.6g}"), float(domain.low)), float(domain.high))
    if alike(moved, value) and isinstance(value, int) and abs(by) >= 0.5:
        step = int(domain.step or 1) * (1 if by > 0 else -1)
        moved = value + step if domain.low <= value + step <= domain.high else value
    return moved
