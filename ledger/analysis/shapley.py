"""How much of a difference each of several changes carries, where the changes may interact.

The value of a set of changes is what comes out when exactly these are made. A change's share is what it adds
when the changes are made one after another, averaged over the orders (L. S. Shapley, "A Value for n-Person
Games", 1953): the only division whose shares add up to the whole difference, treat equals equally, give
nothing to what never matters, and add over sums of games. With few executions to spend, orders are drawn at
random (J. Castro, D. Gómez, J. Tejada, "Polynomial calculation of the Shapley value based on sampling",
Computers & Operations Research 36, 2009), each with its reverse, whose errors tend to be opposite
(R. Mitchell, J. Cooper, E. Frank, G. Holmes, "Sampling Permutations for Shapley Value Estimation", Journal of
Machine Learning Research 23, 2022).
"""

import math
import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import combinations, islice, permutations

from ledger.model.frozen import frozen

Coalition = frozenset[int]
"""Which changes are made, by their numbers."""
Order = tuple[int, ...]
"""All changes, in the order in which they are made."""
Draw = tuple[Order, ...]
"""An order and its reverse, or an order alone."""


@frozen
class Shares:
    """What each change carries."""

    values: tuple[Fraction, ...]
    """A share for each change; they add up to the whole difference."""
    errors: tuple[float | None, ...]
    """Standard error of each share: 0 where all orders counted, None where it cannot be told."""
    orders: int
    """Orders that were averaged."""
    possible: int
    """Orders that there are."""

    @property
    def exact(self) -> bool:
        """Whether every order counted."""
        return self.orders == self.possible


@frozen
class Plan:
    """Which values are needed."""

    draws: tuple[Draw, ...]
    """The orders to average; empty if they are all to be, or if not even one can be had."""
    needed: tuple[Coalition, ...]
    """The coalitions, smaller ones first; the empty and the whole one among them."""
    whole: bool
    """Whether every coalition is needed, so that all orders count."""


def shapley(players: int, values: Mapping[Coalition, Fraction]) -> Shares | None:
    """Average over every order that is defined: one of which all values are known.

    Parameters
    ----------
    players
        How many changes there are.
    values
        Of each coalition whose value is known.

    Returns
    -------
    Shares or None
        None where no order is defined. Where some are not, the errors are None: which orders are left out is
        no matter of chance.
    """
    possible = math.factorial(players)
    if all(each in values for each in coalitions(players)):
        return Shares(
            values=_weighted(players, values),
            errors=(0.0,) * players,
            orders=possible,
            possible=possible,
        )
    found = over(players, values, ((each,) for each in permutations(range(players))))
    if found is None:
        return None
    return Shares(
        values=found.values,
        errors=(None,) * players,
        orders=found.orders,
        possible=possible,
    )


def over(players: int, values: Mapping[Coalition, Fraction], draws: Iterable[Draw]) -> Shares | None:
    """Average over the orders of `draws` that are defined.

    Each draw is one sample: the mean of its orders. The standard error is that of a mean of samples drawn
    without replacement, so it is 0 once all were drawn; it needs two whole draws, and is None without them or
    where a draw is not defined.

    Parameters
    ----------
    players
        How many changes there are.
    values
        Of each coalition whose value is known.
    draws
        See `draws`.
    """
    samples: list[list[Fraction]] = []
    orders, whole = 0, True
    for draw in draws:
        known = [each for each in (_marginals(order, values) for order in draw) if each is not None]
        whole &= len(known) == len(draw)
        if known:
            orders += len(known)
            samples.append([sum(parts, Fraction(0)) / len(known) for parts in zip(*known, strict=True)])
    if not samples:
        return None
    count, possible = len(samples), math.factorial(players)
    means = [sum(parts, Fraction(0)) / count for parts in zip(*samples, strict=True)]
    errors: list[float | None] = [None] * players
    if orders == possible:
        errors = [0.0] * players
    elif whole and count > 1 and orders == 2 * count:
        left = 1 - Fraction(orders, possible)
        for player, mean in enumerate(means):
            spread = sum((sample[player] - mean) ** 2 for sample in samples) / (count - 1)
            errors[player] = math.sqrt(spread * left / count)
    return Shares(values=tuple(means), errors=tuple(errors), orders=orders, possible=possible)


def draws(players: int, seed: int) -> Iterator[Draw]:
    """Every order once, each with its reverse, in a random sequence that `seed` decides."""
    if players < 2:
        yield (tuple(range(players)),)
        return
    generator, seen = random.Random(seed), set[Order]()
    while 2 * len(seen) < math.factorial(players):
        drawn = list(range(players))
        generator.shuffle(drawn)
        order = tuple(drawn)
        if min(order, order[::-1]) not in seen:
            seen.add(min(order, order[::-1]))
            yield order, order[::-1]


def plan(players: int, cost: Callable[[Coalition], int], budget: int | None, seed: int) -> Plan:
    """Choose which coalitions to have for at most `budget`: all, or those of as many drawn orders as fit.

    Draws are taken as they come and none is passed over for a cheaper one, which would be no fair sample.
    Where not even one draw fits, its first order alone may.

    Parameters
    ----------
    players
        How many changes there are.
    cost
        What it takes to have a coalition's value; 0 where it is known.
    budget
        The most that may be spent; None for no limit.
    seed
        Decides the sequence of orders; a larger budget goes on with the same one.
    """
    everything = tuple(coalitions(players))
    if budget is None or sum(map(cost, everything)) <= budget:
        return Plan(draws=(), needed=everything, whole=True)
    needed = dict.fromkeys((frozenset[int](), frozenset(range(players))))
    left = budget - sum(map(cost, needed))
    if left < 0:
        return Plan(draws=(), needed=tuple(each for each in needed if not cost(each)), whole=False)
    taken: list[Draw] = []
    for draw in draws(players, seed):
        for tried in (draw, draw[:1]) if not taken else (draw,):
            new = {each for order in tried for each in prefixes(order)} - needed.keys()
            if sum(map(cost, new)) <= left:
                left -= sum(map(cost, new))
                needed |= dict.fromkeys(sorted(new, key=_by_size))
                taken.append(tried)
                break
        if not taken or taken[-1] is not draw:
            break
    return Plan(draws=tuple(taken), needed=tuple(sorted(needed, key=_by_size)), whole=False)


def coalitions(players: int) -> Iterator[Coalition]:
    """Every set of changes, smaller ones first."""
    for size in range(players + 1):
        yield from map(frozenset, combinations(range(players), size))


def prefixes(order: Order) -> Iterator[Coalition]:
    """The coalitions that an order passes through, the empty and the whole one included."""
    return (frozenset(islice(order, size)) for size in range(len(order) + 1))


def _by_size(coalition: Coalition) -> tuple[int, list[int]]:
    return len(coalition), sorted(coalition)


def _weighted(players: int, values: Mapping[Coalition, Fraction]) -> tuple[Fraction, ...]:
    """Shapley's formula: each coalition without a player, weighted by the orders that pass through it."""
    shares: list[Fraction] = []
    for player in range(players):
        share = Fraction(0)
        for each in coalitions(players):
            if player not in each:
                before, after = len(each), players - len(each) - 1
                weight = Fraction(math.factorial(before) * math.factorial(after), math.factorial(players))
                share += weight * (values[each | {player}] - values[each])
        shares.append(share)
    return tuple(shares)


def _marginals(order: Sequence[int], values: Mapping[Coalition, Fraction]) -> list[Fraction] | None:
    """What each change adds in this order, by its number; None where a value on the way is not known."""
    added = [Fraction(0)] * len(order)
    before = values.get(frozenset())
    made: set[int] = set()
    for player in order:
        made.add(player)
        after = values.get(frozenset(made))
        if before is None or after is None:
            return None
        added[player], before = after - before, after
    return added
