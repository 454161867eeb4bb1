"""Noticing that this process has too much else to do to answer a program in time."""

import os
import time
from typing import Final


class Patience:
    """Notices that other threads make every answer wait, by what it takes to get the interpreter back."""

    _MOST_S: Final = 1.0
    _MEAN_S: Final = 5e-4

    def __init__(self) -> None:
        self._waited = 0.0
        self._count = 0

    def ended(self) -> bool:
        """Let the others run for a moment; return whether waiting for them has taken too long by now."""
        began = time.monotonic()
        os.sched_yield()
        self._waited += time.monotonic() - began
        self._count += 1
        return self._waited > self._MOST_S and self._waited > self._MEAN_S * self._count
