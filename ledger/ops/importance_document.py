"""What is said of importance as a document: the form ``importance.v1``."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ledger.analysis.importance.overfitting import Overfitting, Trend
from ledger.analysis.importance.ped_anova import Preferences
from ledger.model.jsonform import to_json
from ledger.ops.favoured import Favoured
from ledger.ops.importance import Importance, OfMetric

if TYPE_CHECKING:
    from ledger.analysis.importance.explained import Explained, Share

Document = dict[str, Any]


def importance_document(found: Importance) -> Document:
    """All of it."""
    objective, explained = found.metric.objective, found.metric.explained
    return {
        "selection": to_json(found.label),
        "metric": to_json(objective.metric),
        "direction": "maximize" if objective.maximize else "minimize",
        "method": found.method,
        "trials": found.trials,
        "others": found.others,
        "fixed": to_json(found.fixed),
        "importance": _of_metric(found.metric),
        "costs": [_of_metric(each) for each in found.costs],
        "local": None
        if explained is None or not explained.local
        else {
            "trial": str(found.best),
            "value": to_json(found.value),
            "explained": to_json(explained.explained),
            "shares": _shares(explained.local),
        },
        "overfitting": [_overfitting(each) for each in found.overfitting],
        "looked_at": to_json(found.looked_at),
    }


def _of_metric(found: OfMetric) -> Document:
    objective = found.objective
    head: Document = {
        "metric": to_json(objective.metric),
        "direction": "maximize" if objective.maximize else "minimize",
    }
    if found.preferences is not None:
        return head | _preferences(found.preferences, found.favoured)
    return head | (_explained(found.explained) if found.explained is not None else {})


def _preferences(found: Preferences, favoured: Mapping[str, Favoured]) -> Document:
    return {
        "best": found.best,
        "trials": found.among,
        "explained": None,
        "shares": [
            {
                "names": [to_json(each.name)],
                "share": to_json(each.share),
                "interval": _interval(each.low, each.high),
                "trials": each.trials,
                "divergence": to_json(each.divergence),
                "chance": to_json(each.chance),
                "favoured": _favoured(favoured[each.name]),
                "total": None,
            }
            for each in found.found
        ],
        "pairs": [],
    }


def _explained(found: "Explained") -> Document:
    return {
        "best": None,
        "trials": found.trials,
        "explained": to_json(found.explained),
        "shares": [
            {
                **_share(each),
                "trials": each.trials,
                "divergence": None,
                "chance": None,
                "favoured": None,
                "total": {"share": to_json(total.value), "interval": _interval(total.low, total.high)},
            }
            for each, total in zip(found.first, found.total, strict=True)
        ],
        "pairs": _shares(found.pairs),
    }


def _favoured(found: Favoured) -> Document:
    return {
        "range": None if found.low is None else _interval(found.low, found.high),
        "choice": to_json(found.choice),
        "trials": found.trials,
    }


def _shares(shares: "Iterable[Share]") -> list[Document]:
    return [_share(each) for each in shares]


def _share(share: "Share") -> Document:
    return {
        "names": to_json(share.names),
        "share": to_json(share.value),
        "interval": _interval(share.low, share.high),
    }


def _interval(low: float, high: float | None) -> list[Any]:
    return [to_json(low), to_json(high)]


def _overfitting(found: Overfitting) -> Document:
    return {
        "name": to_json(found.name),
        "training": _trend(found.training),
        "unseen": _trend(found.unseen),
        "above": to_json(found.above),
        "below": to_json(found.below),
    }


def _trend(found: Trend) -> Document:
    return {
        "metric": to_json(found.metric),
        "correlation": to_json(found.correlation),
        "interval": _interval(found.low, found.high),
        "trials": found.trials,
    }
