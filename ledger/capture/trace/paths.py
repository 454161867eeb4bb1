"""Which file a process means by a path in its memory."""

import os
from typing import Final, NamedTuple

from ledger.capture.trace import abi
from ledger.capture.trace.memory import Memory
from ledger.capture.trace.processes import Process

_MOUNTS: Final = "a program sees other mounts than the others; what it opened there is not known"
_GONE: Final = b" (deleted)"


class Asked(NamedTuple):
    """A call that a thread is about to make."""

    thread: int
    process: Process
    call: abi.Call
    words: tuple[int, ...]
    """Its arguments."""
    narrow: bool
    """Whether pointers in its memory have four bytes."""

    @property
    def flags(self) -> int:
        """Its flags, 0 if it has none."""
        return self.words[self.call.flags] if self.call.flags >= 0 else 0

    def gap(self, reason: str) -> None:
        """Note why what the process does may not be all known."""
        for state in self.process.states:
            state.log.gap(reason)


class Paths:
    """Finds absolute paths, as they were spelt: neither links nor ``..`` are resolved."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def first(self, asked: Asked, *, empty: bool = False) -> bytes | None:
        """Path of a call; None where there is none, or it is nobody's file.

        With `empty` an empty one means the descriptor itself.
        """
        return self.find(asked, asked.call.directory, asked.call.path, empty=empty)

    def second(self, asked: Asked) -> bytes | None:
        """The other path of a call that has two."""
        return self.find(asked, asked.call.directory2, asked.call.path2)

    def find(
        self, asked: Asked, directory: int, place: int, *, empty: bool = False, in_root: bool = False
    ) -> bytes | None:
        """Path at an argument, relative to the descriptor at another one; `in_root`: even if absolute."""
        process, words = asked.process, asked.words
        spelt = self._memory.string(asked.thread, words[place])
        if spelt is None:
            return None  # the call fails
        if spelt.startswith(b"/") and not in_root:
            if spelt.startswith((b"/proc/", b"/dev/", b"/sys/")):
                special = _special(process, spelt)
                if special is None:
                    return None
                path = special
            else:
                path = process.root + spelt
        else:
            if not spelt and not empty:
                return None
            path = _start(asked.thread, words[directory] if directory >= 0 else abi.AT_FDCWD)
            if not path.startswith(b"/") or path.endswith(_GONE):
                return None
            if spelt:
                path = path.rstrip(b"/") + b"/" + spelt.lstrip(b"/")
        if process.abroad:
            strangers = [each for each in process.abroad if not _same(asked.thread, each.view, path)]
            for state in strangers:
                state.log.gap(_MOUNTS)
            process.told = tuple(each for each in process.states if each not in strangers)
        return path if process.told else None


def of_process(process: Process, spelt: bytes) -> bytes:
    """A path beneath /proc or /dev as it is spelt by everybody."""
    own = b"/proc/%d" % process.number
    for name in (b"/proc/self/", b"/proc/thread-self/"):
        if spelt.startswith(name):
            return own + b"/" + spelt[len(name) :]
    if spelt.startswith(b"/dev/fd/"):
        return own + spelt[4:]
    standard = {b"/dev/stdin": b"/fd/0", b"/dev/stdout": b"/fd/1", b"/dev/stderr": b"/fd/2"}.get(spelt)
    return own + standard if standard is not None else spelt


def _special(process: Process, spelt: bytes) -> bytes | None:
    """What is spelt as a descriptor; /proc and /sys themselves hold no files."""
    path = of_process(process, spelt)
    head, _, last = path.rpartition(b"/")
    if head.startswith(b"/proc/") and head.endswith(b"/fd") and last.isdigit():
        try:
            path = os.readlink(path)
        except OSError:
            return None
        return path if path.startswith(b"/") and not path.endswith(_GONE) else None
    for name in (b"/cwd/", b"/root/"):
        start, found, rest = path.partition(name)
        if found and start.startswith(b"/proc/") and start.count(b"/") == 2:
            try:
                return os.readlink(start + name[:-1]).rstrip(b"/") + b"/" + rest
            except OSError:
                return None
    return process.root + path if path.startswith(b"/dev/") else None


def _start(thread: int, directory: int) -> bytes:
    """Where a relative path starts."""
    directory &= 0xFFFFFFFF
    if directory == abi.AT_FDCWD & 0xFFFFFFFF:
        return os.readlink(b"/proc/%d/cwd" % thread)
    try:
        return os.readlink(b"/proc/%d/fd/%d" % (thread, directory))
    except FileNotFoundError:
        return b""  # no such descriptor: the call fails


def _same(thread: int, view: bytes, path: bytes) -> bool:
    """Whether a process with mounts of its own means the same file by a path as the one with this view."""
    for each in (path, os.path.dirname(path)):
        there, here = _identity(b"/proc/%d/root" % thread + each), _identity(view + each)
        if there is not None or here is not None:
            return there == here
    return True


def _identity(path: bytes) -> tuple[int, int] | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino
