"""Make a trial again under changed conditions, one at a time, and name those that its result depends on.

As Debian's reprotest does: a control with nothing changed, then one run for each condition against it.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ledger.errors import IncomparableError
from ledger.model import Difference, Digest, Environment, Trial, Verdict
from ledger.model.frozen import frozen
from ledger.ops import namespace, objects, scratch
from ledger.ops.attempt import Conditions, Made, Progress
from ledger.ops.judge import Judged
from ledger.ops.replay import Remade, ReplayOptions, replay_under, verdict_on
from ledger.ops.variation import Condition, Setting, Variation
from ledger.ops.varied import Control, Effect, Tried, Varied
from ledger.ops.vary_places import with_variables
from ledger.ops.vary_settings import HASH_SEED, left_to_chance
from ledger.workspace import Workspace

_RESULTS = ("exit_code", "metrics", "outputs")
_SHOWN = (*_RESULTS, "streams")
_HELD = "0"

Key = tuple[str, str]


def vary(
    workspace: Workspace,
    trial: Trial,
    conditions: Sequence[Condition],
    options: ReplayOptions | None = None,
    *,
    progress: Progress = lambda _: None,
    variables: Mapping[str, str] | None = None,
) -> Varied:
    """Make a trial again under changed conditions, one at a time.

    Each run is recorded as a receipt that tells what was changed.

    Parameters
    ----------
    workspace
        The ledger.
    trial
        Which one.
    conditions
        Which ones to change; `vary_conditions.select` knows them by name.
    options
        How to make it again, and how strictly to judge.
    progress
        Takes a line for each step.
    variables
        Today's variables; the current ones by default.

    Returns
    -------
    Varied
        With verdict ``incomparable`` of its control, and nothing tried, if the trial cannot be made again.

    Raises
    ------
    StorageError
        If a receipt cannot be written.
    """
    options = options or ReplayOptions()
    today = os.environ if variables is None else variables
    with scratch.temporary("ledger-vary-") as place:
        return _Vary(workspace, trial, options, today, progress, place).report(conditions)


@frozen
class _Run:
    """One run, and what sets it apart from the control."""

    receipt: Digest | None
    made: Made
    judged: Judged


class _Vary:
    """The runs of one trial, compared as they come."""

    def __init__(
        self,
        workspace: Workspace,
        trial: Trial,
        options: ReplayOptions,
        today: Mapping[str, str],
        progress: Progress,
        place: Path,
    ) -> None:
        self.workspace, self.trial, self.options = workspace, trial, options
        self.today, self.progress, self.place = today, progress, place
        environment = objects.load(workspace.store, Environment, trial.environment, "environment").noun
        self.recorded = dict(environment.variables) if environment else {}
        self.base = replace(options.conditions, scratch=place / "replay")
        self.held: tuple[str, ...] = ()
        if left_to_chance(trial, self.recorded.get(HASH_SEED)):
            # Else each run would have another one, and whatever depends on it would blame all conditions.
            self.base = with_variables(self.base, {HASH_SEED: _HELD})
            self.held = (f"hashseed: random → {_HELD}",)
        self.control: Remade | None = None
        self.varying: dict[Key, Difference] = {}

    def report(self, conditions: Sequence[Condition]) -> Varied:
        """Run all, and say what it comes to."""
        # 1. The control, once more where it is not as recorded: is it at least the same each time?
        self.progress("control: nothing is changed")
        self.control = first = replay_under(
            self.workspace,
            self.trial,
            self.options,
            self.base,
            self.held,
            progress=self.progress,
            variables=self.today,
        )
        result = first.replayed.result
        controls = [first.replayed.entry_id]
        if first.made is not None and result.verdict is Verdict.DIVERGED:
            controls += self._again("it is not as recorded: once more, to see whether it varies")

        # 2. Each condition.
        tried: list[Tried] = []
        if first.made is not None or first.replayed.ready:
            for number, condition in enumerate(conditions, 1):
                self.progress(f"{number} of {len(conditions)}: {condition.name}")
                tried.append(self._try(condition))

        # 3. What differs should not be what differs anyway.
        if len(controls) == 1 and any(each.effect is Effect.DIFFERS for each in tried):
            controls += self._again("control: once more, to see that it is still the same")
            tried = [self._sifted(each) for each in tried]

        # 4. Where the control varies: what moves by itself is held still instead.
        if self.varying:
            tried = [
                self._stilled(each, condition) for each, condition in zip(tried, conditions, strict=True)
            ]
        return Varied(
            trial=self.trial,
            control=Control(
                verdict=result.verdict,
                held=self.held,
                replays=tuple(each for each in controls if each is not None),
                differences=result.differences,
                causes=() if first.replayed.ready else result.causes,
                varying=tuple(self.varying.values()),
                ready=first.replayed.ready,
            ),
            tried=tuple(tried),
            mode=result.mode,
            rtol=result.rtol,
            atol=result.atol,
            strict=result.strict,
        )

    def _again(self, why: str) -> list[Digest | None]:
        """Run the control once more; remember what is not as in the first one."""
        self.progress(why)
        run = self._run(self.base, self.held)
        if isinstance(run, IncomparableError):
            return []
        self.varying |= {_key(each): each for each in run.judged.differences if each.counted}
        return [run.receipt]

    def _run(self, conditions: Conditions, varied: tuple[str, ...]) -> _Run | IncomparableError:
        remade = replay_under(
            self.workspace, self.trial, self.options, conditions, varied, variables=self.today
        )
        if remade.made is None:
            cause = remade.replayed.result.causes[0]
            return IncomparableError(cause.cause, cause=cause.evidence, hint=cause.hint)
        judged = self._against(self._control, remade.made)
        return _Run(receipt=remade.replayed.entry_id, made=remade.made, judged=judged)

    @property
    def _control(self) -> Made:
        if self.control is None or self.control.made is None:
            raise ValueError("no control has run")
        return self.control.made

    def _against(self, expected: Made, got: Made) -> Judged:
        reference = replace(self.trial, outcome=expected.outcome, observed=expected.observed)
        result = self.control.replayed.result if self.control else None
        return verdict_on(
            self.workspace,
            reference,
            replace(got, drift=()),  # both have the same environment
            rtol=result.rtol if result else 0.0,
            atol=result.atol if result else 0.0,
            strict=self.options.strict,
        )

    def _try(self, condition: Condition) -> Tried:
        tried = Tried(condition=condition.name, about=condition.about, effect=Effect.POSSIBLE)
        try:
            variations = condition.vary(self._setting())
        except IncomparableError as error:
            return _impossible(tried, error)
        for variation in variations:
            tried = replace(tried, before=variation.before, after=variation.after)
            if self.options.dry_run:
                break
            run = self._run(variation.conditions, self._told(condition, variation))
            if isinstance(run, IncomparableError):
                return _impossible(tried, run)
            tried = replace(
                tried,
                replays=(*tried.replays, *filter(None, [run.receipt])),
                differences=tuple(each for each in run.judged.differences if each.part in _SHOWN),
                hint=condition.hint,
            )
            tried = self._sifted(tried, run.judged.verdict)
            if tried.effect is Effect.DIFFERS:
                break
        return tried

    def _setting(self) -> Setting:
        return Setting(
            trial=self.trial,
            recorded=self.recorded,
            today=self.today,
            conditions=self.base,
            mounted=Path(self.trial.root).is_dir() and namespace.available() is None,
            place=self.place,
            cache=self.workspace.cache,
        )

    def _told(self, condition: Condition, variation: Variation) -> tuple[str, ...]:
        held = [each for each in self.held if not each.startswith(f"{condition.name}:")]
        return (*held, f"{condition.name}: {variation.before} → {variation.after}")

    def _sifted(self, tried: Tried, verdict: Verdict | None = None) -> Tried:
        """The effect of a condition, of which nothing counts that differs from run to run."""
        counted = {_key(each) for each in tried.differences if each.counted}
        if counted - self.varying.keys():
            return replace(tried, effect=Effect.DIFFERS)
        if counted:
            places = ", ".join(sorted(path or part for part, path in counted))
            return replace(
                tried,
                effect=Effect.UNCLEAR,
                reason=f"differs from run to run anyway: {places}",
                hint="let its runs agree first: ledger run --seed 1 …",
            )
        if verdict is Verdict.EQUIVALENT and not self._is_usual(tried.differences):
            return replace(tried, effect=Effect.EQUIVALENT)
        return replace(tried, effect=Effect.SAME, hint=None) if verdict else tried

    def _is_usual(self, differences: Sequence[Difference]) -> bool:
        """Whether the control differs from the record in the same places: dates in files, say."""
        usual = self.control.replayed.result.differences if self.control else ()
        return _results(differences) <= _results(usual)

    def _stilled(self, tried: Tried, condition: Condition) -> Tried:
        """Hold still, for two runs, what moves by itself: they may agree where others do not."""
        if tried.effect not in (Effect.UNCLEAR, Effect.SAME):
            return tried
        try:
            variations = condition.vary(self._setting())
        except IncomparableError:
            return tried
        still = variations[0].still
        if still is None:
            return tried
        self.progress(f"{condition.name}: twice the same, to see whether that is what varies")
        told = (*self.held, f"{condition.name}: {variations[0].before} → held still")
        runs = [self._run(still, told) for _ in range(2)]
        made = [run.made for run in runs if isinstance(run, _Run)]
        receipts = [run.receipt for run in runs if isinstance(run, _Run) and run.receipt is not None]
        tried = replace(tried, replays=(*tried.replays, *receipts))
        if len(made) < 2:
            return tried
        left = {_key(each) for each in self._against(made[0], made[1]).differences if each.counted}
        carried = {key: each for key, each in self.varying.items() if key not in left}
        if not carried:
            return tried
        return replace(
            tried,
            effect=Effect.DIFFERS,
            differences=tuple(carried.values()),
            reason="left alone, runs differ; with it held still, they agree",
            hint=condition.hint,
        )


def _key(difference: Difference) -> Key:
    return difference.part, difference.path


def _results(differences: Sequence[Difference]) -> set[Key]:
    return {_key(each) for each in differences if each.part in _RESULTS}


def _impossible(tried: Tried, error: IncomparableError) -> Tried:
    reason = ": ".join(filter(None, [error.message, error.cause]))
    return replace(tried, effect=Effect.IMPOSSIBLE, reason=reason, hint=error.hint)
