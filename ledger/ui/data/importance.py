"""Which hyperparameters of an experiment matter, as ``ledger importance --json`` tells it."""

from ledger.errors import NotFoundError, UsageError
from ledger.model.space import Objective
from ledger.ops.importance import ImportanceOptions, importance
from ledger.ops.importance_document import importance_document
from ledger.ops.objects import one_line
from ledger.ops.observations import Selection
from ledger.ui.data import Document, Query, objective
from ledger.ui.data.remembered import remembered
from ledger.ui.source import Source


def answer(source: Source, query: Query) -> Document:
    """The form ``importance.v1`` of the experiment ``name``, without costs; or ``problem``: why it has none.

    It is found once for each state of the ledger, metric and direction. An experiment that has begun has too
    few trials at first, or they are too much alike: that is an answer, and no error.

    Raises
    ------
    UsageError
        If a metric is needed, or there is no such direction.
    """
    name = query.get("name", "")
    wanted = objective.needed(query, objective.searched(source, name))
    return remembered(
        source,
        ("importance", name, wanted),
        lambda: _told(source, name, wanted),
    )


def _told(source: Source, name: str, wanted: Objective) -> Document:
    try:
        found = importance(
            source.workspace,
            Selection(experiment=name),
            minimize=None if wanted.maximize else wanted.metric,
            maximize=wanted.metric if wanted.maximize else None,
            options=ImportanceOptions(costs=False),
        )
    except (NotFoundError, UsageError) as error:
        return {"problem": one_line(error)}
    return importance_document(found)
