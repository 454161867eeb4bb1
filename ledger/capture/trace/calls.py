"""What each system call means for the files: reads its arguments and tells the states."""

import os
import stat
import struct
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from ledger.capture.accesses import Program
from ledger.capture.trace import abi, addresses, execution, privileges
from ledger.capture.trace.log import EXECUTED, READ
from ledger.capture.trace.memory import Memory
from ledger.capture.trace.paths import Asked, Paths, of_process
from ledger.capture.trace.processes import Processes
from ledger.capture.walk import text

if TYPE_CHECKING:
    from ledger.capture.trace.rings import Rings

_HANDLE: Final = "a program opened a file by its handle; which one is not known"
_HOW_BYTES: Final = 24
_IN_ROOT: Final = 0x10
_CONNECT_WORDS: Final = struct.Struct("=III")


class Calls:
    """Follows calls, one at a time.

    Parameters
    ----------
    memory
        Reads the memory of processes.
    processes
        Those that are known.
    let_through
        Lets the present call go on. What changes nothing is let through before it is looked at; what is not
        let through here is so afterwards.
    requests
        (asked, path) → whether it was a request by a trial within this one.
    dropped
        Whether no_new_privs had to be set.
    """

    def __init__(
        self,
        memory: Memory,
        processes: Processes,
        let_through: Callable[[], None],
        requests: Callable[[Asked, bytes], bool],
        *,
        dropped: bool,
    ) -> None:
        self._memory = memory
        self._paths = Paths(memory)
        self._processes = processes
        self._let_through = let_through
        self._requests = requests
        self._dropped = dropped
        self._first = True
        self._rings: Rings | None = None
        self._do: tuple[Callable[[Asked], None], ...] = (
            *(self._open, self._open2, self._create, self._execute, self._rename, self._link),
            *(self._unlink, self._truncate, self._connect, self._socketcall, self._io_uring),
            *(self._io_uring_enter, self._handle, self._world),
        )

    def follow(self, asked: Asked) -> None:
        """See what a call is about.

        Raises
        ------
        Unreadable, OSError
            The process may not be looked into, or is gone.
        """
        self._do[asked.call.does](asked)

    def _open(self, asked: Asked) -> None:
        call, flags = asked.call, asked.words[asked.call.flags]
        self._opens(asked, self._paths.find(asked, call.directory, call.path), flags)

    def _create(self, asked: Asked) -> None:
        self._opens(asked, self._paths.first(asked), os.O_CREAT | os.O_WRONLY | os.O_TRUNC)

    def _open2(self, asked: Asked) -> None:
        how = self._memory.bytes(asked.thread, asked.flags, _HOW_BYTES)
        flags = int.from_bytes(how[:8], "little")
        if len(how) < _HOW_BYTES or flags & (os.O_DIRECTORY | abi.O_PATH):
            return
        in_root = bool(int.from_bytes(how[16:], "little") & _IN_ROOT)
        path = self._paths.find(asked, asked.call.directory, asked.call.path, in_root=in_root)
        self._opens(asked, path, flags)

    def _opens(self, asked: Asked, path: bytes | None, flags: int) -> None:
        if path is None:
            return
        if flags & (os.O_ACCMODE | os.O_CREAT | os.O_TRUNC):
            for state in asked.process.told:
                state.opens(path, flags)
        elif not self._requests(asked, path):
            self._let_through()
            for state in asked.process.told:
                state.read(path)

    def _execute(self, asked: Asked) -> None:
        process = asked.process
        path = self._paths.first(asked, empty=bool(asked.flags & abi.AT_EMPTY_PATH))
        if path is None:
            return
        view = process.told[0].view
        try:
            status = os.stat(view + path)
        except OSError:
            return  # a search through PATH, mostly
        if not stat.S_ISREG(status.st_mode) or not privileges.allowed(view + path, os.X_OK):
            return
        argv = execution.words(self._memory, asked)
        passed = execution.inherited(asked.thread) if self._first else []
        self._first = False
        self._let_through()
        if self._dropped and (what := privileges.gains(view + path, status)) is not None:
            asked.gap(privileges.lost(path, what))
        executable, argv = execution.interpreter(view, process.root, path, argv)
        program = Program(process.number, process.parent, text(executable), argv)
        for state in process.told:
            for each in passed:
                state.read(each)
            state.read(path, READ | EXECUTED)
            if executable != path:
                state.read(executable, READ | EXECUTED)
            state.log.program(program)

    def _rename(self, asked: Asked) -> None:
        old, new = self._paths.first(asked), self._paths.second(asked)
        if old is None or new is None:
            return
        for state in asked.process.told:
            state.renames(
                old,
                new,
                keeps_target=bool(asked.flags & abi.RENAME_NOREPLACE),
                exchange=bool(asked.flags & abi.RENAME_EXCHANGE),
            )

    def _link(self, asked: Asked) -> None:
        look = None
        if asked.flags & (abi.AT_EMPTY_PATH | abi.AT_SYMLINK_FOLLOW):
            # By descriptor: the file may have no name yet.
            spelt = self._memory.string(asked.thread, asked.words[asked.call.path])
            if spelt == b"" and asked.flags & abi.AT_EMPTY_PATH:
                descriptor = asked.words[asked.call.directory] & 0x7FFFFFFF
                look = b"/proc/%d/fd/%d" % (asked.thread, descriptor)
            elif spelt is not None and spelt.startswith(b"/proc/"):
                look = of_process(asked.process, spelt)
        old = os.readlink(look) if look is not None else self._paths.first(asked)
        new = self._paths.second(asked)
        if old is not None and new is not None:
            for state in asked.process.told:
                state.links(old, new, look)

    def _unlink(self, asked: Asked) -> None:
        path = self._paths.first(asked)
        if path is not None:
            for state in asked.process.told:
                state.unlinks(path)

    def _truncate(self, asked: Asked) -> None:
        path = self._paths.first(asked)
        if path is not None:
            for state in asked.process.told:
                state.truncates(path, asked.words[1])

    def _connect(self, asked: Asked) -> None:
        self._connects(asked, asked.words[1], asked.words[2])

    def _socketcall(self, asked: Asked) -> None:
        values = self._memory.bytes(asked.thread, asked.words[1], _CONNECT_WORDS.size)
        if len(values) == _CONNECT_WORDS.size:
            _, place, size = _CONNECT_WORDS.unpack(values)
            self._connects(asked, place, size)

    def _connects(self, asked: Asked, place: int, size: int) -> None:
        address = addresses.beyond(self._memory.bytes(asked.thread, place, min(size & 0xFFFFFFFF, 28)))
        if address is not None:
            for state in asked.process.states:
                state.log.connected(address)

    def _io_uring(self, asked: Asked) -> None:
        if (reason := self._known_rings().made(asked)) is not None:
            asked.gap(reason)

    def _io_uring_enter(self, asked: Asked) -> None:
        if (reason := self._known_rings().entered(asked)) is not None:
            asked.gap(reason)

    def _known_rings(self) -> "Rings":
        if self._rings is None:
            from ledger.capture.trace.rings import Rings  # few programs have any

            self._rings = Rings(self._memory)
        return self._rings

    def _handle(self, asked: Asked) -> None:
        asked.gap(_HANDLE)

    def _world(self, _asked: Asked) -> None:
        """Roots or mounts may change."""
        self._processes.forget()
