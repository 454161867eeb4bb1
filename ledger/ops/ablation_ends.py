"""The two ends of an ablation: configurations that a person names, and in what they differ."""

from collections.abc import Mapping, Sequence

import numpy as np

from ledger.analysis.ablation import Group, together
from ledger.analysis.importance.axes import axes
from ledger.analysis.observations import Observations, Variable, alike, key
from ledger.errors import UsageError
from ledger.model import Digest, HyperparameterRole, Trial, Value
from ledger.model.filter_syntax import parse
from ledger.model.frozen import frozen, replace
from ledger.model.search import Search
from ledger.model.space import Objective
from ledger.ops.text import value as shown

Configuration = Mapping[str, Value]
"""Values by name; None where there is none."""


@frozen
class End:
    """One end of the path."""

    label: str
    """``default``, ``best``, or what was named."""
    configuration: Configuration
    trial: Digest | None
    """The trial that it is of; None of a default that nobody tried."""


def default(observations: Observations, tuned: Search | None) -> End:
    """What the hyperparameters are where nobody chooses.

    Raises
    ------
    UsageError
        If that is not known of all of them.
    """
    found: dict[str, Value] = {}
    unknown = []
    for each in observations.variables:
        found[each.name] = each.default
        if each.default is None and not each.varies:
            found[each.name] = each.values[0]
        elif each.default is None and each.condition is None and None not in each.values:
            unknown.append(each.name)
    if tuned is not None:
        found |= _completed(found, tuned)
        unknown += _missing(found, tuned, unknown)
    if unknown:
        raise UsageError(
            "the default configuration is not known",
            cause=f"neither the trials nor a search's space say a default of {', '.join(unknown)}",
            hint="name a trial to begin from: --from REF (ledger log shows them)",
        )
    return End(label="default", configuration=found, trial=_first(observations, found))


def _completed(values: Configuration, tuned: Search) -> dict[str, Value]:
    """The values of a search's parameters whose conditions hold; the others have none."""
    from ledger.tune.space.unit import UnitSpace

    unit = UnitSpace(tuned.space)
    known: dict[str, Value] = {}
    for place, each in enumerate(tuned.space.parameters):
        if unit.active(place, known) and values.get(each.name) is not None:
            known[each.name] = values[each.name]
    return {each.name: known.get(each.name) for each in tuned.space.parameters}


def _missing(values: Configuration, tuned: Search, already: Sequence[str]) -> list[str]:
    """Parameters that would have a value, of which nobody said one."""
    from ledger.tune.space.unit import UnitSpace

    unit = UnitSpace(tuned.space)
    known = {name: value for name, value in values.items() if value is not None}
    return [
        each.name
        for place, each in enumerate(tuned.space.parameters)
        if each.name not in known and each.name not in already and unit.active(place, known)
    ]


def best(observations: Observations, objective: Objective) -> End:
    """The configuration whose trials are best on average, with its oldest trial."""
    values = observations.metrics[objective.metric]
    configurations = observations.by_configuration()
    means = {number: float(np.mean([values[row] for row in rows])) for number, rows in configurations.items()}
    chosen = min(means, key=lambda number: -means[number] if objective.maximize else means[number])
    row = configurations[chosen][0]
    return End(label="best", configuration=configuration(observations, row), trial=observations.trials[row])


def of_trial(observations: Observations, trial: Trial, label: str) -> End:
    """A trial's configuration, whether the trial is one of those that are looked at or not.

    Raises
    ------
    UsageError
        If it has hyperparameters that none of them has.
    """
    if trial.id in observations.trials:
        row = observations.trials.index(trial.id)
        return End(label=label, configuration=configuration(observations, row), trial=trial.id)
    own = {
        each.name: each.value for each in trial.hyperparameters if each.role is not HyperparameterRole.SEED
    }
    names = [each.name for each in observations.variables]
    unknown = sorted(own.keys() - set(names))
    if unknown:
        raise UsageError(
            f"trial {trial.id.short} is of another kind",
            cause=f"no trial of {observations.label} has {', '.join(unknown)}",
            hint=f"name a trial of it: ledger log -x {observations.label}",
        )
    return End(label=label, configuration={name: own.get(name) for name in names}, trial=trial.id)


def configuration(observations: Observations, row: int) -> Configuration:
    """What one of the trials tried."""
    return {each.name: each.values[row] for each in observations.variables}


class Tried:
    """Which trials had which configuration.

    Parameters
    ----------
    observations
        The trials.
    """

    def __init__(self, observations: Observations) -> None:
        self._names = [each.name for each in observations.variables]
        columns = [[key(value) for value in each.values] for each in observations.variables]
        self._rows: dict[tuple[object, ...], list[int]] = {}
        for row in range(len(observations)):
            self._rows.setdefault(tuple(column[row] for column in columns), []).append(row)

    def rows(self, wanted: Configuration) -> list[int]:
        """The trials of a configuration, by row."""
        return self._rows.get(tuple(key(wanted[name]) for name in self._names), [])


def _first(observations: Observations, wanted: Configuration) -> Digest | None:
    found = Tried(observations).rows(wanted)
    return observations.trials[found[0]] if found else None


def groups(observations: Observations, start: End, end: End) -> tuple[Group, ...]:
    """In what the ends differ; hyperparameters that others give a value or not go with these.

    Raises
    ------
    UsageError
        If they do not differ.
    """
    one, other = start.configuration, end.configuration
    differing = [each.name for each in observations.variables if not alike(one[each.name], other[each.name])]
    if not differing:
        raise UsageError(
            f"{start.label} and {end.label} are one configuration",
            cause=", ".join(f"{name}={shown(value)}" for name, value in one.items() if value is not None),
            hint="name another trial to begin from: --from REF",
        )
    decided = {
        each.name: _deciders(observations, each, [one, other], differing)
        for each in observations.variables
        if each.name in differing and (one[each.name] is None) is not (other[each.name] is None)
    }
    return together(differing, decided)


def _deciders(
    observations: Observations, child: Variable, ends: Sequence[Configuration], differing: Sequence[str]
) -> list[str]:
    """What decides whether a hyperparameter has a value: as its condition says, else as the trials show."""
    if child.condition is not None:
        from ledger.tune.space.conditions import tests

        return [test.name for test in tests(parse(child.condition)) if test.name in differing]
    others = [each for each in observations.variables if each.name in differing and each is not child]
    for each in others:
        pair = replace(observations, variables=tuple(_with(one, ends) for one in (each, child)))
        if any(axis.name == child.name and axis.conditional for axis in axes(pair)):
            return [each.name]
    return []


def _with(variable: Variable, ends: Sequence[Configuration]) -> Variable:
    return replace(variable, values=(*variable.values, *(each[variable.name] for each in ends)))
