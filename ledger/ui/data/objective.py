"""By what the trials of an experiment are good: what the address says, else what its search was made for."""

from ledger.errors import UsageError
from ledger.model.search import Search
from ledger.model.space import Objective
from ledger.ops import observations
from ledger.ops.observations import Selection
from ledger.ui.data import Query
from ledger.ui.data.remembered import remembered
from ledger.ui.source import Source

MINIMIZE, MAXIMIZE = "minimize", "maximize"


def searched(source: Source, experiment: str) -> Search | None:
    """The newest search of an experiment; None where it was not tuned."""
    return remembered(
        source,
        ("search", experiment),
        lambda: observations.definition(source.workspace, Selection(experiment=experiment)),
    )


def direction(objective: Objective) -> str:
    """What the address calls it."""
    return MAXIMIZE if objective.maximize else MINIMIZE


def asked(query: Query, tuned: Search | None, prefix: str = "") -> Objective | None:
    """The metric and the direction that a query names.

    Parameters
    ----------
    query
        ``metric``, and ``direction``: minimize or maximize.
    tuned
        The search: its first objective is meant where the query says nothing; a metric that is among its
        objectives has its direction.
    prefix
        In front of both keys.

    Returns
    -------
    Objective or None
        None where nobody said a metric.

    Raises
    ------
    UsageError
        If there is no such direction.
    """
    metric, turn = query.get(f"{prefix}metric", ""), query.get(f"{prefix}direction", "")
    if turn not in ("", MINIMIZE, MAXIMIZE):
        raise UsageError(f"no direction {turn!r}", cause=f"expected {MINIMIZE} or {MAXIMIZE}")
    own = {each.metric: each for each in (tuned.objectives if tuned is not None else ())}
    if not metric:
        metric = next(iter(own), "")
    if not metric:
        return None
    if not turn and metric in own:
        return own[metric]
    return Objective(metric=metric, maximize=turn == MAXIMIZE)


def needed(query: Query, tuned: Search | None, prefix: str = "") -> Objective:
    """The same where there has to be one.

    Raises
    ------
    UsageError
        If nobody said a metric, or there is no such direction.
    """
    found = asked(query, tuned, prefix)
    if found is None:
        raise UsageError(
            "a metric is needed",
            cause="the experiment was not tuned for one, which would be taken",
            hint="choose one above",
        )
    return found
