"""Programs that get other rights when they start: what no_new_privs takes from them."""

import os
import stat
from collections.abc import Mapping, Sequence

from ledger.capture.launchers import unwrap
from ledger.capture.walk import shown, text


def allowed(path: bytes, mode: int) -> bool:
    """Whether a file may be used so; by capabilities too, which `access` alone leaves out."""
    return os.access(path, mode) or os.access(path, mode, effective_ids=True)


def gains(path: bytes, status: os.stat_result) -> str | None:
    """What a program is that gains rights when it starts; None for others."""
    if status.st_mode & stat.S_ISUID and status.st_uid != os.geteuid():
        return "set-user-id"
    if status.st_mode & stat.S_ISGID and status.st_mode & stat.S_IXGRP and status.st_gid != os.getegid():
        return "set-group-id"
    try:
        if os.getxattr(path, "security.capability"):
            return "privileged (it has file capabilities)"
    except OSError:
        return None  # it has none, or the file system knows none
    return None


def lost(path: bytes, what: str) -> str:
    """The gap for a program that ran without the rights it was to gain."""
    return (
        f"{shown(text(path))} is {what} and was started without these rights, which nothing gains while its "
        "files are watched by a user who is not root; --no-trace leaves it its rights"
    )


def starts_privileged(argv: Sequence[str], variables: Mapping[str, str]) -> str | None:
    """Why a command must not be traced: it starts a program that gains rights, which tracing would take.

    Parameters
    ----------
    argv
        The command; wrappers such as `env` and `nice` are looked through.
    variables
        Its environment; PATH is searched.

    Returns
    -------
    str or None
        The reason in words; None if there is none, or for root, whose programs lose nothing.
    """
    if os.geteuid() == 0:
        return None
    words = tuple(argv)
    for _ in range(16):
        if not words or not words[0]:
            return None
        path = _find(words[0], variables.get("PATH", os.defpath))
        if path is not None:
            try:
                what = gains(path, os.stat(path))
            except OSError:
                what = None
            if what is not None:
                return f"{words[0]} is {what}, and would lose its rights if its files were watched"
        started = unwrap(words)
        if started is None:
            return None
        words = started.argv
    return None


def _find(name: str, search: str) -> bytes | None:
    if "/" in name:
        return os.fsencode(name)
    for directory in search.split(":"):
        path = os.path.join(directory or ".", name)
        if os.access(path, os.X_OK) and not os.path.isdir(path):
            return os.fsencode(path)
    return None
