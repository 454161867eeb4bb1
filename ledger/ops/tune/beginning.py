"""Begin a search, or find the one that a call goes on with."""

from collections.abc import Callable, Mapping
from pathlib import Path

from ledger import fs
from ledger.errors import MismatchError, UsageError
from ledger.model import CodeSnapshot, Digest, Manifest, layout
from ledger.model.codec import decode, encode
from ledger.model.frozen import frozen, replace
from ledger.model.search import Search
from ledger.model.space import Objective, Space
from ledger.ops import checkpoints, searches
from ledger.ops.prepare import RunOptions, prepare, relative
from ledger.ops.tune import changes, others, rules
from ledger.ops.tune import secrets as tune_secrets
from ledger.ops.tune.words import Words
from ledger.tune import racing
from ledger.tune.samplers import registry
from ledger.tune.schedulers import registry as schedulers
from ledger.tune.schedulers.base import Scheduler
from ledger.tune.space.unit import UnitSpace
from ledger.workspace import Workspace

_SHOWN = 5
"""Checkpoints in the code that are named."""


@frozen
class Wanted:
    """A search as somebody asks for it; what is None is as it was, or by default."""

    name: str
    """Of the experiment."""
    command: tuple[str, ...] = ()
    space: Space | None = None
    objectives: tuple[Objective, ...] = ()
    requirements: tuple[str, ...] = ()
    sampler: str | None = None
    scheduler: str | None = None
    seed: int | None = None
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    checkpoints: tuple[str, ...] = ()
    trial_timeout: float | None = None
    seeds: int | None = None


@frozen
class Begun:
    """A search that can go on."""

    id: Digest
    search: Search
    new: bool
    """Whether it has just begun."""
    before: Digest | None = None
    """The search that it was forked from."""
    notices: tuple[str, ...] = ()


def begin(
    workspace: Workspace,
    wanted: Wanted,
    *,
    directory: Path,
    variables: Mapping[str, str],
    fork: bool,
    counts: Callable[[Digest, Search], bool],
) -> Begun:
    """Begin the search, or find the one that has begun.

    Parameters
    ----------
    workspace
        The ledger.
    wanted
        What is asked for.
    directory
        Where trials run; the search's code is that of the tree around it.
    variables
        Their environment.
    fork
        Whether a search of that name is left as it is, and a new one goes on from it.
    counts
        Whether a search has a trial that counts; one without may begin anew.

    Raises
    ------
    MismatchError
        If one of that name has begun that is another one, and it is not to be forked.
    UsageError
        If what is needed is not said.
    """
    place = layout.searches_lock(workspace.directory)
    with fs.explained(place):
        fs.make_directory(place.parent)
    with fs.locked(place):
        former = searches.newest(workspace.journal, wanted.name)
        before = None if former is None else searches.read(former[1])
        if before is not None:
            if workspace.foreign and not wanted.command:
                raise UsageError(
                    "a search that came in a bundle goes on with a command that you name",
                    cause="others chose the one that is recorded",
                    hint=f"read it, then say it behind --: {' '.join(before.command)}",
                )
            wanted = _filled(wanted, before)
        search = _search(workspace, wanted, directory, variables)
        if former is None or before is None:
            return Begun(id=_append(workspace, wanted.name, search), search=search, new=True)
        notices = _notices(search, before)
        differences = list(changes.between(workspace, before, rules.as_begun(search, before)))
        if not differences and (not fork or before.forked is not None):
            workspace.store.release()
            if fork:
                notices = (*notices, "nothing differs from the newest fork: it goes on")
            return Begun(id=former[0], search=before, new=False, before=before.forked, notices=notices)
        if not fork and counts(former[0], before):
            workspace.store.release()
            raise MismatchError(
                f"the experiment {wanted.name} has begun as another search",
                cause="; ".join(differences),
                hint="put it back as it was, or begin a new search that learns from the trials of this one:"
                " add --fork",
            )
        if not fork and (_runs(workspace, former[0]) or others.run(workspace, former[0])):
            workspace.store.release()
            raise MismatchError(
                f"the experiment {wanted.name} is being searched by another process, as another search",
                cause="; ".join(differences),
                hint="stop that one, or begin a new search beside it: add --fork",
            )
        search = replace(search, forked=former[0])
        id = _append(workspace, wanted.name, search)
        return Begun(id=id, search=search, new=True, before=former[0] if fork else None, notices=notices)


def _filled(wanted: Wanted, before: Search) -> Wanted:
    """What was not said is as it was."""
    return replace(
        wanted,
        command=wanted.command or before.command,
        space=wanted.space or before.space,
        objectives=wanted.objectives or before.objectives,
        requirements=wanted.requirements or before.requirements,
        sampler=wanted.sampler or before.sampler,
        scheduler=wanted.scheduler or before.scheduler,
        seed=before.trial_seed if wanted.seed is None else wanted.seed,
        inputs=wanted.inputs or before.inputs,
        outputs=wanted.outputs or before.outputs,
        checkpoints=wanted.checkpoints or before.checkpoints,
        trial_timeout=wanted.trial_timeout or before.trial_timeout,
        seeds=wanted.seeds or before.seeds,
    )


def _search(workspace: Workspace, wanted: Wanted, directory: Path, variables: Mapping[str, str]) -> Search:
    if not wanted.command or wanted.space is None or not wanted.objectives:
        missing = [
            what
            for what, there in (
                ("a space (-p or --space)", wanted.space),
                ("an objective (--minimize or --maximize)", wanted.objectives),
                ("a command", wanted.command),
            )
            if not there
        ]
        raise UsageError(
            f"no search {wanted.name} has begun here, and this does not say all of it",
            cause=f"missing: {', '.join(missing)}",
            hint="ledger tune -x digits --minimize loss -n 20 -p 'lr=log(1e-5, 1e-1)' -- python train.py"
            " --lr {lr}",
        )
    seed = wanted.seed or 0
    seeds = _seeds(wanted)
    choice = registry.parsed(wanted.sampler or registry.DEFAULT)
    sampler = registry.make(choice, UnitSpace(wanted.space), len(wanted.objectives), seed)
    scheduler = _scheduled(wanted)
    patterns = checkpoints.patterns(wanted.checkpoints, relative(directory, workspace.root))
    prepared = prepare(
        workspace,
        wanted.command,
        RunOptions(inputs=wanted.inputs, outputs=wanted.outputs, seed=wanted.seed, searching=True),
        directory=directory,
        variables=variables,
        parent=None,
        spool=workspace.directory,
    )
    started = prepared.started
    if Path(started.intent.directory).is_absolute():
        raise UsageError(
            "a search outside of its ledger's root",
            cause=f"trials run in copies of {workspace.root}, and this is {directory}",
            hint=f"change into it: cd {workspace.root}",
        )
    search = Search(
        space=wanted.space,
        objectives=wanted.objectives,
        requirements=wanted.requirements,
        sampler=choice.text,
        version=sampler.version,
        packages=tuple(sorted(registry.packages(choice).items())),
        scheduler=None if scheduler is None else scheduler.text,
        scheduler_version=None if scheduler is None else scheduler.version,
        seed=seed,
        command=tune_secrets.masked(wanted.command, variables, (workspace.root, directory)),
        trial_seed=wanted.seed,
        code=_without(workspace, started.code, patterns),
        environment=started.environment,
        directory=started.intent.directory,
        inputs=wanted.inputs,
        outputs=wanted.outputs,
        checkpoints=wanted.checkpoints,
        trial_timeout=wanted.trial_timeout,
        seeds=seeds,
        racing=racing.VERSION if seeds > 1 else 0,
    )
    Words(search, wanted.command)  # which refuses a command that does not fit
    Words(search)
    return search


def _scheduled(wanted: Wanted) -> Scheduler | None:
    """What stops trials early; where there are checkpoints, one that lets them go on."""
    if wanted.scheduler is None and not wanted.checkpoints:
        return None
    if wanted.scheduler is None:
        raise UsageError(
            "checkpoints without a scheduler",
            cause="nothing stops a trial that could go on later",
            hint="ledger tune … --scheduler asha --checkpoint PATH",
        )
    found = schedulers.make(wanted.scheduler)
    if len(wanted.objectives) > 1:
        raise UsageError(
            f"the scheduler {found.name} compares one objective", cause=f"got {len(wanted.objectives)}"
        )
    return found.promoting() if wanted.checkpoints else found


def _without(
    workspace: Workspace, code: tuple[CodeSnapshot, ...], patterns: tuple[str, ...]
) -> tuple[CodeSnapshot, ...]:
    """The code without products that may be checkpoints: every trial would go on from them.

    Raises
    ------
    UsageError
        If one of them is no product, and so cannot be left out.
    """
    own = code[0]
    held = [path for path in changes.held(workspace, own.tree) if checkpoints.is_one(path, patterns)]
    if held:
        raise UsageError(
            "there is a checkpoint in the code, from which every trial would go on",
            cause=f"--checkpoint names {', '.join(held[:_SHOWN])}",
            hint="remove it, or let git ignore it; or name only what a trial writes",
        )
    if own.products is None or not patterns:
        return code
    products = decode(Manifest, workspace.store.get(own.products))
    kept = Manifest.of(each for each in products if not checkpoints.is_one(each.path, patterns))
    digest = workspace.store.put(encode(kept)) if len(kept) else None
    return (replace(own, products=digest), *code[1:])


def _seeds(wanted: Wanted) -> int:
    """With how many seeds a configuration is tried at most."""
    seeds = wanted.seeds or 1
    if not 1 <= seeds <= racing.MOST_SEEDS:
        raise UsageError(
            "a bad number of seeds", cause=f"--seeds: expected 1 to {racing.MOST_SEEDS}, got {seeds}"
        )
    if seeds > 1 and len(wanted.objectives) > 1:
        raise UsageError(
            "several seeds for several objectives",
            cause="which configuration is worth another seed is known of one objective only",
            hint="leave out --seeds, or say one --minimize or --maximize",
        )
    return seeds


def _append(workspace: Workspace, name: str, search: Search) -> Digest:
    rules.sampler(search, UnitSpace(search.space)).check_size()
    workspace.store.flush()
    id = workspace.journal.append(searches.created(name, search)).id
    workspace.store.release()
    return id


def _runs(workspace: Workspace, id: Digest) -> bool:
    """Whether a process of this machine runs trials of a search."""
    place = layout.search_runners(workspace.directory, id)
    with fs.explained(place):
        try:
            lock = fs.try_lock(place, make=False)
        except FileNotFoundError:
            return False
    if lock is not None:
        fs.release(lock)
    return lock is None


def _notices(search: Search, before: Search) -> tuple[str, ...]:
    """What is worth a notice, and does not make it another search."""
    if search.environment == before.environment:
        return ()
    return ("the environment is not the one in which the search began; each trial records its own",)
