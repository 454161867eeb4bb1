"""The process that carries a program's output to where it belongs and writes it down.

It is forked before the program starts and lives as long as its streams, whatever becomes of its parent.
"""

import fcntl
import gc
import os
import select
from collections.abc import Sequence
from typing import Final, NoReturn

from ledger.ops import signals
from ledger.ops.lanes import ENDED, HELD, REMARK, Process, Stream, serve
from ledger.ops.streams import Channel, StreamNote, high
from ledger.ops.terminal import Mirror

_TERMINAL_BYTES: Final = 1 << 17

_INTERRUPTED: Final = "the wait for the rest of {} was interrupted"
_DIED: Final = "the process that records {} died"
_lingering: set[int] = set()


class Pump:
    """The parent's side of a running pump."""

    def __init__(self, process: int, control: int, report: int, names: Sequence[str]) -> None:
        self.process = process
        self._control = control
        self._report = report
        self._waiting = set(names)
        self._flaws: dict[str, str] = {}
        self._remarks: dict[str, str] = {}
        self._stays = False
        self._names = tuple(names)

    def finish(self, gate: signals.Gate) -> list[StreamNote]:
        """Say that the program has exited; wait until all that it wrote is forwarded and written down.

        Returns early if a signal that ends programs comes, or as soon as only a background process keeps a
        silent stream open; the pump goes on by itself.
        """
        try:
            os.write(self._control, b"x")
        except BrokenPipeError:
            pass  # it died, as the end of its reports says below
        text = b""
        poll = select.poll()
        poll.register(self._report, select.POLLIN)
        while self._waiting:
            if poll.poll(50):
                piece = os.read(self._report, 65536)
                *lines, text = (text + piece).split(b"\n")
                for line in lines:
                    self._note(line.decode("utf-8", "replace"))
                if not piece:
                    self._give_up(_DIED)
            elif gate.active and (got := gate.next(0, None)) is not None and got.number in signals.ENDING:
                gate.dropped.append(got.number)
                self._give_up(_INTERRUPTED)
        self._close()
        return [
            StreamNote(name=n, complete=n not in self._flaws, reason=self._flaws.get(n, self._remarks.get(n)))
            for n in self._names
        ]

    def abandon(self) -> None:
        """Let go of the pump without a word, as a killed parent would."""
        self._stays = True
        self._close()

    def _close(self) -> None:
        os.close(self._control)
        os.close(self._report)
        _lingering.add(self.process)
        if not self._stays:
            _reap(self.process, 0)
        for process in tuple(_lingering):
            _reap(process, os.WNOHANG)

    def _note(self, line: str) -> None:
        name, state, reason = line.split("\t", 2)
        if reason:
            (self._remarks if state == REMARK else self._flaws).setdefault(name, reason)
        if state in (ENDED, HELD):
            self._waiting.discard(name)
            self._stays |= state == HELD

    def _give_up(self, reason: str) -> None:
        for name in self._waiting:
            self._flaws.setdefault(name, reason.format(name))
        self._stays |= reason == _INTERRUPTED
        self._waiting.clear()


def start(channels: Sequence[Channel], spools: Sequence[int], keep: Sequence[int]) -> Pump:
    """Fork the process that serves `channels`.

    Parameters
    ----------
    channels
        What the program will write to.
    spools
        For each channel the descriptor of the file that its bytes are appended to.
    keep
        Further descriptors that the process holds as long as it records, such as that of a lock.

    Raises
    ------
    OSError
        There can be no further process or pipe.
    """
    streams = [_stream(channel, spool) for channel, spool in zip(channels, spools, strict=True)]
    pipes: list[int] = []
    try:
        for _ in range(2):
            pipes += map(high, os.pipe())
        listen, control, report, tell = pipes
        process = signals.fork()
    except OSError:
        for descriptor in pipes:
            os.close(descriptor)
        raise
    if process == 0:
        _live(streams, keep, listen, tell)
    os.close(listen)
    os.close(tell)
    return Pump(process, control, report, [channel.name for channel in channels])


def _stream(channel: Channel, spool: int) -> Stream:
    if channel.is_terminal and channel.target is not None:
        return Stream(channel, spool, Mirror(channel.reader, channel.target), _TERMINAL_BYTES)
    return Stream(channel, spool, None, fcntl.fcntl(channel.reader, fcntl.F_GETPIPE_SZ))


def _reap(process: int, options: int) -> None:
    try:
        done, _ = os.waitpid(process, options)
    except ChildProcessError:
        done = process
    if done:
        _lingering.discard(process)


def _live(streams: list[Stream], keep: Sequence[int], control: int, report: int) -> NoReturn:
    """Be the pump, to the end."""
    try:
        os.setsid()  # signals are held back from here on, as `fork` has left them
        os.chdir("/")
        gc.disable()
        _rename()
        used = {control, report, *keep}
        for stream in streams:
            used |= {stream.channel.reader, stream.channel.target or 0, stream.spool or 0}
        _close_all_but(used - {0})
        serve(streams, Process(control, report, keep, [stream.channel.name for stream in streams]))
    finally:
        os._exit(0)


def _close_all_but(kept: set[int]) -> None:
    try:
        found = [int(name) for name in os.listdir("/proc/self/fd")]
    except OSError:
        found = list(range(min(os.sysconf("SC_OPEN_MAX"), 1 << 16)))
    for descriptor in found:
        if descriptor not in kept:
            try:
                os.close(descriptor)
            except OSError:
                pass


def _rename() -> None:
    """Be told apart from the parent by whoever kills processes by name."""
    try:
        with open("/proc/self/comm", "w") as name:
            name.write("stream-pump")
    except OSError:
        pass
