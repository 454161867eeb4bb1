"""The configurations of an experiment by how good they are believed to be, where they have several seeds."""

from collections import Counter
from collections.abc import Mapping, Sequence

from ledger.analysis import shrinking
from ledger.analysis.observations import Observations
from ledger.analysis.robustness import without_repeats
from ledger.analysis.statistics import intervals
from ledger.model import Digest, Value
from ledger.model.frozen import frozen
from ledger.ops.tune.standing import Believed


@frozen
class Configuration:
    """One that was tried."""

    first: Digest
    """Its first trial."""
    value: float
    """Of that trial."""
    believed: Believed


def configurations(observed: Observations, metric: str, *, maximize: bool) -> tuple[Configuration, ...]:
    """What is believed of each configuration, the best first.

    Where configurations share seeds, what a seed does to all is set aside, as searches with ``--seeds`` do
    (`ledger.tune.racing`); else values are told apart by their configuration alone. Unlike in a race, each
    configuration has a variance of its own (`ledger.analysis.shrinking`).

    Parameters
    ----------
    observed
        Trials with a finite value of the metric.
    metric
        Which one.
    maximize
        Whether it should be large.
    """
    observed = without_repeats(observed, metric)
    values = observed.metrics[metric]
    groups = list(observed.by_configuration().values())
    sign = -1.0 if maximize else 1.0
    if len(groups) == 1:
        found = [_alone([values[row] for row in groups[0]])]
    else:
        places = _shared(groups, observed.seeds)
        seeds = (
            None
            if places is None
            else [[places.get(repr(observed.seeds[row])) for row in rows] for rows in groups]
        )
        estimates = shrinking.estimates([[sign * values[row] for row in rows] for rows in groups], seeds)
        found = [
            (mean, mean - each.half, mean + each.half) for each in estimates for mean in [sign * each.mean]
        ]
    made = [
        Configuration(
            first=observed.trials[rows[0]],
            value=values[rows[0]],
            believed=Believed(
                mean=mean,
                low=low,
                high=high,
                seeds=len(rows),
                trials=frozenset(observed.trials[row] for row in rows),
            ),
        )
        for rows, (mean, low, high) in zip(groups, found, strict=True)
    ]
    return tuple(sorted(made, key=lambda each: sign * each.believed.mean))


def _alone(values: Sequence[float]) -> tuple[float, float, float]:
    interval = intervals.of_mean(values)
    return sum(values) / len(values), interval.low, interval.high


def _shared(groups: Sequence[Sequence[int]], seeds: Sequence[Value]) -> Mapping[str, int] | None:
    """Numbers of the seeds, where each configuration with several shares all of them with another one."""
    several = [[repr(seeds[row]) for row in rows] for rows in groups if len(rows) > 1]
    counts = Counter(seed for each in several for seed in set(each))
    if not several or any(
        counts[seed] < 2 or len(set(each)) < len(each) or seed == repr(None)
        for each in several
        for seed in each
    ):
        return None
    return {seed: place for place, seed in enumerate(counts)}
