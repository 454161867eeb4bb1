"""A remote in a directory: on another disk, or on a file system that machines share."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from stat import S_ISREG
from threading import Lock
from typing import BinaryIO

from ledger import fs
from ledger.errors import RemoteError
from ledger.remotes.base import BLOCK, Blob, no_blob, too_large

_TEMPORARY = "tmp"


class DirectoryTransport:
    """Blobs as files of a directory, whose parent has to be there.

    Parameters
    ----------
    path
        The directory; made by the first blob.
    """

    parallel = 4

    def __init__(self, path: Path) -> None:
        self.url = str(path)
        self._base = path
        self._half: list[tuple[Path, str]] = []
        self._turn = Lock()

    def get(self, name: str, most: int) -> bytes:
        """Content of a blob, see `Transport.get`."""
        with self._explained("read", name):
            descriptor = fs.open_file(self._base / name)
            with os.fdopen(descriptor, "rb") as file:
                size = os.fstat(descriptor).st_size
                if size > most:
                    raise too_large(self.url, name, most, size)
                return file.read(most)

    def blocks(self, name: str) -> Iterator[bytes]:
        """Content of a blob, see `Transport.blocks`."""
        with self._explained("read", name), os.fdopen(fs.open_file(self._base / name), "rb") as file:
            while block := file.read(BLOCK):
                yield block

    def size(self, name: str) -> int | None:
        """Bytes of a blob, see `Transport.size`."""
        with self._explained("read", name):
            try:
                found = os.stat(self._base / name)
            except (FileNotFoundError, NotADirectoryError):
                return None
            return found.st_size if S_ISREG(found.st_mode) else None

    def put(self, name: str, content: bytes) -> None:
        """Store a blob, see `Transport.put`."""
        with self._explained("write", name), self._named_later(name) as descriptor:
            fs.write_all(descriptor, content)

    def put_from(self, name: str, source: BinaryIO, size: int) -> None:  # noqa: ARG002
        """Store a blob, see `Transport.put_from`."""
        with self._explained("write", name), self._named_later(name) as descriptor:
            while block := source.read(BLOCK):
                fs.write_all(descriptor, block)

    def flush(self) -> None:
        """Sync what was put, then give it its names, see `Transport.flush`."""
        half = list(self._half)
        if not half:
            return
        try:
            with self._explained("write", ""):
                self._name(half)
        except BaseException:
            _remove(half)
            raise
        finally:
            with self._turn:
                del self._half[: len(half)]

    def create(self, name: str, content: bytes) -> bool:
        """Store a blob that is not there, see `Transport.create`."""
        path = self._base / name
        with self._explained("write", name):
            self._make()
            fs.make_directory(path.parent)
            return fs.create(path, content)

    def listed(self, directory: str) -> Iterator[Blob]:
        """Blobs beneath a directory, see `Transport.listed`."""
        with self._explained("read", directory):
            yield from self._walk(directory)

    def delete(self, name: str) -> None:
        """Remove a blob, see `Transport.delete`."""
        with self._explained("write", name):
            (self._base / name).unlink(missing_ok=True)

    def close(self) -> None:
        """Remove what was put and not flushed, see `Transport.close`."""
        _remove(self._half)
        self._half = []

    def _name(self, half: list[tuple[Path, str]]) -> None:
        if not fs.sync_file_system(self._base):
            for temporary, _ in half:
                fs.sync_file(temporary)
        parents = {(self._base / name).parent for _, name in half}
        for parent in parents:
            fs.make_directory(parent)
        for temporary, name in half:
            os.replace(temporary, self._base / name)
        if not fs.sync_file_system(self._base):
            for parent in parents:
                fs.sync_directory(parent)

    def _walk(self, directory: str) -> Iterator[Blob]:
        try:
            with os.scandir(self._base / directory) as found:
                entries = list(found)
        except (FileNotFoundError, NotADirectoryError):
            return
        for each in entries:
            if each.name.startswith("."):
                continue  # half-made
            if each.is_dir(follow_symlinks=False):
                yield from self._walk(f"{directory}{each.name}/")
            elif each.is_file():
                yield Blob(f"{directory}{each.name}", each.stat().st_size)

    @contextmanager
    def _named_later(self, name: str) -> Iterator[int]:
        self._make()
        directory = self._base / _TEMPORARY
        directory.mkdir(exist_ok=True)
        temporary = directory / f".{os.urandom(12).hex()}"
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
        try:
            yield descriptor
        except BaseException:
            temporary.unlink()
            raise
        finally:
            os.close(descriptor)
        with self._turn:
            self._half.append((temporary, name))

    def _make(self) -> None:
        if not self._base.is_dir():
            self._base.mkdir(exist_ok=True)
            fs.sync_directory(self._base.parent)

    @contextmanager
    def _explained(self, doing: str, name: str) -> Iterator[None]:
        try:
            yield
        except (FileNotFoundError, NotADirectoryError) as error:
            if not self._base.parent.is_dir():
                raise RemoteError(
                    f"cannot reach {self.url}",
                    cause=f"there is no directory {self._base.parent}",
                    hint="is its disk mounted? else make it: mkdir -p",
                ) from error
            if doing == "read":
                raise no_blob(self.url, name) from error
            raise RemoteError(f"cannot write {name} to {self.url}", cause=str(error)) from error
        except OSError as error:
            raise RemoteError(
                f"cannot {doing} {os.path.join(self.url, name)}", cause=error.strerror or str(error)
            ) from error


def _remove(half: list[tuple[Path, str]]) -> None:
    """Remove what has no name yet."""
    for temporary, _ in half:
        temporary.unlink(missing_ok=True)
