"""Reruns with other seeds as a JSON document, in the form of ``schemas/json/seeds.v1.schema.json``."""

from typing import Any

from ledger.analysis.seeding import Share, Spread
from ledger.model import Trial
from ledger.model.jsonform import to_json
from ledger.ops import seed_words
from ledger.ops.reruns import Had
from ledger.ops.seeds import Group, OverSeeds, Seeds, value_of

Document = dict[str, Any]


def seeds_document(found: Seeds) -> Document:
    """All of it: the form ``seeds.v1``."""
    names = tuple(each.name for each in found.metrics)
    return {
        "trial": str(found.trial.id),
        "seed": found.seed,
        "how": seed_words.how(found.sources),
        "command": to_json(found.command) if found.command else None,
        "sources": [
            {"name": to_json(each.name), "way": str(each.way), "value": each.value} for each in found.sources
        ],
        "groups": [_group(each, names) for each in found.groups],
        "metrics": [_metric(each) for each in found.metrics],
        "warnings": [to_json(each) for each in found.warnings],
        "interrupted": found.interrupted,
        "planned": found.planned,
    }


def spread_document(spread: Spread) -> Document:
    """How values are distributed: ``common.v1#/$defs/spread``."""
    return {
        "count": len(spread),
        "mean": to_json(spread.mean),
        "interval": to_json(spread.interval),
        "deviation": to_json(spread.deviation),
        "deviation_interval": to_json(spread.deviation_interval),
        "median": to_json(spread.median),
        "iqm": to_json(spread.iqm),
        "least": to_json(spread.least),
        "most": to_json(spread.most),
    }


def _group(group: Group, names: tuple[str, ...]) -> Document:
    return {
        "vary": to_json(group.vary),
        "experiment": to_json(group.experiment),
        "runs": [_run(seed, had, names) for seed, had in zip(group.seeds, group.runs, strict=True)],
    }


def _run(seed: int, had: Had, names: tuple[str, ...]) -> Document:
    good: Trial | None = had.good
    return {
        "seed": seed,
        "trial": None if had.trial is None else str(had.trial.id),
        "how": str(had.how),
        "reason": to_json(had.reason),
        "values": {} if good is None else {to_json(each): to_json(value_of(good, each)) for each in names},
    }


def _metric(found: OverSeeds) -> Document:
    place = found.place
    return {
        "name": to_json(found.name),
        "direction": None if found.maximize is None else "maximize" if found.maximize else "minimize",
        "summary": to_json(seed_words.sentence(found)),
        "original": to_json(found.original),
        "spreads": [{"vary": to_json(vary), **spread_document(each)} for vary, each in found.spreads.items()],
        "place": None
        if place is None
        else {
            "below": place.below,
            "equal": place.equal,
            "count": place.count,
            "quantile": to_json(place.quantile),
            "rank": None if found.maximize is None else place.rank(largest=found.maximize),
        },
        "needs": to_json(found.needs),
        "shares": None if not found.shares else [_share(each) for each in found.shares],
        "against": found.against if found.shares else None,
    }


def _share(each: Share) -> Document:
    return {
        "source": to_json(each.source),
        "deviation": to_json(each.deviation),
        "share": to_json(each.share),
        "interval": to_json(each.interval),
        "count": each.count,
    }
