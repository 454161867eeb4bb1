"""Notes on experiments, found through the index: nothing else of the journal is read."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ledger.errors import NotFoundError
from ledger.journal.order import merged
from ledger.model import Note
from ledger.ops import query
from ledger.ops.scope import Scope
from ledger.ops.trials import Trials

if TYPE_CHECKING:
    from ledger.journal.held import Held
    from ledger.journal.positions import Logs


def on_experiments(held: "Held", logs: "Logs", names: Sequence[str]) -> Trials | None:
    """All notes, and no trial; None where the index knows no trial of one of the experiments.

    Such an experiment may still be: a search may have adopted all of its trials.

    Raises
    ------
    DamagedIndexError
        If the index is damaged.
    IrregularError
        If a log is.
    """
    try:
        for name in names:
            Scope(held, logs, name)
    except NotFoundError:
        return None
    noted = {origin: iter(log.of_kind(Note.kind)) for origin, log in logs.by_origin.items()}
    return query.fold(merged(noted))
