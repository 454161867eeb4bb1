"""Where a file is put that a user names: in place of a file or of nothing, never of a device or a pipe."""

import os
from pathlib import Path

from ledger.errors import UsageError


def output_file(path: Path, what: str) -> Path:
    """The path to write at, links followed: a link stays, and what it names is replaced.

    Parameters
    ----------
    path
        As named; a file that is there is to be replaced.
    what
        What is written, for errors.

    Raises
    ------
    UsageError
        If something is there that is no regular file, or there is no such directory.
    """
    real = Path(os.path.realpath(path))
    cause = None
    if path.is_dir():
        cause = "it is a directory"
    elif path.exists() and not path.is_file():
        cause = "it is no regular file"
    elif not real.parent.is_dir():
        cause = f"there is no directory {real.parent}"
    if cause is not None:
        raise UsageError(f"no {what} can be written to {path}", cause=cause, hint="name a file: -o FILE")
    return real
