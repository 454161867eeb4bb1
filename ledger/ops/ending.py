"""The end of a run: from how its command ended to what is appended to the journal."""

from pathlib import Path

from ledger.capture import process
from ledger.capture.command_line import script_words, typed
from ledger.capture.events import Events
from ledger.capture.parses import of_program
from ledger.capture.walk import named
from ledger.errors import LedgerError, StorageError
from ledger.model import (
    Digest,
    HealthLine,
    HealthState,
    Outcome,
    Recipe,
    TrialFinished,
    TrialStarted,
    layout,
)
from ledger.model.codec import digest_of
from ledger.model.frozen import frozen, replace
from ledger.ops import overlap
from ledger.ops.call import Call
from ledger.ops.execute import Exit
from ledger.ops.finish import Collected, absolute, collect, united
from ledger.ops.leavings import Leavings, Surroundings, places
from ledger.ops.place import Place
from ledger.ops.prepare import Prepared
from ledger.ops.spool import Spool
from ledger.ops.watching import Watch
from ledger.workspace import Workspace


@frozen
class Ended:
    """A command that has run, and all that is needed to record its end."""

    trial: Digest
    exit: Exit
    prepared: Prepared
    place: Place
    spool: Spool
    watch: Watch
    around: overlap.Watch
    """Who was there when it began."""
    needed: tuple[Path, ...]
    """What of the ledger must still be there."""


@frozen
class Recorded:
    """What was recorded of an end."""

    outcome: Outcome
    health: tuple[HealthLine, ...]
    collected: Collected


def needed(workspace: Workspace) -> tuple[Path, ...]:
    """What of the ledger must still be there when the command has ended."""
    directory = workspace.directory
    return layout.format_file(directory), layout.log(directory, workspace.journal.origin)


def record(call: Call, ended: Ended) -> Recorded:
    """Collect what the command left, and append its end.

    Raises
    ------
    LedgerError, OSError
        If that cannot be written.
    """
    missing = next((path for path in ended.needed if not path.exists()), None)
    if missing is not None:
        # Writing on would make a new ledger that has the end of a trial without its beginning.
        raise StorageError(f"{missing} is gone")
    overlapped = (
        [] if call.options.isolate else overlap.overlapping(ended.around, call.workspace, ended.trial)
    )
    collected = collect(call.workspace.store, _leavings(call, ended, bool(overlapped)))
    outcome = collected.outcome(ended.exit)
    started = ended.prepared.started
    health = united(started.health, [*collected.health, *_command(ended.exit.error)])
    health = united(health, overlapped)
    finished = _finished(call, ended, collected, outcome, health)
    if nameless := _nameless(ended.prepared.started, finished, collected.events):
        health = united(health, [nameless])
        finished = replace(finished, health=health)
    if call.workspace.config.environment.keep_wheels:
        finished = _with_wheels(call.workspace, ended, finished)
        health = finished.health
    call.workspace.journal.append(finished)
    ended.spool.remove()
    return Recorded(outcome=outcome, health=health, collected=collected)


def _leavings(call: Call, ended: Ended, overlapped: bool) -> Leavings:
    prepared, place = ended.prepared, ended.place
    own_tree = place.before is None
    config = call.workspace.config
    return Leavings(
        spool=ended.spool.path,
        root=place.root,
        skip=frozenset({call.workspace.directory}),
        before=prepared.before if place.before is None else place.before,
        secrets=prepared.secrets,
        raw=prepared.raw,
        parameters=call.options.parameters,
        interpreter=prepared.started.interpreter,
        placing=process.placing_variables(call.users),
        declared=absolute(call.options.outputs, place.seen_as(call.directory)),
        known=prepared.known if own_tree else None,
        streams=ended.exit.streams,
        ended_ns=ended.exit.started_ns + int(ended.exit.duration_s * 1e9),
        killed=ended.exit.signal is not None,
        surroundings=Surroundings(
            places=places(
                call.workspace,
                call.users,
                prepared.started.interpreter,
                spool=ended.spool.path,
                sites=prepared.environment.sites,
                repositories=prepared.repositories,
                present=prepared.present,
            ),
            directory=call.directory,
            recorded=prepared.recorded,
            inputs=prepared.started.inputs,
            max_input_bytes=config.store.max_input_bytes,
            sites=prepared.environment.sites,
            cache=call.workspace.cache,
            overlapped=overlapped,
            copied=None if own_tree else prepared.before,
            known=prepared.known,
        ),
        watched=lambda events: ended.watch.seen(events),
        metrics=config.metrics,
    )


def _finished(
    call: Call,
    ended: Ended,
    collected: Collected,
    outcome: Outcome,
    health: tuple[HealthLine, ...],
) -> TrialFinished:
    # A stream as standard input is an input too, and what the probe or the tracer cannot say is in `health`.
    complete = collected.inputs_complete and all(
        line.state is HealthState.COMPLETE for line in health if line.part == "inputs"
    )
    recipe = Recipe(
        intent=digest_of(ended.prepared.started.intent),
        inputs=tuple((each.path, each.digest) for each in collected.inputs),
        complete=complete,
    )
    seen = collected.hyperparameters
    if call.options.pinned is not None:
        from ledger.ops import pinned

        seen = pinned.overlaid(seen, call.options.pinned)
    return TrialFinished(
        trial=ended.trial,
        recipe=digest_of(recipe),
        recipe_complete=recipe.complete,
        hyperparameters=seen,
        inputs=collected.inputs,
        observed=collected.observed,
        outcome=outcome,
        health=health,
    )


def _nameless(started: TrialStarted, finished: TrialFinished, events: Events) -> HealthLine | None:
    """Say which numbers of the command have no name, where the program does not say what it reads.

    Of other words nobody knows that they are hyperparameters: many are files, and what is to be done.
    """
    numbers = {word for word in script_words(started.intent.argv) if type(typed(word)) in (int, float)}
    if not numbers or events.parameters or of_program(events):
        return None
    from ledger.ops.arguments import unnamed_words  # few commands have such words

    files = (*finished.inputs, *finished.outcome.outputs)
    words = unnamed_words(started.intent, started.root, finished.hyperparameters, finished.observed, files)
    found = [word for word in words if word in numbers]
    if not found:
        return None
    which = "a number of the command has" if len(found) == 1 else "numbers of the command have"
    reason = f"{which} no name: {named(found)} (-p NAME={found[0]} gives it one)"
    return HealthLine(part="hyperparameters", state=HealthState.PARTIAL, reason=reason)


def _with_wheels(workspace: Workspace, ended: Ended, finished: TrialFinished) -> TrialFinished:
    """Keep what was installed, now that the command has ended; what goes wrong costs the wheels alone."""
    from ledger.capture import wheels  # only those who ask for it pay for it

    captured = ended.prepared.environment
    try:
        kept = wheels.keep(
            captured.environment,
            captured.sites,
            put=workspace.store,
            scratch=ended.spool.path,
            cache=workspace.cache,
        )
        workspace.store.flush()
    except (LedgerError, OSError) as error:
        reason = " ".join(str(error).split("\n"))
        line = HealthLine(part=wheels.PART, state=HealthState.ABSENT, reason=reason)
        return replace(finished, health=united(finished.health, [line]))
    return replace(finished, wheels=kept.wheels, health=united(finished.health, [kept.health]))


def _command(error: str | None) -> list[HealthLine]:
    if error is None:
        return []
    return [HealthLine(part="command", state=HealthState.PARTIAL, reason=f"it was not started: {error}")]
