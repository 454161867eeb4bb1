"""A search's history that keeps the entries themselves, for those who check them."""

from collections.abc import Iterator

from ledger.model import (
    Artifact,
    Digest,
    Recorded,
    Status,
    TrialDecided,
    TrialFinished,
    TrialProposed,
    TrialStarted,
)
from ledger.model.search import Search
from ledger.ops.tune.history import History, Place
from ledger.ops.tune.rungs import Sizes, is_compared


class Entries(History):
    """A history, and what its entries say beyond it.

    Parameters
    ----------
    id
        Of the search.
    search
        What it is.
    """

    def __init__(self, id: Digest, search: Search) -> None:
        super().__init__(id, search)
        self.started: dict[Digest, TrialStarted] = {}
        """All trials of the ledger."""
        self.proposed: dict[Digest, TrialProposed] = {}
        """Proposals of the search, in merged order."""
        self.places: dict[Digest, Place] = {}
        """Where those are."""
        self.decisions: list[tuple[Digest, Place, TrialDecided]] = []
        """Of the scheduler, each with the id and the place of its entry."""
        self.left: dict[Digest, tuple[Artifact, ...]] = {}
        """What trials of the ledger wrote that were stopped."""
        self._seen: dict[bytes, dict[bytes, int]] = {}
        """How many entries of each other origin the entries of one have seen."""
        self._known_at: dict[Digest, Sizes] = {}
        """How many entries of each origin were known where a trial of the search started."""

    def add(self, recorded: Recorded) -> None:
        """Take one more entry, behind those that were taken."""
        super().add(recorded)
        payload = recorded.entry.payload
        origin, seq = place = (recorded.entry.origin, recorded.seq)
        seen = self._seen.setdefault(origin, {})
        for each in recorded.entry.seen:
            seen[each.origin] = max(each.size, seen.get(each.origin, 0))
        if isinstance(payload, TrialStarted):
            self.started[recorded.id] = payload
            if recorded.id in self.own:
                self._known_at[recorded.id] = {**seen, origin: seq}
        elif isinstance(payload, TrialProposed) and payload.search == self.id:
            self.proposed[recorded.id], self.places[recorded.id] = payload, place
        elif isinstance(payload, TrialDecided) and payload.trial in self.own:
            self.decisions.append((recorded.id, place, payload))
        elif isinstance(payload, TrialFinished) and payload.outcome.status is Status.PRUNED:
            self.left.setdefault(payload.trial, payload.outcome.outputs)

    def goes_on_from(self, trial: Digest) -> Digest | None:
        """The trial from which one of the search has to go on, by what was known where it started."""
        parts = self.parts(self.own[trial], self._known_at[trial])
        return parts[-1].trial if parts else None

    def is_compared(self, trial: Digest) -> bool:
        """Whether a scheduler looks at a trial of the search."""
        return is_compared(self.search, self.proposed[self.own[trial]].seed)

    def proposals(self) -> Iterator[tuple[Digest, Place, TrialProposed]]:
        """Each proposal with the place of its entry, in merged order."""
        for id, proposed in self.proposed.items():
            yield id, self.places[id], proposed
