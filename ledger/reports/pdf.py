"""A report as PDF, for a printer: what it all comes to, the best configurations, curves, how to replay."""

from collections import Counter

from ledger.model import Verdict
from ledger.ops.denominator import counted_words
from ledger.ops.text import command, count, number
from ledger.reports.cells import Cells
from ledger.reports.curves import Chart
from ledger.reports.labels import labels
from ledger.reports.noted import heading
from ledger.reports.pdf_writer import CHART, COLOURS, Writer
from ledger.reports.report import Report, preferences

_MOST_COLUMNS = 9
_MOST_LINES = 8
_MOST_NOTES = 20
_MOST_LETTERS = 2000
"""Of a note."""


def document(report: Report, cells: Cells | None) -> bytes:
    """The report; the same one gives the same bytes where the same packages are installed.

    Parameters
    ----------
    report
        What it says.
    cells
        Its configurations; None where no trial ended well with a metric.

    Raises
    ------
    LedgerError
        If fpdf2 is not installed.
    """
    writer = Writer(report)
    writer.heading(report.chosen.title, 16)
    _in_short(writer, report)
    if cells is not None:
        writer.heading("Configurations")
        _cells(writer, cells)
    _fronts(writer, report)
    _sentences(writer, report)
    if report.charts.charts:
        writer.needs(CHART + 25)
        writer.heading("Curves")
        _curves(writer, report)
    for pair in report.apart:
        writer.heading(f"{pair.a.id.short} and {pair.b.id.short}")
        writer.line(f"{pair.diff.summary} ({pair.why})")
    writer.heading("How to make it again")
    for each in report.focused:
        writer.line(f"ledger replay {each.trial.id.short}: {command(each.trial.intent.argv)}")
    _notes(writer, report)
    writer.heading("Head")
    for origin in report.head.origins:
        writer.line(f"{origin.origin.hex()[:8]}: {origin.size:,} entries, root {origin.root}")
    if report.signed is not None:
        writer.line(f"signed: {report.signed.digest}")
    return bytes(writer.pdf.output())


def _in_short(writer: Writer, report: Report) -> None:
    for each in report.standings:
        if each.counted is not None and report.signed is not None:
            writer.line(
                f"Tried, in the signed head {report.signed.digest.short}: {counted_words(each.counted)}"
            )
        elif each.now is not None:
            writer.line(f"Tried: {counted_words(each.now)}; no head is signed")
        if each.trade_off is not None and each.ranked:
            aims = ", ".join(
                f"{'large' if one.maximize else 'small'} {one.metric}" for one in each.objectives
            )
            among = f"{len(each.ranked):,} of {count(len(each.trade_off.rows), 'trial')}"
            writer.line(f"{among} that none is better than in all of: {aims}")
        elif each.ranked and each.objective is not None:
            first = each.ranked[0]
            told = f"Best by {each.objective.metric}: {number(first.value)}, trial {first.trial.id.short}"
            if first.mean is not None and first.low is not None and first.high is not None:
                told += f"; estimated mean {number(first.mean)}"
                told += f" (95 %: {number(first.low)} to {number(first.high)})"
            writer.line(told)
        elif each.objectives and each.why_none:
            writer.line(f"Best: {each.why_none}")
    verdicts = Counter(receipt.replay.verdict for _, receipt in report.receipts)
    found = ", ".join(f"{verdicts[each]} {each}" for each in Verdict if verdicts[each])
    writer.line(f"Replays: {found or 'none'}")


def _cells(writer: Writer, cells: Cells) -> None:
    head = [*(["experiment"] if cells.choices else []), *cells.parameters][: _MOST_COLUMNS - 3]
    titles = [*head]
    for name in cells.metrics[:2]:
        titles += [name, "n"]
    rows = []
    for row in cells.rows:
        found = [*([row.choice] if cells.choices else []), *row.values][: len(head)]
        for each in row.metrics[:2]:
            mean, half = ("", None) if each is None else each.text
            found += [mean if half is None else f"{mean} ± {half}", str(each.n if each else 0)]
        rows.append([*found, row.trial.id.short])
    writer.table([*titles, "trial"], rows)
    hidden = len(cells.parameters) + cells.choices - len(head) + len(cells.metrics[2:])
    more = f" {count(cells.others, 'more configuration')} not shown." if cells.others else ""
    more += f" {count(hidden, 'more column')} not shown." if hidden else ""
    said = "A mean, and half of its 95 % interval, over n seeds." if cells.several else "Single runs."
    writer.line(said + more)


def _sentences(writer: Writer, report: Report) -> None:
    for each in report.compared:
        writer.heading(f"{each.a} and {each.b}")
        for said in each.sentences:
            writer.line(said)
    for label, metric, found in preferences(report):
        writer.heading(f"What the best of {label} by {metric} prefer (PED-ANOVA)")
        writer.line(", ".join(f"{one.name} {one.share:.0%}" for one in found.found[:12]))


def _notes(writer: Writer, report: Report) -> None:
    if report.notes:
        writer.heading("Notes")
    for about, remark in report.notes[:_MOST_NOTES]:
        text = remark.note.text
        writer.line(f"{heading(about, remark)}:")
        for each in text[:_MOST_LETTERS].splitlines():
            writer.line(each, indent=5)
        if len(text) > _MOST_LETTERS:
            writer.line("…", indent=5)
    more = len(report.notes) - _MOST_NOTES
    if more > 0:
        writer.line(f"{more} more are in the ledger: ledger note --list")


def _fronts(writer: Writer, report: Report) -> None:
    """Of a search for several metrics, the first against the second."""
    for each in report.standings:
        if each.trade_off is None or not each.ranked:
            continue
        y, x = (each.observed.metrics[one.metric] for one in each.objectives[:2])
        own = {each.observed.trials[row]: row for row in each.trade_off.front}
        writer.needs(CHART + 15)
        writer.heading(f"Pareto front of {each.choice.label}")
        writer.dots(
            [(x[row], y[row]) for row in each.trade_off.rows],
            sorted((x[row], y[row]) for row in own.values()),
            (each.objectives[1].metric, each.objectives[0].metric),
            joined=len(each.objectives) == 2,
        )


def _curves(writer: Writer, report: Report) -> None:
    shown = [Chart(metric=each.metric, curves=each.curves[:_MOST_LINES]) for each in report.charts.charts]
    for place, chart in enumerate(shown):
        writer.chart(chart)
        trials = [each.trial for each in chart.curves]
        if place + 1 < len(shown) and trials == [each.trial for each in shown[place + 1].curves]:
            continue  # one legend for all drawings of the same trials
        names = labels(trials)
        for at, trial in enumerate(trials):
            own, name = trial.id.short, names[trial.id]
            writer.line(own if name == own else f"{own} {name}", colour=COLOURS[at % len(COLOURS)])
    drawn = max(len(each.curves) for each in shown)
    every = max(len(each.curves) for each in report.charts.charts)
    if drawn < every:
        writer.line(f"The first {drawn} of {every} are drawn.")
