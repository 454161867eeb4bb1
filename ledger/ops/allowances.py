"""What may differ from run to run: the allowances that hold for a trial, and results judged by them."""

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Final

from ledger.compare.base import Comparison, Tolerance
from ledger.model import Allowance, Digest, Trial
from ledger.store.base import Store

JSON: Final = ("application/json", "application/jsonl")
"""Types of texts of whose lines only strings and numbers are masked."""
MOST_BYTES: Final = 16 << 20
"""Of a text that is compared with its lines masked."""


class Allowances:
    """Those of one trial, by what they are about.

    Parameters
    ----------
    known
        (id, allowance), oldest first; of two about the same result the newer one holds.
    """

    def __init__(self, known: Iterable[tuple[Digest, Allowance]] = ()) -> None:
        self._known = {(each.part, each.path): (id, each) for id, each in known}

    @property
    def known(self) -> tuple[tuple[Digest, Allowance], ...]:
        """(id of the entry, allowance) of those that hold."""
        return tuple(self._known.values())

    def get(self, part: str, path: str) -> Allowance | None:
        """What a result may do, if it is known to vary."""
        found = self._known.get((part, path))
        return None if found is None else found[1]

    @cached_property
    def metrics(self) -> Mapping[str, Tolerance]:
        """Tolerances of metrics, by name."""
        return {
            path: Tolerance(rtol=each.rtol, atol=each.atol)
            for (part, path), (_, each) in self._known.items()
            if part == "metrics"
        }

    def free(self, part: str, path: str) -> bool:
        """Whether a result may differ in any way."""
        found = self.get(part, path)
        return found is not None and found.content

    def tolerance(self, part: str, path: str) -> Tolerance | None:
        """How far apart the numbers of a result may be; None where nothing is known of it."""
        found = self.get(part, path)
        return None if found is None else Tolerance(rtol=found.rtol, atol=found.atol)

    def text(
        self, part: str, path: str, expected: Digest, got: Digest, store: Store, *, clock: bool = True
    ) -> Comparison | None:
        """Compare two texts with what varies in their lines masked; None where no mask holds.

        Parameters
        ----------
        part, path
            What they are of.
        expected, got
            The texts.
        store
            Where they are.
        clock
            Whether the clock may be another in them anyway.

        Raises
        ------
        LedgerError
            If one cannot be read.
        """
        found = self.get(part, path)
        if found is None or not found.masks or max(store.size(expected), store.size(got)) > MOST_BYTES:
            return None
        from ledger.compare.texts import masks  # numpy comes with it, of no use to who reads entries

        # Those of earlier releases have no tolerance: any number may be where a mask has one.
        near = Tolerance(rtol=found.rtol, atol=found.atol) if found.rtol or found.atol else None
        line = masks.same(store.get(expected), store.get(got), found.masks, near, clock=clock)
        if line is None:
            return Comparison(same=True, exact=False, detail="the same but for what varies from run to run")
        return Comparison(same=False, exact=False, detail=f"they part at line {line}")


NONE: Final = Allowances()


def holding(trial: Trial, known: Mapping[Digest, Allowance]) -> Allowances:
    """The allowances that hold for a trial: its own, and those of its experiment.

    Parameters
    ----------
    trial
        Which one.
    known
        All that were not taken back, oldest first, by id.
    """
    return Allowances(
        (id, each)
        for id, each in known.items()
        if (each.trial == trial.id if each.experiment is None else each.experiment == trial.experiment)
    )
