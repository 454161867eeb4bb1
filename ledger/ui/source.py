"""The ledger that the page shows: what was read of it is read again when its head moves."""

from collections.abc import Sequence
from pathlib import Path
from threading import Lock

from ledger.model import Digest, Head, Trial
from ledger.model.codec import digest_of
from ledger.ops import noted, query, references, running
from ledger.ops.indexed import asked
from ledger.ops.noted import Found, Shown
from ledger.ops.trials import Trials
from ledger.workspace import Workspace

MOST = 64
"""Trials that are kept as they were read."""


class Source:
    """A ledger that is looked at while others write to it; any number of threads may ask.

    Parameters
    ----------
    workspace
        The ledger.
    """

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self._lock = Lock()
        self._kept: tuple[Head, Trials] | None = None
        self._single: dict[str, tuple[Head, tuple[Trial, Trials]]] = {}
        self._spools: dict[Digest, str] = {}

    def head(self) -> Head:
        """How far the ledger goes now."""
        return self.workspace.journal.head()

    def version(self) -> str:
        """Text that is another one once something was appended: the digest of the head."""
        return str(digest_of(self.head()))

    def trials(self) -> Trials:
        """All trials and what was said of them, as of now."""
        with self._lock:
            head = self.head()
            if self._kept is None or self._kept[0] != head:
                self._kept = head, query.load(self.workspace.journal)
            return self._kept[1]

    def trial(self, ref: str) -> Trial:
        """The trial that a reference means.

        Raises
        ------
        NotFoundError, AmbiguousError
            If it means none, or more than one.
        """
        return self.around(ref)[0]

    def around(self, ref: str) -> tuple[Trial, Trials]:
        """The trial that a reference means, and what was said of it: as `one_trial.find`.

        All of the journal is read only where there is no index, or the journal is damaged.

        Raises
        ------
        NotFoundError, AmbiguousError
            If it means none, or more than one.
        """
        from ledger.ops import one_trial  # which needs numpy

        head = self.head()
        kept = self._single.get(ref)
        if kept is not None and kept[0] == head:
            return kept[1]
        found = asked(self.workspace.journal, lambda held, logs: one_trial.find(held, logs, ref))
        if found is None:
            trials = self.trials()
            return references.resolve(trials, ref), trials
        with self._lock:
            self._single.pop(ref, None)
            self._single[ref] = head, found
            while len(self._single) > MOST:
                del self._single[next(iter(self._single))]
        return found

    def noted(self, refs: Sequence[str], experiments: Sequence[str], shown: Shown) -> Found:
        """All notes, and the trials that references mean: as `noted.find`.

        All of the journal is read only where there is no index, or the index does not know an experiment.

        Raises
        ------
        NotFoundError, AmbiguousError
            If there is no such trial or experiment, or more than one.
        """
        found = asked(
            self.workspace.journal,
            lambda held, logs: noted.by_index(held, logs, refs, experiments, shown),
        )
        return found or noted.by_reading(self.trials(), refs, experiments)

    def spool(self, trial: Trial) -> Path | None:
        """Where a trial that runs on this machine writes to; None of any other."""
        if trial.outcome is not None:
            return None
        if trial.id not in self._spools:
            name = running.spool_name(self.workspace.journal, trial.id)
            if name is None:
                return None
            self._spools[trial.id] = name
        return running.directory(self.workspace.directory, self._spools[trial.id])

    def get(self, digest: Digest) -> bytes:
        """An object's content, checked. Raises as `Store.get`."""
        return self.workspace.store.get(digest)
