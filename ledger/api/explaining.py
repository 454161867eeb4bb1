"""What says which hyperparameters matter: the part of `Ledger` that explains."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ledger.api.base import Base, text
from ledger.model import Digest, Trial
from ledger.ops import lost

if TYPE_CHECKING:
    from ledger.ops.ablation import Ablation
    from ledger.ops.across import DataSets
    from ledger.ops.importance import Importance
    from ledger.ops.tunability import Depends, Tuned


class Explaining(Base):
    """Hyperparameters are weighed."""

    def importance(
        self,
        experiment: str | None = None,
        *,
        where: str | None = None,
        minimize: str | None = None,
        maximize: str | None = None,
        method: str = "ped-anova",
        quantile: float | None = None,
        among: float = 1.0,
        pairs: bool = False,
        local: bool = False,
        costs: bool = True,
        against: str | None = None,
        seed: int = 0,
    ) -> Importance:
        """Which hyperparameters matter, as ``ledger importance`` says it.

        Parameters
        ----------
        experiment, where
            Whose trials: an experiment's, those for which a filter holds, or both.
        minimize, maximize
            The metric; what the experiment was tuned for by default.
        method
            ``ped-anova``: what the best trials prefer; or ``fanova``: an analysis of variance of a forest
            (extra: forest).
        quantile
            Of ped-anova: the share of the trials that are the best; a tenth by default, ten trials at least.
        among
            Of ped-anova: the share of the trials among which they are looked for.
        pairs
            Of fanova: pairs of hyperparameters, too.
        local
            Close to the best trial, too (extra: forest).
        costs
            Whether to tell the same of ``duration_s`` and ``peak_memory``.
        against
            The training metric of which the metric tells on unseen data; found by name by default.
        seed
            Of all that is random.

        Raises
        ------
        UsageError
            If options do not go together, or the trials cannot tell.
        NotFoundError
            If there is no such experiment, or none of its trials ended well.
        LedgerError
            If scikit-learn is needed, and not installed.

        Examples
        --------
        >>> found = open("project").importance("digits", maximize="accuracy")
        >>> [(each.name, round(each.share, 2)) for each in found.metric.preferences.found]
        [('lr', 0.71), ('layers', 0.29), ('momentum', 0.0)]
        """
        from ledger.ops import importance as asking
        from ledger.ops.observations import Selection

        lost.recover_quietly(self._workspace)
        return asking.importance(
            self._workspace,
            Selection(experiment=experiment, where=where),
            minimize=minimize,
            maximize=maximize,
            options=asking.ImportanceOptions(
                method=method,
                quantile=quantile,
                among=among,
                pairs=pairs,
                local=local,
                costs=costs,
                against=against,
                seed=seed,
            ),
        )

    def ablation(
        self,
        experiment: str | None = None,
        *,
        where: str | None = None,
        minimize: str | None = None,
        maximize: str | None = None,
        start: str | Digest | Trial = "default",
        end: str | Digest | Trial = "best",
        run: bool = False,
        env: str = "recreate",
        timeout: float | None = None,
        seed: int = 0,
        variables: Mapping[str, str] | None = None,
        tell: Callable[[str], None] = lambda _: None,
    ) -> Ablation:
        """The path from the default to the best, the most useful step first, as ``ledger ablation`` does.

        Parameters
        ----------
        experiment, where
            Whose trials: an experiment's, those for which a filter holds, or both.
        minimize, maximize
            The metric; what the experiment was tuned for by default.
        start, end
            ``default``, ``best``, or trials.
        run
            Run what no trial had, rather than predict it; runs are trials of the experiment NAME-ablation.
        env
            Of runs: ``recreate`` or ``current``.
        timeout
            Seconds after which a run is ended.
        seed
            Of the forest that predicts.
        variables
            The environment of runs; this process's by default.
        tell
            Takes a line for each run.

        Raises
        ------
        UsageError
            If the ends are one, the default is not known, or the trials are too few to predict.
        NotFoundError
            If there is no such experiment, or trial.
        LedgerError
            If scikit-learn is needed, and not installed.

        Examples
        --------
        >>> found = open("project").ablation("digits", maximize="accuracy", start="baseline")
        >>> [(each.names, each.value) for each in found.points[1:]]
        [(('lr',), 0.94), (('opt', 'momentum'), 0.97)]
        """
        from ledger.ops import ablation as going
        from ledger.ops.observations import Selection

        lost.recover_quietly(self._workspace)
        with self._pushing(tell, wanted=run):
            return going.ablation(
                self._workspace,
                Selection(experiment=experiment, where=where),
                minimize=minimize,
                maximize=maximize,
                options=going.AblationOptions(
                    start=text(start), end=text(end), run=run, env=env, timeout=timeout, seed=seed
                ),
                variables=variables,
                progress=tell,
            )

    def tunability(
        self,
        *experiments: str,
        by: str | None = None,
        where: str | None = None,
        ignore: tuple[str, ...] = (),
        minimize: str | None = None,
        maximize: str | None = None,
        log: bool = False,
        method: str | None = None,
    ) -> Tuned:
        """What is gained where hyperparameters are tuned to each data set, rather than left at one default.

        Parameters
        ----------
        *experiments
            One for each data set; or one or none, if `by` tells them apart.
        by
            A hyperparameter whose values are the data sets.
        where
            Only these trials.
        ignore
            Hyperparameters that tell no configurations apart.
        minimize, maximize
            The metric; by default what the first experiment was tuned for.
        log
            Whether its logarithm counts.
        method
            ``"measured"``: configurations that were tried on all of them; ``"forest"``: what was not is
            predicted. By default the first, where each hyperparameter was tried alone.

        Raises
        ------
        UsageError
            If there are not two data sets, or the metric is in doubt.
        NotFoundError
            If there is no such experiment, hyperparameter or trial.
        IncomparableError
            If too little was tried on all of them.
        LedgerError
            If a forest is needed and scikit-learn is not installed.

        Examples
        --------
        >>> tuned = open("project").tunability("digits", "letters", minimize="val_error")
        >>> tuned.found.all.mean
        0.0213
        """
        from ledger.ops import tunability

        asked = {"by": by, "where": where, "minimize": minimize, "maximize": maximize}
        question = self._data_sets(experiments, ignore, **asked, log=log, method=method)
        return tunability.tunability(self._workspace, question)

    def sensitivity(
        self,
        *experiments: str,
        by: str | None = None,
        where: str | None = None,
        ignore: tuple[str, ...] = (),
        minimize: str | None = None,
        maximize: str | None = None,
        log: bool = False,
        method: str | None = None,
    ) -> Depends:
        """How much a method loses with one configuration for all environments, or data sets.

        Parameters and errors are those of `tunability`; one more `IncomparableError` is that all
        configurations do equally well in one of them.

        Examples
        --------
        >>> found = open("project").sensitivity("pendulum", "cartpole", maximize="return").found
        >>> found.phi, found.dimension(0.95)
        (0.31, 1)
        """
        from ledger.ops import tunability

        asked = {"by": by, "where": where, "minimize": minimize, "maximize": maximize}
        question = self._data_sets(experiments, ignore, **asked, log=log, method=method)
        return tunability.sensitivity(self._workspace, question)

    def _data_sets(self, experiments: tuple[str, ...], ignore: tuple[str, ...], **asked: Any) -> DataSets:
        from ledger.ops import across

        lost.recover_quietly(self._workspace)
        return across.DataSets(experiments=experiments, ignore=tuple(ignore), **asked)
