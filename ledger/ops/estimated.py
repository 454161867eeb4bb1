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
from ledger.tune import racing
from ledger.tune.racing import Tries


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
    (`ledger.tune.racing`); else values are told apart by their configuration alone. Unlike in a race, how far
    apart the worse ones are counts for them.

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
    elif (places := _shared(groups, observed.seeds)) is not None:
        found = _racing(groups, places, observed, values, sign)
    else:
        estimates = shrinking.estimates([[values[row] for row in rows] for rows in groups])
        found = [(each.mean, each.mean - each.half, each.mean + each.half) for each in estimates]
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


def _racing(
    groups: Sequence[Sequence[int]],
    places: Mapping[str, int],
    observed: Observations,
    values: Sequence[float],
    sign: float,
) -> list[tuple[float, float, float]]:
    tries = [
        Tries(
            point=(float(number),),
            losses=tuple((places.get(repr(observed.seeds[row])), sign * values[row]) for row in rows),
            begun=len(rows),
            waiting=0,
            spoilt=0,
        )
        for number, rows in enumerate(groups)
    ]
    means = [(sign * each.mean, each.half) for each in racing.estimates(tries, worse=True)]
    return [(mean, mean - half, mean + half) for mean, half in means]
