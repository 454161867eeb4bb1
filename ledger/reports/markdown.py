"""A report in Markdown, for a README or a pull request."""

from collections import Counter
from collections.abc import Iterable, Sequence

from ledger.model import Verdict
from ledger.ops.denominator import counted_words
from ledger.ops.text import command, count, number, short
from ledger.reports.cells import Cells
from ledger.reports.markdown_text import code, escaped
from ledger.reports.note_markdown import quoted
from ledger.reports.noted import heading
from ledger.reports.report import Report, preferences

_MOST_REPLAYED = 5
_MOST_NOTES = 20
_MOST_LETTERS = 4000
"""Of a note."""


def page(report: Report, cells: Cells | None) -> bytes:
    """The report; `cells` is None where no trial ended well with a metric."""
    parts = [f"## {escaped(report.chosen.title)}", "", *_in_short(report)]
    if cells is not None:
        parts += ["", *_cells(cells)]
    for each in report.compared:
        parts += ["", f"**{escaped(each.a)} and {escaped(each.b)}**", ""]
        parts += [f"- {escaped(said)}" for said in each.sentences]
    for label, metric, found in preferences(report):
        shares = ", ".join(f"{code(one.name)} {one.share:.0%}" for one in found.found[:8])
        what = f"What the best of {escaped(label)} by {code(metric)} prefer (PED\\-ANOVA)"
        parts += ["", f"{what}: {shares}"]
    for pair in report.apart:
        a, b = code(pair.a.id.short), code(pair.b.id.short)
        parts += ["", f"{a} and {b}: {escaped(pair.diff.summary)}"]
    parts += ["", *_again(report), *_notes(report)]
    return ("\n".join(parts).rstrip("\n") + "\n").encode("utf-8", "replace")


def _in_short(report: Report) -> list[str]:
    found = []
    for each in report.standings:
        if each.counted is not None and report.signed is not None:
            head = code(report.signed.digest.short)
            found.append(f"- tried, in the signed head {head}: {escaped(counted_words(each.counted))}")
        elif each.now is not None:
            found.append(f"- tried: {escaped(counted_words(each.now))}; no head is signed")
        if each.trade_off is not None and each.ranked:
            aims = ", ".join(
                f"{'large' if one.maximize else 'small'} {code(one.metric)}" for one in each.objectives
            )
            among = f"{len(each.ranked):,} of {count(len(each.trade_off.rows), 'trial')}"
            found.append(f"- {among} that none is better than in all of: {aims}")
        elif each.ranked and each.objective is not None:
            first, metric = each.ranked[0], each.objective.metric
            believed = (
                f"; estimated mean {number(first.mean)} (95 %: {number(first.low)} to {number(first.high)}),"
                f" {count(first.seeds, 'seed')}"
                if first.mean is not None and first.low is not None and first.high is not None
                else ""
            )
            found.append(
                f"- best by {code(metric)}: {number(first.value)}{escaped(believed)},"
                f" trial {code(first.trial.id.short)}"
            )
        elif each.objectives and each.why_none:
            found.append(f"- best: {escaped(each.why_none)}")
    verdicts = Counter(receipt.replay.verdict for _, receipt in report.receipts)
    replays = ", ".join(f"{verdicts[each]} {each}" for each in Verdict if verdicts[each])
    return [*found, f"- replays: {replays or 'none'}"]


def _cells(cells: Cells) -> list[str]:
    head = [*(["experiment"] if cells.choices else []), *cells.parameters]
    columns = [*map(escaped, head)]
    sides = ["---"] * len(head)
    for name in cells.metrics:
        columns += [escaped(name), "n"]
        sides += ["--:", "--:"]
    rows = []
    for place, row in enumerate(cells.rows):
        found = [*([escaped(row.choice)] if cells.choices else []), *map(escaped, row.values)]
        for each, best in zip(row.metrics, cells.best, strict=True):
            mean, half = ("", None) if each is None else each.text
            mean = f"**{mean}**" if place in best else mean
            found += [mean if half is None else f"{mean} ± {half}", str(each.n if each else 0)]
        rows.append([*found, code(row.trial.id.short)])
    lines = list(_lines([*columns, "trial"], [*sides, "---"], rows))
    said = "A mean, and half of its 95 % interval, over n seeds." if cells.several else "Single runs."
    said += " Bold: the best mean of a column." if any(cells.best) else ""
    said += " Of a search for several metrics, those that none is better than in all." if cells.fronts else ""
    more = f" {count(cells.others, 'more configuration')} not shown." if cells.others else ""
    return [*lines, "", said + more]


def _lines(head: Sequence[str], sides: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterable[str]:
    for each in (head, sides, *rows):
        yield f"| {' | '.join(each)} |"


def _again(report: Report) -> list[str]:
    found = [f"Made again by {code('ledger replay ID')}, such as:", ""]
    for each in report.focused[:_MOST_REPLAYED]:
        commit = (each.document["code"] or {}).get("commit")
        at = f" at {code(short(commit))}" if commit else ""
        found.append(
            f"- {code(f'ledger replay {each.trial.id.short}')}: {code(command(each.trial.intent.argv))}{at}"
        )
    return found


def _notes(report: Report) -> list[str]:
    """What people say, each quoted, so that nobody's Markdown is that of the README around it."""
    if not report.notes:
        return []
    found = ["", "Notes:"]
    for about, remark in report.notes[:_MOST_NOTES]:
        found += ["", f"{escaped(heading(about, remark))}:", "", *quoted(remark.note.text, _MOST_LETTERS)]
    more = len(report.notes) - _MOST_NOTES
    return found + (["", f"{more} more are in the ledger: {code('ledger note --list')}"] if more > 0 else [])
