"""All trials as columns: from the index where there is one, and otherwise from what the journal holds."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ledger.journal.pieces import NULL, Piece, joined, pack
from ledger.model import Digest, Trial, Value
from ledger.model.frozen import frozen
from ledger.ops.columns import FIELD, PARAMETER, Key
from ledger.ops.indexed import asked
from ledger.ops.scope import Scope
from ledger.ops.sparse import described
from ledger.ops.trials import Receipt
from ledger.ui.source import Source

if TYPE_CHECKING:
    from ledger.journal.held import Held
    from ledger.journal.positions import Logs

LAST = "last"
FIELDS = (
    "name",
    "experiment",
    "status",
    "tag",
    "started",
    "duration_s",
    "peak_memory",
    "exit_code",
    "seed",
    "commit",
    "branch",
    "dirty",
    "message",
)
"""The fields that are shown, in their order."""


@frozen
class Rows:
    """Trials, oldest first, and their values."""

    indexed: bool
    """Whether the numbers are those of the index: numbers of one kind mean nothing to the other."""
    numbers: NDArray[np.uint32]
    """Of each row."""
    ids: NDArray[np.uint8]
    """Of each row, 32 bytes."""
    columns: Mapping[Key, Sequence[Piece]]
    """Values by trial number, one piece for each kind; `FIELDS`, then hyperparameters, then last values."""


def read(source: Source, experiment: str | None = None) -> Rows:
    """All trials of a ledger that are not removed, or those of an experiment.

    Raises
    ------
    NotFoundError
        If there is no such experiment.
    """
    found = asked(source.workspace.journal, lambda held, logs: _indexed(held, logs, experiment))
    if found is not None:
        return found
    trials = source.trials()
    return _of_trials(
        trials.ordered if experiment is None else trials.of_experiment(experiment), trials.receipts
    )


def _indexed(held: "Held", logs: "Logs", experiment: str | None) -> Rows:
    scope = Scope(held, logs, experiment)
    numbers = np.flatnonzero(scope.present).astype(np.uint32)
    keys = [key for key in _keys(held.keys()) if experiment is None or key[0] == FIELD or scope.has(key)]
    columns = {key: _by_kind(scope.column(key)) for key in keys}
    return Rows(indexed=True, numbers=numbers, ids=scope.ids()[numbers], columns=columns)


def _of_trials(trials: Sequence[Trial], receipts: Mapping[Digest, Sequence[Receipt]]) -> Rows:
    pairs: dict[Key, list[tuple[int, Value]]] = {}
    for number, trial in enumerate(trials):
        for key, value in described(trial, receipts.get(trial.id, ())).items():
            pairs.setdefault(key, []).append((number, value))
    raw = b"".join(bytes(trial.id) for trial in trials)
    return Rows(
        indexed=False,
        numbers=np.arange(len(trials), dtype=np.uint32),
        ids=np.frombuffer(raw, np.uint8).reshape(-1, 32),
        columns={key: [each for each in pack(pairs[key]) if each.kind != NULL] for key in _keys(pairs)},
    )


def _keys(known: Any) -> list[Key]:
    """Those that are shown, in their order."""
    found = set(known)
    shown = [(FIELD, name) for name in FIELDS if (FIELD, name) in found]
    return [*shown, *(key for space in (PARAMETER, LAST) for key in sorted(found) if key[0] == space)]


def _by_kind(pieces: Sequence[Piece]) -> list[Piece]:
    kinds: dict[str, list[Piece]] = {}
    for each in pieces:
        kinds.setdefault(each.kind, []).append(each)
    return [joined(each) if len(each) > 1 else each[0] for each in kinds.values()]


def ids(rows: Rows) -> list[Digest]:
    """Of each row."""
    return [Digest(each.tobytes()) for each in rows.ids]
