"""Digests that the index leaves to the journal: of each trial it tells the entry that has one.

A digest has no pattern, and takes as much room in the index as it took in the segment; few ask for one.
"""

import numpy as np
from numpy.typing import NDArray

from ledger.journal import events
from ledger.journal.held import RECIPE, START, Held
from ledger.journal.pieces import DIGEST, Piece, array_of, compact, table_of_rows
from ledger.journal.positions import Logs
from ledger.journal.sealed_rows import IrregularError

COLUMNS = {"id": (START, "leaf"), "recipe": (RECIPE, "recipe")}
"""What has such digests: where the index tells of them, and their column in a segment."""


def column(held: Held, logs: Logs, name: str) -> list[Piece]:
    """The values under one of `COLUMNS`, read from the journal, each once.

    Raises
    ------
    DamagedIndexError
        If the index is damaged.
    IrregularError
        If a log is.
    """
    found = rows(held, logs, name)
    if found is None:
        return []
    numbers, digests = found
    table, values = table_of_rows(digests)
    return [Piece(DIGEST, compact(numbers), values, table)]


def rows(held: Held, logs: Logs, name: str) -> tuple[NDArray[np.uint32], NDArray[np.uint8]] | None:
    """Numbers of trials, and the 32 bytes that each has under one of `COLUMNS`; None where none has any.

    To sort them, as `column` does, takes far longer than to read them. Raises as that does.
    """
    key, stored = COLUMNS[name]
    told = list(held.pieces(key))
    if not told:
        return None
    numbers = np.concatenate([array_of(piece.numbers) for piece in told])
    places = np.concatenate([piece.values for piece in told]).astype(np.int64)
    order = np.argsort(numbers, kind="stable")
    numbers, places = numbers[order], places[order]
    entries, origins, seqs = events.collected(held.stretches)
    which = np.searchsorted(entries, numbers) + places
    if int(which.max()) >= len(entries) or not np.array_equal(entries[which], numbers):
        raise IrregularError("an index that tells of entries that it does not have")
    found = np.empty((len(numbers), 32), np.uint8)
    for origin in np.unique(origins[which]).tolist():
        of = origins[which] == origin
        found[of] = logs.by_origin[held.origins[origin]].digests(stored, seqs[which[of]])
    return numbers, found
