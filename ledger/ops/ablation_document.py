"""An ablation as a document: the form ``ablation.v1``."""

from typing import Any

from ledger.analysis.ablation import Estimate, Group
from ledger.model.jsonform import to_json
from ledger.ops.ablation import Ablation
from ledger.ops.ablation_ends import End

Document = dict[str, Any]


def ablation_document(found: Ablation) -> Document:
    """All of it."""
    objective = found.objective
    return {
        "selection": to_json(found.label),
        "metric": to_json(objective.metric),
        "direction": "maximize" if objective.maximize else "minimize",
        "trials": found.trials,
        "explained": to_json(found.explained),
        "from": _end(found.start),
        "to": _end(found.end),
        "noise": None
        if found.noise is None
        else {
            "deviation": to_json(found.noise.deviation),
            "how": "repeats" if found.noise.repeats else "forest",
        },
        "path": [_point(place, found) for place in range(len(found.points))],
        "run": found.run,
        "failed": to_json(found.failed),
    }


def _end(end: End) -> Document:
    return {
        "label": to_json(end.label),
        "trial": to_json(end.trial),
        "hyperparameters": {
            name: to_json(value) for name, value in end.configuration.items() if value is not None
        },
    }


def _point(place: int, found: Ablation) -> Document:
    point = found.points[place]
    measured = point.spread is None
    interval = [to_json(point.low), to_json(point.high)] if measured and len(point.trials) > 1 else None
    return {
        "changed": {name: to_json(value) for name, value in point.values.items()},
        "value": to_json(point.value),
        "how": "measured" if measured else "predicted",
        "spread": to_json(point.spread),
        "error": to_json(point.error),
        "in_noise": found.in_noise(place) if place else None,
        "predicted": to_json(point.predicted),
        "interval": interval,
        "trials": [str(each) for each in point.trials] if measured else [],
        "others": [_other(*each, found) for each in point.others.items()],
    }


def _other(group: Group, estimate: Estimate, found: Ablation) -> Document:
    return {
        "names": to_json(group),
        "value": to_json(-estimate.loss if found.objective.maximize else estimate.loss),
        "how": "measured" if estimate.measured else "predicted",
        "spread": to_json(estimate.spread),
    }
