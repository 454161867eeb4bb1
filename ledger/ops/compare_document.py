"""Comparisons of experiments as JSON documents, in the form of ``schemas/json/``."""

from typing import TYPE_CHECKING, Any

from ledger.model.jsonform import to_json
from ledger.ops import compare_words
from ledger.ops.experiments import Experiments
from ledger.ops.note_documents import notes_document

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ledger.analysis.comparison import Comparison, Side
    from ledger.analysis.statistics.intervals import Interval
    from ledger.ops.compare_table import Table
    from ledger.ops.remarks import Remark

Document = dict[str, Any]


def experiments_document(found: Experiments) -> Document:
    """How two sides compare: ``comparison`` of the form ``diff.v1``."""
    pairing = found.pairing
    alone = pairing.unpaired
    labels = pairing.a.label, pairing.b.label
    return {
        "trials": [len(pairing.a), len(pairing.b)],
        "others": [pairing.a.others, pairing.b.others],
        "shared": pairing.shared,
        "configurations": {"paired": len(pairing.pairs), "a": alone[0], "b": alone[1]},
        "about": [to_json(each) for each in pairing.about],
        "ignored": to_json(pairing.ignored),
        "hindering": to_json(pairing.hindering),
        "objective": None
        if found.objective is None
        else {
            "metric": to_json(found.objective.metric),
            "direction": direction(found.objective.maximize),
        },
        "quality": [comparison_document(each, *labels) for each in found.quality],
        "cost": [comparison_document(each, *labels) for each in found.cost],
        "trade": to_json(found.trade),
    }


def table_document(table: "Table", notes: "Iterable[Remark]" = ()) -> Document:
    """Three or more sides, and the notes on them: the form ``diff-table.v1``."""
    return {
        "kind": "table",
        "objective": None
        if table.objective is None
        else {
            "metric": to_json(table.objective.metric),
            "direction": direction(table.objective.maximize),
        },
        "sides": [
            {
                "label": to_json(row.label),
                "trials": row.trials,
                "others": row.others,
                "configurations": row.configurations,
                "metrics": {str(to_json(name)): side_document(side) for name, side in row.metrics.items()},
                "on_front": None if table.front is None else row.label in table.front,
            }
            for row in table.rows
        ],
        "pairs": [
            {
                "a": to_json(each.a),
                "b": to_json(each.b),
                "comparison": comparison_document(each.comparison, each.a, each.b),
                "told_apart": each.told_apart,
                "p_corrected": each.p_corrected,
            }
            for each in table.pairs
        ],
        "summary": to_json(table.summary),
        "notes": notes_document(notes),
    }


def comparison_document(found: "Comparison", a: str, b: str) -> Document:
    """A metric of two sides, which are called so."""
    return {
        "metric": to_json(found.metric),
        "direction": direction(found.maximize),
        "design": str(found.design),
        "configurations": found.configurations,
        "seeded": found.seeded,
        "sizes": to_json(found.sizes),
        "left_out": found.left_out,
        "a": side_document(found.a),
        "b": side_document(found.b),
        "difference": to_json(found.difference),
        "interval": interval_document(found.interval),
        "coverage": None if found.coverage is None else list(found.coverage),
        "probability": found.probability,
        "probability_interval": interval_document(found.probability_interval),
        "effect": to_json(found.effect),
        "tests": to_json(found.tests),
        "deviation": to_json(found.deviation),
        "needed": found.needed,
        "verdict": str(found.verdict),
        "better": found.better,
        "sentence": to_json(compare_words.sentence(found, a, b)),
    }


def side_document(found: "Side") -> Document:
    """One side's values of a metric."""
    return {
        "n": len(found.values),
        "mean": to_json(found.mean),
        "interval": interval_document(found.interval),
        "iqm": to_json(found.iqm),
        "iqm_interval": interval_document(found.iqm_interval),
        "values": to_json(found.values),
    }


def interval_document(found: "Interval") -> Document:
    """An interval."""
    document: Document = to_json(found)
    return document


def direction(maximize: bool | None) -> str | None:
    """Which way is better."""
    return None if maximize is None else "maximize" if maximize else "minimize"
