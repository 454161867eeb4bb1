"""Whether a search is what its sampler makes of the ledger, and its trials are what it proposed."""

from collections.abc import Iterator
from contextlib import suppress

from ledger.errors import FormatError, LedgerError, NotFoundError
from ledger.journal.base import Journal
from ledger.model import (
    Digest,
    ExperimentCreated,
    Finding,
    Notice,
    OriginHead,
    ProposalSource,
    Recorded,
    TrialProposed,
    TrialStarted,
)
from ledger.model.frozen import frozen
from ledger.ops import searches
from ledger.ops.tune import decisions as tune_decisions
from ledger.ops.tune import members, rules
from ledger.ops.tune import seeds as tune_seeds
from ledger.ops.tune.entries import Entries
from ledger.ops.tune.history import Place
from ledger.ops.tune.points import is_equivalent, point_of
from ledger.ops.tune.promotions import Get
from ledger.tune import racing
from ledger.tune.base import NEAR, Sampler
from ledger.tune.samplers import registry
from ledger.tune.space.unit import UnitSpace

Said = Iterator[Finding | Notice]
_COMPUTED = (ProposalSource.SAMPLER, ProposalSource.DEFAULT, ProposalSource.REPEAT)


def _nothing(digest: Digest) -> bytes:
    raise NotFoundError(f"{digest} is not here")


@frozen
class Recomputed:
    """What checking the searches of an experiment has shown."""

    findings: tuple[Finding, ...] = ()
    notices: tuple[Notice, ...] = ()
    searches: int = 0
    proposals: int = 0
    """Those that were checked."""


def check(journal: Journal, experiment: str, get: Get = _nothing) -> Recomputed:
    """Compute every proposal of an experiment's searches again, and hold each trial against its own.

    Each proposal is made from the prefix of the ledger that its Head names.

    Parameters
    ----------
    journal
        Where they are.
    experiment
        Its name; one that was not tuned has nothing to check.
    get
        Reads an object by its digest; by default there is none to be had.
    """
    histories: dict[Digest, Entries] = {}
    said: list[Finding | Notice] = []
    begun: dict[Digest, Place] = {}
    entries = list(journal.entries())
    removed = {
        getattr(each.entry.payload, "target", None) for each in entries if each.entry.kind == "tombstone"
    }
    foreign: list[Recorded] = []
    for recorded in entries:
        payload = recorded.entry.payload
        if isinstance(payload, ExperimentCreated) and payload.name == experiment:
            begun[recorded.id] = (recorded.entry.origin, recorded.seq)
            try:
                histories[recorded.id] = Entries(recorded.id, searches.read(payload))
            except FormatError as error:
                said.append(_notice("search.unreadable", recorded.id, error.cause or error.message))
        elif isinstance(payload, TrialStarted) and payload.experiment == experiment and begun:
            foreign.append(recorded)
    for history in histories.values():
        for recorded in entries:
            history.add(recorded)
        said += _Checking(journal, history, get).all()
    mine = {trial for history in histories.values() for trial in history.own}
    unreadable = begun.keys() - histories.keys()
    for recorded in foreign:
        if recorded.id in mine or recorded.id in removed or unreadable:
            continue
        if not any(_saw(recorded, place) for place in begun.values()):
            detail = f"it began where no search of {experiment} was known yet"
            said.append(_notice("trial.foreign", recorded.id, detail))
        else:
            said.append(
                Finding(
                    what="trial.foreign",
                    where=f"trial {recorded.id}",
                    expected=f"a trial that a search of {experiment} proposed",
                    got="one that nobody proposed",
                    trials=(str(recorded.id),),
                )
            )
    return Recomputed(
        findings=tuple(each for each in said if isinstance(each, Finding)),
        notices=tuple(each for each in said if isinstance(each, Notice)),
        searches=len(begun),
        proposals=sum(len(history.at()) for history in histories.values()),
    )


class _Checking:
    """One search."""

    def __init__(self, journal: Journal, history: Entries, get: Get) -> None:
        self.journal, self.history, self.search, self.get = journal, history, history.search, get
        self.unit = UnitSpace(history.search.space)

    def all(self) -> Said:
        """All that there is to say."""
        yield from self._heads()
        yield from self._proposals()
        yield from members.check(self.journal, self.history)
        yield from tune_decisions.check(self.history, self.get)

    def _heads(self) -> Said:
        """Each Head has to be one of this ledger, in front of its proposal."""
        wanted: dict[bytes, dict[int, list[tuple[Digest, OriginHead]]]] = {}
        made = [
            *(("proposal", id, place, each.head) for id, place, each in self.history.proposals()),
            *(("decision", id, place, each.head) for id, place, each in self.history.decisions),
        ]
        of = {id: what for what, id, _, _ in made}
        for what, id, (origin, seq), head in made:
            for each in head.origins:
                wanted.setdefault(each.origin, {}).setdefault(each.size, []).append((id, each))
                if each.origin == origin and each.size > seq:
                    yield _of_head(what, id, f"at most {seq} entries", f"{each.size} entries")
        for origin, sizes in wanted.items():
            try:
                with self.journal.tree(origin) as tree:
                    roots = tree.roots(sizes)
            except (LedgerError, IndexError, ValueError):
                roots = {}
            for size, some in sizes.items():
                for id, each in some:
                    if roots.get(size) != each.root:
                        got = "a prefix that is not here" if size not in roots else str(roots[size])
                        yield _of_head(of[id], id, str(each.root), got)

    def _proposals(self) -> Said:
        sampler = self._sampler()
        if isinstance(sampler, str):
            yield _notice(
                "search.sampler", self.history.id, f"its proposals are not computed again: {sampler}"
            )
        numbers: dict[int, Digest] = {}
        for id, place, proposed in self.history.proposals():
            if numbers.setdefault(proposed.number, id) != id:
                yield self._doubled(id, place, proposed, numbers[proposed.number])
            yield from self._values(id, proposed)
            yield from self._seed(id, proposed)
            if isinstance(sampler, str) or proposed.source not in _COMPUTED:
                continue
            yield from self._computed(id, proposed, sampler)

    def _computed(self, id: Digest, proposed: TrialProposed, sampler: Sampler) -> Said:
        """A proposal has to be the one that is computed, but for what another processor rounds otherwise."""
        search, tried = self.search, self.history.at(proposed.head)
        try:
            point, source = point_of(self.unit, sampler, search, proposed.number, tried)
        except LedgerError as error:
            yield _finding("proposal.point", id, error.message, _point(proposed.point))
            return
        if point == proposed.point and source is proposed.source:
            return
        same = source is proposed.source is ProposalSource.SAMPLER
        if same and is_equivalent(sampler, search, proposed.number, tried, proposed.point):
            detail = f"another processor's: {_point(point)} is computed here, and as good within {NEAR:g}"
            yield _notice("proposal.equivalent", id, detail)
        else:
            yield _finding("proposal.point", id, _point(point), _point(proposed.point))

    def _sampler(self) -> Sampler | str:
        """What proposes; or why this release cannot compute the search's proposals."""
        search = self.search
        try:
            sampler = rules.sampler(search, self.unit)
        except LedgerError as error:
            return ": ".join(filter(None, [error.message, error.cause]))
        if (reason := self._racing()) is not None:
            return reason
        here = registry.packages(registry.parsed(search.sampler))
        for name, wanted in search.packages:
            if here.get(name) != wanted:
                return f"they were made with {name} {wanted}, here is {here.get(name, 'none')}"
        return sampler

    def _doubled(self, id: Digest, place: Place, proposed: TrialProposed, other: Digest) -> Finding | Notice:
        """Two of one number: of two machines that searched at once, or of somebody who wrote one in."""
        seen = {each.origin: each.size for each in proposed.head.origins}
        first = self.history.places[other]
        if first[0] != place[0] and first[1] >= seen.get(first[0], 0):
            return _notice("proposal.number", id, f"number {proposed.number} is there twice: two machines")
        return _finding("proposal.number", id, "a number of its own", f"{proposed.number}, as {other}")

    def _values(self, id: Digest, proposed: TrialProposed) -> Said:
        """Values and point have to be two ways to say the same."""
        values = dict(proposed.values)
        expected = None
        with suppress(ValueError, TypeError):
            if proposed.source is ProposalSource.SAMPLER:
                expected = self.unit.values(proposed.point)
            elif self.unit.point(values) == proposed.point:
                expected = values
        if expected is None or list(expected.items()) != list(values.items()):
            told = "values of its point" if expected is None else str(expected)
            yield _finding("proposal.values", id, told, str(values))

    def _seed(self, id: Digest, proposed: TrialProposed) -> Said:
        """Each configuration's trials have the search's seeds in their order."""
        if proposed.source is ProposalSource.EARLIER or self._racing() is not None:
            return
        expected = None
        if self.search.seeds > 1:
            tried = self.history.at(proposed.head)
            expected = tune_seeds.seed_of(self.search, tried, proposed.point)
        if proposed.seed != expected:
            yield _finding("proposal.seed", id, str(expected), str(proposed.seed))

    def _racing(self) -> str | None:
        """Why this release cannot tell which configuration is tried again; None where it can."""
        rule = self.search.racing
        if rule in (0, racing.VERSION):
            return None
        return f"its rule for seeds is of version {rule}, here is {racing.VERSION}"


def _saw(recorded: Recorded, place: Place) -> bool:
    """Whether who wrote an entry knew of the one at a place."""
    origin, seq = place
    if recorded.entry.origin == origin:
        return recorded.seq > seq
    return any(each.origin == origin and each.size > seq for each in recorded.entry.seen)


def _point(point: tuple[float | None, ...]) -> str:
    return ", ".join("-" if each is None else repr(each) for each in point)


def _finding(what: str, id: Digest, expected: str, got: str) -> Finding:
    return Finding(what=what, where=f"proposal {id}", expected=expected, got=got)


def _of_head(what: str, id: Digest, expected: str, got: str) -> Finding:
    return Finding(what=f"{what}.head", where=f"{what} {id}", expected=expected, got=got)


def _notice(what: str, id: Digest, detail: str) -> Notice:
    return Notice(what=what, where=str(id), detail=detail)
