"""The spool file `files`: what was seen, written as it is seen. A torn end loses the last records only.

Each record is its kind (one byte), its length (four) and its content. Reading one twice changes nothing.
"""

import os
import struct
from typing import Final

from ledger.capture.accesses import Access, Program, Watched, Watching
from ledger.capture.trace.shared import LOG_BYTES, Shared, write_all
from ledger.capture.walk import FileStat, shown, text

NAME: Final = "files"
BEFORE: Final = "before"
_DIED: Final = "the process that watched its files was killed before the program ended"

READ, WRITTEN, EXECUTED, PROVEN, EXCLUSIVE = 1, 2, 4, 8, 16
"""What was done to a path. PROVEN: one that was not there before was there later. EXCLUSIVE: made so."""

_PATH, _FLAGS, _SAVED, _PROGRAM, _NETWORK, _GAP, _END, _TOKEN = range(1, 9)
_HEAD: Final = struct.Struct("=BI")
_PATH_HEAD: Final = struct.Struct("=IBB3Q2q")
_FLAGS_HEAD: Final = struct.Struct("=IB")
_PROGRAM_HEAD: Final = struct.Struct("=III")


class Record:
    """What is known of one path so far."""

    __slots__ = ("before", "flags", "number", "path", "saved")

    def __init__(self, number: int, path: bytes, before: FileStat | None, flags: int) -> None:
        self.number = number
        self.path = path
        self.before = before
        self.flags = flags
        self.saved: bytes | None = None


class Log:
    """Collects what is seen, and writes it down.

    Parameters
    ----------
    spool
        Directory of the log and of the copies.
    descriptor
        The log, open for appending.
    shared
        Where records wait; without it in a buffer of its own.
    """

    def __init__(self, spool: bytes, descriptor: int, shared: Shared | None = None) -> None:
        self.spool = spool
        self.descriptor = descriptor
        self._shared = shared
        self._waiting = bytearray()
        self.records: list[Record] = []
        self.programs: list[Program] = []
        self.network: dict[str, None] = {}
        self.gaps: dict[str, None] = {}
        self.failed = False

    def path(self, path: bytes, before: FileStat | None, flags: int) -> Record:
        """Start the record of a path."""
        record = Record(len(self.records), path, before, flags)
        self.records.append(record)
        values = (
            (before.mode, before.size, before.inode, before.mtime_ns, before.ctime_ns) if before else None
        )
        self._add(
            _PATH,
            _PATH_HEAD.pack(record.number, flags, before is not None, *(values or (0, 0, 0, 0, 0))) + path,
        )
        return record

    def flags(self, record: Record, flags: int) -> None:
        """Add to what was done to a path."""
        if record.flags | flags != record.flags:
            record.flags |= flags
            self._add(_FLAGS, _FLAGS_HEAD.pack(record.number, record.flags))

    def saved(self, record: Record, copy: bytes) -> None:
        """Note the name of a copy, relative to the spool."""
        record.saved = copy
        self._add(_SAVED, record.number.to_bytes(4, "little") + copy)

    def program(self, program: Program) -> None:
        """Note a program."""
        words = b"\0".join(word.encode("utf-8", "surrogateescape") for word in _words(program))
        self._add(_PROGRAM, _PROGRAM_HEAD.pack(len(self.programs), program.pid, program.parent) + words)
        self.programs.append(program)

    def connected(self, address: str) -> None:
        """Note an address beyond this machine; one that only names are asked of (DNS) gives no data."""
        if address.endswith(":53"):
            return
        if address not in self.network:
            self.network[address] = None
            self._add(_NETWORK, address.encode("ascii", "replace"))

    def gap(self, reason: str) -> None:
        """Note why it may not be all."""
        if reason not in self.gaps:
            self.gaps[reason] = None
            self._add(_GAP, reason.encode("utf-8", "surrogateescape"))

    def end(self) -> None:
        """Note that nothing was missed for want of somebody who watched."""
        self._add(_END, b"")
        self.flush()

    def token(self, token: bytes) -> None:
        """Answer one who asks whether all is written."""
        self._add(_TOKEN, token)
        self.flush()

    def flush(self) -> None:
        """Write what waits."""
        try:
            if self._shared is not None:
                self._shared.flush(self.descriptor)
            if self._waiting:
                write_all(self.descriptor, bytes(self._waiting))
                self._waiting.clear()
        except OSError:
            self._waiting.clear()
            self.failed = True  # told as a gap by the one who watched; a log that ends early says so itself

    def watched(self) -> Watched:
        """All of it, as far as it is known now."""
        gaps = dict(self.gaps)
        if self.failed:
            gaps["the log of its files could not be written"] = None
        return _fold(os.fsdecode(self.spool), self.records, self.programs, tuple(self.network), tuple(gaps))

    def _add(self, kind: int, content: bytes) -> None:
        record = _HEAD.pack(kind, len(content)) + content
        if self._shared is None:
            self._waiting += record
            if len(self._waiting) >= LOG_BYTES // 2:
                self.flush()
        elif not self._shared.append(record):
            self.flush()
            self._shared.append(record)


def read(spool: str | os.PathLike[str], token: bytes | None = None) -> Watched | None:
    """What a log says; None where there is none.

    Parameters
    ----------
    spool
        The directory that it lies in.
    token
        If given, the log has to hold it; else the result is None.
    """
    try:
        with open(os.path.join(spool, NAME), "rb") as file:
            data = file.read()
    except FileNotFoundError:
        return None
    found = _Reader()
    whole = found.read(data)
    if token is not None and token not in found.tokens:
        return None
    if not whole or (not found.ended and token is None):
        found.gaps[_DIED] = None
    records, programs = [*found.records.values()], [*found.programs.values()]
    return _fold(os.fsdecode(spool), records, programs, tuple(found.network), tuple(found.gaps))


class _Reader:
    """What the records of a log say."""

    def __init__(self) -> None:
        self.records: dict[int, Record] = {}
        self.programs: dict[int, Program] = {}
        self.network: dict[str, None] = {}
        self.gaps: dict[str, None] = {}
        self.tokens: set[bytes] = set()
        self.ended = False

    def read(self, data: bytes) -> bool:
        """Read them; return False if there is one that nobody wrote so."""
        place = 0
        while place + _HEAD.size <= len(data):
            kind, size = _HEAD.unpack_from(data, place)
            place += _HEAD.size
            content = data[place : place + size]
            place += size
            if len(content) < size or kind == 0:
                break
            try:
                self._one(kind, content)
            except (struct.error, KeyError, UnicodeDecodeError):
                return False
        return True

    def _one(self, kind: int, content: bytes) -> None:
        if kind == _PATH:
            number, flags, looked, mode, length, inode, mtime, ctime = _PATH_HEAD.unpack_from(content)
            before = FileStat(mode, length, mtime, ctime, inode) if looked else None
            self.records.setdefault(number, Record(number, content[_PATH_HEAD.size :], before, flags))
        elif kind == _FLAGS:
            number, flags = _FLAGS_HEAD.unpack(content)
            self.records[number].flags |= flags
        elif kind == _SAVED:
            self.records[int.from_bytes(content[:4], "little")].saved = content[4:]
        elif kind == _PROGRAM:
            number, process, parent = _PROGRAM_HEAD.unpack_from(content)
            executable, *words = (text(word) for word in content[_PROGRAM_HEAD.size :].split(b"\0"))
            self.programs[number] = Program(process, parent, executable, tuple(words))
        elif kind == _NETWORK:
            self.network[content.decode("ascii")] = None
        elif kind == _GAP:
            self.gaps[text(content)] = None
        elif kind == _END:
            self.ended = True
        elif kind == _TOKEN:
            self.tokens.add(content)


def _words(program: Program) -> tuple[str, ...]:
    return (program.executable, *program.argv)


def _fold(
    spool: str,
    records: list[Record],
    programs: list[Program],
    network: tuple[str, ...],
    gaps: tuple[str, ...],
) -> Watched:
    accesses = []
    for record in records:
        existed = record.before is not None
        # An open is an intention: what never was there, and is not now, was not made.
        if not existed and not record.flags & PROVEN and not os.path.lexists(record.path):
            continue
        accesses.append(
            Access(
                path=text(record.path),
                read=bool(record.flags & READ),
                written=bool(record.flags & WRITTEN),
                existed=existed,
                before=record.before,
                saved=os.path.join(spool, os.fsdecode(record.saved)) if record.saved is not None else None,
                executed=bool(record.flags & EXECUTED),
                exclusive=bool(record.flags & EXCLUSIVE),
            )
        )
    return Watched(Watching.TRACER, tuple(accesses), tuple(programs), network, gaps)


def not_copied(path: bytes, why: str) -> str:
    """The gap for a file that could not be kept as it was."""
    return f"{shown(text(path))} was changed after it was read, and could not be copied before: {why}"
