"""Memory for what is computed of a block of numbers: to get it anew takes longer than to fill it."""

import threading
from typing import Any, Final

import numpy
from numpy.typing import NDArray


class _Scratch(threading.local):
    """Of each thread; it is overwritten by whoever asks next."""

    _numbers: NDArray[Any] = numpy.empty(0, "f4")
    _flags: NDArray[Any] = numpy.empty(0, "?")
    _halves: NDArray[Any] = numpy.empty(0, "u2")
    _pair: NDArray[Any] = numpy.empty((2, 0), "f4")
    _doubles: NDArray[Any] = numpy.empty((3, 0), "f8")

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

    def halves(self, count: int) -> NDArray[Any]:
        """Whole numbers of 16 bits without a sign, of that count."""
        if len(self._halves) < count:
            self._halves = numpy.empty(count, "u2")
        return self._halves[:count]

    def pair(self, count: int) -> NDArray[Any]:
        """Twice as many single-precision numbers, in two rows."""
        if self._pair.shape[1] < count:
            self._pair = numpy.empty((2, count), "f4")
        return self._pair[:, :count]

    def doubles(self, count: int) -> NDArray[Any]:
        """Three times as many double-precision numbers, in three rows."""
        if self._doubles.shape[1] < count:
            self._doubles = numpy.empty((3, count), "f8")
        return self._doubles[:, :count]


SCRATCH: Final = _Scratch()
