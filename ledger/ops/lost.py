"""Trials whose recorder died: a later command records what can be saved of them."""

import os
from collections.abc import Sequence
from pathlib import Path

from ledger.capture import trace
from ledger.capture.accesses import Watched, Watching
from ledger.capture.choice import held
from ledger.capture.hyperparameters import Raw
from ledger.capture.secrets import Secrets, refill
from ledger.errors import LedgerError, NotFoundError
from ledger.model import Digest, Manifest, Observed, Outcome, Status, TrialFinished, TrialLost, TrialStarted
from ledger.model.codec import decode
from ledger.ops import spool as spools
from ledger.ops.finish import collect, united
from ledger.ops.leavings import Leavings, Surroundings, places
from ledger.ops.spool import Spool
from ledger.workspace import Workspace

_REASON = "its recorder died before the end"
_NOTHING = Manifest(entries=())


def recover(workspace: Workspace) -> int:
    """Record as lost each trial that started, has no end, and whose recorder is dead.

    What its spool holds (metrics, hyperparameters, streams, what it read) is saved; its outputs cannot be
    told from other files any more.

    Returns
    -------
    int
        Trials recorded as lost.

    Raises
    ------
    LedgerError
        If the ledger cannot be written.
    """
    count = 0
    for spool in spools.abandoned(workspace.directory):
        done = False
        try:
            started = _started(workspace, spool)
            if started is not None:
                with workspace.store.pinned():
                    _record(workspace, spool.path, *started)
                count += 1
            done = True
        finally:
            if done:
                spool.remove()
            else:
                spool.close()
    return count


def declare(workspace: Workspace, trial: Digest, started: TrialStarted, reason: str) -> None:
    """Record as lost a trial of another machine that is known to have died; an end that comes late counts.

    Parameters
    ----------
    workspace
        The ledger.
    trial, started
        What has begun.
    reason
        How that is known.

    Raises
    ------
    LedgerError
        If the ledger cannot be written.
    """
    workspace.journal.append(
        TrialLost(
            trial=trial,
            reason=reason,
            hyperparameters=started.hyperparameters,
            observed=Observed(affinity=0),
            outcome=Outcome(
                status=Status.LOST,
                exit_code=None,
                started=0,
                duration_s=0.0,
                cpu_user_s=0.0,
                cpu_system_s=0.0,
                peak_memory=0,
            ),
            health=started.health,
            inputs=started.inputs,
        )
    )


def recover_quietly(workspace: Workspace) -> None:
    """As `recover`, for commands that only read: a ledger that cannot be written stays as it is."""
    try:
        recover(workspace)
    except (LedgerError, OSError):
        return  # whoever may write it, recovers it


def _started(workspace: Workspace, spool: Spool) -> tuple[Digest, TrialStarted] | None:
    """The trial of a spool; None if it never started or has ended."""
    trial: tuple[Digest, TrialStarted] | None = None
    for recorded in workspace.journal.entries():
        payload = recorded.entry.payload
        if isinstance(payload, TrialStarted) and payload.spool == spool.path.name:
            trial = recorded.id, payload
        elif isinstance(payload, TrialFinished | TrialLost) and trial and payload.trial == trial[0]:
            return None
    return trial


def _record(workspace: Workspace, path: Path, trial: Digest, started: TrialStarted) -> None:
    collected = collect(
        workspace.store,
        Leavings(
            spool=path,
            root=Path(started.root),
            skip=frozenset({workspace.directory}),
            before=None,
            # The values that had to be hidden died with the recorder; most are today's variables still.
            secrets=Secrets.find(started.intent.argv, os.environ, (Path(started.root),)),
            withheld=withheld(started.intent.argv),
            raw=Raw(),
            parameters=started.intent.parameters,
            interpreter=started.interpreter,
            surroundings=_surroundings(workspace, path, started),
            watched=lambda _: trace.read(path) or Watched(by=Watching.NONE, fallback=_REASON),
        ),
    )
    parsed = {each.name: each for each in (*started.hyperparameters, *collected.hyperparameters)}
    workspace.journal.append(
        TrialLost(
            trial=trial,
            reason=_REASON,
            hyperparameters=tuple(parsed[name] for name in sorted(parsed)),
            observed=collected.observed,
            outcome=Outcome(
                status=Status.LOST,
                exit_code=None,
                metrics=collected.metrics,
                series=collected.series,
                stdout=collected.stdout,
                stderr=collected.stderr,
                started=int(path.stat().st_mtime_ns),
                duration_s=0.0,
                cpu_user_s=0.0,
                cpu_system_s=0.0,
                peak_memory=0,
            ),
            health=united(started.health, collected.health),
            inputs=collected.inputs,
        )
    )


def _surroundings(workspace: Workspace, path: Path, started: TrialStarted) -> Surroundings:
    own = started.code[0]
    try:
        recorded = held(_manifest(workspace, own.tree), _manifest(workspace, own.products))
    except LedgerError:
        recorded = held(_NOTHING, _NOTHING)  # the list is damaged, which verify says
    return Surroundings(
        places=places(workspace, os.environ, started.interpreter, spool=path),
        directory=Path(started.root) / started.intent.directory,
        recorded=recorded,
        inputs=started.inputs,
        max_input_bytes=workspace.config.store.max_input_bytes,
    )


def _manifest(workspace: Workspace, digest: Digest | None) -> Manifest:
    return _NOTHING if digest is None else decode(Manifest, workspace.store.get(digest))


def withheld(argv: Sequence[str]) -> str | None:
    """Why a lost trial's streams cannot be stored: its command had a secret that is not known any more."""
    try:
        refill(argv, os.environ)
    except NotFoundError as error:
        return f"they may show secrets of the command: {error.cause}"
    return None
