"""Contents that nothing recorded holds any more are removed; their digests stay."""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress

from ledger.errors import DamagedError, LedgerError, NotFoundError
from ledger.model import ContentDropped, Digest, DroppedContent, Manifest, Trial
from ledger.model.frozen import frozen, replace
from ledger.ops import holding, keeping, pinned_heads, query, reach
from ledger.ops.keeping import Policy
from ledger.ops.reach import Reference
from ledger.ops.trials import Trials
from ledger.store.gc import Collector, collecting
from ledger.workspace import Workspace

UNREFERENCED = "unreferenced"
"""Of writers that were killed before they could record it."""
REMOVED = "removed"
"""Of trials that were taken back."""
DROPPED = "dropped"
"""Outputs that were let go of."""
_PATIENCE_S = 5.0
_LOOK_EVERY_S = 0.1
_ENTRIES = 1_000
"""How many entries' contents one ``content.dropped`` names at most."""


@frozen
class Row:
    """Objects that go for one reason."""

    reason: str
    experiment: str | None
    """Of the trials that they belong to; None for none."""
    trials: int
    """How many of those there are."""
    objects: int
    size: int
    """Plain bytes."""


@frozen
class Collected:
    """What went, or would go."""

    dry_run: bool
    rows: tuple[Row, ...]
    kept: int
    """Objects that stay."""
    waiting: int = 0
    """Writers that may still rely on what is to go: nothing of it has gone."""

    @property
    def objects(self) -> int:
        """How many, for all reasons."""
        return sum(each.objects for each in self.rows)

    @property
    def size(self) -> int:
        """Plain bytes, for all reasons."""
        return sum(each.size for each in self.rows)


def gc(
    workspace: Workspace,
    policy: Policy | None = None,
    *,
    dry_run: bool = False,
    now: int | None = None,
    patience: float = _PATIENCE_S,
    progress: Callable[[str], None] = lambda _: None,
) -> Collected:
    """Remove the contents that nothing recorded holds, and put small ones that stay together.

    A policy lets go of the outputs of trials, of those of their replays too: what replays need, and metrics
    and streams, stay. That is recorded first, as ``content.dropped``. Contents of trials that were taken
    back, and those that no entry refers to, need no policy.

    Parameters
    ----------
    workspace
        The ledger.
    policy
        Which trials' outputs may go; none by default.
    dry_run
        Only say what would go.
    now
        UTC, nanoseconds since 1970.
    patience
        Seconds to wait for writers that may rely on what is to go; what they keep from going goes next time.
    progress
        Takes a line for each step.

    Raises
    ------
    NotFoundError
        If there is no such experiment or tag.
    DamagedError
        If the journal, a list of files or a pack is damaged, so that nobody knows what is held.
    LedgerError
        If another process removes objects.
    """
    policy = policy or Policy()
    now = time.time_ns() if now is None else now
    _refuse_damage(workspace, progress)
    if dry_run:
        plan = _Plan(workspace, policy, now, progress)
        return Collected(dry_run=True, rows=plan.rows(plan.condemned), kept=plan.kept)
    workspace.store.release()  # or it would wait for what an earlier call in this process has not let go of
    with collecting(workspace.directory, workspace.store) as collector:
        before: tuple[Row, ...] = ()
        if collector.condemned():  # by one that could not come to its end
            plan = _Plan(workspace, Policy(), now, progress)
            waiting, gone = _finish(collector, plan, patience, progress)
            if waiting:
                return Collected(dry_run=False, rows=(), kept=plan.kept, waiting=waiting)
            before = plan.rows(gone)
        plan = _Plan(workspace, policy, now, progress)
        going = plan.condemned | workspace.store.pieces_of(plan.condemned)
        plan.record()
        if going:
            collector.condemn(going)
        waiting, gone = _finish(collector, plan, patience, progress)
        progress("packing what is small")
        workspace.store.tidy()
        rows = _united(before, plan.rows(gone))
        return Collected(dry_run=False, rows=rows, kept=plan.kept, waiting=waiting)


def _refuse_damage(workspace: Workspace, progress: Callable[[str], None]) -> None:
    progress("checking the journal")
    # Of entries that were rolled back a kept head may be all that is left, and what they held may be wanted.
    findings = workspace.journal.verify() or pinned_heads.losses(workspace.directory, workspace.journal)
    if findings:
        raise DamagedError(
            "the journal is damaged, and what its lost part holds is not known",
            cause=f"{findings[0].what}: {findings[0].where}",
            hint="see all of it: ledger verify",
        )


@frozen
class _Owner:
    """Who let go of a content."""

    reason: str
    trial: Trial


class _Plan:
    """What is held, what goes, and who let go of it."""

    def __init__(
        self, workspace: Workspace, policy: Policy, now: int, progress: Callable[[str], None]
    ) -> None:
        self._policy = policy
        self._journal, self._store = workspace.journal, workspace.store
        self._owners: dict[Digest, list[_Owner]] = {}
        self._dropping: list[DroppedContent] = []
        progress("reading what is recorded")
        trials = query.load(self._journal)
        chosen = keeping.select(trials, policy, now)
        offered = {
            entry: (trial, [each for each in some if not trials.let_go(entry, each.digest)])
            for trial in chosen
            for entry, some in _outputs(trial, trials)
        }
        progress("finding out what is held")
        released = {entry: frozenset(each.digest for each in some) for entry, (_, some) in offered.items()}
        held = holding.held(self._journal, self._store, trials, released)
        there = set(self._store.digests())
        self._sizes = {digest: self._size(digest) for digest in there - held}
        self.kept = len(there) - len(self._sizes)
        self._attribute(trials, offered)

    @property
    def condemned(self) -> frozenset[Digest]:
        """What goes."""
        return frozenset(self._sizes)

    def held_now(self) -> set[Digest]:
        """What is held by now: what was let go of has been recorded."""
        return holding.held(self._journal, self._store, query.load(self._journal))

    def record(self) -> None:
        """Append what the policy lets go of, before anything of it goes."""
        reason = f"ledger gc {self._policy.words}"
        for start in range(0, len(self._dropping), _ENTRIES):
            some = tuple(self._dropping[start : start + _ENTRIES])
            self._journal.append(ContentDropped(contents=some, reason=reason))

    def rows(self, gone: Iterable[Digest]) -> tuple[Row, ...]:
        """What goes, by reason and experiment; an object that several let go of, under the first."""
        counts: dict[tuple[str, str | None], tuple[set[Digest], int, int]] = {}
        for digest in gone:
            owners = self._owners.get(digest, ())
            key = (owners[0].reason, owners[0].trial.experiment) if owners else (UNREFERENCED, None)
            trials, objects, size = counts.get(key, (set(), 0, 0))
            trials.update(each.trial.id for each in owners)
            counts[key] = trials, objects + 1, size + self._sizes.get(digest, 0)
        return tuple(
            Row(reason=reason, experiment=experiment, trials=len(trials), objects=objects, size=size)
            for (reason, experiment), (trials, objects, size) in sorted(
                counts.items(), key=lambda each: (each[0][0], each[0][1] or "")
            )
        )

    def _attribute(self, trials: Trials, offered: dict[Digest, tuple[Trial, list[Reference]]]) -> None:
        """Say of each object that goes who let go of it: now, earlier, or by being taken back."""
        for entry, (trial, some) in offered.items():
            going = {each.digest for each in some if self._own(each, _Owner(reason=DROPPED, trial=trial))}
            if going:
                self._dropping.append(DroppedContent(entry=entry, digests=tuple(sorted(going))))
        for trial in trials:
            for entry, references in _outputs(trial, trials):
                for each in references:
                    if trials.dropped_from(entry, each.digest) is not None:
                        self._own(each, _Owner(reason=DROPPED, trial=trial))
        for trial, _ in trials.removed.values():
            for each in reach.of_trial(trial, trials.receipts.get(trial.id, ())):
                self._own(each, _Owner(reason=REMOVED, trial=trial))

    def _own(self, reference: Reference, owner: _Owner) -> bool:
        """Note who let go of an object, or of what it lists; whether anything of it goes."""
        digests = [reference.digest]
        if reference.kind is Manifest:
            with suppress(LedgerError):  # of a trial that was taken back: what it listed is told as nobody's
                content = self._store.get(reference.digest)
                digests += [each.digest for each in reach.inside(content, reference.what)]
        going = [digest for digest in digests if digest in self._sizes]
        for digest in going:
            self._owners.setdefault(digest, []).append(owner)
        return bool(going)

    def _size(self, digest: Digest) -> int:
        with suppress(NotFoundError):  # removed by hand a moment ago
            return self._store.size(digest)
        return 0


def _outputs(trial: Trial, trials: Trials) -> Iterator[tuple[Digest, list[Reference]]]:
    """The outputs of a trial and of its replays, and the entry that holds each."""
    end = trials.ends.get(trial.id)
    if end is not None:
        yield end, list(reach.outputs(trial.outcome))
    for receipt in trials.receipts.get(trial.id, ()):
        yield receipt.id, list(reach.outputs(receipt.replay.outcome))


def _finish(
    collector: Collector, plan: _Plan, patience: float, progress: Callable[[str], None]
) -> tuple[int, frozenset[Digest]]:
    """Wait for the writers that may rely on what is condemned, then remove it; how many there still are."""
    until, said = time.monotonic() + patience, 0
    while waiting := collector.waiting():
        if time.monotonic() >= until:
            return waiting, frozenset()
        if waiting != said:
            progress(
                "waiting for a command that writes" if waiting == 1 else f"waiting for {waiting} commands"
            )
            said = waiting
        time.sleep(_LOOK_EVERY_S)
    if not collector.condemned():
        return 0, frozenset()
    held = plan.held_now()
    progress("removing")
    # What the one before had come to remove is on its list, too.
    return 0, collector.remove(held) & plan.condemned


def _united(before: tuple[Row, ...], after: tuple[Row, ...]) -> tuple[Row, ...]:
    """Rows of two rounds as one."""
    found: dict[tuple[str, str | None], Row] = {}
    for row in (*before, *after):
        key = (row.reason, row.experiment)
        same = found.get(key)
        found[key] = (
            row
            if same is None
            else replace(
                same,
                trials=same.trials + row.trials,
                objects=same.objects + row.objects,
                size=same.size + row.size,
            )
        )
    return tuple(found[key] for key in sorted(found, key=lambda each: (each[0], each[1] or "")))
