"""Check a proof with nothing but itself and what the reader trusts: a public key, a head, or both.

No ledger is needed, and none is looked at.
"""

from collections.abc import Sequence
from pathlib import Path

from ledger.errors import DamagedError, FormatError, MismatchError, NewerFormatError
from ledger.journal import merkle
from ledger.model import (
    Digest,
    Entry,
    Head,
    OriginHead,
    Recorded,
    Trial,
    TrialFinished,
    TrialLost,
    TrialStarted,
)
from ledger.model.codec import decode_proven, digest_of, encode
from ledger.model.frozen import frozen
from ledger.model.proof import Proof, ProvenEntry, SignedHead, read_proof
from ledger.ops import query, signing

_ASK = "ask who made it to make it again: ledger prove REF -o proof.json"


@frozen
class Trusted:
    """What a reader trusts already."""

    signers: str | None = None
    """Content of a file of allowed signers; None where no key is named."""
    head: Digest | None = None
    """Digest of the head that it has to be about."""
    since: Digest | None = None
    """Digest of an earlier head that it has to go on from."""

    @property
    def anything(self) -> bool:
        """Whether something vouches for a head."""
        return self.signers is not None or self.head is not None


@frozen
class Signer:
    """Who has signed the head."""

    key: signing.Key
    name: str | None
    """As the reader's list of signers calls them; None if they are not in it."""


@frozen
class Place:
    """Where an entry is."""

    kind: str
    id: Digest
    origin: bytes
    index: int
    size: int
    """Entries of its origin in the head."""


@frozen
class Proven:
    """What a proof has shown."""

    trial: Trial
    """As its entries tell it."""
    places: tuple[Place, ...]
    """Of its entries, the start first."""
    signed: SignedHead
    """The head that they are in."""
    since: Digest | None
    """Of the earlier head that it goes on from."""
    signers: tuple[Signer, ...]
    trials: int | None
    """How many trials of its experiment the head holds, as the prover says: nothing here shows it."""
    trusted: Trusted
    ledger: Path | None = None
    """A ledger of the reader's that goes on from the head."""

    @property
    def vouched(self) -> bool:
        """Whether what the reader trusts vouches for the head, and not only the proof for itself."""
        return self.trusted.anything or self.ledger is not None


def trusted(
    *,
    key: Path | None = None,
    signers: Path | None = None,
    head: Digest | None = None,
    since: Digest | None = None,
) -> Trusted:
    """What a reader trusts: the public key in a file, a file of allowed signers, heads.

    Raises
    ------
    NotFoundError
        If there is no such file.
    UsageError
        If `key` is no public key.
    """
    lists = [signing.allowed_by(key)] if key else []
    lists += [signing.read_text(signers)] if signers else []
    joined = "\n".join(each.rstrip("\n") for each in lists) + "\n" if lists else None
    return Trusted(signers=joined, head=head, since=since)


def check(content: bytes, trusted: Trusted | None = None, *, what: str = "the proof") -> Proven:
    """Check a proof.

    Parameters
    ----------
    content
        The file.
    trusted
        What vouches for its head; without any, only that it holds together is shown.
    what
        What it is, for errors.

    Raises
    ------
    DamagedError
        If it is no proof; the cause names the place.
    MismatchError
        If something in it does not hold, or what is trusted does not vouch for it.
    IncomparableError
        If it is signed and there is no ``ssh-keygen``.
    NewerFormatError
        If a later release wrote it.
    """
    trust = trusted or Trusted()
    proof = read_proof(content, what)
    head = proof.signed.head
    sizes = {each.origin: each for each in head.origins}
    first, *others = proof.entries
    found = [_included(first, (), sizes, "entries[0]", what)]
    found += [
        _included(each, first.path, sizes, f"entries[{place}]", what) for place, each in enumerate(others, 1)
    ]
    trial = _trial([recorded for recorded, _ in found], what)
    _check_since(proof, sizes, what)
    _check_claim(proof, trial, head, what)
    _check_heads(proof, trust, what)
    signers = vouched(proof.signed, trust, what, again="ledger prove REF -o proof.json")
    return Proven(
        trial=trial,
        places=tuple(place for _, place in found),
        signed=proof.signed,
        since=digest_of(proof.since.head) if proof.since else None,
        signers=signers,
        trials=proof.trials,
        trusted=trust,
    )


def _included(
    proven: ProvenEntry,
    first: tuple[Digest, ...],
    heads: dict[bytes, OriginHead],
    where: str,
    what: str,
) -> tuple[Recorded, Place]:
    """The entry, if it is where the proof says; its path has its end from `first`, where both end alike."""
    entry = _entry(proven.body, where, what)
    head = heads.get(entry.origin)
    if head is None:
        raise _mismatch(what, f"{where}.body: its origin {entry.origin.hex()} is not in the head")
    if proven.index >= head.size:
        raise _mismatch(what, f"{where}.index: expected less than {head.size:,}, got {proven.index:,}")
    id = merkle.leaf_hash(proven.body)
    own, missing = proven.path, merkle.inclusion_length(proven.index, head.size) - len(proven.path)
    if own and 0 <= missing < len(first) and own[-1] == first[-1 - missing]:
        raise _mismatch(what, f"{where}.path: expected no node that the first path ends with, got one")
    path = (*own, *first[-missing:]) if missing > 0 else own
    root = merkle.inclusion_root(id, proven.index, head.size, path)
    if root != head.root:
        got = f"a path to {root}" if root else f"a path of {len(path)} nodes, which leads to none"
        raise _mismatch(
            what, f"{where}.path: expected one to root {head.root} of origin {entry.origin.hex()}, got {got}"
        )
    place = Place(kind=entry.kind, id=id, origin=entry.origin, index=proven.index, size=head.size)
    return Recorded(id=id, seq=proven.index, entry=entry, body=proven.body), place


def _entry(body: bytes, where: str, what: str) -> Entry:
    try:
        return decode_proven(body)
    except FormatError as error:
        newer = isinstance(error, NewerFormatError)
        refusal = NewerFormatError if newer else DamagedError
        raise refusal(
            f"{what} is refused",
            cause=f"{where}.body: {error.message}: {error.cause}",
            hint=error.hint if newer else _ASK,
        ) from error


def _trial(entries: Sequence[Recorded], what: str) -> Trial:
    """The trial that the entries tell of."""
    first = entries[0].entry
    if not isinstance(first.payload, TrialStarted):
        raise _mismatch(what, f"entries[0]: expected trial.started, got {first.kind[:40]}")
    for place, each in enumerate(entries[1:], 1):
        payload = each.entry.payload
        if not isinstance(payload, TrialFinished | TrialLost):
            raise _mismatch(
                what, f"entries[{place}]: expected trial.finished or trial.lost, got {each.entry.kind[:40]}"
            )
        if payload.trial != entries[0].id:
            raise _mismatch(
                what, f"entries[{place}]: expected the end of {entries[0].id}, got that of {payload.trial}"
            )
    (trial,) = query.fold(entries)
    return trial


def _check_since(proof: Proof, heads: dict[bytes, OriginHead], what: str) -> None:
    if proof.since is None:
        return
    for place, (earlier, path) in enumerate(zip(proof.since.head.origins, proof.since.paths, strict=True)):
        where, origin = f"since.paths[{place}]", earlier.origin.hex()
        later = heads.get(earlier.origin)
        if later is None or later.size < earlier.size:
            got = f"{later.size:,}" if later else "none"
            raise _mismatch(
                what, f"since: origin {origin}: expected {earlier.size:,} entries or more, got {got}"
            )
        if not merkle.verify_consistency(earlier.size, later.size, earlier.root, later.root, path):
            raise _mismatch(
                what,
                f"{where}: origin {origin}: expected that {later.size:,} entries with root {later.root} "
                f"go on from {earlier.size:,} with root {earlier.root}, got nodes that do not show it",
            )


def _check_claim(proof: Proof, trial: Trial, head: Head, what: str) -> None:
    """What the prover says without proof is at least possible."""
    if (proof.trials is None) is not (trial.experiment is None):
        expected = "none without an experiment" if trial.experiment is None else "a number for its experiment"
        raise _mismatch(what, f"trials: expected {expected}, got {proof.trials}")
    if proof.trials is not None and proof.trials > head.size:
        raise _mismatch(what, f"trials: {proof.trials:,} of them need more than {head.size:,} entries")


def _check_heads(proof: Proof, trust: Trusted, what: str) -> None:
    digest = proof.signed.digest
    if trust.head is not None and digest != trust.head:
        raise _mismatch(what, f"head: expected {trust.head}, got {digest}")
    earlier = digest_of(proof.since.head) if proof.since else None
    if trust.since is not None and trust.since not in (earlier, digest):
        got = earlier or "no earlier head"
        raise MismatchError(
            f"{what} does not hold",
            cause=f"since: expected {trust.since}, got {got}",
            hint="ask for one that goes on from it: ledger prove REF --since HEAD -o proof.json",
        )


def vouched(signed: SignedHead, trust: Trusted, what: str, *, again: str) -> tuple[Signer, ...]:
    """Who has signed a head; one of them has to be somebody whom the reader named, where any was named.

    Parameters
    ----------
    signed, trust
        The head with its signatures, and what the reader trusts.
    what
        What the head stands in, for errors.
    again
        The command that makes another one of it.

    Raises
    ------
    DamagedError, MismatchError
        If a signature does not hold, or is nobody's who was named.
    IncomparableError
        If there are signatures and no ``ssh-keygen``.
    """
    signers = tuple(_signers(signed, trust, what))
    if trust.signers is not None and not any(each.name for each in signers):
        raise MismatchError(
            f"{what} is not signed by a key that you named",
            cause="its head is signed by " + ", ".join(each.key.fingerprint for each in signers)
            if signers
            else "its head is not signed",
            hint=f"sign it where the ledger is: ledger verify --sign, then {again}",
        )
    return signers


def _signers(signed: SignedHead, trust: Trusted, what: str) -> list[Signer]:
    message, found = encode(signed.head), []
    for place, each in enumerate(signed.signatures):
        try:
            name, key = signing.whose(each.signature, message, trust.signers)
        except DamagedError as error:
            raise DamagedError(
                f"{what} is refused", cause=f"signatures[{place}]: {error.message}: {error.cause}", hint=_ASK
            ) from error
        if key.fingerprint != each.key:
            raise _mismatch(what, f"signatures[{place}].key: expected {key.fingerprint}, got {each.key[:60]}")
        found.append(Signer(key=key, name=name))
    return found


def _mismatch(what: str, cause: str) -> MismatchError:
    return MismatchError(f"{what} does not hold", cause=cause, hint=_ASK)
