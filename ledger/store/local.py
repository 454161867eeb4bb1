"""Objects in a directory that any number of processes share: in files of their own, or in packs."""

import io
import os
from collections.abc import Callable, Collection, Container, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TypeVar

from ledger import fs
from ledger.model import Digest
from ledger.store.base import damaged, not_there
from ledger.store.batch import Batch
from ledger.store.encoding import PLAIN, SAMPLE, choose
from ledger.store.files import BLOCK, blocks_of, copy, digest_of, is_whole, loose, write_or_skip
from ledger.store.pack_format import CHUNK, LIST, MOST_PLAIN, OBJECT, Entry, encode_list
from ledger.store.sources import Loose, Packed, Source

if TYPE_CHECKING:  # they are imported when something large is stored
    from ledger.store.discarding import Turn
    from ledger.store.pack_writer import PackWriter
    from ledger.store.steps import Fill, Step, Steps

T = TypeVar("T")


class LocalStore:
    """A store in a directory. One of these belongs to one thread, `check` aside.

    Objects are read-only files under `objects`, one each or many in a pack; they get their names at `flush`,
    once their content is on the disk. A name that is there is never written again, unless its file is cut
    short. Large contents are cut into chunks, of which only those are written that are nowhere yet.

    Parameters
    ----------
    objects
        The objects' directory; made when the first one is put.
    temporary
        Directory of half-written files; objects on another file system bring their own.
    large
        ``chunk``: large contents are cut; ``whole``: they are kept as the files that they are, and share
        their blocks with the user's where the file system can.
    threshold
        Bytes from which on a content is large.
    step
        Bytes of a large content that are in memory at once, three times.
    most_loose
        So many small objects that are put together get files of their own; more share a pack.
    before_packs
        Called before the first pack gets its name.
    """

    def __init__(
        self,
        objects: Path,
        temporary: Path,
        *,
        large: str = "chunk",
        threshold: int = 4 << 20,
        step: int = 8 << 20,
        most_loose: int = 16,
        before_packs: Callable[[], None] | None = None,
    ) -> None:
        self._objects = objects
        self._temporary = temporary
        self._before_packs = before_packs
        self._batch = Batch(objects, temporary, most_loose, before_packs)
        self._cuts = large == "chunk"
        self._threshold = threshold if self._cuts else min(threshold, BLOCK)
        self._step = step

    def put(self, content: bytes) -> Digest:
        """Store `content`, see `Store.put`."""
        if self._cuts and len(content) >= self._threshold:
            return self._put_chunks(io.BytesIO(content).readinto)[0]
        digest = Digest.of(content)
        with fs.explained(self._objects):
            if not self._batch.holds(digest, len(content)):
                if self._batch.is_crowded and len(content) <= MOST_PLAIN:
                    self._batch.pack().append(digest, content, OBJECT, PLAIN)
                else:
                    self._put_loose(digest, content)
        return digest

    def _put_loose(self, digest: Digest, content: bytes) -> None:
        target, path = self._batch.create()
        try:
            fs.write_all(target, content)
            self._batch.keep(digest, path, len(content))
        except BaseException:
            os.unlink(path)
            raise
        finally:
            os.close(target)

    def put_file(self, path: Path) -> tuple[Digest, int]:
        """Store a file, see `Store.put_file`."""
        source = fs.open_file(path)
        try:
            if (size := os.fstat(source).st_size) < self._threshold:
                content = os.read(source, size + 1)
                if len(content) == size:
                    return self.put(content), size
            from ledger.store.steps import filling

            # A file that grows is read as far as it goes now, or it might never end; those of /proc say 0.
            fill = filling(source, size or None)
            return self._put_chunks(fill) if self._cuts else self._put_whole(source, fill)
        finally:
            os.close(source)

    def _put_chunks(self, fill: "Fill") -> tuple[Digest, int]:
        """Cut a content, and put into the pack what of it is nowhere yet."""
        from ledger.store.steps import Steps

        with fs.explained(self._objects):
            pack = self._batch.pack()
        mark = pack.mark()
        pieces: list[tuple[Digest, int]] = []
        steps = Steps(fill, cut=True, step=self._step)
        try:
            for step in steps:
                with fs.explained(self._objects):
                    pieces += self._put_step(step, pack)
                    pack.drain()  # the step's memory is used again
            with fs.explained(self._objects):
                digest, size = steps.digest, steps.size
                if self._batch.holds(digest, size):
                    pack.rollback(mark)
                else:
                    content = encode_list(pieces)
                    pack.copy(Entry(digest, 0, size, len(content), LIST, PLAIN), content)
        except BaseException:
            pack.rollback(mark)
            raise
        return digest, size

    def _put_step(self, step: "Step", pack: "PackWriter") -> list[tuple[Digest, int]]:
        pieces, offset, how = [], 0, None
        for length in step.lengths:
            piece = step.content[offset : offset + length]
            digest = Digest.of(piece)
            if not self._batch.holds_piece(digest, length):
                if how is None:
                    how = choose(bytes(piece[:SAMPLE]))
                pack.append(digest, piece, CHUNK, how)
            pieces.append((digest, length))
            offset += length
        return pieces

    def _put_whole(self, source: int, fill: "Fill") -> tuple[Digest, int]:
        from ledger.store.steps import Steps

        with fs.explained(self._objects):
            target, path = self._batch.create()
        kept = False
        try:
            if fs.reflink(source, target):
                digest, size = digest_of(blocks_of(target, None))
            else:
                digest, size = self._copy_steps(Steps(fill, cut=False, step=self._step), target)
            if not self._holds(digest, size):
                self._batch.keep(digest, path, size)
                kept = True
        finally:
            os.close(target)
            if not kept:
                os.unlink(path)
        return digest, size

    def _copy_steps(self, steps: "Steps", target: int) -> tuple[Digest, int]:
        written = 0
        for step in steps:
            with fs.explained(self._objects):
                for offset in range(0, len(step.content), BLOCK):
                    write_or_skip(target, step.content[offset : offset + BLOCK])
                fs.begin_writing(target, written, len(step.content))
            written += len(step.content)
        with fs.explained(self._objects):
            os.ftruncate(target, steps.size)
        return steps.digest, steps.size

    def flush(self) -> None:
        """Make durable what was put, see `Store.flush`."""
        with fs.explained(self._objects):
            self._batch.publish()

    def has(self, digest: Digest) -> bool:
        """Whether the object is there, see `Store.has`."""
        path = self._batch.path(digest)
        with fs.explained(path, "read"):
            return is_whole(path, digest) or self._batch.size(digest) is not None

    def present(self, digests: Iterable[Digest]) -> set[Digest]:
        """Those of many objects that are there, see `Store.present`."""
        with fs.explained(self._objects, "read"):
            return self._batch.present(digests)

    def size(self, digest: Digest) -> int:
        """Bytes of the object, see `Store.size`."""
        with self._reading(digest) as source:
            return source.size

    def get(self, digest: Digest) -> bytes:
        """Content of the object, checked, see `Store.get`."""
        with self._reading(digest) as source, source.open() as file:
            content = file.read()
        return _checked(digest, Digest.of(content), len(content), content)

    def open(self, digest: Digest) -> BinaryIO:
        """Open the object, unchecked, see `Store.open`."""
        with self._reading(digest) as source:
            return source.open()

    def check(self, digest: Digest) -> None:
        """Hash the object, see `Store.check`."""
        with self._reading(digest) as source:
            _checked(digest, *digest_of(source.blocks()), None)

    def restore(self, digest: Digest, path: Path, *, executable: bool = False) -> None:
        """Write the object to the new file `path`, checked, see `Store.restore`."""
        mode = 0o755 if executable else 0o644
        with self._reading(digest) as source:
            with fs.explained(path):
                target = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
            try:
                if isinstance(source, Loose) and fs.reflink(source.descriptor, target):
                    got = digest_of(blocks_of(target, None))
                else:
                    got = copy(source.blocks(), target, path)
                _checked(digest, *got, None)
            except BaseException:
                path.unlink(missing_ok=True)
                raise
            finally:
                os.close(target)

    def digests(self) -> Iterator[Digest]:
        """Names of all objects, see `Store.digests`."""
        told = set(self._batch.digests())
        yield from told
        with fs.explained(self._objects, "read"):
            self._batch.packs.refresh()
            for digest in chain(loose(self._objects), self._batch.packs.objects()):
                if digest not in told:
                    told.add(digest)
                    yield digest

    def release(self) -> None:
        """Nothing: who removes objects is kept away by `PinnedStore`."""

    def pinned(self) -> AbstractContextManager[None]:
        """Nothing, as `release`."""
        return nullcontext()

    def avoid(self, digests: Container[Digest]) -> None:
        """Rely on none of `digests`, see `Store.avoid`."""
        with fs.explained(self._objects, "read"):
            self._batch.avoid(digests)

    def pieces_of(self, digests: Container[Digest]) -> frozenset[Digest]:
        """What only some objects need, see `Store.pieces_of`."""
        from ledger.store.discarding import pieces_of

        with fs.explained(self._objects, "read"):
            return pieces_of(self._objects, digests)

    def discard(self, digests: Collection[Digest], turn: "Turn | None" = None) -> None:
        """Remove objects, see `Store.discard`."""
        from ledger.store.discarding import discard

        with fs.explained(self._objects):
            discard(self._objects, self._temporary, digests, turn or (lambda: nullcontext(digests)))
            self._batch.packs.refresh()

    def tidy(self) -> None:
        """Put many small objects into a pack, see `Store.tidy`."""
        from ledger.store.packing import pack

        pack(self._objects, self._temporary, before_packs=self._before_packs)

    def _holds(self, digest: Digest, size: int) -> bool:
        with fs.explained(self._objects):
            return self._batch.holds(digest, size)

    @contextmanager
    def _reading(self, digest: Digest) -> Iterator[Source]:
        path = self._batch.path(digest)
        with fs.explained(path, "read"):
            source = self._find(digest, path)
            try:
                yield source
            finally:
                source.close()

    def _find(self, digest: Digest, path: str) -> Source:
        try:
            return Loose(os.open(path, os.O_RDONLY | os.O_CLOEXEC))
        except (FileNotFoundError, NotADirectoryError):
            found = self._batch.read(digest)
            if found is None:
                raise not_there(digest) from None
            return Packed(*found, self._batch.read, self._batch.packs.run)


def _checked(digest: Digest, got: Digest, size: int, content: T) -> T:
    if got != digest:
        raise damaged(digest, got, size)
    return content
