"""A search that tries its configurations with several seeds: which is next, and what is believed of each."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from ledger.model import ProposalSource
from ledger.model.frozen import replace
from ledger.model.search import Search
from ledger.ops.tune.history import Tried, observations
from ledger.tune import racing
from ledger.tune.base import Observation, State
from ledger.tune.racing import Tries
from ledger.tune.space.unit import Point

if TYPE_CHECKING:
    from ledger.analysis import shrinking

_FEW: Final = 5
"""Further trials from which on the noise of each configuration is told apart: before, a race's belief of it
is better than what they say."""


def repeated(search: Search, tried: Sequence[Tried]) -> Point | None:
    """The configuration that is to be tried with one more seed; None where a new one is to be tried."""
    return None if search.seeds == 1 else racing.repeated(_tries(search, tried), search.seeds)


def seed_of(search: Search, tried: Sequence[Tried], point: Point) -> int | None:
    """The seed of a configuration's next trial; None where it is the search's."""
    if search.seeds == 1:
        return None
    return racing.seed(search.seed, sum(each.proposed.point == point for each in tried if _own(each)))


def asked(search: Search, number: int, tried: Sequence[Tried]) -> tuple[int, list[Observation]]:
    """Which proposal a sampler is asked for, and what it is told."""
    known = observations(search, tuple(tried))
    if search.seeds == 1:
        return number, known
    again = sum(each.proposed.source is ProposalSource.REPEAT for each in tried)
    return number - again, told(known, _tries(search, tried))


def told(observations: Sequence[Observation], tries: Sequence[Tries]) -> list[Observation]:
    """Each configuration once, with the mean that is believed, as if nothing had been tried again."""
    believed = {each.point: each for each in racing.estimates(tries)}
    groups: dict[Point, list[Observation]] = {}
    for each in observations:
        groups.setdefault(each.point, []).append(each)
    found = []
    for number, (point, group) in enumerate(groups.items()):
        its = believed.get(point)
        if its is not None:
            one = Observation(number=number, point=point, state=State.DONE, losses=(its.mean,))
        else:
            spoilt = [each for each in group if each.state is not State.PENDING and not racing.is_good(each)]
            one = replace((spoilt or group)[0], number=number)
        found.append(one)
    return found


def ranked(
    search: Search, tried: Sequence[Tried], count: int | None = None
) -> "list[tuple[Point, shrinking.Estimate]]":
    """What is believed of each configuration, the best first; nothing where each has one seed.

    A race's own estimates (`ledger.tune.racing`), which decide what is tried, take noise to be the same
    everywhere; here each configuration has a variance of its own, as soon as some further trials tell of it.

    Parameters
    ----------
    search
        What is searched.
    tried
        All that it tried.
    count
        Of so many of the best ones, instead of all.
    """
    return [] if search.seeds == 1 else believed(_tries(search, tried), count)


def believed(tries: Sequence[Tries], count: int | None = None) -> "list[tuple[Point, shrinking.Estimate]]":
    """What is believed of configurations that may be the best, see `ranked`."""
    sound = [each for each in tries if each.sound]
    if not sound:
        return []
    found = _alike(sound) if sum(len(each.losses) - 1 for each in sound) < _FEW else _apart(sound, count)
    points = [each.point for each in sound]
    return sorted(zip(points, found, strict=True), key=lambda each: each[1].mean)[:count]


def _alike(sound: Sequence[Tries]) -> "list[shrinking.Estimate]":
    from ledger.analysis import shrinking

    return [
        shrinking.Estimate(count=each.losses, plain=each.plain, mean=each.mean, half=each.half)
        for each in racing.estimates(sound, worse=True)
    ]


def _apart(sound: Sequence[Tries], count: int | None) -> "Sequence[shrinking.Estimate]":
    from ledger.analysis import shrinking  # of no use to other searches

    places: dict[int, int] = {}
    for each in sound:
        for its, _ in each.losses if len(each.losses) > 1 else ():
            if its is not None:
                places.setdefault(its, len(places))
    return shrinking.estimates(
        [[loss for _, loss in each.losses] for each in sound],
        [[None if its is None else places.get(its) for its, _ in each.losses] for each in sound],
        count=count,
    )


def _tries(search: Search, tried: Sequence[Tried]) -> tuple[Tries, ...]:
    seeds = [each.proposed.seed if _own(each) else None for each in tried]
    return racing.gathered(observations(search, tuple(tried)), seeds)


def _own(each: Tried) -> bool:
    return each.proposed.source is not ProposalSource.EARLIER
