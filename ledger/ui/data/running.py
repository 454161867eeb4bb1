"""How a trial stands that still runs."""

import time

from ledger.model import jsonform
from ledger.ops import spool as spools
from ledger.ops.running import mark
from ledger.ui.data import Document, Query
from ledger.ui.data.points import progress
from ledger.ui.source import Source


def answer(source: Source, query: Query) -> Document:
    """Of the trial ``trial``: whether it runs, and what it has logged until now.

    Returns
    -------
    dict
        ``running``: whether its end is not recorded; ``here``: whether it is alive on this machine; ``spool``
        and ``mark``: by what `live` tells of it; ``elapsed_s`` in seconds; ``metrics``: name, count, last.

    Raises
    ------
    NotFoundError, AmbiguousError
        If the reference means no trial, or more than one.
    """
    trial = source.trial(query.get("trial") or "@")
    spool = source.spool(trial)
    return {
        "trial": str(trial.id),
        "running": trial.outcome is None,
        "here": spool is not None and spools.is_held(spool),
        "spool": spool.name if spool is not None else None,
        "mark": mark(spool) if spool is not None else None,
        "elapsed_s": max(0.0, (time.time_ns() - trial.started) / 1e9) if trial.outcome is None else None,
        "metrics": [
            {"name": name, "count": each.count, "last": jsonform.number(each.last)}
            for name, each in (progress(source, trial) if spool is not None else {}).items()
        ],
    }
