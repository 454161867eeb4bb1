"""JSON by its values: the order of keys and white space do not count, and numbers may be near each other."""

import json
from typing import Any, BinaryIO

from ledger.compare import bytes as byte_by_byte
from ledger.compare.account import Account, is_number
from ledger.compare.base import Unfit
from ledger.compare.leaves import of_content
from ledger.compare.numbers import equal

MOST_BYTES = 16_000_000
"""Larger contents are compared byte for byte."""
_MOST_CONTAINERS = 500_000
"""In a document; an empty one takes twenty times as much memory as it has letters."""
_VOLATILE = {"model_info.model_guid": "model names", "model_info.train_finish_time": "time stamps"}
"""Of models that CatBoost wrote: what is another in each training."""
_LONGEST = 60


def compare_values(expected: BinaryIO, got: BinaryIO, account: Account) -> None:
    """Compare two contents as JSON.

    Raises
    ------
    Unfit
        If either is no JSON, has a key twice, or is too large.
    """
    sides = [byte_by_byte.read(each, MOST_BYTES + 1) for each in (expected, got)]
    if max(map(len, sides)) > MOST_BYTES:
        raise Unfit(f"more than {MOST_BYTES} bytes of JSON")
    account_for(parsed(sides[0]), parsed(sides[1]), account)


compare = of_content(compare_values)


def account_for(expected: Any, got: Any, account: Account, place: str = "") -> None:
    """Compare two documents."""
    try:
        _account(expected, got, account, place)
    except RecursionError:
        raise Unfit("nested too deep") from None


def parsed(content: bytes) -> Any:
    """A document that nobody reads otherwise; else raises `Unfit`."""
    if content.count(b"[") + content.count(b"{") > _MOST_CONTAINERS:
        raise Unfit(f"more than {_MOST_CONTAINERS} lists and maps")
    try:
        return json.loads(content, object_pairs_hook=unique)
    except RecursionError:
        raise Unfit("nested too deep") from None
    except ValueError as error:
        raise Unfit(f"no plain JSON: {error}"[:_LONGEST]) from None


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A map of these pairs."""
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a key is there twice")  # and readers disagree on what that means
    return made


def _account(left: Any, right: Any, account: Account, path: str) -> None:
    if isinstance(left, dict) and isinstance(right, dict):
        for key in dict.fromkeys((*left, *right)):
            inside = f"{path}.{key}" if path else key
            if inside in _VOLATILE and left.get(key) != right.get(key):
                account.ignore(_VOLATILE[inside])
            elif key not in left or key not in right:
                account.only(inside, first=key in left)
            else:
                _account(left[key], right[key], account, inside)
    elif isinstance(left, list) and isinstance(right, list):
        if len(left) != len(right):
            account.differ(path, f"{len(left)} and {len(right)} members")
            return
        for place, (one, other) in enumerate(zip(left, right, strict=True)):
            _account(one, other, account, f"{path}.{place}" if path else str(place))
    elif is_number(left) and is_number(right):
        if equal(left, right):
            account.agree(1)
        else:
            account.values(path, left, right)
    elif type(left) is not type(right) or left != right:
        account.differ(path, f"{_shown(left)} and {_shown(right)}")


def _shown(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
