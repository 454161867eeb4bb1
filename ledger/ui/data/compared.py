"""What two or more experiments have that is not the same, and whether one is better: as ``ledger diff``."""

from itertools import islice
from typing import Any

import numpy as np

from ledger.errors import NotFoundError, UsageError
from ledger.model.jsonform import to_json
from ledger.ops import compare_table, diff, diff_code, experiments
from ledger.ops.compare_document import table_document
from ledger.ops.experiments import Asked, Chosen
from ledger.ops.observations import Selection
from ledger.ops.result_documents import diff_document
from ledger.ui.data import Document, Query, objective, standing
from ledger.ui.data.notes import names
from ledger.ui.data.remembered import remembered
from ledger.ui.source import Source

MOST = 20
"""Experiments beside each other."""
LINES = 5000
"""Of a code's difference."""
DIFFERENCES = 500
"""Of one section."""
VALUES = 500
"""Of a side that are drawn: evenly chosen by rank, the least and the largest among them."""


def answer(source: Source, query: Query) -> Document:
    """The differences of ``experiments``, a JSON array of names, by ``metric`` and ``direction``.

    Without a metric it is that for which all were tuned, else all that all have. ``ignore``, a JSON array,
    names hyperparameters that tell no configurations apart.

    Returns
    -------
    dict
        ``names``, ``metrics`` (what all have), ``objective``; of two ``diff`` (the form ``diff.v1``, without
        its notes), ``code`` (a unified diff, line by line), ``more`` (whether it is longer) and
        ``more_differences`` (how many of each section are not told); of more ``table`` (the form
        ``diff-table.v1``, likewise). Of each side `VALUES` values at most.

    Raises
    ------
    UsageError
        If fewer than two are named, or one twice, or more than `MOST`; or they do not have the metric.
    NotFoundError
        If there is no such experiment, or no trial of one ended well.
    """
    wanted = names(query.get("experiments", "[]"))
    _refuse(wanted)
    ignore = tuple(names(query.get("ignore", "[]"), "ignore"))
    asked = _asked(source, query, wanted, ignore)
    return remembered(source, ("compared", tuple(wanted), asked), lambda: _told(source, wanted, asked))


def _refuse(wanted: list[str]) -> None:
    twice = [each for place, each in enumerate(wanted) if each in wanted[:place]]
    if twice:
        raise UsageError(f"{twice[0]} is named twice", cause="expected another experiment each time")
    if not 2 <= len(wanted) <= MOST:
        raise UsageError(
            "a comparison takes two experiments or more",
            cause=f"expected 2 to {MOST} names, got {len(wanted)}",
            hint="choose some: #/experiments",
        )


def _asked(source: Source, query: Query, wanted: list[str], ignore: tuple[str, ...]) -> Asked:
    """What the address says; a metric that the first experiment was tuned for has its direction."""
    tuned = objective.searched(source, wanted[0]) if query.get("metric") else None
    found = objective.asked(query, tuned)
    if found is None:
        return Asked(ignore=ignore)
    if found.maximize:
        return Asked(maximize=found.metric, ignore=ignore)
    return Asked(minimize=found.metric, ignore=ignore)


def _told(source: Source, wanted: list[str], asked: Asked) -> Document:
    workspace = source.workspace
    sides = [experiments.chosen(workspace, Selection(experiment=name)) for name in wanted]
    told = _two(source, sides, asked) if len(sides) == 2 else _many(sides, asked)
    return {"names": to_json(wanted), "metrics": to_json(_common(source, wanted))} | told


def _two(source: Source, sides: list[Chosen], asked: Asked) -> Document:
    workspace = source.workspace
    a, b = sides
    told, found = experiments.compare(a, b, workspace.store, asked, workspace.config.replay.timing)
    compared = diff.Compared(kind="experiments", a=a.label, b=b.label, diff=told, experiments=found)
    document = diff_document(compared)
    comparison = document["comparison"]
    for each in (*comparison["quality"], *comparison["cost"]):
        for side in ("a", "b"):
            each[side]["values"] = _some(each[side]["values"])
    more = {name: max(0, len(each) - DIFFERENCES) for name, each in document["sections"].items()}
    document["sections"] = {name: each[:DIFFERENCES] for name, each in document["sections"].items()}
    text = () if found.code is None else diff_code.unified(*found.code, workspace.store)
    lines = list(islice(text, LINES + 1))
    return {
        "objective": comparison["objective"],
        "diff": document,
        "code": [each.rstrip("\n") for each in lines[:LINES]],
        "more": len(lines) > LINES,
        "more_differences": more,
    }


def _many(sides: list[Chosen], asked: Asked) -> Document:
    document = table_document(compare_table.table(sides, asked))
    for row in document["sides"]:
        for side in row["metrics"].values():
            side["values"] = _some(side["values"])
    for pair in document["pairs"]:
        for side in ("a", "b"):
            pair["comparison"][side]["values"] = []  # the sides have them
    return {"objective": document["objective"], "table": document}


def _some(values: list[Any]) -> list[Any]:
    """Evenly chosen ones by rank; what is not finite has no place in a drawing."""
    ordered = sorted(each for each in values if isinstance(each, int | float))
    places = np.unique(np.linspace(0, len(ordered) - 1, min(len(ordered), VALUES)).round().astype(np.int64))
    return [ordered[place] for place in places.tolist()] if ordered else []


def _common(source: Source, wanted: list[str]) -> list[str]:
    """The metrics of which each experiment has a finite value, in the first one's order."""
    found = []
    for name in wanted:
        try:
            found.append(standing.observed(source, name).metrics)
        except NotFoundError:
            return []
    return [
        metric
        for metric in found[0]
        if all(metric in each and np.isfinite(each[metric]).any() for each in found)
    ]
