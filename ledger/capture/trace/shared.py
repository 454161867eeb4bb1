"""Memory that the recorder and its guard share: what is being worked on, and what is to be logged."""

import mmap
import os
from typing import Final

_NOTIFICATION: Final = 2048
"""More than 1024: into a buffer of such a size `fcntl.ioctl` lets the kernel write directly, so that there is
no moment at which a notification was received and the guard could not know of it."""
_BEAT, _RECEIVING, _BUSY, _ANSWERED, _FILLED = 2048, 2049, 2050, 2056, 2064
_LOG: Final = 4096
LOG_BYTES: Final = 1 << 17


class Shared:
    """One anonymous mapping, inherited by fork."""

    def __init__(self) -> None:
        self.map = mmap.mmap(-1, _LOG + LOG_BYTES)
        self.notification = memoryview(self.map)[:_NOTIFICATION]
        self._view = memoryview(self.map)

    @property
    def working_on(self) -> int:
        """Id of the notification that was received last; 0 before the first one."""
        return int.from_bytes(self.map[:8], "little")

    def beat(self) -> None:
        """Say that there is progress, within what takes long."""
        self.map[_BEAT] = (self.map[_BEAT] + 1) & 255

    @property
    def progress(self) -> tuple[int, int]:
        """Differs from what it was if there was progress."""
        return self.working_on, self.map[_BEAT]

    def receiving(self, now: bool) -> None:
        """Say that the recorder is about to receive, which the guard must not do then."""
        self.map[_RECEIVING] = now

    @property
    def is_receiving(self) -> bool:
        """Whether the recorder is between looking and receiving."""
        return self.map[_RECEIVING] != 0

    def busy(self, now: bool) -> None:
        """Say that the guard answers, so that the recorder must not receive."""
        self.map[_BUSY] = now

    @property
    def is_busy(self) -> bool:
        """Whether the guard answers."""
        return self.map[_BUSY] != 0

    def count_answer(self) -> None:
        """Count a call that the guard let through."""
        self.map[_ANSWERED : _ANSWERED + 8] = (self.answered + 1).to_bytes(8, "little")

    @property
    def answered(self) -> int:
        """How many calls the guard let through."""
        return int.from_bytes(self.map[_ANSWERED : _ANSWERED + 8], "little")

    # What is logged waits here, so that the guard can write it if the recorder is killed.

    def append(self, record: bytes) -> bool:
        """Add a record to what is to be written; False if there is no room."""
        filled = int.from_bytes(self.map[_FILLED : _FILLED + 8], "little")
        end = filled + len(record)
        if end > LOG_BYTES:
            return False
        self._view[_LOG + filled : _LOG + end] = record
        self.map[_FILLED : _FILLED + 8] = end.to_bytes(8, "little")
        return True

    def flush(self, descriptor: int) -> None:
        """Write what waits. Killed in between, it is written again: records mean the same when read twice."""
        filled = int.from_bytes(self.map[_FILLED : _FILLED + 8], "little")
        if filled:
            write_all(descriptor, self._view[_LOG : _LOG + filled])
            self.map[_FILLED : _FILLED + 8] = bytes(8)


def write_all(descriptor: int, data: bytes | memoryview) -> None:
    """Write all of `data`."""
    while data:
        data = data[os.write(descriptor, data) :]
