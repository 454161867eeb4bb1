"""What came of a search, for people."""

from collections import Counter
from math import isfinite

from ledger.cli.page import Page
from ledger.ops.text import count, exact, line, number
from ledger.ops.tune.history import Tried
from ledger.ops.tune.loop import Standing, Tuned
from ledger.ops.tune.standing import Believed
from ledger.tune.base import State


def tune_page(tuned: Tuned) -> Page:
    """The best trials of a search, and how many there were."""
    now, page = tuned.standing, Page()
    best = now.best
    states = [each.state for each in now.own]
    failed, pending = states.count(State.FAILED), states.count(State.PENDING)
    told = [count(len(states), "trial")]
    told += [f"{failed} failed"] if failed else []
    stopped = states.count(State.PRUNED)
    told += [f"{stopped} stopped early"] if stopped else []
    told += [f"{pending} not ended"] if pending else []
    parts = sum(bool(each.parts) for each in now.own)
    told += [f"{parts} went on later"] if parts else []
    page.pairs(
        [
            ("experiment", line(now.name)),
            ("trials", ", ".join(told)),
            ("stopped", line(tuned.stopped)),
            *_configurations(now),
            ("go on", "run the same command again" if tuned.interrupted else None),
        ],
        indent=0,
    )
    if not best:
        none_yet = pending == len(states)
        page.line(("no trial has ended" if none_yet else f"no trial ended well{_why(now)}", "red"))
        return page
    page.heading("Best" if len(now.search.objectives) == 1 else "Best: none is better in all objectives")
    names = list(dict.fromkeys(name for each in best for name, _ in each.proposed.values))
    page.table(
        (
            "number",
            "trial",
            *(line(each.metric) for each in now.search.objectives),
            *(() if now.believed is None else ("mean", "95%", "seeds")),
            *map(line, names),
        ),
        [
            (
                str(each.number),
                (each.trial.short if each.trial else "-", "yellow"),
                *map(number, each.measured.values),
                *(() if now.believed is None else believed(now.believed)),
                *(exact(values[name]) if name in values else "" for name in names),
            )
            for each in best
            for values in [dict(each.proposed.values)]
        ],
    )
    return page


def _configurations(now: Standing) -> list[tuple[str, str]]:
    """How many were tried, where trials are shared out among seeds."""
    if now.search.seeds == 1:
        return []
    found = Counter(each.proposed.point for each in now.own)
    again = sum(each > 1 for each in found.values())
    return [("configurations", f"{len(found)}, {again} of them with several seeds")]


def believed(found: Believed) -> tuple[str, str, str]:
    """Mean, interval and number of seeds of a configuration."""
    interval = f"{number(found.low)} to {number(found.high)}" if isfinite(found.low) else "not known"
    return number(found.mean), interval, str(found.seeds)


def _why(now: Standing) -> str:
    last: Tried | None = next((each for each in reversed(now.own) if each.state is State.FAILED), None)
    if last is None:
        return ""
    see = f": ledger show {last.trial.short}" if last.trial else ""
    return f"; the last one: {line(last.measured.reason or '')}{see}"
