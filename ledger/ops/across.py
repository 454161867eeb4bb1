"""One method on several data sets: the configurations that were tried on all of them."""

import math
from collections.abc import Iterable, Mapping, Sequence

from ledger.analysis.across import Across, across
from ledger.analysis.observations import Observations, alike
from ledger.analysis.predicted import LEAST, predicted
from ledger.errors import IncomparableError, NotFoundError, UsageError
from ledger.model.frozen import frozen
from ledger.model.space import Objective
from ledger.ops.observations import Selection, gather, objective
from ledger.workspace import Workspace

MEASURED, FOREST = "measured", "forest"
"""Compared are configurations that were tried on all data sets; or a forest of each says what was not."""


@frozen
class DataSets:
    """Which trials are asked for, and by what they are told apart."""

    experiments: tuple[str, ...] = ()
    """One for each data set; or one or none, if `by` says which is which."""
    where: str | None = None
    """A filter."""
    by: str | None = None
    """A hyperparameter whose values are the data sets."""
    ignore: tuple[str, ...] = ()
    """Hyperparameters that tell no configurations apart."""
    minimize: str | None = None
    maximize: str | None = None
    """The metric; by default what the first experiment was tuned for."""
    log: bool = False
    """Whether its logarithm counts, so that ratios are what is gained."""
    method: str | None = None
    """`MEASURED` or `FOREST`; by default the first where enough was tried on all data sets."""


@frozen
class Asked:
    """What is analysed."""

    objective: Objective
    log: bool
    table: Across
    apart: tuple[str, ...]
    """Hyperparameters that say which data set it is: one value on each."""
    own: int | None
    """The row of the program's own defaults; None where nobody says them, or they were not tried."""


def asked(workspace: Workspace, question: DataSets) -> Asked:
    """Gather what was tried on every data set.

    Raises
    ------
    UsageError
        If there are not two data sets, the metric is in doubt or no trial has it, or one is not above 0 where
        its logarithm is asked for.
    NotFoundError
        If there is no such experiment, hyperparameter or trial.
    IncomparableError
        If too little was tried on all of them.
    LedgerError
        If a forest is needed and scikit-learn is not installed.
    """
    chosen = [Selection(experiment=each, where=question.where) for each in question.experiments or (None,)]
    wanted = objective(workspace, chosen[0], minimize=question.minimize, maximize=question.maximize)
    found = _data_sets(workspace, question, chosen)
    if len(found) < 2:
        raise UsageError(
            "two data sets are needed",
            cause=f"there is one: {', '.join(found)}",
            hint="name an experiment for each, or with --by the hyperparameter that says which it is",
        )
    measured = {name: _measured(each, wanted.metric) for name, each in found.items()}
    apart = _apart(list(measured.values()))
    left_out = {*apart, *question.ignore}
    kept = {name: each.without(left_out) for name, each in measured.items()}
    losses = {name: _losses(each, wanted, question.log) for name, each in kept.items()}
    table = _table(kept, losses, question.method)
    return Asked(objective=wanted, log=question.log, table=table, apart=apart, own=_own(table, kept.values()))


def _table(
    found: Mapping[str, Observations], losses: Mapping[str, Sequence[float]], method: str | None
) -> Across:
    """What was measured, where each hyperparameter was changed alone at the best one on average."""
    try:
        measured = None if method == FOREST else across(found, losses)
    except IncomparableError as error:
        if method == MEASURED:
            raise
        few = [name for name, each in found.items() if len(each) < LEAST]
        if few:
            least = f"of {LEAST} trials of each a forest says the rest: {few[0]} has {len(found[few[0]])}"
            raise IncomparableError(
                error.message, cause=error.cause, hint=f"{error.hint}; {least}"
            ) from error
        measured = None
    if measured is not None and (method == MEASURED or _is_grid(measured)):
        return measured
    if measured is not None and min(map(len, found.values())) < LEAST:
        return measured
    return predicted(found, losses)


def _is_grid(table: Across) -> bool:
    changed = set(table.changed(int(table.losses.mean(axis=0).argmin())).tolist())
    return all(1 << place in changed for place in range(len(table.variables)))


def _data_sets(
    workspace: Workspace, question: DataSets, chosen: Sequence[Selection]
) -> Mapping[str, Observations]:
    if question.by is None:
        return {each.label: gather(workspace, each) for each in chosen}
    if len(chosen) > 1:
        raise UsageError("both --by and several experiments", cause="expected one of them")
    found = gather(workspace, chosen[0])
    if question.by not in {each.name for each in found.variables}:
        names = ", ".join(each.name for each in found.variables) or "none"
        raise NotFoundError(f"no hyperparameter {question.by!r}", cause=f"there are {names}")
    return found.split(question.by)


def _measured(found: Observations, metric: str) -> Observations:
    measured = found.measured(metric)
    if not measured:
        names = ", ".join(sorted(found.metrics))
        raise UsageError(f"no trial of {found.label} has a finite {metric}", cause=f"they have {names}")
    return measured


def _apart(found: Sequence[Observations]) -> tuple[str, ...]:
    """What says which data set it is: one value on each, and not the same one on all."""
    names = dict.fromkeys(each.name for every in found for each in every.variables)
    values = [{each.name: each for each in every.variables} for every in found]
    return tuple(
        name
        for name in names
        if all(name in own and not own[name].varies for own in values)
        and any(not alike(own[name].values[0], values[0][name].values[0]) for own in values)
    )


def _losses(found: Observations, wanted: Objective, log: bool) -> list[float]:
    values = found.metrics[wanted.metric]
    if log and min(values) <= 0:
        raise UsageError(
            f"{wanted.metric} has no logarithm",
            cause=f"{found.label} has {min(values):g}",
            hint="leave out --log",
        )
    sign = -1.0 if wanted.maximize else 1.0
    return [sign * (math.log(each) if log else each) for each in values]


def _own(table: Across, found: Iterable[Observations]) -> int | None:
    """The configuration in which everything has its default, what is the same in all of them, too."""
    if any(each.default is None for each in table.variables):
        return None
    varying = {each.name for each in table.variables}
    fixed = [each for own in found for each in own.variables if each.name not in varying]
    values = [(each.values[0], each.default) for each in fixed]
    if any(None not in both and not alike(*both) for both in values):
        return None
    for row in range(len(table)):
        pairs = [(each.values[row], each.default) for each in table.variables]
        if all(value is None or alike(value, default) for value, default in pairs):
            return row
    return None
