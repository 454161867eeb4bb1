"""What searches: the part of `Ledger` that tunes."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ledger.api.base import Base
from ledger.api.replaying import replay_options
from ledger.model import Value
from ledger.model.frozen import replace
from ledger.model.space import Objective, Space
from ledger.ops import options as read

if TYPE_CHECKING:
    from ledger.ops.tune.history import Tried
    from ledger.ops.tune.loop import Standing, Tuned
    from ledger.ops.tune.replay import SearchReplayed


class Tuning(Base):
    """Searches for hyperparameters."""

    def tune(
        self,
        command: str | Sequence[str | os.PathLike[str]] | Callable[..., Any] = (),
        space: Space | Mapping[str, Any] | Sequence[str] | None = None,
        *,
        experiment: str,
        minimize: str | Sequence[str] = (),
        maximize: str | Sequence[str] = (),
        require: Sequence[str] = (),
        sampler: str | None = None,
        scheduler: str | None = None,
        checkpoints: Sequence[str | os.PathLike[str]] = (),
        seed: int | None = None,
        seeds: int | None = None,
        executions: int | None = None,
        jobs: int = 1,
        timeout: float | None = None,
        stop_after: int | None = None,
        target: float | None = None,
        trial_timeout: float | None = None,
        enqueue: Sequence[Mapping[str, Value]] = (),
        earlier: Sequence[str] = (),
        fork: bool = False,
        inputs: Sequence[str | os.PathLike[str]] = (),
        outputs: Sequence[str | os.PathLike[str]] = (),
        trace: bool = True,
        engine: str = "local",
        scheduler_address: str | None = None,
        slurm: Mapping[str, Any] = MappingProxyType({}),
        directory: str | os.PathLike[str] | None = None,
        variables: Mapping[str, str] | None = None,
        tell: Callable[[Tried, Standing], None] = lambda _tried, _standing: None,
        notify: Callable[[str], None] = lambda _: None,
    ) -> Tuned:
        """Search for the hyperparameters with which a command does best, as ``ledger tune`` does.

        A search of that experiment that has begun goes on; what is not said is then as it was. At its end
        the ledger is pushed where ``[remote] auto_push`` is set.

        Parameters
        ----------
        command
            The program and its arguments with ``{name}`` for values: words, or a text that is split as a
            shell splits it. Or a function, of the top level of a file in the tree: each trial calls it in a
            process of its own with the values as keyword arguments; a number that it returns is the
            objective, a mapping holds metrics by name.
        space
            What to search: a mapping as in a ``space.toml``, texts as behind ``-p``, or a `Space`.
        experiment
            Its name.
        minimize, maximize
            The metric, or metrics, to make small or large.
        require
            What an outcome has to meet: ``peak_memory < 8e9``.
        sampler
            How to search.
        scheduler
            What stops trials early by what they report: ``asha``, ``hyperband`` or ``median``, with options
            as in ``asha:factor=3,min=1,max=81``. With ``promote=1``, asha and hyperband let one that was
            stopped go on later, if it is among the best by then.
        checkpoints
            What a trial that was stopped leaves to the one that goes on from there: paths from `directory`,
            or patterns. They imply ``promote=1``.
        seed
            Seeds the search, and every generator of each trial; 0 to 2**63 - 1.
        seeds
            Try what may be the best with up to so many seeds. A scheduler compares and stops first trials,
            which all have the same seed; further ones run to their end.
        executions
            Trials in all, those of earlier calls among them.
        jobs
            Trials at once.
        timeout
            Seconds after which no trial is begun.
        stop_after
            Trials in a row without a better one, after which to stop.
        target
            A value of the objective that is good enough.
        trial_timeout
            Seconds after which a trial is ended, and has failed.
        enqueue
            Values to try first; the others by default.
        earlier
            Experiments from whose trials to learn.
        fork
            Begin a new search that goes on from the one of that name.
        inputs, outputs
            Paths, from `directory`.
        trace
            Let the kernel tell each file that a trial opens.
        engine
            Where trials run: ``local``, ``dask`` or ``slurm``.
        scheduler_address
            The scheduler of a Dask cluster.
        slurm
            Settings of Slurm's jobs as sbatch calls them; ``time``, in minutes, is needed.
        directory
            Where trials run; the ledger's root by default.
        variables
            Their environment; this process's by default, on a cluster that of each of its workers.
        tell
            Told of each proposal and of each trial that has ended, and how the search stands.
        notify
            Takes warnings, a line each.

        Raises
        ------
        MismatchError
            If a search of that name has begun that is another one, or no trial has the metric.
        UsageError
            If what is needed is not said, or does not fit together.
        CannotRecordError
            If a trial could not be started.

        Examples
        --------
        >>> tuned = open("project").tune(
        ...     "python train.py --lr {lr}",
        ...     {"lr": {"log": [1e-5, 1e-1]}},
        ...     experiment="digits",
        ...     minimize="val_loss",
        ...     executions=40,
        ... )
        >>> [each.number for each in tuned.standing.best]
        [17]
        """
        from ledger.ops.tune import engines as tune_engines
        from ledger.ops.tune import space as tune_space
        from ledger.ops.tune.beginning import Wanted
        from ledger.ops.tune.loop import TuneOptions, tune

        place = Path(directory).absolute() if directory is not None else self.root
        searched = tune_space.of(space)
        if callable(command):
            from ledger.ops.tune import function as tune_function

            words = tune_function.command(
                command, searched, (*_several(minimize), *_several(maximize)), place
            )
        else:
            words = tuple(
                shlex.split(command) if isinstance(command, str) else [os.fspath(each) for each in command]
            )
        wanted = Wanted(
            name=experiment,
            command=words,
            space=searched,
            objectives=(
                *(Objective(metric=each) for each in _several(minimize)),
                *(Objective(metric=each, maximize=True) for each in _several(maximize)),
            ),
            requirements=tuple(require),
            sampler=sampler,
            scheduler=scheduler,
            seed=read.seed(None if seed is None else str(seed)),
            inputs=tuple(os.fspath(each) for each in inputs),
            outputs=tuple(os.fspath(each) for each in outputs),
            checkpoints=tuple(os.fspath(each) for each in checkpoints),
            trial_timeout=trial_timeout,
            seeds=seeds,
        )
        chosen = TuneOptions(
            executions=executions,
            timeout=timeout,
            stop_after=stop_after,
            target=target,
            jobs=jobs,
            queue=tuple(enqueue),
            earlier=tuple(earlier),
            fork=fork,
            trace=trace,
        )
        settings = {name: str(value) for name, value in slurm.items()}
        with self._pushing(notify), tune_engines.engine(engine, scheduler_address, settings) as executor:
            return tune(
                self._workspace,
                wanted,
                replace(chosen, executor=executor),
                directory=place,
                variables=variables,
                tell=tell,
                notify=notify,
            )

    def replay_search(
        self,
        experiment: str,
        *,
        receipts: bool = False,
        env: str = "recreate",
        rtol: float | None = None,
        atol: float | None = None,
        strict: bool = False,
        maps: Mapping[str, str] | None = None,
        timeout: float | None = None,
        network: bool = True,
        secrets: Sequence[str] = (),
        progress: Callable[[str], None] = lambda _: None,
    ) -> SearchReplayed:
        """Make the newest search of an experiment again, as ``ledger replay -x`` does.

        Its proposals are computed from the prefix of the ledger that each was made from, its trials run in
        their order, and it ends in one verdict; that of each trial is recorded.

        Parameters
        ----------
        experiment
            Its name.
        receipts
            Whether a trial that an earlier replay has shown to be the same is not run again.
        env, rtol, atol, strict, maps, timeout, network, secrets, progress
            As for `Ledger.replay`.

        Raises
        ------
        NotFoundError
            If no search has begun by that name.
        UsageError
            If an option is off.

        Examples
        --------
        >>> replayed = open("project").replay_search("digits", env="current")
        >>> replayed.verdict, [each.verdict for each in replayed.members]
        (<Verdict.IDENTICAL: 'identical'>, [<Verdict.IDENTICAL: 'identical'>])
        """
        from ledger.ops.tune.replay import replay_search

        chosen = replay_options(env, rtol, atol, strict, maps, timeout, secrets, network=network)
        trials = self._load()
        return replay_search(
            self._workspace, trials, experiment, chosen, receipts=receipts, progress=progress
        )


def _several(metrics: str | Sequence[str]) -> tuple[str, ...]:
    return (metrics,) if isinstance(metrics, str) else tuple(metrics)
