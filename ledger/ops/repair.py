"""Objects that are damaged or missing here and whole at a remote: named, and put back."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from ledger import fs
from ledger.errors import DamagedError, FormatError, LedgerError, NotFoundError, StorageError
from ledger.journal import origins
from ledger.journal.view import opened
from ledger.model import Digest, Notice, layout
from ledger.model.frozen import replace
from ledger.ops import mentions, sharing
from ledger.ops.mentions import Mention
from ledger.ops.verify import Report
from ledger.remotes import names, registry
from ledger.remotes.registry import UPSTREAM, Known
from ledger.remotes.remote import Remote
from ledger.workspace import Workspace

_REPAIRED = "object.repaired"
_WRONG = ("object.missing", "object.damaged", "object.unreadable")


def wrong(report: Report) -> tuple[Digest, ...]:
    """Objects whose content a check has not found."""
    return tuple(
        Digest.parse(each.expected) for each in report.findings if each.what in _WRONG and each.expected
    )


def named(workspace: Workspace, report: Report) -> Report:
    """The report, and for each object that is damaged or missing the remote that has it."""
    notices: list[Notice] = []
    left = list(wrong(report))

    def look(known: Known, remote: Remote) -> None:
        for digest in tuple(left):
            if remote.transport.size(names.of_object(digest)) is not None:
                left.remove(digest)
                detail = f"the remote {known.name} has it: ledger verify --repair"
                notices.append(Notice(what="object.elsewhere", where=str(digest), detail=detail))

    _visit(workspace, left, notices, look)
    return replace(report, notices=(*report.notices, *notices))


def elsewhere(workspace: Workspace, report: Report) -> Report:
    """The report on the copy of a remote that is the ledger: what only the remote has is no damage.

    That it is there is looked at; what it is, is hashed when it is fetched.
    """
    missing = {
        Digest.parse(each.expected)
        for each in report.findings
        if each.what == "object.missing" and each.expected
    }
    if not missing:
        return report
    notices: list[Notice] = []
    there: set[Digest] = set()
    asked: list[bool] = []

    def look(_known: Known, remote: Remote) -> None:
        listed = (names.object_of(blob.name) for blob in remote.transport.listed(names.OBJECTS))
        there.update(each for each in listed if each in missing)
        asked.append(True)

    _visit(workspace, list(missing), notices, look)
    if asked and there:
        detail = (
            f"{len(there)} contents are only at the remote, and were not hashed: ledger pull fetches them"
        )
        notices.append(Notice(what="remote.unread", where=UPSTREAM, detail=detail))
    elif not asked:
        detail = f"{len(missing)} contents are not here, and whether the remote has them is not known"
        notices.append(Notice(what="remote.unread", where=UPSTREAM, detail=detail))
    excused = {str(each) for each in (there if asked else missing)}
    findings = tuple(
        each for each in report.findings if each.what != "object.missing" or each.expected not in excused
    )
    return replace(report, findings=findings, notices=(*report.notices, *notices))


def mended(workspace: Workspace, report: Report, check: Callable[[], Report]) -> Report:
    """What `check` says once all that can be put back is, and what was done.

    A list of files that comes back tells of objects that nobody knew to be missing: they are looked for, too.

    Raises
    ------
    StorageError
        If the disk refuses.
    """
    done: dict[Notice, None] = {}
    while left := wrong(report):
        now = repair(workspace, left)
        done.update(dict.fromkeys(now))
        if not any(each.what == _REPAIRED for each in now):
            break
        report = check()
    return replace(report, notices=(*report.notices, *done))


def repair(workspace: Workspace, digests: Sequence[Digest]) -> tuple[Notice, ...]:
    """Put objects back from the remotes, each once its content was hashed; what was done.

    Raises
    ------
    StorageError
        If the disk refuses.
    """
    notices: list[Notice] = []
    left = list(digests)
    most = most_bytes(workspace, digests)

    def fetch(known: Known, remote: Remote) -> None:
        for digest in tuple(left):
            try:
                _fetch(workspace, remote, digest, most.get(digest, mentions.MOST_NOUN))
            except NotFoundError:
                continue  # the next remote may have it
            except DamagedError as error:
                detail = f"the remote {known.name} holds other bytes: {error.cause}"
                notices.append(Notice(what="object.refused", where=str(digest), detail=detail))
                continue
            left.remove(digest)
            detail = f"fetched from the remote {known.name}"
            notices.append(Notice(what=_REPAIRED, where=str(digest), detail=detail))

    _visit(workspace, left, notices, fetch)
    return tuple(notices)


def _visit(
    workspace: Workspace, left: list[Digest], notices: list[Notice], visit: Callable[[Known, Remote], None]
) -> None:
    """Go to each remote, as long as something is left; one that fails is told of and passed over."""
    for known in registry.known(workspace.directory):
        if not left:
            return
        try:
            with sharing.reached(known) as remote:
                visit(known, remote)
        except StorageError:
            raise
        except LedgerError as error:
            detail = f"{error.message}: {error.cause}" if error.cause else error.message
            notices.append(Notice(what="remote.unreachable", where=known.name, detail=detail))


def most_bytes(workspace: Workspace, digests: Iterable[Digest]) -> dict[Digest, int]:
    """Bytes that some objects have at most, as far as the entries and lists say that name them."""
    most = dict.fromkeys(digests, 0)
    for each in _mentioned(workspace):
        if each.digest in most:
            most[each.digest] = max(most[each.digest], each.most)
    return {digest: size for digest, size in most.items() if size}


def _mentioned(workspace: Workspace) -> Iterator[Mention]:
    """What all whole entries name, and what lists among it list."""
    for each in mentions.of_entries(_bodies(workspace.directory)):
        yield each
        if each.manifest:
            with suppress(NotFoundError, DamagedError, FormatError):  # who checked could not read it either
                yield from mentions.of_manifest(workspace.store.get(each.digest))


def _bodies(ledger: Path) -> Iterator[bytes]:
    for origin in origins.logs(ledger):
        with opened(layout.log(ledger, origin)) as log:
            yield from (row.body for row in log.rows())


def _fetch(workspace: Workspace, remote: Remote, digest: Digest, most: int) -> None:
    """Write an object to a file of its own, which is read in front of any pack that has it damaged."""
    path = layout.loose(layout.objects(workspace.directory), digest)
    temporary = layout.temporary(workspace.directory) / f"repaired.{os.urandom(8).hex()}"
    with fs.explained(path):
        fs.make_directory(temporary.parent)
        fs.make_directory(path.parent)
        try:
            remote.fetch(digest, most, temporary)
            temporary.chmod(0o444)
            fs.sync_file(temporary)
            temporary.replace(path)
            fs.sync_directory(path.parent)
        finally:
            temporary.unlink(missing_ok=True)
