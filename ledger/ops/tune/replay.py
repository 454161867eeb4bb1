"""Make a whole search again: its proposals by computing them, its trials by running them, in their order."""

import os
from collections.abc import Callable, Mapping

from ledger.errors import NotFoundError
from ledger.model import Digest, Finding, Trial, Verdict
from ledger.model.frozen import frozen
from ledger.ops import searches
from ledger.ops.allowances import holding
from ledger.ops.replay import Replayed, ReplayOptions, replay
from ledger.ops.trials import Receipt, Trials
from ledger.ops.tune import verify as tune_verify
from ledger.ops.tune.history import History, Tried
from ledger.ops.tune.outcomes import timed_out
from ledger.workspace import Workspace

_WORST = (Verdict.DIVERGED, Verdict.INCOMPARABLE, Verdict.EQUIVALENT, Verdict.IDENTICAL)
"""From the worst on."""


@frozen
class Member:
    """One trial of a search, made again or not."""

    number: int
    """Of its proposal."""
    trial: Trial
    replayed: Replayed | None = None
    receipt: Receipt | None = None
    """An earlier replay that stands for another one."""
    reason: str | None = None
    """Why it was neither run, nor has a receipt."""

    @property
    def verdict(self) -> Verdict | None:
        """What was shown; None where nothing was."""
        if self.replayed is not None:
            return self.replayed.result.verdict
        return self.receipt.replay.verdict if self.receipt is not None else None


@frozen
class SearchReplayed:
    """What making a search again has shown."""

    experiment: str
    search: Digest
    members: tuple[Member, ...]
    """In the order of their numbers; of one number those that were stopped and went on come first."""
    proposals: int
    """How many were computed again."""
    findings: tuple[Finding, ...]
    """Where its proposals, or its trials, are not what they should be."""

    @property
    def verdict(self) -> Verdict:
        """The worst of all; where a proposal is another one, the search has diverged."""
        if self.findings:
            return Verdict.DIVERGED
        found = {each.verdict for each in self.members}
        return next((each for each in _WORST if each in found), Verdict.IDENTICAL)


def replay_search(
    workspace: Workspace,
    trials: Trials,
    experiment: str,
    options: ReplayOptions,
    *,
    receipts: bool = False,
    progress: Callable[[str], None] = lambda _: None,
    variables: Mapping[str, str] | None = None,
) -> SearchReplayed:
    """Make the newest search of an experiment again.

    Parameters
    ----------
    workspace
        The ledger.
    trials
        All trials.
    experiment
        Its name.
    options
        How to make trials again.
    receipts
        Whether a trial that was replayed before, with the same result, is not run again.
    progress
        Takes a line for each step.
    variables
        Today's variables; the current ones by default.

    Raises
    ------
    NotFoundError
        If no search has begun by that name.
    """
    found = searches.newest(workspace.journal, experiment)
    if found is None:
        raise NotFoundError(f"no search {experiment!r}", hint="see what there is: ledger log")
    id, created = found
    history = History(id, searches.read(created))
    for recorded in workspace.journal.entries():
        history.add(recorded)
    progress("computing its proposals again")
    checked = tune_verify.check(workspace.journal, experiment, workspace.store.get)
    today = os.environ if variables is None else variables
    tried = history.at()
    members = []
    for place, each in enumerate(tried, 1):
        if each.proposed.source == "earlier":
            continue
        for one in dict.fromkeys([*(part.trial for part in each.parts), each.trial]):
            trial = trials.by_id.get(one) if one else None
            if trial is None:
                continue
            progress(f"{place} of {len(tried)}: number {each.number}, trial {trial.id.short}")
            members.append(
                _member(workspace, trials, history, each, trial, options, receipts, progress, today)
            )
    return SearchReplayed(
        experiment=experiment,
        search=id,
        members=tuple(members),
        proposals=checked.proposals,
        findings=checked.findings,
    )


def _member(
    workspace: Workspace,
    trials: Trials,
    history: History,
    tried: Tried,
    trial: Trial,
    options: ReplayOptions,
    receipts: bool,
    progress: Callable[[str], None],
    today: Mapping[str, str],
) -> Member:
    stopped = any(part.trial == trial.id for part in tried.parts)
    if not stopped and (tried.running or tried.measured.again):
        return Member(number=tried.number, trial=trial, reason="it has not come to its end")
    if trial.outcome is not None and timed_out(history.search, trial.outcome):
        return Member(number=tried.number, trial=trial, reason=tried.measured.reason)
    good = (Verdict.IDENTICAL, Verdict.EQUIVALENT)
    plain = [each for each in trials.receipts.get(trial.id, ()) if each.plain]
    if receipts and plain and plain[-1].replay.verdict in good:
        return Member(number=tried.number, trial=trial, receipt=plain[-1])
    done = replay(
        workspace,
        trial,
        options,
        progress=progress,
        variables=today,
        allowances=holding(trial, trials.allowances),
    )
    return Member(number=tried.number, trial=trial, replayed=done)
