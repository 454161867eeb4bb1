"""Trials of earlier searches and experiments, from which a search learns where its space allows."""

from collections.abc import Iterator, Mapping, Sequence

from ledger import fs
from ledger.errors import NotFoundError
from ledger.model import Digest, ProposalSource, Status, Trial, TrialProposed, Value, layout
from ledger.ops import query
from ledger.ops.trials import Trials
from ledger.ops.tune import outcomes as tune_outcomes
from ledger.ops.tune.facts import ended
from ledger.ops.tune.proposing import Proposing


def take(proposing: Proposing, before: Digest | None, names: Sequence[str]) -> Iterator[str]:
    """Let a search know of earlier trials, each of which becomes a proposal that was made already.

    Parameters
    ----------
    proposing
        The search.
    before
        A search that it goes on from.
    names
        Experiments.

    Yields
    ------
    str
        What was taken, a line for each of them.

    Raises
    ------
    NotFoundError
        If an experiment has no trial.
    """
    trials = query.load(proposing.workspace.journal)
    with fs.locked(layout.search_lock(proposing.workspace.directory, proposing.id)):
        if before is not None:
            anew = not proposing.standing()
            former = _of_search(trials, before)
            taken = _take(proposing, former)
            if anew or taken:  # else it did so in an earlier call
                yield _said("the search before", taken, len(former))
        for name in names:
            found = trials.of_experiment(name)
            if not found:
                raise NotFoundError(f"no experiment {name!r}", hint="see what there is: ledger log")
            taken = _take(proposing, [(each, _values(trials, each)) for each in found])
            yield _said(name, taken, len(found))


def _of_search(trials: Trials, search: Digest) -> list[tuple[Trial, Mapping[str, Value]]]:
    found: dict[Digest, tuple[Trial, Mapping[str, Value]]] = {}
    for proposed in trials.proposals.values():
        adopted = trials.by_id.get(proposed.adopted) if proposed.adopted else None
        if proposed.search == search and adopted is not None:
            found[adopted.id] = adopted, dict(proposed.values)
    for trial in trials:
        own = trials.proposals.get(trial.proposal) if trial.proposal else None
        if own is not None and own.search == search:
            found[trial.id] = trial, dict(own.values)
    return list(found.values())


def told(trials: Trials, trial: Trial, before: Digest | None) -> list[Mapping[str, Value]]:
    """What a search may learn that a trial tried: its values, and those that a former search gave it."""
    return [
        _values(trials, trial),
        *(
            dict(each.values)
            for each in trials.proposals.values()
            if before is not None and each.search == before and each.adopted == trial.id
        ),
    ]


def _values(trials: Trials, trial: Trial) -> Mapping[str, Value]:
    proposed = trials.proposals.get(trial.proposal) if trial.proposal else None
    if proposed is not None:
        return dict(proposed.values)
    return {each.name: each.value for each in trial.hyperparameters}


def _said(name: str, taken: int, of: int) -> str:
    return f"{name}: it learns from {taken} of {of} trials"


def _take(proposing: Proposing, found: Sequence[tuple[Trial, Mapping[str, Value]]]) -> int:
    tried = proposing.standing()
    there = {each.proposed.adopted for each in tried} | {each.trial for each in tried}
    number = tried[-1].number + 1 if tried else 0
    taken = 0
    for trial, values in found:
        proposed = None if trial.id in there else _proposed(proposing, trial, values, number + taken)
        if proposed is not None:
            proposing.workspace.journal.append(proposed)
            taken += 1
    return taken


def _proposed(
    proposing: Proposing, trial: Trial, values: Mapping[str, Value], number: int
) -> TrialProposed | None:
    """The proposal that a trial would have been; None where it does not fit, or says nothing."""
    search, unit = proposing.search, proposing.unit
    if trial.outcome is None or trial.status is not Status.OK:
        return None
    if not tune_outcomes.measured(search, ended(trial.outcome, trial.id)).values:
        return None
    names = [each.name for each in search.space.parameters]
    known = {name: values[name] for name in names if name in values}
    try:
        point = unit.point(known)
    except ValueError:
        return None
    if not unit.feasible(point):
        return None  # a search that learnt from it would look around what it may not try
    return TrialProposed(
        experiment=proposing.name,
        search=proposing.id,
        number=number,
        values=tuple(known.items()),
        point=point,
        head=proposing.workspace.journal.head(),
        source=ProposalSource.EARLIER,
        adopted=trial.id,
    )
