"""Whether everything that was recorded is still there, and still what it was."""

from collections.abc import Callable, Iterable, Iterator

from ledger.errors import DamagedError, FormatError, LedgerError, NotFoundError
from ledger.journal.base import Journal
from ledger.model import (
    Artifact,
    Digest,
    Environment,
    Finding,
    Head,
    HealthState,
    Host,
    Manifest,
    Notice,
    Outcome,
    Status,
    Trial,
)
from ledger.model.codec import decode
from ledger.model.frozen import frozen
from ledger.ops.query import Trials
from ledger.store.base import Store

Progress = Callable[[int, int], None]
"""Told (objects checked, objects known so far) as it goes."""


@frozen
class Report:
    """What a check has shown."""

    findings: tuple[Finding, ...]
    """What is wrong; empty for a whole ledger."""
    notices: tuple[Notice, ...]
    """What is worth knowing; nothing of it is wrong."""
    head: Head
    """The prefix that was checked."""
    trials: int
    """How many were checked."""
    objects: int
    """How many were checked."""

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.findings


def verify(
    journal: Journal,
    store: Store,
    trials: Trials,
    *,
    scope: Iterable[Trial] | None = None,
    progress: Progress = lambda _done, _known: None,
) -> Report:
    """Check every byte of the journal, and each object that a trial refers to.

    Parameters
    ----------
    journal, store
        What is checked.
    trials
        What the journal tells. Objects of removed trials may be gone, and objects that nothing refers to are
        no damage: neither is looked at.
    scope
        Only these trials' objects; the journal is checked as a whole either way.
    progress
        Called after each object.
    """
    chosen = tuple(trials.ordered if scope is None else scope)
    head = journal.head()
    findings = journal.verify()
    objects = _Objects(store, progress)
    for trial in chosen:
        for reference in _references(trial, trials):
            objects.need(reference, str(trial.id))
    findings += objects.findings()
    return Report(
        findings=tuple(findings),
        notices=tuple(_notices(chosen)),
        head=head,
        trials=len(chosen),
        objects=objects.count,
    )


@frozen
class _Reference:
    digest: Digest
    what: str
    """What it is to its trial, for people."""
    kind: type[Environment] | type[Host] | type[Manifest] | None = None
    """The noun that it has to hold; None for plain content."""


class _Objects:
    """Each object once, and what refers to it."""

    def __init__(self, store: Store, progress: Progress) -> None:
        self._store = store
        self._progress = progress
        self._kinds: dict[tuple[Digest, object], _Reference] = {}
        self._trials: dict[Digest, dict[str, None]] = {}
        self._inside: dict[Digest, list[_Reference]] = {}
        self._checked: dict[Digest, Finding | None] = {}

    @property
    def count(self) -> int:
        return len(self._checked)

    def need(self, reference: _Reference, trial: str) -> None:
        """Check a reference if it is new, and all that its object refers to."""
        owners = self._trials.setdefault(reference.digest, {})
        if trial in owners and (reference.digest, reference.kind) in self._kinds:
            return
        owners[trial] = None
        if (reference.digest, reference.kind) not in self._kinds:
            self._kinds[reference.digest, reference.kind] = reference
            found = self._check(reference)
            self._checked[reference.digest] = self._checked.get(reference.digest) or found
            self._progress(len(self._checked), len(self._trials))
        for each in self._inside.get(reference.digest, ()):
            self.need(each, trial)

    def findings(self) -> Iterator[Finding]:
        for digest, found in self._checked.items():
            if found:
                yield Finding(
                    what=found.what,
                    where=found.where,
                    expected=found.expected,
                    got=found.got,
                    trials=tuple(self._trials[digest]),
                )

    def _check(self, reference: _Reference) -> Finding | None:
        digest = reference.digest
        try:
            if reference.kind is None:
                self._store.check(digest)
                return None
            noun = decode(reference.kind, self._store.get(digest))
        except NotFoundError:
            return self._finding("object.missing", reference, "nothing")
        except DamagedError as error:
            return self._finding("object.damaged", reference, _got(error))
        except FormatError as error:
            return self._finding("object.format", reference, error.cause or error.message)
        except LedgerError as error:
            return self._finding("object.unreadable", reference, error.cause or error.message)
        if isinstance(noun, Manifest):
            self._inside[digest] = [
                _Reference(digest=entry.digest, what=f"{reference.what} {entry.path}")
                for entry in noun
                if entry.digest and not entry.omitted
            ]
        return None

    def _finding(self, what: str, reference: _Reference, got: str) -> Finding:
        kind = reference.kind.__name__ if reference.kind and what == "object.format" else None
        return Finding(
            what=what,
            where=f"{reference.digest} ({reference.what})",
            expected=f"of the form {kind}" if kind else str(reference.digest),
            got=got,
        )


def _got(error: DamagedError) -> str:
    """What was found: what was expected stands beside it."""
    return (error.cause or error.message).rpartition("got ")[2]


def _references(trial: Trial, trials: Trials) -> Iterator[_Reference]:
    """Every object that a trial's entries refer to."""
    yield _Reference(digest=trial.environment, what="environment", kind=Environment)
    yield _Reference(digest=trial.host, what="host", kind=Host)
    for snapshot in trial.code:
        name = "code" if snapshot.name == "." else f"code of {snapshot.name}"
        yield _Reference(digest=snapshot.tree, what=name, kind=Manifest)
        if snapshot.products:
            yield _Reference(digest=snapshot.products, what="products", kind=Manifest)
    if trial.intent.stdin.startswith("b3:"):
        yield _Reference(digest=Digest.parse(trial.intent.stdin), what="standard input")
    yield from _files(trial.inputs, "input")
    yield from _outcome(trial.outcome, "")
    for receipt in trials.receipts.get(trial.id, ()):
        replay = receipt.replay
        if replay.environment:
            yield _Reference(digest=replay.environment, what="environment of a replay", kind=Environment)
        yield _Reference(digest=replay.host, what="host of a replay", kind=Host)
        yield from _outcome(replay.outcome, " of a replay")


def _outcome(outcome: Outcome | None, whose: str) -> Iterator[_Reference]:
    if outcome is None:
        return
    yield from _files(outcome.outputs, f"output{whose}")
    if outcome.series:
        yield _Reference(digest=outcome.series, what=f"metric series{whose}")
    for name, stream in (("stdout", outcome.stdout), ("stderr", outcome.stderr)):
        if stream:
            yield _Reference(digest=stream.digest, what=f"{name}{whose}")


def _files(artifacts: Iterable[Artifact], what: str) -> Iterator[_Reference]:
    for each in artifacts:
        if each.digest and not each.omitted:
            yield _Reference(digest=each.digest, what=f"{what} {each.path}")


def _notices(trials: Iterable[Trial]) -> Iterator[Notice]:
    recipes: dict[Digest, list[Trial]] = {}
    for trial in trials:
        if trial.status is Status.LOST:
            yield Notice(what="trial.lost", where=str(trial.id), detail="its recorder died before it ended")
        lines = [
            f"{line.part} {line.state}{f' ({line.reason})' if line.reason else ''}"
            for line in trial.health
            if line.state is not HealthState.COMPLETE
        ]
        if lines:
            yield Notice(what="record.partial", where=str(trial.id), detail="; ".join(lines))
        if trial.recipe and trial.outcome:
            recipes.setdefault(trial.recipe, []).append(trial)
    for recipe, made in recipes.items():
        results = {_result(trial) for trial in made}
        if len(results) > 1:
            known = "" if made[0].recipe_complete else "; its list of inputs is not known to be complete"
            yield Notice(
                what="recipe.nondeterministic",
                where=str(recipe),
                detail=f"{len(made)} trials of this recipe have {len(results)} results{known}: "
                + ", ".join(trial.id.short for trial in made[:10]),
            )


def _result(trial: Trial) -> tuple[object, ...]:
    outcome = trial.outcome
    return (outcome.exit_code, tuple((each.path, each.digest) for each in outcome.outputs)) if outcome else ()
