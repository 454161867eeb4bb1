"""Which files the processes of a trial touched: the form in which every way of watching tells it."""

from enum import StrEnum
from typing import NamedTuple

from ledger.capture.walk import FileStat, Scan


class Watching(StrEnum):
    """How a trial's files were watched, the best first."""

    TRACER = "tracer"
    """Below every program: the kernel asked us at each open."""
    OUTER = "outer"
    """By the tracer of the trial around this one."""
    PROBE = "probe"
    """Inside of Python only: what programs open in C, and other programs, is not seen."""
    NONE = "none"
    """Not at all."""


class Access(NamedTuple):
    """What was done to one path."""

    path: str
    """Absolute, as it was spelt (with the working directory in front of a relative one), in the form of
    `ManifestEntry.path`; links and ``..`` in it are not resolved."""
    read: bool
    """Whether its former content could reach the program: opened for reading, or for writing without
    truncation, or executed."""
    written: bool
    """Whether it was created, opened for writing, truncated, or was the target of a rename or a link."""
    existed: bool
    """Whether it was there before the trial touched it first."""
    before: FileStat | None = None
    """What `stat` (links followed) said when it was first touched; None where nobody looked."""
    saved: str | None = None
    """Absolute path of a copy of its content, made before the trial first changed it; None where it was not
    changed, or not copied."""
    executed: bool = False
    """Whether it was started as a program."""
    exclusive: bool = False
    """Whether it was created by a call that fails if it is there (O_EXCL), as `tempfile` does; only a tracer
    tells."""


class Program(NamedTuple):
    """A program that a process of the trial became."""

    pid: int
    """As this machine numbers it."""
    parent: int
    """Process id of its parent then; 0 where it is not known."""
    executable: str
    """Absolute path of what was executed (of a script: its interpreter's, where that is known)."""
    argv: tuple[str, ...]
    """The first words of its command line; never stored, since it may hold secrets."""


class Watched(NamedTuple):
    """All that was seen of a trial's files."""

    by: Watching
    accesses: tuple[Access, ...] = ()
    """One a path, in the order in which they were first touched."""
    programs: tuple[Program, ...] = ()
    network: tuple[str, ...] = ()
    """Addresses beyond this machine that were connected to, ``HOST:PORT``; what came from there is unseen."""
    gaps: tuple[str, ...] = ()
    """Why it may not be all, in words for a person; empty if it is all."""
    fallback: str | None = None
    """Why there was no better way of watching."""


def respelled(watched: Watched, old: str, new: str) -> Watched:
    """`watched` with paths that lie beneath the directory `old` spelt as if they lay beneath `new`."""
    if old == new:
        return watched
    start = old.rstrip("/") + "/"
    accesses = tuple(
        each._replace(path=f"{new.rstrip('/')}/{each.path[len(start) :]}")
        if each.path.startswith(start)
        else each
        for each in watched.accesses
    )
    return watched._replace(accesses=accesses)


def of_originals(watched: Watched, root: str, copies: Scan, originals: Scan) -> Watched:
    """`watched` as if what was read in a copy of a tree had been read in the tree itself.

    Parameters
    ----------
    watched
        With paths as they are in the tree.
    root
        The tree.
    copies, originals
        What the copy held at first, and the tree when it was copied.
    """
    start = root.rstrip("/") + "/"

    def original(access: Access) -> Access:
        path = access.path.removeprefix(start)
        before = originals.files.get(path) if path != access.path else None
        if before is None or access.before != copies.files.get(path):
            return access
        return access._replace(before=before)

    return watched._replace(accesses=tuple(map(original, watched.accesses)))
