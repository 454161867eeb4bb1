"""What several replays have shown, as a page for people."""

from ledger.cli import marks
from ledger.cli.allowances_page import patterns
from ledger.cli.page import Page
from ledger.ops.calibrate import Calibrated
from ledger.ops.noise import Varying
from ledger.ops.references import describe
from ledger.ops.text import count, line

_MANY = 1_000_000
"""Units in the last place past which nobody counts in them."""


def calibration_page(found: Calibrated) -> Page:
    """What several replays have shown."""
    page = Page()
    verdicts = [str(each.result.verdict) for each in found.replays]
    word, style = marks.replays(verdicts)
    page.line((f"{count(len(verdicts), 'replay')}: {word}", f"bold {style}"))
    page.pairs([("trial", line(describe(found.trial)))])
    if found.incomparable is not None:
        for cause in found.incomparable.result.causes:
            page.pairs(
                [("why", line(cause.cause)), ("seen", line(cause.evidence)), ("hint", line(cause.hint))]
            )
        return page
    if found.unstable is not None:
        page.line((f"{found.unstable}: no tolerance covers that, and nothing was recorded", "red"))
        return page
    if not found.varying:
        page.line("nothing varies: no tolerance is needed")
        return page
    page.heading("What varies")
    page.table(
        ("", "", "differed", "by up to", "relatively", "ULP", ""),
        [_row(each, len(verdicts)) for each in found.varying],
        right=("differed", "by up to", "relatively", "ULP"),
    )
    patterns(page, [(each.path, each.masks) for each in found.varying])
    if found.refused:
        page.heading("Not allowed: this counts whenever it is so again")
        reasons: dict[str, list[str]] = {}
        for each in found.refused:
            reasons.setdefault(each.refused or "", []).append(line(each.path))
        for reason, paths in reasons.items():
            page.line(f"  {', '.join(paths)}: {line(reason)}")
    page.line()
    if not found.allowances:
        page.line("Nothing was recorded.")
        return page
    whose = f"experiment {found.trial.experiment}" if found.trial.experiment else "this trial"
    page.line(
        f"Recorded as what {line(whose)} allows. By chance alone another run differs no more than these did "
        f"with a probability of {found.coverage:.0%}: more replays make it more."
    )
    anything = [line(each.path) for _, each in found.allowances if each.content]
    if anything:
        page.line(
            (f"May be anything, since more than numbers and lines varied: {', '.join(anything)}", "yellow")
        )
    page.line(f"To take one back: ledger rm ID; they are {', '.join(id.short for id, _ in found.allowances)}")
    return page


def _row(varying: Varying, replays: int) -> tuple[str, ...]:
    far = varying.distance
    numbers = ("", "", "")
    if far is not None:
        numbers = (
            f"{far.absolute:.3g}",
            f"{far.relative:.3g}",
            str(far.ulp) if (far.ulp or _MANY) < _MANY else "",
        )
    what = varying.note or (f"{count(len(varying.masks), 'pattern')} of lines" if varying.masks else "")
    return varying.part, line(varying.path), f"{varying.differed} of {replays}", *numbers, line(what)
