"""A comparison as a page for people."""

import math
from collections.abc import Iterable, Sequence

from ledger.cli.page import Page
from ledger.model import Difference, Digest
from ledger.ops import diff_stat
from ledger.ops.diff import Compared
from ledger.ops.references import describe
from ledger.ops.text import clean, count, exact, line, short
from ledger.ops.trials import Trials

_SHOWN = 60
"""Differences of a section that are listed."""
_STAT = 40
"""Letters of the longest row of plus and minus signs."""
_STYLES = {"+": "green", "-": "red", "@": "cyan", "#": "yellow"}


def diff_page(
    compared: Compared,
    trials: Trials | None,
    chosen: Sequence[str],
    text: Iterable[str] | None = None,
    *,
    stat: bool = False,
) -> Page:
    """The chosen sections, and the code's unified diff if there is one, or how many lines it has.

    Of experiments how their metrics compare comes first, if metrics are among them.
    """
    page = Page()
    page.line(("a  " + _side(compared, 0, trials), "bold"))
    page.line(("b  " + _side(compared, 1, trials), "bold"))
    if compared.experiments is None:
        page.line(line(compared.diff.summary))
    else:
        from ledger.cli import compare_page  # of no use to trials

        compare_page.sentences(page, compared.experiments)
        if "metrics" in chosen:
            compare_page.comparisons(page, compared.experiments, compared.a, compared.b)
    for name in chosen:
        found = compared.diff.sections[name]
        if found:
            page.heading(name.capitalize())
            differences(page, found, "a", "b")
        if name == "code" and text is not None:
            (_stat if stat else unified)(page, text)
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
        page.line((clean(each.rstrip("\n")), _STYLES.get(each[:1], "")), verbatim=True)


def _stat(page: Page, text: Iterable[str]) -> None:
    """Add how many lines a unified diff adds and removes in each file."""
    found = diff_stat.stat(text)
    most = max((each.added + each.removed for each in found), default=0)
    share = min(1.0, _STAT / most) if most else 0.0
    page.line()
    page.table(
        ("file", "+", "-", "", ""),
        [
            (
                line(each.path),
                str(each.added),
                str(each.removed),
                "+" * math.ceil(each.added * share) + "-" * math.ceil(each.removed * share),
                line(each.note or ""),
            )
            for each in found
        ],
        right=("+", "-"),
    )


def _side(compared: Compared, place: int, trials: Trials | None) -> str:
    name = (compared.a, compared.b)[place]
    found = compared.experiments
    if found is not None:
        side = (found.pairing.a, found.pairing.b)[place]
        what = "experiment " if compared.kind == "experiments" else ""
        return f"{what}{line(name)} ({count(len(side) + side.others, 'trial')})"
    return line(describe(trials.by_id[Digest.parse(name)])) if trials is not None else line(name)


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
