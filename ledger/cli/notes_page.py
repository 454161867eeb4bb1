"""Notes as people read them."""

from collections.abc import Sequence
from typing import Any

from ledger.cli.page import Cell, Page
from ledger.ops.text import count, line, moment, short

_STYLES = {"good": "green", "bad": "bold red", "unchecked": "yellow"}


def notes(
    page: Page, found: Sequence[dict[str, Any]], heading: str = "Notes", on: Sequence[str] | None = None
) -> None:
    """Add notes, if there are any.

    Parameters
    ----------
    page
        Where to.
    found
        Documents of the form ``notes.v1``.
    heading
        What stands above them.
    on
        What each is on, where the page does not say it.
    """
    if not found:
        return
    page.heading(heading)
    for place, each in enumerate(found):
        about = on[place] if on is not None else _about(each)
        page.line((f"  {short(each['id'])}  {moment(each['time'])} UTC, {line(each['author'])}", "dim"))
        if about:
            page.line((f"    on {line(about)}", "cyan"))
        for text in each["text"].splitlines():
            page.line(f"    {line(text)}", verbatim=True)
        for told in (_signed(each), _before(each)):
            if told is not None:
                page.line(told)


def _about(note: dict[str, Any]) -> str:
    """Of a note on a page about one trial or experiment, what else it is on."""
    if note["against"]:
        return f"the diff of {', '.join(short(each) for each in (note['trial'], *note['against']))}"
    if note["against_experiments"]:
        return f"the diff of experiments {', '.join((note['experiment'], *note['against_experiments']))}"
    if note["metric"] is None:
        return ""
    return note["metric"] if note["step"] is None else f"{note['metric']} at step {note['step']}"


def _signed(note: dict[str, Any]) -> Cell | None:
    state = note["signed"]
    if state == "unsigned":
        return None
    told = {
        "good": f"signed by {line(note['key'] or '')}",
        "bad": f"its signature does not hold: {line(note['reason'] or '')}",
        "unchecked": f"its signature is not checked: {line(note['reason'] or '')}",
    }[state]
    return (f"    {told}", _STYLES[state])


def _before(note: dict[str, Any]) -> Cell | None:
    before = note["before"]
    if not before:
        return None
    others = list(dict.fromkeys(each["author"] for each in before if each["author"] != note["author"]))
    by = f", in place of what {line(', '.join(others))} had written" if others else ""
    lost = ""
    if any(each["key"] not in (None, note["key"]) for each in before):
        lost = f"; what was signed is now {'signed by another key' if note['key'] else 'not signed'}"
    return (f"    corrected {count(len(before), 'time')}{by}{lost}", "yellow" if by or lost else "dim")
