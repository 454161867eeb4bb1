"""Trials as an analysis sees them: what was tried, with which seed, and what came of it."""

import math
from collections.abc import Collection, Mapping, Sequence

from ledger.model import Digest, HyperparameterRole, HyperparameterType, Value
from ledger.model.frozen import frozen, replace
from ledger.model.space import Domain


@frozen
class Variable:
    """One hyperparameter of some trials; never one whose role is ``seed``."""

    name: str
    type: HyperparameterType
    values: tuple[Value, ...]
    """Of each trial; None where it has none: where its condition does not hold, or nobody saw it."""
    role: HyperparameterRole | None = None
    domain: Domain | None = None
    """What a search might have tried; None outside of searches."""
    default: Value = None
    """What it is where nobody chooses; None where nobody said."""
    condition: str | None = None
    """When a search gives it a value, as a filter over others; None: always, or nobody said."""

    @property
    def varies(self) -> bool:
        """Whether trials differ in it, be it in having it at all."""
        return any(not alike(each, self.values[0]) for each in self.values[1:])

    def picked(self, rows: Sequence[int]) -> "Variable":
        """The same of some trials."""
        return replace(self, values=tuple(self.values[row] for row in rows))


@frozen
class Observations:
    """Trials that ended well, in the order in which they began.

    Trials of one configuration differ in their seeds at most.
    """

    label: str
    """What a person calls them: an experiment's name, or a filter."""
    trials: tuple[Digest, ...]
    """n ids."""
    variables: tuple[Variable, ...]
    """Each with n values, in the order in which they were seen."""
    seeds: tuple[Value, ...]
    """n; None where a trial has none."""
    metrics: Mapping[str, tuple[float, ...]]
    """n last values by name, ``duration_s`` (s) and ``peak_memory`` (bytes) among them; NaN where a trial has
    none."""
    others: int = 0
    """Trials that were chosen too, and did not end well."""

    def __len__(self) -> int:
        return len(self.trials)

    @property
    def varying(self) -> tuple[Variable, ...]:
        """Hyperparameters in which the trials differ."""
        return tuple(each for each in self.variables if each.varies)

    def picked(self, rows: Sequence[int]) -> "Observations":
        """Some of the trials."""
        return replace(
            self,
            trials=tuple(self.trials[row] for row in rows),
            variables=tuple(each.picked(rows) for each in self.variables),
            seeds=tuple(self.seeds[row] for row in rows),
            metrics={name: tuple(values[row] for row in rows) for name, values in self.metrics.items()},
        )

    def measured(self, metric: str) -> "Observations":
        """Those with a finite value of a metric; the rest is counted among `others`."""
        values = self.metrics.get(metric, ())
        rows = [row for row, value in enumerate(values) if math.isfinite(value)]
        if len(rows) == len(self):
            return self
        return replace(self.picked(rows), others=self.others + len(self) - len(rows))

    def without(self, names: Collection[str]) -> "Observations":
        """The same where some hyperparameters tell no configurations apart."""
        return replace(self, variables=tuple(each for each in self.variables if each.name not in names))

    def split(self, name: str) -> "dict[str, Observations]":
        """The trials by their value of a hyperparameter, which then tells no configurations apart.

        Those that have none are counted among `others` of each part.
        """
        (variable,) = (each for each in self.variables if each.name == name)
        rows: dict[object, list[int]] = {}
        for row, value in enumerate(variable.values):
            if value is not None:
                rows.setdefault(key(value), []).append(row)
        others = self.others + sum(each is None for each in variable.values)
        values = [variable.values[own[0]] for own in rows.values()]
        names = [str(each).lower() if isinstance(each, bool) else str(each) for each in values]
        if len(set(names)) < len(names):  # as of 1 and "1"
            names = [repr(each) for each in values]
        return {
            own: replace(self.without({name}).picked(chosen), others=others)
            for own, chosen in zip(names, rows.values(), strict=True)
        }

    @property
    def configurations(self) -> tuple[int, ...]:
        """N numbers, one for each configuration, in the order in which those were first tried."""
        return numbered([each.values for each in self.variables], len(self.trials))

    def by_configuration(self) -> dict[int, list[int]]:
        """Rows of each configuration."""
        found: dict[int, list[int]] = {}
        for row, number in enumerate(self.configurations):
            found.setdefault(number, []).append(row)
        return found


def alike(left: Value, right: Value) -> bool:
    """Whether two values are the same choice: 1 and 1.0 are, 1 and True are not, NaN is itself."""
    return key(left) == key(right)


def numbered(columns: Sequence[Sequence[Value]], count: int) -> tuple[int, ...]:
    """A number for each of so many rows: the same one for rows that are alike in all columns; from 0 on."""
    keys = [[key(value) for value in each] for each in columns]
    seen: dict[tuple[object, ...], int] = {}
    return tuple(seen.setdefault(tuple(column[row] for column in keys), len(seen)) for row in range(count))


def key(value: Value) -> object:
    """What two values have in common where they are the same choice."""
    if isinstance(value, bool) or value is None:
        return value.__class__, value
    if isinstance(value, float) and math.isnan(value):
        return "NaN"
    if isinstance(value, int | float | str):
        return value.__class__ is str, value
    return repr(value)
