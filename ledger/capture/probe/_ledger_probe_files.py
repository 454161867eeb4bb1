"""Which files this Python touches, from the interpreter's audit events: where nothing below Python can watch.

    {"event": "files", "cwd", "read": [path, ...], "seen": [[path, flags, time, stamp], ...],
     "programs": [[executable, [word, ...]], ...], "network": ["HOST:PORT", ...], "lost": number}

``path`` as the program spelt it; ``cwd`` is where relative ones start (null if it is gone). ``read`` was only
opened to be read. Of ``seen``, flags are: ``r`` its content could be read, ``w`` it was written or replaced,
``x`` it was executed, ``d`` it was removed; ``time`` is UTC in nanoseconds, ``stamp`` what it was just
before: [mode, size, mtime_ns, ctime_ns, inode], or null if it was not there. ``lost`` counts what was beyond
the bound. Keys that have nothing to tell are left out.

Each (path, flags) is told once. Events are gathered, and written by the hundred, with the first that comes
half a second after the last were, at the end, and before a fork, an exec and `os._exit`; a process that is
killed loses what it did last. What is beneath the interpreter's ``lib`` and ``bin`` is left out.
"""

from __future__ import annotations

import os
import sys
from _thread import allocate_lock
from atexit import register
from time import monotonic, time_ns

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

AT_ONCE = 256
LONGEST_WAIT = 0.5
LAST_WAIT = 0.1
"""Seconds."""
MOST = 200_000
"""Different accesses that one process tells."""
CHANGES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
DIRECTORY = getattr(os, "O_DIRECTORY", 0)
MOST_WORDS = 20
LONGEST_WORD = 400


class Watch:
    """What this process touched and has not told yet."""

    def __init__(self, probe: Any) -> None:
        self.probe = probe
        self.known: set[Any] = set()
        self.were_read: set[str] = set()
        self.room = MOST
        self.cwd: str | None = None
        self.moved = True
        self.began = monotonic()
        self.empty()
        prefixes = {sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix}
        skipped = {
            "%s/%s/" % (each.rstrip("/"), name) for each in prefixes for name in ("lib", "lib64", "bin")
        }
        skipped |= {probe.directory + "/", probe.spool + "/", "/proc/", "/sys/", "/dev/"}
        self.skipped = tuple(sorted(skipped))

    def empty(self) -> None:
        """Forget what was gathered: it was told, or is another process's to tell."""
        self.read: list[str] = []
        self.seen: list[Any] = []
        self.programs: list[Any] = []
        self.network: list[str] = []
        self.lost = 0
        self.lock = allocate_lock()

    def note(self, path: Any, flags: str, at: Any = -1) -> None:
        """Remember that a path was touched; `at` is the descriptor of the directory that it starts from."""
        text = os.fsdecode(path)
        if type(at) is int and at >= 0 and text[:1] != "/":
            text = "%s/%s" % (os.readlink("/proc/self/fd/%d" % at), text)
        if text.startswith(self.skipped):
            return
        if self.moved:
            self.find()
        key = (text, flags)
        if key in self.known or self.full():
            return
        self.known.add(key)
        self.seen.append([text, flags, time_ns(), stamp(text)])
        if len(self.seen) >= AT_ONCE or monotonic() - self.began > LONGEST_WAIT:
            self.flush()

    def note_read(self, text: str) -> None:
        """Remember that a path was opened to be read: the one that has to be fast."""
        if self.moved:
            self.find()
        if self.room <= 0:
            self.lost += 1
            return
        self.room -= 1
        self.were_read.add(text)
        read = self.read
        read.append(text)
        count = len(read)
        if not count & 7 and (count >= AT_ONCE or monotonic() - self.began > LONGEST_WAIT):
            self.flush()

    def full(self) -> bool:
        """Whether no more is told; if it is, there is room for one less."""
        if self.room <= 0:
            self.lost += 1
            return True
        self.room -= 1
        return False

    def find(self) -> None:
        """Look where the process is now."""
        self.last()
        self.moved = False
        self.known.clear()
        self.were_read.clear()
        try:
            self.cwd = os.getcwd()
        except OSError:
            self.cwd = None

    def flush(self, wait: float = 0.0) -> None:
        """Tell what was gathered; while another thread does, that is enough, unless it is the last chance."""
        lock = self.lock
        if not lock.acquire(wait > 0, wait if wait > 0 else -1):
            return
        try:
            event: dict[str, Any] = {"event": "files", "cwd": self.cwd}
            for name in ("read", "seen", "programs", "network"):
                rows = getattr(self, name)
                count = len(rows)  # other threads append behind it meanwhile
                if count:
                    event[name] = rows[:count]
                    del rows[:count]
            if self.lost:
                event["lost"], self.lost = self.lost, 0
            self.began = monotonic()
            if len(event) > 2:
                self.probe.emit(event)
        finally:
            lock.release()

    def last(self, *_: Any) -> None:
        """Tell what was gathered before the process ends, forks or becomes another program."""
        self.flush(LAST_WAIT)


def stamp(path: str) -> list[int] | None:
    """Return what the file system says of a path."""
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return None
    return [found.st_mode, found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino]


def start(probe: Any) -> None:
    """Watch from now on; the interpreter has no way to take a hook back."""
    watch = Watch(probe)
    note, known, skipped = watch.note, watch.known, watch.skipped
    note_read, were_read = watch.note_read, watch.were_read

    def opened(path: Any, _: Any, flags: int) -> None:
        if type(path) is int:
            return
        if not flags & CHANGES:
            text = os.fsdecode(path)
            if text not in were_read and not text.startswith(skipped):
                note_read(text)
        elif not flags & DIRECTORY:
            # To truncate is to read nothing; to update or append is to build on what was there.
            note(path, "w" if flags & (os.O_TRUNC | os.O_EXCL) else "rw")

    def moved(source: Any, target: Any, from_: Any = -1, to: Any = -1) -> None:
        note(source, "rd", at=from_)
        note(target, "w", at=to)

    def linked(source: Any, target: Any, from_: Any = -1, to: Any = -1) -> None:
        note(source, "r", at=from_)
        note(target, "w", at=to)

    def pointed(_: Any, target: Any, to: Any = -1) -> None:
        note(target, "w", at=to)

    def removed(path: Any, at: Any = -1) -> None:
        note(path, "d", at=at)

    def truncated(path: Any, _: Any) -> None:
        if type(path) is not int:
            note(path, "rw")

    def connected(path: Any) -> None:
        text = os.fsdecode(path)
        if text[:5] == "file:":
            text = text[5:].partition("?")[0]
        if text and ":memory:" not in text:
            note(text, "rw")

    def executed(executable: Any, words: Any, *_: Any) -> None:
        if isinstance(words, (str, bytes)) or hasattr(words, "__fspath__"):
            words = [words]
        shown = [os.fsdecode(each)[:LONGEST_WORD] for each in list(words or ())[:MOST_WORDS]]
        program = os.fsdecode(executable) if executable is not None else shown[0] if shown else ""
        if watch.moved:
            watch.find()
        watch.programs.append([program, shown])
        if "/" in program:
            note(program, "rx")

    def replaced(executable: Any, words: Any, *_: Any) -> None:
        executed(executable, words)
        watch.last()

    def reached(_: Any, address: Any) -> None:
        if isinstance(address, tuple) and len(address) >= 2:
            text = "%s:%s" % (address[0], address[1])
            if text not in known and not watch.full():
                known.add(text)
                watch.network.append(text)

    def left(_: Any) -> None:
        watch.moved = True
        were_read.clear()

    handlers: dict[str, Any] = {
        "open": opened,
        "os.rename": moved,
        "os.link": linked,
        "os.symlink": pointed,
        "os.remove": removed,
        "os.truncate": truncated,
        "sqlite3.connect": connected,
        "subprocess.Popen": executed,
        "os.posix_spawn": executed,
        "os.exec": replaced,
        "os.chdir": left,
        "socket.connect": reached,
    }

    def hook(event: str, args: Any) -> None:
        if event not in handlers:
            return
        try:
            if event == "open":
                path, _, flags = args
                if type(path) is str and not flags & CHANGES:
                    if path not in were_read and not path.startswith(skipped):
                        note_read(path)
                    return
            handlers[event](*args)
        except Exception as error:
            probe.failed("files", error)

    os._exit = probe.observed(os._exit, watch.last)
    os.register_at_fork(before=lambda: probe.guard("files", watch.last), after_in_child=watch.empty)
    register(probe.guard, "files", watch.last)
    sys.addaudithook(hook)
