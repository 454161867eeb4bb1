"""What tuning gains, and how much a method depends on it, as pages for people."""

from collections.abc import Sequence

from ledger.analysis.sensitivity import SHARES
from ledger.analysis.statistics.intervals import Interval
from ledger.analysis.tunability import Gain
from ledger.cli.page import Cell, Page
from ledger.cli.plots import bar
from ledger.model import Value
from ledger.ops.across import Asked
from ledger.ops.text import count, exact, line, number
from ledger.ops.tunability import Depends, Tuned

_WIDTH = 20


def tunability_page(tuned: Tuned, *, pairs: bool) -> Page:
    """Gains of all, of each one, and of two together."""
    found = tuned.found
    page = _begun(tuned.asked, [("defaults", _configuration(tuned.asked.table.values(found.defaults)))])
    page.heading("Gained by tuning to each data set")
    most = found.all.mean
    rows = [_row("all", tuned, found.all, most), *(_named(tuned, each, most) for each in found.single)]
    if found.over is not None:
        rows.insert(0, _row("all, over the program's own defaults", tuned, found.over, most))
    page.table(("", "mean", "95 %", "tried", ""), rows, right=("mean", "tried"), plots=(4,))
    if pairs and found.pairs:
        page.heading("Two together")
        page.table(
            ("", "mean", "95 %", "tried", "", "beyond the better one", "beyond the sum"),
            [
                (*_named(tuned, each.both, most), number(each.joint), f"{each.interaction:+.6g}")
                for each in found.pairs
            ],
            right=("mean", "tried", "beyond the better one", "beyond the sum"),
            plots=(4,),
        )
    page.line()
    page.line(("tried: configurations that differ from the defaults in nothing else", "dim"))
    return page


def sensitivity_page(depends: Depends) -> Page:
    """Φ, and how few hyperparameters have to be tuned."""
    found = depends.found
    values = depends.asked.table.values(found.common)
    page = _begun(
        depends.asked,
        [
            ("common configuration", _configuration(values)),
            ("sensitivity Φ", f"{number(found.phi)} ({_interval(depends.interval)})"),
            *((f"effective dimension, {share:.0%}", _dimension(found.dimension(share))) for share in SHARES),
        ],
    )
    page.heading("Tuned to each, the rest as in the common configuration")
    page.table(
        ("", "score", "of the best", ""),
        [
            (
                line(", ".join(each.names)) or "nothing",
                number(each.score),
                f"{each.score / found.tuned:.1%}" if found.tuned > 0 else "-",
                "" if each.exact else "not all sets of so many were looked at",
            )
            for each in found.steps
        ],
        right=("score", "of the best"),
    )
    page.line()
    page.line((f"all tuned: {number(found.tuned)}; a score of 1 is the 95th percentile, 0 the 5th", "dim"))
    return page


def _begun(trials: Asked, more: Sequence[tuple[str, str]]) -> Page:
    """What was looked at, and what is `more` to say, names and values in one list."""
    page, table = Page(), trials.table
    wanted = "large" if trials.objective.maximize else "small"
    metric = f"log {trials.objective.metric}" if trials.log else trials.objective.metric
    least = min(table.trials) / len(table)
    tried = f"{line(metric)}, which should be {wanted}: {count(len(table), 'configuration')} on each of"
    if table.explained is None:
        whole = least.is_integer()
        each = f"{count(int(least), 'trial') if whole else f'{least:.1f} trials'} each or more"
        page.line(f"{tried} {len(table.names)} data sets, {each}{'' if whole else ', on average'}")
        pairs = [("data sets", line(", ".join(table.names)))]
    else:
        page.line(f"{tried} {len(table.names)} data sets, predicted by a forest of each")
        told = zip(table.names, table.trials, table.explained, strict=True)
        pairs = [
            (f"forest of {line(name)}", f"{count(trials, 'trial')}, explains {explained:.0%} of others")
            for name, trials, explained in told
        ]
    if trials.apart:
        pairs.append(("told apart by", line(", ".join(trials.apart))))
    if any(table.others):
        pairs.append(("left out", f"{sum(table.others)} configurations that were not tried on all of them"))
    page.pairs([*pairs, *more])
    for name, known in zip(table.names, table.explained or (), strict=False):
        if name not in table.doubtful:
            continue
        doubt = f"the forest of {line(name)} explains {max(known, 0):.0%}, which is little"
        page.line((f"  {doubt}: what is said of it is noise, or more trials are needed", "yellow"))
    return page


def _named(tuned: Tuned, gain: Gain, most: float) -> tuple[Cell, ...]:
    return _row(line(" + ".join(gain.names)), tuned, gain, most)


def _row(name: str, tuned: Tuned, gain: Gain, most: float) -> tuple[Cell, ...]:
    share = gain.mean / most if most > 0 else 0.0
    return name, number(gain.mean), _interval(tuned.interval(gain)), str(gain.candidates), bar(share, _WIDTH)


def _interval(found: Interval) -> str:
    return f"{number(found.low)} to {number(found.high)}"


def _dimension(found: int | None) -> str:
    return "more than were looked at" if found is None else str(found)


def _configuration(values: dict[str, Value]) -> str:
    return line(" ".join(f"{name}={exact(value)}" for name, value in values.items()))
