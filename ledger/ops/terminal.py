"""Pseudo-terminals in the place of the user's own: what the program does to one is done to the other."""

import fcntl
import os
import termios
from typing import Any, Final

# Asks the kernel to tell the reader of each change; no harm otherwise, for nothing is typed at this terminal.
_EXTPROC: Final = 0o200000
_CHANGED: Final = 0x40  # TIOCPKT_IOCTL
_INPUT, _OUTPUT, _CONTROL, _LOCAL, _KEYS = 0, 1, 2, 3, 6

Attributes = list[Any]


def open_like(real: int) -> tuple[int, int]:
    """Open a pseudo-terminal that looks like the terminal `real`.

    Returns
    -------
    tuple of int
        The reading end, in packet mode, and the end for the program, which passes every byte as it is: the
        real terminal alone translates line ends.

    Raises
    ------
    OSError, termios.error
        There is no pseudo-terminal to be had, or the real terminal is gone.
    """
    attributes = termios.tcgetattr(real)
    reader, writer = os.openpty()
    try:
        attributes[_OUTPUT] &= ~termios.OPOST
        attributes[_LOCAL] |= _EXTPROC
        termios.tcsetattr(writer, termios.TCSANOW, attributes)
        copy_size(real, reader)
        fcntl.ioctl(reader, termios.TIOCPKT, b"\1\0\0\0")
    except BaseException:
        os.close(reader)
        os.close(writer)
        raise
    return reader, writer


def size(descriptor: int) -> bytes:
    """Return rows, columns and pixels of a terminal as the kernel packs them."""
    return fcntl.ioctl(descriptor, termios.TIOCGWINSZ, b"\0" * 8)


def copy_size(real: int, copy: int) -> bool:
    """Give one terminal the size of another; return whether that changed anything."""
    wanted = size(real)
    if size(copy) == wanted:
        return False
    fcntl.ioctl(copy, termios.TIOCSWINSZ, wanted)
    return True


class Mirror:
    """Carries what a program sets at its pseudo-terminal over to the real one, bit by bit.

    Only the bits that changed are carried over: the program can reach the real terminal through its standard
    input as well, and what it does there is not to be undone.
    """

    def __init__(self, reader: int, real: int) -> None:
        self._reader = reader
        self._real = real
        self._first = self._last = _read(reader)

    def packet(self, status: int) -> None:
        """Take note of the byte that stands in front of everything read in packet mode."""
        if status & _CHANGED:
            self.follow()

    def follow(self) -> None:
        """Bring the real terminal to what the program has set."""
        try:
            now = _read(self._reader)
            if now[_OUTPUT] & termios.OPOST or not now[_LOCAL] & _EXTPROC:
                kept = [*now[:_OUTPUT], now[_OUTPUT] & ~termios.OPOST, *now[_CONTROL:]]
                kept[_LOCAL] |= _EXTPROC
                termios.tcsetattr(self._reader, termios.TCSANOW, kept)
                now = kept
            self._carry(self._last, now)
            self._last = now
        except (OSError, termios.error):
            return  # one of the two is gone, and with it the need

    def resize(self) -> None:
        """Give the pseudo-terminal the size that the real one has now."""
        try:
            copy_size(self._real, self._reader)
        except OSError:
            return

    def restore(self) -> None:
        """Undo what the program set and, being gone, can no longer undo."""
        try:
            self._carry(self._last, self._first)
            self._last = self._first
        except (OSError, termios.error):
            return

    def _carry(self, old: Attributes, new: Attributes) -> None:
        if old == new:
            return
        real = _read(self._real)
        wanted = [*real[:_KEYS], list(real[_KEYS])]
        for word in (_INPUT, _OUTPUT, _LOCAL):
            changed = old[word] ^ new[word]
            wanted[word] = (real[word] & ~changed) | (new[word] & changed)
        for index, (before, after) in enumerate(zip(old[_KEYS], new[_KEYS], strict=True)):
            if before != after:
                wanted[_KEYS][index] = after
        if wanted != real:
            termios.tcsetattr(self._real, termios.TCSANOW, wanted)


def _read(descriptor: int) -> Attributes:
    attributes: Attributes = termios.tcgetattr(descriptor)
    attributes[_KEYS] = [key if isinstance(key, int) else key[0] for key in attributes[_KEYS]]
    return attributes
