"""What the program is given for its standard output and error, and where that goes."""

import fcntl
import os
import stat
import termios
from collections.abc import Callable
from typing import Final, NamedTuple

from ledger.model.frozen import frozen
from ledger.ops import terminal

NAMES: Final = {1: "stdout", 2: "stderr"}


@frozen
class StreamNote:
    """How well one stream of a program was recorded."""

    name: str
    """`stdout` or `stderr`."""
    complete: bool
    """Whether the spool holds every byte that the program wrote."""
    reason: str | None = None
    """Why it is incomplete, or why there is no file of that name (`closed`, `same as stdout`)."""


class Channel(NamedTuple):
    """One pipe or pseudo-terminal between the program and the pump."""

    name: str
    """The stream that it is recorded as."""
    serves: tuple[int, ...]
    """The program's descriptors that it stands for."""
    reader: int
    """The pump's end."""
    writer: int
    """The program's end."""
    target: int | None
    """Our own descriptor that everything is forwarded to; None to record only."""
    is_terminal: bool
    """Whether it is a pseudo-terminal, in packet mode."""
    path: str | None
    """Path of the program's end if it is a pseudo-terminal."""


def inherited(descriptor: int) -> bool:
    """Return whether a standard descriptor came from the outside: one that was opened here closes on exec."""
    try:
        return not fcntl.fcntl(descriptor, fcntl.F_GETFD) & fcntl.FD_CLOEXEC
    except OSError:
        return False


def hold_standard() -> None:
    """Put /dev/null where standard descriptors are closed, so that no file of ours gets such a number.

    To be called first of all by a program that may be started with `>&-`. What is put there closes on exec
    and so stays closed for every child.
    """
    for descriptor in (0, 1, 2):
        try:
            fcntl.fcntl(descriptor, fcntl.F_GETFD)
        except OSError:
            os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)


def high(descriptor: int) -> int:
    """Move a descriptor of ours out of the range that shells and programs use, 0 to 9."""
    if descriptor >= 10:
        return descriptor
    moved = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 10)
    os.close(descriptor)
    return moved


def open_channels(
    *, forward: bool, together: bool | None, keep: Callable[[int], int]
) -> tuple[list[Channel], list[StreamNote]]:
    """Open what the program is to be given.

    Parameters
    ----------
    forward
        Whether the streams go on to our own, which then also say what is a terminal, and what is closed.
    together
        Whether one channel serves both, which keeps the order between them; None: as our own are.
    keep
        Called with each descriptor opened, returns the number to use for it; closes them in the end.

    Returns
    -------
    tuple
        The channels, and notes on the streams that have none.
    """
    notes = []
    wanted: list[int] = []
    for descriptor, name in NAMES.items():
        if forward and not inherited(descriptor):
            notes.append(StreamNote(name=name, complete=True, reason="closed"))
        else:
            wanted.append(descriptor)
    if len(wanted) == 2 and (_same() if forward and together is None else together):
        notes.append(StreamNote(name="stderr", complete=True, reason="same as stdout"))
        groups: list[tuple[int, ...]] = [(1, 2)]
    else:
        groups = [(descriptor,) for descriptor in wanted]
    channels = []
    for group in groups:
        name, target = NAMES[group[0]], group[0] if forward else None
        if target is not None and os.isatty(target):
            try:
                reader, writer = map(keep, map(high, terminal.open_like(target)))
                path = os.ttyname(writer)
            except (OSError, termios.error) as error:
                # A pipe would change what the program does; it keeps the real terminal, unrecorded.
                reason = f"no pseudo-terminal could be opened: {error}"
                notes.append(StreamNote(name=name, complete=False, reason=reason))
                continue
            is_terminal = True
        else:
            reader, writer = map(keep, map(high, os.pipe()))
            is_terminal, path = False, None
        channels.append(
            Channel(
                name=name,
                serves=group,
                reader=reader,
                writer=writer,
                target=target,
                is_terminal=is_terminal,
                path=path,
            )
        )
    return channels, notes


def _same() -> bool:
    """Return whether our standard output and error are one pipe, file or terminal.

    The null device is none of these: nobody minds the order in it.
    """
    out, error = os.fstat(1), os.fstat(2)
    if (out.st_dev, out.st_ino) != (error.st_dev, error.st_ino):
        return False
    return not (stat.S_ISCHR(out.st_mode) and out.st_rdev == os.makedev(1, 3))
