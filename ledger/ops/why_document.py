"""An answer to why as a JSON document, in the form of ``schemas/json/why.v1.schema.json``."""

from typing import Any

from ledger.model.jsonform import to_json, with_bytes
from ledger.ops import why_words
from ledger.ops.result_documents import difference_document
from ledger.ops.why import Why
from ledger.ops.why_hybrids import How, Hybrid
from ledger.ops.why_shares import MetricShares, ResultChange

Document = dict[str, Any]


def why_document(why: Why) -> Document:
    """An answer: the form ``why.v1``."""
    names = [each.name for each in why.parts]
    return {
        "a": str(why.trials[0].id),
        "b": str(why.trials[1].id),
        "same": why.same,
        "summary": to_json(why.summary),
        "parts": [
            {
                "name": each.name,
                "includes": list(each.names),
                "summary": to_json(why_words.part(each)),
                "differences": [difference_document(one) for one in each.differences],
            }
            for each in why.parts
        ],
        "metrics": [_metric(each, names) for each in why.metrics],
        "results": [_result(each, names) for each in why.results],
        "hybrids": [_hybrid(each, names) for each in why.hybrids],
        "sampled": why.sampled,
        "planned": why.planned,
        "executions": why.executions,
        "reused": why.count(How.REUSED),
        "failed": why.count(How.FAILED),
        "warnings": [to_json(each) for each in why.warnings],
    }


def _metric(found: MetricShares, names: list[str]) -> Document:
    return {
        "name": to_json(found.name),
        "a": to_json(found.a),
        "b": to_json(found.b),
        "difference": to_json(found.difference),
        "clock": found.clock,
        "shares": None
        if found.shares is None
        else [
            {
                "part": name,
                "value": to_json(each.value),
                "fraction": to_json(each.value / found.difference) if found.difference else None,
                "standard_error": to_json(each.error),
            }
            for name, each in zip(names, found.shares, strict=True)
        ],
        "orders": found.orders,
        "possible_orders": found.possible,
        "alone": {name: to_json(each) for name, each in zip(names, found.alone, strict=True)},
        "interaction": to_json(found.interaction),
        "noise": to_json(found.noise),
    }


def _result(found: ResultChange, names: list[str]) -> Document:
    return with_bytes({"kind": found.kind, "path": found.path}) | {
        "changed_by": [names[number] for number in found.changed_by],
        "unknown": [names[number] for number in found.unknown],
    }


def _hybrid(found: Hybrid, names: list[str]) -> Document:
    return {
        "parts": [names[number] for number in sorted(found.swapped)],
        "how": str(found.how),
        "trials": [str(each.id) for each in found.trials],
        "executions": found.executions,
        "reason": to_json(found.reason),
    }
