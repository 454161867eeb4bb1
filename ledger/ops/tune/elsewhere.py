"""A search whose trials run elsewhere: what its ledger's remote is told, and hears of them."""

from collections.abc import Callable
from typing import Final

from ledger.errors import RemoteError
from ledger.model import Digest, TrialFinished, TrialLost, TrialStarted, layout
from ledger.ops import copies, lost
from ledger.ops.tune.history import History, Tried
from ledger.ops.upstream import Upstream
from ledger.workspace import Workspace, is_copy

_REASON: Final = "the machine that ran it died, or was cut off"


class Elsewhere:
    """The remote that a search's workers share; nothing of it where they see the ledger itself.

    Parameters
    ----------
    workspace
        The search's.
    apart
        Whether its trials run elsewhere.
    notify
        Takes warnings, a line each.
    """

    def __init__(self, workspace: Workspace, *, apart: bool, notify: Callable[[str], None]) -> None:
        self._workspace = workspace
        self._upstream = Upstream(workspace, notify) if apart and is_copy(workspace.directory) else None

    @property
    def url(self) -> str | None:
        """Where workers find the ledger; None where it is this one."""
        return None if self._upstream is None else copies.upstream_of(self._workspace).url

    def before(self) -> None:
        """Let workers see what was proposed. Raises RemoteError."""
        if self._upstream is not None:
            self._upstream.share()

    def after(self) -> None:
        """See what a worker has recorded; what does not work is a warning."""
        if self._upstream is not None:
            self._upstream.refresh()

    def check(self, trial: Digest, history: History) -> None:
        """Refuse to go on without the record of a trial that has ended.

        Raises
        ------
        RemoteError
            If its end is not here.
        """
        if self._upstream is not None and trial not in history.ends:
            raise RemoteError(
                f"trial {trial.short} has ended, and its record is not at {self._upstream.url}",
                cause="the machine that ran it could not share it",
                hint="any command there shares it: ledger push; then the same command goes on",
            )

    def lose(self, tried: Tried, history: History) -> None:
        """Record that a trial is lost whose machine died: it may never be able to say so itself.

        One that runs in this very copy is recovered from what it left here.
        """
        trial = tried.trial
        if self._upstream is None or trial is None:
            return
        recorded = self._workspace.journal.get(trial) if trial in history.own else None
        started = None if recorded is None else recorded.entry.payload
        if not isinstance(started, TrialStarted):
            return
        if not (layout.spool(self._workspace.directory) / started.spool).exists():
            lost.declare(self._workspace, trial, started, _REASON)
            self._upstream.share()


def runs(workspace: Workspace, proposal: Digest) -> bool:
    """Whether a trial of a proposal has begun, and its end is not there."""
    begun: set[Digest] = set()
    for recorded in workspace.journal.entries():
        payload = recorded.entry.payload
        if isinstance(payload, TrialStarted) and payload.proposal == proposal:
            begun.add(recorded.id)
        elif isinstance(payload, TrialFinished | TrialLost):
            begun.discard(payload.trial)
    return bool(begun)
