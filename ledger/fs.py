"""Durability in one place: what is written here is whole and synced, or not there."""

import errno
import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ledger.errors import StorageError

_FICLONE = 0x40049409
_BLOCK = 1 << 20


@contextmanager
def explained(path: Path | str) -> Iterator[None]:
    """Turn an `OSError` on `path` into a `StorageError` that says what to do."""
    try:
        yield
    except OSError as error:
        hints = {
            errno.ENOSPC: "free some room, then run the command again",
            errno.EDQUOT: "free some of your quota, then run the command again",
            errno.EROFS: "name a writable place: --ledger DIR or LEDGER_DIR",
            errno.EACCES: "name a writable place: --ledger DIR or LEDGER_DIR",
            errno.EPERM: "name a writable place: --ledger DIR or LEDGER_DIR",
        }
        raise StorageError(
            f"cannot write {path}", cause=error.strerror or str(error), hint=hints.get(error.errno or 0)
        ) from error


def write_all(descriptor: int, content: bytes | memoryview) -> None:
    """Write all of `content`; a disk that fills up writes short before it fails."""
    view = memoryview(content)
    while view:
        view = view[os.write(descriptor, view) :]


def create(path: Path, content: bytes, *, mode: int = 0o644) -> bool:
    """Create `path` with `content` in one step, synced; False if it is there already.

    A crash leaves the whole file or none.
    """
    temporary = path.parent / f".{path.name[:64]}.{secrets.token_hex(8)}"
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
    temporary = path.parent / f".{path.name[:64]}.{secrets.token_hex(8)}"
    try:
        _write(temporary, content, mode, sync=sync)
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    if sync:
        sync_directory(path.parent)


def _write(path: Path, content: bytes, mode: int, *, sync: bool = True) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    try:
        write_all(descriptor, content)
        if sync:
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_directory(path: Path) -> None:
    """Make the names in a directory durable."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
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
    """Sync the whole file system that holds `path`; False where the system has no such call.

    One call costs less than a sync for each of many small files.
    """
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
        os.close(descriptor)


def try_lock(path: Path) -> int | None:
    """Take the lock file `path` without waiting.

    Returns
    -------
    int or None
        A descriptor that holds the lock until it, and each copy of it in a forked process, is closed; None
        where another holds it.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def clone(source: int, target: int, size: int) -> None:
    """Fill the open file `target` with the `size` bytes of `source`: by reflink where it can, else by copy."""
    try:
        fcntl.ioctl(target, _FICLONE, source)
        return
    except OSError:
        offset = 0  # no reflink on this file system: copy below
    while offset < size:
        try:
            count = os.copy_file_range(source, target, min(size - offset, 1 << 30), offset, offset)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EIO):
                raise
            count = _copy_block(source, target, offset)
        if count == 0:
            break
        offset += count


def _copy_block(source: int, target: int, offset: int) -> int:
    block = os.pread(source, _BLOCK, offset)
    done = 0
    while done < len(block):
        done += os.pwrite(target, block[done:], offset + done)
    return len(block)
