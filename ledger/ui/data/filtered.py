"""Which rows of the table a filter selects: the command line's own answer."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ledger.model.filter_syntax import parse
from ledger.ops import filter, masks
from ledger.ops.indexed import asked
from ledger.ops.machines import Machines
from ledger.ops.receipts import Receipts
from ledger.ops.scope import Scope
from ledger.ui.data import Query
from ledger.ui.source import Source


def answer(source: Source, query: Query) -> pa.Table:
    """Numbers of the trials for which the filter ``where`` holds, ascending, as `trials` has them.

    With ``experiment`` it is asked of its trials alone, and knows of no other names than theirs.

    Raises
    ------
    UsageError
        If the filter does not parse, or names what no trial has.
    NotFoundError
        If there is no such experiment.
    """
    where, experiment = query.get("where", ""), query.get("experiment") or None
    machines = Machines(source.workspace.store)
    found = asked(
        source.workspace.journal,
        lambda held, logs: selected(Scope(held, logs, experiment, machines), where),
    )
    kind = "index"
    if found is None:
        everything = source.trials()
        trials = everything.ordered if experiment is None else everything.of_experiment(experiment)
        matches = (
            filter.matcher(where, trials, Receipts(everything.receipts, machines)) if where.strip() else None
        )
        held = [number for number, trial in enumerate(trials) if matches is None or matches(trial)]
        found, kind = np.array(held, np.int64), "read"
    numbers = found.astype(np.int32)
    column = pa.Array.from_buffers(pa.int32(), len(numbers), [None, pa.py_buffer(numbers)])
    return pa.Table.from_arrays([column], names=["number"]).replace_schema_metadata({"numbers": kind})


def selected(scope: Scope, where: str) -> NDArray[np.int64]:
    """Numbers of the trials of an index for which a filter holds, ascending. Raises as `answer`."""
    which = scope.present
    if where.strip():
        which = which & masks.ask(parse(where), scope, where).yes
    return np.flatnonzero(which)
