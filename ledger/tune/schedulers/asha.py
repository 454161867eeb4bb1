"""Asynchronous successive halving.

Li et al. 2020, "A System for Massively Parallel Hyperparameter Tuning", MLSys. Rungs are at
``min`` × ``factor`` ** k. A trial goes on from a rung if its loss there is among the best
floor(n / ``factor``), at least one, of the n trials that have reached it by then.
"""

from collections.abc import Mapping

from ledger.tune.schedulers.base import Rungs, geometric
from ledger.tune.schedulers.halving import Halving


class Asha(Halving):
    """Stops all but the best of those that have come equally far."""

    name = "asha"

    def __init__(self, options: Mapping[str, int | None], version: int | None = None) -> None:
        super().__init__(options, version)
        self._rungs = geometric(self.option("min"), self.option("factor"), self.options["max"])

    def rungs(self, number: int) -> Rungs:  # noqa: ARG002 - the same for all
        """Where trial `number` is looked at."""
        return self._rungs

    def bracket(self, number: int) -> int:  # noqa: ARG002 - the same for all
        """The one that there is."""
        return 0
