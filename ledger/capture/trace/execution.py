"""What a process executes: its words, the interpreter of a script, the files that it gets already open."""

import os
from typing import Final

from ledger.capture.trace import abi
from ledger.capture.trace.memory import Memory
from ledger.capture.trace.paths import Asked
from ledger.capture.walk import text

_WORDS: Final = 32
_WORD_BYTES: Final = 1024
_NESTED: Final = 4
_LINE: Final = 256


def words(memory: Memory, asked: Asked) -> tuple[str, ...]:
    """The first words of the command line that a program is to get, each cut at 1 kB."""
    width = 4 if asked.narrow else 8
    pointers = memory.bytes(asked.thread, asked.words[asked.call.path + 1], _WORDS * width)
    found = []
    for start in range(0, len(pointers) - width + 1, width):
        pointer = int.from_bytes(pointers[start : start + width], "little")
        if pointer == 0:
            break
        found.append(memory.bytes(asked.thread, pointer, _WORD_BYTES).partition(b"\0")[0])
    return tuple(text(word) for word in found)


def interpreter(
    view: bytes, root: bytes, path: bytes, argv: tuple[str, ...]
) -> tuple[bytes, tuple[str, ...]]:
    """What runs a file, itself or a script's interpreter, with the words that the kernel gives it."""
    for _ in range(_NESTED):
        try:
            with open(view + path, "rb", 0) as file:
                line = file.read(_LINE)
        except OSError:
            break  # it may be executed but not read
        if not line.startswith(b"#!"):
            break
        named = line[2:].partition(b"\n")[0].strip(b" \t").split(None, 1)
        if not named or not named[0].startswith(b"/"):
            break
        argv = (*(text(word.rstrip()) for word in named), text(path), *argv[1:])
        path = root + named[0]
    return path, argv


def inherited(thread: int) -> list[bytes]:
    """Paths of the files that a thread has open for reading and hands to what it executes."""
    found = []
    for name in os.listdir(b"/proc/%d/fd" % thread):
        try:
            with open(b"/proc/%d/fdinfo/%s" % (thread, name), "rb", 0) as file:
                flags = int(file.read(256).partition(b"flags:")[2].split()[0], 8)
            path = os.readlink(b"/proc/%d/fd/%s" % (thread, name))
        except (OSError, ValueError, IndexError):
            continue  # closed meanwhile by another thread
        if flags & (os.O_CLOEXEC | abi.O_PATH) or flags & os.O_ACCMODE == os.O_WRONLY:
            continue
        if path.startswith(b"/") and not path.endswith(b" (deleted)"):
            found.append(path)
    return found
