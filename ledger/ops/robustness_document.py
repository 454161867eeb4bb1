"""How much a result moves, as a JSON document: ``schemas/json/robustness.v1.schema.json``."""

from typing import Any

from ledger.analysis.robustness import Moves, OfGroup
from ledger.model.jsonform import to_json
from ledger.ops.reruns import Had
from ledger.ops.robustness import Robustness
from ledger.ops.seeds import value_of
from ledger.ops.seeds_document import spread_document

Document = dict[str, Any]


def robustness_document(found: Robustness) -> Document:
    """All of it: the form ``robustness.v1``."""
    noise, metric = found.noise, found.objective.metric
    return {
        "trials": {
            "label": to_json(found.label),
            "count": found.trials,
            "others": found.others,
            "configurations": found.configurations,
            "elsewhere": [{"experiment": to_json(name), "count": number} for name, number in found.elsewhere],
        },
        "metric": to_json(metric),
        "direction": "maximize" if found.objective.maximize else "minimize",
        "summary": [to_json(each) for each in found.summary],
        "seeds": {
            "configurations": noise.configurations,
            "trials": noise.trials,
            "deviation": to_json(noise.deviation),
            "interval": to_json(noise.interval),
            "between": to_json(noise.between),
            "share": to_json(noise.share),
        },
        "fraction": found.fraction,
        "around": None if found.centre is None else str(found.centre.id),
        "changes": [_moves(each, found.names) for each in found.moves],
        "group": to_json(found.group),
        "groups": [_group(each) for each in found.groups],
        "runs": [_run(each, metric) for each in found.runs],
        "warnings": [to_json(each) for each in found.warnings],
        "interrupted": found.interrupted,
        "planned": found.planned,
    }


def _moves(each: Moves, names: tuple[tuple[str, ...], ...]) -> Document:
    return {
        "name": to_json(each.name),
        "pairs": each.pairs,
        "change": to_json(each.change),
        "interval": to_json(each.interval),
        "noise": to_json(each.noise),
        "worst": to_json(each.worst),
        "between": [to_json(names[number]) for number in each.between],
    }


def _group(each: OfGroup) -> Document:
    profile = each.profile
    return {
        "label": to_json(each.label),
        "spread": spread_document(each.spread),
        "iqm_interval": to_json(each.iqm_interval),
        "within": to_json(each.within),
        "profile": {
            "thresholds": to_json(profile.thresholds),
            "shares": to_json(profile.shares),
            "low": to_json(profile.low),
            "high": to_json(profile.high),
            "level": profile.level,
            "count": profile.count,
        },
    }


def _run(had: Had, metric: str) -> Document:
    good = had.good
    return {
        "what": to_json(had.wanted.message),
        "trial": None if had.trial is None else str(had.trial.id),
        "how": str(had.how),
        "reason": to_json(had.reason),
        "value": None if good is None else to_json(value_of(good, metric)),
    }
