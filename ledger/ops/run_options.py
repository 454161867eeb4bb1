"""What a person, or a search, can say about a trial beside its command."""

from ledger.model import Artifact, CodeSnapshot, Digest, Hyperparameter, Value
from ledger.model.frozen import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ledger.model.search import Search  # of use to a search alone


@frozen
class Scheduled:
    """That a search's scheduler may stop a trial."""

    id: Digest
    """Of the search."""
    search: "Search"
    number: int
    """Of the proposal that the trial tries."""
    proposal: Digest
    rungs: str
    """The steps at which the trial is looked at, as it is told them."""
    after: int | None = None
    """The rung from which it goes on, and behind which it is looked at; None where it begins anew."""


@frozen
class Continued:
    """What a trial goes on from."""

    trial: Digest
    """The one that was stopped."""
    rung: int
    """Where."""
    files: tuple[Artifact, ...]
    """Its checkpoint: those of its outputs that the trial finds where that one left them."""


@frozen
class Pinned:
    """What a search says of one of its trials."""

    code: tuple[CodeSnapshot, ...]
    """Of which it gets a copy, whatever the tree holds by now; the root's own first."""
    proposal: Digest
    """The ``trial.proposed`` that it tries."""
    hyperparameters: tuple[Hyperparameter, ...]
    """What was proposed."""
    timeout: float | None = None
    """Seconds after which it is ended."""
    files: tuple[tuple[str, bytes], ...] = ()
    """(path from the working directory, content) of what its copy holds beside."""
    scheduled: Scheduled | None = None
    """None where nobody stops it early."""
    checkpoints: tuple[str, ...] = ()
    """What may be a checkpoint, as patterns from the root: a copy of the tree has none of another trial."""
    continued: Continued | None = None
    """None where it begins anew."""


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
    seeds: tuple[tuple[str, int], ...] = ()
    """(name, seed): what `ledger.seed` gives for some names, sorted."""
    isolate: bool = False
    """Execute in a scratch copy of the tree."""
    enforce_clean: bool = False
    """Refuse to run if the code differs from its commit."""
    reuse: bool = False
    """Do not run what has been run already, if its inputs still match."""
    trace: bool = True
    """Let the kernel tell each file that is opened."""
    deep: bool = False
    """Compare every installed file with what its package's record says."""
    searching: bool = False
    """Whether the code is a search's, which a file that its own output goes to is no part of."""
    pinned: Pinned | None = None
    """What a search says of this trial, which is one of it."""
