"""Objects in files of their own, named by their digest, in a directory that any number of processes share."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, TypeVar

from blake3 import blake3

from ledger import fs
from ledger.errors import FormatError
from ledger.model import Digest
from ledger.model.digest import PREFIX
from ledger.store.base import damaged, not_there
from ledger.store.batch import Batch, is_whole

T = TypeVar("T")

_BLOCK = 1 << 20
"""Bytes read at once; smaller files are stored from memory."""
_ZEROS = bytes(_BLOCK)


class LocalStore:
    """A store in a directory. One of these belongs to one thread.

    Objects are read-only files under `objects`; they get their names at `flush`, once their content is on the
    disk. A name that is there is never written again, unless its file is cut short.

    Parameters
    ----------
    objects
        The objects' directory; made when the first one is put.
    temporary
        Directory of half-written files; objects on another file system bring their own.
    """

    def __init__(self, objects: Path, temporary: Path) -> None:
        self._objects = objects
        self._batch = Batch(objects, temporary)

    def put(self, content: bytes) -> Digest:
        """Store `content`, see `Store.put`."""
        digest = Digest.of(content)
        with fs.explained(self._objects):
            if not self._batch.holds(digest, len(content)):
                target, path = self._batch.create()
                try:
                    fs.write_all(target, content)
                    self._batch.keep(digest, path, len(content))
                except BaseException:
                    os.unlink(path)
                    raise
                finally:
                    os.close(target)
        return digest

    def put_file(self, path: Path) -> tuple[Digest, int]:
        """Store a file, see `Store.put_file`."""
        source = fs.open_file(path)
        try:
            if (size := os.fstat(source).st_size) < _BLOCK:
                content = os.read(source, size + 1)
                if len(content) == size:
                    return self.put(content), size
            return self._put_large(source)
        finally:
            os.close(source)

    def _put_large(self, source: int) -> tuple[Digest, int]:
        # A file that grows is read as far as it goes now, or it might never end; those of /proc say 0.
        limit = os.fstat(source).st_size or None
        with fs.explained(self._objects):
            target, path = self._batch.create()
        kept = False
        try:
            if fs.reflink(source, target):
                digest, size = _hash(target, None)
            else:
                # What a trial meets is often stored already, and to read costs less than to write.
                digest, size = _hash(source, limit)
                if not self._holds(digest, size):
                    digest, size = _copy(source, target, limit, self._objects)
            if not self._holds(digest, size):
                self._batch.keep(digest, path, size)
                kept = True
        finally:
            os.close(target)
            if not kept:
                os.unlink(path)
        return digest, size

    def flush(self) -> None:
        """Make durable what was put, see `Store.flush`."""
        with fs.explained(self._objects):
            self._batch.publish()

    def has(self, digest: Digest) -> bool:
        """Whether the object is there, see `Store.has`."""
        path = self._batch.path(digest)
        with fs.explained(path, "read"):
            return is_whole(path, digest)

    def size(self, digest: Digest) -> int:
        """Bytes of the object, see `Store.size`."""
        with self._reading(digest) as source:
            return os.fstat(source).st_size

    def get(self, digest: Digest) -> bytes:
        """Content of the object, checked, see `Store.get`."""
        with self._reading(digest) as source, os.fdopen(source, "rb", closefd=False) as file:
            content = file.read()
        return _checked(digest, Digest.of(content), len(content), content)

    def open(self, digest: Digest) -> BinaryIO:
        """Open the object, unchecked, see `Store.open`."""
        with self._reading(digest) as source:
            return os.fdopen(os.dup(source), "rb")

    def check(self, digest: Digest) -> None:
        """Hash the object, see `Store.check`."""
        with self._reading(digest) as source:
            _checked(digest, *_hash(source, None), None)

    def restore(self, digest: Digest, path: Path, *, executable: bool = False) -> None:
        """Write the object to the new file `path`, checked, see `Store.restore`."""
        mode = 0o755 if executable else 0o644
        with self._reading(digest) as source:
            with fs.explained(path):
                target = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
            try:
                got = _hash(target, None) if fs.reflink(source, target) else _copy(source, target, None, path)
                _checked(digest, *got, None)
            except BaseException:
                path.unlink(missing_ok=True)
                raise
            finally:
                os.close(target)

    def digests(self) -> Iterator[Digest]:
        """Names of all objects, see `Store.digests`."""
        kept = self._batch.digests()
        yield from kept
        with fs.explained(self._objects, "read"):
            for digest in _loose(self._objects):
                if digest not in kept:
                    yield digest

    def _holds(self, digest: Digest, size: int) -> bool:
        with fs.explained(self._objects):
            return self._batch.holds(digest, size)

    @contextmanager
    def _reading(self, digest: Digest) -> Iterator[int]:
        path = self._batch.path(digest)
        with fs.explained(path, "read"):
            try:
                source = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            except (FileNotFoundError, NotADirectoryError):
                raise not_there(digest) from None
            try:
                yield source
            finally:
                os.close(source)


def _checked(digest: Digest, got: Digest, size: int, content: T) -> T:
    if got != digest:
        raise damaged(digest, got, size)
    return content


def _loose(objects: Path) -> Iterator[Digest]:
    """Digests whose files are there; other names are nobody's."""
    for first in _names(objects):
        if len(first) == 2:
            for rest in _names(objects / first):
                with suppress(FormatError):
                    yield Digest.parse(f"{PREFIX}{first}{rest}")


def _names(directory: Path) -> list[str]:
    try:
        return os.listdir(directory)
    except (FileNotFoundError, NotADirectoryError):
        return []


def _blocks(source: int, limit: int | None) -> Iterator[memoryview]:
    """Content of an open file up to `limit`; each block is overwritten by the next."""
    block = bytearray(_BLOCK if limit is None else min(limit, _BLOCK))
    view = memoryview(block)
    offset = 0
    while limit is None or offset < limit:
        room = len(view) if limit is None else min(len(view), limit - offset)
        count = os.preadv(source, [view[:room]], offset)
        if count == 0:
            break
        yield view[:count]
        offset += count


def _hash(source: int, limit: int | None) -> tuple[Digest, int]:
    """Digest and size of an open file."""
    hasher, size = blake3(), 0
    for block in _blocks(source, limit):
        hasher.update(block)
        size += len(block)
    return Digest(hasher.digest()), size


def _copy(source: int, target: int, limit: int | None, place: Path) -> tuple[Digest, int]:
    """Copy an open file into the empty one `target`, which lies at `place`.

    Returns digest and size of what was written. Blocks of zeros become holes: a sparse file stays one.
    """
    hasher, size = blake3(), 0
    for block in _blocks(source, limit):
        hasher.update(block)
        with fs.explained(place):
            if block[0] == 0 and bytes(block) == _ZEROS:
                os.lseek(target, _BLOCK, os.SEEK_CUR)
            else:
                fs.write_all(target, block)
        size += len(block)
    with fs.explained(place):
        os.ftruncate(target, size)
    return Digest(hasher.digest()), size
