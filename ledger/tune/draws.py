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
        self._words = np.random.Philox(key=key)

    def word(self) -> int:
        """64 random bits."""
        return int(self._words.random_raw())

    def uniform(self) -> float:
        """A number in [0, 1), a multiple of 2**-53."""
        return (self.word() >> 11) * 2.0**-53

    def below(self, count: int) -> int:
        """An integer in [0, `count`), each as likely as the others."""
        if count < 1:
            raise ValueError(f"count must be 1 or more, got {count}")
        least = (1 << 64) - (1 << 64) % count  # words from here on would favour small numbers
        while (word := self.word()) >= least:
            pass
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
