"""Trials of a ledger → what an analysis works on."""

from collections.abc import Iterable, Mapping, Sequence

from ledger.analysis.observations import Observations, Variable, alike, numbered
from ledger.errors import NotFoundError, UsageError
from ledger.model import Hyperparameter, HyperparameterRole, HyperparameterType, Status, Trial, Value
from ledger.model.frozen import frozen
from ledger.model.search import Search
from ledger.model.space import Objective, Parameter
from ledger.ops import query, references, search, searches
from ledger.ops.columns import FIELDS
from ledger.ops.indexed import asked
from ledger.ops.search import Question
from ledger.ops.text import count
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


@frozen
class Seen:
    """One hyperparameter, never one whose role is ``seed``, as some trials have it."""

    name: str
    values: tuple[Value, ...]
    """Of each; None where it has none."""
    types: frozenset[HyperparameterType]
    """As trials saw it; empty where none has it."""
    role: HyperparameterRole | None
    """As the first one says that says one."""
    default: Value
    """The value of the first trial for which nobody chose one."""


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
    tuned = definition(workspace, selection)
    found = _by_index(workspace, selection, tuned)
    if found is None:
        question = Question(experiment=selection.experiment, where=selection.where, sort="started")
        found = observations(
            search.find(workspace.journal, question, workspace.store).chosen, selection.label, tuned
        )
    if not found:
        of = "" if selection.experiment is None else f" -x {selection.experiment}"
        raise NotFoundError(
            "no trial ended well"
            if selection == Selection()
            else f"no trial of {selection.label} ended well",
            cause=f"{count(found.others, 'trial')}, none of which has the status ok"
            if found.others
            else ("the ledger has no trial yet" if selection == Selection() else "no trial is selected"),
            hint=f"see what they came to: ledger log{of}"
            if found.others
            else "see what there is: ledger log",
        )
    return found


def _by_index(workspace: Workspace, selection: Selection, tuned: Search | None) -> Observations | None:
    """The same from columns, which takes a fiftieth of the time that reading each trial does."""
    from ledger.ops import observed_columns  # which needs numpy, as an index does

    try:
        return asked(
            workspace.journal,
            lambda held, logs: observed_columns.read(held, logs, selection, tuned, workspace.store),
        )
    except NotFoundError:  # the index does not know of searches whose trials were all there already
        return None


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
    NotFoundError
        If neither does, and there is no such experiment.
    """
    if minimize is not None and maximize is not None:
        raise UsageError("one metric is needed", cause="both --minimize and --maximize are given")
    if minimize is not None:
        return Objective(metric=minimize)
    if maximize is not None:
        return Objective(metric=maximize, maximize=True)
    tuned = definition(workspace, selection)
    if tuned is None or len(tuned.objectives) != 1:
        if selection.experiment is not None:
            references.experiment(query.load(workspace.journal), selection.experiment)  # if there is one
        raise UsageError(
            "a metric is needed",
            cause="no experiment is named that was tuned for one, which would be taken"
            if selection.experiment is None
            else f"{selection.label} was not tuned for one metric, which would be taken",
            hint="add --minimize METRIC or --maximize METRIC",
        )
    return tuned.objectives[0]


def observations(trials: Iterable[Trial], label: str, tuned: Search | None = None) -> Observations:
    """The trials that ended well, in their order; domains and defaults are those of a search's space."""
    everything = list(trials)
    good = [trial for trial in everything if trial.status is Status.OK]
    own = [{each.name: each for each in trial.hyperparameters if not _is_seed(each)} for trial in good]
    names = dict.fromkeys(name for each in own for name in each)
    return Observations(
        label=label,
        trials=tuple(trial.id for trial in good),
        variables=variables([_seen(name, own) for name in names], tuned, len(good)),
        seeds=tuple(FIELDS["seed"](trial) for trial in good),
        metrics=_metrics(good),
        others=len(everything) - len(good),
    )


def variables(seen: Iterable[Seen], tuned: Search | None, count: int) -> tuple[Variable, ...]:
    """Hyperparameters of some trials: those of a search's space, and then what else was seen.

    What a command was given in other words, as a list of ``units1`` and ``units2``, is no hyperparameter of
    its own: it is the same wherever the space's values are.

    Parameters
    ----------
    seen
        In the order in which they were.
    tuned
        The search whose trials they are.
    count
        Trials.
    """
    by_name = {each.name: each for each in seen}
    space = {} if tuned is None else {each.name: each for each in tuned.space.parameters}
    nothing: tuple[Value, ...] = (None,) * count
    empty = Seen(name="", values=nothing, types=frozenset(), role=None, default=None)
    found = [
        _variable(name, by_name.get(name, empty), space.get(name))
        for name in dict.fromkeys([*space, *by_name])
    ]
    if tuned is None:
        return tuple(found)
    configurations = numbered([each.values for each in found if each.name in space], count)
    return tuple(each for each in found if each.name in space or not _follows(each, configurations))


def _follows(variable: Variable, configurations: Sequence[int]) -> bool:
    """Whether trials differ in it just where they differ in their configuration anyway."""
    if not variable.varies:
        return False
    first: dict[int, Value] = {}
    return all(
        alike(first.setdefault(number, value), value)
        for number, value in zip(configurations, variable.values, strict=True)
    )


def _variable(name: str, seen: Seen, searched: Parameter | None) -> Variable:
    if searched is None:
        type = max(seen.types, key=_WIDER.index)
        return Variable(name=name, type=type, values=seen.values, role=seen.role, default=seen.default)
    return Variable(
        name=name,
        type=searched.domain.type,
        values=seen.values,
        role=searched.role,
        domain=searched.domain,
        default=seen.default if searched.default is None else searched.default,
        condition=searched.condition,
    )


def _is_seed(parameter: Hyperparameter) -> bool:
    return parameter.role is HyperparameterRole.SEED


def _seen(name: str, own: Sequence[Mapping[str, Hyperparameter]]) -> Seen:
    seen = [each[name] for each in own if name in each]
    return Seen(
        name=name,
        values=tuple(each[name].value if name in each else None for each in own),
        types=frozenset(each.type for each in seen),
        role=next((each.role for each in seen if each.role is not None), None),
        default=next((each.value for each in seen if each.source == "default"), None),
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
            found.setdefault(name, [NAN] * len(trials))[row] = value
    return {name: tuple(values) for name, values in found.items()}


NAN = float("nan")
"""What stands for a metric that a trial does not have."""
