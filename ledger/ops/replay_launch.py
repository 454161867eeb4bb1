"""How a recorded command is started again: in which environment, with which variables, on which threads."""

import os
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path

from ledger import processors
from ledger.capture import interpreter, seeds
from ledger.capture.inject import PROBE, STOP, child_variables
from ledger.capture.observed import stopped_at
from ledger.capture.secrets import refill
from ledger.errors import IncomparableError, LedgerError, NotFoundError
from ledger.model import Difference, Digest, Environment, Trial
from ledger.ops import environments, scratch
from ledger.ops.activation import activated
from ledger.ops.environments import Recreated
from ledger.ops.execute import Launch
from ledger.ops.installer import CURRENT
from ledger.ops.kept_wheels import KeptWheels
from ledger.ops.layer import editable_installs
from ledger.ops.place import Place, moved
from ledger.store.base import Store
from ledger.workspace import Workspace

BASE = (
    *("PATH", "HOME", "USER", "LOGNAME", "SHELL", "TMPDIR", "TERM", "XDG_RUNTIME_DIR"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CUDA_VISIBLE_DEVICES"),
)
"""Of today's variables those that a command needs to run at all."""

PACKAGE = PROBE.parent.parent
"""Where this package lies."""

_THREADS = {"openblas": "OPENBLAS_NUM_THREADS", "mkl": "MKL_NUM_THREADS", "openmp": "OMP_NUM_THREADS"}
_ROOT = "{root}"
_ON_PATH = "PYTHONPATH/"
_SHOWN = 4


def environment(
    trial: Trial,
    recorded: Environment,
    place: Path,
    workspace: Workspace,
    mode: str,
    today: Mapping[str, str],
    progress: scratch.Progress,
) -> Recreated:
    """Have the environment: made again, or today's.

    Raises
    ------
    IncomparableError
        If it cannot be had.
    """
    if mode == "current":
        return _todays(trial, recorded, workspace, today)
    places = {each.name: _place_of(place, each.name) for each in trial.code}
    try:
        return environments.recreate(
            recorded,
            trial.interpreter,
            cache=workspace.cache / "environments",
            variables=today,
            directory=workspace.root,
            editable=editable_installs(recorded, trial.code, places),
            layer=place / "layer",
            kept=KeptWheels(wheels=trial.wheels, store=workspace.store) if trial.wheels else None,
            progress=progress,
        )
    except IncomparableError as error:
        error.hint = _with_drift(error.hint or CURRENT, trial, recorded, workspace, today)
        raise


def _todays(trial: Trial, recorded: Environment, workspace: Workspace, today: Mapping[str, str]) -> Recreated:
    directory = workspace.root / trial.intent.directory
    found = interpreter.find(trial.intent.argv, directory, today, cache=workspace.cache)
    return environments.current(
        recorded,
        found,
        variables=today,
        root=workspace.root,
        cache=workspace.cache,
    )


def _with_drift(
    hint: str, trial: Trial, recorded: Environment, workspace: Workspace, today: Mapping[str, str]
) -> str:
    """Let a hint that names today's environment tell how that one differs."""
    try:
        drift = _todays(trial, recorded, workspace, today).differences
    except (LedgerError, OSError):
        return hint  # of an environment that cannot be looked at there is nothing to tell
    parts = [_told(each) for each in drift if not each.path.startswith("variable ")]
    more = f" and {len(parts) - _SHOWN} more" if len(parts) > _SHOWN else ""
    told = f"has {', '.join(parts[:_SHOWN])}{more}" if parts else "is the same"
    return hint.replace(CURRENT, f"ledger replay --env current {trial.id.short} uses today's, which {told}")


def _told(drift: Difference) -> str:
    name = drift.path.removeprefix("package ")
    if drift.got is None:
        return f"no {name}"
    recorded = "" if drift.expected is None else f" for {drift.expected}"
    return f"{name} {drift.got}{recorded}" if drift.got != drift.expected else f"another {name} {drift.got}"


def _place_of(place: Path, name: str) -> Path:
    return place / "tree" if name == "." else place / "code" / name.replace("/", "-")


def with_interpreter(stand: Place, trial: Trial, made: Recreated, mode: str) -> Place:
    """Let an environment that lay in the root be seen there, where nothing of the root is left."""
    inside = _inside(trial)
    if inside is None or made.python is None:
        return stand
    root = Path(trial.root)
    source = root / inside if mode == "current" else made.python.parent.parent
    return scratch.with_directory(stand, str(inside), source, root)


def prefixes(trial: Trial, made: Recreated) -> tuple[str, str] | None:
    """Prefix of the recorded environment, and of the one in its place."""
    if trial.interpreter is None or made.python is None:
        return None
    return str(Path(trial.interpreter.executable).parent.parent), str(made.python.parent.parent)


def launch(
    trial: Trial,
    stand: Place,
    spool: Path,
    place: Path,
    made: Recreated,
    recorded: Environment,
    today: Mapping[str, str],
    store: Store,
    *,
    given: Collection[str] | None = None,
) -> Launch:
    """Return what to execute; of secrets it has those that it names, and of them those that are `given`.

    Raises
    ------
    IncomparableError
        If a secret or the standard input is not to be had.
    """
    secrets = today if given is None else {name: today[name] for name in given if name in today}
    argv = _refilled(trial.intent.argv, secrets, named=given is not None)
    variables = {name: today[name] for name in BASE if name in today}
    variables.update(_recorded(recorded, stand, secrets))
    if "PYTHONPATH" in variables:
        entries = variables["PYTHONPATH"].split(os.pathsep)
        variables["PYTHONPATH"] = os.pathsep.join(_restored(each, trial, place) for each in entries)
    variables.update(_threads(trial, variables))
    python = _seen(trial, made)
    if python is not None:
        argv, variables = activated(
            argv,
            variables,
            recorded=trial.interpreter,
            directory=Path(trial.root) / trial.intent.directory,
            python=python,
        )
    if trial.interpreter is not None and trial.interpreter.has_ledger:
        paths = [str(_calls(place)), variables.get("PYTHONPATH")]
        variables["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
    argv = tuple(stand.rewritten(word) for word in argv)
    variables = {name: stand.rewritten(value) for name, value in variables.items()}
    outcome = trial.outcome
    stopped = stopped_at(trial.observed)
    return Launch(
        argv=argv,
        directory=str(stand.directory),
        variables=child_variables(
            variables,
            trial=str(trial.id),
            spool=spool,
            ledger=_nested(stand),
            seed=seeds.variables_for(trial.intent.seed, trial.intent.seeds),
            stopping={} if stopped is None else {STOP: str(stopped)},
            probe=_probe(place),
        ),
        spool=str(spool),
        forward=False,
        stdin=_stdin(trial, place, store),
        together=outcome is not None and outcome.stdout is not None and outcome.stderr is None,
        binds=stand.binds,
        new_session=True,
    )


def _recorded(recorded: Environment, stand: Place, secrets: Mapping[str, str]) -> dict[str, str]:
    """The recorded variables; secrets that are not set today are left out, as is what a venv decides."""
    root = str(stand.original) if stand.binds else str(stand.root)
    variables: dict[str, str] = {}
    for name, value in recorded.variables:
        try:
            variables[name] = refill((value.replace(_ROOT, root),), secrets)[0]
        except NotFoundError:
            continue  # the program may do without it; if not, its outcome says so
    return variables


def _restored(entry: str, trial: Trial, place: Path) -> str:
    """Where the recorded code of a directory on PYTHONPATH lies now; itself where it was not recorded."""
    for each in trial.code:
        if each.name.startswith(_ON_PATH):
            for path in each.paths:
                if entry.endswith(os.path.normpath(f"/{each.name.removeprefix(_ON_PATH)}/{path}")):
                    return os.path.normpath(_place_of(place, each.name) / path)
    return entry


def _threads(trial: Trial, variables: Mapping[str, str]) -> dict[str, str]:
    """Thread counts as they were, where this machine would choose others."""
    seen = trial.observed
    if seen is None or seen.affinity == processors.allowed():
        return {}
    return observed_threads(trial, variables)


def observed_threads(trial: Trial, variables: Mapping[str, str]) -> dict[str, str]:
    """Variables that give each library that was seen as many threads as it had, unless they are set."""
    counts: dict[str, str] = {}
    for pool in trial.observed.threads if trial.observed else ():
        name = _THREADS.get(pool.api)
        if name and name not in variables:
            counts[name] = str(max(pool.threads, int(counts.get(name, "0"))))
    return counts


def _stdin(trial: Trial, place: Path, store: Store) -> str:
    if not trial.intent.stdin.startswith("b3:"):
        return os.devnull  # a terminal nobody sits at, or a stream that was not recorded: nothing to read
    path = place / "stdin"
    digest = Digest.parse(trial.intent.stdin)
    if not store.has(digest):
        raise IncomparableError(
            "its standard input is not to be had",
            cause=f"{digest} is not in the store",
            hint="ledger verify names the damage",
        )
    store.restore(digest, path)
    return str(path)


def _probe(place: Path) -> Path:
    """Copy the probe to where it is seen whatever is mounted over the root."""
    target = place / "probe"
    target.mkdir()
    for each in PROBE.glob("*.py"):
        (target / each.name).write_bytes(each.read_bytes())
    return target


def _calls(place: Path) -> Path:
    """Copy what a script's ``import ledger`` needs, for the same reason."""
    target = place / "calls"
    package = target / "ledger"
    package.mkdir(parents=True)
    for name in ("__init__.py", "record.py", "objective.py"):
        (package / name).write_bytes((PACKAGE / name).read_bytes())
    return target


def _seen(trial: Trial, made: Recreated) -> Path | None:
    """The interpreter as the command sees it: where the recorded one was, if that was in the root."""
    if trial.interpreter is not None and _inside(trial) and made.python is not None:
        return Path(trial.interpreter.executable)
    return made.python


def _inside(trial: Trial) -> Path | None:
    """Where in the root the recorded environment lay, relative to it; None if it lay elsewhere."""
    if trial.interpreter is None:
        return None
    prefix, root = Path(trial.interpreter.executable).parent.parent, Path(trial.root)
    return prefix.relative_to(root) if prefix.is_relative_to(root) and prefix != root else None


def _nested(stand: Place) -> Path:
    """The ledger into which a run inside the replay records itself; it goes with the scratch tree."""
    top = stand.original if stand.binds and stand.original else stand.root
    return top / ".ledger"


def _refilled(argv: tuple[str, ...], secrets: Mapping[str, str], *, named: bool) -> tuple[str, ...]:
    try:
        return refill(argv, secrets)
    except NotFoundError as error:
        if named:
            raise IncomparableError(
                "the command asks for secrets of yours",
                cause=f"{error.cause}; what came in a bundle gets none by itself",
                hint="if you trust who recorded it: ledger replay --secret NAME",
            ) from error
        raise IncomparableError(error.message, cause=error.cause, hint=error.hint) from error


def with_maps(stand: Place, trial: Trial, maps: tuple[tuple[str, str], ...]) -> Place:
    """Write paths of inputs that have moved anew."""
    found = moved(maps, Path(trial.root), Path(trial.intent.directory))
    return replace(stand, replacing=(*stand.replacing, *found))
