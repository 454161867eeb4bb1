"""All of a trial that is known before its command starts."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ledger.capture import code, environment, files, hyperparameters, process, seeds
from ledger.capture.environment import CapturedEnvironment, EditableInstall
from ledger.capture.files import Scan
from ledger.capture.hyperparameters import Raw
from ledger.capture.interpreter import find
from ledger.capture.known import Known
from ledger.capture.secrets import Secrets
from ledger.errors import CannotRecordError
from ledger.model import (
    Artifact,
    ArtifactRole,
    CodeSnapshot,
    Digest,
    HealthLine,
    HealthState,
    Intent,
    TrialStarted,
    Value,
    layout,
)
from ledger.model.codec import encode
from ledger.model.frozen import frozen
from ledger.ops import standard_input
from ledger.ops.names import check_name
from ledger.workspace import Workspace

STANDARD_INPUT = "-"
"""As a path of ``--input``: standard input is read to its end and recorded."""


@frozen
class RunOptions:
    """What a person can say about a trial beside its command."""

    name: str | None = None
    experiment: str | None = None
    message: str | None = None
    tags: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    """Paths as given, from the working directory; ``-`` is standard input."""
    outputs: tuple[str, ...] = ()
    parameters: tuple[tuple[str, Value], ...] = ()
    seed: int | None = None
    isolate: bool = False
    """Execute in a scratch copy of the tree."""
    enforce_clean: bool = False
    """Refuse to run if the code differs from its commit."""
    reuse: bool = False
    """Do not run what has been run already, if its inputs still match."""


@frozen
class Prepared:
    """What is known, and what finishing the record needs of it."""

    started: TrialStarted
    before: Scan
    known: Known
    secrets: Secrets
    raw: Raw
    environment: CapturedEnvironment
    stdin: Path | None
    """What to open as standard input; None leaves it as it is."""


def prepare(
    workspace: Workspace,
    command: Sequence[str],
    options: RunOptions,
    *,
    directory: Path,
    variables: Mapping[str, str],
    parent: Digest | None,
    spool: Path,
) -> Prepared:
    """Capture what a trial is made of; everything is put, nothing is durable yet.

    Raises
    ------
    CannotRecordError
        If something that was asked for is not to be had.
    LedgerError
        If the store refuses.
    """
    root, put = workspace.root, workspace.store
    for value, what in ((options.name, "name"), (options.experiment, "experiment")):
        if value is not None:
            check_name(value, what)
    for tag in options.tags:
        check_name(tag, "tag")
    skip = frozenset({workspace.directory})
    secrets = Secrets.find(command, variables)

    # 1. The tree, its code and the inputs in it.
    before = files.scan(root, skip)
    known = Known.load(layout.index(workspace.directory), root)
    captured = _code(workspace, root, ".", workspace.git, before, known)
    if options.enforce_clean and (captured.snapshot.dirty or captured.snapshot.commit is None):
        raise CannotRecordError(
            "the code differs from its commit",
            cause=f"--enforce-clean: {root} has changes, or no commit",
            hint="commit them, or leave --enforce-clean out",
        )
    inputs = _inputs(workspace, options, directory, known)

    # 2. The interpreter and what it imports.
    found = find(command, directory, variables, cache=workspace.cache)
    surroundings = environment.capture(
        found,
        variables={**variables, **seeds.variables_for(options.seed)},
        allow=workspace.config.environment.variables,
        root=root,
        cache=workspace.cache,
    )
    snapshots, partial = _others(workspace, captured.snapshot, surroundings.editable)
    health = [_joined(captured.health, partial), surroundings.health]

    # 3. The command and its standard input.
    raw = hyperparameters.from_argv(secrets.argv, directory)
    stdin, source = _standard_input(workspace, options, spool)
    inputs_health = "files that it opens by itself are not watched"
    if stdin == standard_input.STREAM:
        inputs_health += "; standard input is a stream and was not recorded (--input - records it)"
    health += [
        HealthLine(part="host", state=HealthState.COMPLETE),
        HealthLine(part="command", state=HealthState.COMPLETE),
        HealthLine(part="inputs", state=HealthState.PARTIAL, reason=inputs_health),
    ]
    if found.isolated:
        reason = f"{' '.join(found.flags)} keeps the probe out of the interpreter"
        health.append(HealthLine(part="probe", state=HealthState.ABSENT, reason=reason))

    # 4. What it all amounts to.
    environment_digest = put.put(encode(surroundings.environment))
    intent = Intent(
        argv=secrets.argv,
        directory=relative(directory, root),
        stdin=stdin,
        code=tuple(sorted((each.name, each.tree) for each in snapshots)),
        environment=environment_digest,
        seed=options.seed,
        parameters=tuple(sorted((name, _masked(secrets, value)) for name, value in options.parameters)),
        inputs=tuple((each.path, each.digest) for each in inputs),
    )
    started = TrialStarted(
        name=options.name,
        experiment=options.experiment,
        message=options.message,
        tags=tuple(sorted(set(options.tags))),
        parent=parent,
        root=str(root),
        intent=intent,
        code=snapshots,
        environment=environment_digest,
        interpreter=surroundings.interpreter,
        host=put.put(encode(process.host())),
        hyperparameters=hyperparameters.merge(raw, options.parameters, secrets=secrets),
        inputs=inputs,
        spool=spool.name,
        health=tuple(health),
    )
    return Prepared(
        started=started,
        before=before,
        known=known,
        secrets=secrets,
        raw=raw,
        environment=surroundings,
        stdin=source,
    )


def relative(directory: Path, root: Path) -> str:
    """`directory` from `root`; itself where it lies elsewhere."""
    try:
        return directory.resolve().relative_to(root.resolve()).as_posix()
    except (ValueError, OSError):
        return str(directory)


def _code(
    workspace: Workspace, root: Path, name: str, git: bool, found: Scan, known: Known
) -> code.CapturedCode:
    settings = workspace.config.code
    recorded = workspace.journal.outputs()
    return code.capture(
        root,
        put=workspace.store,
        git=git,
        is_product=recorded,
        was_output=lambda path: recorded(path, None),
        limits=code.CodeLimits(
            max_untracked_bytes=settings.max_untracked_bytes,
            max_files=settings.max_files,
            max_bytes=settings.max_bytes,
            paths=settings.paths if name == "." else (),
        ),
        skip=frozenset({workspace.directory}),
        name=name,
        found=found,
        known=known,
    )


def _others(
    workspace: Workspace, own: CodeSnapshot, editable: Sequence[EditableInstall]
) -> tuple[tuple[CodeSnapshot, ...], list[str]]:
    """Snapshots of the root and of the code that is imported from elsewhere."""
    snapshots, partial = [own], []
    root = workspace.root.resolve()
    for each in editable:
        place = each.path.resolve()
        paths = tuple(relative(path, place) for path in each.paths)
        if place == root or root in place.parents:
            inside = tuple(relative(path, root) for path in each.paths)
            snapshots[0] = replace(snapshots[0], paths=(*snapshots[0].paths, *inside))
            continue
        found = files.scan(place)
        known = Known.load(layout.index(workspace.directory), place)
        captured = _code(workspace, place, each.name, (place / ".git").exists(), found, known)
        known.save(found.files)
        snapshots.append(replace(captured.snapshot, paths=paths))
        if captured.health.reason:
            partial.append(f"{each.name}: {captured.health.reason}")
    return tuple(snapshots), partial


def _joined(line: HealthLine, more: list[str]) -> HealthLine:
    if not more:
        return line
    state = HealthState.PARTIAL if line.state is HealthState.COMPLETE else line.state
    return replace(line, state=state, reason="; ".join(filter(None, [line.reason, *more])))


def _inputs(workspace: Workspace, options: RunOptions, directory: Path, known: Known) -> tuple[Artifact, ...]:
    declared = [str(directory / path) for path in options.inputs if path != STANDARD_INPUT]
    artifacts, problems = files.artifacts(
        workspace.root,
        declared,
        ArtifactRole.INPUT,
        put=workspace.store,
        max_bytes=workspace.config.store.max_input_bytes,
        follow=True,
        known=known,
    )
    if problems:
        raise CannotRecordError(
            "an input cannot be recorded",
            cause="; ".join(problems),
            hint="--input takes a file or a directory that is there",
        )
    return artifacts


def _standard_input(workspace: Workspace, options: RunOptions, spool: Path) -> tuple[str, Path | None]:
    limit = workspace.config.store.max_input_bytes
    stdin = standard_input.describe(workspace.store, limit)
    if STANDARD_INPUT not in options.inputs or stdin in (standard_input.CLOSED, standard_input.NULL):
        return stdin, None
    if stdin in (standard_input.STREAM, standard_input.TERMINAL):
        path = spool / "stdin"
        return standard_input.spool(path, workspace.store), path
    return stdin, None


def _masked(secrets: Secrets, value: Value) -> Value:
    return secrets.mask_text(value) if isinstance(value, str) else value
