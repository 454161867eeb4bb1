"""Record one trial."""

import signal
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from ledger.capture import seeds, unseeded, unseen
from ledger.capture.inject import RUNGS, child_variables
from ledger.errors import CannotRecordError, LedgerError
from ledger.model import Artifact, Digest, HealthLine, HealthState, Outcome, Trial
from ledger.model.frozen import frozen
from ledger.ops import ending, lost, overlap, signals
from ledger.ops import spool as spools
from ledger.ops.call import Call, Notify
from ledger.ops.ending import Ended
from ledger.ops.execute import Launch, execute
from ledger.ops.finish import united
from ledger.ops.place import Place, usual
from ledger.ops.prepare import Prepared, RunOptions, prepare
from ledger.ops.spool import Spool
from ledger.ops.watching import Watch
from ledger.workspace import Workspace

__all__ = ["RunOptions", "RunResult", "cannot_record", "run"]


@frozen
class RunResult:
    """What came of a run."""

    trial: Digest
    exit_code: int
    """The command's own."""
    outcome: Outcome | None
    """None where it could not be recorded any more."""
    health: tuple[HealthLine, ...]
    inputs: tuple[Artifact, ...] = ()
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
    on_started: Callable[[Digest], None] = lambda _: None,
    stopping: Callable[[], bool] = lambda: False,
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
    on_started
        Called with the trial's id once its start is durable, right before the command is started. It must not
        raise.
    stopping
        Whether a signal came before one could be passed on: asked right before the start is recorded, and
        again once the command runs, which then gets a SIGINT.

    Raises
    ------
    CannotRecordError
        If it was not started, because it cannot be recorded, or was to stop before. Once it runs, nothing is
        raised: a part that cannot be recorded becomes a health line and a warning.
    """
    call = Call.of(
        workspace,
        tuple(command),
        options or RunOptions(),
        directory=directory,
        variables=variables,
        forward=forward,
        notify=notify,
    )
    spool: Spool | None = None
    trial: Digest | None = None
    try:
        _recover(call)
        spool = spools.create(workspace.directory, apart=call.options.isolate)
        around = overlap.watch(spool)
        prepared = _prepare(call, spool)
        if call.options.reuse and (same := _same(workspace, prepared)) is not None:
            spool.remove()
            workspace.store.release()
            return RunResult(
                trial=same.id,
                exit_code=0,
                outcome=same.outcome,
                health=same.health,
                inputs=same.inputs,
                reused=True,
            )
        with _place(call, prepared) as place, Watch(call, prepared, place, spool) as watch:
            workspace.store.flush()
            if stopping():
                raise CannotRecordError("the command was not started", cause="a signal came before")
            trial = workspace.journal.append(prepared.started).id
            workspace.store.release()  # the command may run for days
            on_started(trial)
            needed = ending.needed(workspace)
            with _followed(call, trial, spool) as follow:

                def begun(child: int) -> None:
                    follow(child)
                    if stopping():
                        signal.raise_signal(signal.SIGINT)  # which is held back by now, and passed on

                end = execute(_launch(call, prepared, place, spool, trial, watch), begun)
            ended = Ended(
                trial=trial,
                exit=end,
                prepared=prepared,
                place=place,
                spool=spool,
                watch=watch,
                around=around,
                needed=needed,
            )
            return _record(call, ended)
    except (LedgerError, OSError) as error:
        workspace.store.release()
        if spool is not None and trial is None:
            spool.remove()
        elif spool is not None:
            spool.close()  # it has started in the record: a later command records it as lost
        raise cannot_record(error) from error
    except BaseException:  # or who removes objects would wait for as long as this process lives
        workspace.store.release()
        if spool is not None:
            spool.let_go()
        raise


def _same(workspace: Workspace, prepared: Prepared) -> Trial | None:
    from ledger.ops import reuse  # what it takes to read trials is of no use to other runs

    return reuse.find(workspace, prepared.started.intent)


def _recover(call: Call) -> None:
    """What cannot be saved of another trial is no reason not to run this one."""
    try:
        lost.recover(call.workspace)
    except (LedgerError, OSError) as error:
        call.notify(f"an earlier trial that was lost could not be recorded: {str(error).splitlines()[0]}")


def _prepare(call: Call, spool: Spool) -> Prepared:
    return prepare(
        call.workspace,
        call.command,
        call.options,
        directory=call.directory,
        variables=call.users,
        parent=call.parent,
        spool=spool.path,
    )


def _place(call: Call, prepared: Prepared) -> AbstractContextManager[Place]:
    if not call.options.isolate:
        return nullcontext(usual(call.directory, call.workspace.root))
    from ledger.ops.scratch import isolated  # what it takes to copy a tree is of no use to other runs

    own = prepared.started.code[0]
    trees = [digest for digest in (own.tree, own.products) if digest is not None]
    files = () if call.options.pinned is None else call.options.pinned.files
    return isolated(
        call.workspace,
        trees,
        prepared.before,
        prepared.started.intent.directory,
        files,
        prepared.checkpoint,
    )


def _followed(call: Call, trial: Digest, spool: Spool) -> AbstractContextManager[Callable[[int], None]]:
    """What decides meanwhile whether the trial is stopped, called once the command runs."""
    pinned = call.options.pinned
    if pinned is None or pinned.scheduled is None:
        return nullcontext(lambda _: None)
    from ledger.ops.tune.following import Following  # of use to a search alone

    return Following(call.workspace, trial, spool.path, pinned.scheduled, call.notify)


def _launch(
    call: Call, prepared: Prepared, place: Place, spool: Spool, trial: Digest, watch: Watch
) -> Launch:
    pinned = call.options.pinned
    scheduled = None if pinned is None else pinned.scheduled
    return Launch(
        argv=tuple(place.rewritten(word) for word in call.command),
        directory=str(place.directory),
        variables=child_variables(
            call.users,
            trial=str(trial),
            spool=spool.path,
            ledger=call.workspace.directory,
            seed=seeds.variables_for(call.options.seed, call.options.seeds),
            stopping=None if scheduled is None else {RUNGS: scheduled.rungs},
        ),
        spool=str(spool.path),
        forward=call.forward,
        stdin=str(prepared.stdin) if prepared.stdin else None,
        binds=place.binds,
        keep_fds=(spool.lock,),
        tracer=lambda: watch.begin(str(trial)),
        timeout=None if pinned is None else pinned.timeout,
        new_session=pinned is not None,
        passes_on=pinned is not None,
    )


def _record(call: Call, ended: Ended) -> RunResult:
    """Record the end; from here on nothing is raised, since the command has run and its exit code counts."""
    code = ended.exit.exit_code
    again = f"recording the end of trial {ended.trial.short}; Ctrl-C again gives it up"
    try:
        with signals.Patience(lambda: call.notify(again)), call.workspace.store.pinned():
            recorded = ending.record(call, ended)
    except (LedgerError, OSError) as error:
        return _unrecorded(call, ended, error)
    except KeyboardInterrupt:
        call.notify(f"the end of trial {ended.trial.short} was not recorded: interrupted")
        raise
    collected = recorded.collected
    result = RunResult(
        trial=ended.trial,
        exit_code=code,
        outcome=recorded.outcome,
        health=recorded.health,
        inputs=collected.inputs,
    )
    _warn(call, result, ended.exit.error)
    for text in unseen.warnings(ended.watch.last, asked=call.traced):
        call.notify(text)
    for text in unseeded.warnings(collected.events, call.options.seed, call.workspace.root):
        call.notify(text)
    return result


def _unrecorded(call: Call, ended: Ended, error: LedgerError | OSError) -> RunResult:
    """Say that the end could not be recorded; what the spool holds is left for a later command to recover."""
    ended.spool.close()
    reason = str(error).splitlines()[0]
    call.notify(f"the end of trial {ended.trial.short} was not recorded: {reason}")
    health = united(
        ended.prepared.started.health,
        [HealthLine(part="outputs", state=HealthState.ABSENT, reason=reason)],
    )
    return RunResult(trial=ended.trial, exit_code=ended.exit.exit_code, outcome=None, health=health)


def _warn(call: Call, result: RunResult, error: str | None) -> None:
    if error is not None:
        call.notify(error)
    for line in result.health:
        if line.state is HealthState.ABSENT and line.part not in ("probe", "seeds"):
            call.notify(f"{line.part}: not recorded: {line.reason}")
    size = sum(each.size for each in result.outcome.outputs) if result.outcome else 0
    if size > call.workspace.config.store.warn_output_bytes:
        call.notify(f"this trial's outputs take {size / 1e9:.1f} GB")


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
