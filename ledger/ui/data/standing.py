"""How an experiment stands, as `ledger best` tells it, once for each state of the ledger."""

from ledger.analysis.observations import Observations
from ledger.model.space import Objective
from ledger.ops import observations
from ledger.ops.best import Best, best
from ledger.ops.denominator import Denominator, counts
from ledger.ops.observations import Selection
from ledger.ui.data import Document
from ledger.ui.data.remembered import remembered
from ledger.ui.source import Source

MOST = 24
"""The best configurations that are told of."""


def ranked(source: Source, experiment: str, objective: Objective) -> Best:
    """The best configurations, `MOST` of them. Raises as `ledger.ops.best.best`."""
    return remembered(
        source,
        ("best", experiment, objective),
        lambda: best(source.workspace, experiment, objective.metric, maximize=objective.maximize, count=MOST),
    )


def observed(source: Source, experiment: str | None, where: str | None = None) -> Observations:
    """Trials that ended well, as columns. Raises as `ledger.ops.observations.gather`."""
    return remembered(
        source,
        ("observed", experiment, where),
        lambda: observations.gather(source.workspace, Selection(experiment=experiment, where=where)),
    )


def counted(source: Source, experiment: str) -> Denominator:
    """All trials of an experiment, those that were taken back among them."""
    journal = source.workspace.journal
    return remembered(
        source, ("counted", experiment), lambda: counts(journal, [source.head()], experiment)[0]
    )


def of(found: Denominator) -> Document:
    """A denominator as a document."""
    return {
        "trials": found.trials,
        "statuses": {str(status): count for status, count in found.statuses.items()},
        "removed": found.removed,
    }
