"""Share what is here: objects first, then entries, heads last."""

from collections.abc import Iterator
from itertools import chain
from typing import NamedTuple

from ledger import fs
from ledger.errors import DamagedError, LedgerError
from ledger.journal import copying, origins
from ledger.journal.merkle import Frontier
from ledger.model import Finding, Notice, OriginHead, layout
from ledger.ops import foreign, mentions, shared_signatures
from ledger.ops.mentions import Mentions
from ledger.ops.sending import Sending
from ledger.ops.transfer import Moved, Progress, Transferred, frontiers, remember, rollbacks, split, strange
from ledger.remotes.names import Span
from ledger.remotes.note import Note
from ledger.remotes.remote import Remote, at_once
from ledger.workspace import Workspace

_SEGMENT_BYTES = 16 << 20
_SEGMENT_ENTRIES = 1 << 15


class _Plan(NamedTuple):
    """What of one log the remote lacks."""

    origin: bytes
    there: int
    """Entries that the remote has."""
    base: Frontier
    """Of the entries that are not pushed."""
    size: int
    """Entries here."""
    outdated: tuple[OriginHead, ...]
    """Heads at the remote that a new one stands in for."""
    mentioned: Mentions
    """Objects that the entries name which are not pushed."""


def push(
    workspace: Workspace,
    remote: Remote,
    name: str,
    *,
    full: bool = False,
    progress: Progress = lambda _what, _done, _known: None,
) -> Transferred:
    """Bring a remote all entries of all origins that are here and not there, and their objects.

    Whatever ends it, what is there stays whole, and the next push goes on from it. Pushes of several machines
    at once never conflict: each log is one machine's, and what has one name has one content.

    Parameters
    ----------
    workspace
        The ledger.
    remote
        Where to.
    name
        The remote's, for people.
    full
        Whether to look at the remote for every object of every entry, whatever is known.
    progress
        Called as it goes.

    Raises
    ------
    RemoteError
        If the remote cannot be reached, or refuses.
    """
    with fs.explained(workspace.directory), workspace.store.pinned():
        return _push(workspace, remote, name, full, progress)


def _push(workspace: Workspace, remote: Remote, name: str, full: bool, progress: Progress) -> Transferred:
    there, note = remote.heads(), Note(workspace.directory, remote.id)
    seen = note.heads()
    findings: list[Finding] = []
    notices = [*strange(name, there), *rollbacks(name, seen, there)]
    if any(each.what == "remote.rollback" for each in notices):
        note.forget_objects()  # what it has lost of logs, it may have lost of these
    plans: list[_Plan] = []
    for origin in origins.logs(workspace.directory):
        heads = there.of.get(origin, ())
        try:
            plan = _plan(workspace, remote, name, origin, heads, full=full)
        except DamagedError as error:
            notices.append(_left(origin, error))
            continue
        if isinstance(plan, Finding):
            findings.append(plan)
        elif plan is not None:
            plans.append(plan)
    sending = Sending(workspace.store, remote, note, progress, look=full or bool(there.of), full=full)
    moved = []
    sending.send(chain.from_iterable(plan.mentioned for plan in plans))
    notices += sending.notices(name)
    for plan, frontier in _send_entries(workspace, remote, plans, notices, progress):
        head = OriginHead(origin=plan.origin, size=frontier.size, root=frontier.root())
        remote.put_head(head, plan.outdated)
        there.of[plan.origin] = (*there.of.get(plan.origin, ()), head)
        if frontier.size > plan.there:
            moved.append(Moved(origin=plan.origin, before=plan.there, after=frontier.size))
    signed = shared_signatures.send(workspace, remote, there)
    remember(note, seen, there)
    return Transferred(
        origins=tuple(moved),
        entries=sum(each.after - each.before for each in moved),
        objects=sending.objects,
        bytes=sending.bytes,
        signatures=signed.moved,
        findings=tuple(findings),
        notices=tuple(notices),
    )


def _plan(
    workspace: Workspace,
    remote: Remote,
    name: str,
    origin: bytes,
    heads: tuple[OriginHead, ...],
    *,
    full: bool,
) -> _Plan | Finding | None:
    log = layout.log(workspace.directory, origin)
    now = copying.durable(log)
    at = OriginHead(origin=origin, size=now.size, root=now.frontier.root())
    if not now.size or (heads and heads[-1].size > now.size):
        return None  # the remote has more: a pull brings it, and compares
    if heads and heads[-1] == at and not full and (len(heads) == 1 or heads[-2].size < at.size):
        return None
    wanted = frontiers(copying.leaves(log, now.size), [each.size for each in heads])
    for head in heads:
        if (root := wanted[head.size].root()) != head.root:
            return split(name, head, root, foreign.parting(log, remote, head, head.size))
    there = wanted[heads[-1].size] if heads else Frontier()
    base = Frontier() if full else there
    # The last one before stays for those who are just listing.
    return _Plan(
        origin=origin,
        there=there.size,
        base=base,
        size=now.size,
        outdated=heads[:-1],
        mentioned=mentions.of_entries(row.body for row in copying.rows(log, base.size, now.size)),
    )


def _send_entries(
    workspace: Workspace, remote: Remote, plans: list[_Plan], notices: list[Notice], progress: Progress
) -> list[tuple[_Plan, Frontier]]:
    """Store the segments of all logs; where each of them ends then. One that is damaged by now is left."""
    ends: list[tuple[_Plan, Frontier]] = []
    known = sum(plan.size - plan.base.size for plan in plans)
    done = 0

    def tasks() -> Iterator[_Task]:
        for plan in plans:
            frontier = plan.base
            try:
                for span, bodies, after in _segments(workspace, plan):
                    frontier = after
                    yield _Task(remote, span, bodies)
            except DamagedError as error:
                notices.append(_left(plan.origin, error))
                continue
            if frontier.size > plan.base.size:
                ends.append((plan, frontier))

    def told(count: int) -> None:
        nonlocal done
        done += count
        progress("entries", done, known)

    at_once(tasks(), min(4, remote.transport.parallel), told)
    return ends


class _Task:
    """Stores one segment."""

    def __init__(self, remote: Remote, span: Span, bodies: list[bytes]) -> None:
        self._remote, self._span, self._bodies = remote, span, bodies
        self.weight = 3 * sum(map(len, bodies))
        """As they are, in one piece, and packed."""

    def __call__(self) -> int:
        self._remote.put_segment(self._span, self._bodies)
        return len(self._bodies)


def _segments(workspace: Workspace, plan: _Plan) -> Iterator[tuple[Span, list[bytes], Frontier]]:
    log = layout.log(workspace.directory, plan.origin)
    frontier, first = plan.base, plan.base.size
    bodies: list[bytes] = []
    leaves: list[bytes] = []
    held = 0

    def span() -> Span:
        return Span(origin=plan.origin, first=first, end=frontier.size, root=frontier.root())

    for row in copying.rows(log, plan.base.size, plan.size):
        if bodies and (held + len(row.body) > _SEGMENT_BYTES or len(bodies) == _SEGMENT_ENTRIES):
            frontier = frontier.extend(leaves)
            yield span(), bodies, frontier
            first, bodies, leaves, held = frontier.size, [], [], 0
        bodies.append(row.body)
        leaves.append(row.leaf)
        held += len(row.body)
    if bodies:
        frontier = frontier.extend(leaves)
        yield span(), bodies, frontier


def _left(origin: bytes, error: LedgerError) -> Notice:
    why = f"{error.message}: {error.cause}" if error.cause else error.message
    return Notice(what="remote.left", where=f"origin {origin.hex()}", detail=why)
