"""How much a result moves: from seed to seed, with small changes of hyperparameters, between groups."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from ledger.analysis import seeding
from ledger.analysis.neighbours import JOINT, Pair
from ledger.analysis.observations import Observations
from ledger.analysis.seeding import Spread
from ledger.analysis.statistics import intervals, profiles
from ledger.analysis.statistics.intervals import Interval
from ledger.analysis.statistics.profiles import Profile
from ledger.model.frozen import frozen, replace

_FOLDED = math.sqrt(2 / math.pi)
"""Mean of the absolute value of a standard normal number."""


@frozen
class SeedNoise:
    """How much a metric moves from seed to seed, within configurations."""

    configurations: int
    """With several trials."""
    trials: int
    """Of those."""
    deviation: float
    """Standard deviation within a configuration, pooled; NaN where none has several trials."""
    interval: Interval
    """Of that, where values are normal."""
    between: float
    """Standard deviation between the means of all configurations, freed of what seeds make of it; NaN where
    there is one configuration, or nothing is known of seeds."""
    share: float
    """Of the variance of single runs, what seeds make: one less the intraclass correlation; NaN likewise."""


@frozen
class Moves:
    """By how much small changes move a metric."""

    name: str
    """The hyperparameter, or `JOINT` for changes of several at once."""
    pairs: int
    """Of configurations with such a change between them."""
    change: float
    """Mean absolute difference of the two means."""
    interval: Interval
    """Of that; pairs share configurations, so that it is a little too narrow."""
    noise: float
    """What seeds alone would make of it, on average; NaN where nothing is known of them."""
    worst: float
    """Largest absolute difference."""
    between: tuple[int, int]
    """The two configurations, by their numbers."""


@frozen
class OfGroup:
    """The runs of one group: an implementation, an environment."""

    label: str
    spread: Spread
    iqm_interval: Interval
    within: float
    """Standard deviation within configurations, pooled; NaN where none has several runs."""
    profile: Profile


def without_repeats(observed: Observations, metric: str) -> Observations:
    """Trials without those that say the same again: of one configuration, one seed, and one value."""
    rows = first_rows(observed, metric)
    return observed if len(rows) == len(observed) else observed.picked(rows)


def first_rows(observed: Observations, metric: str) -> list[int]:
    """The rows of the trials that say something for the first time: see `without_repeats`."""
    said = list(zip(map(repr, observed.seeds), observed.metrics[metric], strict=True))
    counts = Counter(said)
    # To tell configurations apart takes long: only of those trials that may be alike.
    rows = [row for row, each in enumerate(said) if counts[each] > 1 and observed.seeds[row] is not None]
    numbers = dict(zip(rows, observed.picked(rows).configurations, strict=True)) if rows else {}
    kept: dict[object, int] = {}
    for row, each in enumerate(said):
        kept.setdefault((numbers[row], each) if row in numbers else row, row)
    return list(kept.values())


def noise(observed: Observations, metric: str) -> SeedNoise:
    """How much a metric moves from seed to seed.

    Parameters
    ----------
    observed
        Trials with a finite value of the metric.
    metric
        Which one.

    Notes
    -----
    One-way random effects by analysis of variance: S. R. Searle, G. Casella, C. E. McCulloch, "Variance
    Components", 1992, section 3.6.
    """
    groups = _values(observed, metric)
    several = [each for each in groups if len(each) > 1]
    degrees = sum(len(each) - 1 for each in several)
    squares = math.fsum(float(((each - each.mean()) ** 2).sum()) for each in several)
    within = squares / degrees if degrees else math.nan
    between = math.nan
    if len(groups) > 1 and degrees:
        counts = np.array([len(each) for each in groups], np.float64)
        means = np.array([each.mean() for each in groups])
        total = counts.sum()
        centre = float((counts * means).sum() / total)
        mean_square = float((counts * (means - centre) ** 2).sum()) / (len(groups) - 1)
        size = (total - float((counts**2).sum()) / total) / (len(groups) - 1)
        between = max((mean_square - within) / size, 0.0)
    whole = within + between
    deviation = math.sqrt(within) if degrees else math.nan
    return SeedNoise(
        configurations=len(several),
        trials=sum(map(len, several)),
        deviation=deviation,
        interval=seeding.of_deviation(deviation, degrees),
        between=math.sqrt(between) if between == between else math.nan,
        share=within / whole if whole > 0 else math.nan,
    )


def moves(observed: Observations, metric: str, pairs: Sequence[Pair], deviation: float) -> tuple[Moves, ...]:
    """By how much small changes move a metric: each hyperparameter alone, then several at once.

    Parameters
    ----------
    observed
        Trials with a finite value of the metric.
    metric
        Which one.
    pairs
        Of `neighbours.pairs`.
    deviation
        Standard deviation from seed to seed; NaN where it is not known.
    """
    groups = _values(observed, metric)
    means = [float(each.mean()) for each in groups]
    by_name: dict[str, list[Pair]] = {}
    for each in pairs:
        by_name.setdefault(each.changed[0] if len(each.changed) == 1 else JOINT, []).append(each)
    several = by_name.pop(JOINT, None)
    if several is not None:
        by_name[JOINT] = several
    found = []
    for name, some in by_name.items():
        changes = [abs(means[each.first] - means[each.second]) for each in some]
        spreads = [math.sqrt(1 / len(groups[each.first]) + 1 / len(groups[each.second])) for each in some]
        worst = max(range(len(some)), key=changes.__getitem__)
        found.append(
            Moves(
                name=name,
                pairs=len(some),
                change=math.fsum(changes) / len(changes),
                interval=_at_least_0(intervals.of_mean(changes)),
                noise=_FOLDED * deviation * math.fsum(spreads) / len(spreads),
                worst=changes[worst],
                between=(some[worst].first, some[worst].second),
            )
        )
    return tuple(found)


def _at_least_0(found: Interval) -> Interval:
    return replace(found, low=max(found.low, 0.0)) if math.isfinite(found.low) else found


def by_group(
    observed: Observations, metric: str, rows: Mapping[str, Sequence[int]], *, below: bool
) -> tuple[OfGroup, ...]:
    """What there is to say of each group of runs, with profiles at the same thresholds.

    Parameters
    ----------
    observed
        Trials with a finite value of the metric.
    metric
        Which one.
    rows
        Of each group, by its label.
    below
        Whether the metric should be small.
    """
    values = observed.metrics[metric]
    at = profiles.thresholds(values)
    found = []
    for label, its in rows.items():
        own = [values[row] for row in its]
        found.append(
            OfGroup(
                label=label,
                spread=seeding.spread(own),
                iqm_interval=intervals.of_iqm(own),
                within=noise(observed.picked(its), metric).deviation,
                profile=profiles.profile([own], at, below=below),
            )
        )
    return tuple(found)


def _values(observed: Observations, metric: str) -> list["np.ndarray[tuple[int], np.dtype[np.float64]]"]:
    values = observed.metrics[metric]
    return [np.array([values[row] for row in rows]) for rows in observed.by_configuration().values()]
