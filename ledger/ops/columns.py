"""Names a person can ask for → the values that trials have under them."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from ledger.errors import UsageError
from ledger.model import HyperparameterRole, Trial, Value
from ledger.model.frozen import frozen
from ledger.model.jsonform import rfc3339

Read = Callable[[Trial], Value]
"""A trial's value; None where it has none."""


@frozen
class Column:
    """One value of each trial."""

    name: str
    read: Read
    is_time: bool = False
    """Whether the values are UTC times in RFC 3339, whose order is that of their text."""


def _outcome(name: str) -> Read:
    def read(trial: Trial) -> Value:
        value: Value = getattr(trial.outcome, name) if trial.outcome else None
        return value

    return read


def _seed(trial: Trial) -> Value:
    if trial.intent.seed is not None:
        return trial.intent.seed
    seeds = [each for each in trial.hyperparameters if each.role is HyperparameterRole.SEED]
    return next((each.value for each in seeds if each.name == "seed"), seeds[0].value if seeds else None)


def _code(name: str) -> Read:
    def read(trial: Trial) -> Value:
        value: Value = getattr(trial.code[0], name) if trial.code else None
        return value

    return read


FIELDS: dict[str, Read] = {
    "id": lambda trial: str(trial.id),
    "name": lambda trial: trial.name,
    "experiment": lambda trial: trial.experiment,
    "message": lambda trial: trial.message,
    "tag": lambda trial: trial.tags or None,
    "parent": lambda trial: str(trial.parent) if trial.parent else None,
    "status": lambda trial: str(trial.status),
    "exit_code": _outcome("exit_code"),
    "started": lambda trial: rfc3339(trial.started),
    "duration_s": _outcome("duration_s"),
    "cpu_user_s": _outcome("cpu_user_s"),
    "cpu_system_s": _outcome("cpu_system_s"),
    "peak_memory": _outcome("peak_memory"),
    "seed": _seed,
    "commit": _code("commit"),
    "branch": _code("branch"),
    "dirty": _code("dirty"),
    "recipe": lambda trial: str(trial.recipe) if trial.recipe else None,
    "environment": lambda trial: str(trial.environment),
}
"""What every trial has, by name; ``seed`` is that of ``--seed``, else the hyperparameter of that role."""

_OUTCOME_METRICS = frozenset({"duration_s", "peak_memory", "cpu_user_s", "cpu_system_s"})
_SUMMARIES = ("last", "min", "max", "count")
_PARAMETER, _METRIC = "param.", "metric."


class Columns:
    """The names that some trials have values under.

    A name means a field (`FIELDS`), else a hyperparameter or a metric (its last value; ``.min``, ``.max`` and
    ``.count`` behind it give the others). ``param.NAME`` and ``metric.NAME`` say which is meant.
    """

    def __init__(self, trials: Iterable[Trial]) -> None:
        self.trials = tuple(trials)
        self.parameters = {each.name: None for trial in self.trials for each in trial.hyperparameters}
        self.metrics = {
            each.name: None for trial in self.trials if trial.outcome for each in trial.outcome.metrics
        }

    def find(self, name: str) -> Column:
        """The column of that name.

        Raises
        ------
        UsageError
            If no trial has a value of that name, with the nearest names; or if it is both a hyperparameter
            and a metric.
        """
        if name in FIELDS:
            return Column(name=name, read=FIELDS[name], is_time=name == "started")
        bare = self._parameter(name), self._metric(name)
        if all(bare):
            raise UsageError(
                f"{name} is a hyperparameter and a metric",
                hint=f"say which: {_PARAMETER}{name} or {_METRIC}{name}",
            )
        read = bare[0] or bare[1]
        if read is None and name.startswith(_PARAMETER):
            read = self._parameter(name.removeprefix(_PARAMETER))
        if read is None and name.startswith(_METRIC):
            rest = name.removeprefix(_METRIC)
            read = self._metric(rest) or (FIELDS[rest] if rest in _OUTCOME_METRICS else None)
        if read is None and self.trials:
            raise self._unknown(name)
        # Where there is no trial, nobody can say that a name is wrong.
        return Column(name=name, read=read or (lambda _: None))

    def _parameter(self, name: str) -> Read | None:
        if name not in self.parameters:
            return None
        return lambda trial: next((each.value for each in trial.hyperparameters if each.name == name), None)

    def _metric(self, name: str) -> Read | None:
        base, summary = name, "last"
        if name not in self.metrics:
            base, _, summary = name.rpartition(".")
            if base not in self.metrics or summary not in _SUMMARIES:
                return None

        def read(trial: Trial) -> Value:
            metrics = trial.outcome.metrics if trial.outcome else ()
            value: Value = next((getattr(each, summary) for each in metrics if each.name == base), None)
            return value

        return read

    def _unknown(self, name: str) -> UsageError:
        from difflib import get_close_matches

        names = [*FIELDS, *self.parameters, *self.metrics]
        bare = name.removeprefix(_PARAMETER).removeprefix(_METRIC)
        near = get_close_matches(bare, names, 3, 0.5)
        return UsageError(
            f"no trial has {name}",
            cause=f"the nearest names are {', '.join(near)}" if near else None,
            hint="see the names of one trial: ledger show @ (put odd ones in backquotes)",
        )


def order(trials: Sequence[Trial], keys: str) -> list[Trial]:
    """Sort trials.

    Parameters
    ----------
    trials
        In the order that ties keep.
    keys
        Names of columns with commas between them; a ``-`` in front of one turns it round. Numbers come before
        text; trials without a value, and NaN, come last either way.

    Raises
    ------
    UsageError
        If no trial has a value under one of the names.
    """
    columns = Columns(trials)
    result = list(trials)
    for key in reversed([each.strip() for each in keys.split(",")]):
        down = key.startswith("-") and key not in columns.parameters and key not in columns.metrics
        column = columns.find(key[1:] if down else key)
        missing = [trial for trial in result if _is_missing(column.read(trial))]
        present = [trial for trial in result if not _is_missing(column.read(trial))]
        present.sort(key=lambda trial: _sort_key(column.read(trial)), reverse=down)
        result = present + missing
    return result


def _is_missing(value: Value) -> bool:
    return value is None or value != value


def _sort_key(value: Value) -> tuple[int, Any]:
    if isinstance(value, bool):
        return 0, value
    if isinstance(value, int | float):
        return 1, value
    if isinstance(value, str):
        return 2, value
    return 3, str(value)
