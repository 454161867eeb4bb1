"""The remote behind a copy, as one command has it: asked for news, for contents, and given what is new."""

import os
import time
import weakref
from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from threading import Lock

from ledger import fs
from ledger.errors import DamagedError, LedgerError, NotFoundError, RemoteError
from ledger.journal import copying, origins
from ledger.model import Digest, layout
from ledger.model.frozen import replace
from ledger.ops import copies, heartbeats, mentions, pull, push, repair
from ledger.ops.copies import PATIENCE_S, said
from ledger.ops.mentions import Mention
from ledger.ops.receiving import Receiving
from ledger.ops.transfer import Transferred
from ledger.remotes import locate, names
from ledger.remotes import remote as remotes
from ledger.remotes.note import Note
from ledger.remotes.probe import probe
from ledger.remotes.remote import Remote
from ledger.store.fetching import FetchingStore
from ledger.workspace import Workspace

_AGAIN_S = 30.0
"""Seconds for which a remote that did not answer is not asked again."""


def plain(workspace: Workspace) -> Workspace:
    """The copy itself, that knows only what is here."""
    store = workspace.store
    return replace(workspace, store=store.inner) if isinstance(store, FetchingStore) else workspace


class Upstream:
    """The remote that a ledger is the copy of: reached when it is first needed, and once.

    Parameters
    ----------
    workspace
        The copy.
    warn
        Takes a line about what does not work, and costs nothing but that.
    """

    def __init__(self, workspace: Workspace, warn: Callable[[str], None]) -> None:
        self._workspace = plain(workspace)
        self._warn = warn
        self._remote: Remote | None = None
        self._failed: tuple[float, RemoteError] | None = None
        self._lacks: dict[Digest, LedgerError] = {}
        self._turn = Lock()
        self._rolled_back = False
        self._close: Callable[[], object] = lambda: None
        self._signed = _signed(self._workspace)
        self.known = copies.upstream_of(workspace)
        self.url = locate.written(self.known.url)
        """Where it is, for people."""

    def workspace(self) -> Workspace:
        """The copy, whose store fetches what it lacks."""
        return replace(self._workspace, store=FetchingStore(self._workspace.store, self.fetch))

    def remote(self) -> Remote:
        """The remote itself.

        Raises
        ------
        RemoteError
            If it does not answer soon, or did not a moment ago, or is another one by now.
        """
        if self._remote is not None:
            return self._remote
        if self._failed is not None and time.monotonic() - self._failed[0] < _AGAIN_S:
            raise self._failed[1]
        try:
            self._remote = self._reach()
        except RemoteError as error:
            self.let_go(error)
            raise
        return self._remote

    def refresh(self) -> bool:
        """Take the news: all entries and signatures that are new there, and who shows signs of life.

        What does not work is a warning, and the copy stays as it is.

        Returns
        -------
        bool
            Whether they came.
        """
        try:
            remote = self.remote()
            done = pull.pull(self._workspace, remote, self.known.name, contents=False)
            heartbeats.look(self._workspace, remote)
            news = layout.remote_news(self._workspace.directory, remote.id)
            fs.make_directory(news.parent)
            fs.replace(news, b"", sync=False)
        except (LedgerError, OSError) as error:
            self.let_go(error)
            self._warn(f"no news of {self.url}: {said(error)}; {self._age()}")
            return False
        self._lacks.clear()
        self._rolled_back = any(each.what == "remote.rollback" for each in done.notices)
        self._tell(done)
        return True

    def share(self) -> None:
        """Bring the remote all that it lacks, if there is something.

        Raises
        ------
        RemoteError
            If it cannot be reached, refuses, or does not do what is relied on.
        LedgerError
            If it has another story of one of the logs.
        """
        if not self.is_behind():
            return
        remote = self.remote()
        if not copies.is_tried(self._workspace, remote.id):
            probe(remote.transport)
            copies.note_tried(self._workspace.directory, remote.id)
        signed = _signed(self._workspace)
        done = push.push(self._workspace, remote, self.known.name)
        self._signed = signed
        self._tell(done, again=self._rolled_back)
        self._rolled_back = False

    def share_quietly(self) -> None:
        """As `share`; what does not work is a warning, for the next command shares it."""
        try:
            self.share()
        except (LedgerError, OSError) as error:
            self.let_go(error)
            self._warn(
                f"not shared with {self.url}: {said(error)}; it is recorded in"
                f" {self._workspace.directory}, and the next command shares it"
            )

    def is_behind(self) -> bool:
        """Whether there is something that the remote was not seen to have or has lost, or a new signature."""
        if self._rolled_back or self._signed != _signed(self._workspace):
            return True
        seen = Note(self._workspace.directory, bytes.fromhex(self.known.id)).heads()
        for origin in origins.logs(self._workspace.directory):
            size = seen[origin].size if origin in seen else 0
            try:
                if copying.durable(layout.log(self._workspace.directory, origin)).size > size:
                    return True
            except DamagedError:
                return True  # which the push says
        return False

    def forget_beats(self, beats: Iterable[str]) -> None:
        """Take away heartbeats of trials that have ended; what stays, a later `refresh` removes."""
        try:
            heartbeats.remove(self.remote(), beats)
        except LedgerError as error:
            self.let_go(error)

    def fetch(self, digests: Collection[Digest]) -> dict[Digest, LedgerError]:
        """Bring objects here, each hashed before it is stored; those that could not be brought, and why."""
        with self._turn:
            asked = [each for each in digests if each not in self._lacks]
            if asked:
                try:
                    self._receive(self.remote(), [Mention(each, mentions.MOST_NOUN) for each in asked])
                except (LedgerError, OSError) as error:
                    self.let_go(error)
                    return {each: self._lacks.get(each) or self._unreached(each, error) for each in digests}
            return {each: self._lacks[each] for each in digests if each in self._lacks}

    def let_go(self, error: LedgerError | OSError) -> None:
        """After an error of the remote: reach it anew, but do not wait for it again at once."""
        if isinstance(error, RemoteError):
            self._remote, self._failed = None, (time.monotonic(), error)
            self._close()

    def _receive(self, remote: Remote, wanted: list[Mention]) -> None:
        store = self._workspace.store
        bad = self._received(remote, wanted)
        if bad:  # those that are larger than what mostly is: how large they may be, the entries say
            most = repair.most_bytes(self._workspace, bad)
            large = [Mention(each, size) for each, size in most.items() if size > mentions.MOST_NOUN]
            bad.update(dict.fromkeys((each.digest for each in large), ""))
            bad.update(self._received(remote, large))
        for each in wanted:
            if bad.get(each.digest):
                self._lacks[each.digest] = DamagedError(
                    f"damaged object {each.digest} at {self.url}",
                    cause=bad[each.digest],
                    hint=f"remove {names.of_object(each.digest)} there; then, on a machine that has it whole:"
                    " ledger push --full",
                )
            elif not store.has(each.digest):
                self._lacks[each.digest] = NotFoundError(
                    f"no object {each.digest}",
                    cause=f"it is neither here nor at {self.url}",
                    hint="see what else is missing: ledger verify",
                )

    def _received(self, remote: Remote, wanted: list[Mention]) -> dict[Digest, str]:
        """Store what is whole; of what is not, what is wrong with it."""
        store = self._workspace.store
        temporary = layout.temporary(self._workspace.directory)
        receiving = Receiving(store, remote, temporary, lambda _what, _done, _known: None)
        with store.pinned():
            receiving.receive(wanted)
        return {
            Digest.parse(each.expected or ""): f"expected {each.expected}, got {each.got}"
            for each in receiving.findings(self.known.name)
        }

    def _unreached(self, digest: Digest, error: LedgerError | OSError) -> NotFoundError:
        return NotFoundError(
            f"object {digest} is not here yet",
            cause=said(error),
            hint=f"try again once {self.url} can be reached",
        )

    def _reach(self) -> Remote:
        transport = locate.reach(self.known.url, patience=PATIENCE_S)
        self._close = weakref.finalize(self, transport.close)
        try:
            found = remotes.opened(transport)
        except NotFoundError as error:
            raise RemoteError(
                f"no ledger at {self.url} any more",
                cause=error.cause,
                hint=copies.other_hint(self.known.url),
            ) from error
        if found.id.hex() != self.known.id:
            raise RemoteError(
                f"{self.url} is not the remote that it was",
                cause=f"expected its id {self.known.id}, got {found.id.hex()};"
                f" {copies.other_hint(self.known.url)}",
            )
        return found

    def _age(self) -> str:
        path: Path = layout.remote_news(self._workspace.directory, bytes.fromhex(self.known.id))
        try:
            seconds = max(0.0, time.time() - path.stat().st_mtime)  # both are this machine's clock
        except FileNotFoundError:
            return "what is here was recorded here"
        return f"what is here is as of {_words(seconds)} ago"

    def _tell(self, done: Transferred, *, again: bool = False) -> None:
        for finding in done.findings:
            self._warn(
                f"refused: {finding.what} at {finding.where}: expected {finding.expected}, got {finding.got}"
            )
        for notice in done.notices:
            if notice.what == "remote.rollback" and again:
                continue
            if notice.what in ("remote.rollback", "remote.damaged", "remote.left"):
                self._warn(f"{notice.where}: {notice.detail}")


def _words(seconds: float) -> str:
    for size, name in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{int(seconds // size)} {name}"
    return f"{int(seconds)} s"


def _signed(workspace: Workspace) -> frozenset[str]:
    """Names of the heads that are kept, and of their signatures."""
    try:
        return frozenset(os.listdir(layout.heads(workspace.directory)))
    except FileNotFoundError:
        return frozenset()
