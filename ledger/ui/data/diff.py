"""What two or more trials have that is not the same, side by side."""

from itertools import islice
from typing import Any

from ledger.errors import UsageError
from ledger.model import Artifact, Trial
from ledger.model.jsonform import to_json
from ledger.ops import diff_code, note_subject
from ledger.ops.diff import Compared, diff
from ledger.ops.documents import in_full
from ledger.ops.result_documents import diff_document
from ledger.ui.data import Document, Query
from ledger.ui.data.chosen import Chosen, chosen
from ledger.ui.data.curves import named, names
from ledger.ui.source import Source

MOST = 50
"""Trials beside each other."""
LINES = 5000
"""Of a code's difference."""
FILES = 500
"""Outputs beside each other."""


def answer(source: Source, query: Query) -> Document:
    """The differences of the trials ``of``, of which the first is what the others are compared with.

    Returns
    -------
    dict
        ``trials`` (id, name, experiment, status), ``metrics`` (names of those that have curves), ``total``;
        of two also ``diff`` (the form ``diff.v1``), ``code`` (a unified diff, line by line), ``more``
        (whether it is longer), ``outputs`` (path, a, b, same), ``more_outputs``; of more ``rows`` (section,
        path, counted, cells, and in ``others`` the places of cells that are not as the first).

    Raises
    ------
    NotFoundError, AmbiguousError
        If a reference means no trial, or more than one.
    UsageError
        If fewer than two trials are named.
    """
    found = chosen(source, query, MOST)
    if len(found.ordered) < 2:
        raise UsageError(
            "a comparison takes two trials or more",
            cause=f"of= names {len(found.ordered)}",
            hint="choose some with x: #/trials",
        )
    document = {
        "trials": [named(each) for each in found.ordered],
        "metrics": names(source, found),
        "total": found.total,
    }
    return document | (_two(source, found) if len(found.ordered) == 2 else _many(source, found.ordered))


def _two(source: Source, found: Chosen) -> Document:
    a, b = found.ordered
    workspace = source.workspace
    timing = workspace.config.replay.timing
    told = diff(a, b, workspace.store, timing=timing)
    compared = Compared(kind="trials", a=str(a.id), b=str(b.id), diff=told)
    lines = list(islice(diff_code.unified(a, b, workspace.store), LINES + 1))
    outputs = _outputs(*(in_full(each, workspace.store) for each in (a, b)))
    return {
        "diff": diff_document(compared, note_subject.on_diff(found.trials, ids=[a.id, b.id])),
        "code": [each.rstrip("\n") for each in lines[:LINES]],
        "more": len(lines) > LINES,
        "outputs": outputs[:FILES],
        "more_outputs": max(0, len(outputs) - FILES),
    }


def _outputs(a: Trial, b: Trial) -> list[Document]:
    """Each path that one of them has written, those first that are not the same."""
    sides = [{each.path: each for each in trial.outcome.outputs} if trial.outcome else {} for trial in (a, b)]
    rows = [
        _pair(path, *(each.get(path) for each in sides)) for path in sorted(sides[0].keys() | sides[1].keys())
    ]
    return sorted(rows, key=lambda row: bool(row["same"]))


def _pair(path: str, a: Artifact | None, b: Artifact | None) -> Document:
    same = a is not None and b is not None and a.digest is not None and a.digest == b.digest
    return {"path": to_json(path), "a": to_json(a), "b": to_json(b), "same": same}


def _many(source: Source, trials: tuple[Trial, ...]) -> Document:
    """Each thing in which some trial is not as the first."""
    store, timing = source.workspace.store, source.workspace.config.replay.timing
    first, rest = trials[0], trials[1:]
    rows: dict[tuple[str, str], tuple[Any, dict[int, Any], bool]] = {}
    problems = []
    for place, each in enumerate(rest, 1):
        told = diff(first, each, store, timing=timing)
        problems += [problem for problem in told.problems if problem not in problems]
        for section, differences in told.sections.items():
            for one in differences:
                expected, cells, counted = rows.get((section, one.path or ""), (one.expected, {}, False))
                cells[place] = one.got
                rows[section, one.path or ""] = expected, cells, counted or one.counted
    order = {section: number for number, section in enumerate(told.sections)}
    return {
        "rows": [
            {
                "section": section,
                "path": to_json(path),
                "counted": counted,
                "cells": [to_json(cells.get(place, expected)) for place in range(len(trials))],
                "others": sorted(cells),
            }
            for (section, path), (expected, cells, counted) in sorted(
                rows.items(), key=lambda row: order[row[0][0]]
            )
        ],
        "problems": to_json(tuple(problems)),
    }
