"""One metric of two experiments: how far apart they are, and whether that is more than noise."""

import math
from collections.abc import Sequence
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from ledger.analysis import designs
from ledger.analysis.observations import Observations
from ledger.analysis.pairing import Design, Pairing
from ledger.analysis.statistics import comparing, coverage, effects, intervals, power
from ledger.analysis.statistics.aggregates import iqm
from ledger.analysis.statistics.arrays import Values, mean
from ledger.analysis.statistics.comparing import Stratum, Test
from ledger.analysis.statistics.contrast import Contrast, of_groups
from ledger.analysis.statistics.intervals import Interval
from ledger.model.frozen import frozen

LEVEL = 0.95
_MOST = 10_000_000
"""Numbers that are drawn in all for one interval."""
_ROUNDING = 1e-12
"""Share of the largest value below which a difference that is always the same is rounding."""


class Verdict(StrEnum):
    """Whether a difference is more than noise."""

    HIGHER = "higher"
    """The second side is, and the interval of the difference leaves 0 out."""
    LOWER = "lower"
    UNCLEAR = "unclear"
    """The interval holds 0."""
    UNKNOWN = "unknown"
    """With one trial on each side nothing is known of noise."""
    SAME = "same"
    """All values are one and the same."""


@frozen
class Side:
    """One side's values."""

    values: tuple[float, ...]
    """n, of the trials that are compared, configuration by configuration."""
    mean: float
    """Of the configurations' means."""
    interval: Interval
    iqm: float
    """Interquartile mean of all values."""
    iqm_interval: Interval


@frozen
class Effect:
    """A difference without its unit: of the second side less the first."""

    name: str
    value: float
    interval: Interval
    why: str
    """Why this one and not another."""


@frozen
class Comparison:
    """A metric of two sides; differences are those of the second less the first."""

    metric: str
    maximize: bool | None
    """Whether large is good; None where nobody said."""
    design: Design
    configurations: int
    """That are on both sides and have the metric; 1 without pairs."""
    seeded: bool
    """Whether each trial of a configuration has a known seed of its own, so that noise is that of seeds."""
    sizes: tuple[tuple[int, int], ...]
    """Trials of both sides in each configuration."""
    left_out: int
    """Trials with a value that nothing on the other side goes with."""
    a: Side
    b: Side
    difference: float
    interval: Interval
    """Of the difference."""
    coverage: tuple[float, float] | None
    """Least and largest share of such intervals of so few values that held the truth when it was measured."""
    probability: float
    """That a trial of the second side is better than one of the first (higher, where nobody said what is)."""
    probability_interval: Interval
    effect: Effect | None
    """None with too few values."""
    tests: tuple[Test, ...]
    deviation: float | None
    """Standard deviation from trial to trial, in the sense of `power.seeds_needed`."""
    needed: int | None
    """How many trials (configurations, where their means are compared) would be needed to tell a difference
    as large as this, on each side and in each configuration; None where it can be told, or nothing is known.
    """
    verdict: Verdict

    @property
    def better(self) -> bool | None:
        """Whether the second side is better, or worse; None where that cannot be told."""
        if self.maximize is None or self.verdict not in (Verdict.HIGHER, Verdict.LOWER):
            return None
        return self.maximize is (self.verdict is Verdict.HIGHER)


def compare(
    pairing: Pairing, metric: str, *, maximize: bool | None = None, level: float = LEVEL
) -> Comparison | None:
    """Compare a metric of two sides.

    Parameters
    ----------
    pairing
        How the sides go together.
    metric
        Its name.
    maximize
        Whether large is good.
    level
        Of the intervals.

    Returns
    -------
    Comparison or None
        None where a side has no finite value of it.
    """
    found = designs.strata(pairing, metric)
    if found is None:
        return None
    strata, seeded, total = found
    design, contrast = designs.design(strata, seeded, paired=bool(pairing.pairs))
    interval = designs.interval(contrast, design, level)
    estimate = contrast.estimate
    sides = [_side([each[place] for each in strata], level) for place in (0, 1)]
    largest = max(float(np.abs(side).max()) for each in strata for side in each)
    verdict = _verdict(estimate, interval, contrast, largest)
    probability = _probability(strata, maximize)
    deviation = designs.deviation(contrast, len(strata), design)
    return Comparison(
        metric=metric,
        maximize=maximize,
        design=design,
        configurations=len(strata),
        seeded=designs.has_seeds(pairing),
        sizes=tuple((len(a), len(b)) for a, b in strata),
        left_out=total - sum(len(a) + len(b) for a, b in strata),
        a=sides[0],
        b=sides[1],
        difference=estimate,
        interval=interval,
        coverage=_coverage(interval, contrast),
        probability=probability,
        probability_interval=effects.probability_interval(
            probability, [(len(a), len(b)) for a, b in strata], level=level
        ),
        effect=_effect(strata, design),
        tests=tuple(_tests(strata, contrast, design)),
        deviation=deviation,
        needed=_needed(estimate, deviation, contrast) if verdict is Verdict.UNCLEAR else None,
        verdict=verdict,
    )


def alone(side: Observations, metric: str, *, level: float = LEVEL) -> Side | None:
    """A metric of one side's trials; None where it has no finite value of it."""
    measured = side.measured(metric)
    column = np.array(measured.metrics.get(metric, ()))
    measured = measured.picked(np.flatnonzero(np.abs(column) <= designs.LARGEST).tolist())
    if not measured:
        return None
    column = designs.values(measured.metrics[metric])
    return _side([column[rows] for rows in measured.by_configuration().values()], level)


def _side(groups: Sequence[Values], level: float) -> Side:
    values = np.concatenate(groups)
    means = np.array([mean(each) for each in groups])
    if min(map(len, groups)) > 1:
        contrast = of_groups([(1 / len(groups), each) for each in groups])
        strata = list(groups)
    else:
        contrast, strata = of_groups([(1.0, means)]), [values]
    return Side(
        values=tuple(values.tolist()),
        mean=mean(means),
        interval=intervals.of_contrast(contrast, level=level),
        iqm=float(iqm(values)),
        iqm_interval=intervals.bootstrap(_iqm, strata, level=level, resamples=_resamples(len(values))),
    )


def _coverage(interval: Interval, contrast: Contrast) -> tuple[float, float] | None:
    if interval.method not in (intervals.BOOTSTRAP_T, intervals.STUDENT):
        return None
    return coverage.measured(list(map(len, contrast.groups)))


def _resamples(size: int) -> int:
    """Fewer of very many values, whose interval is short."""
    return max(1_000, min(10_000, _MOST // size))


def _iqm(groups: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    found: NDArray[np.float64] = iqm(np.concatenate(groups, axis=1))
    return found


def _verdict(estimate: float, interval: Interval, contrast: Contrast, largest: float) -> Verdict:
    several = contrast.least > 1 or sum(map(len, contrast.groups)) > 2
    if several and contrast.is_constant and abs(estimate) <= _ROUNDING * largest:
        return Verdict.SAME
    if math.isinf(interval.low) and math.isinf(interval.high):  # of few values, one end alone may be so
        return Verdict.UNKNOWN
    if 0 in interval:
        return Verdict.UNCLEAR
    return Verdict.HIGHER if estimate > 0 else Verdict.LOWER


def _probability(strata: Sequence[Stratum], maximize: bool | None) -> float:
    """Mean over configurations, as R. Agarwal et al. (2021) average over tasks."""
    found = [
        effects.probability_of_improvement(a, b)
        if maximize is False
        else effects.probability_of_improvement(b, a)
        for a, b in strata
    ]
    return sum(found) / len(found)


def _effect(strata: Sequence[Stratum], design: Design) -> Effect | None:
    if design is Design.CONFIGURATIONS:
        differences = np.array([b.mean() - a.mean() for a, b in strata])
        value = effects.ratio(float(differences.mean()), float(differences.std(ddof=1)))
        why = (
            "in units of how much the difference varies between configurations, of which most have one trial"
        )
        interval = effects.d_interval(value, 1 / len(strata), len(strata) - 1)
        return Effect(name="Cohen's d of pairs", value=value, interval=interval, why=why)
    flipped = [(b, a) for a, b in strata]
    far = sum(effects.outliers(side) for each in strata for side in each)
    count = sum(len(side) for each in strata for side in each)
    degrees = count - 2 * len(strata)
    if degrees < 1:
        return None
    share = sum(1 / len(a) + 1 / len(b) for a, b in strata) / len(strata) ** 2
    if far and all(len(side) >= effects.LEAST_ROBUST for each in strata for side in each):
        value = effects.within(flipped, robust=True)
        return Effect(
            name="robust d",
            value=value,
            interval=effects.d_interval(value, share, degrees),
            why=f"{far} of {count} values {'lie' if far > 1 else 'lies'} far out",
        )
    value = effects.within(flipped)
    why = f"{far} of {count} values far out, too few in all to trim" if far else "no value lies far out"
    return Effect(name="Cohen's d", value=value, interval=effects.d_interval(value, share, degrees), why=why)


def _tests(strata: Sequence[Stratum], contrast: Contrast, design: Design) -> list[Test]:
    found: list[Test] = []
    if design in (Design.SEEDS, Design.CONFIGURATIONS):
        if contrast.least > 1:
            found.append(comparing.studentised(contrast, "paired t"))
            found.append(comparing.swapped(contrast.groups))
        return found
    if contrast.least > 1:
        found.append(comparing.studentised(contrast, "Welch"))
    elif intervals.pooled_deviation(contrast) is not None:
        found.append(comparing.pooled(contrast))
    if any(len(a) + len(b) > 2 for a, b in strata):
        found.append(comparing.dealt(strata))
    return found


def _needed(estimate: float, deviation: float | None, contrast: Contrast) -> int | None:
    if not estimate or not deviation:
        return None
    # So few seeds that Student's quantiles are far from normal ones still need one more than there are.
    return max(power.seeds_needed(estimate, deviation), contrast.least + 1)
