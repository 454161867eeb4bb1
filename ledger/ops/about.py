"""What a journal has to say of some trials: the entries that a bundle of them holds, and no others."""

from collections.abc import Iterable

from ledger.model import (
    Allowance,
    ContentDropped,
    Digest,
    ExperimentCreated,
    ForeignLog,
    Note,
    Recorded,
    Tombstone,
    TrialProposed,
    TrialStarted,
    Unknown,
)


def about(
    entries: Iterable[Recorded], trials: Iterable[Digest], experiments: Iterable[str]
) -> list[Recorded]:
    """Entries about some trials, and about the experiments that they are of.

    A ``content.dropped`` that names one of them may name others' contents, too; what is said of an experiment
    is said of all trials of that name, wherever they are from.

    Parameters
    ----------
    entries
        In merged order: what an entry speaks of is in front of it.
    trials
        Their ids.
    experiments
        The names of their experiments.
    """
    ids, names = set(trials), set(experiments)
    known, found = set(ids), []
    for each in entries:
        if each.id in ids or _is_about(each, ids, names, known):
            found.append(each)
            known.add(each.id)
    return found


def _is_about(recorded: Recorded, ids: set[Digest], names: set[str], known: set[Digest]) -> bool:
    payload = recorded.entry.payload
    match payload:
        case TrialStarted():
            return False  # another trial
        case Allowance():
            return payload.trial in ids if payload.experiment is None else payload.experiment in names
        case Note():
            told = (payload.trial, ids), (payload.experiment, names), (payload.replaces, known)
            ours = [each in some for each, some in told if each is not None]
            ours += [each in ids for each in payload.against]
            ours += [each in names for each in payload.against_experiments]
            return bool(ours) and all(ours)
        case Tombstone():
            return payload.target in known
        case ContentDropped():
            return any(each.entry in known for each in payload.contents)
        case ExperimentCreated():
            return payload.name in names
        case TrialProposed():
            return payload.experiment in names
        case ForeignLog():
            return False
        case Unknown():
            trial, name = payload.data.get("trial"), payload.data.get("experiment")
            return (isinstance(trial, bytes) and trial in ids) or (isinstance(name, str) and name in names)
        case _:
            return payload.trial in ids
