"""What only looks: the part of `Ledger` that finds, shows and compares trials."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ledger.api.base import Base, resolve, text
from ledger.errors import UsageError
from ledger.model import Digest, Trial
from ledger.ops import best as bests
from ledger.ops import compare_table, lost, search
from ledger.ops import diff as diffs
from ledger.ops import experiments as asking
from ledger.ops.best import Best
from ledger.ops.compare_table import Table
from ledger.ops.diff import Compared
from ledger.ops.documents import trial_document
from ledger.ops.experiments import Asked
from ledger.ops.observations import Selection
from ledger.ops.search import Question

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow


class Asking(Base):
    """Trials are looked at."""

    def show(self, ref: str | Digest | Trial = "@") -> dict[str, Any]:
        """All that is recorded of a trial, as ``ledger show --json`` prints it.

        Examples
        --------
        >>> open("project").show("@")["metrics"]
        {'accuracy': 0.97}
        """
        trials = self._load()
        return trial_document(resolve(trials, ref), trials, self._workspace.store)

    def log(
        self,
        *,
        experiment: str | None = None,
        where: str | None = None,
        sort: str | None = None,
        limit: int | None = None,
    ) -> list[Trial]:
        """Trials, newest first.

        Parameters
        ----------
        experiment
            Only its trials.
        where
            Only trials for which this holds, such as ``lr >= 0.1 and status = ok``.
        sort
            Columns to sort by, with commas between; ``-`` turns one round.
        limit
            At most so many.

        Raises
        ------
        UsageError
            If filter or sort key are off.
        NotFoundError
            If there is no such experiment.

        Examples
        --------
        >>> best = open("project").log(where="status = ok", sort="-accuracy", limit=1)
        """
        return list(self._find(experiment, where, sort, limit))

    def trials(
        self,
        *,
        experiment: str | None = None,
        where: str | None = None,
        sort: str | None = None,
        limit: int | None = None,
    ) -> pyarrow.Table:
        """One row a trial, oldest first where nothing says otherwise.

        Parameters
        ----------
        experiment, where, sort
            As for `log`.
        limit
            At most so many: of the sorted ones the first, else the newest.

        Returns
        -------
        pyarrow.Table
            Columns id, name, experiment, status, exit_code, started, duration_s, peak_memory; then
            ``param.NAME`` for each hyperparameter and ``metric.NAME`` for the last value of each metric, null
            where a trial has none.

        Raises
        ------
        UsageError
            If filter or sort key are off.
        NotFoundError
            If there is no such experiment.

        Examples
        --------
        >>> frame = open("project").trials(where="status = ok").to_pandas()
        >>> frame.groupby("param.lr")["metric.accuracy"].mean()
        """
        from ledger.analysis import trials as tables

        found = self._find(experiment, where, sort, limit)
        if sort is None:
            found = found[::-1]
        return tables.of_trials(found)

    def tables(self) -> dict[str, pyarrow.Table]:
        """All that `sql` can ask, as Arrow tables; Polars and pandas read them, too.

        Returns
        -------
        dict of str to pyarrow.Table
            ``trials`` as `trials` gives it; ``hyperparameters``: trial, name, type, role, source, value
            (text, or JSON of what is none), number (where it is one); ``metrics``: trial, name, last, min,
            max, count; ``entries``: seq, origin, kind, trial, experiment, recipe, time, body, leaf of
            everything that was ever recorded, decompressed: about 2 kB of memory for each.

        Examples
        --------
        >>> metrics = polars.from_arrow(open("project").tables()["metrics"])
        """
        from ledger.analysis import trials as tables

        found = self._load().ordered
        return {
            "trials": tables.of_trials(found),
            "hyperparameters": tables.hyperparameters(found),
            "metrics": tables.metrics(found),
            "entries": self._workspace.journal.table(),
        }

    def sql(self, query: str) -> pyarrow.Table:
        """Ask the tables ``trials``, ``hyperparameters``, ``metrics`` and ``entries`` in SQL.

        DuckDB (extra ``sql``) reads them where they are; a query can change nothing and reach nothing else.
        In ``entries``, ids are text, as in the other tables. Times are UTC.

        Parameters
        ----------
        query
            One SELECT.

        Raises
        ------
        UsageError
            If it is none, or means what is not there.

        Examples
        --------
        >>> open("project").sql("SELECT name, avg(last) FROM metrics GROUP BY name").to_pandas()
        """
        from ledger.analysis import sql

        return sql.table(self.tables(), query)

    def best(
        self, experiment: str, *, minimize: str | None = None, maximize: str | None = None, count: int = 1
    ) -> Best:
        """The best trials of an experiment that ended well, and of how many they are the best.

        Parameters
        ----------
        experiment
            Whose trials.
        minimize, maximize
            The metric whose smallest, or largest, last value is the best: one of them.
        count
            How many trials, at most.

        Raises
        ------
        UsageError
            If not one of both is named, or no trial has such a metric.
        NotFoundError
            If there is no such experiment, or no value.

        Examples
        --------
        >>> found = open("project").best("digits", maximize="accuracy")
        >>> found.values, found.now.trials
        ((0.97,), 37)
        """
        metric = minimize if minimize is not None else maximize
        if metric is None or (minimize is not None and maximize is not None):
            raise UsageError("a metric is needed", cause="expected one of minimize and maximize")
        lost.recover_quietly(self._workspace)
        return bests.best(self._workspace, experiment, metric, maximize=maximize is not None, count=count)

    def diff(
        self,
        a: str | Digest | Trial,
        b: str | Digest | Trial = "@",
        *,
        minimize: str | None = None,
        maximize: str | None = None,
        ignore: Sequence[str] = (),
    ) -> Compared:
        """What differs between two trials, or between two experiments if both names mean one.

        Parameters
        ----------
        a, b
            The trials, or names of experiments.
        minimize, maximize
            Of experiments: the metric of which less, or more, is better; without one it is what they were
            tuned for, else all that both have are compared.
        ignore
            Of experiments: hyperparameters that tell no configurations apart.

        Raises
        ------
        NotFoundError, AmbiguousError
            If one of them names nothing, or more than one trial; or no trial of an experiment ended well.
        UsageError
            If an experiment has no such metric, or a metric is asked of two trials.

        Examples
        --------
        >>> open("project").diff("@~1", "@").diff.summary
        'other hyperparameters; other metrics, outputs'
        >>> open("project").diff("sgd", "adam", maximize="accuracy").experiments.sentences
        ('adam is better by 0.8 ± 0.3 in accuracy; with these 5 seeds that is more than seed noise',)
        """
        timing = self._workspace.config.replay.timing
        asked = Asked(minimize=minimize, maximize=maximize, ignore=tuple(ignore))
        store = self._workspace.store
        return diffs.compare(self._load(), text(a), text(b), store, timing=timing, asked=asked)

    def diff_where(
        self,
        a: str,
        b: str,
        *,
        experiment: str | None = None,
        minimize: str | None = None,
        maximize: str | None = None,
        ignore: Sequence[str] = (),
    ) -> Compared:
        """What differs between the trials that two filters select, as `diff` does it for experiments.

        Parameters
        ----------
        a, b
            The filters, such as ``opt = sgd``.
        experiment
            Only its trials.
        minimize, maximize, ignore
            As those of `diff`.

        Raises
        ------
        NotFoundError
            If there is no such experiment, or no trial of a side ended well.
        UsageError
            If a filter is off, or a side has no such metric.

        Examples
        --------
        >>> found = open("project").diff_where("opt = sgd", "opt = adam", maximize="accuracy")
        >>> found.experiments.quality[0].interval
        """
        lost.recover_quietly(self._workspace)
        asked = Asked(minimize=minimize, maximize=maximize, ignore=tuple(ignore))
        sides = [Selection(experiment=experiment, where=each) for each in (a, b)]
        return diffs.compare_selections(self._workspace, sides[0], sides[1], asked)

    def compare(
        self,
        *experiments: str,
        minimize: str | None = None,
        maximize: str | None = None,
        ignore: Sequence[str] = (),
    ) -> Table:
        """How the metrics of two or more experiments compare: each alone, and every two.

        Parameters
        ----------
        *experiments
            Their names.
        minimize, maximize, ignore
            As those of `diff`.

        Raises
        ------
        NotFoundError
            If there is no such experiment, or none of its trials ended well.
        UsageError
            If fewer than two are named, or one has no such metric.

        Examples
        --------
        >>> open("project").compare("sgd", "adam", "lion", maximize="accuracy").summary
        'lion has the best mean of accuracy, 0.97 (0.96 to 0.98), and cannot be told from adam'
        """
        lost.recover_quietly(self._workspace)
        asked = Asked(minimize=minimize, maximize=maximize, ignore=tuple(ignore))
        sides = asking.sides(experiments, ())
        return compare_table.table([asking.chosen(self._workspace, each) for each in sides], asked)

    def _find(
        self, experiment: str | None, where: str | None, sort: str | None, limit: int | None
    ) -> tuple[Trial, ...]:
        lost.recover_quietly(self._workspace)
        question = Question(experiment=experiment, where=where, sort=sort, limit=limit)
        return search.find(self._workspace.journal, question, self._workspace.store).chosen
