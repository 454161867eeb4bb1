"""How a search goes, on standard error: lines that stay up to date on a terminal, else one for each trial."""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Protocol

from ledger.cli.plain import say, warn
from ledger.cli.plots import sparkline
from ledger.ops.text import count, duration, line, number, value
from ledger.ops.tune.history import Tried
from ledger.ops.tune.loop import Standing, TuneOptions
from ledger.tune.base import State

if TYPE_CHECKING:
    from rich.text import Text

_WIDTH = 24
"""Trials in the sparkline."""


class Shown(Protocol):
    """What a search tells how it goes."""

    def tell(self, tried: Tried, now: Standing) -> None:
        """Of a proposal, or a trial that has ended."""
        ...

    def notify(self, text: str) -> None:
        """A warning."""
        ...


@contextmanager
def progress(options: TuneOptions, *, quiet: bool) -> Iterator[Shown]:
    """Show how a search goes, in the way that fits standard error."""
    if quiet:
        yield _Lines(options, quiet=True)
        return
    if not sys.stderr.isatty():
        yield _Lines(options)
        return
    from rich.console import Console
    from rich.live import Live

    with Live(console=Console(stderr=True), refresh_per_second=4, transient=True) as live:
        yield _Status(options, partial(live.update, refresh=True), live.console.print)


class _Lines:
    """One line for each trial that has ended."""

    def __init__(self, options: TuneOptions, *, quiet: bool = False) -> None:
        self._options, self._quiet = options, quiet

    def tell(self, tried: Tried, now: Standing) -> None:
        if not self._quiet and tried.state is not State.PENDING:
            say(ended(tried, now, self._options))

    def notify(self, text: str) -> None:
        warn(text)


class _Status:
    """Some lines at the bottom of a terminal, beneath the lines of the trials that have ended."""

    def __init__(
        self, options: TuneOptions, update: Callable[["Text"], object], write: Callable[["Text"], object]
    ) -> None:
        self._options, self._update, self._write = options, update, write
        self._begun, self._before = time.monotonic(), -1

    def tell(self, tried: Tried, now: Standing) -> None:
        done = sum(each.state is not State.PENDING for each in now.own)
        if self._before < 0:
            self._before = done - (tried.state is not State.PENDING)
        if tried.state is not State.PENDING:
            self._write(_plain(ended(tried, now, self._options)))
        spent = time.monotonic() - self._begun
        self._update(_plain("\n".join(status(now, self._options, spent, done - self._before))))

    def notify(self, text: str) -> None:
        self._write(_plain(f"warning: {line(text)}"))


def _plain(text: str) -> "Text":
    """Text as it is: numbers in it are not coloured."""
    from rich.text import Text

    return Text(text)


def ended(tried: Tried, now: Standing, options: TuneOptions) -> str:
    """A trial that has ended, in one line."""
    own = [each.id for each in now.own]
    place = str(own.index(tried.id) + 1)
    place += f"/{max(options.executions, len(own))}" if options.executions else ""
    facts = [f"trial {place}{f' {tried.trial.short}' if tried.trial else ''}"]
    if tried.measured.values:
        facts += _measured(now, tried.measured.values)
        if tried.measured.violation:
            facts.append("misses what is required")
    elif tried.measured.pruned:
        facts.append(stopped(now, tried))
    else:
        facts.append(f"failed: {tried.measured.reason}")
    if tried.parts:
        facts.append(f"went on from step {tried.parts[-1].rung}")
    facts.append(" ".join(f"{name}={value(each)}" for name, each in tried.proposed.values))
    if now.search.seeds > 1:
        facts.append(f"seed {_place(tried, now)} of {now.search.seeds}")
    if tried.proposed.adopted is not None:
        facts.append("was there already")
    best = {each.id for each in now.best} if now.believed is None else now.believed.trials
    if tried.id in best:
        facts.append("best so far" if now.believed is None else "best so far by its mean")
    return line(" · ".join(facts))


def status(now: Standing, options: TuneOptions, spent: float, done: int) -> list[str]:
    """How a search stands, in some lines.

    Parameters
    ----------
    now
        How it stands.
    options
        When it stops.
    spent
        Seconds since this call began.
    done
        Trials that have ended since.
    """
    own = now.own
    over = [each for each in own if each.state is not State.PENDING]
    running = [each for each in own if each.state is State.PENDING]
    head = [f"{now.name}: {len(over)}" + (f" of {options.executions}" if options.executions else "")]
    for state, what in ((State.FAILED, "failed"), (State.PRUNED, "stopped early")):
        some = sum(each.state is state for each in over)
        head += [f"{some} {what}"] if some else []
    if options.executions and done > 0:  # fewer are over than before while some go on that were
        left = max(options.executions - len(over), 0)
        head.append(f"{duration(left * spent / done)} left")
    lines = [" · ".join(head)]
    if len(now.search.objectives) == 1:
        shape = sparkline([each.measured.values[0] for each in over if each.measured.values], _WIDTH)
        lines += [f"{now.search.objectives[0].metric} {shape}"] if shape else []
    for each in now.best[:3]:
        chosen = " ".join(f"{name}={value(one)}" for name, one in each.proposed.values)
        lines.append(f"best {_best(now, each)} with {chosen}")
    lines += [
        f"now  {' '.join(f'{name}={value(one)}' for name, one in each.proposed.values)}"
        for each in running[: max(options.jobs, 1)]
    ]
    return list(map(line, lines))


def stopped(now: Standing, tried: Tried) -> str:
    """Where a trial was stopped, and what it had reported there."""
    step, value_ = tried.measured.step, tried.measured.reported
    if step is None or value_ is None:
        return "stopped early"
    return f"stopped at step {step} with {' '.join(_measured(now, (value_,)))}"


def _place(tried: Tried, now: Standing) -> int:
    """Which of its configuration's trials one is, from 1."""
    same = [each.number for each in now.own if each.proposed.point == tried.proposed.point]
    return same.index(tried.number) + 1


def _best(now: Standing, each: Tried) -> str:
    if now.believed is None:
        return " ".join(_measured(now, each.measured.values))
    seeds = count(now.believed.seeds, "seed")
    return f"{now.search.objectives[0].metric} {number(now.believed.mean)} on average of {seeds}"


def _measured(now: Standing, values: Sequence[float]) -> list[str]:
    return [
        f"{objective.metric} {number(each)}"
        for objective, each in zip(now.search.objectives, values, strict=True)
    ]
