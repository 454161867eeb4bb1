"""Some of a ledger's trials as the index has them: which there are, and what they have under a name."""

from collections.abc import Container, Iterable, Sequence
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from ledger.journal import digests, pieces
from ledger.journal.held import AGREED, HELD, REMOVED, Held
from ledger.journal.pieces import Piece, array_of, place_of
from ledger.journal.positions import Logs
from ledger.model import Digest, Value
from ledger.model.jsonform import rfc3339
from ledger.ops import references
from ledger.ops.columns import FIELD, PARAMETER, Key
from ledger.ops.machines import Machines

EXPERIMENT: Key = (FIELD, "experiment")
MACHINES: Key = (FIELD, "machines")


class Scope:
    """Trials whose names and values count.

    Parameters
    ----------
    held
        The index.
    logs
        The logs that it is of.
    experiment
        Only its trials; all that are not removed where it is None.
    machines
        What tells machines apart; without it, each host is one of its own.

    Raises
    ------
    NotFoundError
        If there is no such experiment.
    DamagedIndexError
        If the index is damaged.
    """

    def __init__(
        self, held: Held, logs: Logs, experiment: str | None, machines: Machines | None = None
    ) -> None:
        self._held = held
        self._logs = logs
        self._machines = machines or Machines()
        self.total = held.total
        """Numbers that trials have, removed ones too."""
        self.present = self._mask(held.pieces(HELD)) & ~self._mask(held.pieces(REMOVED))
        """Which of them are meant."""
        self.all = int(np.count_nonzero(self.present))
        """Trials that are not removed."""
        if experiment is not None:
            self.present &= self._of_experiment(experiment)
        self.parameters: Container[str] = _Names(self, PARAMETER)
        self.metrics: Container[str] = _Names(self, "last")

    @property
    def empty(self) -> bool:
        """Whether there is no trial at all."""
        return not self.present.any()

    def every(self) -> Iterable[str]:
        """All names of hyperparameters, then all of metrics."""
        keys = list(self._held.keys())
        for space, names in ((PARAMETER, self.parameters), ("last", self.metrics)):
            yield from (name for kind, name in keys if kind == space and name in names)

    def column(self, key: Key) -> list[Piece]:
        """The values under a key, also of trials that are not meant; nothing is no value."""
        space, name = key
        if space == FIELD and name in digests.COLUMNS:
            return digests.column(self._held, self._logs, name)
        if key == MACHINES:
            return [self._counted(piece) for piece in self._held.pieces(AGREED)]
        return [piece for piece in self._held.pieces(key) if piece.kind != pieces.NULL]

    def ids(self) -> NDArray[np.uint8]:
        """The 32 bytes of each trial's id, by its number; zeros where the index has a number and no trial."""
        found = np.zeros((self.total, 32), np.uint8)
        told = digests.rows(self._held, self._logs, "id")
        if told is not None:
            found[told[0]] = told[1]
        return found

    def has(self, key: Key) -> bool:
        """Whether a trial that is meant has the name, be it with nothing as its value."""
        return any(bool(self.present[place_of(piece.numbers)].any()) for piece in self._held.pieces(key))

    def first(self, column: Sequence[Piece]) -> Value:
        """The value of the oldest trial that is meant and has one; None where none has."""
        found: tuple[int, Value] | None = None
        for piece in column:
            places = np.flatnonzero(self.present[place_of(piece.numbers)])
            if len(places) and (found is None or int(piece.numbers[places[0]]) < found[0]):
                value = as_recorded(piece, piece.values[places[0]].item())
                found = int(piece.numbers[places[0]]), value
        return None if found is None else found[1]

    def _counted(self, piece: Piece) -> Piece:
        """On how many machines results agreed, from where they did."""
        counts = np.zeros(len(piece.table or ()), np.int64)
        for code in range(len(counts)):
            hosts = as_recorded(piece, code)
            counts[code] = self._machines.among(Digest.parse(str(each)) for each in cast("tuple[str]", hosts))
        return Piece(pieces.INT, piece.numbers, counts[piece.values])

    def _mask(self, found: Iterable[Piece]) -> NDArray[np.bool_]:
        mask = np.zeros(self.total, np.bool_)
        for piece in found:
            mask[place_of(piece.numbers)] = True
        return mask

    def _of_experiment(self, name: str) -> NDArray[np.bool_]:
        mask = np.zeros(self.total, np.bool_)
        oldest: dict[str, int] = {}
        for piece in self.column(EXPERIMENT):
            numbers = array_of(piece.numbers)
            there = self.present[numbers]
            for code, place in zip(*np.unique(piece.values[there], return_index=True), strict=True):
                each, number = str(as_recorded(piece, code.item())), int(numbers[there][place])
                oldest[each] = min(number, oldest.get(each, number))
                if each == name:
                    mask[numbers[piece.values == code]] = True
        if name not in oldest:
            raise references.no_experiment(name, sorted(filter(None, oldest), key=lambda each: oldest[each]))
        return mask


class _Names:
    def __init__(self, scope: Scope, space: str) -> None:
        self._scope = scope
        self._space = space

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self._scope.has((self._space, name))


def as_recorded(piece: Piece, held: Any) -> Value:
    """A value as a trial has it, from how a piece holds it."""
    if piece.kind == pieces.TIME:
        return rfc3339(1000 * int(held))
    value: Value = held if piece.table is None else piece.table.value(held)
    return value
