"""Names a person can ask for → the values that trials have under them."""

from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from typing import Any, Protocol

from ledger.errors import UsageError
from ledger.model import HyperparameterRole, Trial, Value
from ledger.model.frozen import frozen
from ledger.model.jsonform import rfc3339
from ledger.ops import receipts
from ledger.ops.receipts import Receipts
from ledger.ops.text import nearest

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
    if trial.intent.seeds:
        own = [] if trial.intent.seed is None else [str(trial.intent.seed)]
        return ",".join([*own, *(f"{name}={seed}" for name, seed in trial.intent.seeds)])
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
    "health": receipts.health,
    "lacking": receipts.lacking,
}
"""What every trial has, by name; ``seed`` is that of ``--seed`` (``3,data=7`` where names have their own),
else the hyperparameter of that role."""
NAMES = frozenset({*FIELDS, *receipts.NAMES})
"""Names of fields: those, and what replays have shown of a trial."""

_OUTCOME_METRICS = frozenset({"duration_s", "peak_memory", "cpu_user_s", "cpu_system_s"})
SUMMARIES = ("last", "min", "max", "count")
FIELD, PARAMETER = "field", "param"
STARTED = FIELD, "started"
_PARAMETER, _METRIC = "param.", "metric."

Key = tuple[str, str]
"""`FIELD`, `PARAMETER` or one of `SUMMARIES`; and the name of a field, a hyperparameter or a metric."""


class Names(Protocol):
    """The names that some trials have values under.

    A name means a field (`NAMES`), else a hyperparameter or a metric (its last value; ``.min``, ``.max`` and
    ``.count`` behind it give the others). ``param.NAME`` and ``metric.NAME`` say which is meant.
    """

    @property
    def parameters(self) -> Container[str]:
        """Names of hyperparameters."""
        ...

    @property
    def metrics(self) -> Container[str]:
        """Names of metrics."""
        ...

    @property
    def empty(self) -> bool:
        """Whether there is no trial at all."""
        ...

    def every(self) -> Iterable[str]:
        """All names of hyperparameters, then all of metrics."""
        ...


def resolve(names: Names, name: str) -> Key | None:
    """What a name means; None where there is no trial, so that nobody can say that it is wrong.

    Raises
    ------
    UsageError
        If no trial has a value of that name, with the nearest names; or if it is both a hyperparameter and a
        metric.
    """
    if name in NAMES:
        return FIELD, name
    bare = _parameter(names, name), _metric(names, name)
    if all(bare):
        raise UsageError(
            f"{name} is a hyperparameter and a metric",
            hint=f"say which: {_PARAMETER}{name} or {_METRIC}{name}",
        )
    key = bare[0] or bare[1]
    if key is None and name.startswith(_PARAMETER):
        key = _parameter(names, name.removeprefix(_PARAMETER))
    if key is None and name.startswith(_METRIC):
        rest = name.removeprefix(_METRIC)
        key = _metric(names, rest) or ((FIELD, rest) if rest in _OUTCOME_METRICS else None)
    if key is None and not names.empty:
        raise _unknown(names, name)
    return key


def sort_keys(names: Names, keys: str) -> Iterator[tuple[Key | None, bool]]:
    """What each of some sort keys means, and whether it is turned round; the last one first.

    Raises as `resolve`.
    """
    for key in reversed([each.strip() for each in keys.split(",")]):
        down = key.startswith("-") and key not in names.parameters and key not in names.metrics
        yield resolve(names, key[1:] if down else key), down


class Columns:
    """The names of trials that are there, and the columns that they mean."""

    def __init__(self, trials: Iterable[Trial], receipts: Receipts) -> None:
        self.trials = tuple(trials)
        self._receipts = receipts
        self.parameters = {each.name: None for trial in self.trials for each in trial.hyperparameters}
        self.metrics = {
            each.name: None for trial in self.trials if trial.outcome for each in trial.outcome.metrics
        }

    @property
    def empty(self) -> bool:
        """Whether there is no trial at all."""
        return not self.trials

    def every(self) -> Iterable[str]:
        """All names of hyperparameters, then all of metrics."""
        return [*self.parameters, *self.metrics]

    def find(self, name: str) -> Column:
        """The column of that name. Raises as `resolve`."""
        return self.meant(resolve(self, name), name)

    def meant(self, key: Key | None, name: str) -> Column:
        """The column of a key."""
        if key is not None and key[0] == FIELD and key[1] in receipts.NAMES:
            return Column(name=name, read=lambda trial: self._receipts.value(trial, key[1]))
        return _column(key, name)


def values(trial: Trial, of: Receipts) -> dict[Key, Value]:
    """All that a trial has under any name; what it has none of under a field is left out."""
    told = {name: read(trial) for name, read in FIELDS.items()}
    told |= {name: of.value(trial, name) for name in sorted(receipts.NAMES)}
    found: dict[Key, Value] = {(FIELD, name): value for name, value in told.items() if value is not None}
    for each in trial.hyperparameters:
        found.setdefault((PARAMETER, each.name), each.value)
    for metric in trial.outcome.metrics if trial.outcome else ():
        if ("last", metric.name) not in found:
            found.update({(summary, metric.name): getattr(metric, summary) for summary in SUMMARIES})
    return found


def _parameter(names: Names, name: str) -> Key | None:
    return (PARAMETER, name) if name in names.parameters else None


def _metric(names: Names, name: str) -> Key | None:
    if name in names.metrics:
        return "last", name
    base, _, summary = name.rpartition(".")
    return (summary, base) if base in names.metrics and summary in SUMMARIES else None


def _column(key: Key | None, name: str) -> Column:
    if key is None:
        return Column(name=name, read=lambda _: None)
    space, of = key
    if space == FIELD:
        return Column(name=name, read=FIELDS[of], is_time=key == STARTED)
    if space == PARAMETER:
        return Column(
            name=name,
            read=lambda trial: next((each.value for each in trial.hyperparameters if each.name == of), None),
        )

    def read(trial: Trial) -> Value:
        metrics = trial.outcome.metrics if trial.outcome else ()
        value: Value = next((getattr(each, space) for each in metrics if each.name == of), None)
        return value

    return Column(name=name, read=read)


def _unknown(names: Names, name: str) -> UsageError:
    from difflib import get_close_matches

    every: Iterable[str] = [*FIELDS, *sorted(receipts.NAMES), *names.every()]
    if name.startswith(_PARAMETER):
        every = sorted(each for each in names.every() if each in names.parameters)
    elif name.startswith(_METRIC):
        own = (each for each in names.every() if each in names.metrics)
        every = (*sorted(own), *sorted(_OUTCOME_METRICS))
    bare = name.removeprefix(_PARAMETER).removeprefix(_METRIC)
    known = list(dict.fromkeys(every))
    near = get_close_matches(bare, known, 3, 0.5)
    told = nearest(near) if near else None
    if told is None and bare != name and set(known) - _OUTCOME_METRICS:
        told = f"there are {', '.join(known[:10])}"
    return UsageError(
        f"no trial has {name}",
        cause=told,
        hint="see the names of one trial: ledger show @ (put odd ones in backquotes)",
    )


def order(trials: Sequence[Trial], keys: str, receipts: Receipts) -> list[Trial]:
    """Sort trials.

    Parameters
    ----------
    trials
        In the order that ties keep.
    keys
        Names of columns with commas between them; a ``-`` in front of one turns it round. Numbers come before
        text; trials without a value, and NaN, come last either way.
    receipts
        Of the trials.

    Raises
    ------
    UsageError
        If no trial has a value under one of the names.
    """
    columns = Columns(trials, receipts)
    result = list(trials)
    for key, down in sort_keys(columns, keys):
        column = columns.meant(key, "")
        missing = [trial for trial in result if is_missing(column.read(trial))]
        present = [trial for trial in result if not is_missing(column.read(trial))]
        present.sort(key=lambda trial: sort_key(column.read(trial)), reverse=down)
        result = present + missing
    return result


def is_missing(value: Value) -> bool:
    """Whether a value comes last, whichever way it is sorted."""
    return value is None or value != value


def sort_key(value: Value) -> tuple[int, Any]:
    """What the order of values goes by."""
    if isinstance(value, bool):
        return 0, value
    if isinstance(value, int | float):
        return 1, value
    if isinstance(value, str):
        return 2, value
    return 3, str(value)
