"""Begin a search, or find the one that a call goes on with."""

from collections.abc import Callable, Mapping
from pathlib import Path

from ledger import fs
from ledger.errors import LedgerError, MismatchError, UsageError
from ledger.model import CodeSnapshot, Digest, Manifest, layout
from ledger.model.codec import decode
from ledger.model.frozen import frozen, replace
from ledger.model.search import Search
from ledger.model.space import Objective, Space
from ledger.ops import searches
from ledger.ops.prepare import RunOptions, prepare
from ledger.ops.tune import secrets as tune_secrets
from ledger.ops.tune.words import Words
from ledger.tune import racing
from ledger.tune.samplers import registry
from ledger.tune.schedulers import registry as schedulers
from ledger.tune.space.language import spelled
from ledger.tune.space.unit import UnitSpace
from ledger.workspace import Workspace

_SHOWN = 5
"""Files that are named where the code differs."""


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
        differences = list(_differences(workspace, before, search))
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
        if not fork and _runs(workspace, former[0]):
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
    scheduler = None if wanted.scheduler is None else schedulers.make(wanted.scheduler)
    if scheduler is not None and len(wanted.objectives) > 1:
        raise UsageError(
            f"the scheduler {scheduler.name} compares one objective", cause=f"got {len(wanted.objectives)}"
        )
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
        code=started.code,
        environment=started.environment,
        directory=started.intent.directory,
        inputs=wanted.inputs,
        outputs=wanted.outputs,
        trial_timeout=wanted.trial_timeout,
        seeds=seeds,
        racing=racing.VERSION if seeds > 1 else 0,
    )
    Words(search, wanted.command)  # which refuses a command that does not fit
    Words(search)
    return search


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
    if seeds > 1 and wanted.scheduler is not None:
        raise UsageError(
            "several seeds and a scheduler",
            cause="what a trial that was stopped says of its configuration's mean is not known",
            hint="leave out one of --seeds and --scheduler",
        )
    return seeds


def _append(workspace: Workspace, name: str, search: Search) -> Digest:
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


def _differences(workspace: Workspace, before: Search, now: Search) -> list[str]:
    found = list(spelled.difference(before.space, now.space))
    told = (
        ("objective", _objectives(before), _objectives(now)),
        ("requirements", " and ".join(before.requirements), " and ".join(now.requirements)),
        ("sampler", _sampler(before), _sampler(now)),
        ("scheduler", _scheduler(before), _scheduler(now)),
        ("seed", str(before.seed), str(now.seed)),
        ("seed of the trials", str(before.trial_seed), str(now.trial_seed)),
        ("seeds of a configuration", _racing(before), _racing(now)),
        ("command", " ".join(before.command), " ".join(now.command)),
        ("directory", before.directory, now.directory),
        ("inputs", " ".join(before.inputs), " ".join(now.inputs)),
        ("outputs", " ".join(before.outputs), " ".join(now.outputs)),
        ("trial timeout", str(before.trial_timeout), str(now.trial_timeout)),
    )
    found += [f"{what}: {a or 'none'} → {b or 'none'}" for what, a, b in told if a != b]
    return found + _code(workspace, before.code, now.code)


def _objectives(search: Search) -> str:
    return " ".join(
        f"{'maximize' if each.maximize else 'minimize'} {each.metric}" for each in search.objectives
    )


def _racing(search: Search) -> str:
    return str(search.seeds) + (f" (version {search.racing})" if search.racing else "")


def _sampler(search: Search) -> str:
    packages = "".join(f", {name} {version}" for name, version in search.packages)
    return f"{search.sampler} (version {search.version}{packages})"


def _scheduler(search: Search) -> str:
    return "" if search.scheduler is None else f"{search.scheduler} (version {search.scheduler_version})"


def _code(workspace: Workspace, before: tuple[CodeSnapshot, ...], now: tuple[CodeSnapshot, ...]) -> list[str]:
    old, new = ({each.name: each.tree for each in some} for some in (before, now))
    found = []
    for name in sorted(old.keys() | new.keys()):
        a, b = old.get(name), new.get(name)
        if a == b:
            continue
        if name == "." and b is not None and not _manifest(workspace, b):
            continue  # a ledger without its tree, such as a clone: trials run in copies of the pinned one
        what = "code" if name == "." else f"code of {name}"
        if a is None or b is None:
            found.append(f"{what}: {'not there before' if a is None else 'not there now'}")
            continue
        one, other = _manifest(workspace, a), _manifest(workspace, b)
        paths = sorted(path for path in one.keys() | other.keys() if one.get(path) != other.get(path))
        more = f" and {len(paths) - _SHOWN} more" if len(paths) > _SHOWN else ""
        found.append(f"{what}: {', '.join(paths[:_SHOWN])}{more}")
    return found


def _manifest(workspace: Workspace, tree: Digest) -> dict[str, object]:
    try:
        manifest = decode(Manifest, workspace.store.get(tree))
    except LedgerError:
        return {"(its list of files is not whole)": None}
    return {each.path: (each.mode, each.digest) for each in manifest}
