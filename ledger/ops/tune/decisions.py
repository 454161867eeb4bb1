"""Whether trials of a search were stopped, and went on, as its scheduler makes of their reports."""

from bisect import bisect_left
from collections.abc import Hashable, Iterable, Iterator
from operator import itemgetter

from ledger.capture.directories import expanded
from ledger.errors import LedgerError
from ledger.model import Digest, Finding, Head, Notice, ProposalSource, Status, TrialDecided
from ledger.model.search import Search
from ledger.ops import checkpoints
from ledger.ops.tune import promotions, rules
from ledger.ops.tune.entries import Entries
from ledger.ops.tune.history import Part
from ledger.ops.tune.promotions import Get
from ledger.ops.tune.rungs import Sizes
from ledger.tune.schedulers.base import Report, Scheduler

Said = Iterator[Finding | Notice]
_WHOLE = "none: its seed is not the one that is compared"


def check(history: Entries, get: Get) -> Said:
    """Make each decision again from the reports that it saw, and hold trials against the decisions.

    Each trial that was stopped needs one, as does each that goes on from another; and nothing new is tried
    while one that was stopped is to go on.

    Parameters
    ----------
    history
        Of the search, to the end of the ledger.
    get
        Reads an object by its digest.
    """
    scheduler = _scheduler(history.search)
    if isinstance(scheduler, str):
        if history.decisions:
            detail = f"its decisions are not made again: {scheduler}"
            yield Notice(what="search.scheduler", where=str(history.id), detail=detail)
    else:
        seen = Seen(history, scheduler)
        for id, _, decided in history.decisions:
            compared = history.is_compared(decided.trial)
            expected = seen.expected(decided) if compared else _WHOLE
            got = _word(decided.stop)
            if expected != got:
                where = f"trial {decided.trial} at {decided.rung}: decision {id}"
                yield _finding("trial.decided", where, expected, got, decided.trial)
        if scheduler.promotes:
            yield from _too_early(history, Seen(history, scheduler))
    told = {decided.trial for _, _, decided in history.decisions if decided.stop}
    for trial in [each for each in history.own if each in history.ends and each not in told]:
        if history.ends[trial].status is Status.PRUNED:
            where = f"trial {trial}"
            yield _finding("trial.decided", where, "a decision to stop it", "pruned without one", trial)
    for trial in history.own:
        yield from _continued(history, trial, get)


def _scheduler(search: Search) -> Scheduler | str:
    """What decides; or why this release cannot."""
    try:
        found = rules.scheduler(search)
    except LedgerError as error:
        return ": ".join(filter(None, [error.message, error.cause]))
    return "the search has no scheduler" if found is None else found


def _too_early(history: Entries, seen: "Seen") -> Said:
    """Nothing new is tried while one that was stopped is to go on."""
    for id, _, proposed in history.proposals():
        part = None if proposed.source is ProposalSource.EARLIER else seen.due(proposed.head)
        if part is not None:
            yield _finding("proposal.early", f"proposal {id}", _due(part), "something new")


def _continued(history: Entries, trial: Digest, get: Get) -> Said:
    """A trial goes on from the one that was to go on, with all of its checkpoint or nothing of it."""
    search, started, expected = history.search, history.started[trial], history.goes_on_from(trial)
    if started.continues != expected:
        yield _edited(trial, "continues", str(expected), str(started.continues))
        return
    if not search.checkpoints:
        return
    patterns = promotions.patterns(search)
    try:
        inputs = expanded(started.inputs, get)
        held = {(each.path, each.digest) for each in inputs if checkpoints.is_one(each.path, patterns)}
        outputs = () if expected is None else history.left.get(expected, ())
        files = promotions.checkpoint(search, outputs, get)
    except LedgerError as error:
        detail = f"whether it went on with the right checkpoint is not known: {error.message}"
        yield Notice(what="trial.checkpoint", where=str(trial), detail=detail)
        return
    wanted = {(each.path, each.digest) for each in files}
    if held and held != wanted:  # what is not to be had any more is trained again
        yield _edited(trial, "checkpoint", _told(wanted), _told(held))


class Seen:
    """What decisions saw: mostly what the one before saw, and some more.

    Parameters
    ----------
    history
        Of the search.
    scheduler
        What decides.
    """

    def __init__(self, history: Entries, scheduler: Scheduler) -> None:
        self._history, self._scheduler = history, scheduler
        self._logs: dict[bytes, list[int]] = {}
        """Of each log, which of all reports are its."""
        self._seqs: dict[bytes, list[int]] = {}
        """And where they are."""
        self._reports = history.rungs.reports
        self._at: dict[tuple[Digest, int], list[int]] = {}
        """Those of a trial at a rung."""
        for place, (fact, _) in enumerate(self._reports):
            self._logs.setdefault(fact.origin, []).append(place)
            self._seqs.setdefault(fact.origin, []).append(fact.seq)
            self._at.setdefault((fact.trial, fact.rung), []).append(place)
        self._decided = self._decisions() if scheduler.promotes else {}
        """Of each log, where which trials were first stopped, and where these went on."""
        self._forget()

    def expected(self, decided: TrialDecided) -> str:
        """What is to be decided."""
        sizes = self._look(decided.head)
        for place in reversed(self._at.get((decided.trial, decided.rung), ())):
            fact, own = self._reports[place]
            if fact.seq < sizes.get(fact.origin, 0):
                if self._history.rungs.is_promotion(decided.trial, decided.rung, sizes) and not decided.stop:
                    return self._promoted(decided)
                return _word(not self._known.goes_on(own))
        return "a report in front of it"

    def due(self, head: Head) -> Part | None:
        """Which trial is to go on before anything new is tried."""
        self._look(head)
        if not self._known.may_promote:
            return None
        return promotions.due(self._history, self._scheduler, self._history.at(head), head, self._known)

    def _promoted(self, decided: TrialDecided) -> str:
        part = self.due(decided.head)
        if part is None:
            return "all that were stopped to stay so"
        return _word(False) if part.trial == decided.trial else _due(part)

    def _decisions(self) -> dict[bytes, list[tuple[int, bool, Report]]]:
        found: dict[bytes, list[tuple[int, bool, Report]]] = {}
        history = self._history
        for stops, facts in ((True, history.rungs.stops), (False, history.rungs.promotions)):
            for trial, fact in facts.items():
                proposal = history.own[trial]
                number = history.proposed[proposal].number
                report = Report(proposal=proposal, number=number, rung=fact.rung, loss=0.0)
                found.setdefault(fact.origin, []).append((fact.seq, stops, report))
        return {origin: sorted(each, key=itemgetter(0)) for origin, each in found.items()}

    def _forget(self) -> None:
        self._known = self._scheduler.known()
        self._counts = dict.fromkeys(self._logs, 0)
        """Of each log, how many reports are known."""
        self._last: dict[tuple[Hashable, int], int] = {}
        """Of a proposal at a rung, which of all reports is known."""
        self._taken = dict.fromkeys(self._decided, 0)
        """Of each log, how many of the decisions are known."""

    def _look(self, head: Head) -> Sizes:
        """Know what is in front of a Head."""
        sizes = {each.origin: each.size for each in head.origins}
        ends = {
            origin: bisect_left(each, sizes.get(origin, 0), key=itemgetter(0))
            for origin, each in self._decided.items()
        }
        if any(ends[origin] < count for origin, count in self._taken.items()):
            self._forget()
        self._see({origin: bisect_left(seqs, sizes.get(origin, 0)) for origin, seqs in self._seqs.items()})
        new = [
            each for origin, end in ends.items() for each in self._decided[origin][self._taken[origin] : end]
        ]
        for _, _, report in filter(itemgetter(1), new):
            self._known.stop(report)
        for _, stops, report in new:
            if not stops:
                self._known.go_on(report)
        self._taken = ends
        return sizes

    def _see(self, counts: dict[bytes, int]) -> None:
        """Know so many reports of each log, in their order."""
        if any(counts[origin] < count for origin, count in self._counts.items()):
            self._forget()
        new = self._between(counts)
        if any(place < self._last.get(self._key(place), 0) for place in new):
            self._forget()  # one that is older than what it would take the place of
            new = self._between(counts)
        for place in new:
            self._known.add(self._reports[place][1])
            self._last[self._key(place)] = place
        self._counts = counts

    def _between(self, counts: dict[bytes, int]) -> list[int]:
        return sorted(
            place
            for origin, end in counts.items()
            for place in self._logs[origin][self._counts[origin] : end]
        )

    def _key(self, place: int) -> tuple[Hashable, int]:
        report = self._reports[place][1]
        return report.proposal, report.rung


def _due(part: Part) -> str:
    return f"trial {part.trial} to go on at {part.rung}"


def _word(stop: bool) -> str:
    return "stop" if stop else "go on"


def _told(files: Iterable[tuple[str, Digest | None]]) -> str:
    return ", ".join(sorted(f"{path} {digest}" for path, digest in files)) or "none"


def _finding(what: str, where: str, expected: str, got: str, *trials: Digest) -> Finding:
    return Finding(what=what, where=where, expected=expected, got=got, trials=tuple(map(str, trials)))


def _edited(trial: Digest, part: str, expected: str, got: str) -> Finding:
    return _finding("trial.edited", f"trial {trial}: {part}", expected, got, trial)
