"""Whether everything that was recorded is still there, and still what it was."""

import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress

from ledger.errors import DamagedError, FormatError, LedgerError, NotFoundError
from ledger.journal.base import Journal
from ledger.model import Digest, Finding, Head, HealthState, Manifest, Notice, Status, Trial
from ledger.model.codec import decode
from ledger.model.frozen import frozen, replace
from ledger.ops import hashing, reach, sampling
from ledger.ops.reach import Reference
from ledger.ops.sampling import Sample, Sampling
from ledger.ops.trials import Dropped, Trials
from ledger.store.base import Store
from ledger.workspace import Workspace

Progress = Callable[[int, int], None]
"""Told (objects checked, objects known so far) as it goes."""

_MOST_PLACES = 5
"""Of one damaged object, so many are named."""


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
    proposals: int = 0
    """How many were made again."""
    sample: Sample | None = None
    """How far a part stands for the whole; None where every content was hashed."""

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
    sample: Sampling | None = None,
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
    sample
        Hash only some of the contents. That each is there is looked at for all of them.
    progress
        Called after each object.
    """
    chosen = tuple(trials.ordered if scope is None else scope)
    head = journal.head()
    findings = journal.verify()
    checking = _Checking(store, progress)
    checking.nouns(reference for trial in chosen for reference in _references(trial, trials))
    drawn = checking.contents(sample)
    findings += _located(checking, chosen, trials, store)
    return Report(
        findings=tuple(findings),
        notices=(*_notices(chosen), *_lettings_go(chosen, trials)),
        head=head,
        trials=len(chosen),
        objects=len(checking.checked),
        sample=drawn,
    )


def with_searches(report: Report, workspace: Workspace, trials: Trials, experiment: str) -> Report:
    """A report with what the searches of an experiment have shown, each proposal of which is made again."""
    if all(each.name != experiment for each in trials.experiments.values()):
        return report
    if workspace.foreign:
        notice = Notice(
            what="search.partial",
            where=experiment,
            detail="its proposals are not computed again: a bundle has a part of what they were made from",
        )
        return replace(report, notices=(*report.notices, notice))
    from ledger.ops.tune import verify as tune_verify  # most experiments were not tuned

    found = tune_verify.check(workspace.journal, experiment, workspace.store.get)
    return replace(
        report,
        findings=(*report.findings, *found.findings),
        notices=(*report.notices, *found.notices),
        proposals=found.proposals,
    )


def with_notes(report: Report, trials: Trials) -> Report:
    """A report with what there is to say of signatures of notes.

    One that does not hold is no damage: whoever may write here may write one. So it is a notice, and whatever
    shows the note says so.
    """
    from ledger.ops import note_signatures  # most ledgers have no signed note

    told = [each for standing in trials.standing_notes for each in (*standing.before, standing)]
    notices = []
    for each in told:
        if each.note.signature is None:
            continue
        signed = note_signatures.check(each)
        if signed.state is note_signatures.State.BAD:
            detail = f"its signature does not hold: {signed.reason}"
            notices.append(Notice(what="note.signature", where=str(each.id), detail=detail))
        elif signed.state is note_signatures.State.UNCHECKED:
            detail = f"signatures of notes are not checked: {signed.reason}"
            notices.append(Notice(what="note.unchecked", where=str(each.id), detail=detail))
            break  # nor are the others
    return replace(report, notices=(*report.notices, *notices)) if notices else report


class _Checking:
    """Each object once, and what is wrong with it."""

    def __init__(self, store: Store, progress: Progress) -> None:
        self._store = store
        self._progress = progress
        self._contents: dict[Digest, Reference] = {}
        self._nouns: dict[Digest, dict[object, Reference]] = {}
        self.lists: dict[Digest, Reference] = {}
        """The Manifests that can be read."""
        self.checked: set[Digest] = set()
        self.wrong: dict[Digest, tuple[Reference, LedgerError]] = {}
        """In the order in which the record names them."""

    def nouns(self, references: Iterable[Reference]) -> None:
        """Read all that is more than content, and find out what contents there are."""
        for reference in references:
            if reference.kind is None:
                self._contents.setdefault(reference.digest, reference)
            elif reference.kind not in (known := self._nouns.setdefault(reference.digest, {})):
                known[reference.kind] = reference
                self._noun(reference)
                self._done(reference.digest, len(self._nouns) + len(self._contents))

    def _noun(self, reference: Reference) -> None:
        digest = reference.digest
        try:
            content = self._store.get(digest)
            if reference.kind is Manifest:
                for each in reach.inside(content, reference.what):
                    self._contents.setdefault(each.digest, each)
                self.lists[digest] = reference
            elif reference.kind is not None:
                decode(reference.kind, content)
        except LedgerError as error:
            self.wrong.setdefault(digest, (reference, error))

    def contents(self, sample: Sampling | None) -> Sample | None:
        """Hash the contents, or a sample of them; what was read already need not be."""
        left = {digest: each for digest, each in self._contents.items() if digest not in self.checked}
        there = left.keys() if sample is None else left.keys() & set(self._store.digests())
        count = len(there) if sample is None else sample.of(len(there))
        if sample is None or count == len(there):
            self._hash(left, left)
            return None
        seed = secrets.randbits(32) if sample.seed is None else sample.seed
        drawn = sampling.choose(there, count, seed)
        self._hash(left, [digest for digest in left if digest in drawn or digest not in there])
        damaged = sum(digest in self.wrong for digest in drawn)
        return Sample(objects=count, of=len(there), seed=seed, damaged=damaged)

    def _hash(self, contents: dict[Digest, Reference], chosen: Iterable[Digest]) -> None:
        found: dict[Digest, LedgerError] = {}
        references = [contents[each] for each in chosen]
        known = len(self.checked) + len(references)
        for digest, error in hashing.check(self._store, references):
            if error is not None:
                found[digest] = error
            self._done(digest, known)
        self.wrong.update(
            {digest: (each, found[digest]) for digest, each in contents.items() if digest in found}
        )

    def _done(self, digest: Digest, known: int) -> None:
        self.checked.add(digest)
        self._progress(len(self.checked), known)


def _located(checking: _Checking, chosen: Sequence[Trial], trials: Trials, store: Store) -> Iterator[Finding]:
    """Say of each object that is not what it was where it belongs.

    What refers to an object is looked up again only if it is damaged: to keep all of that in mind would take
    more memory than all else.
    """
    wrong = checking.wrong
    if not wrong:
        return
    listed: dict[Digest, list[Reference]] = {}
    for digest in checking.lists:
        with suppress(LedgerError):  # it could be read a moment ago
            listed[digest] = [each for each in reach.inside(store.get(digest), "") if each.digest in wrong]
    places: dict[Digest, dict[str, None]] = {digest: {} for digest in wrong}
    owners: dict[Digest, dict[str, None]] = {digest: {} for digest in wrong}

    def note(digest: Digest, place: str, trial: Trial, *, dropped: bool) -> None:
        if not (dropped and isinstance(wrong[digest][1], NotFoundError)):
            places[digest][place] = None
            owners[digest][str(trial.id)] = None

    for trial in chosen:
        for reference in _references(trial, trials):
            dropped = _dropped(reference, trial, trials) is not None
            dropped = dropped or (reference.product and trial.recipe_complete)
            if reference.digest in wrong:
                note(reference.digest, reference.what, trial, dropped=dropped and reference.kind is None)
            if reference.kind is Manifest:
                for each in listed.get(reference.digest, ()):
                    note(each.digest, f"{reference.what}{each.what}", trial, dropped=dropped)
    for digest, (reference, error) in wrong.items():
        if owners[digest]:  # else nobody holds it any more
            yield _finding(reference, error, tuple(places[digest]), tuple(owners[digest]))


def _dropped(reference: Reference, trial: Trial, trials: Trials) -> Dropped | None:
    """By what an output was let go of; None where it was not."""
    if not reference.output:
        return None
    return trials.dropped_from(reference.receipt or trials.ends.get(trial.id), reference.digest)


def _finding(
    reference: Reference, error: LedgerError, places: tuple[str, ...], owners: tuple[str, ...]
) -> Finding:
    expected = str(reference.digest)
    if isinstance(error, NotFoundError):
        what, got = "object.missing", "nothing"
    elif isinstance(error, DamagedError):
        what, got = "object.damaged", (error.cause or error.message).rpartition("got ")[2]
    elif isinstance(error, FormatError) and reference.kind is not None:
        what, got = "object.format", error.cause or error.message
        expected = f"of the form {reference.kind.__name__}"
    else:
        what, got = "object.unreadable", error.cause or error.message
    more = [f"{len(places) - _MOST_PLACES} more"] if len(places) > _MOST_PLACES else []
    named = "; ".join([*places[:_MOST_PLACES], *more])
    return Finding(
        what=what,
        where=f"{reference.digest} ({named})",
        expected=expected,
        got=got,
        trials=owners,
    )


def _references(trial: Trial, trials: Trials) -> Iterator[Reference]:
    return reach.of_trial(trial, trials.receipts.get(trial.id, ()))


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
        # One that was ended, or stopped, from outside shows what its recipe gives as little as a lost one.
        ended = (Status.KILLED, Status.PRUNED, Status.LOST)
        if trial.recipe and trial.outcome and trial.status not in ended:
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


def _lettings_go(chosen: Iterable[Trial], trials: Trials) -> Iterator[Notice]:
    for trial in chosen:
        own = [each for each in _references(trial, trials) if each.receipt is None]
        found = [each for each in (_dropped(reference, trial, trials) for reference in own) if each]
        if found:
            count = "1 output" if len(found) == 1 else f"{len(found)} outputs"
            detail = f"{count} by {found[-1].reason}; ledger replay {trial.id.short} may make them again"
            yield Notice(what="content.dropped", where=str(trial.id), detail=detail)


def _result(trial: Trial) -> tuple[object, ...]:
    outcome = trial.outcome
    return (outcome.exit_code, tuple((each.path, each.digest) for each in outcome.outputs)) if outcome else ()
