"""The parts of a page that say how far it can be believed: replays, records, notes, proofs."""

from ledger.model.jsonform import rfc3339
from ledger.ops.note_html import htmls
from ledger.ops.text import count, line, moment
from ledger.reports.embedded import block
from ledger.reports.html.elements import NOTHING, Markup, data_table, joined, pairs, section, tag
from ledger.reports.noted import heading
from ledger.reports.report import Report

_MOST_RECEIPTS = 200
_MOST_NOTES = 100


def replays(report: Report) -> Markup:
    """Receipts, the newest first."""
    if not report.receipts:
        return NOTHING
    shown = report.receipts[::-1][:_MOST_RECEIPTS]
    rows = [
        (
            tag("span", str(receipt.replay.verdict), class_=f"mark {receipt.replay.verdict}"),
            tag("code", trial.id.short),
            line(trial.name or ""),
            moment(rfc3339(receipt.time)),
            report.hosts[receipt.replay.host],
            receipt.replay.mode,
            len([each for each in receipt.replay.differences if each.counted]) or "",
        )
        for trial, receipt in shown
    ]
    header = ("verdict", "trial", "name", "when (UTC)", "host", "environment", "differences")
    more = len(report.receipts) - len(shown)
    said = tag("p", f"{more:,} older ones are in the ledger.", class_="dim") if more else None
    return section("replays", "Replays", data_table(header, rows, caption="Replays", right=(6,)), said)


def health(report: Report) -> Markup:
    """What is missing in records."""
    rows = [
        (
            each.part,
            each.state,
            each.reason,
            count(len(each.trials), "trial"),
            ", ".join(trial.id.short for trial in each.trials[:3]) + (" …" if len(each.trials) > 3 else ""),
        )
        for each in report.faulty
    ]
    if not rows:
        return section("health", "Records", tag("p", "Nothing is missing in any of them."))
    header = ("part", "state", "why", "of", "such as")
    return section("health", "Records", data_table(header, rows, caption="What records lack"))


def notes(report: Report) -> Markup:
    """What people say about it."""
    shown = report.notes[:_MOST_NOTES]
    found = [
        tag(
            "article",
            tag("header", heading(about, remark)),
            _scrolling(html),
            class_="note",
        )
        for (about, remark), html in zip(shown, htmls(remark.note.text for _, remark in shown), strict=True)
    ]
    more = len(report.notes) - len(shown)
    return section("notes", "Notes", *found, tag("p", f"{more} more are in the ledger.") if more else None)


def _scrolling(html: str) -> Markup:
    """A note's HTML, of which what is too wide scrolls, and can be reached by the keyboard to be."""
    found = html.replace("<pre>", '<pre tabindex="0">').replace("</table>", "</table></div>")
    return Markup(found.replace("<table>", '<div class="scroll" tabindex="0"><table>'))


def proofs(report: Report) -> Markup:
    """Heads, and the proofs themselves as data that nothing runs."""
    signed = report.signed
    proven = [each for each in report.focused if each.proof is not None]
    found = pairs(
        [
            ("entries", f"{report.head.size:,}"),
            *(
                (f"root of {each.origin.hex()[:8]}", tag("code", str(each.root)))
                for each in report.head.origins
            ),
            ("signed head", None if signed is None else tag("code", str(signed.digest))),
            ("signed by", None if signed is None else ", ".join(each.key for each in signed.signatures)),
            ("not signed", report.unsigned),
            (
                "proven here",
                f"{count(len(proven), 'trial')}: " + ", ".join(each.trial.id.short for each in proven)
                if proven
                else "no trial",
            ),
            *(_how_to_check(report) if proven else ()),
        ]
    )
    said = tag(
        "p",
        "A proof shows that a trial's record is in a head and was not changed since. It says nothing of the"
        " drawings and tables of this page: what is proven of each trial is printed when it is checked.",
    )
    blocks = [Markup(block(each.proof, each.trial.id.short)) for each in proven if each.proof is not None]
    return joined((section("proofs", "Proofs", found, said), *blocks))


def _how_to_check(report: Report) -> list[tuple[str, Markup]]:
    checking = "ledger verify THIS-FILE.html"
    found = [("check it where the ledger is", tag("code", checking, class_="copy"))]
    if report.signed is not None:
        return [*found, ("elsewhere", tag("code", f"{checking} --key PUBLIC.pub", class_="copy"))]
    told = tag("code", f"{checking} --head HEAD"), " with a head that you had from who made this"
    return [*found, ("elsewhere", joined(told))]
