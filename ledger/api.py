"""The operator's Python: open a ledger; run, replay, compare and look at trials."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ledger import workspace as workspaces
from ledger.errors import LedgerError, NotFoundError, UsageError
from ledger.model import Digest, Head, Trial, TrialReplayed, Value, layout
from ledger.ops import checkout as checkouts
from ledger.ops import diff as diffs
from ledger.ops import filter, lost, notes, options, query, references
from ledger.ops import replay as replays
from ledger.ops import run as runs
from ledger.ops import verify as checks
from ledger.ops.checkout import CheckedOut, Part
from ledger.ops.diff import Compared
from ledger.ops.documents import trial_document
from ledger.ops.query import Trials
from ledger.ops.verify import Report
from ledger.workspace import Workspace

if TYPE_CHECKING:
    import pyarrow

__all__ = ["Ledger", "LedgerError", "open"]


def open(path: str | os.PathLike[str] | None = None, *, create: bool = False) -> Ledger:
    """Open the ledger of a directory.

    Parameters
    ----------
    path
        A directory whose ledger is looked for there and above, or a ``.ledger`` directory itself; the current
        directory by default, where LEDGER_DIR counts too.
    create
        Whether to make the ledger if there is none.

    Raises
    ------
    NotFoundError
        If there is none.

    Examples
    --------
    >>> ledger = open("project")
    >>> ledger.trial("@").status
    <Status.OK: 'ok'>
    """
    start, explicit = Path.cwd(), None
    if path is None:
        explicit = os.environ.get("LEDGER_DIR")
    elif Path(path).name == layout.DIRECTORY:
        explicit, start = os.fspath(path), Path(path).absolute().parent
    else:
        start = Path(path).absolute()
        if not start.is_dir():
            raise NotFoundError(f"no directory {start}", hint="make it first, or name another one")
    found = workspaces.find_or_make(start, explicit)[0] if create else workspaces.find(start, explicit)
    return Ledger(found)


class Ledger:
    """A ledger.

    Nothing is kept between calls: each reads what is there then.

    Parameters
    ----------
    workspace
        Where it lies; `open` finds it.

    Examples
    --------
    >>> ledger = open("project", create=True)
    >>> trial = ledger.run(["python", "train.py", "--lr", "0.1"], experiment="digits")
    >>> ledger.replay(trial.id).verdict
    <Verdict.IDENTICAL: 'identical'>
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def __repr__(self) -> str:
        return f"Ledger({str(self.directory)!r})"

    @property
    def directory(self) -> Path:
        """The ``.ledger`` directory."""
        return self._workspace.directory

    @property
    def root(self) -> Path:
        """Top of the tree whose trials are recorded."""
        return self._workspace.root

    @property
    def head(self) -> Head:
        """How far the ledger goes: size and Merkle root of each origin.

        Examples
        --------
        >>> open("project").head.size
        14
        """
        return self._workspace.journal.head()

    def run(
        self,
        command: Sequence[str | os.PathLike[str]],
        *,
        name: str | None = None,
        experiment: str | None = None,
        message: str | None = None,
        tags: Sequence[str] = (),
        inputs: Sequence[str | os.PathLike[str]] = (),
        outputs: Sequence[str | os.PathLike[str]] = (),
        params: Mapping[str, Value | list[Any]] | None = None,
        seed: int | None = None,
        isolate: bool = False,
        enforce_clean: bool = False,
        reuse: bool = False,
        directory: str | os.PathLike[str] | None = None,
        variables: Mapping[str, str] | None = None,
        forward: bool = True,
        notify: Callable[[str], None] = lambda _: None,
    ) -> Trial:
        """Run a command and record it as a trial, as ``ledger run`` does.

        Parameters
        ----------
        command
            The program and its arguments; no shell is between.
        name, experiment, message, tags
            What the trial is called and why it is run.
        inputs, outputs
            Paths, from `directory`.
        params
            Hyperparameters to record.
        seed
            Seeds every generator that the command loads; 0 to 2**63 - 1.
        isolate
            Run in a scratch copy of the tree.
        enforce_clean
            Refuse if the code differs from its commit.
        reuse
            Do not run again what ran well and whose inputs are the same.
        directory
            Where it runs; the ledger's root by default.
        variables
            Its environment; this process's by default.
        forward
            Whether what it prints goes to this process's own streams too.
        notify
            Takes warnings, a line each.

        Returns
        -------
        Trial
            Look at its ``status`` and ``outcome.exit_code``: a command that fails is no error here.

        Raises
        ------
        CannotRecordError
            If it was not started, because it cannot be recorded.
        UsageError
            If the seed is off.

        Examples
        --------
        >>> open("project").run(["python", "train.py"], params={"lr": 0.1}).outcome.exit_code
        0
        """
        chosen = runs.RunOptions(
            name=name,
            experiment=experiment,
            message=message,
            tags=tuple(tags),
            inputs=tuple(os.fspath(each) for each in inputs),
            outputs=tuple(os.fspath(each) for each in outputs),
            parameters=tuple((each, _value(value)) for each, value in (params or {}).items()),
            seed=options.seed(None if seed is None else str(seed)),
            isolate=isolate,
            enforce_clean=enforce_clean,
            reuse=reuse,
        )
        result = runs.run(
            self._workspace,
            [os.fspath(word) for word in command],
            chosen,
            directory=Path(directory).absolute() if directory is not None else self.root,
            variables=variables,
            forward=forward,
            notify=notify,
        )
        return self._load().by_id[result.trial]

    def replay(
        self,
        ref: str | Digest | Trial = "@",
        *,
        env: str = "recreate",
        rtol: float | None = None,
        atol: float | None = None,
        strict: bool = False,
        maps: Mapping[str, str] | None = None,
        timeout: float | None = None,
        progress: Callable[[str], None] = lambda _: None,
    ) -> TrialReplayed:
        """Make a trial again from its record alone, and compare; the verdict is recorded.

        Parameters
        ----------
        ref
            Which trial: a reference, an id, or the trial.
        env
            ``recreate`` makes the recorded environment again, ``current`` uses today's.
        rtol, atol
            Tolerances; the configuration's by default.
        strict
            Whether standard output and error count too.
        maps
            Where inputs from outside of the root lie now: old path to new.
        timeout
            Seconds after which the command is ended.
        progress
            Takes a line for each step.

        Examples
        --------
        >>> open("project").replay("@", env="current").verdict
        <Verdict.IDENTICAL: 'identical'>
        """
        if env not in ("recreate", "current"):
            raise UsageError("a bad environment", cause=f"env: expected recreate or current, got {env!r}")
        chosen = replays.ReplayOptions(
            env=env,
            rtol=rtol,
            atol=atol,
            strict=strict,
            maps=tuple((maps or {}).items()),
            timeout=timeout,
        )
        return replays.replay(self._workspace, self.trial(ref), chosen, progress=progress).result

    def trial(self, ref: str | Digest | Trial = "@") -> Trial:
        """The trial that a reference means.

        Raises
        ------
        NotFoundError, AmbiguousError
            If it means none, or more than one.

        Examples
        --------
        >>> open("project").trial("baseline").name
        'baseline'
        """
        return _resolve(self._load(), ref)

    def show(self, ref: str | Digest | Trial = "@") -> dict[str, Any]:
        """All that is recorded of a trial, as ``ledger show --json`` prints it.

        Examples
        --------
        >>> open("project").show("@")["metrics"]
        {'accuracy': 0.97}
        """
        trials = self._load()
        return trial_document(_resolve(trials, ref), trials, self._workspace.store)

    def log(
        self,
        *,
        experiment: str | None = None,
        where: str | None = None,
        sort: str | None = None,
        limit: int | None = None,
    ) -> list[Trial]:
        """Trials, newest first.

        Parameters
        ----------
        experiment
            Only its trials.
        where
            Only trials for which this holds, such as ``lr >= 0.1 and status = ok``.
        sort
            Columns to sort by, with commas between; ``-`` turns one round.
        limit
            At most so many.

        Raises
        ------
        UsageError
            If filter or sort key are off.
        NotFoundError
            If there is no such experiment.

        Examples
        --------
        >>> best = open("project").log(where="status = ok", sort="-accuracy", limit=1)
        """
        trials = self._load()
        known = trials.ordered if experiment is None else references.experiment(trials, experiment)
        return filter.select(known, where=where, sort=sort, limit=limit)

    def trials(self) -> pyarrow.Table:
        """One row a trial, oldest first.

        Returns
        -------
        pyarrow.Table
            Columns id, name, experiment, status, exit_code, started, duration_s, peak_memory; then
            ``param.NAME`` for each hyperparameter and ``metric.NAME`` for the last value of each metric, null
            where a trial has none.

        Examples
        --------
        >>> frame = open("project").trials().to_pandas()
        >>> frame.groupby("param.lr")["metric.accuracy"].mean()
        """
        from ledger.analysis import trials as tables

        found = self._load().ordered
        ends = [trial.outcome for trial in found]
        fixed: dict[str, list[Any]] = {
            "id": [str(trial.id) for trial in found],
            "name": [trial.name for trial in found],
            "experiment": [trial.experiment for trial in found],
            "status": [str(trial.status) for trial in found],
            "exit_code": [end.exit_code if end else None for end in ends],
            "started": [trial.started // 1000 for trial in found],
            "duration_s": [end.duration_s if end else None for end in ends],
            "peak_memory": [end.peak_memory if end else None for end in ends],
        }
        parameters = [{each.name: each.value for each in trial.hyperparameters} for trial in found]
        metrics = [{each.name: each.last for each in end.metrics} if end else {} for end in ends]
        sparse = {**_columns("param.", parameters), **_columns("metric.", metrics)}
        return tables.table(fixed, sparse)

    def diff(self, a: str | Digest | Trial, b: str | Digest | Trial = "@") -> Compared:
        """What differs between two trials, or between two experiments if both names mean one.

        Examples
        --------
        >>> open("project").diff("@~1", "@").diff.summary
        'other hyperparameters; other metrics, outputs'
        """
        timing = self._workspace.config.replay.timing
        return diffs.compare(self._load(), _text(a), _text(b), self._workspace.store, timing=timing)

    def verify(self, ref: str | Digest | Trial | None = None, *, experiment: str | None = None) -> Report:
        """Check the journal, and each object that the trials refer to.

        Parameters
        ----------
        ref
            Only this trial's objects.
        experiment
            Only this experiment's objects.

        Examples
        --------
        >>> open("project").verify().ok
        True
        """
        trials = self._load()
        scope: tuple[Trial, ...] | None = None
        if ref is not None:
            scope = (_resolve(trials, ref),)
        elif experiment is not None:
            scope = references.experiment(trials, experiment)
        return checks.verify(self._workspace.journal, self._workspace.store, trials, scope=scope)

    def note(
        self,
        ref: str | Digest | Trial | None,
        text: str,
        *,
        experiment: str | None = None,
        author: str | None = None,
    ) -> Digest:
        """Write a note on a trial, or with ``ref=None`` on an experiment.

        Parameters
        ----------
        ref
            Which trial.
        text
            Markdown.
        experiment
            Which experiment.
        author
            Who says it; as git knows it by default.

        Returns
        -------
        Digest
            Id of the note's entry.

        Examples
        --------
        >>> id = open("project").note("@", "the loss spikes at step 200")
        """
        trials = self._load()
        if ref is None and experiment is not None:
            references.experiment(trials, experiment)
        return notes.note(
            self._workspace.journal,
            text,
            author=author or notes.author(self.root),
            trial=None if ref is None else _resolve(trials, ref).id,
            experiment=experiment,
        ).id

    def tag(self, ref: str | Digest | Trial, name: str, *, remove: bool = False) -> None:
        """Give a trial a tag, or take it off.

        Examples
        --------
        >>> open("project").tag("@", "paper")
        """
        trials = self._load()
        trial = _resolve(trials, ref)
        if remove:
            notes.untag(self._workspace.journal, trials, trial, name)
        else:
            notes.tag(self._workspace.journal, trial, name)

    def checkout(
        self,
        ref: str | Digest | Trial,
        to: str | os.PathLike[str],
        *,
        paths: Sequence[str] = (),
        parts: Sequence[str] = tuple(Part),
        force: bool = False,
    ) -> CheckedOut:
        """Write a trial's files into a directory.

        Parameters
        ----------
        ref
            Which trial.
        to
            The directory; made if it is missing.
        paths
            Only these paths, and what is beneath them.
        parts
            Of ``code``, ``products``, ``inputs``, ``outputs``.
        force
            Whether files that are there and differ are replaced.

        Examples
        --------
        >>> open("project").checkout("@", "again", parts=["outputs"]).paths
        ('model.bin',)
        """
        return checkouts.checkout(
            self.trial(ref),
            Path(to),
            self._workspace.store,
            parts=tuple(map(Part, parts)),
            paths=tuple(paths),
            force=force,
        )

    def _load(self) -> Trials:
        lost.recover_quietly(self._workspace)
        return query.load(self._workspace.journal)


def _text(ref: str | Digest | Trial) -> str:
    if isinstance(ref, Trial):
        return str(ref.id)
    return str(ref)


def _resolve(trials: Trials, ref: str | Digest | Trial) -> Trial:
    return references.resolve(trials, _text(ref))


def _value(value: Any) -> Value:
    return tuple(map(_value, value)) if isinstance(value, list | tuple) else value


def _columns(prefix: str, rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Sparse columns of maps, sorted by name."""
    names = sorted({name for row in rows for name in row})
    return {f"{prefix}{_plain(name)}": [row.get(name) for row in rows] for name in names}


def _plain(name: str) -> str:
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
