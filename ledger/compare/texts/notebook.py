"""Jupyter notebooks by their values, what cells printed line by line; when a cell ran does not count."""

import io
from collections.abc import Iterator
from typing import Any, BinaryIO, Final

from ledger.compare import bytes as byte_by_byte
from ledger.compare.account import Account
from ledger.compare.base import Unfit
from ledger.compare.leaves import of_content
from ledger.compare.texts import text
from ledger.compare.texts.json_values import MOST_BYTES, account_for, parsed

_TIMES: Final = ("execution", "papermill", "ExecuteTime")
"""Keys of a cell's or a notebook's metadata under which front ends and runners write times."""

Place = tuple[str | int, ...]
"""Keys and positions."""


def _compare(expected: BinaryIO, got: BinaryIO, account: Account) -> None:
    sides = [byte_by_byte.read(each, MOST_BYTES + 1) for each in (expected, got)]
    if max(map(len, sides)) > MOST_BYTES:
        raise Unfit(f"more than {MOST_BYTES} bytes of JSON")
    documents = [parsed(each) for each in sides]
    times = [_without_times(each) for each in documents]
    if times[0] != times[1]:
        account.ignore("execution times")
    printed = [dict(_printed(each)) for each in documents]
    for place in [each for each in printed[0] if each in printed[1]]:
        one, other = (side[place].pop(str(place[-1])) for side in printed)
        if one != other:
            inner = account.inner()
            text.compare.content(_file(one), _file(other), inner)
            account.include(".".join(map(str, place)), inner)
    account_for(documents[0], documents[1], account)


def _printed(document: Any) -> Iterator[tuple[Place, dict[str, Any]]]:
    """Where text lies that cells printed or came to, its key last, and the map that has it."""
    for number, cell in enumerate(_list(document, "cells")):
        for place, output in enumerate(_list(cell, "outputs")):
            above: Place = ("cells", number, "outputs", place)
            for path, holder in ((above, output), ((*above, "data"), _get(output, "data"))):
                if isinstance(holder, dict):
                    for key in holder:
                        if (key == "text" or key.startswith("text/")) and _is_text(holder[key]):
                            yield (*path, key), holder


def _get(found: Any, key: str) -> Any:
    return found.get(key) if isinstance(found, dict) else None


def _list(found: Any, key: str) -> list[Any]:
    inner = _get(found, key)
    return inner if isinstance(inner, list) else []


def _is_text(found: Any) -> bool:
    """Whether it is one, or a list of its lines."""
    return isinstance(found, str) or (
        isinstance(found, list) and all(isinstance(each, str) for each in found)
    )


def _file(found: str | list[str]) -> BinaryIO:
    return io.BytesIO("".join(found).encode("utf-8", "surrogatepass"))


def _without_times(document: Any) -> list[Any]:
    """Take the times out of a notebook, and return them."""
    found: list[Any] = []
    for each in (document, *_list(document, "cells")):
        metadata = each.get("metadata") if isinstance(each, dict) else None
        if isinstance(metadata, dict):
            found.append([metadata.pop(key, None) for key in _TIMES])
    return found


compare = of_content(_compare)
