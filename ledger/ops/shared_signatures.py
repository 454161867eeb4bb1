"""Signatures of heads travel with what they sign.

One that comes from elsewhere is kept if it is a signature of its head, and the head one of the logs here.
Whose it is, is for people to say.
"""

from collections.abc import Iterator

from ledger.errors import DamagedError, IncomparableError, NotFoundError
from ledger.journal import kept_heads
from ledger.model import Digest, Finding, Notice
from ledger.model.codec import encode
from ledger.model.frozen import frozen
from ledger.ops import signing
from ledger.remotes import forms
from ledger.remotes.remote import Heads, Remote
from ledger.workspace import Workspace

_MOST = 10_000
"""Signatures that are looked at."""
_WHAT = "remote.signature"


@frozen
class Signatures:
    """What came of those that travelled."""

    moved: int = 0
    findings: tuple[Finding, ...] = ()
    notices: tuple[Notice, ...] = ()


def send(workspace: Workspace, remote: Remote, there: Heads) -> Signatures:
    """Bring a remote the signatures that it lacks, by what it was found to have.

    Raises
    ------
    RemoteError
        If it cannot be reached, or refuses.
    """
    here = dict(_kept(workspace))
    missing = here.keys() - there.signatures
    for digest in sorted(missing):
        remote.put_signature(digest, here[digest])
    return Signatures(moved=len(missing))


def receive(workspace: Workspace, remote: Remote, name: str, there: Heads) -> Signatures:
    """Keep the signatures that a remote has and that are not here, as far as they hold.

    Parameters
    ----------
    workspace
        The ledger, with all entries that were believed.
    remote, name
        Where they are.
    there
        What it was found to have.

    Raises
    ------
    RemoteError
        If it cannot be reached, or refuses.
    """
    new = sorted(there.signatures - dict(_kept(workspace)).keys())
    notices = []
    if len(new) > _MOST:
        notices.append(_notice(name, f"{len(new):,} signatures, of which {_MOST:,} are looked at"))
    moved, findings = 0, []
    for digest in new[:_MOST]:
        try:
            said = _keep(workspace, name, remote.signature(digest))
        except NotFoundError:
            continue  # it was taken away meanwhile
        except IncomparableError as error:
            notices.append(_notice(name, f"signatures were left there: {error.message}"))
            break
        except DamagedError as error:
            where, got = f"{name}: {digest}", f"{error.message}: {error.cause}"
            said = Finding(what=_WHAT, where=where, expected="a signature of a head", got=got)
        if isinstance(said, Finding):
            findings.append(said)
        elif said is not None:
            notices.append(said)
        else:
            moved += 1
    return Signatures(moved=moved, findings=tuple(findings), notices=tuple(notices))


def _keep(workspace: Workspace, name: str, content: bytes) -> Finding | Notice | None:
    """Keep a signature if it holds for the logs here; else what there is to say."""
    head, signature = forms.decode_signature(content, name)
    signer = signing.signer(signature, encode(head)).fingerprint
    sizes = {each.origin: each.size for each in workspace.journal.head().origins}
    for claim in head.origins:
        log = f"{claim.size:,} entries of origin {claim.origin.hex()}"
        if claim.size > sizes.get(claim.origin, 0):
            return _notice(name, f"a head signed by {signer} tells of {log}, which are not here")
        with workspace.journal.tree(claim.origin) as tree:
            root = tree.roots({claim.size}).get(claim.size)
        if root is None:
            return _notice(name, f"a head signed by {signer} tells of {log}, which are damaged here")
        if root != claim.root:
            return Finding(
                what="remote.split",
                where=f"{name}: {log}, in a signed head",
                expected=f"root {root}, as in the log",
                got=f"root {claim.root}, signed by {signer}",
            )
    kept_heads.keep_signature(workspace.directory, head, signing.key_digest(signature), signature)
    return None


def _kept(workspace: Workspace) -> Iterator[tuple[Digest, bytes]]:
    """Each signature that is kept here, as a remote has it, by its digest."""
    for digest in kept_heads.digests(workspace.directory):
        try:
            kept = kept_heads.get(workspace.directory, digest)
        except (DamagedError, NotFoundError):
            continue  # `verify` says so
        for signature in kept.signatures:
            content = forms.encode_signature(kept.head, signature)
            yield Digest.of(content), content


def _notice(name: str, detail: str) -> Notice:
    return Notice(what=_WHAT, where=name, detail=detail)
