"""A comparison as a page for people."""

from collections.abc import Iterable, Sequence

from ledger.cli.page import Page
from ledger.cli.text import clean, exact, line, short
from ledger.model import Difference, Digest
from ledger.ops.diff import Compared
from ledger.ops.query import Trials
from ledger.ops.references import describe

_SHOWN = 60
"""Differences of a section that are listed."""
_STYLES = {"+": "green", "-": "red", "@": "cyan", "#": "yellow"}


def diff_page(
    compared: Compared, trials: Trials, chosen: Sequence[str], text: Iterable[str] | None = None
) -> Page:
    """The chosen sections, and the code's unified diff if there is one."""
    page = Page()
    page.line(("a  " + _side(compared, compared.a, trials), "bold"))
    page.line(("b  " + _side(compared, compared.b, trials), "bold"))
    page.line(line(compared.diff.summary))
    for name in chosen:
        found = compared.diff.sections[name]
        if found:
            page.heading(name.capitalize())
            differences(page, found, "a", "b")
        if name == "code" and text is not None:
            unified(page, text)
    if compared.diff.problems:
        page.heading("Not readable, and so not compared")
        page.table(
            ("part", "object", "reason"),
            [(each.part, short(each.object), line(each.reason)) for each in compared.diff.problems],
        )
    return page


def differences(page: Page, found: Sequence[Difference], expected: str, got: str) -> None:
    """Add a table of differences; one that does not count is dim."""
    page.table(
        ("", expected, got, ""),
        [
            (
                (line(each.path), "" if each.counted else "dim"),
                (_value(each.expected), "red" if each.counted else "dim"),
                (_value(each.got), "green" if each.counted else "dim"),
                ("; ".join(filter(None, [_detail(each), None if each.counted else "not counted"])), "dim"),
            )
            for each in found[:_SHOWN]
        ],
    )
    if len(found) > _SHOWN:
        page.line((f"  … and {len(found) - _SHOWN} more: --json", "dim"))


def unified(page: Page, text: Iterable[str]) -> None:
    """Add a unified diff."""
    for number, each in enumerate(text):
        if number == 0:
            page.line()
        page.line((clean(each.rstrip("\n")), _STYLES.get(each[:1], "")))


def _side(compared: Compared, name: str, trials: Trials) -> str:
    if compared.kind == "experiments":
        return f"experiment {line(name)} ({len(trials.of_experiment(name))} trials)"
    return line(describe(trials.by_id[Digest.parse(name)]))


def _detail(each: Difference) -> str | None:
    """What the two cells beside it do not say already."""
    if each.detail is None or each.detail.startswith("only the "):
        return None
    return line(each.detail)


def _value(found: object) -> str:
    if found is None:
        return "-"
    text = exact(found)
    return short(text) if text.startswith("b3:") else text
