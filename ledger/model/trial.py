"""What a trial is made of."""

from enum import StrEnum
from itertools import pairwise

from ledger.model.digest import Digest
from ledger.model.findings import HealthLine
from ledger.model.frozen import frozen

Value = bool | int | float | str | None | tuple["Value", ...]
"""What a hyperparameter can be; lists become tuples."""


class HyperparameterType(StrEnum):
    """How a hyperparameter's values relate."""

    REAL = "real"
    INTEGER = "integer"
    CATEGORICAL = "categorical"
    ORDINAL = "ordinal"
    BOOLEAN = "boolean"


class HyperparameterRole(StrEnum):
    """What a hyperparameter shapes: the model, the algorithm that fits it, or only the seed."""

    MODEL = "model"
    ALGORITHM = "algorithm"
    SEED = "seed"


@frozen
class Hyperparameter:
    """A value that was set before training."""

    name: str
    """As the program calls it; dotted where it was nested in a file."""
    value: Value
    """As parsed."""
    type: HyperparameterType
    """Real, integer, categorical, ordinal or boolean."""
    role: HyperparameterRole | None = None
    """Model, algorithm or seed; None where nobody said."""
    source: str
    """Where it was seen: ``option`` (-p), ``argument``, ``environment``, ``file:PATH``, ``call``,
    ``default``."""


@frozen
class NestedRepository:
    """A git repository inside the tree: a submodule, or a clone that lies there."""

    path: str
    """Relative to the tree's root."""
    commit: str | None
    """Commit checked out, hexadecimal; None before the first."""
    remote: str | None
    """URL of its remote, without credentials."""
    dirty: bool
    """Whether its files differ from the commit."""


@frozen
class Notebook:
    """What a notebook's own execution counts say of the outputs that are stored in it."""

    path: str
    """Relative to the tree's root."""
    counts: tuple[int | None, ...]
    """For each code cell that is not empty, from the first to the last: its count; None if not executed."""

    @property
    def executed(self) -> int:
        """How many of the cells were executed."""
        return sum(count is not None for count in self.counts)

    @property
    def in_order(self) -> bool:
        """Whether those that were executed were so from the first to the last."""
        counts = [count for count in self.counts if count is not None]
        return all(before < after for before, after in pairwise(counts))


@frozen
class CodeSnapshot:
    """The code as it was, committed or not."""

    name: str
    """``.`` for the trial's own root; else the name of the distribution that is installed from this path."""
    tree: Digest
    """Of the Manifest of all tracked, and untracked but not ignored, files."""
    products: Digest | None = None
    """Of the Manifest of the files that an earlier trial here made; None where there are none."""
    commit: str | None = None
    """Commit checked out, hexadecimal; None outside of git and before the first commit."""
    branch: str | None = None
    """Branch checked out; None where detached or outside of git."""
    remote: str | None = None
    """URL of the remote, without credentials."""
    dirty: bool = False
    """Whether the files differ from the commit (products left aside)."""
    nested: tuple[NestedRepository, ...] = ()
    """Submodules and other repositories inside, sorted by path; their files are part of `tree`."""
    paths: tuple[str, ...] = ()
    """Directories of the tree that the interpreter had on its path (editable installs), relative to it."""
    notebooks: tuple[Notebook, ...] = ()
    """Those that the command names or that differ from the commit, sorted by path."""


@frozen
class Distribution:
    """One installed distribution."""

    name: str
    """Normalised as PEP 503 says."""
    version: str
    """As its metadata says."""
    origin: str
    """``index``, or as PEP 610 says: ``git+URL@COMMIT``, ``archive+URL#HASH``, ``path``, ``editable``."""
    record: Digest | None
    """Of its RECORD rows without what installers write differently; None where it has no RECORD."""


@frozen
class Environment:
    """What can change a result, of the interpreter that the command uses."""

    python: str | None
    """Version, such as ``3.11.7``; None where no interpreter was found."""
    implementation: str | None
    """``cpython``, ``pypy``, …"""
    platform: str
    """Platform tag, such as ``linux-x86_64``, with the C library: ``glibc-2.36``."""
    distributions: tuple[Distribution, ...]
    """Sorted by name; `replay-ledger` itself is left out."""
    variables: tuple[tuple[str, str], ...]
    """Allow-listed variables, sorted by name; secrets as ``secret:NAME``, the root as ``{root}``."""


@frozen
class Wheel:
    """The wheel of an installed distribution, put together again from its files."""

    distribution: str
    """Normalised as PEP 503 says."""
    file: str
    """Its name, with the tags of what it runs on."""
    digest: Digest
    """Of the object."""
    size: int
    """Bytes."""


@frozen
class Interpreter:
    """The Python that a command uses, where this machine has it."""

    executable: str
    """Absolute path."""
    base: str
    """Absolute path of the interpreter that its virtual environment was made from, or itself."""
    version: str
    """Such as ``3.11.7``."""
    has_ledger: bool
    """Whether ``import ledger`` works there."""


@frozen
class Gpu:
    """One accelerator."""

    name: str
    """Model."""
    uuid: str | None
    """As the driver calls it."""


@frozen
class Host:
    """Where it ran; in no digest."""

    hostname: str
    machine: str
    """Architecture, such as ``x86_64``."""
    system: str
    """Kernel and its release."""
    cpu: str
    """Model."""
    cpu_flags: tuple[str, ...]
    """The vector extensions that it has, sorted."""
    cpus: int
    """Logical processors."""
    memory: int
    """Bytes."""
    gpus: tuple[Gpu, ...]
    driver: str | None
    """GPU driver's version."""
    user: str
    container: str | None
    """Kind of container, where one shows."""
    container_image: str | None = None
    """Image of the container: a digest, with its name if that is known; None where it cannot be seen."""


@frozen
class ThreadPool:
    """Threads of one numeric library as the child had them."""

    library: str
    """File name of the shared library."""
    api: str
    """openblas, mkl, blis, openmp or torch."""
    threads: int
    version: str | None = None


@frozen
class SeededGenerator:
    """A generator that was given a seed."""

    generator: str
    """random, numpy, torch, …, or ``ledger.seed(NAME)``."""
    value: str
    """The seed, as text."""
    enforced: bool
    """Whether `--seed` did it, rather than the program."""
    where: str | None
    """File and line."""


@frozen
class Entropy:
    """A draw from the operating system's randomness that no seed governs."""

    generator: str
    where: str | None
    """File and line."""


@frozen
class Observed:
    """What is only known while it runs; recorded, set again at replay, in no digest."""

    affinity: int
    """Processors that it was allowed to use."""
    interpreters: tuple[Interpreter, ...] = ()
    """Pythons that the probe met, the first one first."""
    threads: tuple[ThreadPool, ...] = ()
    libraries: tuple[str, ...] = ()
    """BLAS and OpenMP libraries that were loaded."""
    seeded: tuple[SeededGenerator, ...] = ()
    entropy: tuple[Entropy, ...] = ()
    variables: tuple[tuple[str, str], ...] = ()
    """Variables that place a trial (devices, job, rank) rather than change its result; sorted by name."""
    processes: int = 0
    """Python processes that the probe met."""
    settings: tuple[tuple[str, str], ...] = ()
    """What libraries said of themselves, such as ``torch.deterministic``; sorted by name."""
    watching: str | None = None
    """How its files were watched: ``tracer`` (below every program), ``outer`` (by the tracer of the trial
    around it), ``probe`` (inside of Python) or ``none``; None where nobody said."""
    network: tuple[str, ...] = ()
    """Addresses beyond the machine that it connected to, ``HOST:PORT``."""


class ArtifactRole(StrEnum):
    """What a file is to its trial."""

    INPUT = "input"
    OUTPUT = "output"
    LOG = "log"


@frozen
class Artifact:
    """A file of a trial."""

    role: ArtifactRole
    path: str
    """Relative to the root; absolute where it lies outside."""
    digest: Digest | None
    """Of the content; of a link, of its target; of a directory, of the Manifest of its files that count; None
    where it could not be read."""
    size: int
    """Bytes."""
    mode: int
    """One of `Mode`."""
    media_type: str
    omitted: str | None = None
    """Why the store has no content for it; else None."""


@frozen
class Intent:
    """All that is known before the command starts; its digest names it."""

    argv: tuple[str, ...]
    """The command as given; secrets as ``secret:NAME``."""
    directory: str
    """Working directory relative to the root; ``.`` for the root itself."""
    stdin: str
    """``terminal``, ``null``, ``closed``, ``stream`` (not recorded) or the digest of the content."""
    code: tuple[tuple[str, Digest], ...]
    """(name, tree) of each CodeSnapshot, sorted."""
    environment: Digest
    seed: int | None
    """Of `--seed`."""
    parameters: tuple[tuple[str, Value], ...]
    """Of `-p`, sorted by name."""
    inputs: tuple[tuple[str, Digest | None], ...]
    """(path, digest) of declared inputs, sorted."""
    seeds: tuple[tuple[str, int], ...] = ()
    """Of `--seed NAME=N`: what `ledger.seed(NAME)` gives rather than what it would derive; sorted by name."""


@frozen
class Recipe:
    """What was tried; two trials of one recipe are expected to have the same outputs."""

    intent: Digest
    inputs: tuple[tuple[str, Digest | None], ...]
    """(path, digest) of all inputs, found ones included, sorted."""
    complete: bool
    """Whether that list is known to be complete."""


class Status(StrEnum):
    """How a trial stands."""

    RUNNING = "running"
    OK = "ok"
    FAILED = "failed"
    KILLED = "killed"
    PRUNED = "pruned"
    LOST = "lost"


@frozen
class Stream:
    """What the command wrote to one of its standard streams."""

    digest: Digest
    """Of what is stored: secrets are masked."""
    size: int
    """Bytes stored."""


@frozen
class MetricSummary:
    """A metric's series in short; the series itself is an object."""

    name: str
    last: float
    min: float
    """NaN only where every value is."""
    max: float
    count: int


@frozen
class Outcome:
    """How an execution ended and what it made."""

    status: Status
    exit_code: int | None
    """The child's own; 128+n for signal n, 127 not found, 126 not executable; None where it is not known."""
    signal: int | None = None
    """What ended it; where it did not heed that and was killed, still the signal that somebody sent."""
    outputs: tuple[Artifact, ...] = ()
    """Sorted by path."""
    metrics: tuple[MetricSummary, ...] = ()
    """Sorted by name."""
    series: Digest | None = None
    """Of the object that holds every metric's points."""
    stdout: Stream | None = None
    stderr: Stream | None = None
    started: int
    """UTC, nanoseconds since 1970."""
    duration_s: float
    """Seconds on a monotonic clock."""
    cpu_user_s: float
    cpu_system_s: float
    peak_memory: int
    """Bytes resident in the largest process."""


@frozen
class Trial:
    """One execution, as its entries tell it."""

    id: Digest
    """Leaf of its ``trial.started``."""
    name: str | None
    experiment: str | None
    message: str | None
    tags: tuple[str, ...]
    parent: Digest | None
    """The trial inside which it was started."""
    proposal: Digest | None = None
    """The ``trial.proposed`` that it tries; None where no search proposed it."""
    continues: Digest | None = None
    """The trial of that proposal, stopped before its end, that it goes on from; None where it begins anew."""
    started: int
    """UTC, nanoseconds since 1970."""
    root: str
    """Absolute path of the root where it ran."""
    intent: Intent
    recipe: Digest | None
    """None until it finished."""
    recipe_complete: bool
    code: tuple[CodeSnapshot, ...]
    """The root's own first."""
    environment: Digest
    interpreter: Interpreter | None
    host: Digest
    observed: Observed | None
    hyperparameters: tuple[Hyperparameter, ...]
    locks: tuple[Artifact, ...] = ()
    """Lock files of the environment that are not part of the code, sorted by path."""
    wheels: tuple[Wheel, ...] = ()
    """Those of its distributions that were kept, sorted by distribution."""
    inputs: tuple[Artifact, ...]
    outcome: Outcome | None
    """None while it runs."""
    health: tuple[HealthLine, ...]

    @property
    def status(self) -> Status:
        """How it stands."""
        return self.outcome.status if self.outcome else Status.RUNNING
