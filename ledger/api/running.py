"""What runs programs: the part of `Ledger` that records, replays and varies trials."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ledger.api.base import Base, resolve
from ledger.api.replaying import checked_environment, replay_options
from ledger.errors import UsageError
from ledger.model import Digest, Trial, TrialReplayed, Value
from ledger.ops import options, vary_conditions
from ledger.ops import replay as replays
from ledger.ops import run as runs
from ledger.ops import vary as varying
from ledger.ops import why as reasons
from ledger.ops.accompany import accompanied
from ledger.ops.allowances import holding
from ledger.ops.upstream import plain
from ledger.ops.varied import Varied
from ledger.ops.why import Why


class Running(Base):
    """Trials are made."""

    def run(
        self,
        command: Sequence[str | os.PathLike[str]],
        *,
        name: str | None = None,
        experiment: str | None = None,
        message: str | None = None,
        tags: Sequence[str] = (),
        inputs: Sequence[str | os.PathLike[str]] = (),
        outputs: Sequence[str | os.PathLike[str]] = (),
        params: Mapping[str, Value | list[Any]] | None = None,
        seed: int | None = None,
        seeds: Mapping[str, int] | None = None,
        isolate: bool = False,
        enforce_clean: bool = False,
        reuse: bool = False,
        trace: bool = True,
        deep: bool = False,
        directory: str | os.PathLike[str] | None = None,
        variables: Mapping[str, str] | None = None,
        forward: bool = True,
        notify: Callable[[str], None] = lambda _: None,
    ) -> Trial:
        """Run a command and record it as a trial, as ``ledger run`` does.

        At its end the ledger is pushed where ``[remote] auto_push`` is set; so do `seeds`, `robustness`,
        `ablation`, `why` and `tune`.

        Parameters
        ----------
        command
            The program and its arguments; no shell is between.
        name, experiment, message, tags
            What the trial is called and why it is run.
        inputs, outputs
            Paths, from `directory`.
        params
            Hyperparameters to record.
        seed
            Seeds every generator that the command loads; 0 to 2**63 - 1.
        seeds
            What the script's ``ledger.seed(NAME)`` gives for some names, rather than what it would derive.
        isolate
            Run in a scratch copy of the tree.
        enforce_clean
            Refuse if the code differs from its commit.
        reuse
            Do not run again what ran well and whose inputs are the same.
        trace
            Let the kernel tell each file that is opened.
        deep
            Compare every installed file with what its package's record says.
        directory
            Where it runs; the ledger's root by default.
        variables
            Its environment; this process's by default.
        forward
            Whether what it prints goes to this process's own streams too.
        notify
            Takes warnings, a line each.

        Returns
        -------
        Trial
            Look at its ``status`` and ``outcome.exit_code``: a command that fails is no error here.

        Raises
        ------
        CannotRecordError
            If it was not started, because it cannot be recorded.
        UsageError
            If the seed is off.

        Examples
        --------
        >>> open("project").run(["python", "train.py"], params={"lr": 0.1}).outcome.exit_code
        0
        """
        given = [] if seed is None else [str(seed)]
        given += [f"{each}={value}" for each, value in (seeds or {}).items()]
        main, named = options.seeds_of(given)
        chosen = runs.RunOptions(
            name=name,
            experiment=experiment,
            message=message,
            tags=tuple(tags),
            inputs=tuple(os.fspath(each) for each in inputs),
            outputs=tuple(os.fspath(each) for each in outputs),
            parameters=tuple((each, _value(value)) for each, value in (params or {}).items()),
            seed=main,
            seeds=named,
            isolate=isolate,
            enforce_clean=enforce_clean,
            reuse=reuse,
            trace=trace,
            deep=deep,
        )
        with self._pushing(notify), accompanied(self._workspace, notify) as on_started:
            result = runs.run(
                self._workspace if reuse else plain(self._workspace),
                [os.fspath(word) for word in command],
                chosen,
                directory=Path(directory).absolute() if directory is not None else self.root,
                variables=variables,
                forward=forward,
                notify=notify,
                on_started=on_started,
            )
        return self._load().by_id[result.trial]

    def replay(
        self,
        ref: str | Digest | Trial = "@",
        *,
        env: str = "recreate",
        rtol: float | None = None,
        atol: float | None = None,
        strict: bool = False,
        maps: Mapping[str, str] | None = None,
        timeout: float | None = None,
        network: bool = True,
        secrets: Sequence[str] = (),
        progress: Callable[[str], None] = lambda _: None,
    ) -> TrialReplayed:
        """Make a trial again from its record alone, and compare; the verdict is recorded.

        Parameters
        ----------
        ref
            Which trial: a reference, an id, or the trial.
        env
            ``recreate`` makes the recorded environment again, ``current`` uses today's.
        rtol, atol
            Tolerances; the configuration's by default.
        strict
            Whether standard output and error count too.
        maps
            Where inputs from outside of the root, or directories of them, lie now: old path to new.
        timeout
            Seconds after which the command is ended.
        network
            Whether the command may reach beyond a loopback of its own.
        secrets
            Names of secrets of this process's environment that a command which came in a bundle is given.
        progress
            Takes a line for each step.

        Examples
        --------
        >>> open("project").replay("@", env="current").verdict
        <Verdict.IDENTICAL: 'identical'>
        """
        chosen = replay_options(env, rtol, atol, strict, maps, timeout, secrets, network=network)
        trials = self._load()
        trial = resolve(trials, ref)
        allowances = holding(trial, trials.allowances)
        return replays.replay(self._workspace, trial, chosen, progress=progress, allowances=allowances).result

    def vary(
        self,
        ref: str | Digest | Trial = "@",
        *,
        conditions: Sequence[str] = ("all",),
        env: str = "recreate",
        rtol: float | None = None,
        atol: float | None = None,
        strict: bool = False,
        maps: Mapping[str, str] | None = None,
        timeout: float | None = None,
        secrets: Sequence[str] = (),
        progress: Callable[[str], None] = lambda _: None,
    ) -> Varied:
        """Make a trial again under changed conditions, one at a time, as ``ledger replay --vary`` does.

        Parameters
        ----------
        ref
            Which trial: a reference, an id, or the trial.
        conditions
            Their names; ``all`` for all of them.
        env, rtol, atol, strict, maps, timeout, secrets, progress
            As for `replay`.

        Raises
        ------
        UsageError
            If a condition is unknown.

        Examples
        --------
        >>> open("project").vary("@", conditions=["locale", "threads"]).depends
        ('threads',)
        """
        chosen = replay_options(env, rtol, atol, strict, maps, timeout, secrets)
        picked = vary_conditions.select(conditions)
        return varying.vary(self._workspace, self.trial(ref), picked, chosen, progress=progress)

    def why(
        self,
        a: str | Digest | Trial,
        b: str | Digest | Trial = "@",
        *,
        budget: int | None = None,
        repeat: int = 1,
        rerun: bool = False,
        dry_run: bool = False,
        env: str = "recreate",
        maps: Mapping[str, str] | None = None,
        timeout: float | None = None,
        experiment: str | None = None,
        progress: Callable[[str], None] = lambda _: None,
    ) -> Why:
        """Say what makes the results of two trials differ, and how much.

        The parts in which they differ are swapped from `a` to `b`, alone and together; such hybrids are taken
        from the ledger, or run in a scratch directory and recorded as trials.

        Parameters
        ----------
        a, b
            Which trials.
        budget
            The most executions; None for as many as an exact answer takes.
        repeat
            Executions of each hybrid, of which the mean counts.
        rerun
            Run the two themselves anew, too.
        dry_run
            Only say which hybrids would be run.
        env
            ``recreate`` makes the recorded environments again, ``current`` uses today's, if that is theirs.
        maps
            Where inputs from outside of the root, or directories of them, lie now: old path to new.
        timeout
            Seconds after which a hybrid is ended.
        experiment
            Of the hybrids.
        progress
            Takes a line for each step.

        Raises
        ------
        IncomparableError
            If a part of one of the two cannot be had here.
        UsageError
            If an option is off.

        Examples
        --------
        >>> open("project").why("baseline", "@").summary
        'loss differs by 0.12: 93 % is the environment (numpy 1.26.4 → 2.1.0), 7 % the code (train.py)'
        """
        if repeat < 1 or (budget is not None and budget < 0):
            raise UsageError(
                "a bad number of executions",
                cause=f"expected repeat of 1 or more and no negative budget, got {repeat} and {budget}",
            )
        trials = self._load()
        chosen = reasons.WhyOptions(
            budget=budget,
            repeat=repeat,
            rerun=rerun,
            dry_run=dry_run,
            env=checked_environment(env),
            maps=tuple((maps or {}).items()),
            timeout=timeout,
            experiment=experiment,
        )
        pair = resolve(trials, a), resolve(trials, b)
        with self._pushing(progress, wanted=not dry_run):
            return reasons.why(self._workspace, trials, *pair, chosen, progress=progress)


def _value(value: Any) -> Value:
    return tuple(map(_value, value)) if isinstance(value, list | tuple) else value
