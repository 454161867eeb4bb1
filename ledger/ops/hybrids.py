"""Run a trial that is composed of recorded ones, and record it; or find one that was run already."""

from collections.abc import Callable, Mapping
from pathlib import Path

from ledger.capture import container, directories, process
from ledger.capture.hyperparameters import from_argv, merge
from ledger.errors import IncomparableError, LedgerError
from ledger.model import (
    Artifact,
    Digest,
    Environment,
    HealthLine,
    HealthState,
    Intent,
    Manifest,
    Recipe,
    Status,
    Trial,
    TrialFinished,
    TrialStarted,
)
from ledger.model.codec import decode, digest_of, encode
from ledger.model.frozen import replace
from ledger.ops import lost, query
from ledger.ops import spool as spools
from ledger.ops.attempt import Attempt, Begun, Conditions, Made
from ledger.ops.finish import united
from ledger.ops.spool import Spool
from ledger.ops.trials import Trials
from ledger.store.base import Store
from ledger.workspace import Workspace

Progress = Callable[[str], None]

_UNWATCHED = "which files it opens is not watched: what it was given is recorded"
_OWN_PARTS = ("code", "environment")


def run(
    workspace: Workspace,
    composed: Trial,
    conditions: Conditions,
    today: Mapping[str, str],
    *,
    message: str,
    tag: str,
    experiment: str | None = None,
    progress: Progress = lambda _: None,
) -> Trial:
    """Run a composed trial in a scratch directory and record it as a trial of its own.

    Parameters
    ----------
    workspace
        The ledger.
    composed
        What to run; its outcome says which outputs to expect.
    conditions
        Under which conditions.
    today
        The user's own variables.
    message, tag, experiment
        Of the new trial.
    progress
        Takes a line for each step.

    Raises
    ------
    IncomparableError
        If it cannot be run here. If it had begun, it is recorded as lost.
    StorageError
        If it cannot be recorded.
    """
    running = _Running(workspace, composed, conditions, today, progress)
    return running.run(message=message, tag=tag, experiment=experiment)


class _Running:
    """One execution, and how far it has come in the record."""

    def __init__(
        self,
        workspace: Workspace,
        composed: Trial,
        conditions: Conditions,
        today: Mapping[str, str],
        progress: Progress,
    ) -> None:
        self.workspace, self.composed, self.mode = workspace, composed, conditions.env
        self.attempt = Attempt(workspace, composed, conditions, today, progress, self.begin)
        self.started: TrialStarted | None = None
        self.spool: Spool | None = None
        self.id: Digest | None = None
        self.said: dict[str, str | None] = {}

    def run(self, *, message: str, tag: str, experiment: str | None) -> Trial:
        """Make it, from begin to end."""
        self.said = {"message": message, "tag": tag, "experiment": experiment}
        try:
            made = self.attempt.make()
            return self.finish(made)
        except IncomparableError:
            if self.spool is not None:
                self.spool.close()
                self.spool = None
                lost.recover(self.workspace)
            raise
        finally:
            if self.spool is not None:
                self.spool.close()  # a later command records it as lost

    def begin(self) -> Begun:
        """Append its beginning; everything that it needs is there."""
        workspace, composed = self.workspace, self.composed
        intent = replace(composed.intent, environment=self.environment())
        parts = [line for line in composed.health if line.part in _OWN_PARTS]
        machine = process.host()
        directory = Path(composed.root) / intent.directory
        raw = from_argv(intent.argv, directory, workspace.config.hyperparameters)
        self.spool = spools.create(workspace.directory, apart=True)
        self.started = TrialStarted(
            experiment=self.said["experiment"],
            message=self.said["message"],
            tags=(str(self.said["tag"]),),
            root=composed.root,
            intent=intent,
            code=composed.code,
            environment=intent.environment,
            interpreter=composed.interpreter,
            host=workspace.store.put(encode(machine)),
            hyperparameters=merge(raw, intent.parameters),
            inputs=composed.inputs,
            locks=composed.locks,
            spool=self.spool.path.name,
            health=(
                *parts,
                container.health(machine),
                HealthLine(part="command", state=HealthState.COMPLETE),
                HealthLine(part="inputs", state=HealthState.PARTIAL, reason=_UNWATCHED),
            ),
        )
        workspace.store.flush()
        self.id = workspace.journal.append(self.started).id
        return Begun(trial=self.id, spool=self.spool.path, lock=self.spool.lock)

    def environment(self) -> Digest:
        """Digest of the environment that it has: the recorded one, unless what was had differs from it."""
        recorded = self.composed.environment
        used = self.attempt.used
        if used is None or not any(_is_drift(each.path, self.mode) for each in self.attempt.drift):
            return recorded
        store = self.workspace.store
        variables = decode(Environment, store.get(recorded)).variables
        return store.put(encode(replace(used, variables=variables)))

    def finish(self, made: Made) -> Trial:
        """Append its end."""
        if self.started is None or self.id is None or self.spool is None:
            raise ValueError("it has not begun")
        recipe = Recipe(
            intent=digest_of(self.started.intent),
            inputs=tuple((each.path, each.digest) for each in self.started.inputs),
            complete=False,
        )
        self.workspace.journal.append(
            TrialFinished(
                trial=self.id,
                recipe=digest_of(recipe),
                recipe_complete=False,
                hyperparameters=made.hyperparameters,
                inputs=self.started.inputs,
                observed=made.observed,
                outcome=made.outcome,
                health=united(self.started.health, made.health),
            )
        )
        self.spool.remove()
        self.spool = None
        return query.load(self.workspace.journal).by_id[self.id]


def _is_drift(path: str, mode: str) -> bool:
    """Whether a difference of environments is one of what the command had: its variables are the recorded."""
    return mode == "recreate" or not path.startswith("variable ")


def found(trials: Trials, composed: Trial, store: Store) -> tuple[Trial, ...]:
    """Recorded trials that were a composed one: the same Intent and inputs, and ended well; newest first.

    One that a scheduler stopped did not, though its exit code may be 0. Options such as ``-i`` and ``-p``,
    which only say more of a trial, may differ.
    """
    wanted = _identity(composed.intent)
    given: dict[str, object] | None = None
    inputs: set[str] = set()
    same: list[Trial] = []
    for trial in reversed(trials.ordered):
        outcome = trial.outcome
        if outcome is None or outcome.status is not Status.OK or outcome.exit_code != 0:
            continue
        if _identity(trial.intent) != wanted:
            continue
        try:
            if given is None:
                given = _given(composed, store)
                inputs = {each.path for each in directories.expanded(composed.inputs, store.get)}
            read = {each.path: _content(each) for each in directories.expanded(trial.inputs, store.get)}
        except LedgerError:
            continue  # a list of its files is damaged, which verify says
        if read.items() <= given.items() and (trial.recipe_complete or inputs <= read.keys()):
            same.append(trial)
    return tuple(same)


def _identity(intent: Intent) -> tuple[object, ...]:
    stdin = intent.stdin if intent.stdin.startswith("b3:") else None
    return intent.argv, intent.directory, stdin, intent.code, intent.environment, intent.seed, intent.seeds


def _given(composed: Trial, store: Store) -> dict[str, object]:
    """All that a composed trial finds, by path."""
    own = composed.code[0]
    given: dict[str, object] = {}
    for tree in (own.tree, own.products):
        if tree is not None:
            given.update((each.path, (each.mode, each.digest)) for each in decode(Manifest, store.get(tree)))
    given.update((each.path, _content(each)) for each in directories.expanded(composed.inputs, store.get))
    return given


def _content(artifact: Artifact) -> tuple[int, Digest | None]:
    return artifact.mode, artifact.digest
