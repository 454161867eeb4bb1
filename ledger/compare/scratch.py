"""Memory for what is computed of a block of numbers: to get it anew takes longer than to fill it."""

import threading
from typing import Any, Final

import numpy
from numpy.typing import NDArray


class _Scratch(threading.local):
    """Of each thread; it is overwritten by whoever asks next."""

    _numbers: NDArray[Any] = numpy.empty(0, "f4")
    _flags: NDArray[Any] = numpy.empty(0, "?")

    def numbers(self, count: int) -> NDArray[Any]:
        """Single-precision numbers of that count."""
        if len(self._numbers) < count:
            self._numbers = numpy.empty(count, "f4")
        return self._numbers[:count]

    def flags(self, count: int) -> NDArray[Any]:
        """Truth values of that count."""
        if len(self._flags) < count:
            self._flags = numpy.empty(count, "?")
        return self._flags[:count]


SCRATCH: Final = _Scratch()
