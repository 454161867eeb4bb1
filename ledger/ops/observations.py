"""Trials of a ledger → what an analysis works on."""

import math
from collections.abc import Iterable, Mapping, Sequence

from ledger.analysis.observations import Observations, Variable
from ledger.errors import NotFoundError, UsageError
from ledger.model import Hyperparameter, HyperparameterRole, HyperparameterType, Status, Trial, Value
from ledger.model.frozen import frozen
from ledger.model.search import Search
from ledger.model.space import Objective, Parameter
from ledger.ops import search, searches
from ledger.ops.columns import FIELDS
from ledger.ops.search import Question
from ledger.workspace import Workspace

_WIDER = (
    HyperparameterType.BOOLEAN,
    HyperparameterType.INTEGER,
    HyperparameterType.REAL,
    HyperparameterType.ORDINAL,
    HyperparameterType.CATEGORICAL,
)
"""Trials may have seen one hyperparameter differently, 1 here and 0.5 there: the widest type is its type."""


@frozen
class Selection:
    """Trials that a person names: those of an experiment, those that a filter selects, or both."""

    experiment: str | None = None
    where: str | None = None

    @property
    def label(self) -> str:
        """What to call them."""
        return " where ".join(each for each in (self.experiment, self.where) if each) or "all trials"


def gather(workspace: Workspace, selection: Selection) -> Observations:
    """Read the trials of a selection.

    Parameters
    ----------
    workspace
        The ledger.
    selection
        Which trials.

    Raises
    ------
    UsageError
        If the filter is off.
    NotFoundError
        If there is no such experiment, or none of the trials ended well.
    """
    question = Question(experiment=selection.experiment, where=selection.where, sort="started")
    chosen = search.find(workspace.journal, question).chosen
    found = observations(chosen, selection.label, definition(workspace, selection))
    if not found:
        of = "" if selection.experiment is None else f" -x {selection.experiment}"
        raise NotFoundError(
            f"no trial of {selection.label} ended well",
            cause=f"{len(chosen)} trials, none of which has the status ok",
            hint=f"see what they came to: ledger log{of}",
        )
    return found


def definition(workspace: Workspace, selection: Selection) -> Search | None:
    """The newest search of a selection's experiment; None where it was not tuned."""
    if selection.experiment is None:
        return None
    created = searches.newest(workspace.journal, selection.experiment)
    return None if created is None else searches.definition(created[1])


def objective(
    workspace: Workspace, selection: Selection, *, minimize: str | None = None, maximize: str | None = None
) -> Objective:
    """The metric that a person asks for, else what the selection's experiment was tuned for.

    Raises
    ------
    UsageError
        If both or neither of them say one.
    """
    if minimize is not None and maximize is not None:
        raise UsageError("one metric is needed", cause="both --minimize and --maximize are given")
    if minimize is not None:
        return Objective(metric=minimize)
    if maximize is not None:
        return Objective(metric=maximize, maximize=True)
    tuned = definition(workspace, selection)
    if tuned is None or len(tuned.objectives) != 1:
        raise UsageError(
            "a metric is needed",
            cause=f"{selection.label} was not tuned for one metric, which would be taken",
            hint="add --minimize METRIC or --maximize METRIC",
        )
    return tuned.objectives[0]


def observations(trials: Iterable[Trial], label: str, tuned: Search | None = None) -> Observations:
    """The trials that ended well, in their order; domains and defaults are those of a search's space."""
    everything = list(trials)
    good = [trial for trial in everything if trial.status is Status.OK]
    own = [{each.name: each for each in trial.hyperparameters if not _is_seed(each)} for trial in good]
    space = {} if tuned is None else {each.name: each for each in tuned.space.parameters}
    names = dict.fromkeys([*space, *(name for each in own for name in each)])
    variables = [_variable(name, own, space.get(name)) for name in names]
    return Observations(
        label=label,
        trials=tuple(trial.id for trial in good),
        variables=tuple(each for each in variables if each is not None),
        seeds=tuple(FIELDS["seed"](trial) for trial in good),
        metrics=_metrics(good),
        others=len(everything) - len(good),
    )


def _is_seed(parameter: Hyperparameter) -> bool:
    return parameter.role is HyperparameterRole.SEED


def _variable(
    name: str, own: Sequence[Mapping[str, Hyperparameter]], searched: Parameter | None
) -> Variable | None:
    seen = [each[name] for each in own if name in each]
    if searched is None and not seen:
        return None
    if searched is not None:
        type, role = searched.domain.type, searched.role
    else:
        type = max((each.type for each in seen), key=_WIDER.index)
        role = next((each.role for each in seen if each.role is not None), None)
    values: tuple[Value, ...] = tuple(each[name].value if name in each else None for each in own)
    default = next((each.value for each in seen if each.source == "default"), None)
    return Variable(
        name=name,
        type=type,
        values=values,
        role=role,
        domain=None if searched is None else searched.domain,
        default=default if searched is None or searched.default is None else searched.default,
    )


def _metrics(trials: Sequence[Trial]) -> dict[str, tuple[float, ...]]:
    found: dict[str, list[float]] = {}
    for row, trial in enumerate(trials):
        outcome = trial.outcome
        if outcome is None:
            continue
        own = {each.name: each.last for each in outcome.metrics}
        own.setdefault("duration_s", outcome.duration_s)
        own.setdefault("peak_memory", float(outcome.peak_memory))
        for name, value in own.items():
            found.setdefault(name, [math.nan] * len(trials))[row] = value
    return {name: tuple(values) for name, values in found.items()}
