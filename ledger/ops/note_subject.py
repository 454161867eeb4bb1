"""What a note is on: what a person names for it, and how it is called."""

from collections.abc import Callable, Sequence
from typing import Any

from ledger.errors import AmbiguousError, NotFoundError, UsageError
from ledger.journal.series import points
from ledger.model import Digest, Note
from ledger.model.digest import PREFIX
from ledger.model.frozen import frozen
from ledger.ops import noted, references
from ledger.ops.noted import Found
from ledger.ops.references import MIN_PREFIX
from ledger.ops.remarks import Remark
from ledger.ops.text import count
from ledger.ops.trials import Trials

_STEPS = 1 << 63
"""A step has 64 bits."""
_LIST = "see the notes and their ids: ledger note --list"


@frozen
class Subject:
    """One or more trials, or one or more experiments; of one trial perhaps a metric, and a step of that."""

    trials: tuple[Digest, ...] = ()
    """More than one: their diff."""
    experiments: tuple[str, ...] = ()
    """More than one: their diff."""
    metric: str | None = None
    step: int | None = None

    def __post_init__(self) -> None:
        if bool(self.trials) is bool(self.experiments):
            raise UsageError(
                "a note is on trials or on experiments",
                cause=f"got {len(self.trials)} and {len(self.experiments)}",
                hint="on a trial: ledger note @ TEXT; on an experiment: ledger note -x NAME TEXT",
            )
        for what in (self.trials, self.experiments):
            if len(set(what)) < len(what):
                raise UsageError("a diff is of different things", cause="one of them is named twice")
        if self.metric is not None and len(self.trials) != 1:
            raise UsageError(
                "a metric is one trial's", hint="ledger note REF --metric NAME --step N 'what is there'"
            )
        if self.step is not None and self.metric is None:
            raise UsageError("a step is a metric's", hint="say which: --metric NAME --step N")
        if self.step is not None and not -_STEPS <= self.step < _STEPS:
            raise UsageError("no step", cause=f"expected an integer of 64 bits, got {self.step}")


def of(note: Note) -> Subject:
    """What a note is on.

    Raises
    ------
    UsageError
        If it is on nothing that this release knows.
    """
    return Subject(
        trials=() if note.trial is None else (note.trial, *note.against),
        experiments=() if note.experiment is None else (note.experiment, *note.against_experiments),
        metric=note.metric,
        step=note.step,
    )


def named(
    trials: Trials,
    refs: Sequence[str] = (),
    experiments: Sequence[str] = (),
    *,
    metric: str | None = None,
    step: int | None = None,
) -> Subject:
    """What a person names.

    Parameters
    ----------
    trials
        All that there are.
    refs
        References to trials; more than one mean their diff.
    experiments
        Names of experiments; more than one mean their diff.
    metric, step
        Of the one trial.

    Raises
    ------
    NotFoundError, AmbiguousError
        If there is no such trial, experiment or metric, or more than one.
    UsageError
        If these do not go together.
    """
    return checked(noted.by_reading(trials, refs, experiments), experiments, metric=metric, step=step)


def checked(
    found: Found, experiments: Sequence[str] = (), *, metric: str | None = None, step: int | None = None
) -> Subject:
    """What is named, where its trials and experiments were found.

    Raises
    ------
    NotFoundError
        If there is no such metric.
    UsageError
        If these do not go together.
    """
    subject = Subject(trials=found.ids, experiments=tuple(experiments), metric=metric, step=step)
    if metric is None:
        return subject
    trial = found.trials.by_id[found.ids[0]]
    # What a running trial will measure is not known yet.
    names = [metric] if trial.outcome is None else [each.name for each in trial.outcome.metrics]
    if metric not in names:
        shown = ", ".join(names[:10]) or "none"
        raise NotFoundError(
            f"no metric {metric!r} in {references.describe(trial)}", cause=f"its metrics: {shown}"
        )
    return subject


def check_step(subject: Subject, trials: Trials, get: Callable[[Digest], bytes]) -> None:
    """Refuse a step at which the metric has no point.

    What cannot be known passes: of a trial that runs, of a metric without a series, or of one that is not
    here.

    Parameters
    ----------
    subject
        What is to be noted on.
    trials
        All that there are.
    get
        Reads an object, as `Store.get`.

    Raises
    ------
    NotFoundError
        If there is no such point; the hint names the nearest steps.
    """
    trial = trials.by_id.get(subject.trials[0]) if subject.trials else None
    outcome = None if trial is None else trial.outcome
    if trial is None or outcome is None or outcome.series is None:
        return
    if subject.metric is None or subject.step is None:
        return
    try:
        held = points(get(outcome.series)).get(subject.metric)
    except NotFoundError:
        return  # a clone without its objects
    wanted = subject.step
    if held is None or wanted in held.steps:
        return
    steps = sorted(set(held.steps), key=lambda step: (abs(step - wanted), step))
    raise NotFoundError(
        f"no point of {subject.metric!r} at step {wanted} in {references.describe(trial)}",
        cause=f"it has {count(len(steps), 'step')}, from {min(steps)} to {max(steps)}",
        hint=f"the nearest: {', '.join(f'--step {step}' for step in steps[:3])}",
    )


def concerns(remark: Remark, asked: Subject) -> bool:
    """Whether a note is on that trial or experiment, or its diffs; or on that diff, whatever its order."""
    if asked.experiments:
        told: tuple[set[Any], set[Any]] = set(remark.experiments), set(asked.experiments)
    else:
        told = set(remark.trials), set(asked.trials)
    return told[0] == told[1] if len(told[1]) > 1 else told[1] <= told[0]


def on_diff(
    trials: Trials, *, ids: Sequence[Digest] = (), experiments: Sequence[str] = ()
) -> tuple[Remark, ...]:
    """Notes on the diff of these trials, or of these experiments, in whatever order they were named."""
    different = tuple(dict.fromkeys(ids)), tuple(dict.fromkeys(experiments))
    if max(map(len, different)) < 2:
        return ()
    asked = Subject(trials=different[0], experiments=different[1])
    return tuple(each for each in trials.standing_notes if concerns(each, asked))


def words(subject: Subject, trials: Trials) -> str:
    """What a note is on, in a few words."""
    if subject.experiments:
        if len(subject.experiments) > 1:
            return f"the diff of experiments {_and(subject.experiments)}"
        return f"experiment {subject.experiments[0]}"
    ids = subject.trials
    if len(ids) > 1:
        return f"the diff of {_and([_short(each, trials) for each in ids])}"
    trial = trials.by_id.get(ids[0])
    if subject.metric is None:
        return ids[0].short if trial is None else references.describe(trial)
    step = "" if subject.step is None else f" at step {subject.step}"
    return f"{subject.metric}{step} of {_short(ids[0], trials)}"


def described(note: Note, trials: Trials) -> str:
    """What a note is on, in a few words, whoever wrote it and however."""
    try:
        return words(of(note), trials)
    except UsageError:
        return "nothing that this release knows"


def find(trials: Trials, id: str) -> Remark:
    """The note that an id, or the start of one, names.

    Raises
    ------
    NotFoundError
        If there is none, or it was corrected or taken back already.
    AmbiguousError
        If it is the start of more than one.
    """
    digits = id.removeprefix(PREFIX).lower()
    if len(digits) < MIN_PREFIX:
        raise NotFoundError(f"no note {id!r}", cause=f"expected {MIN_PREFIX} digits or more", hint=_LIST)
    known = [each for each in trials.standing_notes if each.id.hex().startswith(digits)]
    if len(known) > 1:
        raise AmbiguousError(
            f"{id} is the start of {len(known)} ids of notes",
            cause="they are " + ", ".join(each.id.short for each in known[:10]),
            hint="give more digits",
        )
    if known:
        return known[0]
    for old, new in trials.replaced_notes.items():
        if old.hex().startswith(digits):
            raise NotFoundError(
                f"the note {old.short} does not stand any more",
                cause=f"{new.short} has corrected it or taken it back",
                hint=_LIST,
            )
    raise NotFoundError(f"no note {id!r}", cause="no note has an id that starts so", hint=_LIST)


def _short(id: Digest, trials: Trials) -> str:
    trial = trials.by_id.get(id)
    return id.short if trial is None or not trial.name else f"{id.short} {trial.name}"


def _and(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}"
