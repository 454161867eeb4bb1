"""What a search tells of trials that do not fit what was asked for, and what helps."""

from collections.abc import Callable

from ledger.errors import MismatchError
from ledger.model import TrialFinished
from ledger.model.search import Search
from ledger.ops.tune import outcomes as tune_outcomes
from ledger.ops.tune.history import Tried
from ledger.ops.tune.reading import Reading
from ledger.tune.base import State


def once(tell: Callable[[str], None]) -> Callable[[str], None]:
    """Tell each line once."""
    told: set[str] = set()

    def tell_new(line: str) -> None:
        if line not in told:
            told.add(line)
            tell(line)

    return tell_new


def refuse_missing(reading: Reading, tried: Tried) -> None:
    """Refuse the metric that a trial has not, though it ended well.

    Raises
    ------
    MismatchError
        If it lacks one.
    """
    missing = tried.measured.missing
    if missing is None or tried.trial is None:
        return
    history, _ = reading.up_to_now()
    end = reading.entry(history.ends[tried.trial])
    payload = None if end is None else end.entry.payload
    own = payload.outcome.metrics if isinstance(payload, TrialFinished) else ()
    there = sorted({*tune_outcomes.OF_EVERY_TRIAL, *(each.name for each in own)})
    raise MismatchError(
        f"trial {tried.trial.short} ended well, and has no metric {missing!r}",
        cause=f"it has {', '.join(there)}",
        hint="name one of these; or let the program tell it: ledger.log(NAME=value), or a metrics.json",
    )


def unlooked(reading: Reading, search: Search, tried: Tried) -> str | None:
    """What to say of a scheduler to which no trial has told anything, though one has ended well."""
    if search.scheduler is None or tried.state is not State.DONE or reading.history.rungs.reports:
        return None
    return (
        f"{search.scheduler} stops no trial: none has reported how far it came; in the script, at each step:"
        f" if ledger.report(step, {search.objectives[0].metric}): break"
    )
