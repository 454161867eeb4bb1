"""Documents that stand for themselves: a head with its signatures, and the proof that a trial is in one."""

import json
from base64 import b64encode
from typing import Any

from ledger.errors import DamagedError
from ledger.model import strict
from ledger.model.codec import digest_of
from ledger.model.digest import SIZE, Digest
from ledger.model.frozen import frozen
from ledger.model.head import Head, OriginHead
from ledger.model.jsonform import to_json
from ledger.model.strict import Value

VERSION = 1
"""Of both documents."""
MOST_BYTES = 64 << 20
"""Of a document that is read."""
MOST_SIGNATURES = 16
"""Of a head in a document: each is checked by a process."""

_PROOF, _HEAD = "ledger.proof", "ledger.head"
_MOST_NODES = 64
"""Of a path: no tree is deeper."""


@frozen
class Signature:
    """A head's signature."""

    key: str
    """The key's fingerprint, ``SHA256:`` and base64."""
    signature: str
    """As ``ssh-keygen -Y sign`` writes it."""


@frozen
class SignedHead:
    """A head, and who has signed it."""

    head: Head
    signatures: tuple[Signature, ...]

    @property
    def digest(self) -> Digest:
        """Of the head's canonical bytes."""
        return digest_of(self.head)


@frozen
class ProvenEntry:
    """An entry, and the way from it to the root of its origin."""

    index: int
    """Its position in its origin's log."""
    body: bytes
    """Its canonical bytes, which name the origin."""
    path: tuple[Digest, ...]
    """The nodes from the bottom up; without those at the end that the first entry's path ends with, too."""


@frozen
class Since:
    """An earlier head, and what shows that the later one goes on from it."""

    head: Head
    paths: tuple[tuple[Digest, ...], ...]
    """For each of its origins, in order, the nodes of the consistency proof."""


@frozen
class Proof:
    """What shows that a trial is in a head, without the ledger."""

    signed: SignedHead
    entries: tuple[ProvenEntry, ...]
    """Its ``trial.started``, and its end where it has one."""
    since: Since | None
    trials: int | None
    """How many trials of its experiment the head holds, as the prover says; None where it has none."""


def write_proof(proof: Proof) -> bytes:
    """A proof as a file: the form ``proof.v1``."""
    since = proof.since
    return _written(
        {
            "format": _PROOF,
            "version": VERSION,
            "head": to_json(proof.signed.head),
            "signatures": to_json(proof.signed.signatures),
            "entries": [
                {"index": each.index, "body": _base64(each.body), "path": _base64(b"".join(each.path))}
                for each in proof.entries
            ],
            "since": since
            and {
                "head": to_json(since.head),
                "paths": [_base64(b"".join(path)) for path in since.paths],
            },
            "trials": proof.trials,
        }
    )


def read_proof(content: bytes, what: str = "the proof") -> Proof:
    """Read a proof; that it holds is not looked at.

    Raises
    ------
    DamagedError
        If it is not of its form; the cause names the place.
    NewerFormatError
        If a later release wrote it.
    """
    document = _document(content, what, _PROOF)
    found = document.map(("format", "version", "head", "signatures", "entries", "since", "trials"))
    since = None
    if found["since"].found is not None:
        inner = found["since"].map(("head", "paths"))
        earlier = _head(inner["head"])
        count = len(earlier.origins)
        since = Since(head=earlier, paths=tuple(_path(each) for each in inner["paths"].each(count, count)))
    trials = found["trials"]
    return Proof(
        signed=SignedHead(head=_head(found["head"]), signatures=_signatures(found["signatures"])),
        entries=tuple(_entry(each) for each in found["entries"].each(1, 2)),
        since=since,
        trials=None if trials.found is None else trials.whole(1),
    )


def head_document(signed: SignedHead, experiment: dict[str, Any] | None = None) -> dict[str, Any]:
    """A head: the form ``signed-head.v1``."""
    return {
        "format": _HEAD,
        "version": VERSION,
        "digest": str(signed.digest),
        "size": signed.head.size,
        "origins": to_json(signed.head.origins),
        "signatures": to_json(signed.signatures),
        "experiment": experiment,
    }


def read_head(content: bytes, what: str = "the head") -> SignedHead:
    """Read a head; whether its signatures hold is not looked at.

    Raises
    ------
    DamagedError
        If it is not of its form; the cause names the place.
    NewerFormatError
        If a later release wrote it.
    """
    document = _document(content, what, _HEAD)
    found = document.map(
        ("format", "version", "digest", "size", "origins", "signatures"), optional=("experiment",)
    )
    head = Head(origins=_origins(found["origins"]))
    signed = SignedHead(head=head, signatures=_signatures(found["signatures"]))
    if found["size"].whole() != head.size:
        found["size"].refuse(f"{head.size}, the sum of its origins")
    if found["digest"].digest() != signed.digest:
        found["digest"].refuse(f"{signed.digest}, that of the origins")
    return signed


def _document(content: bytes, what: str, format: str) -> Value:
    if len(content) > MOST_BYTES:
        raise DamagedError(
            f"{what} is refused", cause=f"expected at most {MOST_BYTES:,} bytes, got {len(content):,} or more"
        )
    return strict.read(content, what, format=format, version=VERSION)


def _head(value: Value) -> Head:
    return Head(origins=_origins(value.map(("origins",))["origins"]))


def _origins(value: Value) -> tuple[OriginHead, ...]:
    found: list[OriginHead] = []
    for each in value.each():
        fields = each.map(("origin", "size", "root"))
        origin = fields["origin"].hexadecimal(16)
        if found and origin <= found[-1].origin:
            fields["origin"].refuse("origins in ascending order, each once")
        found.append(OriginHead(origin=origin, size=fields["size"].whole(1), root=fields["root"].digest()))
    return tuple(found)


def _signatures(value: Value) -> tuple[Signature, ...]:
    found = []
    for each in value.each(most=MOST_SIGNATURES):
        fields = each.map(("key", "signature"))
        found.append(Signature(key=fields["key"].text(), signature=fields["signature"].text()))
    return tuple(found)


def _entry(value: Value) -> ProvenEntry:
    fields = value.map(("index", "body", "path"))
    return ProvenEntry(
        index=fields["index"].whole(), body=fields["body"].base64(), path=_path(fields["path"])
    )


def _path(value: Value) -> tuple[Digest, ...]:
    nodes = value.base64()
    if len(nodes) % SIZE or len(nodes) > _MOST_NODES * SIZE:
        value.refuse(f"at most {_MOST_NODES} nodes of {SIZE} bytes", f"{len(nodes):,} bytes")
    return tuple(Digest(nodes[place : place + SIZE]) for place in range(0, len(nodes), SIZE))


def _base64(content: bytes) -> str:
    return b64encode(content).decode()


def _written(document: dict[str, Any]) -> bytes:
    return (json.dumps(document, ensure_ascii=False, separators=(",", ":")) + "\n").encode()
