"""Which files are code: git's answer, or every file where there is no git."""

from collections.abc import Container
from pathlib import Path
from typing import Final

from ledger.capture.git import Repository, survey
from ledger.capture.walk import Scan, named, shown
from ledger.model.frozen import frozen
from ledger.model.manifest import path_key

_SOURCES: Final = (
    *(".py", ".pyx", ".pxd", ".ipynb", ".sh", ".r", ".jl", ".rs"),
    *(".c", ".cc", ".cpp", ".cu", ".cuh", ".h", ".hpp"),
    *(".toml", ".yaml", ".yml", ".json", ".cfg", ".ini", ".txt", ".md", ".lock"),
)


@frozen
class CodeLimits:
    """How much of a directory is taken for code."""

    max_untracked_bytes: int = 50_000_000
    """A larger file that git does not track is recorded by its digest only."""
    max_files: int = 10_000
    """Without git: how many files are recorded."""
    max_bytes: int = 500_000_000
    """Without git: how many bytes are recorded."""
    paths: tuple[str, ...] = ()
    """Only these files and directories, relative to the root; all if empty."""


@frozen
class Listing:
    """The files that are code."""

    tracked: dict[str, int | None]
    """Files that git tracks, whether they are there or not; the mode where the file system's says nothing."""
    untracked: tuple[str, ...]
    """All others."""
    repository: Repository | None
    """None without git."""
    notes: tuple[str, ...]
    """What is missing, and why."""


def from_git(root: Path, scan: Scan, limits: CodeLimits) -> Listing:
    """Files that git tracks, or neither tracks nor ignores, those of the repositories inside included.

    Raises
    ------
    GitUnusable
        If git does not answer.
    """
    repository = survey(root, limits.paths, scan.beneath_skipped)
    tracked: dict[str, int | None] = {}
    untracked: list[str] = []
    notes: list[str] = []
    for each in repository:
        tracked |= dict.fromkeys(each.tracked) if each.executable_bits else each.tracked
        untracked += each.untracked
        notes += (shown(problem) for problem in each.problems)
        if each.absent:
            notes.append(f"submodules that are not checked out: {named(list(each.absent))}")
        for closed in each.closed:
            untracked += (path for path in scan.files if path.startswith(f"{closed}/"))
    return Listing(tracked=tracked, untracked=tuple(untracked), repository=repository, notes=tuple(notes))


def from_walk(scan: Scan, limits: CodeLimits, products: Container[str]) -> Listing:
    """Every file of a directory up to the limits: sources first, then what lies near the top."""
    chosen: list[str] = []
    left: list[str] = []
    room = limits.max_bytes
    for path in sorted((path for path in scan.files if _within(path, limits.paths)), key=_rank):
        if path in products:
            continue
        size = scan.files[path].size
        counted = 0 if size > limits.max_untracked_bytes else size  # a larger one is not stored anyway
        if len(chosen) < limits.max_files and counted <= room:
            chosen.append(path)
            room -= counted
        else:
            left.append(path)
    notes = [f"not looked at: {problem}" for problem in scan.problems]
    notes += [f"{shown(path)} is {kind}" for path, kind in scan.special.items()]
    if left:
        limit = f"{limits.max_files} files or {limits.max_bytes // 1_000_000} MB"
        notes.append(f"{len(left)} files past {limit} left out: {named(left)}")
    return Listing(tracked={}, untracked=tuple(chosen), repository=None, notes=tuple(notes))


def _rank(path: str) -> tuple[bool, int, bytes]:
    return not path.lower().endswith(_SOURCES), path.count("/"), path_key(path)


def _within(path: str, paths: tuple[str, ...]) -> bool:
    return not paths or any(path == each or path.startswith(f"{each.rstrip('/')}/") for each in paths)
