"""Which objects the record refers to: what each one is, and to which trial."""

from collections.abc import Iterable, Iterator

from ledger.capture.directories import is_group
from ledger.model import (
    Artifact,
    CodeSnapshot,
    Digest,
    Environment,
    ExperimentCreated,
    Host,
    Manifest,
    Outcome,
    Payload,
    Trial,
    TrialFinished,
    TrialLost,
    TrialReplayed,
    TrialStarted,
    Unknown,
    Wheel,
)
from ledger.model.codec import decode
from ledger.model.digest import PREFIX
from ledger.model.frozen import frozen, replace
from ledger.ops import searches
from ledger.ops.trials import Receipt

Noun = type[Environment] | type[Host] | type[Manifest]


@frozen
class Reference:
    """An object that something recorded refers to."""

    digest: Digest
    what: str
    """What it is to its trial, for people: ``output model.bin``."""
    kind: Noun | None = None
    """The noun that it has to hold; None for plain content."""
    size: int | None = None
    """Bytes, as recorded; None where the record does not say."""
    receipt: Digest | None = None
    """The entry of the replay that it belongs to; None where it is the trial's own."""
    output: bool = False
    """Whether it is an output, whose content may be let go of."""
    product: bool = False
    """Whether it lists what earlier trials had made: a trial whose inputs are all known does not need it."""


def of_trial(trial: Trial, receipts: Iterable[Receipt] = ()) -> Iterator[Reference]:
    """Objects that a trial and its replays refer to themselves; what a Manifest lists is not among them."""
    yield from _begun(trial)
    yield from _wheels(trial.wheels)
    yield from _files(trial.inputs, "input")
    yield from _outcome(trial.outcome, "")
    for receipt in receipts:
        for each in _replayed(receipt.replay):
            yield replace(each, receipt=receipt.id)


def of_entry(payload: Payload) -> Iterator[Reference]:
    """Objects that one entry refers to itself, in the fields that this release knows."""
    match payload:
        case TrialStarted():
            yield from _begun(payload)
            yield from _files(payload.inputs, "input")
        case TrialFinished():
            yield from _wheels(payload.wheels)
            yield from _files(payload.inputs, "input")
            yield from _outcome(payload.outcome, "")
        case TrialLost():
            yield from _files(payload.inputs, "input")
            yield from _outcome(payload.outcome, "")
        case TrialReplayed():
            yield from _replayed(payload)
        case ExperimentCreated():
            yield from _searched(payload)
        case _:
            pass  # it refers to entries, or to nothing


def outputs(outcome: Outcome | None, whose: str = "") -> Iterator[Reference]:
    """What an execution left as files."""
    for each in _files(outcome.outputs if outcome else (), f"output{whose}"):
        yield replace(each, output=True)


def knows(payload: Payload) -> bool:
    """Whether this release knows what an entry of that kind refers to."""
    return not isinstance(payload, Unknown)


def inside(content: bytes, what: str) -> Iterator[Reference]:
    """Objects that a Manifest lists.

    Parameters
    ----------
    content
        Its canonical bytes.
    what
        What it is to its trial.

    Raises
    ------
    FormatError
        If it is none.
    """
    for entry in decode(Manifest, content):
        if entry.digest and not entry.omitted:
            yield Reference(digest=entry.digest, what=f"{what} {entry.path}", size=entry.size)


def _begun(trial: Trial | TrialStarted) -> Iterator[Reference]:
    yield Reference(digest=trial.environment, what="environment", kind=Environment)
    yield Reference(digest=trial.host, what="host", kind=Host)
    yield from _code(trial.code)
    if trial.intent.stdin.startswith(PREFIX):
        yield Reference(digest=Digest.parse(trial.intent.stdin), what="standard input")
    yield from _files(trial.locks, "lock file")


def _searched(created: ExperimentCreated) -> Iterator[Reference]:
    """What the trials that a search has yet to run will need."""
    search = searches.definition(created)
    if search is not None:
        yield Reference(digest=search.environment, what="environment", kind=Environment)
        yield from _code(search.code)


def _code(code: Iterable[CodeSnapshot]) -> Iterator[Reference]:
    for snapshot in code:
        name = "code" if snapshot.name == "." else f"code of {snapshot.name}"
        yield Reference(digest=snapshot.tree, what=name, kind=Manifest)
        if snapshot.products:
            yield Reference(digest=snapshot.products, what="products", kind=Manifest, product=True)


def _wheels(wheels: Iterable[Wheel]) -> Iterator[Reference]:
    for each in wheels:
        yield Reference(digest=each.digest, what=f"wheel of {each.distribution}", size=each.size)


def _replayed(replay: TrialReplayed) -> Iterator[Reference]:
    if replay.environment:
        yield Reference(digest=replay.environment, what="environment of a replay", kind=Environment)
    yield Reference(digest=replay.host, what="host of a replay", kind=Host)
    yield from _outcome(replay.outcome, " of a replay")


def _outcome(outcome: Outcome | None, whose: str) -> Iterator[Reference]:
    if outcome is None:
        return
    yield from outputs(outcome, whose)
    if outcome.series:
        yield Reference(digest=outcome.series, what=f"metric series{whose}")
    for name, stream in (("stdout", outcome.stdout), ("stderr", outcome.stderr)):
        if stream:
            yield Reference(digest=stream.digest, what=f"{name}{whose}", size=stream.size)


def _files(artifacts: Iterable[Artifact], what: str) -> Iterator[Reference]:
    for each in artifacts:
        if each.digest and not each.omitted:
            group = is_group(each)
            yield Reference(
                digest=each.digest,
                what=f"{what} {each.path}",
                kind=Manifest if group else None,
                size=None if group else each.size,
            )
