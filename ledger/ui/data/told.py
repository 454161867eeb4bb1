"""What the index tells of trials, by their numbers in it: enough to name them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ledger.model import Digest, Value
from ledger.ops.columns import FIELD
from ledger.ops.scope import Scope, as_recorded
from ledger.ui.data import Document

if TYPE_CHECKING:
    from ledger.journal.held import Held
    from ledger.journal.positions import Logs

SHORT = ("name", "experiment", "status", "started")


class Columns:
    """The trials of an index.

    Parameters
    ----------
    held, logs
        The index, and the logs that it is of.
    """

    def __init__(self, held: "Held", logs: "Logs") -> None:
        self._scope = Scope(held, logs, None)

    def experiments(self) -> dict[int, str]:
        """The experiment of each trial that is of one; of those that were taken back, too."""
        found = self._values("experiment", None)
        return {number: str(name) for number, name in found.items()}

    def by_id(self) -> dict[bytes, str | None]:
        """The experiment of each trial that was not taken back, by the 32 bytes of its id; None: of none."""
        own, raw = self.experiments(), self._scope.ids().tobytes()
        numbers = np.flatnonzero(self._scope.present).tolist()
        return {raw[32 * number : 32 * number + 32]: own.get(number) for number in numbers}

    def short(self, numbers: Sequence[int]) -> list[Document]:
        """Some trials in short: ``id`` and `SHORT`."""
        raw = self._scope.ids()
        columns = {name: self._values(name, numbers) for name in SHORT}
        return [
            {"id": str(Digest(raw[number].tobytes()))}
            | {name: values.get(number) for name, values in columns.items()}
            for number in numbers
        ]

    def _values(self, name: str, wanted: Sequence[int] | None) -> dict[int, Value]:
        """Of each trial that has one."""
        found: dict[int, Value] = {}
        for piece in self._scope.column((FIELD, name)):
            numbers, values = np.array(piece.numbers, np.uint32), piece.values
            if wanted is not None:
                there = np.isin(numbers, np.array(wanted, np.uint32))
                numbers, values = numbers[there], values[there]
            words = {code: as_recorded(piece, code) for code in np.unique(values).tolist()}
            found.update(zip(numbers.tolist(), map(words.__getitem__, values.tolist()), strict=True))
        return found
