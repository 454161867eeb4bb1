"""Three or more experiments: their means, and which of them can be told apart."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING

from ledger.analysis.observations import Observations
from ledger.analysis.pairing import pair
from ledger.model.frozen import frozen
from ledger.model.space import Objective
from ledger.ops import compare_words
from ledger.ops.diff_experiments import COST
from ledger.ops.experiments import Asked, Chosen, objective, observed, refuse_unknown

if TYPE_CHECKING:
    from ledger.analysis.comparison import Comparison, Side

ALPHA = 0.05
"""How often at most some two sides are told apart that are the same."""


@frozen
class Row:
    """One side alone."""

    label: str
    trials: int
    """That ended well."""
    others: int
    configurations: int
    metrics: "Mapping[str, Side]"
    """Of all of its trials, by name."""


@frozen
class Against:
    """A metric of two of the sides."""

    a: str
    b: str
    comparison: "Comparison"
    p_corrected: float | None
    """Of the first of its tests, corrected for the number of pairs (Holm); None without a test."""
    told_apart: bool
    """Whether the interval leaves 0 out, and the corrected p is small."""


@frozen
class Table:
    """Three or more sides."""

    objective: Objective | None
    """The metric that was asked for, else what all were tuned for; None: all that all have are compared."""
    rows: tuple[Row, ...]
    """Of an objective the best mean first, else as they were named."""
    pairs: tuple[Against, ...]
    """Of every two sides, each metric."""
    front: tuple[str, ...] | None
    """Sides that none beats in objective or duration without being beaten in the other, as far as they can be
    told apart; None without an objective."""
    summary: str


def table(sides: Sequence[Chosen], asked: Asked | None = None) -> Table:
    """Compare every two of some sides.

    Parameters
    ----------
    sides
        Their trials.
    asked
        Which metric, and what to leave out of configurations.

    Raises
    ------
    UsageError
        If a side has no such metric, or no trial has a hyperparameter that is to be left out.
    NotFoundError
        If no trial of a side ended well.
    """
    asked = asked or Asked()
    found = observed(sides)
    refuse_unknown(found, asked)
    wanted = objective(sides, found, asked)
    common = sorted(set.intersection(*(set(each.metrics) for each in found)) - set(COST))
    names = common if wanted is None else [wanted.metric]
    names += [each for each in COST if each not in names]
    rows = [_row(each, names, asked) for each in found]
    pairs = [against for name in names for against in _pairs(found, name, wanted, asked)]
    if wanted is not None:
        turn = -1 if wanted.maximize else 1
        rows.sort(key=lambda row: turn * row.metrics[wanted.metric].mean)
    return Table(
        objective=wanted,
        rows=tuple(rows),
        pairs=tuple(pairs),
        front=None if wanted is None else tuple(_front(rows, pairs, wanted.metric)),
        summary=_summary(rows, pairs, wanted),
    )


def _row(side: Observations, names: Sequence[str], asked: Asked) -> Row:
    from ledger.analysis import comparison

    side = side.without(asked.ignore)
    metrics = {name: comparison.alone(side, name) for name in names}
    return Row(
        label=side.label,
        trials=len(side),
        others=side.others,
        configurations=len(side.by_configuration()),
        metrics={name: each for name, each in metrics.items() if each is not None},
    )


def _pairs(found: Sequence[Observations], name: str, wanted: Objective | None, asked: Asked) -> list[Against]:
    from ledger.analysis import comparison
    from ledger.analysis.statistics.comparing import holm

    maximize = False if name in COST else None
    if wanted is not None and name == wanted.metric:
        maximize = wanted.maximize
    compared = [
        (a.label, b.label, each)
        for a, b in combinations(found, 2)
        if (each := comparison.compare(pair(a, b, ignore=asked.ignore), name, maximize=maximize)) is not None
    ]
    tested = [place for place, (_, _, each) in enumerate(compared) if each.tests]
    corrected = dict(zip(tested, holm([compared[place][2].tests[0].p for place in tested]), strict=True))
    return [
        Against(
            a=a,
            b=b,
            comparison=each,
            p_corrected=corrected.get(place),
            told_apart=each.verdict in ("higher", "lower") and corrected.get(place, 0.0) <= ALPHA,
        )
        for place, (a, b, each) in enumerate(compared)
    ]


def _beats(pairs: Sequence[Against], name: str) -> set[tuple[str, str]]:
    """Each two sides of which the first is better in a metric, as far as that can be told."""
    told = [each for each in pairs if each.comparison.metric == name and each.told_apart]
    return {(each.b, each.a) if each.comparison.better else (each.a, each.b) for each in told}


def _front(rows: Sequence[Row], pairs: Sequence[Against], name: str) -> list[str]:
    better, faster = _beats(pairs, name), _beats(pairs, "duration_s")

    def dominates(one: str, other: str) -> bool:
        wins = (one, other) in better or (one, other) in faster
        return wins and (other, one) not in better and (other, one) not in faster

    labels = [row.label for row in rows]
    return [each for each in labels if not any(dominates(other, each) for other in labels)]


def _summary(rows: Sequence[Row], pairs: Sequence[Against], wanted: Objective | None) -> str:
    if wanted is None:
        names = {each.comparison.metric for each in pairs} - set(COST)
        return f"{len(rows)} sides, {len(names)} metrics that all have: {', '.join(sorted(names))}"
    first = rows[0].label
    own = [each for each in pairs if each.comparison.metric == wanted.metric and first in (each.a, each.b)]
    doubtful = [each.b if each.a == first else each.a for each in own if not each.told_apart]
    best = compare_words.mean_words(rows[0].metrics[wanted.metric])
    if not doubtful:
        return f"{first} has the best mean of {wanted.metric}, {best}: better than each of the others"
    if len(doubtful) == len(rows) - 1:
        rest = "any other"
    else:
        rest = " and ".join(filter(None, [", ".join(doubtful[:-1]), doubtful[-1]]))
    return f"{first} has the best mean of {wanted.metric}, {best}, and cannot be told from {rest}"
