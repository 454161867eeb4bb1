"""Copies of files as they were before the program changed them."""

import errno
import os
from collections.abc import Callable
from typing import Final

from ledger.capture.trace.log import BEFORE
from ledger.fs import reflink

_PIECE: Final = 8 << 20


class Copies:
    """Puts copies into a spool.

    Parameters
    ----------
    spool
        The directory that holds them, in `before`.
    most
        The size of the largest file that is copied, in bytes.
    beat
        Called while a copy makes progress.
    """

    def __init__(self, spool: bytes, most: int, beat: Callable[[], None]) -> None:
        self._spool = spool
        self._most = most
        self._beat = beat
        self._count = 0

    def make(self, path: bytes, size: int) -> bytes:
        """Copy a file, by reflink where the file system can; return its name relative to the spool.

        Raises
        ------
        OSError
            It is too large, or may not be read, or there is no room.
        """
        if size > self._most:
            raise OSError(errno.EFBIG, f"it has {size} bytes, and the limit is {self._most}")
        os.makedirs(os.path.join(self._spool, BEFORE.encode()), 0o700, exist_ok=True)
        name = b"%s/%d" % (BEFORE.encode(), self._count)
        self._count += 1
        place = os.path.join(self._spool, name)
        source = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            target = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            try:
                if not reflink(source, target):
                    self._fill(source, target, size)
            except OSError:
                os.unlink(place)
                raise
            finally:
                os.close(target)
        finally:
            os.close(source)
        return name

    def _fill(self, source: int, target: int, size: int) -> None:
        """In pieces, so that nobody takes a long copy for a standstill."""
        done = 0
        while done < size:
            try:
                count = os.copy_file_range(source, target, min(size - done, _PIECE))
            except OSError as error:
                if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EIO):
                    raise
                count = 0  # not between these two file systems
            if count == 0:
                break
            done += count
            self._beat()
        while block := os.pread(source, min(size - done, _PIECE), done):
            done += os.pwrite(target, block, done)
            self._beat()
