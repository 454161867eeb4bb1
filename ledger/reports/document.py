"""A report as a JSON document, in the form of ``schemas/json/``."""

import json
from typing import TYPE_CHECKING, Any

from ledger.model.codec import digest_of
from ledger.model.jsonform import rfc3339, to_json
from ledger.model.space import Objective
from ledger.ops.compare_document import experiments_document
from ledger.ops.diff import Compared as Sides
from ledger.ops.documents import log_document
from ledger.ops.importance_document import importance_document
from ledger.ops.note_documents import notes_document
from ledger.ops.proof_document import denominator_document
from ledger.ops.result_documents import diff_document, head_document
from ledger.reports.apart import Apart, Compared
from ledger.reports.curves import Curve
from ledger.reports.dependence import Dependence
from ledger.reports.ranking import Ranked, Seeded
from ledger.reports.report import Focused, Report
from ledger.reports.standing import Standing
from ledger.store.base import Store

if TYPE_CHECKING:
    from ledger.ops.trade_offs import TradeOff

Document = dict[str, Any]


def report_document(report: Report, store: Store) -> Document:
    """A report: the form ``report.v1``."""
    return {
        "title": to_json(report.chosen.title),
        "until": rfc3339(report.latest),
        "head": {"digest": str(digest_of(report.head)), **head_document(report.head)},
        "signed": None
        if report.signed is None
        else {"head": str(report.signed.digest), "keys": [each.key for each in report.signed.signatures]},
        "choices": [_choice(each) for each in report.standings],
        "compared": [_compared(each) for each in report.compared],
        "curves": [
            {"metric": to_json(each.metric), "curves": [_curve(one) for one in each.curves]}
            for each in report.charts.charts
        ],
        "trials": log_document(report.chosen.trials, report.trials, store),
        "focused": [_focused(each) for each in report.focused],
        "diffs": [_apart(each) for each in report.apart],
        "replays": [
            {
                "trial": str(trial.id),
                "replay": str(receipt.id),
                "verdict": str(receipt.replay.verdict),
                "time": rfc3339(receipt.time),
                "host": to_json(report.hosts[receipt.replay.host]),
                "mode": receipt.replay.mode,
            }
            for trial, receipt in report.receipts
        ],
        "lacking": [
            {
                "part": each.part,
                "state": each.state,
                "reason": to_json(each.reason),
                "trials": [str(trial.id) for trial in each.trials],
            }
            for each in report.faulty
        ],
        "notes": notes_document(remark for _, remark in report.notes),
        "problems": [
            *(to_json(each) for each in report.problems),
            *(to_json(f"{trial.id.short} is not drawn: {why}") for trial, why in report.charts.missing),
        ],
    }


def _choice(found: Standing) -> Document:
    choice = found.choice
    return {
        "label": to_json(choice.label),
        "experiment": to_json(choice.experiment),
        "where": to_json(choice.where),
        "now": None if found.now is None else denominator_document(found.now),
        "signed": None if found.counted is None else denominator_document(found.counted),
        "objectives": [_objective(each) for each in found.objectives],
        "measured": found.measured,
        "configurations": found.configurations,
        "best": [] if found.trade_off is not None else [_ranked(each) for each in found.ranked],
        "front": None if found.trade_off is None else _front(found, found.trade_off),
        "seeded": [_seeded(each) for each in found.seeded],
        "dependence": [_dependence(each) for each in found.depends],
        "problem": to_json(found.why_none),
    }


def _objective(found: Objective) -> Document:
    return {"metric": to_json(found.metric), "direction": "maximize" if found.maximize else "minimize"}


def _ranked(found: Ranked) -> Document:
    return {
        "trial": str(found.trial.id),
        "value": to_json(found.value),
        "mean": to_json(found.mean),
        "interval": _interval(found.low, found.high),
        "seeds": found.seeds,
    }


def _front(standing: Standing, found: "TradeOff") -> list[Document]:
    observed = standing.observed
    rows = {observed.trials[row]: row for row in found.front}
    columns = [observed.metrics[each.metric] for each in found.objectives]
    return [
        {
            "trial": str(each.trial.id),
            "values": [to_json(values[rows[each.trial.id]]) for values in columns],
        }
        for each in standing.ranked
    ]


def _seeded(found: Seeded) -> Document:
    return {
        "trial": str(found.trial.id),
        "values": to_json(found.values),
        "mean": to_json(found.mean),
        "interval": _interval(found.low, found.high),
    }


def _dependence(found: Dependence) -> Document:
    best = found.best_so_far
    trials = found.observed.trials
    better = [place for place, each in enumerate(best) if place == 0 or each != best[place - 1]]
    return {
        **_objective(found.objective),
        "trials": len(trials),
        "history": [
            {"number": place + 1, "trial": str(trials[place]), "value": to_json(best[place])}
            for place in better
        ],
        "importance": None if found.importance is None else importance_document(found.importance),
        "unknown": to_json(found.unknown),
    }


def _compared(found: Compared) -> Document:
    return {
        "a": to_json(found.a),
        "b": to_json(found.b),
        "sentences": to_json(found.sentences),
        "comparison": None if found.experiments is None else experiments_document(found.experiments),
    }


def _curve(found: Curve) -> Document:
    return {
        "trial": str(found.trial.id),
        "steps": list(found.steps),
        "values": [to_json(each) for each in found.values],
        "points": found.points,
    }


def _focused(found: Focused) -> Document:
    proof = None if found.proof is None else json.loads(found.proof)
    return {"trial": found.document, "proof": proof, "unproven": to_json(found.unproven)}


def _apart(found: Apart) -> Document:
    sides = Sides(kind="trials", a=str(found.a.id), b=str(found.b.id), diff=found.diff)
    return {"why": to_json(found.why), "diff": diff_document(sides)}


def _interval(low: float | None, high: float | None) -> list[Any] | None:
    if low is None or high is None:
        return None
    return [to_json(low), to_json(high)]
