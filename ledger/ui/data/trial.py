"""One trial, as ``ledger show --json`` tells it."""

from ledger.ops.documents import in_full, trial_document
from ledger.ui.data import Document, Query
from ledger.ui.source import Source


def answer(source: Source, query: Query) -> Document:
    """All that is recorded of the trial ``ref``, each file on its own: the form ``trial.v1``.

    Raises
    ------
    NotFoundError, AmbiguousError
        If the reference means none, or more than one.
    """
    trial, trials = source.around(query.get("ref") or "@")
    store = source.workspace.store
    return trial_document(in_full(trial, store), trials, store)
