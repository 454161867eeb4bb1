"""Take what a remote has: everything is checked before any of it is believed."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from ledger import fs
from ledger.errors import DamagedError, NotFoundError
from ledger.journal import copying, origins
from ledger.journal.copying import Adoption
from ledger.journal.merkle import EMPTY, Frontier
from ledger.model import Finding, OriginHead, layout
from ledger.ops import foreign, mentions, shared_signatures
from ledger.ops.foreign import RefusedError, finding
from ledger.ops.mentions import Mentions
from ledger.ops.receiving import Receiving
from ledger.ops.transfer import (
    Moved,
    Progress,
    Transferred,
    frontiers,
    greatest,
    remember,
    rollbacks,
    split,
    strange,
)
from ledger.remotes.note import Note
from ledger.remotes.remote import Heads, Remote
from ledger.workspace import Workspace, admit_packs

_LOOKS = 3


class _News(NamedTuple):
    """What a remote has of a log beyond what is here, all of it checked."""

    base: int
    """Entries that are here."""
    mentioned: Mentions
    """Objects that the others name."""


class _OutdatedError(Exception):
    """A head that is gone since the listing."""


def pull(
    workspace: Workspace,
    remote: Remote,
    name: str,
    *,
    contents: bool | None = None,
    progress: Progress = lambda _what, _done, _known: None,
) -> Transferred:
    """Bring all entries of all origins that a remote has and are not here, and their objects.

    Entries come verbatim, so ids, order and proofs are those of the source. A log that differs from what is
    here, or whose bytes are not what they should be, is refused and named; the others come.

    Parameters
    ----------
    workspace
        The ledger.
    remote
        Where from.
    name
        The remote's, for people.
    contents
        Which objects: None for those that the new entries name, False for none, True for all that any entry
        names and that are missing here.
    progress
        Called as it goes.

    Raises
    ------
    RemoteError
        If the remote cannot be reached, or refuses.
    NewerFormatError
        If a later release has pushed there.
    StorageError
        If the disk here refuses.
    """
    with fs.explained(workspace.directory):
        return _pull(workspace, remote, name, contents, progress)


def _pull(
    workspace: Workspace, remote: Remote, name: str, contents: bool | None, progress: Progress
) -> Transferred:
    note = Note(workspace.directory, remote.id)
    seen = note.heads()
    there = _heads(remote, seen)
    findings: list[Finding] = []
    notices = [*strange(name, there), *rollbacks(name, seen, there)]
    moved: list[Moved] = []
    receiving = Receiving(workspace.store, remote, layout.temporary(workspace.directory), progress)
    for origin in sorted(there.of):
        try:
            wanted = None if contents is False else receiving
            grown = _take_latest(workspace, remote, name, there.of[origin], wanted, progress)
        except RefusedError as refused:
            findings.append(refused.finding)
            continue
        if grown is not None:
            moved.append(grown)
    if contents:
        with workspace.store.pinned():
            receiving.receive(mentions.of_entries(_bodies(workspace.directory)))
    notices += receiving.notices(name)
    signed = shared_signatures.receive(workspace, remote, name, there)
    remember(note, seen, there)
    return Transferred(
        origins=tuple(moved),
        entries=sum(each.after - each.before for each in moved),
        objects=receiving.objects,
        bytes=receiving.bytes,
        signatures=signed.moved,
        findings=(*findings, *receiving.findings(name), *signed.findings),
        notices=(*notices, *signed.notices),
    )


def _bodies(ledger: Path) -> Iterator[bytes]:
    for origin in origins.logs(ledger):
        log = layout.log(ledger, origin)
        yield from (row.body for row in copying.rows(log, 0, copying.durable(log).size))


def _heads(remote: Remote, seen: dict[bytes, OriginHead]) -> Heads:
    """What the remote says; a listing that lacks what was there is looked at again before it is believed."""
    there = remote.heads()
    for _ in range(_LOOKS - 1):
        if all(greatest(there, origin) >= before.size for origin, before in seen.items()):
            break
        there = remote.heads()
    return there


def _take_latest(
    workspace: Workspace,
    remote: Remote,
    name: str,
    heads: Sequence[OriginHead],
    receiving: Receiving | None,
    progress: Progress,
) -> Moved | None:
    """As `_take`; where a later head has taken the place of the listed one meanwhile, with that one."""
    for _ in range(_LOOKS):
        try:
            return _take(workspace, remote, name, heads, receiving, progress)
        except _OutdatedError:
            heads = remote.heads().of.get(heads[-1].origin, heads)
    raise RefusedError(finding("remote.damaged", name, heads[-1], "the head that is listed", "nothing"))


def _take(
    workspace: Workspace,
    remote: Remote,
    name: str,
    heads: Sequence[OriginHead],
    receiving: Receiving | None,
    progress: Progress,
) -> Moved | None:
    """Let the log here be as long as there; None if it is."""
    head = heads[-1]
    for _ in range(_LOOKS):
        # Nothing that is received is let go of before an entry names it.
        admit = partial(admit_packs, workspace.directory)
        with Adoption(workspace.directory, head.origin, admit) as adoption, workspace.store.pinned():
            found = _checked(workspace, remote, name, heads, adoption, progress)
            if found is None:
                return None
            if receiving is not None:
                receiving.receive(found.mentioned)
            try:
                taken = adoption.commit(found.base)
            except DamagedError as error:
                raise _left(name, head, error) from error
            if taken:
                return Moved(origin=head.origin, before=found.base, after=head.size)
    raise DamagedError(  # it is being written here, again and again
        f"origin {head.origin.hex()} grows here and at {name}",
        cause="expected one of them to be a prefix of the other",
        hint="pull again when nothing is recorded",
    )


def _checked(
    workspace: Workspace,
    remote: Remote,
    name: str,
    heads: Sequence[OriginHead],
    adoption: Adoption,
    progress: Progress,
) -> _News | None:
    """Hand over what the remote has of the log, all of it hashed; None if nothing is new."""
    head, log = heads[-1], layout.log(workspace.directory, heads[-1].origin)
    base = EMPTY
    try:
        if log.is_dir():
            base = copying.durable(log).frontier
        _compare(log, remote, name, heads, base)
    except DamagedError as error:
        raise _left(name, head, error) from error
    if head.size <= base.size:
        return None
    mentioned = Mentions()
    try:
        try:
            remote.check_head(head)
        except NotFoundError as error:
            raise _OutdatedError from error
        between = {each.size: each for each in heads if base.size < each.size < head.size}
        frontier, leaves = base, list[bytes]()
        for part in foreign.parts(remote, name, head, base, mentioned, progress):
            adoption.add(part)
            frontier = part.frontier
            if between:
                leaves += [row.leaf for row in part.rows]
    except (DamagedError, NotFoundError) as error:
        raise RefusedError(finding("remote.damaged", name, head, error.message, error.cause or "")) from error
    root = frontier.root()
    if root != head.root:
        seq = foreign.parting(log, remote, head, base.size) if base.size else None
        if seq is not None:
            raise RefusedError(split(name, head, root, seq))
        raise RefusedError(
            finding("remote.damaged", name, head, f"root {head.root}", f"entries with root {root}")
        )
    for each in between.values():
        prefix = base.extend(leaves[: each.size - base.size]).root()
        if prefix != each.root:
            raise RefusedError(split(name, each, prefix, None))
    return _News(base=base.size, mentioned=mentioned)


def _left(name: str, head: OriginHead, error: DamagedError) -> RefusedError:
    return RefusedError(finding("remote.left", name, head, "a whole log here", error.cause or error.message))


def _compare(log: Path, remote: Remote, name: str, heads: Sequence[OriginHead], here: Frontier) -> None:
    """Refuse heads of which not each is a prefix of what is here, or could be of what follows."""
    known = [head for head in heads if head.size <= here.size]
    if known and all(head.size == here.size for head in known):
        roots = {here.size: here.root()}
    elif known:
        before = frontiers(copying.leaves(log, here.size), [head.size for head in known])
        roots = {size: frontier.root() for size, frontier in before.items()}
    for head in known:
        if roots[head.size] != head.root:
            seq = foreign.parting(log, remote, head, head.size)
            raise RefusedError(split(name, head, roots[head.size], seq))
    if len(heads) > 1 and heads[-2].size == heads[-1].size:
        raise RefusedError(split(name, heads[-1], heads[-2].root, None))
