"""A search that tries its configurations with several seeds: which is next, and what is believed of each."""

from collections.abc import Sequence

from ledger.model import ProposalSource
from ledger.model.frozen import replace
from ledger.model.search import Search
from ledger.ops.tune.history import Tried, observations
from ledger.tune import racing
from ledger.tune.base import Observation, State
from ledger.tune.racing import Estimate, Tries
from ledger.tune.space.unit import Point


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


def ranked(search: Search, tried: Sequence[Tried]) -> list[Estimate]:
    """What is believed of each configuration, the best first; nothing where each has one seed."""
    return [] if search.seeds == 1 else believed(_tries(search, tried))


def believed(tries: Sequence[Tries]) -> list[Estimate]:
    """What is believed of configurations that may be the best, the best first.

    As in the race itself, noise is taken to be the same everywhere: with variances of their own
    (`ledger.analysis.shrinking`), those of two seeds that happen to be alike seem better than they are.
    """
    return sorted(racing.estimates(tries, worse=True), key=lambda each: each.mean)


def _tries(search: Search, tried: Sequence[Tried]) -> tuple[Tries, ...]:
    seeds = [each.proposed.seed if _own(each) else None for each in tried]
    return racing.gathered(observations(search, tuple(tried)), seeds)


def _own(each: Tried) -> bool:
    return each.proposed.source is not ProposalSource.EARLIER
