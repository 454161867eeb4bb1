"""What a command's standard input is, as far as that can be known before it starts."""

import os
import select
import stat
from pathlib import Path

from ledger.capture.put import Put
from ledger.ops.streams import inherited

TERMINAL, NULL, CLOSED, STREAM = "terminal", "null", "closed", "stream"


def describe(put: Put, max_bytes: int, descriptor: int = 0) -> str:
    """Name the standard input without reading from it.

    A file is hashed (and stored up to `max_bytes`) through an opening of its own, so that the command finds
    its offset untouched; of a pipe nothing can be known without taking what the command may not want.

    Returns
    -------
    str
        ``terminal``, ``null``, ``closed``, ``stream``, or the digest of the content as text.
    """
    if not inherited(descriptor):
        return CLOSED
    found = os.fstat(descriptor)
    if os.isatty(descriptor):
        return TERMINAL
    if stat.S_ISCHR(found.st_mode) and found.st_rdev == os.stat(os.devnull).st_rdev:
        return NULL
    if stat.S_ISFIFO(found.st_mode) and _is_exhausted(descriptor):
        return NULL
    if not stat.S_ISREG(found.st_mode) or found.st_size > max_bytes:
        return STREAM
    if os.lseek(descriptor, 0, os.SEEK_CUR) != 0:
        return STREAM  # a part of a file that a loop reads on, say: not an input of this command alone
    path = Path(f"/proc/self/fd/{descriptor}")
    if not path.exists():
        return STREAM
    return str(put.put_file(path)[0])


def _is_exhausted(pipe: int) -> bool:
    """Whether a pipe holds nothing, and nobody can write to it any more."""
    poll = select.poll()
    poll.register(pipe, select.POLLIN)
    return any(events == select.POLLHUP for _, events in poll.poll(0))


def spool(path: Path, put: Put, descriptor: int = 0) -> str:
    """Read the standard input to its end into the file `path`; return its digest as text."""
    with open(path, "wb") as target:
        while block := os.read(descriptor, 1 << 20):
            target.write(block)
    return str(put.put_file(path)[0])
