"""Entries as stored, and what their bytes say at a glance, whether or not this release knows their kind."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import cbor2

from ledger.journal.merkle import leaf_hash
from ledger.model import ExperimentCreated, TrialStarted

FINISHED = frozenset({"trial.finished", "trial.lost"})
"""The kinds whose outcome names outputs."""

WITHHELD = "\0secret"
"""Stands for a path, which no file can have: where the outputs were that are not stored for their secrets."""

_TIMES = range(-(2**63), 2**63)


class Row(NamedTuple):
    """An entry as stored."""

    seq: int
    """Position in its origin's log."""
    leaf: bytes
    """Its id."""
    body: bytes
    """Its canonical bytes."""

    @property
    def whole(self) -> bool:
        """Whether the body hashes to the leaf."""
        return leaf_hash(self.body) == self.leaf


class Facts(NamedTuple):
    """The columns of a segment that an entry's body decides; each None where the body does not say."""

    kind: str | None
    trial: bytes | None
    """The trial that the entry is about: of ``trial.started``, its own leaf."""
    experiment: str | None
    recipe: bytes | None
    time: int | None
    """UTC, nanoseconds since 1970."""


def facts(body: bytes, leaf: bytes) -> Facts:
    """Read what the columns need; of bytes that are no entry, nothing."""
    return facts_of(load(body), leaf)


def facts_of(document: dict[str, Any], leaf: bytes) -> Facts:
    """The same of a body that was read."""
    data = document.get("data")
    if not isinstance(data, dict):
        data = {}
    kind = _text(document.get("kind"))
    time = document.get("time")
    if kind == TrialStarted.kind:
        trial: bytes | None = bytes(leaf)
    else:
        trial = _digest(data.get("trial"))
    name = data.get("name") if kind == ExperimentCreated.kind else data.get("experiment")
    return Facts(
        kind=kind,
        trial=trial,
        experiment=_text(name),
        recipe=_digest(data.get("recipe")),
        time=time if type(time) is int and time in _TIMES else None,
    )


def outputs(body: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Path's bytes and digest of each output that the entry records; nothing for other kinds of entry.

    One that was not stored since a secret was in it comes a second time, at `WITHHELD`.
    """
    document = load(body)
    if _text(document.get("kind")) not in FINISHED:
        return
    found: Any = document.get("data")
    for key in ("outcome", "outputs"):
        found = found.get(key) if isinstance(found, dict) else None
    for artifact in found if isinstance(found, list | tuple) else ():
        if isinstance(artifact, dict):
            path, digest = artifact.get("path"), _digest(artifact.get("digest"))
            if isinstance(path, str | bytes) and digest:
                yield path.encode() if isinstance(path, str) else path, digest
                if artifact.get("omitted") == "secret":
                    yield WITHHELD.encode(), digest


def load(body: bytes) -> dict[str, Any]:
    """The body's map; an empty one where it holds none."""
    try:
        document = cbor2.loads(body)
    except (cbor2.CBORError, ValueError, TypeError, EOFError, OverflowError, RecursionError, MemoryError):
        return {}  # verify names an entry that cannot be read
    return document if isinstance(document, dict) else {}


def _text(value: Any) -> str | None:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value if isinstance(value, str) else None


def _digest(value: Any) -> bytes | None:
    return value if isinstance(value, bytes) and len(value) == 32 else None
