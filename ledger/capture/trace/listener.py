"""Answers the kernel: receives a call that a process is about to make, looks at it, lets it through."""

import fcntl
import os
import select
import struct
import time
from collections.abc import Callable
from typing import Final

from ledger.capture.trace import abi
from ledger.capture.trace.calls import Calls
from ledger.capture.trace.log import NAME, Log
from ledger.capture.trace.memory import Memory, Unreadable
from ledger.capture.trace.paths import Asked
from ledger.capture.trace.processes import Inner, Process, Processes
from ledger.capture.trace.shared import Shared
from ledger.capture.trace.state import State

BATCH: Final = 64
_FORGET_S: Final = 1.0
_NOTHING: Final = bytes(abi.NOTIFICATION_BYTES)
_notification: Final = struct.Struct(abi.NOTIFICATION)
_response: Final = struct.Struct(abi.RESPONSE)

_HIDDEN: Final = "a process may not be looked into; what it opened is not known"
_FOREIGN: Final = "a program made system calls of an architecture that is not known here"
_ERROR: Final = "a system call could not be followed: {}"


class Listener:
    """Serves the calls of all traced processes.

    Parameters
    ----------
    descriptor
        The listener.
    machine
        What this machine runs.
    shared
        Memory that the guard reads too.
    memory
        Reads the memory of processes.
    state
        What the calls amount to.
    inner
        Makes the state of a trial within this one, from its log.
    dropped
        Whether no_new_privs had to be set.
    """

    def __init__(
        self,
        descriptor: int,
        machine: abi.Machine,
        shared: Shared,
        memory: Memory,
        state: State,
        inner: Callable[[Log], State],
        *,
        dropped: bool,
    ) -> None:
        self.descriptor = descriptor
        self.ended = False
        self._known = machine.calls
        self._shared = shared
        self._state = state
        self._new_inner = inner
        self._processes = Processes(state)
        self._calls = Calls(memory, self._processes, self._let_through, self._requests, dropped=dropped)
        self._prefixes: tuple[bytes, ...] = (state.log.spool + b"/",)
        self._forget_at = 0.0
        self._number = 0
        self._answered = True
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        self._poll: Callable[[int], list[tuple[int, int]]] = poll.poll
        try:
            fcntl.ioctl(descriptor, abi.IOCTL_SET_FLAGS, abi.SYNC_WAKE_UP)
        except OSError:
            pass  # an older kernel: slower, and the same otherwise

    def serve(self) -> bool:
        """Answer what waits, a bounded number of calls; return whether there was any."""
        shared, poll, unpack = self._shared, self._poll, _notification.unpack_from
        buffer, ioctl, descriptor = shared.notification, fcntl.ioctl, self.descriptor
        now = time.monotonic()
        if now >= self._forget_at:
            self._forget_at = now + _FORGET_S
            self._processes.forget()
            self._state.log.flush()  # the guard may be killed too, or the machine stop
        served = False
        for _ in range(BATCH):
            # The guard must not take it from now on: to receive nothing would block.
            shared.receiving(True)
            events = poll(0)
            if not events or shared.is_busy or not events[0][1] & select.POLLIN:
                shared.receiving(False)
                shared.beat()
                self.ended = bool(events) and not events[0][1] & select.POLLIN
                break
            buffer[: abi.NOTIFICATION_BYTES] = _NOTHING
            try:
                ioctl(descriptor, abi.IOCTL_RECEIVE, buffer)
            except OSError:
                shared.receiving(False)
                continue  # its process is gone, or a signal has ended the call
            shared.receiving(False)
            self._one(*unpack(buffer))
            served = True
        for inner in self._processes.inner:
            inner.state.log.flush()
        return served

    def wait(self, milliseconds: int) -> None:
        """Wait until there is something to serve."""
        self._poll(milliseconds)

    def _one(self, number: int, thread: int, _: int, call: int, arch: int, _ip: int, *words: int) -> None:
        self._number, self._answered = number, False
        try:
            known = self._known.get((arch, call & 0xFFFFFFFF))
            if known is None:
                self._gap(_FOREIGN)
            else:
                narrow = arch in (abi.I386, abi.ARM)
                if narrow:
                    words = tuple(word & 0xFFFFFFFF for word in words)
                narrow = narrow or bool(call & abi.X32_BIT)
                self._calls.follow(Asked(thread, self._processes.get(thread), known, words, narrow))
        except (Unreadable, PermissionError):
            self._gap(_HIDDEN)
        except (FileNotFoundError, ProcessLookupError):
            if self._waits():  # else it was killed meanwhile
                self._gap(_HIDDEN)
        except Exception as error:  # noqa: BLE001 - the program goes on, and the record says so
            self._gap(_ERROR.format(f"{type(error).__name__}: {error}"))
        finally:
            if not self._answered:
                self._let_through()

    def _waits(self) -> bool:
        """Whether the call still waits for its answer."""
        try:
            fcntl.ioctl(self.descriptor, abi.IOCTL_ID_VALID, self._number.to_bytes(8, "little"))
        except OSError:
            return False
        return not self._answered

    def _let_through(self) -> None:
        self._answered = True
        try:
            fcntl.ioctl(self.descriptor, abi.IOCTL_SEND, _response.pack(self._number, 0, 0, abi.CONTINUE))
        except OSError:
            pass  # its process is gone, a signal has ended the call, or the guard has answered

    def _gap(self, reason: str) -> None:
        """For all: nothing is known of the process."""
        for state in (self._state, *(inner.state for inner in self._processes.inner)):
            state.log.gap(reason)

    # Trials within this one, which cannot be traced a second time: they ask by opening what is not there.

    def close(self) -> None:
        """Let go of what is held: logs of inner trials, the program's mounts."""
        self._processes.close()
        for inner in self._processes.inner:
            inner.state.log.flush()
            os.close(inner.state.log.descriptor)
        self._processes.inner.clear()

    def _requests(self, asked: Asked, path: bytes) -> bool:
        if not path.startswith(self._prefixes):
            return False
        prefix = next(each for each in self._prefixes if path.startswith(each))
        verb, _, rest = path[len(prefix) :].partition(b"/")
        word, _, spool = rest.partition(b"/")
        if verb == b"join" and word:
            self._joins(asked.process, b"" if word == b"-" else word, b"/" + spool)
        elif verb == b"flush" and word:
            self._leaves(word, b"/" + spool)
        else:
            return False
        return True

    def _joins(self, process: Process, trial: bytes, spool: bytes) -> None:
        # A program with fewer rights than ours must not make us write where it may not.
        if os.stat(spool, follow_symlinks=False).st_uid != os.stat(b"/proc/%d" % process.number).st_uid:
            return
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
        log = Log(spool, os.open(spool + b"/" + NAME.encode(), flags, 0o600))
        log.token(b"joined")
        state = self._new_inner(log)
        self._processes.set_view(state, process.number)
        self._prefixes = (*self._prefixes, spool + b"/")
        self._processes.inner.append(Inner(process.number, trial, state))
        self._processes.forget()

    def _leaves(self, token: bytes, spool: bytes) -> None:
        for inner in list(self._processes.inner):
            if inner.state.log.spool == spool:
                self._processes.inner.remove(inner)
                self._processes.forget()
                inner.state.finish()
                inner.state.log.token(token)
                self._processes.leave(inner.state)
                os.close(inner.state.log.descriptor)
