"""Some of many objects instead of all, and what they say about all."""

from collections.abc import Iterable
from heapq import nsmallest
from math import exp, lgamma

from ledger.errors import UsageError
from ledger.model import Digest
from ledger.model.frozen import frozen

CONFIDENCE = 0.95
"""How sure `most_damaged` is."""

_ROUNDED = 1 - 1e-9
"""What rounding may take off a probability: a limit is rather one too high."""


@frozen
class Sampling:
    """How many objects to hash, and which."""

    count: int | None = None
    """So many; None for a share."""
    share: float | None = None
    """This part of all, above 0 and at most 1; None for a number."""
    seed: int | None = None
    """Chooses which, below 2 ** 64; None for a new one."""

    @classmethod
    def parse(cls, text: str, seed: int | None = None) -> "Sampling":
        """Read a number (``500``) or a share (``5%``).

        Raises
        ------
        UsageError
            If it is neither.
        """
        try:
            if text.endswith("%"):
                share = float(text[:-1]) / 100
                if 0 < share <= 1:
                    return cls(share=share, seed=seed)
            elif (count := int(text)) > 0:
                return cls(count=count, seed=seed)
        except ValueError:
            pass  # told below, as every other text that is none of the two
        raise UsageError(
            "a bad sample",
            cause=f"--sample: expected a number of objects or a share above 0% and up to 100%, got {text!r}",
            hint="--sample 500, or --sample 5%",
        )

    def of(self, many: int) -> int:
        """How many of so many; one at the least, where there is one."""
        wanted = self.count if self.count is not None else round((self.share or 0.0) * many)
        return min(max(wanted, 1), many)


@frozen
class Sample:
    """How much of a ledger was hashed, and what that says about the rest."""

    objects: int
    """How many were hashed."""
    of: int
    """How many there are."""
    seed: int
    """Which ones: the same seed chooses the same of the same objects."""
    damaged: int
    """How many of them are not what they were."""

    @property
    def most(self) -> float:
        """The largest share of all objects that may be damaged, with `CONFIDENCE`."""
        return most_damaged(self.of, self.objects, self.damaged) / self.of if self.of else 0.0


def choose(digests: Iterable[Digest], count: int, seed: int) -> set[Digest]:
    """Choose `count` objects at random.

    They are those for which the hash of seed and digest is smallest: of the same objects the same ones, on
    every machine and in any order, and of a ledger that has grown mostly the same.

    Parameters
    ----------
    digests
        All there are, each once.
    count
        How many; all of them where there are no more.
    seed
        Below 2 ** 64.
    """
    key = seed.to_bytes(8, "little")
    return set(nsmallest(count, digests, key=lambda digest: Digest.of(key + digest)))


def most_damaged(of: int, sampled: int, damaged: int, confidence: float = CONFIDENCE) -> int:
    """Upper confidence limit of the number of damaged objects among all.

    It is the exact one for a sample without replacement: the largest D with which no more than `damaged`
    would still be found with a probability of ``1 - confidence`` or more, where the number found is
    hypergeometric (T. Wright, Exact Confidence Bounds when Sampling from Small Finite Universes, Springer
    1991). With nothing found in a small part of very many it approaches 3 / `sampled` of all, the rule of
    three (J. A. Hanley and A. Lippman-Hand, JAMA 249, 1983, 1743-1745).

    Parameters
    ----------
    of
        How many there are.
    sampled
        How many of them were looked at, chosen at random.
    damaged
        How many of those are damaged.
    confidence
        Probability with which there are no more than what is returned.
    """
    low, high = damaged, of - (sampled - damaged)
    while low < high:  # the probability falls as D grows
        middle = (low + high + 1) // 2
        if _at_most(damaged, of, middle, sampled) >= (1 - confidence) * _ROUNDED:
            low = middle
        else:
            high = middle - 1
    return low


def _at_most(found: int, of: int, damaged: int, sampled: int) -> float:
    """Probability that a sample of `sampled` holds at most `found` of the `damaged` ones among `of`."""
    whole = _combinations(of, sampled)
    least = max(0, sampled - (of - damaged))
    return sum(
        exp(_combinations(damaged, each) + _combinations(of - damaged, sampled - each) - whole)
        for each in range(least, min(found, damaged) + 1)
    )


def _combinations(of: int, chosen: int) -> float:
    """Logarithm of the number of ways to choose."""
    return lgamma(of + 1) - lgamma(chosen + 1) - lgamma(of - chosen + 1)
