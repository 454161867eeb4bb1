"""All experiments: how many trials each has, how those stand, and when the last one began."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ledger.model import ExperimentCreated
from ledger.model.frozen import replace
from ledger.ops.columns import FIELD
from ledger.ops.indexed import asked
from ledger.ui.data import Document, Query, rows, trials
from ledger.ui.source import Source

_COLUMNS = ((FIELD, "experiment"), (FIELD, "status"), (FIELD, "started"))


def answer(source: Source, query: Query) -> Document:  # noqa: ARG001
    """Experiments, the one where something began last first.

    Trials that were taken back are not counted. ``last`` is in milliseconds since 1970, UTC; ``tuned`` says
    whether a search has begun by that name; ``without``: trials of no experiment.
    """
    found = rows.read(source)
    kept = {key: found.columns[key] for key in _COLUMNS if key in found.columns}
    table = trials.table(replace(found, columns=kept))
    count = table.num_rows
    searched = _searched(source)
    if "experiment" not in table.column_names:
        return {"experiments": [_untried(each) for each in searched], "without": count}
    names, of = _coded(table, "experiment")
    statuses, stands = _coded(table, "status")
    started = np.array(table["started"].to_numpy(), np.float64)
    last = np.full(len(names), -np.inf)
    there = of >= 0
    np.maximum.at(last, of[there], started[there])
    numbers = np.zeros((len(names), len(statuses)), np.int64)
    np.add.at(numbers, (of[there], stands[there]), 1)
    told = [
        {
            "name": names[place],
            "trials": int(numbers[place].sum()),
            "statuses": {
                status: int(number) for status, number in zip(statuses, numbers[place], strict=True) if number
            },
            "last": float(last[place]),
            "tuned": names[place] in searched,
        }
        for place in np.argsort(-last).tolist()
        if numbers[place].any()
    ]
    known = {each["name"] for each in told}
    told += [_untried(each) for each in searched if each not in known]
    return {"experiments": told, "without": int(count - there.sum())}


def _coded(table: pa.Table, name: str) -> tuple[list[str], NDArray[np.int64]]:
    """Distinct texts of a column, and the place of each row's among them; -1 for none."""
    texts = table[name].to_pylist()
    distinct = list(dict.fromkeys(each for each in texts if each is not None))
    places = {each: place for place, each in enumerate(distinct)}
    return distinct, np.array([places.get(each, -1) for each in texts], np.int64)


def _untried(name: str) -> Document:
    return {"name": name, "trials": 0, "statuses": {}, "last": None, "tuned": True}


def _searched(source: Source) -> list[str]:
    """Names of experiments that were tuned."""
    journal = source.workspace.journal
    known = asked(
        journal,
        lambda _, logs: [
            recorded for log in logs.by_origin.values() for recorded in log.of_kind(ExperimentCreated.kind)
        ],
    )
    entries = journal.entries() if known is None else known
    payloads = (each.entry.payload for each in entries)
    return list(dict.fromkeys(each.name for each in payloads if isinstance(each, ExperimentCreated)))
