"""Make a trial again from its record alone, and say whether its results are the same."""

import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from time import time_ns

from ledger.capture import files, process
from ledger.capture.hyperparameters import from_argv
from ledger.capture.put import hash_file
from ledger.capture.secrets import Secrets
from ledger.errors import IncomparableError, LedgerError
from ledger.model import (
    Artifact,
    Cause,
    Digest,
    Environment,
    Mode,
    Observed,
    Outcome,
    Recorded,
    Status,
    Trial,
    TrialReplayed,
    Verdict,
)
from ledger.model.codec import encode
from ledger.model.frozen import frozen
from ledger.ops import objects, replay_launch, scratch
from ledger.ops.environments import Recreated
from ledger.ops.execute import Launch, StreamNote, execute
from ledger.ops.finish import Leavings, absolute, collect
from ledger.ops.judge import Judged, judge
from ledger.ops.place import Place
from ledger.ops.suspects import line_that_uses
from ledger.workspace import Workspace

Progress = Callable[[str], None]


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
    dry_run: bool = False
    """Only say whether it could be made again; nothing runs, nothing is recorded."""


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


def replay(
    workspace: Workspace,
    trial: Trial,
    options: ReplayOptions | None = None,
    *,
    progress: Progress = lambda _: None,
    variables: Mapping[str, str] | None = None,
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

    Returns
    -------
    Replayed
        With verdict ``incomparable``, and the reason among the causes, if it cannot be made again here.

    Raises
    ------
    StorageError
        If the receipt cannot be written.
    """
    options = options or ReplayOptions()
    today = dict(os.environ if variables is None else variables)
    attempt = _Attempt(workspace, trial, options, today, progress)
    try:
        judged = attempt.make()
    except IncomparableError as error:
        judged = Judged(verdict=Verdict.INCOMPARABLE, causes=(_cause(error),))
    result = attempt.receipt(judged)
    if options.dry_run:
        return Replayed(entry_id=None, time=time_ns(), result=result, ready=judged.causes == (_DRY_RUN,))
    workspace.store.flush()
    recorded: Recorded = workspace.journal.append(result)
    return Replayed(entry_id=recorded.id, time=recorded.entry.time, result=result)


class _Attempt:
    """One replay; what it has learned so far is kept, so that a receipt can be written wherever it stops."""

    def __init__(
        self,
        workspace: Workspace,
        trial: Trial,
        options: ReplayOptions,
        today: dict[str, str],
        progress: Progress,
    ) -> None:
        self.workspace, self.trial, self.options = workspace, trial, options
        self.today, self.progress = today, progress
        config = workspace.config.replay
        self.rtol = config.rtol if options.rtol is None else options.rtol
        self.atol = config.atol if options.atol is None else options.atol
        self.environment: Digest | None = None
        self.outcome: Outcome | None = None
        self.observed: Observed | None = None

    def make(self) -> Judged:
        """Make the trial again and judge it.

        Raises
        ------
        IncomparableError
            If it cannot be made again.
        """
        outcome = self._check()
        recorded = self._load(self.trial.environment, Environment)
        with scratch.temporary("ledger-replay-") as place:
            # 1. The tree as it was.
            self.progress("restoring the code and its inputs")
            tree = place / "tree"
            absent = self._restore(place, tree)
            self._inputs(tree, absent)

            # 2. The environment.
            made = replay_launch.environment(
                self.trial, recorded, place, self.workspace, self.options.env, self.today, self.progress
            )
            self.environment = self.workspace.store.put(encode(made.environment))
            if self.options.dry_run:
                return Judged(verdict=Verdict.INCOMPARABLE, differences=made.differences, causes=(_DRY_RUN,))

            # 3. The command.
            end_of = self._run(place, tree, made, recorded)

            # 4. The verdict.
            self.outcome, self.observed = end_of
            return judge(
                outcome,
                self.outcome,
                self.workspace.store,
                rtol=self.rtol,
                atol=self.atol,
                strict=self.options.strict,
                timing=self.workspace.config.replay.timing,
                drift=made.differences,
                seen=self.trial.observed,
                now=self.observed,
                absent=absent,
                suspect=lambda name: line_that_uses(name, self.trial.code[0].tree, self.workspace.store),
            )

    def receipt(self, judged: Judged) -> TrialReplayed:
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
            environment=self.environment,
            host=self.workspace.store.put(encode(process.host())),
            observed=self.observed,
            outcome=self.outcome,
        )

    def _check(self) -> Outcome:
        """The outcome to compare with, if there is one to be had again."""
        outcome = self.trial.outcome
        if outcome is None or outcome.status is Status.LOST:
            state = "is still running" if outcome is None else "was lost: its recorder died"
            raise IncomparableError(
                "there is nothing to compare with",
                cause=f"trial {self.trial.id.short} {state}",
                hint=f"run it anew: ledger show {self.trial.id.short} has its command",
            )
        outside = [each.path for each in outcome.outputs if each.path.startswith("/")]
        if outside:
            raise IncomparableError(
                "it wrote outside of its root, where a replay would overwrite your files",
                cause=f"outputs: {', '.join(outside[:3])}",
                hint="let the program write beneath its root, then record it again",
            )
        if not Path(self.trial.intent.directory).is_absolute():
            return outcome
        raise IncomparableError(
            "it was started outside of its root",
            cause=f"its working directory was {self.trial.intent.directory}",
            hint="start it in its project's directory, then record it again",
        )

    def _load(self, digest: Digest, kind: type[Environment]) -> Environment:
        loaded = objects.load(self.workspace.store, kind, digest, "environment")
        if loaded.noun is None:
            reason = loaded.problem.reason if loaded.problem else "not there"
            raise IncomparableError(
                "its record is damaged", cause=reason, hint="ledger verify names the damage"
            )
        return loaded.noun

    def _restore(self, place: Path, tree: Path) -> list[str]:
        tree.mkdir()
        absent: list[str] = []
        try:
            for snapshot in self.trial.code:
                into = tree if snapshot.name == "." else place / "code" / snapshot.name.replace("/", "-")
                into.mkdir(parents=True, exist_ok=True)
                trees = [digest for digest in (snapshot.tree, snapshot.products) if digest is not None]
                missing, _ = scratch.restore(self.workspace.store, trees, into)
                absent += missing if snapshot.name == "." else []
        except LedgerError as error:
            raise IncomparableError(
                "its code cannot be restored",
                cause=": ".join(filter(None, [error.message, error.cause])),
                hint="ledger verify names the damage",
            ) from error
        return absent

    def _inputs(self, tree: Path, absent: list[str]) -> None:
        """Put the inputs in their places; those from outside are used where they lie, if they still match."""
        for each in self.trial.inputs:
            if each.digest is None or each.mode == Mode.LINK:
                continue
            if each.path.startswith("/"):
                self._check_outside(each)
                continue
            target = tree / each.path
            if target.exists():
                continue
            if each.omitted is None:
                target.parent.mkdir(parents=True, exist_ok=True)
                self.workspace.store.restore(each.digest, target, executable=each.mode == Mode.EXECUTABLE)
            else:
                self._copy_present(each, target)
            if each.path in absent:
                absent.remove(each.path)

    def _copy_present(self, each: Artifact, target: Path) -> None:
        """Take a file that was recorded by its digest only from where it was, if it is still the same."""
        source = self.workspace.root / each.path
        if not source.is_file() or hash_file(source)[0] != each.digest:
            raise IncomparableError(
                "an input is not to be had",
                cause=f"{each.path} was recorded by its digest only, and {source} is not that file any more",
                hint=f"put the file with digest {each.digest} back at {source}",
            )
        scratch.copy(source, target)

    def _check_outside(self, each: Artifact) -> None:
        path = Path(dict(self.options.maps).get(each.path, each.path))
        found = hash_file(path)[0] if path.is_file() else None
        if found != each.digest:
            raise IncomparableError(
                "an input from outside the root is not what it was",
                cause=f"{path}: expected {each.digest}, got {found or 'no file'}",
                hint=f"--map {each.path}=NEW says where it lies now",
            )

    def _run(
        self, place: Path, tree: Path, made: Recreated, recorded: Environment
    ) -> tuple[Outcome, Observed]:
        spool = place / "spool"
        spool.mkdir()
        stand = scratch.placed(tree, Path(self.trial.root), self.trial.intent.directory)
        stand = replay_launch.with_interpreter(stand, self.trial, made, self.options.env)
        stand = replay_launch.with_maps(stand, self.options.maps)
        launch = replay_launch.launch(
            self.trial, stand, spool, place, made, recorded, self.today, self.workspace.store
        )
        launch = replace(launch, timeout=self.options.timeout)
        stand = replace(stand, before=files.scan(tree, frozenset({tree / ".ledger"})))
        self.progress(f"running: {' '.join(self.trial.intent.argv)}")
        end = execute(launch)
        if end.timed_out:
            raise IncomparableError(
                "it did not end in time",
                cause=f"--timeout: {self.options.timeout:g} s are over",
                hint="give it more time, or leave --timeout out",
            )
        self.progress("comparing")
        collected = collect(self.workspace.store, self._leavings(stand, spool, end.streams, launch))
        return collected.outcome(end), collected.observed

    def _leavings(
        self, stand: Place, spool: Path, streams: tuple[StreamNote, ...], launch: Launch
    ) -> Leavings:
        argv = self.trial.intent.argv
        recorded = self.trial.outcome.outputs if self.trial.outcome else ()
        # What was declared as an output counts as one here too, even where it came out as it was before.
        declared = [each.path for each in recorded if (stand.root / each.path).exists()]
        return Leavings(
            spool=spool,
            root=stand.root,
            skip=frozenset({stand.root / ".ledger"}),
            before=stand.before,
            secrets=Secrets.find(launch.argv, launch.variables),
            raw=from_argv(argv, stand.seen_as(stand.directory)),
            parameters=self.trial.intent.parameters,
            interpreter=self.trial.interpreter,
            placing=process.placing_variables(launch.variables),
            declared=absolute(declared, stand.root),
            streams=streams,
        )


def _cause(error: LedgerError) -> Cause:
    return Cause(cause=error.message, evidence=error.cause or "", hint=error.hint or "")


_DRY_RUN = Cause(
    cause="this was a dry run",
    evidence="the code, the inputs and the environment are all to be had",
    hint="leave --dry-run out to run it",
)
