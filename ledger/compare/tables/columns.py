"""Columns of two tables, of which blocks of rows lie side by side: numbers apart, all else equal or not."""

from collections.abc import Sequence
from itertools import compress
from operator import ne
from typing import Any

from ledger.compare.account import Account, shown
from ledger.compare.numbers import Apart
from ledger.compare.spelled import apart_of, is_number


class Columns:
    """Takes notes of the columns of two tables; `close` tells them.

    Parameters
    ----------
    account
        Is told of all that differs.
    """

    def __init__(self, account: Account) -> None:
        self._account = account
        self.tolerance = account.tolerance
        """How far apart two numbers may be."""
        self._unequal: dict[str, tuple[int, str]] = {}
        """By column: how many values that are no numbers differ, and the first of them."""

    def numbers(self, column: str, found: Apart) -> None:
        """Note how far apart some numbers of a column are."""
        self._account.add(column, found)

    def unequal(self, column: str, count: int, row: int | None, expected: object, got: object) -> None:
        """Note that `count` values of a column differ, of which the first two are given."""
        first = f"{shown(expected)} and {shown(got)}"
        before, first = self._unequal.get(column, (0, first if row is None else f"row {row}: {first}"))
        self._unequal[column] = before + count, first

    def values(self, column: str, row: int | None, expected: Sequence[Any], got: Sequence[Any]) -> None:
        """Compare plain values of one column, those of `expected` with those of `got`.

        Parameters
        ----------
        column
            Its name.
        row
            Number of the row that the first value is of; None where a row has several.
        expected, got
            As many of each.
        """
        if expected == got:
            self.numbers(column, Apart(compared=sum(map(is_number, expected))))
            return
        both = [is_number(one) and is_number(other) for one, other in zip(expected, got, strict=True)]
        self.numbers(
            column,
            apart_of(list(compress(expected, both)), list(compress(got, both)), self.tolerance),
        )
        rest = [
            place
            for place, unequal in enumerate(map(ne, expected, got))
            if not both[place] and (unequal or type(expected[place]) is not type(got[place]))
        ]
        if rest:
            place = None if row is None else row + rest[0]
            self.unequal(column, len(rest), place, expected[rest[0]], got[rest[0]])

    def close(self) -> None:
        """Tell of the values that are no numbers."""
        for column, (count, first) in self._unequal.items():
            self._account.differ(column, f"{count} values differ, first {first}" if count > 1 else first)
