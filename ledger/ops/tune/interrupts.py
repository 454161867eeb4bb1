"""Signals that would end a search: they are counted, so that it stops cleanly."""

import signal
from contextlib import AbstractContextManager
from types import FrameType, TracebackType
from typing import Any

from ledger.ops import interrupt


class Interrupts(AbstractContextManager["Interrupts"]):
    """Counts signals that would end us, so that a search stops cleanly.

    In the main thread alone, and only those that are neither ignored nor somebody else's.
    """

    def __init__(self) -> None:
        self.count = 0
        self._former: dict[int, Any] = {}

    def __enter__(self) -> "Interrupts":
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            handler = signal.getsignal(number)
            if handler is signal.SIG_DFL or interrupt.is_usual(handler):
                try:
                    self._former[number] = signal.signal(number, self._count)
                except ValueError:  # not in the main thread
                    return self
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._former.items():
            signal.signal(number, handler)

    def _count(self, _number: int, _frame: FrameType | None) -> None:
        self.count += 1
