"""Make the proof that a trial is in a head."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from ledger.errors import DamagedError, LedgerError, MismatchError, NotFoundError
from ledger.journal import kept_heads
from ledger.journal.base import Journal
from ledger.journal.kept_heads import KeptHead
from ledger.journal.tree import Tree
from ledger.model import Digest, Head, OriginHead, Recorded, TrialFinished, TrialLost, TrialStarted
from ledger.model.codec import encode
from ledger.model.frozen import replace
from ledger.model.proof import MOST_SIGNATURES, Proof, ProvenEntry, Signature, SignedHead, Since, read_head
from ledger.ops import denominator, signing
from ledger.ops.indexed import asked

if TYPE_CHECKING:
    from ledger.journal.held import Held
    from ledger.journal.positions import Logs


def prove(
    journal: Journal, directory: Path, trial: Digest, *, since: Head | None = None, key: Digest | None = None
) -> Proof:
    """Prove that a trial is in the largest signed head that has all of it; if there is none, in that of now.

    Parameters
    ----------
    journal
        Where its entries are.
    directory
        The ledger's, where signed heads are kept.
    trial
        Its id.
    since
        An earlier head from which the proof's head has to go on.
    key
        Digest of the public key that has to have signed the head: where it is shared, others sign heads, too.

    Raises
    ------
    NotFoundError
        If there is no such trial, or no head that the key has signed has it.
    MismatchError
        If the log does not go on from `since`.
    DamagedError
        If the log is not what its heads say.
    """
    entries = trial_entries(journal, trial)
    signed = head_of(journal, directory, entries, key)
    heads = {each.origin: each for each in signed.head.origins}
    proven = included(journal, signed.head, entries)
    proven = (*proven[:1], *(_shortened(each, proven[0], entries) for each in proven[1:]))
    start = entries[0].entry.payload
    name = start.experiment if isinstance(start, TrialStarted) else None
    return Proof(
        signed=signed,
        entries=proven,
        since=None if since is None else _since(journal, since, heads),
        trials=None if name is None else denominator.total(journal, signed.head, name),
    )


def included(journal: Journal, head: Head, entries: Sequence[Recorded]) -> tuple[ProvenEntry, ...]:
    """Entries, each with its whole way to its origin's root in a head that has them.

    Raises
    ------
    NotFoundError
        If the log of one is not here, but in a bundle's past.
    DamagedError
        If a log is not what the head says.
    """
    heads = {each.origin: each for each in head.origins}
    with ExitStack() as stack:
        stored = trees(journal, entries, heads, stack)
        return tuple(
            ProvenEntry(
                index=each.seq,
                body=each.body,
                path=stored[each.entry.origin].inclusion(each.id, each.seq, heads[each.entry.origin]),
            )
            for each in entries
        )


def trees(
    journal: Journal, entries: Iterable[Recorded], heads: Mapping[bytes, OriginHead], stack: ExitStack
) -> dict[bytes, Tree]:
    """The trees of the logs that some entries are in, each open as long as `stack`.

    Raises
    ------
    NotFoundError
        If one of the logs is not here, but in a bundle's past.
    """
    found: dict[bytes, Tree] = {}
    for origin in sorted({each.entry.origin for each in entries}):
        if origin not in heads:
            raise NotFoundError(
                "what came in a bundle is not proven anew",
                cause=f"its log {origin.hex()} is not in this ledger",
                hint="hand on the bundle, or have it proven where its log is",
            )
        found[origin] = stack.enter_context(journal.tree(origin))
    return found


def signed_heads(directory: Path, key: Digest | None = None) -> Iterator[SignedHead]:
    """Signed heads that are kept, the largest first; damaged ones are left out, and `verify` names them.

    Where `key` is the digest of a public key, only those that it has signed; that signature is the first.

    Raises
    ------
    IncomparableError
        If there are some and no ``ssh-keygen``.
    """
    found = []
    for digest in kept_heads.digests(directory):
        try:
            kept = kept_heads.get(directory, digest)
        except (DamagedError, OSError):
            continue
        if kept.signatures:
            found.append(kept)
    for kept in sorted(found, key=lambda each: each.head.size, reverse=True):
        signed = with_signers(kept, key)
        if signed.signatures and (key is None or _is_by(key, signed.signatures[0].signature)):
            yield signed


def with_signers(kept: KeptHead, first: Digest | None = None) -> SignedHead:
    """A kept head with the keys that have signed it, `first` before the others, as many as a document takes.

    A signature that does not hold is left out, and `verify` names it.

    Raises
    ------
    IncomparableError
        If there is no ``ssh-keygen``.
    """
    message = encode(kept.head)
    ordered = sorted(kept.signatures, key=lambda each: not _is_by(first, each))
    return SignedHead(head=kept.head, signatures=tuple(islice(_that_hold(ordered, message), MOST_SIGNATURES)))


def _that_hold(signatures: Iterable[str], message: bytes) -> Iterator[Signature]:
    for each in signatures:
        with suppress(DamagedError):
            yield Signature(key=signing.signer(each, message).fingerprint, signature=each)


def _is_by(key: Digest | None, signature: str) -> bool:
    try:
        return signing.key_digest(signature) == key
    except DamagedError:
        return False


def earlier_head(directory: Path, named: str) -> Head:
    """The head that somebody names: the digest of a kept one, or a file that ``ledger head --json`` made.

    Raises
    ------
    NotFoundError
        If there is neither.
    DamagedError
        If the file is no head.
    """
    try:
        digest = Digest.parse(named)
    except LedgerError:
        return head_file(Path(named)).head
    return kept_heads.get(directory, digest).head


def head_file(path: Path) -> SignedHead:
    """The head in a file that ``ledger head --json`` made. Raises as `earlier_head`."""
    try:
        content = path.read_bytes()
    except (FileNotFoundError, IsADirectoryError) as error:
        raise NotFoundError(
            f"no head {str(path)!r}",
            cause="expected the digest of one that is kept, or a file",
            hint="make one: ledger head --json > head.json",
        ) from error
    return read_head(content, str(path))


def trial_entries(journal: Journal, trial: Digest) -> list[Recorded]:
    """The entries that tell of a trial: its start, and the end that counts.

    Raises
    ------
    NotFoundError
        If there is no such trial.
    """
    found = _by_index(journal, trial)
    if found is None:
        found = [each for each in journal.entries() if _is_about(each, trial)]
    start = [each for each in found if each.id == trial and isinstance(each.entry.payload, TrialStarted)]
    if not start:
        raise NotFoundError(f"no trial {trial}", hint="see what there is: ledger log")
    ends = [each for each in found if each.id != trial and _is_about(each, trial)]
    ends.sort(key=lambda each: isinstance(each.entry.payload, TrialLost))  # which one counts: as `query` says
    return start + ends[:1]


def _is_about(recorded: Recorded, trial: Digest) -> bool:
    payload = recorded.entry.payload
    return recorded.id == trial or (isinstance(payload, TrialFinished | TrialLost) and payload.trial == trial)


def _by_index(journal: Journal, trial: Digest) -> list[Recorded] | None:
    """As the index tells, whatever else it says of the trial; None where it does not know it."""

    def ask(held: "Held", logs: "Logs") -> list[Recorded] | None:
        number = held.find(trial, logs)
        if number is None:
            return None
        return [logs.by_origin[held.origins[log]].entry(seq) for log, seq in held.events(number)]

    return asked(journal, ask)


def head_of(
    journal: Journal, directory: Path, entries: Sequence[Recorded], key: Digest | None = None
) -> SignedHead:
    """The largest head that has some entries and is signed, by `key` where it is given; else that of now.

    Raises
    ------
    NotFoundError
        If the key has signed none that has them.
    """
    for signed in signed_heads(directory, key):
        sizes = {each.origin: each.size for each in signed.head.origins}
        if all(each.seq < sizes.get(each.entry.origin, 0) for each in entries):
            return signed
    if key is not None:
        raise NotFoundError(
            "no head that this key has signed holds all of the trial",
            cause=f"its entries go on to number {entries[-1].seq}",
            hint="sign the head of now: ledger verify --sign --key KEY",
        )
    return SignedHead(head=journal.head(), signatures=())


def _shortened(entry: ProvenEntry, first: ProvenEntry, entries: Sequence[Recorded]) -> ProvenEntry:
    """An entry without the end of its path, where that of the first one ends so, too."""
    if len({each.entry.origin for each in entries}) > 1:
        return entry
    kept, before = len(entry.path), len(first.path)
    while kept and before and entry.path[kept - 1] == first.path[before - 1]:
        kept, before = kept - 1, before - 1
    return replace(entry, path=entry.path[:kept])


def _since(journal: Journal, since: Head, heads: dict[bytes, OriginHead]) -> Since:
    def paths() -> Iterator[tuple[Digest, ...]]:
        for earlier in since.origins:
            later = heads.get(earlier.origin)
            if later is None or later.size < earlier.size:
                raise MismatchError(
                    "the ledger does not go on from that head",
                    cause=f"origin {earlier.origin.hex()}: expected {earlier.size:,} entries or more, "
                    f"got {f'{later.size:,}' if later else 'none'}",
                    hint="sign the one of now: ledger verify --sign",
                )
            with journal.tree(earlier.origin) as tree:
                yield tree.consistency(earlier, later)

    return Since(head=since, paths=tuple(paths()))
