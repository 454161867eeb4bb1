"""Files of git-lfs whose content was never fetched: what lies in the tree is the pointer to it."""

import os
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

from ledger.capture.walk import FileStat, named, place
from ledger.model.manifest import path_key

_ATTRIBUTES: Final = ".gitattributes"
_POINTER: Final = (b"version https://git-lfs.github.com/spec/", b"version https://hawser.github.com/spec/")
_SIZES: Final = range(100, 1024)
"""Bytes of a pointer, by its specification."""


def note(root: Path, files: Mapping[str, FileStat], taken: Iterable[str]) -> str | None:
    """Say which of the files that were taken are pointers without their content; None where none is.

    Only files that a ``.gitattributes`` puts under git-lfs are looked into.

    Parameters
    ----------
    root
        Top of the tree.
    files
        All that lies in it.
    taken
        Paths of those that were recorded.
    """
    patterns = [
        (path[: -len(_ATTRIBUTES)], pattern)
        for path in files
        if path.endswith(_ATTRIBUTES) and path.rpartition("/")[2] == _ATTRIBUTES
        for pattern in _patterns(place(root, path))
    ]
    patterns += [("", pattern) for file in _above(root) for pattern in _patterns(file)]
    if not patterns:
        return None
    pointers = [
        path
        for path in taken
        if (status := files.get(path)) is not None
        and status.size in _SIZES
        and status.is_regular
        and any(path.startswith(top) and _may_match(path, pattern) for top, pattern in patterns)
        and _head(place(root, path)).startswith(_POINTER)
    ]
    if not pointers:
        return None
    pointers.sort(key=path_key)
    what = "1 file is a git-lfs pointer without its content"
    if len(pointers) > 1:
        what = f"{len(pointers)} files are git-lfs pointers without their content"
    return f"{what}: {named(pointers)} (git lfs pull fetches it)"


def _patterns(file: Path) -> list[str]:
    """What a file of attributes puts under git-lfs."""
    lines = (line.split() for line in _head(file, 1 << 16).decode("utf-8", "surrogateescape").splitlines())
    return [words[0].strip('"') for words in lines if "filter=lfs" in words[1:]]


def _above(root: Path) -> list[Path]:
    """Files of attributes between a directory inside a repository and the repository's top."""
    above = []
    for each in root.parents if not os.path.lexists(root / ".git") else ():
        above.append(each / _ATTRIBUTES)
        if os.path.lexists(each / ".git"):
            return above
    return []


def _may_match(path: str, pattern: str) -> bool:
    """Whether `path` could be meant; where directories decide, yes: it costs no more than a look."""
    last = pattern.rstrip("/").rpartition("/")[2]
    return last in ("**", "*") or fnmatchcase(path.rpartition("/")[2], last)


def _head(file: Path, limit: int = 64) -> bytes:
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return b""  # it has gone, or may not be read, which the recorder says
    try:
        return os.read(descriptor, limit)
    except OSError:
        return b""
    finally:
        os.close(descriptor)
