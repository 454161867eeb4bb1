"""Streams as the comparators need them: buffered, or on disk under a limit."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import copyfileobj
from typing import BinaryIO, Final

from ledger.compare.base import Unfit

_BLOCK: Final = 1 << 20


@contextmanager
def buffered(file: BinaryIO) -> Iterator[BinaryIO]:
    """Give `file` a buffer if it has none, so that reading it by line is no call per byte."""
    if not isinstance(file, io.RawIOBase):
        yield file
        return
    reader = io.BufferedReader(file)
    try:
        yield reader
    finally:
        reader.detach()


def copied(file: BinaryIO, path: Path) -> int:
    """Write what is left of `file` to the new file `path`.

    Returns
    -------
    int
        How many bytes.

    Raises
    ------
    Unfit
        If there is no room for them.
    """
    try:
        with path.open("xb") as target:
            copyfileobj(file, target, _BLOCK)
            return target.tell()
    except OSError as error:
        raise Unfit(f"no room for a copy of it: {error.strerror}") from None
