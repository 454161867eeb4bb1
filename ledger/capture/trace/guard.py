"""The guard: a process that lets the program's calls through when nobody else does.

It outlives the recording process, holds nothing of the user's (no terminal, pipe or lock), and sleeps: it
looks twice a second whether there is progress.
"""

import fcntl
import gc
import os
import select
import struct
from typing import Any, Final, NoReturn

from ledger.capture.trace import abi
from ledger.capture.trace.shared import Shared

_TICK_MS: Final = 500
_SOON_MS: Final = 20
_PATIENCE: Final = 2
"""So many looks in a row without progress, while something waits, mean that nobody answers."""
HAND_OVER: Final = b"h"
QUIT: Final = b"q"


def answer(listener: int, number: int) -> bool:
    """Let a call through; False if it waits no more, or another one has answered."""
    try:
        fcntl.ioctl(listener, abi.IOCTL_SEND, struct.pack(abi.RESPONSE, number, 0, 0, abi.CONTINUE))
    except OSError:
        return False
    return True


def live(shared: Shared, control: Any, log: int, recorder: int, number: int | None) -> NoReturn:
    """Be the guard, to the end.

    Parameters
    ----------
    shared
        The memory shared with the recording process.
    control
        A socket: brings the listener, then words of the recording process; its end means that that is dead.
    log
        The log; what waits for it is written if the recording process is dead.
    recorder
        A pidfd of the recording process, which tells of its death even if others inherited its sockets; -1 if
        there are none.
    number
        Its process id, if its calls may be taken where it is stopped while it receives; else None.
    """
    try:
        os.setsid()
        os.chdir("/")
        gc.disable()
        _keep_only({control.fileno(), log, recorder} - {-1})
        listener = _listener(control)
        if listener is not None:
            _watch(shared, control, log, listener, recorder, number)
    finally:
        os._exit(0)


def _keep_only(kept: set[int]) -> None:
    start = 0
    for descriptor in sorted(kept):
        os.closerange(start, descriptor)
        start = descriptor + 1
    os.closerange(start, os.sysconf("SC_OPEN_MAX"))


def _listener(control: Any) -> int | None:
    """Wait for the descriptor; the child sends it, or its end comes."""
    try:
        _, ancillary, _, _ = control.recvmsg(16, 64)
    except OSError:
        return None
    for _, _, data in ancillary:
        return int.from_bytes(data[:4], "little")
    return None


def _watch(shared: Shared, control: Any, log: int, listener: int, recorder: int, number: int | None) -> None:
    poll = select.poll()
    poll.register(control.fileno(), select.POLLIN)
    if recorder >= 0:
        poll.register(recorder, select.POLLIN)
    look = select.poll()
    look.register(listener, select.POLLIN)
    last, stuck, waiting = shared.progress, 0, 0
    while True:
        if poll.poll(_TICK_MS):
            try:
                control.setblocking(False)
                word = control.recv(1)
            except OSError:
                word = b""  # it died without a word
            if word == QUIT:
                return
            if word != HAND_OVER:
                _write_rest(shared, log)
            os.close(log)
            break
        # 1. Does anything wait, and was there progress?
        events = look.poll(0)
        waits = bool(events) and bool(events[0][1] & select.POLLIN)
        now = shared.progress
        stuck = stuck + 1 if now == last else 0
        waiting = waiting + 1 if waits and now == last else 0
        last = now
        # 2. Nobody answers: let through what was received, then all that comes until there is progress.
        if stuck >= _PATIENCE and now[0] and answer(listener, now[0]):
            shared.count_answer()
        if waiting >= _PATIENCE:
            shared.busy(True)
            while shared.progress == now and _may_take(shared, number) and not poll.poll(0):
                if look.poll(_SOON_MS):
                    _receive(shared, listener)
            shared.busy(False)
    # 3. The recorder is dead, or has handed over.
    answer(listener, shared.working_on)
    look.modify(listener, select.POLLIN)
    while True:
        events = look.poll()
        if events and events[0][1] & (select.POLLHUP | select.POLLERR) and not events[0][1] & select.POLLIN:
            return
        _receive(shared, listener)


def _may_take(shared: Shared, number: int | None) -> bool:
    """Whether the recorder does not receive, or has been stopped right there."""
    return not shared.is_receiving or (number is not None and _is_stopped(number))


def _is_stopped(number: int) -> bool:
    try:
        with open(f"/proc/{number}/stat", "rb") as file:
            return file.read().rpartition(b") ")[2][:1] in (b"T", b"t")
    except OSError:
        return False  # it is gone


def _receive(shared: Shared, listener: int) -> None:
    buffer = bytearray(abi.NOTIFICATION_BYTES)
    try:
        fcntl.ioctl(listener, abi.IOCTL_RECEIVE, buffer)
    except OSError:
        return  # its process is gone
    if answer(listener, int.from_bytes(buffer[:8], "little")):
        shared.count_answer()


def _write_rest(shared: Shared, log: int) -> None:
    try:
        shared.flush(log)
    except OSError:
        pass  # a log that ends early says so itself
