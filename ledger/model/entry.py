"""What is appended to a journal: one fact at a time."""

from typing import Any, ClassVar

from ledger.model.digest import Digest
from ledger.model.findings import Cause, Difference, HealthLine, Verdict
from ledger.model.frozen import frozen
from ledger.model.head import OriginHead
from ledger.model.trial import (
    Artifact,
    CodeSnapshot,
    Hyperparameter,
    Intent,
    Interpreter,
    Observed,
    Outcome,
)


@frozen
class TrialStarted:
    """A trial is about to start; synced before the command is spawned."""

    kind: ClassVar[str] = "trial.started"

    name: str | None = None
    experiment: str | None = None
    message: str | None = None
    tags: tuple[str, ...] = ()
    parent: Digest | None = None
    """The trial inside which this one was started."""
    root: str
    """Absolute path of the root where it runs."""
    intent: Intent
    code: tuple[CodeSnapshot, ...]
    """The root's own first."""
    environment: Digest
    """Of the Environment, an object."""
    interpreter: Interpreter | None
    host: Digest
    """Of the Host, an object."""
    hyperparameters: tuple[Hyperparameter, ...]
    """As the command line shows them."""
    inputs: tuple[Artifact, ...]
    """Declared ones."""
    spool: str
    """Name of the spool directory, by which a later command finds out whether it still runs."""
    health: tuple[HealthLine, ...]


@frozen
class TrialFinished:
    """A trial has ended."""

    kind: ClassVar[str] = "trial.finished"

    trial: Digest
    recipe: Digest
    recipe_complete: bool
    hyperparameters: tuple[Hyperparameter, ...]
    """All of them, as parsed; they replace those of ``trial.started``."""
    inputs: tuple[Artifact, ...]
    """All of them, sorted by path."""
    observed: Observed
    outcome: Outcome
    health: tuple[HealthLine, ...]
    """One line for each part; they replace those of ``trial.started``."""


@frozen
class TrialLost:
    """A trial started and its recorder died; this is what could be saved."""

    kind: ClassVar[str] = "trial.lost"

    trial: Digest
    reason: str
    hyperparameters: tuple[Hyperparameter, ...]
    observed: Observed
    outcome: Outcome
    health: tuple[HealthLine, ...]


@frozen
class TrialReplayed:
    """A trial was made again: the receipt."""

    kind: ClassVar[str] = "trial.replayed"

    trial: Digest
    verdict: Verdict
    differences: tuple[Difference, ...]
    causes: tuple[Cause, ...]
    mode: str
    """How the environment was had: ``recreate`` or ``current``."""
    rtol: float
    atol: float
    strict: bool
    environment: Digest | None
    """Of the Environment that was used; None where it was not reached."""
    host: Digest
    observed: Observed | None
    outcome: Outcome | None
    """Of the replay; None where nothing ran."""


@frozen
class ExperimentCreated:
    """A tuned experiment begins; its id is this entry's."""

    kind: ClassVar[str] = "experiment.created"

    name: str
    definition: dict[str, Any]
    """Space, domains, objective, sampler and seed."""


@frozen
class Note:
    """What somebody had to say."""

    kind: ClassVar[str] = "note"

    trial: Digest | None = None
    experiment: str | None = None
    text: str
    """Markdown."""
    author: str
    replaces: Digest | None = None
    """The note that this one corrects."""


@frozen
class Tag:
    """A name for a trial; the newest tag of a name wins."""

    kind: ClassVar[str] = "tag"

    trial: Digest
    name: str
    removed: bool = False
    """Whether this takes the tag off."""


@frozen
class Tombstone:
    """A trial, or an object, that is not wanted any more; its digest stays."""

    kind: ClassVar[str] = "tombstone"

    target: Digest
    reason: str


@frozen
class Unknown:
    """A fact of a kind that this release does not know; kept as it is."""

    kind: str
    data: dict[str, Any]


Payload = (
    TrialStarted
    | TrialFinished
    | TrialLost
    | TrialReplayed
    | ExperimentCreated
    | Note
    | Tag
    | Tombstone
    | Unknown
)

KNOWN: dict[str, type[Any]] = {
    each.kind: each
    for each in (
        TrialStarted,
        TrialFinished,
        TrialLost,
        TrialReplayed,
        ExperimentCreated,
        Note,
        Tag,
        Tombstone,
    )
}
"""The kinds that this release writes; every other kind of DESIGN is read as `Unknown`."""


@frozen
class Entry:
    """One appended fact.

    Its canonical bytes hold a nonce and never a position, so that its id survives every push and pull.
    """

    time: int
    """UTC, nanoseconds since 1970, by the writer's clock: for people, never for order."""
    nonce: bytes
    """16 random bytes: two equal facts are two entries."""
    origin: bytes
    """The writer's origin, 16 bytes."""
    seen: tuple[OriginHead, ...] = ()
    """Heads of the other origins that the writer had read, sorted; the causal order."""
    payload: Payload

    @property
    def kind(self) -> str:
        """Kind of the payload."""
        return self.payload.kind


@frozen
class Recorded:
    """An entry as a journal holds it."""

    id: Digest
    """Leaf: BLAKE3 of the byte 0 and the stored bytes."""
    seq: int
    """Position in its origin's log."""
    entry: Entry
    body: bytes
    """The stored canonical bytes."""
