"""What the pump does: carry bytes from the program to their target and into the spool, stream by stream."""

import _thread
import errno
import os
import select
import stat
import time
from collections.abc import Iterable, Sequence
from typing import Final

from ledger.ops.streams import Channel
from ledger.ops.terminal import Mirror

ENDED, HELD, FLAWED, REMARK = "ended", "held", "flawed", "remark"

_CHUNK: Final = 1 << 16
_QUIET_MS: Final = 100
_PATIENCE_S: Final = 1.0
_GONE: Final = frozenset({errno.EPIPE, errno.ECONNRESET, errno.EIO, errno.ENXIO})


class Stream:
    """A channel and how far it has come."""

    def __init__(self, channel: Channel, spool: int, mirror: Mirror | None, capacity: int) -> None:
        self.channel = channel
        self.spool: int | None = spool
        self.mirror = mirror
        self.capacity = capacity
        """Bytes that the channel can hold."""
        self.taken = 0
        """Bytes read, since the program exited if it has."""
        self.ended = False
        self.told = False
        self.complained = False


class Process:
    """What all lanes of one pump share."""

    def __init__(self, control: int, report: int, keep: Sequence[int], names: Iterable[str]) -> None:
        self.control = control
        self._report = report
        self._keep = keep
        self._recording = set(names)

    def tell(self, stream: Stream, state: str, reason: str = "") -> None:
        """Report to the parent, who may be dead."""
        line = f"{stream.channel.name}\t{state}\t{reason}\n".replace("\0", "?")
        try:
            os.write(self._report, line.encode("utf-8", "replace")[:4000])
        except OSError:
            pass
        if state in (ENDED, HELD):
            stream.told = True
            self._recording.discard(stream.channel.name)
            if not self._recording:
                for descriptor in self._keep:
                    os.close(descriptor)
                self._keep = ()

    def complain(self, stream: Stream, reason: str, state: str = FLAWED) -> None:
        """Report once that a stream is not what it should be."""
        if not stream.complained:
            stream.complained = True
            self.tell(stream, state, reason)


def serve(streams: list[Stream], shared: Process) -> None:
    """Give each target a thread, so that a reader who stops reading one stream does not stop the other."""
    lanes: dict[tuple[int, int] | int, list[Stream]] = {}
    for stream in streams:
        target = stream.channel.target
        found = os.fstat(target) if target is not None else None
        key = (found.st_dev, found.st_ino) if found is not None else -1
        lanes.setdefault(key, []).append(stream)
    first, *others = lanes.values()
    done = []
    for lane in others:
        lock = _thread.allocate_lock()
        lock.acquire()
        _thread.start_new_thread(_serve_and_tell, (lane, shared, lock))
        done.append(lock)
    _serve_lane(first, shared)
    for lock in done:
        lock.acquire()


def _serve_and_tell(lane: list[Stream], shared: Process, lock: "_thread.LockType") -> None:
    try:
        _serve_lane(lane, shared)
    finally:
        lock.release()


def _serve_lane(lane: list[Stream], shared: Process) -> None:
    """Serve, and after a failure again, unrecorded: no mistake of ours may cost the program its reader."""
    for _ in range(3):
        try:
            _carry_all(lane, shared)
            return
        except Exception as error:  # noqa: BLE001 - reported as the streams' flaw
            for stream in lane:
                shared.complain(stream, f"recording {stream.channel.name} failed: {error!r}")
                _stop_recording(stream)


def _carry_all(lane: list[Stream], shared: Process) -> None:
    """Carry bytes until every stream of the lane has ended."""
    buffer = bytearray(_CHUNK)
    sources = {stream.channel.reader: stream for stream in lane if not stream.ended}
    target = lane[0].channel.target
    poll = select.poll()
    poll.register(shared.control, select.POLLIN)
    for source in sources:
        poll.register(source, select.POLLIN)
    if target is not None and not stat.S_ISREG(os.fstat(target).st_mode):
        poll.register(target, 0)  # tells when its reader is gone, though nothing is being written
    exited: float | None = None
    while sources:
        waiting = exited is not None and not all(stream.told for stream in sources.values())
        ready = poll.poll(_QUIET_MS if waiting else None)
        for descriptor, event in ready:
            if descriptor == shared.control:
                poll.unregister(descriptor)
                if event & select.POLLIN:  # else the parent died, and nobody waits
                    exited = time.monotonic()
                    for stream in lane:
                        stream.taken = 0
            elif descriptor == target:
                for stream in sources.values():
                    _abandon(stream, buffer, shared)
            elif not sources[descriptor].ended:
                _carry(sources[descriptor], buffer, shared)
        for stream in [stream for stream in sources.values() if stream.ended]:
            poll.unregister(stream.channel.reader)
            del sources[stream.channel.reader]
            _end(stream, shared)
        if waiting and exited is not None:
            patient = time.monotonic() - exited < _PATIENCE_S
            for stream in sources.values():
                if not stream.told and (not ready or (not patient and stream.taken >= stream.capacity)):
                    _let_go(stream, shared)


def _carry(stream: Stream, buffer: bytearray, shared: Process) -> None:
    """Move what there is."""
    view = _take(stream, buffer, shared)
    if view and stream.channel.target is not None:
        try:
            _write(stream.channel.target, view)
        except OSError as error:
            if error.errno in _GONE:
                _abandon(stream, buffer, shared)
            else:  # the program can no longer learn of it and is spared; the next chunk is tried again
                reason = f"forwarding {stream.channel.name} failed: {error.strerror}"
                shared.complain(stream, reason, REMARK)


def _take(stream: Stream, buffer: bytearray, shared: Process) -> memoryview | None:
    """Read and record what there is; None if that is nothing."""
    try:
        count = os.readv(stream.channel.reader, [buffer])
    except OSError as error:
        if error.errno != errno.EIO:  # so does a pseudo-terminal that the last program has left
            shared.complain(stream, f"reading {stream.channel.name} failed: {error.strerror}")
        count = 0
    if count == 0:
        stream.ended = True
        return None
    view = memoryview(buffer)[:count]
    if stream.mirror is not None:
        stream.mirror.packet(view[0])
        view = view[1:]
        stream.mirror.resize()
    stream.taken += len(view)
    if stream.spool is not None:
        try:
            _write(stream.spool, view)
        except OSError as error:
            shared.complain(stream, f"recording {stream.channel.name} failed: {error.strerror}")
            _stop_recording(stream)
    return view


def _abandon(stream: Stream, buffer: bytearray, shared: Process) -> None:
    """End a stream whose reader is gone, but record what was written to it before."""
    poll = select.poll()
    poll.register(stream.channel.reader, select.POLLIN)
    stream.taken = 0
    while not stream.ended and stream.taken < stream.capacity and poll.poll(0):
        _take(stream, buffer, shared)
    if not stream.ended:
        stream.ended = True
        shared.complain(stream, f"the reader of {stream.channel.name} closed it")


def _write(descriptor: int, view: memoryview) -> None:
    while view:
        try:
            view = view[os.write(descriptor, view) :]
        except BlockingIOError:
            poll = select.poll()
            poll.register(descriptor, select.POLLOUT)
            poll.poll()


def _end(stream: Stream, shared: Process) -> None:
    """Close the reading end: a program that still writes learns that its reader is gone."""
    os.close(stream.channel.reader)
    if stream.mirror is not None:
        stream.mirror.restore()
    _stop_recording(stream)
    if not stream.told:
        shared.tell(stream, ENDED)


def _let_go(stream: Stream, shared: Process) -> None:
    """Stop recording a stream that outlives the program, for its record is being closed; go on forwarding."""
    _stop_recording(stream)
    shared.tell(stream, HELD, f"a background process still holds {stream.channel.name}")


def _stop_recording(stream: Stream) -> None:
    if stream.spool is not None:
        os.close(stream.spool)
        stream.spool = None
