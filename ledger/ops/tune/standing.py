"""When a search stops, how it stands, and what comes of it."""

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor

from ledger.model import Digest, ProposalSource, Value
from ledger.model.frozen import frozen
from ledger.model.search import Search
from ledger.ops.tune import outcomes as tune_outcomes
from ledger.ops.tune import seeds as tune_seeds
from ledger.ops.tune.history import Tried
from ledger.tune.base import State
from ledger.tune.space.unit import Point


@frozen
class TuneOptions:
    """When a search stops, and how its trials run; all of it may be another one when it goes on."""

    executions: int | None = None
    """Trials in all, those of earlier calls among them; None for no limit."""
    timeout: float | None = None
    """Seconds after which no trial is begun."""
    stop_after: int | None = None
    """Trials in a row without a better one."""
    target: float | None = None
    """A value of the objective that is good enough."""
    jobs: int = 1
    """Trials at once."""
    queue: tuple[Mapping[str, Value], ...] = ()
    """Values to try first; the others by default."""
    earlier: tuple[str, ...] = ()
    """Experiments from whose trials to learn."""
    fork: bool = False
    """Whether to begin a new search that goes on from the one of that name."""
    trace: bool = True
    """Let the kernel tell each file that a trial opens."""
    executor: Callable[[], Executor] | None = None
    """Makes what runs trials, one at a time, each in a process (a busy one's threads would get in the way of
    recording); None for processes of this machine."""


@frozen
class Believed:
    """How good a configuration is, by its trials with several seeds."""

    mean: float
    """Of the objective, over all seeds: what it was measured to be, drawn to what others are."""
    low: float
    """Where the 95% interval of the mean begins; -inf where none was tried twice."""
    high: float
    """Where it ends; inf where none was."""
    seeds: int
    """With how many it ended well."""
    trials: frozenset[Digest]
    """Proposals of all its trials."""


@frozen
class Standing:
    """How a search stands."""

    name: str
    id: Digest
    search: Search
    tried: tuple[Tried, ...]
    """All proposals, by number; trials of earlier searches from which it learns among them."""
    best: tuple[Tried, ...]
    """Its best trials: one; of several objectives all that none is better than.

    Where configurations are tried with several seeds: the first trial of the one believed to be the best.
    """
    believed: Believed | None = None
    """How good that one is; None where each configuration has one seed."""

    @property
    def own(self) -> tuple[Tried, ...]:
        """Its own trials."""
        return tuple(each for each in self.tried if each.proposed.source is not ProposalSource.EARLIER)


@frozen
class Tuned:
    """What came of a call."""

    standing: Standing
    stopped: str
    """Why it stopped."""
    interrupted: bool
    """Whether somebody stopped it."""
    begun: bool
    """Whether the search began with this call."""


def reason(options: TuneOptions, now: Standing, deadline: float | None, new: bool = True) -> str | None:
    """Why nothing more is to be run; None where something is.

    Parameters
    ----------
    options
        When it stops.
    now
        How it stands.
    deadline
        When `options.timeout` is over, by `time.monotonic`.
    new
        Whether something new is to be proposed; else one that had stopped goes on, which counts already.
    """
    own = now.own
    if deadline is not None and time.monotonic() >= deadline:
        return f"--timeout: {options.timeout:g} s are over"
    if options.target is not None and now.best:
        objective = now.search.objectives[0]
        value = now.best[0].measured.values[0] if now.believed is None else now.believed.mean
        if value >= options.target if objective.maximize else value <= options.target:
            return f"--target: {objective.metric} is {value:g}"
    if options.stop_after is not None:
        last = max((each.number for each in now.best), default=-1)
        since = sum(
            each.state is not State.PENDING
            and each.number > last
            and each.proposed.source is not ProposalSource.REPEAT
            for each in own
        )
        if since >= options.stop_after:
            return f"--stop-after: {since} trials without a better one"
    if new and options.executions is not None and len(own) >= options.executions:
        return f"-n: {len(own)} trials"
    return None


Tell = Callable[[Tried, Standing], None]
"""Told of each proposal, and of each trial that has ended, and how the search stands then."""


def standing(name: str, id: Digest, search: Search, tried: Sequence[Tried]) -> Standing:
    """How a search stands after some proposals."""
    for first, believed in ranked(search, tried):
        return Standing(name=name, id=id, search=search, tried=tuple(tried), best=(first,), believed=believed)
    stopped = {each.proposed.point for each in tried if search.seeds > 1 and each.state is State.PRUNED}
    own = {key: each for key, each in _done(tried).items() if each.proposed.point not in stopped}
    best = tune_outcomes.best(search, {key: each.measured for key, each in own.items()})
    return Standing(name=name, id=id, search=search, tried=tuple(tried), best=tuple(own[key] for key in best))


def ordered(search: Search, tried: Sequence[Tried]) -> tuple[Tried, ...]:
    """Trials of a search for one objective that meet what it requires, the best first."""
    own = _done(tried)
    losses = {
        key: tune_outcomes.losses(search, each.measured.values)
        for key, each in own.items()
        if each.measured.violation == 0
    }
    return tuple(own[key] for key in sorted(losses, key=lambda key: (losses[key], key)))


def _done(tried: Sequence[Tried]) -> dict[tuple[int, Digest], Tried]:
    """The search's own trials that ended well."""
    return {
        (each.number, each.id): each
        for each in tried
        if each.proposed.source is not ProposalSource.EARLIER and each.state is State.DONE
    }


def ranked(search: Search, tried: Sequence[Tried]) -> tuple[tuple[Tried, Believed], ...]:
    """Configurations that are tried with several seeds, the best first: a trial of each, and how good it is.

    The trial is the first one that ended well and meets what is required; there are none where each
    configuration has one seed.
    """
    if search.seeds == 1:
        return ()
    its: dict[Point, list[Tried]] = {}
    for each in tried:
        if each.proposed.source is not ProposalSource.EARLIER:
            its.setdefault(each.proposed.point, []).append(each)
    found = []
    for estimate in tune_seeds.ranked(search, tried):
        trials = its.get(estimate.point, [])
        good = (each for each in trials if each.state is State.DONE and each.measured.violation == 0)
        first = next(good, None)
        if first is None:
            continue  # known of an earlier search's trials only
        (mean,) = tune_outcomes.losses(search, (estimate.mean,))
        believed = Believed(
            mean=mean,
            low=mean - estimate.half,
            high=mean + estimate.half,
            seeds=estimate.losses,
            trials=frozenset(each.id for each in trials),
        )
        found.append((first, believed))
    return tuple(found)
