"""The best configurations that were tried with several seeds: each value, and what they come to."""

from ledger.analysis import neighbours
from ledger.model import Digest
from ledger.model.jsonform import to_json
from ledger.model.space import Objective
from ledger.ops import proposed
from ledger.ops.indexed import asked
from ledger.tune.template import rendered
from ledger.ui.data import Document, Query, objective, standing
from ledger.ui.data.remembered import remembered
from ledger.ui.source import Source


def answer(source: Source, query: Query) -> Document:
    """Configurations of the experiment ``name``, the best first; none where each was tried with one seed.

    Returns
    -------
    dict
        ``configurations``: ``label``, ``trial`` (its first one), ``mean`` and ``interval`` (estimated as
        ``ledger best`` does), and ``values`` with the trial and the seed of each.

    Raises
    ------
    NotFoundError
        If none ended well.
    UsageError
        If a metric is needed, or there is no such direction.
    """
    name = query.get("name", "")
    wanted = objective.needed(query, objective.searched(source, name))
    return remembered(
        source,
        ("seeded", name, wanted),
        lambda: {"configurations": _configurations(source, name, wanted)},
    )


def _configurations(source: Source, name: str, wanted: Objective) -> list[Document]:
    best = standing.ranked(source, name, wanted)
    if not best.believed:
        return []
    found = standing.observed(source, name).measured(wanted.metric)
    rows = {id: row for row, id in enumerate(found.trials)}
    values, labels = found.metrics[wanted.metric], neighbours.told_apart(found)
    own = _by_proposal(source, rows)
    told = []
    for first, believed in zip(best.ranked, best.believed, strict=True):
        # A search knows its trials by their proposals.
        trials = sorted({own.get(each, each) for each in believed.trials} & rows.keys(), key=rows.__getitem__)
        told.append(
            {
                "label": ", ".join(
                    f"{each.name}={rendered(each.values[rows[first.id]])}"
                    for each in labels
                    if first.id in rows and each.values[rows[first.id]] is not None
                ),
                "trial": str(first.id),
                "mean": to_json(believed.mean),
                "interval": [to_json(believed.low), to_json(believed.high)],
                "seeds": believed.seeds,
                "values": [
                    {
                        "trial": str(each),
                        "seed": to_json(found.seeds[rows[each]]),
                        "value": to_json(values[rows[each]]),
                    }
                    for each in trials
                ],
            }
        )
    return told


def _by_proposal(source: Source, rows: dict[Digest, int]) -> dict[Digest, Digest]:
    """The trial of each proposal, of those that have a row."""
    found = asked(source.workspace.journal, lambda _, logs: proposed.proposals(logs))
    if found is None:
        found = {each.id: each.proposal for each in source.trials() if each.proposal is not None}
    return {found[id]: id for id in rows if id in found}
