"""Code that an interpreter imports from directories which no installer filled."""

import os
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Final, NamedTuple

from ledger.capture.walk import MARKERS, SKIPPED, shown

MOST_ENTRIES: Final = 10_000
"""A directory outside of git that holds more is no code of one project."""


class LocalPath(NamedTuple):
    """A tree of code, and the directories in it that are imported from."""

    name: str
    path: Path
    """Top of the tree: the repository's, or the directory itself."""
    paths: tuple[Path, ...]


def local_paths(
    directories: Iterable[str], own: Collection[str], *, root: Path, packaged: Collection[str]
) -> tuple[list[LocalPath], list[str]]:
    """Trees to record beside the root, and what is not recorded, each with the reason.

    Parameters
    ----------
    directories
        Those that the interpreter imports from, without the standard library's; in order.
    own
        Those of them that PYTHONPATH names; the others are added by ``.pth`` files.
    root
        Its code is recorded anyway.
    packaged
        Directories that hold what installers put there, or that are recorded already.
    """
    trees: dict[tuple[str, str], list[str]] = {}
    problems: list[str] = []
    home, real_root = os.path.realpath(os.path.expanduser("~")), os.path.realpath(root)
    filled = [os.path.realpath(each) for each in packaged]
    for directory in directories:
        real = os.path.realpath(directory)
        kind = "PYTHONPATH" if directory in own else "pth"
        if not os.path.isdir(real) or any(_beneath(real, each) for each in filled):
            continue
        if _beneath(real, real_root):
            if kind == "pth":
                trees.setdefault((kind, real_root), []).append(real)
            continue
        top = _repository(real)
        if top is None or _beneath(home, top) or _beneath(real_root, top):
            top = real
        why = _reason(real, top, home, real_root, filled)
        if why is None:
            trees.setdefault((kind, top), []).append(real)
        else:
            problems.append(f"{shown(directory)} is not recorded as code, though it is imported from: {why}")
    names = _names([top for _, top in trees])
    return [
        LocalPath(f"{kind}/{names[top]}", Path(top), tuple(map(Path, dict.fromkeys(inside))))
        for (kind, top), inside in sorted(trees.items())
    ], problems


def _reason(directory: str, top: str, home: str, root: str, packaged: Collection[str]) -> str | None:
    """Why a directory is not taken for code; None where it is."""
    if directory == "/" or _beneath(home, directory):
        return "it holds a home directory"
    if _beneath(root, directory):
        return "it holds the root"
    if any(_beneath(each, directory) for each in packaged):
        return "it holds installed packages"
    if top == directory and not os.path.lexists(f"{top}/.git") and _is_large(directory):
        return f"it holds more than {MOST_ENTRIES:,} files and is no repository"
    return None


def _names(tops: Collection[str]) -> dict[str, str]:
    """As many last parts of each path as tell it from the others, so that they are the same elsewhere."""
    names = {}
    for top in tops:
        parts = top.strip("/").split("/")
        others = [each.strip("/").split("/") for each in set(tops) if each != top]
        count = 1
        while count < len(parts) and any(each[-count:] == parts[-count:] for each in others):
            count += 1
        names[top] = "/".join(parts[-count:])
    return names


def _beneath(path: str, directory: str) -> bool:
    return path == directory or path.startswith(directory.rstrip("/") + "/")


def _repository(directory: str) -> str | None:
    """Top of the git working tree that holds a directory."""
    place = directory
    while place != os.path.dirname(place):
        if os.path.lexists(f"{place}/.git"):
            return place
        place = os.path.dirname(place)
    return None


def _is_large(directory: str) -> bool:
    """Whether more lies beneath a directory than is looked at; what is never entered does not count."""
    seen, stack = 0, [directory]
    while stack:
        try:
            with os.scandir(stack.pop()) as entries:
                listed = list(entries)
        except OSError:
            continue  # the snapshot says what could not be looked at
        if not MARKERS.isdisjoint(entry.name for entry in listed):
            continue
        seen += len(listed)
        if seen > MOST_ENTRIES:
            return True
        stack += [
            entry.path
            for entry in listed
            if entry.name not in SKIPPED and entry.is_dir(follow_symlinks=False)
        ]
    return False
