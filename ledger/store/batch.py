"""What one writer has put and not yet made durable."""

import errno
import os
from contextlib import suppress
from pathlib import Path
from stat import S_ISREG

from ledger import fs
from ledger.model import Digest, layout

_PREFIX = "objects-"
_LOCK = "lock"
_FEW = 8
"""So many files are synced each; more, by one sync of the file system, which waits for others' bytes too."""
_EMPTY = Digest.of(b"")


def is_whole(path: str, digest: Digest, size: int | None = None) -> bool:
    """Whether `path` can be the object `digest`: a file of `size` bytes.

    Where the size is not known, one that is not empty: that is what a crash of a file system can leave.
    """
    try:
        status = os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return False
    fits = status.st_size == size if size is not None else bool(status.st_size) or digest == _EMPTY
    return fits and S_ISREG(status.st_mode)


class Batch:
    """Files that get their names together, once their content is on the disk.

    1. Each content is written to a file in a directory of this writer's own, which holds a locked file.
    2. `publish` syncs the contents, then moves each file to its name, then syncs the directories. So no crash
       leaves a name with other bytes.
    3. The writer's directory goes last. As long as it is there, a name that another writer sees may not be
       durable: one that relies on such a name syncs it itself.
    """

    def __init__(self, objects: Path, temporary: Path) -> None:
        self._objects = objects
        self._temporary = temporary
        self._root = (
            f"{objects}/"  # one of many paths is text: a Path costs more than the call that it is for
        )
        self._forget()

    def _forget(self) -> None:
        self._process = os.getpid()
        self._parent = self._temporary
        self._directory: Path | None = None
        self._lock = -1
        self._count = 0
        self._files: dict[Digest, tuple[str, int]] = {}
        self._relied: dict[int, Digest] = {}  # one object of each directory

    def _after_fork(self) -> None:
        """What the parent has put is the parent's to publish."""
        if self._process != os.getpid():
            self._release()

    def _release(self) -> None:
        if self._lock >= 0:
            os.close(self._lock)
        self._forget()

    def create(self) -> tuple[int, str]:
        """Open a new file, which is later kept or dropped.

        Returns
        -------
        tuple of int and str
            Its descriptor, to read and write, and its path.
        """
        self._after_fork()
        directory = self._directory or self._begin()
        path = f"{directory}/{self._count}"
        self._count += 1
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o444), path

    def keep(self, digest: Digest, path: str, size: int) -> None:
        """Let the file `path` become the object `digest` at `publish`."""
        self._files[digest] = (path, size)

    def path(self, digest: Digest) -> str:
        """Where the object is, or will be read from until `publish`."""
        self._after_fork()
        found = self._files.get(digest)
        return found[0] if found else self._root + layout.loose_name(digest)

    def holds(self, digest: Digest, size: int) -> bool:
        """Whether the object is there, of that size, so that it need not be written.

        `publish` sees to it that its name is durable.
        """
        self._after_fork()
        if digest in self._files:
            return True
        if not is_whole(self._root + layout.loose_name(digest), digest, size):
            return False
        self._relied[digest[0]] = digest
        return True

    def digests(self) -> frozenset[Digest]:
        """All kept files."""
        self._after_fork()
        return frozenset(self._files)

    def publish(self) -> None:
        """Make all kept files objects, durably; where it fails, none of them is to be relied on.

        Raises
        ------
        OSError
            If the disk refuses.
        """
        self._after_fork()
        if self._directory is None and not self._relied:
            return
        try:
            self._sync_contents()
            named = self._name()
            if self._has_company():
                named |= {
                    os.path.dirname(self._root + layout.loose_name(each)) for each in self._relied.values()
                }
                named.add(self._root)
            self._sync_directories(named)
            self._end()
        finally:
            self._release()

    def _sync_contents(self) -> None:
        many = len(self._files) > _FEW
        if not (many and fs.sync_file_system(self._parent)):
            for path, _ in self._files.values():
                fs.sync_file(path)

    def _name(self) -> set[str]:
        named = set()
        for digest, (path, size) in self._files.items():
            target = self._root + layout.loose_name(digest)
            parent = os.path.dirname(target)
            if is_whole(target, digest, size):
                os.unlink(path)  # another writer was faster
            else:
                if parent not in named and not os.path.isdir(parent):
                    Path(parent).mkdir(exist_ok=True)
                    named.add(self._root)
                os.rename(path, target)
            named.add(parent)
        return named

    def _sync_directories(self, directories: set[str]) -> None:
        many = len(directories) > _FEW
        if not (many and fs.sync_file_system(self._objects)):
            for each in directories:
                fs.sync_directory(each)

    def _has_company(self) -> bool:
        """Whether another writer's directory is there, of one that lives or of one that died."""
        mine = self._directory.name if self._directory else None
        return any(
            name.startswith(_PREFIX) and name != mine
            for parent in (self._temporary, layout.objects_temporary(self._objects))
            for name in _names(parent)
        )

    def _begin(self) -> Path:
        fs.make_directory(self._objects)
        fs.make_directory(self._temporary)
        self._parent = self._temporary
        if os.stat(self._objects).st_dev != os.stat(self._temporary).st_dev:
            self._parent = layout.objects_temporary(self._objects)  # a file is moved on one file system only
            fs.make_directory(self._parent)
        self._sweep()
        for _ in range(100):
            directory = self._parent / f"{_PREFIX}{os.urandom(8).hex()}"
            directory.mkdir()
            with suppress(FileNotFoundError):  # swept by another before it was locked
                lock = fs.try_lock(directory / _LOCK)
                if lock is not None and os.fstat(lock).st_nlink:
                    self._lock, self._directory = lock, directory
                    return directory
                if lock is not None:
                    os.close(lock)
        raise OSError(errno.EBUSY, "cannot lock a new directory", str(self._parent))

    def _end(self) -> None:
        if self._directory is not None:
            (self._directory / _LOCK).unlink()
            with suppress(FileNotFoundError):  # a sweeper takes a directory without a lock file, too
                self._directory.rmdir()

    def _sweep(self) -> None:
        """Remove what dead writers left."""
        for name in _names(self._parent):
            if name.startswith(_PREFIX):
                with suppress(OSError):  # another sweeps too, or the disk fails: it stays for the next writer
                    self._sweep_one(self._parent / name)

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
                for name in _names(self._objects):
                    fs.sync_directory(self._objects / name)
                fs.sync_directory(self._objects)
            for name in _names(directory):
                if name != _LOCK:
                    (directory / name).unlink()
            (directory / _LOCK).unlink()
            directory.rmdir()
        finally:
            os.close(lock)


def _names(directory: Path) -> list[str]:
    try:
        return os.listdir(directory)
    except FileNotFoundError:
        return []
