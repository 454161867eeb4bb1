"""Which configurations of a noisy search are worth one more seed, and how good each is believed to be.

The model is hierarchical and normal: the loss of configuration c with seed k is m_c + b_k + e. What a seed
does to all configurations is b_k: a split of the data that is hard for one is mostly hard for all. The k-th
trial of each configuration has the k-th seed of the search, so that b_k cancels where configurations are
compared: common random numbers, the blocks of a designed experiment. The variance of e, which is left, is
pooled over the configurations that were tried more than once, and means are shrunk as much as they are
uncertain (empirical Bayes: Efron & Morris 1973, Stein's estimation rule and its competitors).

A configuration of which a trial was stopped early is none of those that are compared: what it would have come
to is not known, but that it is likely bad is, and the mean of its other trials alone would flatter it.

All is scalar arithmetic on observations in their order: the same bits on every processor.
"""

import math
from collections.abc import Mapping, Sequence
from functools import cache
from statistics import median
from typing import Final

from ledger.model.frozen import frozen
from ledger.tune.base import Observation, State
from ledger.tune.draws import Draws
from ledger.tune.space.unit import Point

VERSION: Final = 1
"""Grows when the same observations lead to another choice."""
MOST_SEEDS: Final = 64
"""Of one configuration."""
STARTING: Final = 10
"""Configurations that ended well, or were stopped early, before one is tried again."""
OPTIMISM: Final = 2.0
"""Standard deviations by which a configuration may be better than it is believed to be."""
_PURPOSE: Final = 23
_NOISE: Final = 0.5
"""Of the variance that is seen between configurations, what noise is believed to be before it is known."""
_DEGREES: Final = 2.0
"""Of freedom of that belief."""
_LEAST_SPREAD: Final = 0.05
"""Of the variance that is seen, what is between configurations at the least."""


@frozen
class Estimate:
    """How good a configuration is believed to be."""

    point: Point
    losses: int
    """How many it has, of as many seeds."""
    plain: float
    """Mean loss, freed of what its seeds do to all."""
    mean: float
    """The same, shrunk to that of the others."""
    deviation: float
    """Standard deviation of the mean, where it is compared with another configuration's."""
    half: float
    """Half of the 95% interval of its mean loss over all seeds; infinite where no configuration has two."""


@frozen
class Tries:
    """All trials of one configuration."""

    point: Point
    losses: tuple[tuple[int | None, float], ...]
    """(seed, loss) of each that ended well; None for a seed that is not one of the search."""
    begun: int
    """Trials of this search, those that have not ended among them."""
    waiting: int
    """Trials that have not ended."""
    spoilt: int
    """Trials that failed, or miss what is required."""
    stopped: int = 0
    """Trials that were stopped early, and have not gone on, nor ended well in another one of their seed."""

    @property
    def sound(self) -> bool:
        """Whether most of its trials ended well, and none was stopped."""
        return not self.stopped and len(self.losses) > self.spoilt


@cache
def seed(experiment: int, place: int) -> int:
    """The seed of each configuration's trial number `place`: 0 to 2**31 - 1, which every generator takes."""
    return Draws(experiment, place, _PURPOSE).below(1 << 31)


def gathered(observations: Sequence[Observation], seeds: Sequence[int | None]) -> tuple[Tries, ...]:
    """Trials by configuration, in the order of the first of each.

    Parameters
    ----------
    observations
        In the order of their numbers, of one objective.
    seeds
        Of each; None where it is not one of the search.
    """
    found: dict[Point, list[tuple[int | None, Observation]]] = {}
    for each, its in zip(observations, seeds, strict=True):
        found.setdefault(each.point, []).append((its, each))
    tries = []
    for point, known in found.items():
        good = [(its, each.losses[0]) for its, each in known if is_good(each)]
        over = sum(each.state is not State.PENDING for _, each in known)
        pruned = [its for its, each in known if each.state is State.PRUNED]
        whole = {its for its, _ in good}  # two machines may try the same, and only one of them stop it
        begun = sum(its is not None for its, _ in known)
        waiting = len(known) - over
        tries.append(
            Tries(
                point=point,
                losses=tuple(good),
                begun=begun,
                waiting=waiting,
                spoilt=over - len(good) - len(pruned),
                stopped=sum(its not in whole for its in pruned),
            )
        )
    return tuple(tries)


def estimates(tries: Sequence[Tries], *, worse: bool = False) -> tuple[Estimate, ...]:
    """What is believed of each configuration of whose trials most ended well, and none was stopped.

    How far apart those of the better half are says how far each mean is drawn to the median of all: a race
    compares what may be the best, and how bad a bad one is is of no use to it.

    Parameters
    ----------
    tries
        All that were tried.
    worse
        Whether how far apart those of the worse half are counts for them, where that is more.
    """
    sound = [each for each in tries if each.sound]
    if not sound:
        return ()
    scale = max(abs(loss) for each in sound for _, loss in each.losses) or 1.0
    groups = [[(its, loss / scale) for its, loss in each.losses] for each in sound]
    effects = _effects(groups)
    freed = [[loss - _effect(effects, its) for its, loss in each] for each in groups]
    plain = [_mean(each) for each in freed]
    centre = median(plain)
    better = [place for place, each in enumerate(plain) if each <= centre]
    seen = _mean([(plain[place] - centre) ** 2 for place in better])
    degrees = sum(len(each) - 1 for each in freed) - max(len(effects) - 1, 0)
    left = math.fsum((loss - own) ** 2 for each, own in zip(freed, plain, strict=True) for loss in each)
    noise = (left + _DEGREES * _NOISE * seen) / (max(degrees, 0) + _DEGREES)
    spread = below = max(
        seen - noise * _mean([1 / len(freed[place]) for place in better]), _LEAST_SPREAD * seen
    )
    rest = [place for place, each in enumerate(plain) if each > centre]
    if worse and rest:
        apart = _mean([(plain[place] - centre) ** 2 for place in rest])
        below = max(apart - noise * _mean([1 / len(freed[place]) for place in rest]), spread)
    known = len(effects) > 1
    squares = math.fsum(each * each for each in effects.values())
    common = squares / ((len(effects) - 1) * len(effects)) if known else 0.0
    freedom = max(degrees, 0) + _DEGREES
    found = []
    for each, losses, own in zip(sound, freed, plain, strict=True):
        share = noise / len(losses)
        between = below if own > centre else spread
        weight = between / (between + share) if between + share > 0 else 1.0
        variance = weight * share
        half = _half((variance, freedom), (common, len(effects) - 1)) * scale if known else math.inf
        found.append(
            Estimate(
                point=each.point,
                losses=len(losses),
                plain=own * scale,
                mean=(centre + weight * (own - centre)) * scale,
                deviation=math.sqrt(variance) * scale,
                half=half,
            )
        )
    return tuple(found)


def repeated(tries: Sequence[Tries], seeds: int) -> Point | None:
    """The configuration that is to be tried with one more seed; None where a new one is to be tried.

    It is one that may be better than the one that is believed to be the best, if all goes well: the one with
    the least optimistic bound. At most about half of the trials that are not stopped are such ones: a further
    trial of a configuration runs to its end, and so costs as much as many that are.

    Parameters
    ----------
    tries
        All of the search.
    seeds
        How many seeds a configuration is tried with at most.
    """
    begun = [each for each in tries if each.begun]
    stopped = sum(each.stopped > 0 for each in begun)
    missing = STARTING - stopped
    again = sum(each.begun - 1 for each in begun)
    room = len(begun) - stopped - max(missing, 0)
    if seeds < 2 or sum(each.sound for each in begun) < missing or again >= room:
        return None
    believed = {each.point: each for each in estimates(tries)}
    bounds = [
        (_bound(believed[each.point], each), place)
        for place, each in enumerate(tries)
        if each.point in believed and 0 < each.begun < seeds
    ]
    if not bounds:
        return None
    bound, place = min(bounds)
    return tries[place].point if bound <= min(each.mean for each in believed.values()) else None


def _bound(believed: Estimate, tries: Tries) -> float:
    """How good it may be; one that is being tried is as sure as it will be."""
    share = math.sqrt(believed.losses / (believed.losses + tries.waiting))
    return believed.mean - OPTIMISM * believed.deviation * share


def is_good(each: Observation) -> bool:
    """Whether a trial ended well, and meets what is required."""
    return each.state is State.DONE and bool(each.losses) and each.violation == 0


def _effect(effects: Mapping[int, float], its: int | None) -> float:
    return 0.0 if its is None else effects.get(its, 0.0)


def _effects(groups: Sequence[Sequence[tuple[int | None, float]]]) -> dict[int, float]:
    """What each seed does to all: least squares over configurations with several seeds.

    One trial's weight is on 0; their sum is 0.
    """
    several = [[(its, loss) for its, loss in each if its is not None] for each in groups]
    several = [each for each in several if len(each) > 1]
    seeds = list(dict.fromkeys(its for each in several for its, _ in each))
    places = {its: place for place, its in enumerate(seeds)}
    matrix = [[float(row == column) for column in range(len(seeds))] for row in range(len(seeds))]
    right = [0.0] * len(seeds)
    for each in several:
        mean = _mean([loss for _, loss in each])
        for its, loss in each:
            row = places[its]
            right[row] += loss - mean
            matrix[row][row] += 1.0
            for other, _ in each:
                matrix[row][places[other]] -= 1 / len(each)
    return dict(zip(seeds, _solved(matrix, right), strict=True))


def _solved(matrix: list[list[float]], right: list[float]) -> list[float]:
    """Gauss' elimination: the matrix is symmetric, and its diagonal dominates."""
    size = len(right)
    for pivot in range(size):
        for row in range(pivot + 1, size):
            factor = matrix[row][pivot] / matrix[pivot][pivot]
            if factor:
                for column in range(pivot, size):
                    matrix[row][column] -= factor * matrix[pivot][column]
                right[row] -= factor * right[pivot]
    found = [0.0] * size
    for row in reversed(range(size)):
        known = math.fsum(matrix[row][column] * found[column] for column in range(row + 1, size))
        found[row] = (right[row] - known) / matrix[row][row]
    return found


def _half(*variances: tuple[float, float]) -> float:
    """Half of a 95% interval, from variances that are added, each with its degrees of freedom.

    Their sum's are those of F. E. Satterthwaite, "An approximate distribution of estimates of variance
    components", 1946: three seeds say little of what a fourth does to all, however many were tried with them.
    """
    whole = math.fsum(each for each, _ in variances)
    if not whole:
        return 0.0
    from scipy.special import stdtrit  # of no use where nothing is tuned

    degrees = 1 / math.fsum((each / whole) ** 2 / its for each, its in variances)
    return float(stdtrit(degrees, 0.975)) * math.sqrt(whole)


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)
