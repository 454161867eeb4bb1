"""A file tracer below every program: the kernel asks us at each open (seccomp user notification).

The process that records serves the questions itself, as the parent of the program; a guard answers when it is
dead, stopped, or has gone. Where the kernel refuses, the program runs untraced and the reason is known.
"""

import contextlib
import errno
import fcntl
import os
import signal
import struct
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from ledger import threads
from ledger.capture.accesses import Watched, Watching
from ledger.capture.trace import log as logs
from ledger.capture.trace.log import read
from ledger.capture.trace.privileges import starts_privileged
from ledger.errors import LedgerError

__all__ = ["TraceUnavailable", "Tracer", "outer_watched", "read", "starts_privileged"]

_ANSWER: Final = struct.Struct("=iB")
_GRACE_S: Final = 0.2
"""So long the end of what the program started is waited for: multiprocessing's and joblib's helpers end up to
25 ms after the program, on a busy machine later."""
_REFUSED: Final = {
    errno.EBUSY: "another tracer watches this program already",
    errno.EPERM: "the system forbids it to set a filter (a container's profile, perhaps)",
    errno.EACCES: "the system forbids it to set a filter",
    errno.ENOSYS: "this kernel has no seccomp",
    errno.EINVAL: "this kernel has no seccomp user notification",
}
_DAEMON: Final = "a process that the program started outlives it; what it opens from then on is not seen"
_UNSEEN: Final = "the recording process was stopped for a while, and {} calls that open files went unseen"
_UNANSWERED: Final = (
    "the recording process was stopped, or kept from answering in time by other threads of its own, "
    "and {} calls that open files went unseen"
)
_CROWDED: Final = (
    "other threads of the recording process kept it from answering in time, so it stopped watching; "
    "`ledger run` in a process of its own sees all"
)
_lingering: set[int] = set()


class TraceUnavailable(LedgerError):
    """Programs cannot be traced here; the message says why."""


class Tracer:
    """Traces one program and all that it starts.

    In order: `prepare`; fork; in the child `install`, then exec; in the parent `attach`, and `serve` whenever
    `fileno` is readable, **also while it waits for the exec**, at which the child stands still until it is
    answered; once the child was reaped `hand_over`, `watched`, and in any case `close`.
    """

    def __init__(self, spool: Path, keep: Callable[[str, os.stat_result], bool], most: int) -> None:
        self.spool = spool
        self.attached = False
        """Whether the program is being traced."""
        self.refused: str | None = None
        """Why it is not, in words."""
        self.outer = False
        """Whether it is not because the tracer of a trial around this one has it."""
        self.privileges_dropped = False
        """Whether no_new_privs had to be set: set-user-id programs then get no rights."""
        self._keep = keep
        self._most = most
        self._outer_spool: Path | None = None
        self._trial = "-"
        self._log_descriptor = -1
        self._guard = -1
        self._ends: dict[str, Any] = {}
        self._listener: Any = None
        self._descriptor = -1
        self._handed_over = False
        self._patience: Any = None
        self._gave_up = False
        self._token: bytes | None = None

    @classmethod
    def prepare(
        cls,
        spool: Path,
        *,
        keep: Callable[[str, os.stat_result], bool],
        max_copy_bytes: int,
        outer_spool: Path | None = None,
        trial: str | None = None,
    ) -> "Tracer":
        """Make everything that is needed before the fork, and start the guard.

        Call it after other helper processes were forked, and from then on do not fork any but the program.

        Parameters
        ----------
        spool
            An existing directory, absolute; gets the log and the copies.
        keep
            (absolute path, its stat) → whether its content must be copied before the program changes it.
        max_copy_bytes
            The largest file that is copied.
        outer_spool
            Spool of the trial around this one, if there is one: its tracer is used if the kernel says that
            there is one.
        trial
            What LEDGER_TRIAL is for the program; by it the outer tracer knows processes whose parents have
            gone.

        Raises
        ------
        TraceUnavailable
            This machine, kernel or Python cannot do it.
        OSError
            There can be no further process, descriptor or file.
        """
        from ledger.capture.trace import abi, bpf

        machine = abi.machine()
        if machine is None:
            raise TraceUnavailable(f"programs are not traced on {os.uname().machine}")
        if _release() < abi.CONTINUE_SINCE:
            raise TraceUnavailable(f"Linux {os.uname().release} is too old to trace programs")
        if not os.path.islink("/proc/self/root"):
            raise TraceUnavailable("programs are not traced without /proc")
        try:
            import _socket

            from ledger.capture.trace import native
            from ledger.capture.trace.memory import Memory

            made = cls(Path(os.path.abspath(spool)), keep, max_copy_bytes)
            made._socket = _socket
            made._abi = abi
            made._machine = machine
            made._seccomp = native.Seccomp(machine, bpf.build(machine))
            made._memory = Memory(machine)
        except (ImportError, OSError, AttributeError) as error:
            raise TraceUnavailable("this Python cannot call the system", cause=str(error)) from error
        if number := made._seccomp.check():
            raise TraceUnavailable(_REFUSED.get(number, os.strerror(number)))
        made._outer_spool = outer_spool
        made._trial = trial or "-"
        if threads.others():
            made._get_ready()
        made._start()
        return made

    _socket: Any
    _abi: Any
    _machine: Any
    _seccomp: Any
    _memory: Any
    _shared: Any

    def _get_ready(self) -> None:
        """Import all that answers: other threads would make it last so long that the guard steps in."""
        from ledger.capture.trace import copies, listener, patience, state  # noqa: F401

        self._patience = patience.Patience()

    def _start(self) -> None:
        from ledger.capture.trace import guard
        from ledger.capture.trace.shared import Shared

        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        self._shared = Shared()
        try:
            self._log_descriptor = _high(os.open(self.spool / logs.NAME, flags, 0o600))
            for names in (("ours", "child"), ("guard", "guard_end")):
                pair = self._socket.socketpair(self._socket.AF_UNIX, self._socket.SOCK_SEQPACKET, 0)
                for name, end in zip(names, pair, strict=True):
                    self._ends[name] = self._socket.socket(
                        self._socket.AF_UNIX, self._socket.SOCK_SEQPACKET, 0, _high(end.detach())
                    )
            try:
                recorder = _high(os.pidfd_open(os.getpid()))
            except OSError:
                recorder = -1  # its sockets tell as well, unless somebody inherited them
            # An older kernel might let a recorder whose call was taken wait for another one for ever.
            number = os.getpid() if _release() >= self._abi.WOKEN_SINCE else None
            try:
                self._guard = _fork()
                if self._guard == 0:
                    guard.live(self._shared, self._ends["guard_end"], self._log_descriptor, recorder, number)
            finally:
                if recorder >= 0:
                    os.close(recorder)
        except OSError:
            self.close()
            raise
        self._ends.pop("guard_end").close()

    def install(self) -> bool:
        """Filter this process, a forked child, right before it executes the program; never raises.

        Returns
        -------
        bool
            Whether the program will be watched, by our own tracer or by that of the trial around this one.
        """
        number = listener = -1
        dropped = False
        for flags in self._abi.FILTER_FLAGS:
            listener = self._seccomp.set(flags)
            if listener == -errno.EACCES and not dropped:
                dropped = self._seccomp.renounce() == 0
                listener = self._seccomp.set(flags)
            number = -listener if listener < 0 else 0
            if number != errno.EINVAL:
                break
        content = _ANSWER.pack(number, dropped)
        if number == 0:
            # The guard first: from now on nothing can leave the program without an answer.
            rights = [(self._socket.SOL_SOCKET, self._socket.SCM_RIGHTS, listener.to_bytes(4, "little"))]
            for name in ("guard", "child"):
                with contextlib.suppress(OSError):
                    self._ends[name].sendmsg([content], rights)
            os.close(listener)
            return True
        nested = number == errno.EBUSY and self._outer_spool is not None
        if nested:
            self._ask("join", self._trial)
            nested = os.fstat(self._log_descriptor).st_size > 0  # else nobody has answered: it is gone
        with contextlib.suppress(OSError):
            self._ends["child"].sendmsg([content])
        return nested

    def attach(self) -> None:
        """Receive what the child has sent; returns once it has, or is dead."""
        self._ends.pop("child").close()
        content, ancillary = b"", []
        try:
            content, ancillary, _, _ = self._ends["ours"].recvmsg(16, 64)
        except OSError as error:
            self.refused = error.strerror
        self._ends.pop("ours").close()
        if len(content) < _ANSWER.size:
            self.refused = self.refused or "the program was not started"
            return
        number, dropped = _ANSWER.unpack(content)
        self.privileges_dropped = bool(dropped)
        if number != 0:
            self.outer = number == errno.EBUSY
            self.refused = _REFUSED.get(number, os.strerror(number))
            return
        from ledger.capture.trace.listener import Listener

        self._descriptor = _high(int.from_bytes(ancillary[0][2][:4], "little"))
        self._state = self._new_state(self.spool, self._log_descriptor, self._shared, self._keep)
        self._listener = Listener(
            self._descriptor,
            self._machine,
            self._shared,
            self._memory,
            self._state,
            lambda log: self._state_of(log, lambda _path, _status: True),
            dropped=self.privileges_dropped,
        )
        self.attached = True

    def _new_state(self, spool: Path, descriptor: int, shared: Any, keep: Any) -> Any:
        return self._state_of(logs.Log(os.fsencode(spool), descriptor, shared), keep)

    def _state_of(self, log: logs.Log, keep: Any) -> Any:
        from ledger.capture.trace.copies import Copies
        from ledger.capture.trace.state import State

        return State(log, keep, Copies(log.spool, self._most, self._shared.beat).make)

    def fileno(self) -> int:
        """Descriptor to poll for reading."""
        return self._descriptor

    @property
    def ended(self) -> bool:
        """Whether nothing is to be served any more."""
        return self._gave_up or (self._listener is not None and self._listener.ended)

    def serve(self) -> None:
        """Answer what waits, at most 64 calls; never raises."""
        if self._listener is not None and not self._handed_over:
            served = self._listener.serve()
            if served and self._patience is not None and self._patience.ended():
                self._gave_up = True
                self._let_go(_CROWDED)

    def hand_over(self) -> None:
        """The program has ended and was reaped: leave what it left behind to the guard, and end the log."""
        if self._listener is None or self._handed_over:
            return
        until = time.monotonic() + _GRACE_S
        while not self.ended and (left := until - time.monotonic()) > 0:
            if not self._listener.serve() and not self.ended:
                self._listener.wait(int(left * 1000) + 1)
        self._let_go(None if self.ended else _DAEMON)

    def _let_go(self, gap: str | None) -> None:
        """Watch no more; the guard answers what is left, if there is a gap."""
        self._handed_over = True
        log = self._state.log
        if gap is not None:
            log.gap(gap)
        if self._shared.answered:
            log.gap((_UNSEEN if self._patience is None else _UNANSWERED).format(self._shared.answered))
        self._state.finish()
        self._listener.close()
        log.end()
        self._tell_guard(end=gap is None)
        os.close(self._descriptor)
        self._descriptor = -1

    def watched(self) -> Watched:
        """All that was seen; after `hand_over`."""
        if self._listener is not None:
            seen: Watched = self._state.log.watched()
            return seen
        if self.outer and self._outer_spool is not None:
            seen_outside = outer_watched(self.spool, self._outer_spool)
            if seen_outside is not None:
                return seen_outside
            return Watched(Watching.NONE, fallback="the tracer of the trial around this one is gone")
        return Watched(Watching.NONE, fallback=self.refused)

    def close(self) -> None:
        """Let go of everything; the guard stays only where something is still traced."""
        self.hand_over()
        if "guard" in self._ends:
            self._tell_guard(end=True)
        for end in self._ends.values():
            end.close()
        self._ends.clear()
        if self._log_descriptor >= 0:
            os.close(self._log_descriptor)
            self._log_descriptor = -1
        if self._guard > 0:
            _lingering.add(self._guard)
            self._guard = -1
        _reap()

    def _tell_guard(self, *, end: bool) -> None:
        from ledger.capture.trace import guard

        with contextlib.suppress(OSError):
            self._ends["guard"].send(guard.QUIT if end else guard.HAND_OVER)
        self._ends.pop("guard").close()

    def _ask(self, verb: str, word: str) -> None:
        _ask(self.spool, self._outer_spool, verb, word)


def outer_watched(spool: Path, outer_spool: Path) -> Watched | None:
    """What the tracer of the trial around this one saw of the program that was started with `spool`.

    None if that tracer is gone. It stops to watch for this trial then.
    """
    token = os.urandom(8).hex()
    _ask(spool, outer_spool, "flush", token)
    seen = read(spool, token.encode("ascii"))
    return seen._replace(by=Watching.OUTER) if seen is not None else None


def _ask(spool: Path, outer_spool: Path | None, verb: str, word: str) -> None:
    """Open what is not there: the outer tracer sees it, and acts before it lets the call through."""
    place = f"{os.path.abspath(outer_spool or '/')}/{verb}/{word}{os.path.abspath(spool)}"
    try:
        os.close(os.open(place, os.O_RDONLY | os.O_CLOEXEC))
    except OSError:
        pass  # it never is there


def _release() -> tuple[int, ...]:
    found = []
    for word in os.uname().release.split("-")[0].split(".")[:2]:
        if not word.isdigit():
            return (0,)
        found.append(int(word))
    return tuple(found)


def _high(descriptor: int) -> int:
    """Move a descriptor out of the range that shells and programs use."""
    if descriptor >= 10:
        return descriptor
    moved = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 10)
    os.close(descriptor)
    return moved


def _fork() -> int:
    """Fork; the child has all signals held back, for good."""
    _reap()
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    process = -1
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            process = os.fork()
    finally:
        if process != 0:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    return process


def _reap() -> None:
    for process in tuple(_lingering):
        try:
            done, _ = os.waitpid(process, os.WNOHANG)
        except ChildProcessError:
            done = process
        if done:
            _lingering.discard(process)
