"""Several losses at once: who is better than whom, how crowded it is there, and how much is dominated.

Losses are tuples of finite numbers, the smaller the better. Everything is scalar arithmetic.
"""

import math
from bisect import bisect_left
from collections.abc import Sequence
from typing import Final

Losses = tuple[float, ...]

MEASURED: Final = 3
"""Objectives up to which `hypervolume` is computed."""


def dominates(left: Losses, right: Losses) -> bool:
    """Whether `left` is nowhere worse than `right`, and somewhere better."""
    return left != right and all(a <= b for a, b in zip(left, right, strict=True))


def front(losses: Sequence[Losses]) -> list[int]:
    """Places of those that none dominates, rising; equal ones are all in it."""
    found: list[int] = []
    members: list[Losses] = []
    order = sorted(range(len(losses)), key=lambda place: (losses[place], place))
    two = bool(losses) and len(losses[0]) == 2
    least = math.inf
    for place in order:  # what comes later dominates nothing that came before
        each = losses[place]
        if two:
            # Of those before, the smallest second loss says it all.
            if each[1] < least or (members and each == members[-1]):
                found.append(place)
                members.append(each)
                least = each[1]
        elif not any(dominates(other, each) for other in reversed(members)):
            found.append(place)
            members.append(each)
    return sorted(found)


def fronts(losses: Sequence[Losses], count: int | None = None) -> list[list[int]]:
    """Places front by front: the best, the best of the others, and so on (non-dominated sorting).

    Parameters
    ----------
    losses
        Of all.
    count
        Fronts that follow those which have so many together are left out; all for None.
    """
    left = list(range(len(losses)))
    found: list[list[int]] = []
    taken = 0
    while left and (count is None or taken < count):
        best = [left[place] for place in front([losses[each] for each in left])]
        found.append(best)
        taken += len(best)
        gone = set(best)
        left = [each for each in left if each not in gone]
    return found


def crowding(losses: Sequence[Losses]) -> list[float]:
    """How far the neighbours of each are, over all objectives; infinite at the ends.

    The crowding distance of Deb, Pratap, Agarwal and Meyarivan (2002), IEEE Transactions on Evolutionary
    Computation 6, section III-B. Equal losses lie beside each other in the order of their places.
    """
    found = [0.0] * len(losses)
    for objective in range(len(losses[0]) if losses else 0):
        order = sorted(range(len(losses)), key=lambda place: (losses[place][objective], place))
        span = losses[order[-1]][objective] - losses[order[0]][objective]
        found[order[0]] = found[order[-1]] = math.inf
        if not span:
            continue
        for below, place, above in zip(order, order[1:], order[2:], strict=False):
            found[place] += (losses[above][objective] - losses[below][objective]) / span
    return found


def hypervolume(losses: Sequence[Losses], reference: Losses) -> float:
    """Volume of what some loss dominates, up to a reference point.

    In two dimensions by a sweep; in three by slices along the last one, each an area that a sweep keeps up to
    date (Fonseca, Paquete and López-Ibáñez 2006, IEEE CEC, "An improved dimension-sweep algorithm for the
    hypervolume indicator"; here O(n²)).

    Parameters
    ----------
    losses
        Of all; those that are not better than the reference everywhere count for nothing.
    reference
        As bad as it gets.

    Raises
    ------
    ValueError
        If there are more than three objectives, or none.
    """
    if not 1 <= len(reference) <= MEASURED:
        raise ValueError(f"a hypervolume has 1 to {MEASURED} objectives here, got {len(reference)}")
    inside = [each for each in losses if all(a < b for a, b in zip(each, reference, strict=True))]
    if not inside:
        return 0.0
    if len(reference) == 1:
        return reference[0] - min(each[0] for each in inside)
    if len(reference) == 2:
        return _area(sorted(inside), reference[0], reference[1])
    order = sorted(inside, key=lambda each: (each[2], each[:2]))
    slices: list[float] = []
    stairs: list[Losses] = []
    for place, each in enumerate(order):
        _step(stairs, each[:2])
        top = order[place + 1][2] if place + 1 < len(order) else reference[2]
        if top > each[2]:
            slices.append(_area(stairs, reference[0], reference[1]) * (top - each[2]))
    return math.fsum(slices)


def _area(rising: Sequence[Losses], right: float, top: float) -> float:
    """Area that losses, sorted by the first, dominate up to a corner."""
    parts: list[float] = []
    for each in rising:
        if each[1] < top:
            parts.append((right - each[0]) * (top - each[1]))
            top = each[1]
    return math.fsum(parts)


def _step(stairs: list[Losses], new: Losses) -> None:
    """Put a loss into a front that is sorted by the first objective, and so falls in the second."""
    place = bisect_left(stairs, new)
    if place and stairs[place - 1][1] <= new[1]:
        return
    end = place
    while end < len(stairs) and stairs[end][1] >= new[1]:
        end += 1
    stairs[place:end] = [new]
