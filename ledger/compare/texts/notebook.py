"""Jupyter notebooks by their values; when a cell ran does not count."""

from typing import Any, BinaryIO, Final

from ledger.compare import bytes as byte_by_byte
from ledger.compare.account import Account
from ledger.compare.base import Unfit
from ledger.compare.leaves import of_content
from ledger.compare.texts.json_values import MOST_BYTES, account_for, parsed

_TIMES: Final = ("execution", "papermill", "ExecuteTime")
"""Keys of a cell's or a notebook's metadata under which front ends and runners write times."""


def _compare(expected: BinaryIO, got: BinaryIO, account: Account) -> None:
    sides = [byte_by_byte.read(each, MOST_BYTES + 1) for each in (expected, got)]
    if max(map(len, sides)) > MOST_BYTES:
        raise Unfit(f"more than {MOST_BYTES} bytes of JSON")
    documents = [parsed(each) for each in sides]
    times = [_without_times(each) for each in documents]
    if times[0] != times[1]:
        account.ignore("execution times")
    account_for(documents[0], documents[1], account)


def _without_times(document: Any) -> list[Any]:
    """Take the times out of a notebook, and return them."""
    cells = document.get("cells") if isinstance(document, dict) else None
    found: list[Any] = []
    for each in (document, *(cells if isinstance(cells, list) else ())):
        metadata = each.get("metadata") if isinstance(each, dict) else None
        if isinstance(metadata, dict):
            found.append([metadata.pop(key, None) for key in _TIMES])
    return found


compare = of_content(_compare)
