"""Why two trials have other results: how much of it each part that differs carries."""

import os
from collections.abc import Mapping

from ledger.errors import IncomparableError
from ledger.model import HealthState, Trial, Verdict
from ledger.model.frozen import frozen
from ledger.ops import diff as diffs
from ledger.ops import hybrid_names, why_parts, why_shares, why_words
from ledger.ops.attempt import can_be_made
from ledger.ops.differences import Diff
from ledger.ops.trials import Trials
from ledger.ops.why_hybrids import Gathered, Gathering, How, Hybrid, Progress, WhyOptions
from ledger.ops.why_parts import ENVIRONMENT, Pair, Part
from ledger.ops.why_shares import MetricShares, ResultChange
from ledger.workspace import Workspace

__all__ = ["Why", "WhyOptions", "why"]

_MADE = ("verdict", "metrics", "outputs")


@frozen
class Why:
    """What came of the question."""

    trials: tuple[Trial, Trial]
    same: bool
    """Whether the results are the same, so that there is nothing to explain."""
    summary: str
    """In one sentence."""
    parts: tuple[Part, ...] = ()
    """What differs; shares and hybrids tell them by their numbers here."""
    metrics: tuple[MetricShares, ...] = ()
    results: tuple[ResultChange, ...] = ()
    hybrids: tuple[Hybrid, ...] = ()
    sampled: bool = False
    """Whether the budget let only some orders of the parts be taken, drawn at random."""
    warnings: tuple[str, ...] = ()
    planned: bool = False
    """Whether nothing was run, because only the plan was asked for."""

    @property
    def answered(self) -> bool:
        """Whether every metric's difference could be divided."""
        numbers = [each for each in self.metrics if each.difference is not None and not each.clock]
        return self.planned or not any(each.shares is None for each in numbers)

    def count(self, how: How) -> int:
        """Hybrids that were had in one way."""
        return sum(each.how is how for each in self.hybrids)

    @property
    def executions(self) -> int:
        """How many commands were run."""
        return sum(each.executions for each in self.hybrids)


def why(
    workspace: Workspace,
    trials: Trials,
    a: Trial,
    b: Trial,
    options: WhyOptions | None = None,
    *,
    progress: Progress = lambda _: None,
    variables: Mapping[str, str] | None = None,
) -> Why:
    """Swap the parts in which two trials differ from one to the other, and say what each carries.

    Hybrids that the ledger does not have are run in scratch directories, and recorded as trials. The
    difference of each metric is divided by `ledger.analysis.shapley`.

    Parameters
    ----------
    workspace
        The ledger.
    trials
        All of it.
    a, b
        Whose results differ.
    options
        How.
    progress
        Takes a line for each step.
    variables
        Today's variables; the current ones by default.

    Raises
    ------
    IncomparableError
        If a part of one of the two cannot be had here.
    LedgerError
        If a record is damaged.
    """
    options = options or WhyOptions()
    timing = workspace.config.replay.timing
    # 1. What differs in the results.
    for trial in (a, b):
        can_be_made(trial)
    diff = diffs.diff(a, b, workspace.store, timing=timing)
    if not any(each.counted for name in _MADE for each in diff.sections[name]):
        return Why(trials=(a, b), same=True, summary="the results are the same: there is nothing to explain")
    # 2. What differs in what was tried.
    pair = why_parts.split(a, b, diff, workspace.store)
    _refuse_current(pair, options)
    names = why_shares.differing(pair, diff, timing)
    warnings = [*pair.notes, *_doubts(pair, trials, diff), *why_shares.undivided(pair, diff, names)]
    if not pair.parts:
        return Why(
            trials=(a, b), same=False, summary=why_words.nothing_differs(pair), warnings=tuple(warnings)
        )
    # 3. The hybrids.
    today = os.environ if variables is None else variables
    gathering = Gathering(workspace, trials, pair, options, today, progress)
    with workspace.store.pinned():  # the trees of hybrids that are yet to begin are nobody's
        gathered = gathering.gather(orders=bool(names))
    # 4. What each part carries.
    metrics = why_shares.metrics(pair, gathered, names)
    found = why_shares.results(pair, gathered, diff, workspace.store)
    warnings += _of_hybrids(pair, gathered, metrics, options)
    return Why(
        trials=(a, b),
        same=False,
        summary=why_words.plan(pair, gathered)
        if options.dry_run
        else why_words.summary(pair, metrics, found),
        parts=pair.parts,
        metrics=metrics,
        results=found,
        hybrids=gathered.hybrids,
        sampled=bool(names) and not gathered.plan.whole,
        warnings=tuple(warnings),
        planned=options.dry_run,
    )


def _refuse_current(pair: Pair, options: WhyOptions) -> None:
    differ = any(ENVIRONMENT in part.names for part in pair.parts)
    if options.env == "current" and differ:
        raise IncomparableError(
            "today's environment cannot stand for both",
            cause="--env current: the two trials have different environments",
            hint="--env recreate makes each of them again",
        )


def _doubts(pair: Pair, trials: Trials, diff: Diff) -> list[str]:
    """What makes the two trials themselves a weak ground for an answer."""
    found: list[str] = []
    for trial in pair.trials:
        entropy = trial.observed.entropy if trial.observed else ()
        drawn = [
            each for each in entropy if "(used by libraries" not in each.generator
        ]  # as at the end of a run
        if drawn:
            places = list(dict.fromkeys(why_words.draw(each, trial.root) for each in drawn))
            more = f" and {len(places) - 2} more" if len(places) > 2 else ""
            named = f"{', '.join(places[:2])}{more}"
            found.append(
                f"{trial.id.short} draws without a seed ({named}): shares include noise; --repeat N averages"
            )
        receipts = [
            each.replay
            for each in trials.receipts.get(trial.id, ())
            if each.plain and each.replay.environment == trial.environment
        ]  # another environment, or a condition that was varied, is no noise
        if receipts and receipts[-1].verdict is Verdict.DIVERGED:
            found.append(f"the last replay of {trial.id.short} diverged: the shares include noise")
        for line in () if hybrid_names.is_hybrid(trial) else trial.health:
            if line.part == "inputs" and line.state is not HealthState.COMPLETE:
                found.append(f"not all inputs of {trial.id.short} may be known: {line.reason}")
    return [*found, *(f"{each.part}: not readable: {each.reason}" for each in diff.problems)]


def _of_hybrids(
    pair: Pair, gathered: Gathered, metrics: tuple[MetricShares, ...], options: WhyOptions
) -> list[str]:
    """What the hybrids themselves have to say."""
    found: list[str] = []
    for each in gathered.hybrids:
        if each.how is How.FAILED:
            found.append(f"{why_words.hybrid(pair, each)} failed: {each.reason}")
    if any(_is_around_another(pair, each) for each in gathered.hybrids):
        found.append(
            "an environment could be made again with differences only: ledger replay of a and b tells them"
        )
    numbers = [each for each in metrics if not each.clock]
    drawn = sum(map(len, gathered.plan.draws))
    for metric in numbers:
        wanted = drawn or metric.possible
        if metric.shares and metric.orders < wanted and not options.dry_run:
            found.append(
                f"values of {metric.name} are missing: the shares are means over"
                f" the {metric.orders} of {wanted} orders of the parts that are known whole"
            )
    if options.budget is not None and not gathered.plan.whole and not gathered.plan.draws and numbers:
        found.append(
            f"--budget {options.budget} is too small: one order of {len(pair.parts)} parts needs up to"
            f" {len(pair.parts) - 1} hybrids"
        )
    if options.rerun and not options.dry_run:
        for metric in metrics:
            found += _moved(pair, metric)
    return found


def _is_around_another(pair: Pair, found: Hybrid) -> bool:
    """Whether a hybrid that was run had another environment than it should have."""
    names = {name for number in found.swapped for name in pair.parts[number].names}
    wanted = pair.trials[int(ENVIRONMENT in names)].environment
    return found.how is How.RUN and any(each.environment != wanted for each in found.trials)


def _moved(pair: Pair, metric: MetricShares) -> list[str]:
    """Whether a trial that was run anew came out otherwise."""
    if metric.clock:
        return []
    told: list[str] = []
    for trial, now in zip(pair.trials, (metric.a, metric.b), strict=True):
        then = (
            next((each.last for each in trial.outcome.metrics if each.name == metric.name), None)
            if trial.outcome
            else None
        )
        if now is not None and then is not None and now != then:
            told.append(f"run anew, {trial.id.short} has {metric.name} {now:.6g} and not {then:.6g}")
    return told
