"""What an objective depends on: which hyperparameters matter, trials along each, and how the best came."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ledger.errors import LedgerError
from ledger.model.frozen import frozen
from ledger.model.space import Objective
from ledger.ops.objects import one_line
from ledger.ops.observations import Selection
from ledger.reports.choosing import Choice
from ledger.workspace import Workspace

if TYPE_CHECKING:
    from ledger.analysis.observations import Observations, Variable
    from ledger.ops.importance import Importance

MOST_SLICES = 8
"""Of an objective."""


@frozen
class Dependence:
    """What one objective of an experiment depends on."""

    objective: Objective
    observed: "Observations"
    """Its trials that ended well with a value, in the order in which they began."""
    best_so_far: tuple[float, ...]
    """Of each of these trials, the best value until then."""
    best: frozenset[int]
    """Rows of those that count as the best ones, as importance has them: with ties of the last one."""
    importance: "Importance | None"
    unknown: str | None
    """Why importance cannot be told."""
    slices: "tuple[Variable, ...]"
    """Hyperparameters in which these trials differ, those that matter most first."""
    others: int
    """Such hyperparameters past `MOST_SLICES`."""


def dependence(
    workspace: Workspace, choice: Choice, found: "Observations", objective: Objective
) -> Dependence | None:
    """See what an objective depends on.

    Parameters
    ----------
    workspace
        The ledger.
    choice
        An experiment, or a filter.
    found
        Its trials that ended well.
    objective
        Which one.

    Returns
    -------
    Dependence or None
        None where no trial has a value.
    """
    from ledger.analysis.history import best_so_far
    from ledger.analysis.importance.ped_anova import number_of_best

    observed = found.measured(objective.metric)
    if not len(observed):
        return None
    values = observed.metrics[objective.metric]
    losses = [-value if objective.maximize else value for value in values]
    last = sorted(losses)[max(number_of_best(len(losses), None), 1) - 1]
    importance, unknown = _importance(workspace, choice, objective)
    varying = _ordered(observed.varying, importance)
    return Dependence(
        objective=objective,
        observed=observed,
        best_so_far=tuple(best_so_far(values, maximize=objective.maximize).tolist()),
        best=frozenset(row for row, loss in enumerate(losses) if loss <= last),
        importance=importance,
        unknown=unknown,
        slices=tuple(varying[:MOST_SLICES]),
        others=max(len(varying) - MOST_SLICES, 0),
    )


def _importance(
    workspace: Workspace, choice: Choice, objective: Objective
) -> "tuple[Importance | None, str | None]":
    from ledger.ops.importance import ImportanceOptions, importance

    try:
        return importance(
            workspace,
            Selection(experiment=choice.experiment, where=choice.where),
            minimize=None if objective.maximize else objective.metric,
            maximize=objective.metric if objective.maximize else None,
            options=ImportanceOptions(costs=False),
        ), None
    except LedgerError as error:  # too few trials, or all alike
        return None, one_line(error)


def _ordered(varying: "Sequence[Variable]", importance: "Importance | None") -> "list[Variable]":
    preferences = None if importance is None else importance.metric.preferences
    ranks = {} if preferences is None else {each.name: place for place, each in enumerate(preferences.found)}
    return sorted(varying, key=lambda each: ranks.get(each.name, len(ranks)))
