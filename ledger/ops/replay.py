"""Make a trial again from its record alone, and say whether its results are the same."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import inf
from time import time_ns
from typing import NamedTuple

from ledger.capture import metrics, process
from ledger.errors import IncomparableError, LedgerError, UsageError
from ledger.model import Cause, Digest, HealthState, Host, Recorded, Trial, TrialReplayed, Verdict
from ledger.model.codec import encode
from ledger.model.frozen import frozen
from ledger.ops import objects
from ledger.ops.allowances import NONE, Allowances
from ledger.ops.attempt import Attempt, Conditions, Made, Progress, can_be_made
from ledger.ops.judge import Judged, judge
from ledger.ops.suspects import suspect
from ledger.workspace import Workspace

__all__ = ["Progress", "Remade", "ReplayOptions", "Replayed", "replay", "replay_under", "verdict_on"]


@frozen
class ReplayOptions:
    """How to make a trial again, and how strictly to judge it."""

    env: str = "recreate"
    """``recreate``: the recorded environment, made again; ``current``: today's."""
    rtol: float | None = None
    """Relative tolerance of metrics; None for the configuration's."""
    atol: float | None = None
    """Absolute tolerance of metrics; None for the configuration's."""
    strict: bool = False
    """Whether the streams count too."""
    maps: tuple[tuple[str, str], ...] = ()
    """(old, new): where an input from outside the root lies now."""
    timeout: float | None = None
    """Seconds after which the command is ended."""
    network: bool = True
    """Whether the command may reach beyond its own loopback."""
    secrets: tuple[str, ...] = ()
    """Names of the user's secrets that a command which came in a bundle is given."""
    dry_run: bool = False
    """Only say whether it could be made again; nothing runs, nothing is recorded."""

    @property
    def conditions(self) -> Conditions:
        """Under which conditions: the recorded ones, as far as nobody asked for others."""
        return Conditions(
            env=self.env, maps=self.maps, timeout=self.timeout, network=self.network, secrets=self.secrets
        )


@frozen
class Replayed:
    """What came of it."""

    entry_id: Digest | None
    """Id of the receipt; None of a dry run."""
    time: int
    """UTC, nanoseconds since 1970."""
    result: TrialReplayed
    ready: bool = False
    """Whether a dry run found everything that a replay needs."""


class Remade(NamedTuple):
    """A replay, and what was made where anything was."""

    replayed: Replayed
    made: Made | None


def replay(
    workspace: Workspace,
    trial: Trial,
    options: ReplayOptions | None = None,
    *,
    progress: Progress = lambda _: None,
    variables: Mapping[str, str] | None = None,
    allowances: Allowances = NONE,
) -> Replayed:
    """Make a trial again in a scratch directory; the user's own directory is not touched.

    Parameters
    ----------
    workspace
        The ledger.
    trial
        Which one.
    options
        How.
    progress
        Takes a line for each step.
    variables
        Today's variables; the current ones by default. Of them only those that a command needs to run at all
        are passed on.
    allowances
        What is known to differ from run to run; a tolerance among the options stands in for all of it.

    Returns
    -------
    Replayed
        With verdict ``incomparable``, and the reason among the causes, if it cannot be made again here.

    Raises
    ------
    StorageError
        If the receipt cannot be written.
    UsageError
        If the tolerance is none.
    """
    options = options or ReplayOptions()
    return replay_under(
        workspace,
        trial,
        options,
        options.conditions,
        (),
        progress=progress,
        variables=variables,
        allowances=allowances,
    ).replayed


def replay_under(
    workspace: Workspace,
    trial: Trial,
    options: ReplayOptions,
    conditions: Conditions,
    varied: tuple[str, ...],
    *,
    progress: Progress = lambda _: None,
    variables: Mapping[str, str] | None = None,
    allowances: Allowances = NONE,
) -> Remade:
    """As `replay`, under conditions that need not be the trial's.

    Parameters
    ----------
    workspace, trial, options, progress, variables, allowances
        As there.
    conditions
        Which ones.
    varied
        What of them is not as it was, for the receipt.
    """
    today = os.environ if variables is None else variables
    if options.rtol is not None or options.atol is not None:
        allowances = NONE
    attempt = Attempt(workspace, trial, conditions, today, progress)
    replaying = _Replay(workspace, trial, options, attempt, allowances)
    with workspace.store.pinned():
        judged = replaying.judged()
        result = replaying.receipt(judged, varied)
        if options.dry_run:
            ready = judged.causes == (_DRY_RUN,)
            return Remade(Replayed(entry_id=None, time=time_ns(), result=result, ready=ready), None)
        workspace.store.flush()
        recorded: Recorded = workspace.journal.append(result)
    return Remade(Replayed(entry_id=recorded.id, time=recorded.entry.time, result=result), replaying.made)


class _Replay:
    """One replay, and the receipt of how far it came."""

    def __init__(
        self,
        workspace: Workspace,
        trial: Trial,
        options: ReplayOptions,
        attempt: Attempt,
        allowances: Allowances,
    ) -> None:
        self.workspace, self.trial, self.options = workspace, trial, options
        self.allowances = allowances
        config = workspace.config.replay
        self.rtol = config.rtol if options.rtol is None else options.rtol
        self.atol = config.atol if options.atol is None else options.atol
        if not all(
            0 <= each < inf for each in (self.rtol, self.atol)
        ):  # as of NaN, which compares to nothing
            raise UsageError(
                "no tolerance",
                cause=f"expected finite numbers from 0 on, got rtol {self.rtol:g}, atol {self.atol:g}",
                hint="a small one: --rtol 1e-6",
            )
        self.attempt = attempt
        self.made: Made | None = None

    def judged(self) -> Judged:
        """Make the trial again and judge it."""
        try:
            if self.options.dry_run:
                self.attempt.check()
                return Judged(
                    verdict=Verdict.INCOMPARABLE, differences=self.attempt.drift, causes=(_DRY_RUN,)
                )
            self.made = made = self.attempt.make()
        except IncomparableError as error:
            return Judged(verdict=Verdict.INCOMPARABLE, causes=(_cause(error),))
        judged = verdict_on(
            self.workspace,
            self.trial,
            made,
            rtol=self.rtol,
            atol=self.atol,
            strict=self.options.strict,
            allowances=self.allowances,
        )
        reached = self.trial.observed.network if self.trial.observed else ()
        if judged.verdict is Verdict.DIVERGED and reached and not self.options.network:
            return replace(judged, causes=(_cut_off(reached), *judged.causes))
        return judged

    def receipt(self, judged: Judged, varied: tuple[str, ...]) -> TrialReplayed:
        """What is appended to the journal."""
        return TrialReplayed(
            trial=self.trial.id,
            verdict=judged.verdict,
            differences=judged.differences,
            causes=judged.causes,
            mode=self.options.env,
            rtol=self.rtol,
            atol=self.atol,
            strict=self.options.strict,
            environment=self.workspace.store.put(encode(self.attempt.used)) if self.attempt.used else None,
            host=self.workspace.store.put(encode(process.host())),
            observed=self.made.observed if self.made else None,
            outcome=self.made.outcome if self.made else None,
            allowances=tuple(id for id, _ in self.allowances.known),
            varied=varied,
        )


def verdict_on(
    workspace: Workspace,
    trial: Trial,
    made: Made,
    *,
    rtol: float,
    atol: float,
    strict: bool,
    allowances: Allowances = NONE,
) -> Judged:
    """Hold what came of an attempt against what was recorded.

    Parameters
    ----------
    workspace
        The ledger.
    trial
        The recorded one.
    made
        What came of making it again.
    rtol, atol
        Tolerance of metrics and of numbers in outputs.
    strict
        Whether the streams count.
    allowances
        What is known to differ from run to run.
    """
    judged = judge(
        can_be_made(trial),
        made.outcome,
        workspace.store,
        rtol=rtol,
        atol=atol,
        strict=strict,
        timing=workspace.config.replay.timing,
        drift=made.drift,
        seen=trial.observed,
        now=made.observed,
        absent=made.absent,
        unrecorded=_unrecorded(trial),
        root=trial.root,
        suspect=lambda name: suspect(name, trial, workspace.store),
        allowances=allowances,
        recreated=made.recreated,
        hosts=_hosts(workspace, trial),
        protected=made.protected,
        holds_metrics=lambda path: metrics.holds_metrics(
            path, workspace.config.metrics.files, workspace.config.metrics.ignore
        ),
    )
    if judged.verdict is Verdict.DIVERGED and made.cramped is not None:
        cramped = Cause(
            cause="the disk was full while it ran",
            evidence=made.cramped,
            hint="free some room, or let TMPDIR name another place for scratch directories",
        )
        return replace(judged, verdict=Verdict.INCOMPARABLE, causes=(cramped, *judged.causes))
    return judged


def _hosts(workspace: Workspace, trial: Trial) -> tuple[Host, Host] | None:
    then = objects.load(workspace.store, Host, trial.host, "host").noun
    return (then, process.host()) if then is not None else None


def _unrecorded(trial: Trial) -> str | None:
    """Why its inputs may not all be in its record."""
    lines = (each for each in trial.health if each.part == "inputs")
    return next((each.reason for each in lines if each.state is not HealthState.COMPLETE), None)


def _cut_off(reached: Sequence[str]) -> Cause:
    return Cause(
        cause="it had no network",
        evidence=f"--no-network; recorded, it reached {', '.join(reached[:3])}",
        hint="leave --no-network out",
    )


def _cause(error: LedgerError) -> Cause:
    return Cause(cause=error.message, evidence=error.cause or "", hint=error.hint or "")


_DRY_RUN = Cause(
    cause="this was a dry run",
    evidence="the code, the inputs and the environment are all to be had",
    hint="leave --dry-run out to run it",
)
