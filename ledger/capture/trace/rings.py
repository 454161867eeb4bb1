"""io_uring: work that a program hands to the kernel through memory, without a call for each piece of it.

What is submitted by a call (io_uring_enter) lies in the program's memory then, and is looked at: as long as
it opens nothing, nothing is missed. Newer versions of libuv make such a ring for nothing but their list of
polled descriptors, and so every program with uvloop has one. A ring that the kernel polls by itself (SQPOLL)
works without any call; what is opened through it is not seen.
"""

import os
from typing import Final

from ledger.capture.trace.memory import Memory
from ledger.capture.trace.paths import Asked

_POLLED: Final = (
    "{} uses io_uring, and what it opens in that way is not seen "
    "(libuv, of node and uvloop, does without if UV_USE_IO_URING=0 is set)"
)
_OPENS: Final = "{} opens files or connections by io_uring; which ones is not seen"
_HIDDEN: Final = "{} uses io_uring, and this kernel does not let anybody look at what for"

_SWITCH: Final = "/proc/sys/kernel/io_uring_disabled"
_FLAGS: Final = slice(8, 12)
"""Where they are in the parameters of a ring."""
_SQPOLL: Final = 1 << 1
_NO_MMAP: Final = 1 << 14
"""The program itself says where the ring lies."""
_ENTRIES: Final = 0x10000000
"""At this offset of its descriptor a ring's entries are mapped."""
_ENTRY_BYTES: Final = 64
_MOST_BYTES: Final = 4 << 20
_NAME: Final = b"anon_inode:[io_uring]"
# CONNECT, OPENAT, OPENAT2, RENAMEAT, UNLINKAT, SYMLINKAT, LINKAT, URING_CMD
_NAMING: Final = {16, 18, 28, 35, 36, 38, 39, 46}
_HARMLESS: Final = frozenset(range(58)) - _NAMING
"""Operations, each an entry's first byte, that work on what is open already; newer ones are not known."""


class Rings:
    """The rings of all processes.

    Parameters
    ----------
    memory
        Reads the memory of processes.
    """

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._made: dict[int, int] = {}
        """How many rings a process has asked for."""
        self._entries: dict[int, list[tuple[int, int]]] = {}
        """Where a process has the entries of its rings: address and size."""

    def made(self, asked: Asked) -> str | None:
        """A ring is asked for; return why what happens through it will not be seen, if so."""
        parameters = self._memory.bytes(asked.thread, asked.words[1], _FLAGS.stop)
        if len(parameters) < _FLAGS.stop or _is_disabled():
            return None  # the call fails
        if int.from_bytes(parameters[_FLAGS], "little") & (_SQPOLL | _NO_MMAP):
            return _POLLED.format(_program(asked))
        number = asked.process.number
        self._made[number] = self._made.get(number, 0) + 1
        return None

    def entered(self, asked: Asked) -> str | None:
        """Work is submitted; return why what it does is not seen, if so."""
        number = asked.process.number
        entries = self._entries.get(number)
        # One that was made since then may be another's, mapped later than this look at the maps.
        if entries is None or len(entries) < max(1, self._made.get(number, 0)):
            entries = self._entries[number] = _mapped(number)
        if not entries:
            return _HIDDEN.format(_program(asked))
        for address, size in entries:
            content = self._memory.bytes(asked.thread, address, size)
            if len(content) < size:
                return _HIDDEN.format(_program(asked))
            # All of them, not only the new ones: what was submitted earlier lies there still, or is unused.
            if not _HARMLESS.issuperset(content[::_ENTRY_BYTES]):
                return _OPENS.format(_program(asked))
        return None


def _is_disabled() -> bool:
    """Whether nobody may use it."""
    try:
        with open(_SWITCH, "rb") as file:
            return file.read().strip() == b"2"
    except OSError:
        return False  # a kernel that knows no such switch


def _mapped(process: int) -> list[tuple[int, int]]:
    found = []
    with open(f"/proc/{process}/maps", "rb") as file:
        for line in file:
            if line.rstrip().endswith(_NAME):
                place, _, offset, _ = line.split(b" ", 3)
                first, _, end = place.partition(b"-")
                size = min(int(end, 16) - int(first, 16), _MOST_BYTES)
                if int(offset, 16) == _ENTRIES:
                    found.append((int(first, 16), size))
    return found


def _program(asked: Asked) -> str:
    try:
        return os.path.basename(os.readlink(f"/proc/{asked.process.number}/exe"))
    except OSError:
        return "a program"
