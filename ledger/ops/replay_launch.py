"""How a recorded command is started again: in which environment, with which variables, on which threads."""

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from ledger.capture import interpreter, process, seeds
from ledger.capture.inject import PROBE, child_variables
from ledger.capture.secrets import refill
from ledger.errors import IncomparableError, NotFoundError
from ledger.model import Digest, Environment, Trial
from ledger.ops import environments, scratch
from ledger.ops.activation import activated
from ledger.ops.environments import Recreated
from ledger.ops.execute import Launch
from ledger.ops.layer import editable_installs
from ledger.ops.scratch import Scratch
from ledger.store.base import Store
from ledger.workspace import Workspace

BASE = (
    *("PATH", "HOME", "USER", "LOGNAME", "SHELL", "TMPDIR", "TERM", "XDG_RUNTIME_DIR"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CUDA_VISIBLE_DEVICES"),
)
"""Of today's variables those that a command needs to run at all."""

_THREADS = {"openblas": "OPENBLAS_NUM_THREADS", "mkl": "MKL_NUM_THREADS", "openmp": "OMP_NUM_THREADS"}
_ROOT = "{root}"


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
        directory = workspace.root / trial.intent.directory
        found = interpreter.find(trial.intent.argv, directory, today, cache=workspace.cache)
        return environments.current(
            recorded,
            found,
            variables=today,
            allow=workspace.config.environment.variables,
            root=workspace.root,
            cache=workspace.cache,
        )
    places = {each.name: _place_of(place, each.name) for each in trial.code}
    return environments.recreate(
        recorded,
        trial.interpreter,
        cache=workspace.cache / "environments",
        variables=today,
        directory=workspace.root,
        editable=editable_installs(recorded, trial.code, places),
        layer=place / "layer",
        progress=progress,
    )


def _place_of(place: Path, name: str) -> Path:
    return place / "tree" if name == "." else place / "code" / name.replace("/", "-")


def with_interpreter(stand: Scratch, trial: Trial, made: Recreated, mode: str) -> Scratch:
    """Let an environment that lay in the root be seen there, where nothing of the root is left."""
    if trial.interpreter is None or made.python is None:
        return stand
    prefix = Path(trial.interpreter.executable).parent.parent
    root = Path(trial.root)
    if not prefix.is_relative_to(root) or prefix == root:
        return stand
    source = prefix if mode == "current" else made.python.parent.parent
    return scratch.with_directory(stand, str(prefix.relative_to(root)), source, root)


def launch(
    trial: Trial,
    stand: Scratch,
    spool: Path,
    place: Path,
    made: Recreated,
    recorded: Environment,
    today: Mapping[str, str],
    store: Store,
) -> Launch:
    """Return what to execute.

    Raises
    ------
    IncomparableError
        If a secret or the standard input is not to be had.
    """
    argv = _refilled(trial.intent.argv, today)
    variables = {name: today[name] for name in BASE if name in today}
    variables.update(_recorded(recorded, stand, today))
    variables.update(_threads(trial, variables))
    if made.python is not None and not made.python.is_relative_to(Path(trial.root)):
        argv, variables = activated(
            argv,
            variables,
            recorded=trial.interpreter,
            directory=Path(trial.root) / trial.intent.directory,
            python=made.python,
        )
    argv = tuple(stand.rewritten(word) for word in argv)
    outcome = trial.outcome
    return Launch(
        argv=argv,
        directory=str(stand.directory),
        variables=child_variables(
            variables,
            trial=str(trial.id),
            spool=spool,
            ledger=_nested(stand),
            seed=seeds.variables_for(trial.intent.seed),
            probe=_probe(place),
        ),
        spool=str(spool),
        forward=False,
        stdin=_stdin(trial, place, store),
        together=outcome is not None and outcome.stdout is not None and outcome.stderr is None,
        binds=stand.binds,
        new_session=True,
    )


def _recorded(recorded: Environment, stand: Scratch, today: Mapping[str, str]) -> dict[str, str]:
    """The recorded variables; secrets that are not set today are left out, as is what a venv decides."""
    root = str(stand.original) if stand.binds else str(stand.root)
    variables: dict[str, str] = {}
    for name, value in recorded.variables:
        try:
            variables[name] = refill((value.replace(_ROOT, root),), today)[0]
        except NotFoundError:
            continue  # the program may do without it; if not, its outcome says so
    return variables


def _threads(trial: Trial, variables: Mapping[str, str]) -> dict[str, str]:
    """Thread counts as they were, where this machine would choose others."""
    seen = trial.observed
    if seen is None or seen.affinity == process.affinity():
        return {}
    counts: dict[str, str] = {}
    for pool in seen.threads:
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


def _nested(stand: Scratch) -> Path:
    """The ledger into which a run inside the replay records itself; it goes with the scratch tree."""
    top = stand.original if stand.binds and stand.original else stand.root
    return top / ".ledger"


def _refilled(argv: tuple[str, ...], today: Mapping[str, str]) -> tuple[str, ...]:
    try:
        return refill(argv, today)
    except NotFoundError as error:
        raise IncomparableError(error.message, cause=error.cause, hint=error.hint) from error


def with_maps(stand: Scratch, maps: tuple[tuple[str, str], ...]) -> Scratch:
    """Write paths of inputs that have moved anew."""
    return replace(stand, replacing=(*stand.replacing, *maps))
