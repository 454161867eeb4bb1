"""All that a report says, as values: each of its forms is made of this, and of nothing else."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from ledger.errors import LedgerError
from ledger.model import Digest, Head, Trial
from ledger.model.frozen import frozen
from ledger.model.proof import SignedHead, write_proof
from ledger.ops import documents, prove, query
from ledger.ops.objects import one_line
from ledger.ops.trials import Receipt, Trials
from ledger.reports import apart as comparing
from ledger.reports import choosing, curves, standing
from ledger.reports.apart import Apart, Compared
from ledger.reports.choosing import Chosen
from ledger.reports.curves import Charts
from ledger.reports.noted import Noted, noted
from ledger.reports.ranking import Ranked
from ledger.reports.standing import Standing
from ledger.reports.table import Table, table
from ledger.workspace import Workspace

if TYPE_CHECKING:
    from ledger.analysis.importance.ped_anova import Preferences

MOST_FOCUSED = 20
"""Trials that are told of one by one."""
_OF_EACH = 5
"""Best ones of a choice that are."""


@frozen
class Focused:
    """One trial in full."""

    trial: Trial
    document: dict[str, Any]
    """Its form ``trial.v1``."""
    proof: bytes | None
    """The form ``proof.v1``."""
    unproven: str | None
    """Why there is no proof."""


@frozen
class Faulty:
    """A part of the record that some trials have incompletely."""

    part: str
    state: str
    reason: str
    trials: tuple[Trial, ...]


@frozen
class Report:
    """What a report says."""

    chosen: Chosen
    trials: Trials
    """All of the ledger, and what was said of them."""
    head: Head
    """Of now."""
    latest: int
    """Time of the newest entry about these trials; UTC, nanoseconds since 1970."""
    signed: SignedHead | None
    """The largest head that is signed."""
    unsigned: str | None
    """Why there is none."""
    standings: tuple[Standing, ...]
    """Of each choice."""
    compared: tuple[Compared, ...]
    """Every two experiments."""
    charts: Charts
    focused: tuple[Focused, ...]
    """Those that were named, or else the best ones."""
    apart: tuple[Apart, ...]
    problems: tuple[str, ...]
    """What could not be compared."""
    table: Table
    receipts: tuple[tuple[Trial, Receipt], ...]
    """Replays of these trials, oldest first."""
    hosts: dict[Digest, str]
    """Names of the receipts' machines."""
    faulty: tuple[Faulty, ...]
    notes: tuple[Noted, ...]
    """What is noted on trials, steps of their metrics, experiments and diffs."""


def gather(
    workspace: Workspace,
    references: Sequence[str],
    *,
    where: str | None = None,
    minimize: str | None = None,
    maximize: str | None = None,
) -> Report:
    """Read all that a report says.

    Parameters
    ----------
    workspace
        The ledger.
    references
        Trials, experiments, or both.
    where
        A filter: of all trials, or of the experiments that are named.
    minimize, maximize
        The metric by which trials are best: one of both; what an experiment was tuned for by default.

    Raises
    ------
    UsageError
        If nothing is named, a filter is off, or no trial has the metric.
    NotFoundError, AmbiguousError
        If a reference means nothing, or several trials.
    """
    trials = query.load(workspace.journal)
    chosen = choosing.choose(trials, references, where, workspace.store)
    now, signed, unsigned = standing.heads(workspace)
    standings = tuple(
        standing.standing(workspace, trials, each, signed, minimize=minimize, maximize=maximize)
        for each in chosen.choices
    )
    interesting = _interesting(chosen, standings)
    metrics = dict.fromkeys(each.metric for one in standings for each in one.objectives)
    differences, problems = comparing.apart(workspace, chosen, standings)
    receipts = _receipts(chosen, trials)
    notes = noted(chosen, trials)
    return Report(
        chosen=chosen,
        trials=trials,
        head=now,
        latest=_latest(chosen, receipts, notes),
        signed=signed,
        unsigned=unsigned,
        standings=standings,
        compared=comparing.compared(workspace, trials, chosen),
        charts=curves.charts(interesting, workspace.store, tuple(metrics)),
        focused=tuple(_focused(workspace, each, trials) for each in _in_focus(chosen, standings)),
        apart=differences,
        problems=problems,
        table=table(chosen.trials, trials),
        receipts=receipts,
        hosts=_hosts(workspace, receipts),
        faulty=_faulty(chosen),
        notes=notes,
    )


def preferences(report: Report) -> "Iterator[tuple[str, str, Preferences]]":
    """What the best trials prefer, where it can be told: of which choice, and by which metric."""
    for one in report.standings:
        for each in one.depends:
            found = None if each.importance is None else each.importance.metric.preferences
            if found is not None:
                yield one.choice.label, each.objective.metric, found


def _in_focus(chosen: Chosen, standings: Sequence[Standing]) -> list[Trial]:
    found = {trial.id: trial for trial in chosen.named}
    for each in standings:
        if each.choice.experiment is None and each.choice.where is None:
            continue
        best = [ranked.trial for ranked in _foremost(each)[:_OF_EACH]]
        found |= {trial.id: trial for trial in best or each.choice.trials[-_OF_EACH:]}
    return list(found.values())[:MOST_FOCUSED]


def _foremost(standing: Standing) -> Sequence[Ranked]:
    """The best ones first; of a Pareto front, which has no first, some that lie far apart."""
    front = standing.ranked
    if standing.trade_off is None or len(front) <= _OF_EACH:
        return front
    places = dict.fromkeys(round(place * (len(front) - 1) / (_OF_EACH - 1)) for place in range(_OF_EACH))
    return [*(front[place] for place in places), *(one for at, one in enumerate(front) if at not in places)]


def _interesting(chosen: Chosen, standings: Sequence[Standing]) -> list[Trial]:
    """All trials, the most interesting ones first: those that were named, then the best of each in turn."""
    turns = [
        [each.trial for each in _foremost(standing)] or list(standing.choice.trials[::-1])
        for standing in standings
    ]
    found = {trial.id: trial for trial in chosen.named}
    for place in range(max(map(len, turns))):
        found |= {each[place].id: each[place] for each in turns if place < len(each)}
    return list((found | {trial.id: trial for trial in chosen.trials}).values())


def _focused(workspace: Workspace, trial: Trial, trials: Trials) -> Focused:
    proof, why = None, None
    try:
        proof = write_proof(prove.prove(workspace.journal, workspace.directory, trial.id))
    except LedgerError as error:
        why = one_line(error)
    return Focused(
        trial=trial,
        document=documents.trial_document(trial, trials, workspace.store),
        proof=proof,
        unproven=why,
    )


def _receipts(chosen: Chosen, trials: Trials) -> tuple[tuple[Trial, Receipt], ...]:
    found = [
        (trial, receipt)
        for trial in chosen.trials
        for receipt in trials.receipts.get(trial.id, ())
        if receipt.plain
    ]
    return tuple(sorted(found, key=lambda each: (each[1].time, each[1].id)))


def _hosts(workspace: Workspace, receipts: Sequence[tuple[Trial, Receipt]]) -> dict[Digest, str]:
    from ledger.model import Host
    from ledger.ops.objects import load

    found = {}
    for _, receipt in receipts:
        digest = receipt.replay.host
        if digest not in found:
            noun = load(workspace.store, Host, digest, "replays").noun
            found[digest] = f"{noun.hostname}: {documents.host_class(noun)}" if noun else digest.short
    return found


def _faulty(chosen: Chosen) -> tuple[Faulty, ...]:
    found: dict[tuple[str, str, str], list[Trial]] = {}
    for trial in chosen.trials:
        for each in trial.health:
            if each.reason is not None:
                found.setdefault((each.part, str(each.state), each.reason), []).append(trial)
    return tuple(
        Faulty(part=part, state=state, reason=reason, trials=tuple(each))
        for (part, state, reason), each in found.items()
    )


def _latest(chosen: Chosen, receipts: Sequence[tuple[Trial, Receipt]], notes: Sequence[Noted]) -> int:
    times = [trial.started for trial in chosen.trials]
    return max(*times, 0, *(each.time for _, each in receipts), *(each.time for _, each in notes))
