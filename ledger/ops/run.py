"""Record one trial."""

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from ledger.capture import process, seeds
from ledger.capture.inject import child_variables, without_ours
from ledger.errors import CannotRecordError, LedgerError, StorageError
from ledger.model import Digest, HealthLine, HealthState, Outcome, Recipe, TrialFinished, layout
from ledger.model.codec import digest_of
from ledger.model.frozen import frozen
from ledger.ops import lost, overlap, reuse
from ledger.ops import spool as spools
from ledger.ops.execute import Exit, Launch, execute
from ledger.ops.finish import Collected, Leavings, absolute, collect, united
from ledger.ops.place import Place, usual
from ledger.ops.prepare import Prepared, RunOptions, prepare
from ledger.ops.spool import Spool
from ledger.workspace import Workspace

__all__ = ["RunOptions", "RunResult", "cannot_record", "run"]

Notify = Callable[[str], None]


@frozen
class RunResult:
    """What came of a run."""

    trial: Digest
    exit_code: int
    """The command's own."""
    outcome: Outcome | None
    """None where it could not be recorded any more."""
    health: tuple[HealthLine, ...]
    reused: bool = False
    """Whether an earlier trial stands in for this one, and nothing ran."""


def run(
    workspace: Workspace,
    command: Sequence[str],
    options: RunOptions | None = None,
    *,
    directory: Path | None = None,
    variables: Mapping[str, str] | None = None,
    forward: bool = True,
    notify: Notify = lambda _: None,
) -> RunResult:
    """Run a command and record it as a trial.

    Parameters
    ----------
    workspace
        The ledger.
    command
        The program and its arguments.
    options
        What else is known of the trial.
    directory
        Where it runs; the current directory by default.
    variables
        Its environment; the current one by default.
    forward
        Whether its streams go to this process's own, as if it ran bare.
    notify
        Takes warnings, one line each.

    Raises
    ------
    CannotRecordError
        If it was not started, because it cannot be recorded. Once it runs, nothing is raised: a part that
        cannot be recorded becomes a health line and a warning.
    """
    if not command:
        raise CannotRecordError("no command", hint="ledger run python train.py")
    outer = dict(os.environ if variables is None else variables)
    call = _Call(
        workspace=workspace,
        command=tuple(command),
        options=options or RunOptions(),
        directory=directory or _current_directory(),
        outer=outer,
        users=without_ours(outer),
        forward=forward,
        notify=notify,
    )
    spool: Spool | None = None
    trial: Digest | None = None
    try:
        _recover(call)
        spool = spools.create(workspace.directory, apart=call.options.isolate)
        watch = overlap.watch(spool)
        prepared = _prepare(call, spool)
        if call.options.reuse and (same := reuse.find(workspace, prepared.started.intent)) is not None:
            spool.remove()
            return RunResult(
                trial=same.id, exit_code=0, outcome=same.outcome, health=same.health, reused=True
            )
        with _place(call, prepared) as place:
            workspace.store.flush()
            trial = workspace.journal.append(prepared.started).id
            needed = _needed(workspace)
            end = execute(_launch(call, prepared, place, spool, trial))
            try:
                result = _record(call, prepared, place, watch, trial, end, needed)
            except (LedgerError, OSError) as error:  # the command has run: its exit code counts
                return _unrecorded(call, prepared, spool, trial, end, error)
            _warn(call, result, end.error)
            return result
    except (LedgerError, OSError) as error:
        if spool is not None and trial is None:
            spool.remove()
        elif spool is not None:
            spool.close()  # it has started in the record: a later command records it as lost
        raise cannot_record(error) from error


@frozen
class _Call:
    """What was asked for."""

    workspace: Workspace
    command: tuple[str, ...]
    options: RunOptions
    directory: Path
    outer: dict[str, str]
    """Variables as they are."""
    users: dict[str, str]
    """Variables without what an outer trial added."""
    forward: bool
    notify: Notify


def _recover(call: _Call) -> None:
    """What cannot be saved of another trial is no reason not to run this one."""
    try:
        lost.recover(call.workspace)
    except (LedgerError, OSError) as error:
        call.notify(f"an earlier trial that was lost could not be recorded: {str(error).splitlines()[0]}")


def _prepare(call: _Call, spool: Spool) -> Prepared:
    return prepare(
        call.workspace,
        call.command,
        call.options,
        directory=call.directory,
        variables=call.users,
        parent=_parent(call.outer),
        spool=spool.path,
    )


def _place(call: _Call, prepared: Prepared) -> AbstractContextManager[Place]:
    if not call.options.isolate:
        return nullcontext(usual(call.directory, call.workspace.root))
    from ledger.ops.scratch import isolated  # what it takes to copy a tree is of no use to other runs

    own = prepared.started.code[0]
    trees = [digest for digest in (own.tree, own.products) if digest is not None]
    return isolated(call.workspace, trees, prepared.before, prepared.started.intent.directory)


def _launch(call: _Call, prepared: Prepared, place: Place, spool: Spool, trial: Digest) -> Launch:
    return Launch(
        argv=tuple(place.rewritten(word) for word in call.command),
        directory=str(place.directory),
        variables=child_variables(
            call.users,
            trial=str(trial),
            spool=spool.path,
            ledger=call.workspace.directory,
            seed=seeds.variables_for(call.options.seed),
        ),
        spool=str(spool.path),
        forward=call.forward,
        stdin=str(prepared.stdin) if prepared.stdin else None,
        binds=place.binds,
        keep_fds=(spool.lock,),
    )


def _record(
    call: _Call,
    prepared: Prepared,
    place: Place,
    watch: overlap.Watch,
    trial: Digest,
    end: Exit,
    needed: tuple[Path, ...],
) -> RunResult:
    """Record the end; from here on nothing is raised, since the command has run."""
    spool = watch.spool
    left = Leavings(
        spool=spool.path,
        root=place.root,
        skip=frozenset({call.workspace.directory}),
        before=prepared.before if place.before is None else place.before,
        secrets=prepared.secrets,
        raw=prepared.raw,
        parameters=call.options.parameters,
        interpreter=prepared.started.interpreter,
        placing=process.placing_variables(call.users),
        declared=absolute(call.options.outputs, place.seen_as(call.directory)),
        known=prepared.known if place.before is None else None,
        streams=end.streams,
    )
    missing = next((path for path in needed if not path.exists()), None)
    if missing is not None:
        # Writing on would make a new ledger that has the end of a trial without its beginning.
        raise StorageError(f"{missing} is gone")
    collected = collect(call.workspace.store, left)
    outcome = collected.outcome(end)
    health = united(prepared.started.health, [*collected.health, *_command(end.error)])
    if not call.options.isolate:
        health = united(health, overlap.overlapping(watch, call.workspace, trial))
    call.workspace.journal.append(_finished(trial, prepared, collected, outcome, health))
    spool.remove()
    return RunResult(trial=trial, exit_code=end.exit_code, outcome=outcome, health=health)


def _unrecorded(
    call: _Call, prepared: Prepared, spool: Spool, trial: Digest, end: Exit, error: LedgerError | OSError
) -> RunResult:
    """Say that the end could not be recorded; what the spool holds is left for a later command to recover."""
    spool.close()
    reason = str(error).splitlines()[0]
    call.notify(f"the end of trial {trial.short} was not recorded: {reason}")
    health = united(
        prepared.started.health, [HealthLine(part="outputs", state=HealthState.ABSENT, reason=reason)]
    )
    return RunResult(trial=trial, exit_code=end.exit_code, outcome=None, health=health)


def _needed(workspace: Workspace) -> tuple[Path, ...]:
    """What of the ledger must still be there when the command has ended."""
    directory = workspace.directory
    return layout.format_file(directory), layout.log(directory, workspace.journal.origin)


def _finished(
    trial: Digest,
    prepared: Prepared,
    collected: Collected,
    outcome: Outcome,
    health: tuple[HealthLine, ...],
) -> TrialFinished:
    inputs = prepared.started.inputs
    recipe = Recipe(
        intent=digest_of(prepared.started.intent),
        inputs=tuple((each.path, each.digest) for each in inputs),
        complete=False,
    )
    return TrialFinished(
        trial=trial,
        recipe=digest_of(recipe),
        recipe_complete=recipe.complete,
        hyperparameters=collected.hyperparameters,
        inputs=inputs,
        observed=collected.observed,
        outcome=outcome,
        health=health,
    )


def _command(error: str | None) -> list[HealthLine]:
    if error is None:
        return []
    return [HealthLine(part="command", state=HealthState.PARTIAL, reason=f"it was not started: {error}")]


def _warn(call: _Call, result: RunResult, error: str | None) -> None:
    if error is not None:
        call.notify(error)
    for line in result.health:
        if line.state is HealthState.ABSENT and line.part not in ("probe", "seeds"):
            call.notify(f"{line.part}: not recorded: {line.reason}")
    size = sum(each.size for each in result.outcome.outputs) if result.outcome else 0
    if size > call.workspace.config.store.warn_output_bytes:
        call.notify(f"this trial's outputs take {size / 1e9:.1f} GB")


def _parent(variables: Mapping[str, str]) -> Digest | None:
    text = variables.get("LEDGER_TRIAL")
    try:
        return Digest.parse(text) if text else None
    except LedgerError as error:
        raise CannotRecordError(
            "LEDGER_TRIAL names no trial",
            cause=error.cause,
            hint="only ledger sets it, for what runs inside a trial: unset LEDGER_TRIAL",
        ) from error


def _current_directory() -> Path:
    try:
        return Path.cwd()
    except FileNotFoundError as error:
        raise CannotRecordError(
            "the current directory does not exist any more", hint="change into another one"
        ) from error


def cannot_record(error: LedgerError | OSError) -> CannotRecordError:
    """Say of what went wrong before a command started that it was not started."""
    if isinstance(error, CannotRecordError):
        return error
    if isinstance(error, LedgerError):
        return CannotRecordError(
            "the command was not started, because it cannot be recorded",
            cause=": ".join(filter(None, [error.message, error.cause])),
            hint=error.hint,
        )
    return CannotRecordError("the command was not started, because it cannot be recorded", cause=str(error))
