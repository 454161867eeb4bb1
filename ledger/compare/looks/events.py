"""What TensorBoard wrote, tag by tag."""

from typing import Any, BinaryIO, cast

from ledger.compare.base import Unfit
from ledger.compare.looks import ROWS, cut, fitting
from ledger.compare.tables import event_files
from ledger.formats import Malformed


def look(descriptor: int) -> dict[str, Any]:
    """The tags of an open file of events.

    Returns
    -------
    dict
        ``kind`` (table), ``format``, ``columns``, ``rows`` (a tag, how many values it has, the first step and
        the last, the last value), ``more``, and ``why`` not all was read.

    Raises
    ------
    Unfit
        If it has none.
    """
    why = None
    with open(descriptor, "rb", closefd=False) as file:
        events = event_files.Events()
        try:
            for payload in event_files.payloads_of(cast(BinaryIO, file)):
                events.add(payload)
        except (Malformed, Unfit) as error:
            why = cut(str(error))
    if not events.tags and not events.others:
        raise Unfit(why or "no events")
    lines = [_line(name, tag) for name, tag in events.tags.items()]
    lines += [
        [f"hyperparameter {name}", "", "", "", cut(str(each))]
        for name, each in events.hyperparameters.items()
    ]
    rows = fitting(lines[:ROWS])
    columns = ["tag", "values", "first step", "last step", "last value"]
    more = why is not None or len(rows) < len(lines)
    return {
        "kind": "table",
        "format": "TensorBoard events",
        "columns": columns,
        "rows": rows,
        "more": more,
        "why": why,
    }


def _line(name: str, tag: event_files.Tag) -> list[str]:
    steps = [*tag.steps, *(step for step, _ in tag.payloads)]
    last = f"{tag.values[-1]:.6g}" if tag.values else "no number"
    return [cut(name), str(len(steps)), str(min(steps)), str(max(steps)), last]
