"""Random numbers that are a pure function of the experiment's seed, a trial's number and what they are for.

They come from Philox 4×64, a counter-based generator (Salmon et al. 2011), as raw 64-bit words, and are
turned into floats by scalar arithmetic: the same bits on every processor and with every release of numpy,
which its distributions do not promise (NEP 19).
"""

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

T = TypeVar("T")

_WORD = (1 << 64) - 1
_FIRST, _MOST = 8, 256
"""Words that are made at once: at first, for many streams need few, and at last."""


class Draws:
    """A stream of random numbers.

    Parameters
    ----------
    seed
        Of the experiment; 0 to 2**63 - 1.
    number
        Of the trial for which they are drawn.
    purpose
        Tells streams of one trial apart.
    """

    def __init__(self, seed: int, number: int, purpose: int = 0) -> None:
        key = np.array([seed & _WORD, ((purpose << 48) ^ number) & _WORD], dtype=np.uint64)
        self._generator = np.random.Philox(key=key)
        self._words: list[int] = []
        """Those that come next, the last one first: many at once take a fifth of the time."""
        self._many = _FIRST

    def word(self) -> int:
        """64 random bits."""
        if not self._words:
            self._words = self._generator.random_raw(self._many).tolist()[::-1]
            self._many = min(2 * self._many, _MOST)
        return self._words.pop()

    def uniform(self) -> float:
        """A number in [0, 1), a multiple of 2**-53."""
        return (self.word() >> 11) * 2.0**-53

    def below(self, count: int) -> int:
        """An integer in [0, `count`), each as likely as the others."""
        if count < 1:
            raise ValueError(f"count must be 1 or more, got {count}")
        word = self.word()
        if word > _WORD - count:  # else it is below, whatever the remainder
            least = (1 << 64) - (1 << 64) % count  # words from here on would favour small numbers
            while word >= least:
                word = self.word()
        return word % count

    def choice(self, items: Sequence[T]) -> T:
        """One of some items."""
        return items[self.below(len(items))]

    def shuffled(self, items: Sequence[T]) -> list[T]:
        """All items in random order."""
        mixed = list(items)
        for last in range(len(mixed) - 1, 0, -1):
            other = self.below(last + 1)
            mixed[last], mixed[other] = mixed[other], mixed[last]
        return mixed
