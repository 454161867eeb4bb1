"""A large content, read once: hashed and cut by a helper thread, a step ahead of whoever stores it.

Each step is large, as it costs when two threads hand over; reading, hashing and cutting run beside writing.
"""

import os
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final, NamedTuple

from blake3 import blake3

from ledger.model import Digest

if TYPE_CHECKING:
    from pyfastcdc import FastCDC

AVERAGE: Final = 1 << 16
"""Bytes of a chunk, on average, beyond its least."""
LEAST: Final = AVERAGE // 4
MOST: Final = AVERAGE * 4
NORMALIZATION: Final = 1
"""How strongly sizes are drawn to the average, as the paper on FastCDC counts it."""

_STEP: Final = 8 << 20
_BUFFERS: Final = 3
"""One is stored, one waits, one is filled."""

Fill = Callable[[memoryview], int]
"""Reads into a buffer; returns how many bytes, 0 at the end."""


class Step(NamedTuple):
    """Some of a content, valid until the next one is asked for."""

    content: memoryview
    lengths: list[int]
    """Of its chunks, in order; empty where nothing is cut."""


def cutter() -> "FastCDC":
    """What finds the ends of chunks."""
    from pyfastcdc import FastCDC

    return FastCDC(AVERAGE, min_size=LEAST, max_size=MOST, normalized_chunking=NORMALIZATION, seed=0)


class Steps:
    """The steps of one content; once all were taken, its digest and size.

    Parameters
    ----------
    fill
        Reads it.
    cut
        Whether it is cut into chunks.
    step
        Bytes that are read at once.
    """

    def __init__(self, fill: Fill, *, cut: bool, step: int = _STEP) -> None:
        from queue import SimpleQueue  # its import costs more than a run that stores nothing large has to pay

        self._fill, self._step = fill, step
        self._cutter = cutter() if cut else None
        self._hasher = blake3()
        self.size = 0
        """Bytes that were read so far."""
        self._ready: SimpleQueue[tuple[int, Step] | BaseException | None] = SimpleQueue()
        self._free: SimpleQueue[int | None] = SimpleQueue()

    @property
    def digest(self) -> Digest:
        """Of all that was read."""
        return Digest(self._hasher.digest())

    def __iter__(self) -> Iterator[Step]:
        """Read it.

        Raises
        ------
        OSError
            As `fill` does.
        """
        from threading import Thread

        for number in range(_BUFFERS):
            self._free.put(number)
        helper = Thread(target=self._run, name="ledger-reading", daemon=True)
        helper.start()
        try:
            while (ready := self._ready.get()) is not None:
                if isinstance(ready, BaseException):
                    raise ready
                number, step = ready
                yield step
                self._free.put(number)
        finally:
            self._free.put(None)
            helper.join()

    def _run(self) -> None:
        try:
            for ready in self._read():
                self._ready.put(ready)
            self._ready.put(None)
        except BaseException as error:  # noqa: BLE001 - it is raised by whoever takes the steps
            self._ready.put(error)

    def _read(self) -> Iterator[tuple[int, Step]]:
        room = self._step + MOST
        buffers = [memoryview(bytearray(room)) for _ in range(_BUFFERS)]
        left: bytes | memoryview = b""
        while True:
            number = self._free.get()
            if number is None:
                return
            buffer = buffers[number]
            buffer[: len(left)] = left
            filled, ended = self._fill_up(buffer, len(left))
            lengths = self._lengths(buffer[:filled], ended)
            used = sum(lengths) if self._cutter else filled
            left = bytes(buffer[used:filled])
            if used:
                yield number, Step(buffer[:used], lengths)
            else:
                self._free.put(number)
            if ended:
                return

    def _fill_up(self, buffer: memoryview, start: int) -> tuple[int, bool]:
        filled, end = start, start + self._step if len(buffer) >= start + self._step else len(buffer)
        while filled < end:
            count = self._fill(buffer[filled:end])
            if count == 0:
                return filled, True
            self._hasher.update(buffer[filled : filled + count])
            self.size += count
            filled += count
        return filled, False

    def _lengths(self, content: memoryview, ended: bool) -> list[int]:
        """Cut; the last chunk may go on in the next step, unless there is none."""
        if self._cutter is None or not content:
            return []
        lengths = [chunk.length for chunk in self._cutter.cut_buf(content)]
        return lengths if ended else lengths[:-1]


def filling(source: int, limit: int | None) -> Fill:
    """Read an open file from its begin on, up to `limit`."""
    offset = 0

    def fill(buffer: memoryview) -> int:
        nonlocal offset
        room = len(buffer) if limit is None else min(len(buffer), limit - offset)
        count = os.preadv(source, [buffer[:room]], offset) if room else 0
        offset += count
        return count

    return fill
