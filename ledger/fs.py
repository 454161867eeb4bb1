"""Durability in one place: what is written here is whole and synced, or not there."""

import errno
import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from stat import S_ISREG

from ledger.errors import StorageError

_FICLONE = 0x40049409
_BLOCK = 1 << 20
_VECTOR = 1024
"""Parts that the kernel takes at once."""


_ELSEWHERE = "name a writable place: --ledger DIR or LEDGER_DIR"
_HINTS = {
    errno.ENOSPC: "free some room, then run the command again",
    errno.EDQUOT: "free some of your quota, then run the command again",
    errno.EFBIG: "raise the limit on the size of files (ulimit -f), then run the command again",
    errno.EIO: "the disk itself fails: see the kernel's log (dmesg), and save what is there",
    errno.ENOLCK: "its file system has no locks: keep the ledger on a local disk: --ledger DIR or LEDGER_DIR",
    errno.EROFS: _ELSEWHERE,
    errno.EACCES: _ELSEWHERE,
    errno.EPERM: _ELSEWHERE,
}


@contextmanager
def explained(path: Path | str, doing: str = "write") -> Iterator[None]:
    """Turn an `OSError` while `doing` something to `path` into a `StorageError` that says what to do."""
    try:
        yield
    except OSError as error:
        hint = None if doing == "read" and error.errno != errno.EIO else _HINTS.get(error.errno or 0)
        message, cause = f"cannot {doing} {os.fsdecode(path)}", error.strerror or str(error)
        raise StorageError(message, cause=cause, hint=hint) from error


def open_file(path: Path) -> int:
    """Open a regular file to read it; what is none, such as a named pipe, is not waited for.

    Raises
    ------
    OSError
        If it cannot be read, or is no regular file.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    if not S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "not a regular file", os.fspath(path))
    return descriptor


def write_all(descriptor: int, content: bytes | memoryview) -> None:
    """Write all of `content`; a disk that fills up writes short before it fails."""
    view = memoryview(content)
    while view:
        view = view[os.write(descriptor, view) :]


def write_parts_at(descriptor: int, parts: Sequence[bytes | memoryview], offset: int) -> None:
    """Write all of some parts, one behind another, at an offset; the file's position stays."""
    for start in range(0, len(parts), _VECTOR):
        some = parts[start : start + _VECTOR]
        size = sum(map(len, some))
        count = os.pwritev(descriptor, some, offset)
        if count < size:  # a disk that fills up writes short before it fails
            view = memoryview(b"".join(some))
            while count < size:
                count += os.pwrite(descriptor, view[count:], offset + count)
        offset += size


def begin_writing(descriptor: int, offset: int, size: int) -> None:
    """Let the disk begin with bytes of a file that need not stay in memory, so that a sync waits less.

    Nothing where the system has no such call: it only saves time.
    """
    if hasattr(os, "posix_fadvise"):
        os.posix_fadvise(descriptor, offset, size, os.POSIX_FADV_DONTNEED)


def create(path: Path, content: bytes, *, mode: int = 0o644) -> bool:
    """Create `path` with `content` in one step, synced; False if it is there already.

    A crash leaves the whole file or none.
    """
    temporary = beside(path)
    try:
        _write(temporary, content, mode)
        try:
            os.link(temporary, path)
        except FileExistsError:
            return False
    finally:
        temporary.unlink(missing_ok=True)
    sync_directory(path.parent)
    return True


def replace(path: Path, content: bytes, *, sync: bool = True, mode: int = 0o644) -> None:
    """Put `content` at `path` in one step: readers see the old or the new file, whole."""
    temporary = beside(path)
    try:
        _write(temporary, content, mode, sync=sync)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    if sync:
        sync_directory(path.parent)


@contextmanager
def replacing(path: Path) -> Iterator[tuple[int, Path]]:
    """Write a large file that takes the name `path` at the end of the context, in one step, synced.

    Yields the descriptor of the new file, to read and write, and its path until then. What raises leaves
    `path` as it was.
    """
    temporary = beside(path)
    descriptor = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
    try:
        try:
            yield descriptor, temporary
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_directory(path.parent)


def beside(path: Path) -> Path:
    """Name a new file in the same directory; no name may be longer than 255 bytes."""
    return path.parent / f".{path.name[:32]}.{os.urandom(8).hex()}"


def _write(path: Path, content: bytes, mode: int, *, sync: bool = True) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    try:
        write_all(descriptor, content)
        if sync:
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_file(path: Path | str) -> None:
    """Make a file's content durable."""
    _sync(path, os.O_RDONLY)


def sync_directory(path: Path | str) -> None:
    """Make the names in a directory durable."""
    _sync(path, os.O_RDONLY | os.O_DIRECTORY)


def _sync(path: Path | str, flags: int) -> None:
    descriptor = os.open(path, flags | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_directory(path: Path) -> None:
    """Make `path` and its missing parents, durably; nothing if it is there."""
    if path.is_dir():
        return
    make_directory(path.parent)
    path.mkdir(exist_ok=True)
    sync_directory(path.parent)


def sync_file_system(path: Path) -> bool:
    """Sync the whole file system that holds `path`; False where that is not possible or not to be relied on.

    One call costs less than a sync for each of many small files. Before Linux 5.8 it tells no error.
    """
    if not _is_linux_since(5, 8):
        return False
    import ctypes

    function = getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None)
    if function is None:
        return False
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        if function(descriptor) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), str(path))
    finally:
        os.close(descriptor)
    return True


def _is_linux_since(*version: int) -> bool:
    system = os.uname()
    if system.sysname != "Linux":
        return False
    numbers = [int(part) for part in system.release.split("-")[0].split(".")[:2] if part.isdecimal()]
    return tuple(numbers) >= version


@contextmanager
def locked(path: Path, *, shared: bool = False) -> Iterator[int]:
    """Hold the lock file `path` (made if missing); yields its descriptor.

    The kernel drops the lock when its holder dies, so that no stale lock is left.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)
        yield descriptor
    finally:
        release(descriptor)


def release(descriptor: int) -> None:
    """Let go of a lock, also for a process that was forked by another thread while it was held."""
    fcntl.flock(descriptor, fcntl.LOCK_UN)
    os.close(descriptor)


def try_lock(path: Path, *, make: bool = True) -> int | None:
    """Take the lock file `path` without waiting.

    Parameters
    ----------
    path
        The lock file.
    make
        Whether to make it if it is missing.

    Returns
    -------
    int or None
        A descriptor that holds the lock until it, and each copy of it in a forked process, is closed; None
        where another holds it.

    Raises
    ------
    FileNotFoundError
        If it is missing and not to be made.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC | (os.O_CREAT if make else 0), 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


@contextmanager
def alone(path: Path) -> Iterator[bool]:
    """Whether nobody else holds the lock file `path` within, and it can be made; nobody is waited for."""
    try:
        make_directory(path.parent)
        lock = try_lock(path)
    except OSError:
        lock = None
    try:
        yield lock is not None
    finally:
        if lock is not None:
            release(lock)


def share(descriptor: int) -> None:
    """Hold a lock together with others from now on, waiting for one who holds it alone."""
    fcntl.flock(descriptor, fcntl.LOCK_SH)


def locks_hold(path: Path) -> bool:
    """Whether a lock that is held keeps others out; call while holding `path`.

    On some network file systems every call for a lock succeeds.
    """
    other = try_lock(path)
    if other is None:
        return True
    os.close(other)
    return False


def reflink(source: int, target: int) -> bool:
    """Let the empty open file `target` share the blocks of `source`; False where the file system cannot."""
    try:
        fcntl.ioctl(target, _FICLONE, source)
    except OSError:
        return False  # whatever the reason: a copy does the same, or meets the same error
    return True


def clone(source: int, target: int, size: int) -> None:
    """Fill the open file `target` with `size` bytes of `source`: by reflink where it can, else by copy.

    A source that is shorter by now gives what it has.
    """
    if reflink(source, target):
        return
    offset = 0
    while offset < size:
        try:
            count = os.copy_file_range(source, target, min(size - offset, 1 << 30), offset, offset)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EIO):
                raise
            count = 0  # not between these two file systems
        if count == 0:
            break
        offset += count
    while offset < size and (block := os.pread(source, min(size - offset, _BLOCK), offset)):
        offset += os.pwrite(target, block, offset)


def remove_tree(path: Path) -> None:
    """Remove a directory and all in it, read-only directories too; links are removed, not followed.

    What may not be removed stays.
    """
    for here, names, _ in os.walk(path):
        for name in names:
            full = os.path.join(here, name)
            if not os.path.islink(full) and not os.access(full, os.W_OK | os.X_OK):
                with suppress(OSError):
                    os.chmod(full, 0o700)
    for here, names, files in os.walk(path, topdown=False):
        for name in (*files, *names):
            full = os.path.join(here, name)
            with suppress(OSError):
                if name in names and not os.path.islink(full):
                    os.rmdir(full)
                else:
                    os.unlink(full)
    with suppress(OSError):
        os.rmdir(path)
