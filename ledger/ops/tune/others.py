"""Trials of a search at other machines: those whose machine died are recorded as lost, and tried again."""

import time
from collections.abc import Callable
from typing import Final

from ledger.model import Digest, TrialFinished, TrialLost, TrialProposed, TrialStarted, layout
from ledger.ops import copies, heartbeats, lost
from ledger.ops.heartbeats import MISSED
from ledger.ops.tune.history import Tried
from ledger.ops.tune.proposing import Proposing
from ledger.ops.upstream import Upstream
from ledger.workspace import Workspace, is_copy

_EVERY_S: Final = 30.0
"""Seconds between two looks where trials of this machine give no signs of life."""


class Others:
    """What is known of the trials that a search has at other machines, by the remote that they share.

    Where the ledger is no copy of a remote, nothing is: they are left alone.

    Two machines that look may both take one over. That costs time: of two trials of one proposal the first
    that ended well counts, that of the machine that was only cut off as well.

    Parameters
    ----------
    proposing
        The search.
    notify
        Takes what is worth a warning, a line each.
    """

    def __init__(self, proposing: Proposing, notify: Callable[[str], None]) -> None:
        workspace = proposing.workspace
        self._proposing, self._notify = proposing, notify
        shared = is_copy(workspace.directory) and not copies.is_outer(workspace)
        self._upstream = Upstream(workspace, self._warn) if shared else None
        self._every_s = workspace.config.remote.heartbeat_s or _EVERY_S
        self._due = 0.0
        self._failed = False
        self._first: dict[Digest, int | None] = {}
        """The count of each trial's heartbeat at the first look; None where it had none."""
        self._told: set[Digest | str] = set()
        self.doubtful: dict[Digest, float] = {}
        """Trials that may run or not, their hearts have not beaten since the first look; and the seconds for
        which they have to stand still."""

    def look(self) -> frozenset[Digest]:
        """Look at them, if it is time; record as lost and take over those that show no sign of life.

        Returns
        -------
        frozenset of Digest
            Proposals whose trials were just recorded as lost.
        """
        if self._upstream is None or time.monotonic() < self._due:
            return frozenset()
        self._due = time.monotonic() + self._every_s
        self.doubtful = {}
        if not self._running():
            return frozenset()
        self._failed = not self._upstream.refresh()
        return frozenset() if self._failed else self._judge(self._upstream)

    def _running(self) -> dict[Digest, Tried]:
        """Trials that run at other machines: those of this one are recovered from what they left here."""
        spools = layout.spool(self._proposing.workspace.directory)
        left = self._proposing.left()
        return {
            each.trial: each
            for each in left
            if each.trial is not None
            and (started := self._started(each.trial)) is not None
            and not (spools / started.spool).exists()
        }

    def _started(self, trial: Digest) -> TrialStarted | None:
        recorded = self._proposing.workspace.journal.get(trial)
        payload = None if recorded is None else recorded.entry.payload
        return payload if isinstance(payload, TrialStarted) else None

    def _judge(self, upstream: Upstream) -> frozenset[Digest]:
        workspace = self._proposing.workspace
        found = heartbeats.seen(workspace, bytes.fromhex(upstream.known.id))
        dead = set()
        for trial, each in self._running().items():
            seen = found.get(trial)
            looked = trial in self._first
            first = self._first.setdefault(trial, None if seen is None else seen.count)
            if seen is None:
                if looked:
                    self._tell(trial, "gives no signs of life: it is left to that machine")
            elif seen.silent:
                started = self._started(trial)
                if started is None:
                    continue
                still = f"showed no sign of life for {seen.last - seen.first:.0f} s"
                lost.declare(workspace, trial, started, f"its machine {still}")
                self._notify(f"trial {trial.short} of another machine is recorded as lost: that {still}")
                self._proposing.take_over(each.id)
                dead.add(each.id)
            elif seen.count == first:
                self.doubtful[trial] = MISSED * seen.every_s
        if dead:
            upstream.share_quietly()
        return frozenset(dead)

    def tell_doubts(self) -> None:
        """Tell, once, which trials are waited for."""
        for trial, seconds in self.doubtful.items():
            self._tell(trial, f"runs, or has died: in {seconds:.0f} s or so that is known")

    def _tell(self, trial: Digest, what: str) -> None:
        if trial not in self._told:
            self._told.add(trial)
            self._notify(f"trial {trial.short} of another machine {what}")

    def _warn(self, text: str) -> None:
        """Tell what the remote has to say, once; of several failures in a row the first."""
        if not self._failed and text not in self._told:
            self._told.add(text)
            self._notify(text)


def run(workspace: Workspace, search: Digest) -> bool:
    """Whether other machines run trials of a search, as far as their signs of life were seen."""
    if not is_copy(workspace.directory):
        return False
    seen = heartbeats.seen(workspace, bytes.fromhex(copies.upstream_of(workspace).id))
    proposals: set[Digest] = set()
    running: set[Digest] = set()
    for recorded in workspace.journal.entries() if seen else ():
        payload = recorded.entry.payload
        if isinstance(payload, TrialProposed) and payload.search == search:
            proposals.add(recorded.id)
        elif isinstance(payload, TrialStarted) and payload.proposal in proposals:
            running.add(recorded.id)
        elif isinstance(payload, TrialFinished | TrialLost):
            running.discard(payload.trial)
    return any(trial in running and not each.silent for trial, each in seen.items())
