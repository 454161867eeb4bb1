"""What a search needs to know of each entry of a ledger: little, and nothing that depends on the search."""

from collections.abc import Mapping
from posixpath import join, normpath
from typing import NamedTuple

import cbor2
from blake3 import blake3

from ledger.model import (
    Digest,
    Intent,
    Outcome,
    ProposalSource,
    Recorded,
    Status,
    Tombstone,
    TrialDecided,
    TrialFinished,
    TrialLost,
    TrialProposed,
    TrialReported,
    TrialStarted,
    Value,
)
from ledger.model.codec import from_document, to_document
from ledger.model.manifest import path_key
from ledger.model.search import Search
from ledger.ops.tune.words import FILE, Words, is_file
from ledger.tune.space.unit import Point

Identity = tuple[object, ...]
Pairs = tuple[tuple[str, Value], ...]

KEY = 16
"""Bytes of what tells attempts apart."""


class Proposed(NamedTuple):
    """A search has said what to try next."""

    seq: int
    """Position of the entry in its log."""
    origin: bytes
    """Of that log."""
    id: Digest
    search: Digest
    number: int
    """In its search."""
    point: Point
    source: ProposalSource
    adopted: Digest | None
    """A trial that stands for it."""
    seed: int | None
    """Of the trial, where those of the search have different ones."""
    told: bytes
    """Its values, in canonical bytes: of most proposals nobody asks for them."""

    @property
    def values(self) -> Pairs:
        """(name, value) of each hyperparameter that has one, in the order of the space."""
        return from_document(Pairs, cbor2.loads(self.told), "values")


class Started(NamedTuple):
    """A trial has begun."""

    seq: int
    origin: bytes
    id: Digest
    proposal: Digest | None
    """Which it tries."""
    key: bytes
    """Tells attempts apart: see `key_of`."""
    continues: Digest | None = None
    """The trial of the same proposal, stopped before its end, that it goes on from."""


class Ended(NamedTuple):
    """A trial has ended, or was found to have lost its recorder."""

    seq: int
    origin: bytes
    trial: Digest
    lost: bool
    """Whether its recorder only was thought dead: an end that was seen beats it."""
    complete: bool
    """Whether all inputs that it read are known."""
    status: Status
    exit_code: int | None
    signal: int | None
    duration_s: float
    peak_memory: int
    metrics: Mapping[str, float]
    """Last values by name; of a fact that was kept, those at least that its reader asked for."""

    def value(self, metric: str) -> float | None:
        """The last value of a metric, among which are those that every trial has."""
        found = self.metrics.get(metric)
        if found is None and metric == "duration_s":
            return self.duration_s
        return float(self.peak_memory) if found is None and metric == "peak_memory" else found


class Reported(NamedTuple):
    """A trial has reached a rung."""

    seq: int
    origin: bytes
    trial: Digest
    rung: int
    step: int
    value: float


class Decided(NamedTuple):
    """Whether a trial goes on from a rung was decided."""

    seq: int
    origin: bytes
    trial: Digest
    rung: int
    stop: bool
    seen: bytes
    """Of a decision that it goes on, what that follows from: hardly anybody asks for it."""

    @property
    def known(self) -> dict[bytes, int]:
        """How many entries of each origin were known."""
        return dict(cbor2.loads(self.seen)) if self.seen else {}


class Removed(NamedTuple):
    """Something was taken back."""

    seq: int
    origin: bytes
    target: Digest


Fact = Proposed | Started | Ended | Reported | Decided | Removed


def fact_of(recorded: Recorded) -> Fact | None:
    """What a search needs to know of an entry; None where that is nothing."""
    payload, seq, origin = recorded.entry.payload, recorded.seq, recorded.entry.origin
    match payload:
        case TrialProposed():
            return proposal(recorded, payload)
        case TrialStarted():
            key = key_of(identity(payload.intent))
            return Started(seq, origin, recorded.id, payload.proposal, key, payload.continues)
        case TrialFinished():
            return ended(
                payload.outcome, payload.trial, place=(seq, origin), complete=payload.recipe_complete
            )
        case TrialLost():
            return ended(payload.outcome, payload.trial, place=(seq, origin), lost=True)
        case TrialReported():
            return Reported(seq, origin, payload.trial, payload.rung, payload.step, payload.value)
        case TrialDecided():
            return decision(recorded, payload)
        case Tombstone():
            return Removed(seq, origin, payload.target)
        case _:
            return None


def proposal(recorded: Recorded, payload: TrialProposed) -> Proposed:
    """What a search needs to know of a proposal's entry."""
    return Proposed(
        recorded.seq,
        recorded.entry.origin,
        recorded.id,
        payload.search,
        payload.number,
        payload.point,
        payload.source,
        payload.adopted,
        payload.seed,
        cbor2.dumps(to_document(payload.values), canonical=True),
    )


def decision(recorded: Recorded, payload: TrialDecided) -> Decided:
    """What a search needs to know of a decision's entry."""
    sizes = {} if payload.stop else {each.origin: each.size for each in payload.head.origins}
    return Decided(
        recorded.seq,
        recorded.entry.origin,
        payload.trial,
        payload.rung,
        payload.stop,
        cbor2.dumps(sizes, canonical=True) if sizes else b"",
    )


def ended(
    outcome: Outcome,
    trial: Digest,
    *,
    place: tuple[int, bytes] = (0, b""),
    lost: bool = False,
    complete: bool = False,
) -> Ended:
    """What a search needs to know of how a trial ended."""
    return Ended(
        *place,
        trial,
        lost,
        complete,
        Status.LOST if lost else outcome.status,
        outcome.exit_code,
        outcome.signal,
        outcome.duration_s,
        outcome.peak_memory,
        {each.name: each.last for each in outcome.metrics},
    )


def identity(intent: Intent) -> Identity:
    """What makes two trials the same attempt: all that is known before, but for what only says more of it."""
    stdin = intent.stdin if intent.stdin.startswith("b3:") else None
    inputs = tuple((path, str(digest)) if is_file(path) else path for path, digest in intent.inputs)
    known = intent.argv, intent.directory, stdin, intent.code, intent.environment, intent.seed, inputs
    return (*known, *intent.seeds)  # which no search gives


def identity_in(search: Search, words: Words, values: Mapping[str, Value], seed: int | None) -> Identity:
    """The identity of a search's trial before it is one; a file of parameters tells by its content.

    Parameters
    ----------
    search
        The search.
    words
        Its command, as it is recorded.
    values
        Of the hyperparameters.
    seed
        Of the trial; None for the search's.
    """
    content = words.file(values)
    own = {} if content is None else {_from_root(search, FILE): str(Digest.of(content))}
    declared = (_from_root(search, path) for path in search.inputs)
    return (
        words.of(values, seed),
        search.directory,
        None,
        tuple(sorted((each.name, each.tree) for each in search.code)),
        search.environment,
        search.trial_seed if seed is None else seed,
        tuple((path, own[path]) if path in own else path for path in sorted((*declared, *own), key=path_key)),
    )


def _from_root(search: Search, path: str) -> str:
    return normpath(join(search.directory, path))


def key_of(same: Identity) -> bytes:
    """An identity in 16 bytes."""
    return blake3(cbor2.dumps(to_document(same), canonical=True)).digest(KEY)
