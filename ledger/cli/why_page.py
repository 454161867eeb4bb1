"""An answer to why as a page for people."""

from ledger.cli.page import Cell, Page
from ledger.ops import why_words
from ledger.ops.references import describe
from ledger.ops.text import count, line, number
from ledger.ops.why import Why
from ledger.ops.why_hybrids import How, Hybrid
from ledger.ops.why_shares import MetricShares, ResultChange

_STYLES = {How.FAILED: "red", How.RUN: "green", How.PLANNED: "cyan"}


def why_page(why: Why) -> Page:
    """The sentence, what differs, what each part carries, and the trials that show it."""
    page = Page()
    for name, trial in zip("ab", why.trials, strict=True):
        page.line((f"{name}  {line(describe(trial))}", "bold"))
    page.line(line(why.summary))
    if not why.parts:
        return page
    page.heading("Parts that differ")
    page.pairs((each.name, line(why_words.part(each))) for each in why.parts)
    if not why.planned:
        _metrics(page, why)
        _results(page, why)
    page.heading("Hybrids")
    page.table(
        ("of b", "", "trial", ""),
        [
            (
                _swapped(why, each),
                (str(each.how), _STYLES.get(each.how, "")),
                _trials(each),
                line(each.reason or ""),
            )
            for each in why.hybrids
        ],
    )
    if not why.planned:
        page.line()
        page.line(_cost(why))
    return page


def _metrics(page: Page, why: Why) -> None:
    if not why.metrics:
        return
    page.heading("Metrics")
    header = ("", "a", "b", "difference", *(each.name for each in why.parts), "")
    page.table(header, [_row(why, each) for each in why.metrics], right=header[1:-1])
    for each in why.metrics:
        if each.interacts and not each.clock:
            page.line(f"  {line(each.name)}: {_interaction(why, each)}")


def _row(why: Why, metric: MetricShares) -> tuple[Cell, ...]:
    style = "dim" if metric.clock else ""
    ends = ("-" if each is None else number(each) for each in (metric.a, metric.b))
    change = "-" if metric.difference is None else f"{metric.difference:+.6g}"
    notes = ["measures the clock"] if metric.clock else []
    if metric.shares is not None and metric.orders < metric.possible:
        unknown = any(each.error is None for each in metric.shares)
        error = ", no standard error" if unknown else ""
        notes.append(f"{metric.orders} of {count(metric.possible, 'order')}{error}")
    if metric.noise is not None:
        notes.append(f"noise {number(metric.noise)}")
    cells = [line(metric.name), *ends, change, *_carried(metric, len(why.parts)), "; ".join(notes)]
    return tuple((each, style) for each in cells)


def _carried(metric: MetricShares, parts: int) -> list[str]:
    if metric.shares is None:
        return ["?"] * parts
    found: list[str] = []
    for each in metric.shares:
        error = f" ± {each.error:.2g}" if each.error else ""
        found.append(f"{each.value:+.6g}{error} ({why_words.percent(each.value, metric)})")
    return found


def _interaction(why: Why, metric: MetricShares) -> str:
    told = ", ".join(
        f"{part.name} {change:+.6g}"
        for part, change in zip(why.parts, metric.alone, strict=True)
        if change is not None
    )
    return f"the parts interact: alone they change it by {told}, together by {metric.difference:+.6g}"


def _results(page: Page, why: Why) -> None:
    if not why.results:
        return
    page.heading("Other results, and which parts change them when they alone are swapped")
    page.pairs(
        (line(each.path) if each.kind == "output" else "exit code", _changed(why, each))
        for each in why.results
    )


def _changed(why: Why, change: ResultChange) -> str:
    known, unknown = (
        ", ".join(why.parts[place].name for place in places) for places in (change.changed_by, change.unknown)
    )
    if not unknown:
        return known or "none of them alone"
    return "; ".join(filter(None, [known, f"not known: {unknown}"]))


def _swapped(why: Why, hybrid: Hybrid) -> str:
    if not hybrid.swapped:
        return "nothing"
    if len(hybrid.swapped) == len(why.parts):
        return "all"
    return ", ".join(why.parts[place].name for place in sorted(hybrid.swapped))


def _trials(hybrid: Hybrid) -> str:
    return ", ".join(each.id.short for each in hybrid.trials)


def _cost(why: Why) -> str:
    told = [f"{count(why.executions, 'command')} run", f"{count(why.count(How.REUSED), 'hybrid')} reused"]
    if why.count(How.FAILED):
        told.append(f"{why.count(How.FAILED)} failed")
    if why.sampled:
        told.append("shares estimated from some orders of the parts (--budget)")
    return " · ".join(told)
