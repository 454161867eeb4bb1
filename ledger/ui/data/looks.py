"""Files that only a reader in C can read: they are looked into in a process of its own."""

from importlib.util import find_spec
from threading import BoundedSemaphore
from typing import BinaryIO, Final

from ledger.compare import fenced
from ledger.compare.base import Unfit
from ledger.ui.data import Document

_READERS: Final = {
    "application/vnd.apache.parquet": "columnar",
    "application/vnd.apache.arrow.file": "columnar",
    "application/vnd.apache.arrow.stream": "columnar",
    "application/x-feather": "columnar",
    "application/x-orc": "columnar",
    "application/x-hdf5": "hdf5",
    "application/x-tar": "packed",
    "application/gzip": "packed",
    "application/x-bzip2": "packed",
    "application/x-xz": "packed",
    "application/zstd": "packed",
    "application/vnd.sqlite3": "database",
    "application/x-pickle": "leaves",
    "application/x-tfevents": "events",
    "application/zip": "leaves",
    "audio/wav": "leaves",
}
_AT_ONCE: Final = BoundedSemaphore(2)
"""Each takes up to `fenced.MEMORY`, and a page may ask for many."""


def at(kind: str, file: BinaryIO) -> Document | None:
    """What is in a file of a media type; None where no reader is asked for it.

    Raises
    ------
    Unfit
        With the reason, if it cannot be read, or what reads it is not installed.
    """
    reader = _READERS.get(kind)
    if reader is None:
        return None
    if reader == "hdf5" and find_spec("h5py") is None:
        raise Unfit("pip install 'replay-ledger[hdf5]' would show what is in it")
    with _AT_ONCE:
        return fenced.look(f"looks.{reader}", file)
