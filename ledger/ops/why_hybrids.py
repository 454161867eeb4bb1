"""The hybrids of two trials: which are needed, which the ledger has, and running those that are missing."""

from collections.abc import Callable, Mapping
from enum import StrEnum

from ledger.analysis import shapley
from ledger.analysis.shapley import Coalition, Plan
from ledger.capture.secrets import refill
from ledger.errors import IncomparableError, LedgerError, NotFoundError
from ledger.model import Digest, Trial
from ledger.model.frozen import frozen
from ledger.ops import hybrid_names, hybrids
from ledger.ops.attempt import STEPS, Attempt, Conditions
from ledger.ops.objects import one_line
from ledger.ops.trials import Trials
from ledger.ops.why_compose import Composer
from ledger.ops.why_parts import Pair
from ledger.store.base import Store
from ledger.workspace import Workspace

Progress = Callable[[str], None]


class How(StrEnum):
    """How a hybrid was had."""

    RECORDED = "recorded"
    """It is one of the two trials."""
    REUSED = "reused"
    RUN = "run"
    FAILED = "failed"
    PLANNED = "planned"
    """It would be run."""


@frozen
class WhyOptions:
    """How to find out why."""

    budget: int | None = None
    """The most executions; None for no limit."""
    repeat: int = 1
    """Executions of each hybrid, of which the mean counts."""
    rerun: bool = False
    """Run the two trials themselves anew, rather than take them as recorded."""
    dry_run: bool = False
    """Only say what would be run."""
    env: str = "recreate"
    """``recreate``: recorded environments, made again; ``current``: today's, if it is theirs."""
    maps: tuple[tuple[str, str], ...] = ()
    """(old, new): where an input from outside the root lies now."""
    timeout: float | None = None
    """Seconds after which a hybrid is ended."""
    experiment: str | None = None
    """Of the hybrids."""

    @property
    def conditions(self) -> Conditions:
        """Under which conditions a hybrid is run."""
        return Conditions(env=self.env, maps=self.maps, timeout=self.timeout)


@frozen
class Hybrid:
    """Some parts of the second trial, and the rest of the first."""

    swapped: Coalition
    """Numbers of the parts of the second trial."""
    how: How
    trials: tuple[Trial, ...] = ()
    """Whose results count."""
    executions: int = 0
    reason: str | None = None
    """Why it failed."""


@frozen
class Gathered:
    """All hybrids that were needed."""

    hybrids: tuple[Hybrid, ...]
    """Smaller sets of parts first."""
    plan: Plan


class Gathering:
    """Has each hybrid: from the ledger, or by running it."""

    def __init__(
        self,
        workspace: Workspace,
        trials: Trials,
        pair: Pair,
        options: WhyOptions,
        today: Mapping[str, str],
        progress: Progress,
    ) -> None:
        self.workspace, self.trials, self.pair, self.options = workspace, trials, pair, options
        self.today, self.progress = today, progress
        self.count = len(pair.parts)
        self.ends = {frozenset[int](): pair.trials[0], frozenset(range(self.count)): pair.trials[1]}
        self.composer = Composer(pair, workspace.store)
        self.composed: dict[Coalition, Trial] = {}
        self.have: dict[Coalition, tuple[Trial, ...]] = {}

    def gather(self, *, orders: bool) -> Gathered:
        """Have all that is needed.

        Parameters
        ----------
        orders
            Whether whole orders of the parts are needed, rather than each part swapped alone.

        Raises
        ------
        IncomparableError
            If one of the two trials cannot be made again, and something is to be run.
        """
        # 1. What is needed, and what of it there is.
        wanted = [each for each in shapley.coalitions(self.count) if orders or self._is_simple(each)]
        self.have = {each: self._known(each) for each in wanted}
        plan = self._plan(wanted, orders=orders)
        missing = [each for each in plan.needed if self._missing(each)]
        total, done = sum(map(self._missing, missing)), 0
        # 2. Both can be made again, so that what fails later is the hybrid's own matter.
        if missing and not self.options.dry_run:
            self.progress(f"{total} to run; {took(self.pair)}")
            for trial in self.pair.trials:
                self._check(trial)
        # 3. What is missing.
        found: list[Hybrid] = []
        for each in plan.needed:
            found.append(self._had(each, done, total))
            done += found[-1].executions
        return Gathered(hybrids=tuple(found), plan=plan)

    def _is_simple(self, swapped: Coalition) -> bool:
        return len(swapped) < 2 or len(swapped) == self.count

    def _plan(self, wanted: list[Coalition], *, orders: bool) -> Plan:
        budget = self.options.budget
        if orders:
            return shapley.plan(self.count, self._missing, budget, self._seed())
        needed: list[Coalition] = []
        spent = 0
        for each in wanted:
            spent += self._missing(each)
            if budget is None or spent <= budget:
                needed.append(each)
        return Plan(draws=(), needed=tuple(needed), whole=False)

    def _seed(self) -> int:
        """The same for the same two trials, so that a larger budget goes on where a smaller one ended."""
        return int(
            Digest.of("".join(map(str, (each.id for each in self.pair.trials))).encode()).hex()[:16], 16
        )

    def _known(self, swapped: Coalition) -> tuple[Trial, ...]:
        """Trials that are this hybrid, as many as are wanted."""
        end, options = self.ends.get(swapped), self.options
        if end is not None and options.rerun:
            return ()
        first = () if end is None else (end,)
        if len(first) >= options.repeat:
            return first
        same = hybrids.found(self.trials, self._composed(swapped), self.workspace.store)
        more = [each for each in same if each.id not in {one.id for one in first}]
        return (*first, *more[: options.repeat - len(first)])

    def _composed(self, swapped: Coalition) -> Trial:
        if swapped not in self.composed:
            self.composed[swapped] = self.composer.hybrid(swapped)
        return self.composed[swapped]

    def _missing(self, swapped: Coalition) -> int:
        return self.options.repeat - len(self.have[swapped])

    def _check(self, trial: Trial) -> None:
        attempt = Attempt(self.workspace, trial, self.options.conditions, self.today, self._told)
        try:
            refill(trial.intent.argv, self.today)
            attempt.check()
        except (IncomparableError, NotFoundError) as error:
            raise IncomparableError(
                f"a part of trial {trial.id.short} is not to be had: {error.message}",
                cause=error.cause,
                hint=error.hint,
            ) from error
        drift = [each for each in attempt.drift if not each.path.startswith("variable ")]
        if self.options.env == "current" and drift:
            raise IncomparableError(
                f"today's environment is not that of trial {trial.id.short}",
                cause="; ".join(f"{each.path}: {each.expected} → {each.got}" for each in drift[:3]),
                hint="--env recreate makes the recorded one again",
            )

    def _told(self, step: str) -> None:
        """Pass on what is not the same of every hybrid."""
        if step not in STEPS:
            self.progress(step)

    def _had(self, swapped: Coalition, done: int, total: int) -> Hybrid:
        known, missing = self.have[swapped], self._missing(swapped)
        if not missing:
            how = How.RECORDED if swapped in self.ends and not self.options.rerun else How.REUSED
            return Hybrid(swapped=swapped, how=how, trials=known)
        if self.options.dry_run:
            return Hybrid(swapped=swapped, how=How.PLANNED, trials=known)
        made: list[Trial] = []
        reason: str | None = None
        message = hybrid_names.message(
            (self.pair.parts[number].name for number in sorted(swapped)),
            *(each.id for each in self.pair.trials),
            whole=len(swapped) == self.count,
        )
        for number in range(1, missing + 1):
            self.progress(f"{done + number} of {total}: {message}")
            trial, reason = self._run(swapped, message)
            if trial is not None:
                made.append(trial)
            if reason is not None:
                missing = number
                break
        return Hybrid(
            swapped=swapped,
            how=How.RUN if reason is None else How.FAILED,
            trials=(*known, *made),
            executions=missing,
            reason=reason,
        )

    def _run(self, swapped: Coalition, message: str) -> tuple[Trial | None, str | None]:
        """The new trial, and why it failed."""
        first, second = self.pair.trials
        try:
            trial = hybrids.run(
                self.workspace,
                self._composed(swapped),
                self.options.conditions,
                self.today,
                message=message,
                tag=hybrid_names.tag(first.id, second.id),
                experiment=self.options.experiment,
                progress=self._told,
            )
        except IncomparableError as error:
            return None, one_line(error)
        if is_usable(trial, self.pair.trials):
            return trial, None
        return trial, failure(trial, self.workspace.store)


def took(pair: Pair) -> str:
    """How long the two trials took, by which to guess how long a hybrid will."""
    times = [each.outcome.duration_s if each.outcome else 0.0 for each in pair.trials]
    return f"a took {times[0]:.1f} s, b {times[1]:.1f} s"


def is_usable(trial: Trial, ends: tuple[Trial, Trial]) -> bool:
    """Whether a trial ended as the two did: well, or with the exit code that both have."""
    codes = [each.outcome.exit_code if each.outcome else None for each in (trial, *ends)]
    return trial.id in {each.id for each in ends} or codes[0] == 0 or codes[0] == codes[1] == codes[2]


def failure(trial: Trial, store: Store) -> str:
    """How a trial failed: its exit code, and the last line that it wrote."""
    outcome = trial.outcome
    if outcome is None:
        return "it has no end"
    told = f"exit code {outcome.exit_code}"
    stream = outcome.stderr or outcome.stdout
    try:
        lines = store.get(stream.digest).decode("utf-8", "replace").strip().splitlines() if stream else []
    except LedgerError:
        lines = []
    return f"{told}: {lines[-1].strip()[:200]}" if lines else told
