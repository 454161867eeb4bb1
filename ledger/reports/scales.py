"""Where numbers come on a drawing, and which of them are written at its sides."""

import math
from collections.abc import Iterable

from ledger.model.frozen import frozen
from ledger.ops.text import number

_TICKS = 5
_LOG_FROM = 100.0
"""Ratio of the largest to the smallest value from which on an axis is logarithmic."""

_LEAST_ROOM, _LETTER = 40, 6.5
"""Pixels of a choice's mark, and of a letter."""
_MOST = 1e300
"""Beyond it differences overflow."""


@frozen
class Scale:
    """One axis."""

    low: float
    high: float
    start: float
    """Where `low` comes, in pixels."""
    end: float
    """Where `high` comes."""
    log: bool
    least: float = 0.0
    """Distance that two marks have at the least, where it is not logarithmic."""

    def __call__(self, value: float) -> float:
        """Where a value comes, in pixels; what is off the axis comes to its end."""
        low, high = self._of(self.low), self._of(self.high)
        return self.start + (self._of(min(max(value, self.low), self.high)) - low) / (high - low) * (
            self.end - self.start
        )

    def ticks(self) -> list[tuple[float, str]]:
        """Where marks come, in pixels, and what they say."""
        return [(self(value), number(value)) for value in self._values()]

    def _of(self, value: float) -> float:
        return math.log10(value) if self.log else value

    def _values(self) -> list[float]:
        if self.log:
            first, last = math.ceil(math.log10(self.low) - 1e-9), math.floor(math.log10(self.high) + 1e-9)
            if last > first:
                every = max(1, math.ceil((last - first) / _TICKS))
                return [10.0**power for power in range(first, last + 1, every)]
        rough = max((self.high - self.low) / _TICKS, self.least)
        power = 10.0 ** math.floor(math.log10(rough))
        step = next((each * power for each in (1, 2, 5) if each * power >= rough), 10 * power)
        first = math.ceil(self.low / step - 1e-9)
        return [
            place * step
            for place in range(first, first + 3 * _TICKS)
            if place * step <= self.high + step * 1e-9
        ]


@frozen
class Choices:
    """An axis of things that have no distance."""

    words: tuple[str, ...]
    start: float
    """Where the band of the first one begins, in pixels."""
    end: float
    """Where that of the last one ends."""

    def __call__(self, value: float) -> float:
        """Where the middle of the band of that place comes, in pixels."""
        return self.start + (value + 0.5) / len(self.words) * (self.end - self.start)

    def ticks(self) -> list[tuple[float, str]]:
        """Where marks come, and what they say: as many as have room for some letters."""
        band = abs(self.end - self.start) / len(self.words)
        every = max(1, math.ceil(_LEAST_ROOM / band))
        letters = max(4, int(band * every / _LETTER))
        return [
            (self(place), word if len(word) <= letters else f"{word[: letters - 1]}…")
            for place, word in enumerate(self.words)
            if place % every == 0
        ]


def scale(
    values: Iterable[float], start: float, end: float, *, log: bool | None = False, least: float = 0.0
) -> Scale:
    """An axis that all finite values are on.

    Parameters
    ----------
    values
        Some are finite.
    start, end
        Pixels.
    log
        Whether it is logarithmic; None: if they are positive and far apart.
    least
        Distance of two marks at the least: 1 for what is counted.
    """
    found = [min(max(each, -_MOST), _MOST) for each in values if math.isfinite(each)]
    low, high = min(found), max(found)
    if log is None:
        log = low > 0 and high / low >= _LOG_FROM
    if low == high or not high - low > abs(high) * 1e-12:
        room = abs(low) * 0.1 or 1.0
        low, high, log = low - room, high + room, False
    return Scale(low=low, high=high, start=start, end=end, log=log, least=least)
