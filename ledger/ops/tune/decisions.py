"""Whether what stopped the trials of a search is what its scheduler makes of their reports."""

from collections.abc import Iterator

from ledger.errors import LedgerError
from ledger.model import Digest, Finding, Notice, Status, TrialDecided
from ledger.model.search import Search
from ledger.ops.tune.history import History
from ledger.tune.schedulers import registry
from ledger.tune.schedulers.base import Scheduler


def check(history: History) -> Iterator[Finding | Notice]:
    """Make each decision again from the reports that it saw; each trial that was stopped needs one.

    Parameters
    ----------
    history
        Of the search, to the end of the ledger.
    """
    scheduler = _scheduler(history.search)
    if isinstance(scheduler, str):
        if history.decisions:
            detail = f"its decisions are not made again: {scheduler}"
            yield Notice(what="search.scheduler", where=str(history.id), detail=detail)
    else:
        for id, _, decided in history.decisions:
            expected, got = _expected(history, scheduler, decided), _word(decided.stop)
            if expected != got:
                where = f"trial {decided.trial} at {decided.rung}: decision {id}"
                yield _finding(decided.trial, where, expected, got)
    told = {decided.trial for _, _, decided in history.decisions if decided.stop}
    for trial in [each for each in history.own if each in history.ends and each not in told]:
        if history.outcome(trial).status is Status.PRUNED:
            yield _finding(trial, f"trial {trial}", "a decision to stop it", "pruned without one")


def _scheduler(search: Search) -> Scheduler | str:
    """What decides; or why this release cannot."""
    if search.scheduler is None:
        return "the search has no scheduler"
    try:
        found = registry.make(search.scheduler)
    except LedgerError as error:
        return error.message
    if found.version != search.scheduler_version:
        return f"its scheduler {found.name} is of version {search.scheduler_version}, here is {found.version}"
    return found


def _expected(history: History, scheduler: Scheduler, decided: TrialDecided) -> str:
    own = history.report(decided.trial, decided.rung, decided.head)
    if own is None:
        return "a report in front of it"
    return _word(not scheduler.goes_on(own, history.reports(decided.head)))


def _word(stop: bool) -> str:
    return "stop" if stop else "go on"


def _finding(trial: Digest, where: str, expected: str, got: str) -> Finding:
    return Finding(what="trial.decided", where=where, expected=expected, got=got, trials=(str(trial),))
