"""The journal: what was appended, the head, and who signed it."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from ledger.errors import UsageError
from ledger.model import Recorded
from ledger.model.codec import digest_of
from ledger.model.jsonform import rfc3339, to_json
from ledger.ops import pinned_heads
from ledger.ops.indexed import asked
from ledger.ui.data import Document, Query
from ledger.ui.source import Source

if TYPE_CHECKING:
    from ledger.journal.positions import Logs

PAGE = 100
"""Entries of one answer."""


def answer(source: Source, query: Query) -> Document:
    """Entries, newest first: ``PAGE`` of them, past the ``skip`` newest; and the head.

    Entries of one origin stand in its own order, those of several by their times. Only what is shown is read;
    of a damaged journal, all.

    Raises
    ------
    UsageError
        If ``skip`` is no number.
    """
    text = query.get("skip", "0")
    if not text.isascii() or not text.isdigit():
        raise UsageError("a bad number of entries", cause=f"skip: expected 0 or more, got {text!r}")
    skip = int(text)
    head = source.head()
    signed = pinned_heads.signed(source.workspace, head)
    journal = source.workspace.journal
    entries = asked(journal, lambda _, logs: _page(logs, skip))
    if entries is None:
        last = max(0, head.size - skip)
        entries = list(islice(journal.entries(), max(0, last - PAGE), last))[::-1]
    return {
        "head": {
            "digest": str(digest_of(head)),
            "size": head.size,
            "origins": to_json(head.origins),
            "signers": [each.key for each in signed.signatures],
        },
        "skip": skip,
        "page": PAGE,
        "entries": list(_told(entries)),
    }


def _page(logs: "Logs", skip: int) -> list[Recorded]:
    """Past the newest ones."""
    held = {origin: log for origin, log in logs.by_origin.items() if log.size}
    total = sum(log.size for log in held.values())
    first, last = max(0, total - skip - PAGE), max(0, total - skip)
    if len(held) == 1:
        (log,) = held.values()
        return [log.entry(seq) for seq in range(first, last)][::-1]
    every = list(held.values())
    # A clock that was set back must not turn a log's own order.
    times = np.concatenate([np.maximum.accumulate(log.times()) for log in every] or [np.empty(0, np.int64)])
    origins = np.repeat(np.arange(len(every)), [log.size for log in every])
    seqs = np.concatenate([np.arange(log.size) for log in every] or [np.empty(0, np.int64)])
    chosen = np.argsort(times, kind="stable")[first:last][::-1]
    return [every[origins[each]].entry(int(seqs[each])) for each in chosen]


def _told(entries: Iterable[Recorded]) -> Iterator[Document]:
    for each in entries:
        payload = each.entry.payload
        about = getattr(payload, "trial", None) or getattr(payload, "target", None)
        yield {
            "id": str(each.id),
            "origin": each.entry.origin.hex(),
            "seq": each.seq,
            "kind": getattr(payload, "kind", "unknown"),
            "time": rfc3339(each.entry.time),
            "trial": str(about or each.id) if about or payload.kind == "trial.started" else None,
            "experiment": to_json(getattr(payload, "experiment", None)),
        }
