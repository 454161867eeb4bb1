"""What making a search again has shown: the document, and the page for people."""

from typing import Any

from ledger.cli import common, marks
from ledger.cli.page import Page
from ledger.errors import IncomparableError, MismatchError
from ledger.model import Verdict
from ledger.model.jsonform import to_json
from ledger.ops.replay import Replayed, ReplayOptions
from ledger.ops.result_documents import replay_document
from ledger.ops.text import count, duration, line
from ledger.ops.tune.replay import Member, SearchReplayed


def show(found: SearchReplayed, options: ReplayOptions, *, as_json: bool) -> int:
    """Print it; return the exit code."""
    ready = options.dry_run and all(each.replayed is None or each.replayed.ready for each in found.members)
    if as_json:
        common.emit(search_document(found))
    else:
        _page(found, ready=ready and not found.findings).show()
    if ready:
        return MismatchError.exit_code if found.findings else 0
    return {
        Verdict.IDENTICAL: 0,
        Verdict.EQUIVALENT: MismatchError.exit_code if options.strict else 0,
        Verdict.DIVERGED: MismatchError.exit_code,
        Verdict.INCOMPARABLE: IncomparableError.exit_code,
    }[found.verdict]


def search_document(found: SearchReplayed) -> dict[str, Any]:
    """A search that was made again: the form ``search-replay.v1``."""
    return {
        "experiment": to_json(found.experiment),
        "search": str(found.search),
        "verdict": str(found.verdict),
        "proposals": found.proposals,
        "findings": to_json(found.findings),
        "trials": [
            {
                "number": each.number,
                "trial": str(each.trial.id),
                "verdict": None if each.verdict is None else str(each.verdict),
                "replay": None if each.replayed is None else _replay(each.replayed),
                "receipt": None if each.receipt is None else str(each.receipt.id),
                "reason": each.reason,
            }
            for each in found.members
        ],
    }


def _replay(done: Replayed) -> dict[str, Any]:
    return replay_document(done.result, id=done.entry_id, time=done.time)


def _page(found: SearchReplayed, *, ready: bool) -> Page:
    page = Page()
    word, style = ("it can be made again", "green") if ready else marks.mark(found.verdict)
    page.line((word, f"bold {style}"))
    page.pairs(
        [
            ("search", f"{line(found.experiment)}, {found.search.short}"),
            ("proposals", f"{found.proposals} computed again, {count(len(found.findings), 'finding')}"),
        ]
    )
    for each in found.findings:
        page.heading(f"{each.what}: {line(each.where)}")
        page.pairs([("expected", line(each.expected or "")), ("got", line(each.got or ""))])
    page.table(
        ("number", "trial", "verdict", "took", "why"),
        [(str(each.number), each.trial.id.short, *_shown(each), line(_why(each))) for each in found.members],
        right=("took",),
        indent=0,
    )
    return page


def _shown(each: Member) -> tuple[tuple[str, str], str]:
    if each.verdict is None:
        return ("not run", "dim"), ""
    if each.replayed is None:
        return marks.mark(each.verdict), "by receipt"
    if each.replayed.ready:
        return ("ready", "green"), ""
    outcome = each.replayed.result.outcome
    return marks.mark(each.verdict), duration(outcome.duration_s) if outcome else ""


def _why(each: Member) -> str:
    if each.reason is not None:
        return each.reason
    causes = each.replayed.result.causes if each.replayed is not None and not each.replayed.ready else ()
    return causes[0].cause if causes else ""
