"""An experiment at a glance: how many trials, how they stand, what is searched, and which is the best."""

from ledger.analysis.observations import Observations
from ledger.errors import IncomparableError, NotFoundError, UsageError
from ledger.model import Status
from ledger.model.jsonform import to_json
from ledger.model.search import Search
from ledger.model.space import Objective
from ledger.ops.best import Best
from ledger.ops.objects import one_line
from ledger.ui.data import Document, Query, axes, objective, standing
from ledger.ui.source import Source


def answer(source: Source, query: Query) -> Document:
    """The experiment ``name``, by ``metric`` and ``direction`` (by default those of its search).

    Returns
    -------
    dict
        ``trials`` (the denominator, of now), ``running``, ``search`` and ``objectives``, ``hyperparameters``
        and ``metrics`` (see `axes`), ``objective``, ``best`` or ``problem``: why no best can be told.

    Raises
    ------
    NotFoundError
        If there is no such experiment.
    UsageError
        If there is no such direction.
    """
    name = query.get("name", "")
    counted = standing.counted(source, name)
    tuned = objective.searched(source, name)
    if not counted.trials and tuned is None:
        raise NotFoundError(f"no experiment {name!r}", hint="see all of them: #/experiments")
    wanted = objective.asked(query, tuned)
    found = _observed(source, name)
    best, problem = _best(source, name, wanted)
    return {
        "name": name,
        "trials": standing.of(counted),
        "running": counted.statuses.get(Status.RUNNING, 0),
        "search": None if tuned is None else _search(tuned),
        "objectives": [_objective(each) for each in (tuned.objectives if tuned is not None else ())],
        "hyperparameters": axes.hyperparameters(found, tuned),
        "metrics": axes.metrics(found),
        "objective": None if wanted is None else _objective(wanted),
        "best": None if best is None else _told(best),
        "problem": problem,
    }


def _observed(source: Source, name: str) -> Observations | None:
    try:
        return standing.observed(source, name)
    except NotFoundError:
        return None  # none ended well yet


def _best(source: Source, name: str, wanted: Objective | None) -> tuple[Best | None, str | None]:
    if wanted is None:
        return None, "a metric says which trials are the best: choose one above"
    try:
        return standing.ranked(source, name, wanted), None
    except (NotFoundError, UsageError, IncomparableError) as error:
        return None, one_line(error)


def _search(tuned: Search) -> Document:
    return {
        "sampler": tuned.sampler,
        "scheduler": tuned.scheduler,
        "seed": to_json(tuned.seed),
        "seeds": tuned.seeds,
        "constraints": list(tuned.space.constraints),
        "command": to_json(tuned.command),
    }


def _objective(each: Objective) -> Document:
    return {"metric": to_json(each.metric), "direction": objective.direction(each)}


def _told(best: Best) -> Document:
    believed = best.believed[0] if best.believed else None
    return {
        "trial": str(best.ranked[0].id),
        "name": best.ranked[0].name,
        "value": to_json(best.values[0]),
        "mean": None if believed is None else to_json(believed.mean),
        "interval": None if believed is None else [to_json(believed.low), to_json(believed.high)],
        "seeds": 1 if believed is None else believed.seeds,
        "optimistic": best.optimistic,
        "configurations": best.configurations,
        "measured": best.measured,
        "signed": None if best.counted is None else standing.of(best.counted),
    }
