"""A directory of one writer's own, where files lie until they get their names."""

import errno
import os
from contextlib import suppress
from pathlib import Path

from ledger import fs
from ledger.model import layout

_PREFIX = "objects-"
_LOCK = "lock"


class Workplace:
    """Where one writer's half-written files lie; made with the first of them.

    It holds a locked file, so that what a dead writer left can be told. As long as it is there, a name that
    its writer gave may not be durable.
    """

    def __init__(self, objects: Path, temporary: Path) -> None:
        self._objects = objects
        self._temporary = temporary
        self.parent = temporary
        """What it lies in: on the file system of the objects."""
        self._directory: Path | None = None
        self._lock = -1
        self._count = 0

    def __del__(self) -> None:
        """A writer that is forgotten is as good as dead."""
        self.release()

    @property
    def is_there(self) -> bool:
        """Whether it was made."""
        return self._directory is not None

    def release(self) -> None:
        """Let go of the lock; what is still there is swept by the next writer."""
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def create(self) -> tuple[int, str]:
        """Open a new file.

        Returns
        -------
        tuple of int and str
            Its descriptor, to read and write, and its path.
        """
        directory = self._directory or self._begin()
        path = f"{directory}/{self._count}"
        self._count += 1
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o444), path

    def has_company(self) -> bool:
        """Whether another writer's directory is there, of one that lives or of one that died."""
        mine = self._directory.name if self._directory else None
        return any(
            name.startswith(_PREFIX) and name != mine
            for parent in (self._temporary, layout.objects_temporary(self._objects))
            for name in names_in(parent)
        )

    def _begin(self) -> Path:
        fs.make_directory(self._objects)
        fs.make_directory(self._temporary)
        self.parent = self._temporary
        if os.stat(self._objects).st_dev != os.stat(self._temporary).st_dev:
            self.parent = layout.objects_temporary(self._objects)  # a file is moved on one file system only
            fs.make_directory(self.parent)
        self._sweep()
        for _ in range(100):
            directory = self.parent / f"{_PREFIX}{os.urandom(8).hex()}"
            directory.mkdir()
            with suppress(FileNotFoundError):  # swept by another before it was locked
                lock = fs.try_lock(directory / _LOCK)
                if lock is not None and os.fstat(lock).st_nlink:
                    self._lock, self._directory = lock, directory
                    return directory
                if lock is not None:
                    os.close(lock)
        raise OSError(errno.EBUSY, "cannot lock a new directory", str(self.parent))

    def end(self) -> None:
        """Remove it, once every name is durable."""
        if self._directory is not None:
            (self._directory / _LOCK).unlink()
            with suppress(FileNotFoundError):  # a sweeper takes a directory without a lock file, too
                self._directory.rmdir()

    def _sweep(self) -> None:
        """Remove what dead writers left."""
        for name in names_in(self.parent):
            if name.startswith(_PREFIX):
                with suppress(OSError):  # another sweeps too, or the disk fails: it stays for the next writer
                    self._sweep_one(self.parent / name)

    def _sweep_one(self, directory: Path) -> None:
        try:
            lock = fs.try_lock(directory / _LOCK, make=False)
        except FileNotFoundError:
            directory.rmdir()  # just made, and its maker tries again; or just emptied
            return
        if lock is None:
            return
        try:
            # It may have died between giving names and syncing them: this directory is the only sign of that.
            if not fs.sync_file_system(self._objects):
                for name in names_in(self._objects):
                    fs.sync_directory(self._objects / name)
                fs.sync_directory(self._objects)
            for name in names_in(directory):
                if name != _LOCK:
                    (directory / name).unlink()
            (directory / _LOCK).unlink()
            directory.rmdir()
        finally:
            os.close(lock)


def names_in(directory: Path | str) -> list[str]:
    """Names in a directory; none if there is no such one."""
    try:
        return os.listdir(directory)
    except (FileNotFoundError, NotADirectoryError):
        return []
