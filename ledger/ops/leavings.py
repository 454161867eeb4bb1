"""What is needed to find out, once a command has ended, what it left."""

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from ledger.capture.accesses import Watched, Watching
from ledger.capture.choice import Held
from ledger.capture.events import Events
from ledger.capture.files import Scan
from ledger.capture.hyperparameters import Raw
from ledger.capture.inject import PACKAGE
from ledger.capture.known import Known
from ledger.capture.places import Places
from ledger.capture.secrets import Secrets
from ledger.model import Artifact, Interpreter, Value
from ledger.model.config import MetricsConfig
from ledger.model.frozen import field, frozen
from ledger.ops.execute import StreamNote
from ledger.workspace import Workspace


@frozen
class Surroundings:
    """Where a program's files lie, and what is known of them from before."""

    places: Places
    """Its prefixes are those known before the start."""
    directory: Path
    """Where the command started."""
    recorded: Callable[[str], Held | None] = lambda _: None
    """What the trees of code and products hold."""
    inputs: tuple[Artifact, ...] = ()
    """Those that were declared."""
    max_input_bytes: int | None = None
    """A larger input is recorded by its digest only."""
    sites: tuple[Path, ...] = ()
    """Where installed packages lie."""
    cache: Path | None = None
    overlapped: bool = False
    """Whether another trial ran in the same directory meanwhile."""
    copied: Scan | None = None
    """The user's tree when it was copied, where the trial ran in a copy of it."""
    known: Known | None = None
    """Digests of files in the user's tree, and elsewhere."""


@frozen
class Leavings:
    """Where to look for what an execution left, and what to hold it against."""

    spool: Path
    root: Path
    skip: frozenset[Path]
    before: Scan | None
    """The tree before; None where it is not known, and no output can be told."""
    secrets: Secrets
    raw: Raw
    parameters: tuple[tuple[str, Value], ...] = ()
    interpreter: Interpreter | None = None
    placing: tuple[tuple[str, str], ...] = ()
    declared: tuple[str, ...] = ()
    """Paths of outputs that were declared, absolute."""
    known: Known | None = None
    streams: tuple[StreamNote, ...] = ()
    ended_ns: int = 1
    """When it ended; UTC, nanoseconds since 1970."""
    killed: bool = False
    """Whether a signal ended it, perhaps in the middle of a line."""
    withheld: str | None = None
    """Why the streams must not be stored, if so."""
    surroundings: Surroundings | None = None
    """None where inputs are not asked for."""
    watched: Callable[[Events], Watched] = lambda _: Watched(by=Watching.NONE)
    """What was seen of its files; as this process finds them."""
    metrics: MetricsConfig = field(default_factory=MetricsConfig)


def places(
    workspace: Workspace,
    variables: Mapping[str, str],
    interpreter: Interpreter | None,
    *,
    spool: Path,
    sites: Iterable[Path] = (),
    repositories: Iterable[Path] = (),
    present: frozenset[str] = frozenset(),
) -> Places:
    """Where a command's files lie: what is data, and what belongs to an interpreter, the system or us.

    Parameters
    ----------
    workspace
        The ledger.
    variables
        Of the command.
    interpreter
        The Python that it uses.
    spool
        The trial's.
    sites
        Where installed packages lie.
    repositories
        Other directories that were recorded as code.
    present
        What lay under made-up names before the start.
    """
    prefixes = {str(site) for site in sites}
    if interpreter is not None:
        prefixes |= {str(Path(each).parent.parent) for each in (interpreter.executable, interpreter.base)}
    return Places.of(
        variables,
        root=str(workspace.root),
        prefixes=sorted(prefixes | {os.path.realpath(each) for each in prefixes}),
        skip=map(str, (workspace.directory, spool, workspace.cache, PACKAGE)),
        repositories=map(str, repositories),
        ignore=workspace.config.inputs.ignore,
        present=present,
    )
