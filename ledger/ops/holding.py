"""Which objects the record as a whole holds, so that they must stay."""

from collections.abc import Iterator, Mapping
from typing import Any

import cbor2

from ledger.errors import DamagedError, FormatError, LedgerError, NotFoundError
from ledger.journal.base import Journal
from ledger.model import (
    ContentDropped,
    Digest,
    Manifest,
    Payload,
    Recorded,
    Tombstone,
    TrialFinished,
    TrialLost,
    TrialReplayed,
    TrialStarted,
)
from ledger.model.codec import decode, encode_entry
from ledger.model.digest import PREFIX, SIZE
from ledger.ops import reach
from ledger.ops.trials import Trials
from ledger.store.base import Store

Released = Mapping[Digest, frozenset[Digest]]
"""By entry: outputs that it does not hold, beside those that the record says it does not."""


def held(journal: Journal, store: Store, trials: Trials, released: Released | None = None) -> set[Digest]:
    """Every object that some entry holds.

    - What lists or describes others (Manifest, Environment, Host) is held by each entry that refers to it.
    - Content is held by each entry that refers to it, by itself or through a Manifest; not as an output that
      was let go of, not by a trial that was taken back, and not as a product of an earlier trial where all
      that was read is known: what of the products was read is an input.
    - What a later release's entries and fields may refer to is held, and so is what it lists if it is a
      Manifest.

    Parameters
    ----------
    journal
        All of it counts.
    store
        Where Manifests are read.
    trials
        What the same journal tells; entries that came later count nevertheless.
    released
        What else is not held.

    Raises
    ------
    DamagedError
        If a Manifest cannot be read, so that nobody knows what it holds.
    """
    return _Holding(store, trials, released or {}).all(journal)


class _Holding:
    def __init__(self, store: Store, trials: Trials, released: Released) -> None:
        self._store = store
        self._trials = trials
        self._released = released
        self._held: set[Digest] = set()
        self._read: set[Digest] = set()
        """Manifests whose contents are held."""

    def all(self, journal: Journal) -> set[Digest]:
        for recorded in journal.entries():
            self._entry(recorded)
        return self._held

    def _entry(self, recorded: Recorded) -> None:
        payload = recorded.entry.payload
        id = _trial(recorded.id, payload)
        removed = id in self._trials.removed
        trial = self._trials.by_id.get(id) if id is not None else None
        complete = trial is not None and trial.recipe_complete
        for each in reach.of_entry(payload):
            if each.kind is not None:
                self._held.add(each.digest)
            if removed or (each.product and complete):
                continue
            if each.output and self._is_released(recorded.id, each.digest):
                continue
            if each.kind is Manifest:
                without = each.output and self._trials.dropped_from(recorded.id, each.digest) is not None
                self._list(each.digest, each.what, absent=without)
            else:
                self._held.add(each.digest)
        for digest in _unknown(recorded):
            self._held.add(digest)
            self._list_if_any(digest)

    def _is_released(self, entry: Digest, digest: Digest) -> bool:
        if digest in self._released.get(entry, ()):
            return True
        return self._trials.let_go(entry, digest)

    def _list(self, manifest: Digest, what: str, *, absent: bool = False) -> None:
        """Hold what a Manifest lists; one that may be `absent`, and is, lists nothing that is here for it."""
        if manifest in self._read:
            return
        try:
            content = self._store.get(manifest)
            self._held.update(each.digest for each in reach.inside(content, what))
            self._read.add(manifest)
        except NotFoundError as error:
            if not absent:
                raise _unlisted(what, error) from error
        except LedgerError as error:
            raise _unlisted(what, error) from error

    def _list_if_any(self, digest: Digest) -> None:
        """What a digest of unknown meaning lists, in case that it is a Manifest."""
        if digest in self._read:
            return
        try:
            listed = decode(Manifest, self._store.get(digest))
        except LedgerError:
            return  # no object of ours, or no Manifest
        self._read.add(digest)
        self._held.update(each.digest for each in listed if each.digest and not each.omitted)


def _unlisted(what: str, error: LedgerError) -> DamagedError:
    return DamagedError(
        f"what {what} holds is not known: {error.message}",
        cause=error.cause,
        hint="see which trials it belongs to: ledger verify; take those back: ledger rm REF",
    )


def _trial(id: Digest, payload: Payload) -> Digest | None:
    """The trial that an entry belongs to."""
    if isinstance(payload, TrialStarted):
        return id
    return payload.trial if isinstance(payload, TrialFinished | TrialLost | TrialReplayed) else None


def _unknown(recorded: Recorded) -> Iterator[Digest]:
    """Digests in an entry whose meaning this release does not know."""
    if isinstance(recorded.entry.payload, ContentDropped | Tombstone):
        return
    known = encode_entry(recorded.entry)
    if reach.knows(recorded.entry.payload) and known == recorded.body:
        return
    found = set(_digests(cbor2.loads(recorded.body).get("data")))
    if reach.knows(recorded.entry.payload):
        found -= set(_digests(cbor2.loads(known).get("data")))
    yield from found


def _digests(document: Any) -> Iterator[Digest]:
    if isinstance(document, bytes) and len(document) == SIZE:
        yield Digest(document)
    elif isinstance(document, str) and document.startswith(PREFIX):
        try:
            yield Digest.parse(document)
        except FormatError:
            return  # text that only begins like one
    elif isinstance(document, dict):
        for value in document.values():
            yield from _digests(value)
    elif isinstance(document, list):
        for value in document:
            yield from _digests(value)
