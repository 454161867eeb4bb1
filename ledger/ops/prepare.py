"""All of a trial that is known before its command starts."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from ledger.capture import (
    code,
    container,
    environment,
    files,
    hyperparameters,
    leftovers,
    locks,
    process,
    seeds,
)
from ledger.capture.choice import Held, held
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
    Manifest,
    TrialStarted,
    Value,
    layout,
)
from ledger.model.codec import encode
from ledger.model.frozen import frozen, replace
from ledger.ops import standard_input
from ledger.ops.names import check_name
from ledger.ops.products import Products
from ledger.ops.run_options import Pinned, RunOptions
from ledger.workspace import Workspace

__all__ = ["STANDARD_INPUT", "Pinned", "Prepared", "RunOptions", "prepare", "relative"]

STANDARD_INPUT = "-"
"""As a path of ``--input``: standard input is read to its end and recorded."""


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
    recorded: Callable[[str], Held | None]
    """What the trees of code and products hold, by recorded path."""
    repositories: tuple[Path, ...]
    """Other directories that were recorded as code."""
    present: frozenset[str]
    """What lay under made-up names in the directories for temporary files."""
    checkpoint: tuple[Artifact, ...] = ()
    """What a trial that goes on from another one finds in its copy of the tree."""


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
    secrets = Secrets.find(command, variables, (root, directory))

    # 1. The tree, its code and the inputs in it.
    before = files.scan(root, skip)
    if options.searching or options.pinned is not None:
        from ledger.ops import pinned  # of use to a search alone

        before = pinned.without_own_output(before, root)
    known = Known.load(layout.index(workspace.directory), root)
    mentioned = _notebooks(command, directory, root)
    captured = _code(workspace, root, ".", workspace.git, before, known, secrets, mentioned)
    if options.enforce_clean and (captured.snapshot.dirty or captured.snapshot.commit is None):
        raise CannotRecordError(
            "the code differs from its commit",
            cause=f"--enforce-clean: {root} has changes, or no commit",
            hint="commit them, or leave --enforce-clean out",
        )
    changed = False
    if options.pinned is not None:
        live = captured
        captured, before = pinned.instead(workspace, captured, before, options.pinned)
        changed = captured.snapshot.tree != live.snapshot.tree
    # 2. The interpreter and what it imports.
    found = find(command, directory, variables, cache=workspace.cache)
    surroundings = environment.capture(
        found,
        variables={**variables, **seeds.variables_for(options.seed)},
        allow=workspace.config.environment.variables,
        root=root,
        cache=workspace.cache,
    )
    snapshots, partial, others = _others(workspace, captured.snapshot, surroundings.editable, secrets)
    if options.pinned is not None:
        pinned.check(options.pinned, snapshots)
    edited, environment_health = _checked(surroundings) if options.deep else ([], surroundings.health)
    inputs, withheld = _inputs(workspace, options, directory, known, secrets, edited)
    checkpoint: tuple[Artifact, ...] = ()
    if options.pinned is not None:
        inputs = pinned.as_copied(inputs, captured, live)
        inputs = pinned.with_files(workspace, inputs, options.pinned, relative(directory, root))
        inputs, checkpoint = pinned.with_checkpoint(workspace, inputs, options.pinned)
    machine = process.host(variables=variables, cache=workspace.cache)
    health = [_joined(captured.health, partial), environment_health, container.health(machine)]
    executable = surroundings.interpreter.executable if surroundings.interpreter else None
    kept = locks.capture(
        root, locks.projects(executable), trees=[captured.tree, captured.products], put=put, known=known
    )

    # 3. The command and its standard input.
    raw = hyperparameters.from_argv(secrets.argv, directory, workspace.config.hyperparameters)
    if changed:  # what a configuration file holds is told when the program opens it
        raw = raw._replace(files=(), problems=())
    stdin, source = _standard_input(workspace, options, spool)
    health.append(HealthLine(part="command", state=HealthState.COMPLETE))
    if stdin == standard_input.STREAM:
        withheld.append("standard input is a stream and was not recorded (--input - records it)")
    if withheld:
        health.append(HealthLine(part="inputs", state=HealthState.PARTIAL, reason="; ".join(withheld)))
    if found.hiding is not None:
        reason = f"python {found.hiding} keeps the probe out"
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
        seeds=options.seeds,
    )
    seen = hyperparameters.merge(raw, options.parameters, secrets=secrets)
    if options.pinned is not None:
        seen = pinned.overlaid(seen, options.pinned)
    continued = options.pinned.continued if options.pinned else None
    started = TrialStarted(
        name=options.name,
        experiment=options.experiment,
        message=options.message,
        tags=tuple(sorted(set(options.tags))),
        parent=parent,
        proposal=None if options.pinned is None else options.pinned.proposal,
        continues=continued.trial if continued else None,
        root=str(root),
        intent=intent,
        code=snapshots,
        environment=environment_digest,
        interpreter=surroundings.interpreter,
        host=put.put(encode(machine)),
        locks=kept,
        hyperparameters=seen,
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
        recorded=held(captured.tree, captured.products, {str(path): tree for path, tree in others.items()}),
        repositories=tuple(others),
        present=leftovers.present(variables),
        checkpoint=checkpoint,
    )


def relative(directory: Path, root: Path) -> str:
    """`directory` from `root`; itself where it lies elsewhere."""
    try:
        return directory.resolve().relative_to(root.resolve()).as_posix()
    except (ValueError, OSError):
        return str(directory)


def _code(
    workspace: Workspace,
    root: Path,
    name: str,
    git: bool,
    found: Scan,
    known: Known,
    secrets: Secrets,
    mentioned: frozenset[str] = frozenset(),
) -> code.CapturedCode:
    settings = workspace.config.code
    products = Products(workspace.journal.outputs())
    return code.capture(
        root,
        put=workspace.store,
        git=git,
        is_product=products.is_product,
        was_output=products.was_output,
        was_withheld=products.was_withheld,
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
        mentioned=mentioned,
        cache=workspace.cache,
        secrets=secrets,
    )


def _notebooks(command: Sequence[str], directory: Path, root: Path) -> frozenset[str]:
    """The notebooks that a command names, from the root."""
    if not any(word.endswith(".ipynb") for word in command):
        return frozenset()
    from ledger.capture.notebooks import named

    return named(command, directory, root)


def _checked(surroundings: CapturedEnvironment) -> tuple[list[str], HealthLine]:
    """Installed files that are not what was installed, and the environment's health with that said."""
    from ledger.capture.deep import deep_check  # hashes all that is installed

    found = deep_check(surroundings.sites)
    line = surroundings.health
    return [each.path for each in found.edited if each.digest is not None], _joined(
        line, [found.reason] if found.reason else []
    )


def _others(
    workspace: Workspace, own: CodeSnapshot, editable: Sequence[EditableInstall], secrets: Secrets
) -> tuple[tuple[CodeSnapshot, ...], list[str], dict[Path, Manifest]]:
    """Snapshots of the root and of the code from elsewhere, what of it is missing, and its trees."""
    snapshots, partial = [own], []
    others: dict[Path, Manifest] = {}
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
        captured = _code(workspace, place, each.name, (place / ".git").exists(), found, known, secrets)
        known.save(found.files)
        snapshots.append(replace(captured.snapshot, paths=paths))
        others[place] = captured.tree
        if captured.health.reason:
            partial.append(f"{each.name}: {captured.health.reason}")
    return tuple(snapshots), partial, others


def _joined(line: HealthLine, more: list[str]) -> HealthLine:
    if not more:
        return line
    state = HealthState.PARTIAL if line.state is HealthState.COMPLETE else line.state
    return replace(line, state=state, reason="; ".join(filter(None, [line.reason, *more])))


def _inputs(
    workspace: Workspace,
    options: RunOptions,
    directory: Path,
    known: Known,
    secrets: Secrets,
    edited: list[str],
) -> tuple[tuple[Artifact, ...], list[str]]:
    """Those that were declared, and installed files that nobody could install again; what was withheld."""
    declared = [str(directory / path) for path in options.inputs if path != STANDARD_INPUT]
    artifacts, problems = files.artifacts(
        workspace.root,
        [*declared, *edited],
        ArtifactRole.INPUT,
        put=workspace.store,
        max_bytes=workspace.config.store.max_input_bytes,
        follow=True,
        known=known,
        secrets=secrets,
        group=True,
    )
    withheld = [each for each in problems if each.startswith(files.WITHHELD)]
    if problems := [each for each in problems if each not in withheld]:
        raise CannotRecordError(
            "an input cannot be recorded",
            cause="; ".join(problems),
            hint="--input takes a file or a directory that is there",
        )
    return artifacts, withheld


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
