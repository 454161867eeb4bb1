"""What tries a trial again, a little otherwise: the part of `Ledger` that asks how far a result holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from ledger.api.base import Base, text
from ledger.errors import UsageError
from ledger.model import Digest, Trial
from ledger.model.space import Objective
from ledger.ops import lost

if TYPE_CHECKING:
    from ledger.ops.robustness import Robustness
    from ledger.ops.seeds import Seeds

_ENVIRONMENTS = ("auto", "recreate", "current")


class Repeating(Base):
    """Trials are run again with other seeds, and with small changes."""

    def seeds(
        self,
        ref: str | Digest | Trial = "@",
        *,
        count: int = 20,
        vary: Sequence[str] = ("all",),
        minimize: str | None = None,
        maximize: str | None = None,
        differences: Sequence[float] = (),
        seed: int = 0,
        command: Sequence[str] = (),
        experiment: str | None = None,
        env: str = "auto",
        maps: Mapping[str, str] | None = None,
        timeout: float | None = None,
        jobs: int = 1,
        dry_run: bool = False,
        variables: Mapping[str, str] | None = None,
        notify: Callable[[str], None] = lambda _: None,
    ) -> Seeds:
        """Run a trial again with new seeds, as ``ledger seeds`` does, and say how its result spreads.

        What the ledger has already is not run again: the same call goes on where it was stopped.

        Parameters
        ----------
        ref
            Which trial: a reference, an id, or the trial.
        count
            Seeds.
        vary
            ``all`` sources at once, names of sources that vary alone, or ``each``.
        minimize, maximize
            Only this metric; by default all that the trial has.
        differences
            In the unit of the metric: how many seeds do they need?
        seed
            From which the seeds are drawn.
        command
            With ``{seed}``, instead of the trial's.
        experiment
            Of the reruns; ``seeds/ID`` by default.
        env
            ``recreate`` makes the recorded environment again, ``current`` uses today's; ``auto``: today's if
            it is the recorded one.
        maps
            Where inputs from outside of the root lie now: old path to new.
        timeout
            Seconds after which a rerun is ended.
        jobs
            Trials at once. They run in processes of their own.
        dry_run
            Only say what would be run.
        variables
            Today's variables; this process's by default.
        notify
            Takes warnings, a line each.

        Raises
        ------
        UsageError
            If the trial did not end well, it has no such metric or source, or an option is off.
        IncomparableError
            If it cannot be made again here.

        Examples
        --------
        >>> found = open("project").seeds("@", count=20, maximize="accuracy")
        >>> found.summary
        ('accuracy over 20 seeds: 0.931 …; the original (0.962) is the best of 21: likely picked …',)
        """
        from ledger.ops import seeds as module

        _check_environment(env)
        if minimize is not None and maximize is not None:
            raise UsageError("one metric is needed", cause="both minimize and maximize are given")
        metric = minimize if minimize is not None else maximize
        options = module.SeedOptions(
            count=count,
            seed=seed,
            vary=tuple(vary),
            objective=None if metric is None else Objective(metric=metric, maximize=maximize is not None),
            differences=tuple(differences),
            experiment=experiment,
            command=tuple(command),
            env=env,
            maps=tuple((maps or {}).items()),
            timeout=timeout,
            jobs=jobs,
            dry_run=dry_run,
        )
        trial = self.trial(ref)
        with self._pushing(notify, wanted=not dry_run):
            return module.seeds(self._workspace, trial, options, variables=variables, notify=notify)

    def robustness(
        self,
        experiment: str | None = None,
        *,
        where: str | None = None,
        minimize: str | None = None,
        maximize: str | None = None,
        around: str | Digest | Trial | None = None,
        group: str | None = None,
        fraction: float = 0.1,
        run: bool = False,
        joint: int = 8,
        seeds: int = 0,
        seed: int = 0,
        into: str | None = None,
        env: str = "auto",
        timeout: float | None = None,
        jobs: int = 1,
        dry_run: bool = False,
        variables: Mapping[str, str] | None = None,
        notify: Callable[[str], None] = lambda _: None,
    ) -> Robustness:
        """Say how much a result moves, as ``ledger robustness`` does.

        Parameters
        ----------
        experiment, where
            Which trials: those of an experiment, those that a filter selects, or both.
        minimize, maximize
            The metric; by default what the experiment was tuned for.
        around
            Only small changes of this trial.
        group
            What tells groups apart: a hyperparameter, ``tag``, ``environment``, or another field of trials.
        fraction
            What a small change is: of a domain's length, or of the value where no domain is known.
        run
            Run small changes of that trial, or of the best one.
        joint
            How many changes of several hyperparameters at once are run, at most.
        seeds
            With how many seeds each is run; 0: with the trial's own, once.
        seed
            Of what is drawn.
        into
            The experiment of what is run; ``robustness/ID`` by default.
        env, timeout, jobs, dry_run, variables, notify
            As for `seeds`.

        Raises
        ------
        UsageError
            If there is no such metric, an option is off, or one says how trials are run and `run` is not set.
        NotFoundError
            If there are no such trials.

        Examples
        --------
        >>> open("project").robustness("digits", maximize="accuracy").noise.deviation
        0.0123
        """
        from ledger.ops import robustness as module
        from ledger.ops.observations import Selection

        _check_environment(env)
        options = module.RobustnessOptions(
            minimize=minimize,
            maximize=maximize,
            fraction=fraction,
            around=None if around is None else text(around),
            group=group,
            run=run,
            joint=joint,
            seeds=seeds,
            seed=seed,
            experiment=into,
            env=env,
            timeout=timeout,
            jobs=jobs,
            dry_run=dry_run,
        )
        lost.recover_quietly(self._workspace)
        selection = Selection(experiment=experiment, where=where)
        with self._pushing(notify, wanted=run and not dry_run):
            return module.examine(self._workspace, selection, options, variables=variables, notify=notify)


def _check_environment(env: str) -> None:
    if env not in _ENVIRONMENTS:
        raise UsageError("a bad environment", cause=f"env: expected {', '.join(_ENVIRONMENTS)}, got {env!r}")
