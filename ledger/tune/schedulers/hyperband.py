"""Hyperband: successive halving in several brackets, each of them asynchronous.

Li et al. 2018, "Hyperband: A Novel Bandit-Based Approach to Hyperparameter Optimization", JMLR 18. With
``max`` = R, ``factor`` = η and s_max = floor(log_η(R / ``min``)), bracket s looks at its trials from step
R η^-s on, and gets ceil((s_max + 1) η^s / (s + 1)) of each round of trials, as there. A trial's bracket
follows from its number alone; those of a round are mixed evenly, so that few trials try all of them, too.
"""

from collections.abc import Mapping, Sequence

from ledger.errors import UsageError
from ledger.tune.schedulers.base import Rungs, geometric
from ledger.tune.schedulers.halving import Halving

_MOST = 100_000
"""Trials in one round, which is listed."""


class Hyperband(Halving):
    """Stops early in some brackets, late in others, and in one not at all."""

    name = "hyperband"

    def __init__(self, options: Mapping[str, int | None], version: int | None = None) -> None:
        super().__init__(options, version)
        if self.options["max"] is None:
            raise UsageError(
                "the scheduler hyperband has to know how long a trial is",
                cause="max is missing: the step at which a trial that nobody stops ends",
                hint="--scheduler hyperband:max=81",
            )
        factor, largest = self.option("factor"), self.option("max")
        last = 0
        while self.option("min") * factor ** (last + 1) <= largest:
            last += 1
        shares = [-(-(last + 1) * factor**s // (s + 1)) for s in range(last, -1, -1)]
        if sum(shares) > _MOST:
            raise UsageError(
                "the scheduler hyperband has too many brackets",
                cause=f"one round of them has {sum(shares)} trials",
                hint=f"a larger min: --scheduler hyperband:min={max(largest // 100, 1)},max={largest}",
            )
        self._round = _mixed(shares)
        self._rungs = [
            geometric(largest // factor**s, factor, largest) if s else Rungs(steps=())
            for s in range(last, -1, -1)
        ]

    def bracket(self, number: int) -> int:
        """Which bracket a trial is in: 0 is the one that stops the most."""
        return self._round[number % len(self._round)]

    def rungs(self, number: int) -> Rungs:
        """Where trial `number` is looked at."""
        return self._rungs[self.bracket(number)]


def _mixed(shares: Sequence[int]) -> tuple[int, ...]:
    """Each place as often as its share says, spread evenly: always the one that lags behind the most."""
    total = sum(shares)
    given = [0] * len(shares)
    order = []
    for count in range(1, total + 1):
        # The first of those with the largest shares[place] * count / total - given[place], in integers.
        lag = [share * count - done * total for share, done in zip(shares, given, strict=True)]
        place = lag.index(max(lag))
        given[place] += 1
        order.append(place)
    return tuple(order)
