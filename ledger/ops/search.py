"""Find trials: through the index where there is one, and otherwise among all that the journal holds.

Both give the same answers. Of what the index finds, only what is shown is read from the journal.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING

from ledger.errors import NotFoundError, UsageError
from ledger.journal.base import Journal
from ledger.model import Digest, Note, Recorded, Trial
from ledger.model.frozen import frozen
from ledger.ops import filter, query, references
from ledger.ops.indexed import asked
from ledger.ops.machines import Machines
from ledger.ops.receipts import Receipts
from ledger.ops.trials import Trials
from ledger.store.base import Store

if TYPE_CHECKING:
    from ledger.journal.held import Held
    from ledger.journal.positions import Logs


@frozen
class Question:
    """Which trials are asked for, and how many of them."""

    experiment: str | None = None
    """Only its trials."""
    where: str | None = None
    """A filter."""
    sort: str | None = None
    """Columns to sort by; newest first where it is None."""
    limit: int | None = None
    """How many at most."""
    input: Digest | None = None
    """Only trials that read this content."""
    noted: bool = False
    """Whether what is noted on the experiment itself is asked for, too."""


@frozen
class Found:
    """The trials that answer a question."""

    chosen: tuple[Trial, ...]
    """In order."""
    matching: int
    """How many there would be without a limit."""
    all: int
    """Trials of the ledger."""
    trials: Trials
    """What was said of the chosen ones, at the least: their receipts and notes; and of the experiment."""


def find(journal: Journal, question: Question, store: Store | None = None) -> Found:
    """Find trials.

    Parameters
    ----------
    journal
        Where they are.
    question
        Which ones.
    store
        Its objects: with them, inputs are looked for in lists of files, too, and replays on one machine are
        told from those on several.

    Raises
    ------
    UsageError
        If filter or sort key are off, or the limit is negative.
    NotFoundError
        If there is no such experiment.
    """
    if question.limit is not None and question.limit < 0:
        raise UsageError(f"a limit of {question.limit}", cause="expected 0 or more")
    if question.input is not None:
        return _by_reading(query.load(journal), question, store)  # the index knows no inputs
    try:
        found = asked(journal, lambda held, logs: _answered(held, logs, question, store))
    except NotFoundError:  # the index does not know of searches whose trials were all there already
        found = None
    return found or _by_reading(query.load(journal), question, store)


def by_ids(journal: Journal, ids: Collection[Digest]) -> Mapping[Digest, Trial]:
    """Read some trials; others may be among what is returned."""
    found = asked(journal, lambda held, logs: _with_ids(held, logs, frozenset(ids)))
    return (found or query.load(journal)).by_id


def _by_reading(trials: Trials, question: Question, store: Store | None = None) -> Found:
    known = trials.ordered
    if question.experiment is not None:
        known = references.experiment(trials, question.experiment)
    if question.input is not None:
        from ledger.ops import uses

        which = uses.users(known, question.input, _nothing if store is None else store.get)
        known = tuple(trial for trial in known if trial.id in which)
    told = Receipts(trials.receipts, Machines(store))
    chosen = filter.select(known, told, where=question.where, sort=question.sort)
    return Found(chosen=tuple(chosen[: question.limit]), matching=len(chosen), all=len(trials), trials=trials)


def _nothing(digest: Digest) -> bytes:
    raise NotFoundError(f"no object {digest}")


def _answered(held: "Held", logs: "Logs", question: Question, store: Store | None) -> Found:
    from ledger.model.filter_syntax import parse
    from ledger.ops import masks, ranks
    from ledger.ops.columns import sort_keys
    from ledger.ops.scope import Scope

    scope = Scope(held, logs, question.experiment, Machines(store))
    keys = [] if question.sort is None else list(sort_keys(scope, question.sort))
    which = scope.present
    if question.where is not None:
        which = which & masks.ask(parse(question.where), scope, question.where).yes
    numbers = ranks.chosen(scope, which, keys, question.limit).tolist()
    entries = _entries(held, logs, numbers)
    if question.noted:
        entries.append(_on_experiments(logs))
    trials = query.fold(recorded for each in entries for recorded in each)
    return Found(chosen=trials.ordered, matching=int(which.sum()), all=scope.all, trials=trials)


def _with_ids(held: "Held", logs: "Logs", ids: Collection[bytes]) -> Trials:
    from ledger.ops.scope import Scope

    numbers = [number for number, each in enumerate(Scope(held, logs, None).ids()) if each.tobytes() in ids]
    return query.fold(recorded for each in _entries(held, logs, numbers) for recorded in each)


def _entries(held: "Held", logs: "Logs", numbers: Iterable[int]) -> list[list[Recorded]]:
    """Those about each of some trials."""
    return [
        [logs.by_origin[held.origins[log]].entry(seq) for log, seq in held.events(number)]
        for number in numbers
    ]


def _on_experiments(logs: "Logs") -> list[Recorded]:
    """Notes on experiments, which the index of trials does not know."""
    noted = [recorded for log in logs.by_origin.values() for recorded in log.of_kind(Note.kind)]
    return [
        each
        for each in noted
        if isinstance(each.entry.payload, Note) and each.entry.payload.experiment is not None
    ]
