"""Whether the ledger, or a trial that runs here, has moved since the page looked last."""

from ledger.ops import running
from ledger.ui.data import Document, Query
from ledger.ui.source import Source


def answer(source: Source, query: Query) -> Document:
    """The version that the ledger has now, and whether it is another one than ``since``.

    ``running`` has, for each trial that runs on this machine, by the name of its spool, a number that grows
    whenever the trial logs or prints; the journal is not read for that.
    """
    version = source.version()
    return {
        "version": version,
        "changed": query.get("since", "") != version,
        "entries": source.head().size,
        "running": running.marks(source.workspace.directory),
    }
