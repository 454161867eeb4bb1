"""What may vary from run to run, as a part of a page for people."""

from collections.abc import Sequence
from typing import Any

from ledger.cli.page import Page
from ledger.compare.texts.masks import readable
from ledger.ops.text import count, line, short

Document = dict[str, Any]

_MASKS = 5


def allowed(page: Page, allowances: Sequence[Document]) -> None:
    """Add what holds for a trial."""
    if not allowances:
        return
    page.heading("May vary (taken back by ledger rm ID)")
    page.table(
        ("id", "", "", "allowed", "by"),
        [
            (
                (short(each["id"]), "yellow"),
                each["part"],
                line(each["path"]),
                _allowed(each),
                count(len(each["replays"]), "replay"),
            )
            for each in allowances
        ],
    )
    patterns(page, [(each["path"], each["masks"]) for each in allowances])


def _allowed(allowance: Document) -> str:
    if allowance["content"]:
        return "anything"
    near = f"rtol {float(allowance['rtol']):.3g}, atol {float(allowance['atol']):.3g}"
    if not allowance["masks"]:
        return near
    lines = f"{count(len(allowance['masks']), 'pattern')} of lines"
    return f"{lines}, {near}" if allowance["rtol"] or allowance["atol"] else lines


def patterns(page: Page, masks: Sequence[tuple[str, Sequence[str]]]) -> None:
    """Add the patterns of lines that vary, by path."""
    for path, found in masks:
        for each in found[:_MASKS]:
            page.line((f"    {line(path)}: {line(readable(each))}", "dim"))
        if len(found) > _MASKS:
            page.line((f"    {line(path)}: … and {len(found) - _MASKS} more", "dim"))
