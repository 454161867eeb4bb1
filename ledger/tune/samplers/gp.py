"""Bayesian optimisation with a Gaussian process: where the loss is expected to improve the most."""

from collections.abc import Sequence
from typing import ClassVar, Final

import numpy as np

from ledger.tune.base import NEAR
from ledger.tune.draws import Draws
from ledger.tune.samplers.blas import one_thread
from ledger.tune.samplers.candidates import Fresh
from ledger.tune.samplers.cells import Cells
from ledger.tune.samplers.history import Floats, History, array, rounded
from ledger.tune.samplers.kriging import Features, Process, free, hyperparameters, log_improvement
from ledger.tune.samplers.modelled import ModelledSampler
from ledger.tune.samplers.warp import Warp, warped
from ledger.tune.space.unit import Point, UnitSpace

PURPOSE: Final = 17
STARTING: Final = 10
"""Points that are over before there is a model."""
KEPT: Final = 200
"""Points at most of which it is made: half of them the best, the others the newest."""
LEARNT: Final = 120
"""Points at most from which its hyperparameters are learnt."""
POOL: Final = 96
"""Random points with which the search for the best candidate begins."""
ROUNDS: Final = 8
"""In which neighbours of the best candidates so far are looked at."""
BROOD: Final = 48
"""Neighbours in each round."""
LEADERS: Final = 4
"""Candidates whose neighbours they are."""


class GaussianProcessSampler(ModelledSampler):
    """A Gaussian process with a Matérn 5/2 kernel and a length scale for each axis.

    Pending trials count with the loss that is expected of them; what failed or misses a constraint counts as
    worse than all that is done. Of candidates the one is tried at which the logarithm of the expected
    improvement is largest.
    """

    name: ClassVar[str] = "gp"
    purpose: ClassVar[int] = PURPOSE
    starting: ClassVar[int] = STARTING

    def _proposed(self, _number: int, history: History, draws: Draws, wanted: Point | None) -> Point:
        return proposed(self.space, history, draws, self._fresh, wanted=wanted)


def proposed(
    space: UnitSpace,
    history: History,
    draws: Draws,
    fresh: Fresh,
    warp: Warp = Warp.RANKED,
    *,
    wanted: Point | None = None,
) -> Point:
    """What the model proposes; with ranked losses, or with plain ones.

    `wanted` is preferred where it is a candidate, and as good as the best but for rounding.
    """
    found = None
    if free(space):
        with one_thread():
            found = _modelled(space, history, draws, warp, wanted)
    return fresh(space, draws, history.tried) if found is None else found


def _modelled(
    space: UnitSpace, history: History, draws: Draws, warp: Warp, wanted: Point | None
) -> Point | None:
    places = _kept(history)
    losses = warped(history, warp)[places]
    where = array(space, [history.points[place] for place in places])
    features = Features.of(space, where)
    hyper = _hyperparameters(space, where, losses)
    process = Process.fitted(features, losses, hyper)
    if history.pending:
        waiting = array(space, history.pending)
        losses = np.append(losses, process.expected(Features.of(space, waiting))[0])
        features = Features.of(space, np.vstack((where, waiting)))
        process = Process.fitted(features, losses, hyper)
    # The least expected, not the least seen: where there is noise, that one was lucky.
    best = float(np.round(process.expected(features)[0].min(), 10))
    search = _Search(space, history, process, best, draws)
    return search.run(
        [history.points[place] for place in history.order[: min(LEADERS, history.done)]], wanted
    )


def _hyperparameters(space: UnitSpace, where: Floats, losses: Floats) -> Floats:
    """From the best half of so many points, and some of the others."""
    if len(losses) > LEARNT:
        order = np.argsort(losses, kind="stable")
        best, others = order[: LEARNT // 2], np.sort(order[LEARNT // 2 :])
        spread = others[(np.arange(LEARNT - len(best)) * len(others)) // (LEARNT - len(best))]
        places = np.sort(np.concatenate((best, spread)))
        where, losses = where[places], losses[places]
    return hyperparameters(Features.of(space, where), losses)


def _kept(history: History) -> list[int]:
    count = len(history.points)
    if count <= KEPT:
        return list(range(count))
    best = {int(place) for place in history.order[: KEPT // 2]}
    newest = [place for place in range(count - 1, -1, -1) if place not in best][: KEPT - len(best)]
    return sorted([*best, *newest])


class _Search:
    """For the point with the largest expected improvement: random ones, then neighbours of the best."""

    def __init__(
        self, space: UnitSpace, history: History, process: Process, best: float, draws: Draws
    ) -> None:
        self.space, self.history, self.process, self.best, self.draws = space, history, process, best, draws
        self.free = free(space)
        self.known: dict[Point, float] = {}
        self.cells = Cells(space)

    def run(self, starts: Sequence[Point], wanted: Point | None) -> Point | None:
        pool = [self.cells.completed([self.draws.uniform() for _ in self.space.axes]) for _ in range(POOL)]
        for start in starts:
            pool += [self.neighbour(start, each % 4) for each in range(BROOD // 4)]
        self.judge(pool)
        for turn in range(ROUNDS):
            leaders = sorted(self.known, key=lambda each: -self.known[each])[:LEADERS]
            if not leaders:
                return None
            share = BROOD // len(leaders)
            self.judge([self.neighbour(each, turn % 4 + turn // 4) for each in leaders for _ in range(share)])
        best = max(self.known, key=lambda each: self.known[each])
        if wanted in self.known and self.known[best] - self.known[wanted] <= NEAR:  # these are logarithms
            return wanted
        return best

    def judge(self, pool: Sequence[Point]) -> None:
        new = [
            each
            for each in dict.fromkeys(pool)
            if each not in self.known and each not in self.history.tried and self.space.feasible(each)
        ]
        if new:
            mean, deviation = self.process.expected(Features.of(self.space, array(self.space, new)))
            scores = rounded(log_improvement(mean, deviation, self.best))
            self.known.update(zip(new, scores.tolist(), strict=True))

    def neighbour(self, point: Point, fineness: int) -> Point:
        """One to three axes changed; ordered ones by up to 1/2 · 4**-fineness, or by a cell."""
        draws = self.draws
        certain = draws.choice(self.free)
        others = draws.below(3)
        width = 0.5 / 4**fineness
        found = []
        for place, axis in enumerate(self.space.axes):
            coordinate = point[place]
            changed = place == certain or draws.below(len(self.free) + 1) < others
            if coordinate is None or (changed and not axis.ordered):
                found.append(draws.uniform())
            elif changed:
                step = max(width, 1.0 / axis.count) if axis.count else width
                found.append(_bounced(coordinate + step * (draws.uniform() + draws.uniform() - 1)))
            else:
                found.append(coordinate)
        return self.cells.completed(found)


def _bounced(coordinate: float) -> float:
    """Back into the cube."""
    return abs(coordinate) if coordinate < 1 else max(2 - coordinate, 0.0)
