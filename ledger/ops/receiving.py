"""Objects on their way from a remote: each that is missing here, once, hashed before it is stored."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from ledger import fs
from ledger.errors import DamagedError, FormatError, NotFoundError
from ledger.model import Digest, Finding, Notice
from ledger.ops import mentions
from ledger.ops.mentions import Mention
from ledger.ops.transfer import SMALL, Progress
from ledger.remotes import names
from ledger.remotes.remote import Remote, at_once
from ledger.store.base import Store

_BATCH = 2000
"""Objects after which those received are made durable."""
_BATCH_BYTES = 1 << 28
_NOUN = 1 << 18
"""Bytes that a noun is taken to have while it is fetched."""


class Receiving:
    """Receives objects.

    Parameters
    ----------
    store
        Where they go.
    remote
        Where from.
    temporary
        Directory of half-received large ones.
    progress
        Called as it goes.
    """

    def __init__(self, store: Store, remote: Remote, temporary: Path, progress: Progress) -> None:
        self._store = store
        self._remote = remote
        self._temporary = temporary
        self._progress = progress
        self._absent: dict[Digest, None] = {}
        self._bad: dict[Digest, str] = {}
        self._large: list[Mention] = []
        self._known = self._done = self._held = self._held_bytes = 0
        self.objects = 0
        self.bytes = 0

    def receive(self, wanted: Iterable[Mention]) -> None:
        """Receive what some entries mention and is missing, and what lists among it list; it is durable then.

        What the remote has not, or holds damaged, is left out and told.
        """
        lists: dict[Digest, Mention] = {}
        plain: dict[Digest, Mention] = {}
        for each in wanted:
            kind = lists if each.manifest else plain
            if (before := kind.get(each.digest)) is None or before.most < each.most:
                kind[each.digest] = each
        self._fetch(lists.values())
        for digest in lists:
            try:
                for each in mentions.of_manifest(self._store.get(digest)):
                    plain.setdefault(each.digest, each)
            except (NotFoundError, DamagedError):
                continue  # it is told of as missing
            except FormatError as error:
                self._bad[digest] = f"it is no list of files: {error.cause or error.message}"
        self._fetch(each for digest, each in plain.items() if digest not in lists)
        self._flush()

    def findings(self, name: str) -> Iterator[Finding]:
        """Objects that the remote holds damaged."""
        for digest, got in self._bad.items():
            yield Finding(
                what="remote.object",
                where=f"{name}: {names.of_object(digest)}",
                expected=str(digest),
                got=got,
            )

    def notices(self, name: str) -> Iterator[Notice]:
        """Objects that the remote has not."""
        if self._absent:
            some = ", ".join(each.short for each in list(self._absent)[:5])
            yield Notice(
                what="remote.absent",
                where=name,
                detail=f"{len(self._absent)} objects are neither here nor there ({some})",
            )

    def _fetch(self, wanted: Iterable[Mention]) -> None:
        asked = {each.digest: each for each in wanted if each.digest not in self._absent}
        there = self._store.present(asked)
        missing = [each for digest, each in asked.items() if digest not in there]
        missing = [each for each in missing if not self._store.has(each.digest)]
        self._known += len(missing)
        tasks = (_Task(self._remote, each) for each in missing)
        at_once(tasks, self._remote.transport.parallel, self._keep)
        large, self._large = self._large, []
        for each in large:
            self._one(each)

    def _keep(self, found: tuple[Mention, bytes | None, str]) -> None:
        mention, content, why = found
        if why and mention.most > SMALL:
            self._large.append(mention)
            return
        if content is None and not why:
            self._absent[mention.digest] = None
        elif content is None or Digest.of(content) != mention.digest:
            self._bad[mention.digest] = why or str(Digest.of(content or b""))
        else:
            self._store.put(content)
            self._count(len(content))
        self._done += 1
        self._progress("objects", self._done, self._known)

    def _one(self, mention: Mention) -> None:
        """One that may be large, by way of a file."""
        fs.make_directory(self._temporary)
        path = self._temporary / f"received.{os.urandom(8).hex()}"
        try:
            size = self._remote.fetch(mention.digest, mention.most, path)
            self._store.put_file(path)
            self._count(size)
        except NotFoundError:
            self._absent[mention.digest] = None
        except DamagedError as error:
            self._bad[mention.digest] = error.cause or error.message
        finally:
            path.unlink(missing_ok=True)
            self._done += 1
            self._progress("objects", self._done, self._known)

    def _count(self, size: int) -> None:
        self.objects += 1
        self.bytes += size
        self._held += 1
        self._held_bytes += size
        if self._held >= _BATCH or self._held_bytes >= _BATCH_BYTES:
            self._flush()

    def _flush(self) -> None:
        self._store.flush()
        self._held = self._held_bytes = 0


class _Task:
    """Fetches one object, unless it is large."""

    def __init__(self, remote: Remote, mention: Mention) -> None:
        self._remote, self._mention = remote, mention
        # Nouns, of which nothing tells the size, are small.
        self.weight = mention.most if mention.most <= SMALL else _NOUN

    def __call__(self) -> tuple[Mention, bytes | None, str]:
        mention = self._mention
        try:
            most = min(mention.most, SMALL)
            return mention, self._remote.transport.get(names.of_object(mention.digest), most), ""
        except NotFoundError:
            return mention, None, ""
        except DamagedError as error:
            return mention, None, error.cause or error.message
