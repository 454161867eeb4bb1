"""JSON lines by their values, line by line."""

from collections.abc import Iterator
from itertools import zip_longest
from typing import Any, BinaryIO, Final

from ledger.compare.account import Account
from ledger.compare.base import Unfit
from ledger.compare.leaves import of_content
from ledger.compare.texts.json_values import account_for, parsed

_LONGEST: Final = 4_000_000
"""Bytes of a line."""


def _compare(expected: BinaryIO, got: BinaryIO, account: Account) -> None:
    for number, (one, other) in enumerate(zip_longest(_lines(expected), _lines(got)), start=1):
        if one is None or other is None:
            account.differ(f"line {number}", f"the {'first' if one is None else 'second'} has no such line")
            return
        if one != other:
            account_for(parsed(one), parsed(other), account, f"line {number}")


def _lines(file: BinaryIO) -> Iterator[Any]:
    """Lines that are not blank."""
    while line := file.readline(_LONGEST + 1):
        if len(line) > _LONGEST:
            raise Unfit(f"a line of more than {_LONGEST} bytes")
        if line := line.strip():
            yield line


compare = of_content(_compare)
