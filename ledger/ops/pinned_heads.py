"""Heads that were signed or pinned earlier: sign one, and hold the logs of today against all of them."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from ledger.errors import (
    DamagedError,
    IncomparableError,
    LedgerError,
    MismatchError,
    NotFoundError,
    UsageError,
)
from ledger.journal import kept_heads, origins, proven
from ledger.journal.base import Journal
from ledger.journal.kept_heads import KeptHead
from ledger.model import Digest, Finding, Head, Notice, OriginHead, layout
from ledger.model.codec import encode
from ledger.model.frozen import frozen, replace
from ledger.model.proof import Signature, SignedHead
from ledger.ops import git_heads, signing
from ledger.ops.verify import Report
from ledger.workspace import Workspace


@frozen
class Pinned:
    """What an earlier head says of one log."""

    claim: OriginHead
    where: tuple[str, ...]
    """Each place that says so."""
    here: bool
    """Whether the log had all of that in this ledger once, so that less of it is a loss."""


def sign(workspace: Workspace, report: Report, key: Path | None = None) -> SignedHead:
    """Sign the head that a check has found whole, and keep it with the signature.

    Parameters
    ----------
    workspace
        The ledger.
    report
        What the check has shown, earlier heads included.
    key
        The SSH key, or its public half where an agent has the other; the user's own by default.

    Raises
    ------
    MismatchError
        If the check has findings.
    UsageError
        If there is nothing to sign.
    NotFoundError
        If there is no key.
    IncomparableError
        If there is no ``ssh-keygen``.
    """
    if report.findings:
        raise MismatchError(
            "the head is not signed",
            cause=f"the ledger is not whole: {len(report.findings)} findings",
            hint="see them: ledger verify",
        )
    if not report.head.origins:
        raise UsageError("there is nothing to sign", hint="record a trial: ledger run COMMAND")
    message = encode(report.head)
    signature = signing.sign(message, key or signing.default_key(workspace.root))
    signer = signing.signer(signature, message)
    digest = signing.key_digest(signature)
    kept_heads.keep_signature(workspace.directory, report.head, digest, signature)
    return SignedHead(head=report.head, signatures=(Signature(key=signer.fingerprint, signature=signature),))


def signed(workspace: Workspace, head: Head) -> SignedHead:
    """A head with the signatures that are kept of it.

    Raises
    ------
    DamagedError
        If one of them is damaged.
    IncomparableError
        If there are some and no ``ssh-keygen``.
    """
    from ledger.ops.prove import with_signers

    try:
        return with_signers(kept_heads.get(workspace.directory, Digest.of(encode(head))))
    except NotFoundError:
        return SignedHead(head=head, signatures=())


def losses(directory: Path, journal: Journal) -> list[Finding]:
    """How the logs are not what the heads say that are kept here: rolled back, or rewritten."""
    findings: list[Finding] = []
    _compare(journal, _united(directory, _readable(directory), ()), findings, [])
    return findings


def _readable(directory: Path) -> Iterator[KeptHead]:
    for digest in kept_heads.digests(directory):
        with suppress(DamagedError, NotFoundError, OSError):  # `checked` tells of it
            yield kept_heads.get(directory, digest)


def checked(workspace: Workspace, report: Report) -> Report:
    """A check's report, and what there is to say of earlier heads: each must be a prefix of the logs now."""
    findings: list[Finding] = []
    notices: list[Notice] = []
    kept = list(_kept(workspace.directory, findings, notices))
    named = list(_named(workspace, {each.digest: each.head for each in kept}, findings, notices))
    pinned = _united(workspace.directory, kept, named)
    _compare(workspace.journal, pinned, findings, notices)
    _look_at_bundles(workspace.directory, findings, notices)
    return replace(
        report,
        findings=(*report.findings, *findings),
        notices=(*report.notices, *notices),
    )


def _kept(directory: Path, findings: list[Finding], notices: list[Notice]) -> Iterator[KeptHead]:
    """The heads that are kept here; what is damaged of them is found."""
    unchecked: str | None = None
    for name in kept_heads.alone(directory):
        findings.append(
            Finding(what="head.missing", where=_place(name), expected="the head that it signs", got="nothing")
        )
    for digest in kept_heads.digests(directory):
        where = _place(digest.hex())
        try:
            kept = kept_heads.get(directory, digest)
        except (DamagedError, OSError) as error:
            got = error.cause or error.message if isinstance(error, LedgerError) else str(error)
            findings.append(Finding(what="head.damaged", where=where, expected=str(digest), got=got))
            continue
        for signature in kept.signatures:
            try:
                signing.signer(signature, encode(kept.head))
            except DamagedError as error:
                got = f"{error.message}: {error.cause}"
                findings.append(
                    Finding(what="head.signature", where=where, expected="a signature of this head", got=got)
                )
            except IncomparableError as error:
                unchecked = error.cause
        yield kept
    if unchecked:
        notices.append(
            Notice(what="head.unchecked", where=_place(""), detail=f"signatures are not checked: {unchecked}")
        )


def _named(
    workspace: Workspace, known: Mapping[Digest, Head], findings: list[Finding], notices: list[Notice]
) -> Iterator[tuple[str, Head, bool]]:
    """The heads that git's tags and commits name: where, which, and whether this ledger had all of it."""
    if not workspace.git:
        return
    try:
        said = list(git_heads.messages(workspace.root))
    except LedgerError as error:
        detail = f"tags and commits are not looked at: {error.message}: {error.cause}"
        notices.append(Notice(what="head.unchecked", where="git", detail=detail))
        return
    for where, message in said:
        try:
            found = git_heads.parse(message, where)
        except DamagedError as error:
            findings.append(Finding(what="head.damaged", where=where, expected="a head", got=error.cause))
            continue
        for each in found:
            head = known.get(each.digest, each.head)
            if head is not None:
                yield where, head, each.digest in known
            else:
                detail = f"it names the head {each.digest}, which is not kept here"
                notices.append(Notice(what="head.unknown", where=where, detail=detail))


def _look_at_bundles(directory: Path, findings: list[Finding], notices: list[Notice]) -> None:
    """Whose signatures the heads of bundles have; that their entries are in these heads, the journal says."""
    for digest in proven.digests(directory):
        where = f"{layout.proven(Path()).name}/{digest.hex()}"
        try:
            bundle = proven.get(directory, digest)
        except (OSError, LedgerError):
            continue  # the journal's own check has named it
        message, signers, unchecked = encode(bundle.head), [], None
        for each in bundle.signatures:
            try:
                signers.append(signing.signer(each.signature, message).fingerprint)
            except DamagedError as error:
                got = f"{error.message}: {error.cause}"
                findings.append(
                    Finding(what="proven.signature", where=where, expected="one of its head", got=got)
                )
            except IncomparableError as error:
                unchecked = error.cause
        signed = f"signed by {', '.join(signers)}" if signers else "not signed"
        told = f"signatures are not checked: {unchecked}" if unchecked else signed
        detail = (
            f"entries of a bundle, {len(bundle.entries)} in the head {bundle.signed.digest.short}, {told}"
        )
        notices.append(Notice(what="proven.entries", where=where, detail=detail))


def _united(
    directory: Path, kept: Iterable[KeptHead], named: Iterable[tuple[str, Head, bool]]
) -> list[Pinned]:
    """What all heads say, each thing once, with all places that say it."""
    own = set(origins.named(directory).values())
    places: dict[OriginHead, list[str]] = {}
    here: set[OriginHead] = set()
    for each in kept:
        for claim in each.head.origins:
            places.setdefault(claim, []).append(_place(each.digest.hex()))
            here.add(claim)
    for where, head, was_here in named:
        for claim in head.origins:
            places.setdefault(claim, []).append(where)
            if was_here or claim.origin in own:
                here.add(claim)
    return [
        Pinned(claim=claim, where=tuple(where), here=claim in here)
        for claim, where in sorted(places.items(), key=lambda each: (each[0].origin, each[0].size))
    ]


def _compare(
    journal: Journal, pinned: Iterable[Pinned], findings: list[Finding], notices: list[Notice]
) -> None:
    sizes = {each.origin: each.size for each in journal.head().origins}
    by_origin: dict[bytes, list[Pinned]] = {}
    for each in pinned:
        by_origin.setdefault(each.claim.origin, []).append(each)
    for origin, claims in by_origin.items():
        size = sizes.get(origin, 0)
        roots: dict[int, Digest] = {}
        if size:
            with journal.tree(origin) as tree:
                roots = tree.roots({each.claim.size for each in claims if each.claim.size <= size})
        for each in claims:
            claim, places = each.claim, ", ".join(each.where)
            where = f"journal/{origin.hex()}@{claim.size} ({places})"
            if claim.size > size and each.here:
                got = f"{size:,} entries" if size else "nothing"
                expected = f"{claim.size:,} entries with root {claim.root}"
                findings.append(Finding(what="head.rolled-back", where=where, expected=expected, got=got))
            elif claim.size > size:
                detail = f"of its {claim.size:,} entries {size:,} are in this ledger"
                notices.append(Notice(what="head.elsewhere", where=where, detail=detail))
            elif claim.size in roots and roots[claim.size] != claim.root:
                findings.append(
                    Finding(
                        what="head.rewritten",
                        where=where,
                        expected=f"{claim.size:,} entries with root {claim.root}",
                        got=f"root {roots[claim.size]}",
                    )
                )
            # Leaves that are lost, so that there is no root, are findings of the journal.


def _place(name: str) -> str:
    return f"{layout.heads(Path()).name}/{name}"
