"""How a search stands as a JSON document."""

from typing import Any

from ledger.model.jsonform import to_json
from ledger.ops.tune.history import Tried
from ledger.ops.tune.loop import Standing, Tuned

Document = dict[str, Any]


def tune_document(tuned: Tuned) -> Document:
    """What came of a search: the form ``tune.v1``."""
    now = tuned.standing
    front = [_best(now, each) for each in now.best]
    return {
        "experiment": to_json(now.name),
        "search": str(now.id),
        "begun": tuned.begun,
        "stopped": tuned.stopped,
        "interrupted": tuned.interrupted,
        "sampler": now.search.sampler,
        "scheduler": now.search.scheduler,
        "objectives": to_json(now.search.objectives),
        "trials": [_trial(now, each) for each in now.tried],
        "best": front[0] if front and len(now.search.objectives) == 1 else None,
        "front": front,
    }


def _trial(now: Standing, each: Tried) -> Document:
    return {
        "number": each.number,
        "proposal": str(each.id),
        "source": str(each.proposed.source),
        "state": str(each.state),
        "trial": to_json(each.trial),
        "adopted": each.proposed.adopted is not None,
        "hyperparameters": _values(each),
        "values": _objectives(now, each),
        "seed": now.search.trial_seed if each.proposed.seed is None else each.proposed.seed,
        "violation": to_json(each.measured.violation),
        "reason": each.measured.reason,
        "stopped": _stopped(each),
        "parts": [{"trial": str(part.trial), "rung": part.rung} for part in each.parts],
    }


def _stopped(each: Tried) -> Document | None:
    """Where it was stopped early, and what it had reported there."""
    measured = each.measured
    return {"step": measured.step, "value": to_json(measured.reported)} if measured.pruned else None


def _best(now: Standing, each: Tried) -> Document:
    believed = now.believed
    return {
        "trial": to_json(each.trial),
        "number": each.number,
        "value": to_json(each.measured.values[0]),
        "mean": None if believed is None else to_json(believed.mean),
        "interval": None if believed is None else [to_json(believed.low), to_json(believed.high)],
        "seeds": 1 if believed is None else believed.seeds,
        "values": _objectives(now, each),
        "hyperparameters": _values(each),
    }


def _values(each: Tried) -> Document:
    return {to_json(name): to_json(value) for name, value in each.proposed.values}


def _objectives(now: Standing, each: Tried) -> Document | None:
    if not each.measured.values:
        return None
    return {
        to_json(objective.metric): to_json(value)
        for objective, value in zip(now.search.objectives, each.measured.values, strict=True)
    }
