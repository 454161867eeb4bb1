"""Notes, and the trials that they are on, found through the index: nothing else of the journal is read."""

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from ledger.errors import NotFoundError
from ledger.journal.base import Journal
from ledger.model import Digest, Note
from ledger.model.frozen import frozen
from ledger.ops import query, references
from ledger.ops.indexed import asked
from ledger.ops.remarks import Remark
from ledger.ops.trials import Trials

if TYPE_CHECKING:
    from ledger.journal.held import Held
    from ledger.journal.positions import Logs

Shown = Callable[[Trials], Iterable[Remark]]
"""Which notes are going to be told of, so that the trials are needed that they are on."""


@frozen
class Found:
    """Trials that references mean, and all notes."""

    ids: tuple[Digest, ...]
    """What the references mean, in their order."""
    trials: Trials
    """All notes; at the least those trials, and the ones that the notes are on that are told of."""


def find(
    journal: Journal,
    refs: Sequence[str] = (),
    experiments: Sequence[str] = (),
    *,
    shown: Shown = lambda _: (),
) -> Found:
    """Find trials, and all notes.

    Parameters
    ----------
    journal
        Where they are.
    refs
        References to trials.
    experiments
        Names of experiments, which there have to be.
    shown
        Of all notes, those that are told of.

    Raises
    ------
    NotFoundError, AmbiguousError
        If there is no such trial or experiment, or more than one.
    """
    found = asked(journal, lambda held, logs: by_index(held, logs, refs, experiments, shown))
    return found or by_reading(query.load(journal), refs, experiments)


def by_reading(trials: Trials, refs: Sequence[str], experiments: Sequence[str]) -> Found:
    """The same where all trials are there already. Raises as `find`."""
    for each in experiments:
        references.experiment(trials, each)
    return Found(ids=tuple(references.resolve(trials, each).id for each in refs), trials=trials)


def by_index(
    held: "Held", logs: "Logs", refs: Sequence[str], experiments: Sequence[str], shown: Shown
) -> Found | None:
    """As `find`; None where the index knows no trial of one of the experiments.

    Such an experiment may still be: a search may have adopted all of its trials.

    Raises
    ------
    NotFoundError, AmbiguousError
        If there is no such trial, or more than one.
    DamagedIndexError
        If the index is damaged.
    IrregularError
        If a log is.
    """
    from ledger.ops.one_trial import Reader  # which needs numpy
    from ledger.ops.scope import Scope

    try:
        for name in experiments:
            Scope(held, logs, name)
    except NotFoundError:
        return None
    reader = Reader(held, logs)
    numbers = [reader.named(each) for each in refs]
    notes = reader.of_kind(Note.kind)
    on = {id for remark in shown(reader.told((), notes)) for id in remark.trials}
    known = (reader.known(each) for each in sorted(on))
    wanted = sorted({*numbers, *(each for each in known if each is not None)})
    return Found(ids=tuple(map(reader.id, numbers)), trials=reader.told(wanted, notes))
