"""Questions to the index of trials, which not every journal has, and which may be damaged."""

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from ledger.journal.base import Journal

if TYPE_CHECKING:
    from ledger.journal.held import Held
    from ledger.journal.positions import Logs

T = TypeVar("T")


def asked(journal: Journal, ask: Callable[["Held", "Logs"], T]) -> T | None:
    """What the index and the logs have to say; a damaged index is made anew once.

    None where there is no index, or the journal is damaged, which only reading all of it gets along with.
    """
    index = journal.trial_index()
    if index is None:
        return None
    from ledger.journal.sealed_rows import IrregularError
    from ledger.journal.stretch import DamagedIndexError
    from ledger.ops import sparse

    for _ in range(2):
        try:
            with sparse.opened(index) as (held, logs):
                return ask(held, logs)
        except DamagedIndexError:
            index.forget()
        except (IrregularError, OSError):
            return None
    return None
