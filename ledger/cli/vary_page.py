"""Changed conditions, and what they did to a result, as a page for people."""

from ledger.cli import marks
from ledger.cli.diff_page import differences
from ledger.cli.page import Cell, Page, Styled
from ledger.model import Difference, Verdict
from ledger.ops.references import describe
from ledger.ops.text import line
from ledger.ops.varied import Control, Effect, Tried, Varied

_STYLES = {
    Effect.SAME: "green",
    Effect.EQUIVALENT: "green",
    Effect.DIFFERS: "red",
    Effect.UNCLEAR: "yellow",
    Effect.IMPOSSIBLE: "yellow",
    Effect.POSSIBLE: "",
}


def vary_page(varied: Varied) -> Page:
    """The sentence, the control, a table of the conditions, and more on those that did something."""
    page = Page()
    page.line((line(varied.summary), f"bold {_style(varied)}"))
    control = varied.control
    page.pairs(
        [
            ("trial", line(describe(varied.trial))),
            ("control", _control(varied)),
            ("held still", line("; ".join(control.held))),
        ]
    )
    _unlike(page, varied)
    if varied.tried:
        page.heading("Conditions")
        page.table(
            ("", "from", "to", "result", "what differs"),
            [
                (
                    each.condition,
                    line(each.before or ""),
                    line(each.after or ""),
                    (each.effect, _STYLES[each.effect]),
                    _first(each),
                )
                for each in varied.tried
            ],
        )
    for each in varied.tried:
        if each.effect in (Effect.DIFFERS, Effect.UNCLEAR, Effect.EQUIVALENT):
            page.heading(f"{each.condition}: {each.about}")
            differences(page, each.differences, "control", "changed")
            page.pairs([("seen", line(each.reason or "")), ("hint", line(each.hint or ""))])
    impossible = [each for each in varied.tried if each.effect is Effect.IMPOSSIBLE]
    if impossible:
        page.heading("Not tried here")
        for each in impossible:
            page.line((f"  {each.condition}", "bold"))
            page.pairs([("because", line(each.reason or "")), ("hint", line(each.hint or ""))], indent=4)
    return page


def _style(varied: Varied) -> str:
    if varied.depends:
        return "red"
    return "green" if varied.stable and varied.control.verdict in _FINE else "yellow"


_FINE = (Verdict.IDENTICAL, Verdict.EQUIVALENT)


def _control(varied: Varied) -> Cell:
    control = varied.control
    if control.ready:
        return "it can be made again", "green"
    word, style = marks.mark(control.verdict)
    if control.verdict is Verdict.INCOMPARABLE:
        return word, style
    if not varied.stable:
        return f"{word}: its runs differ from one another, with nothing changed", "red"
    if control.verdict is Verdict.DIVERGED:
        return f"{word}: not as recorded, but the same each time: runs are compared with it", "yellow"
    return word, style


def _unlike(page: Page, varied: Varied) -> None:
    """What is not as recorded with nothing changed, and why that may be."""
    control = varied.control
    _listed(page, "Not as recorded, with nothing changed", control.differences, "recorded", "control")
    _listed(page, "Not the same in two runs, with nothing changed", control.varying, "control", "again")
    if control.causes and not _explained(varied, control):
        page.heading("Why")
        for cause in control.causes:
            page.line((f"  {line(cause.cause)}", "bold"))
            page.pairs([("seen", line(cause.evidence)), ("hint", line(cause.hint))], indent=4)


def _explained(varied: Varied, control: Control) -> bool:
    """Whether the condition that was held still is what it depends on, which says more than any guess."""
    names = {each.partition(":")[0] for each in control.held}
    return varied.stable and bool(names & {*varied.depends})


def _listed(page: Page, title: str, found: tuple[Difference, ...], expected: str, got: str) -> None:
    counted = [each for each in found if each.counted]
    if counted:
        page.heading(title)
        differences(page, counted, expected, got)


def _first(tried: Tried) -> Styled:
    """The first thing that differs, and how many more there are."""
    found = [each for each in tried.differences if each.counted]
    if not found or tried.effect is Effect.IMPOSSIBLE:
        return "", ""
    more = f" and {len(found) - 1} more" if len(found) > 1 else ""
    return line(f"{found[0].part} {found[0].path}".strip()) + more, "dim"
