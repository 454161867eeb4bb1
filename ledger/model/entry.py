"""What is appended to a journal: one fact at a time."""

from enum import StrEnum
from typing import Any, ClassVar

from ledger.model.digest import Digest
from ledger.model.findings import Cause, Difference, HealthLine, Verdict
from ledger.model.frozen import frozen
from ledger.model.head import Head, OriginHead
from ledger.model.trial import (
    Artifact,
    CodeSnapshot,
    Hyperparameter,
    Intent,
    Interpreter,
    Observed,
    Outcome,
    Value,
    Wheel,
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
    proposal: Digest | None = None
    """The ``trial.proposed`` that it tries; None where no search proposed it."""
    continues: Digest | None = None
    """The trial of that proposal, stopped before its end, that it goes on from; None where it begins anew."""
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
    locks: tuple[Artifact, ...] = ()
    """Lock files of the environment that are not part of the code, sorted by path."""
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
    wheels: tuple[Wheel, ...] = ()
    """Those of its distributions that were kept, sorted by distribution."""


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
    inputs: tuple[Artifact, ...] = ()
    """What it had read until then; those that were declared among them."""


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
    allowances: tuple[Digest, ...] = ()
    """What may differ from run to run, as far as it was known: the entries by which it was judged."""
    varied: tuple[str, ...] = ()
    """Conditions that were not the trial's, on purpose, each as ``NAME: BEFORE → AFTER``, the one that it was
    made for last; empty for a plain replay."""


@frozen
class Allowance:
    """How far one result may differ between two executions of one recipe, as replays have shown."""

    kind: ClassVar[str] = "allowance"

    trial: Digest
    """The one that was replayed."""
    experiment: str | None
    """Its experiment, for all of whose trials it holds; None: for this trial alone."""
    part: str
    """``metrics``, ``outputs`` or ``streams``."""
    path: str
    """Which one: a metric's name, a file's path, ``stdout`` or ``stderr``."""
    rtol: float
    """Relative tolerance of its numbers."""
    atol: float
    """Absolute tolerance of its numbers."""
    masks: tuple[str, ...] = ()
    """Of its lines: regular expressions that match whole lines, whose groups may differ; those of numbers
    within the tolerance, unless both parts of it are 0."""
    content: bool = False
    """Whether it may differ in any way."""
    replays: tuple[Digest, ...]
    """The receipts that have shown it."""


@frozen
class ExperimentCreated:
    """A tuned experiment begins; its id is this entry's."""

    kind: ClassVar[str] = "experiment.created"

    name: str
    definition: dict[str, Any]
    """A Search: space, objectives, sampler and seed, command and code."""


class ProposalSource(StrEnum):
    """Where a proposal comes from."""

    SAMPLER = "sampler"
    DEFAULT = "default"
    """The space's own defaults, where a search begins."""
    ENQUEUED = "enqueued"
    """Somebody asked for it."""
    EARLIER = "earlier"
    """A trial of an earlier search, from which this one learns."""
    REPEAT = "repeat"
    """One more seed for a configuration that may be the best."""


@frozen
class TrialProposed:
    """A search says what to try next; appended before the trial starts."""

    kind: ClassVar[str] = "trial.proposed"

    experiment: str
    """Its name."""
    search: Digest
    """The ``experiment.created`` that it is of."""
    number: int
    """In its search, from 0."""
    values: tuple[tuple[str, Value], ...]
    """(name, value) of each hyperparameter that has one, in the order of the space."""
    point: tuple[float | None, ...]
    """A coordinate from 0 to 1 for each hyperparameter of the space; null where it has no value."""
    head: Head
    """The prefix of the ledger that it was made from."""
    source: ProposalSource
    """Where it comes from."""
    adopted: Digest | None = None
    """A trial that had been tried before, and stands for this one; null where one is to be started."""
    seed: int | None = None
    """Of the trial, where those of a search have different ones; null where the search says it."""


@frozen
class TrialReported:
    """A trial of a search has reached a rung, where its scheduler looks at it."""

    kind: ClassVar[str] = "trial.reported"

    trial: Digest
    rung: int
    """The last one at or below the step."""
    step: int
    """At which it reported."""
    value: float
    """Of the search's objective there."""


@frozen
class TrialDecided:
    """A search's scheduler has decided whether a trial goes on; of one that it had stopped, that it does."""

    kind: ClassVar[str] = "trial.decided"

    trial: Digest
    rung: int
    """Where."""
    stop: bool
    """Whether it is to stop; else it goes on: one that had stopped in another trial of its proposal."""
    head: Head
    """The prefix of the ledger from whose reports that follows, the trial's own at this rung among them."""


@frozen
class Note:
    """What somebody had to say."""

    kind: ClassVar[str] = "note"

    trial: Digest | None = None
    experiment: str | None = None
    against: tuple[Digest, ...] = ()
    """Trials that `trial` is compared with: the note is on their diff."""
    against_experiments: tuple[str, ...] = ()
    """Experiments that `experiment` is compared with."""
    metric: str | None = None
    """The trial's metric that it is on; None where it is on the trial as a whole."""
    step: int | None = None
    """The metric's step that it is on; None where it is on all of them."""
    text: str
    """Markdown; of one that takes another back, why, which may be empty."""
    author: str
    replaces: Digest | None = None
    """The note that this one corrects."""
    removed: bool = False
    """Whether this takes that note back, rather than to correct it."""
    key: str | None = None
    """Fingerprint of the author's key, ``SHA256:`` and base64; None where it is not signed."""
    signature: str | None = None
    """By that key, as ``ssh-keygen -Y sign`` writes it."""


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
class DroppedContent:
    """Contents of outputs that one entry does not hold any more."""

    entry: Digest
    """The one that refers to them: a ``trial.finished`` or a ``trial.replayed``."""
    digests: tuple[Digest, ...]
    """Which of its outputs, sorted. A Manifest stays, and stands for the contents that it lists."""


@frozen
class ContentDropped:
    """Contents of outputs were let go of to have room; their digests stay."""

    kind: ClassVar[str] = "content.dropped"

    contents: tuple[DroppedContent, ...]
    """Of each entry. Where another entry refers to one of them, too, that one still holds it."""
    reason: str


NOT_BUNDLED = "a bundle without them"
"""The reason of a ``content.dropped`` that nobody chose: outputs were not in a bundle that was opened."""


@frozen
class ForeignLog:
    """One line of another program's log that is kept here; its lines stand in the order of one origin."""

    kind: ClassVar[str] = "foreign.log"

    source: str
    """Whose log: a name that tells those in one ledger apart."""
    content: str
    """The line as that program wrote it, such as JSON; its meaning is that program's."""


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
    | Allowance
    | ExperimentCreated
    | TrialProposed
    | TrialReported
    | TrialDecided
    | Note
    | Tag
    | Tombstone
    | ContentDropped
    | ForeignLog
    | Unknown
)

KNOWN: dict[str, type[Any]] = {
    each.kind: each
    for each in (
        TrialStarted,
        TrialFinished,
        TrialLost,
        TrialReplayed,
        Allowance,
        ExperimentCreated,
        TrialProposed,
        TrialReported,
        TrialDecided,
        Note,
        Tag,
        Tombstone,
        ContentDropped,
        ForeignLog,
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
