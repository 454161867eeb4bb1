"""The table of a report's trials: what they have in common, and in what they differ."""

from collections.abc import Sequence
from typing import Any

from ledger.model import HyperparameterRole, Trial
from ledger.model.frozen import frozen
from ledger.model.jsonform import rfc3339
from ledger.ops.columns import FIELDS
from ledger.ops.text import duration, line, moment, number, value
from ledger.ops.trials import Trials

MOST_PARAMETERS = 30
MOST_METRICS = 20


@frozen
class Column:
    """One of the table."""

    name: str
    numeric: bool
    """Whether its values stand right."""


@frozen
class Table:
    """All trials, a row each."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    """As people read them; the first cell is the short id."""
    ids: tuple[str, ...]
    """Whole ids."""
    common: tuple[tuple[str, str], ...]
    """Hyperparameters that all have, with one value."""
    hidden: tuple[str, ...]
    """Hyperparameters and metrics past those that are shown."""


def table(chosen: Sequence[Trial], trials: Trials) -> Table:
    """The table of some trials, in their order.

    Parameters
    ----------
    chosen
        Which ones.
    trials
        What was said of them: their receipts.
    """
    own = [
        {each.name: each.value for each in trial.hyperparameters if not _is_seed(each.role)}
        for trial in chosen
    ]
    names = list(dict.fromkeys(name for each in own for name in each))
    told = {name: [_told(each[name]) if name in each else "" for each in own] for name in names}
    varying = [name for name in names if len(set(told[name])) > 1]
    if len(chosen) == 1:
        varying = names
    measured = [_metrics(trial) for trial in chosen]
    metrics = list(dict.fromkeys(name for each in measured for name in each))
    columns: dict[str, tuple[list[str], bool]] = {"id": ([trial.id.short for trial in chosen], False)}
    for name in ("name", "experiment"):
        columns[name] = ([line(getattr(trial, name) or "") for trial in chosen], False)
    columns["status"] = ([str(trial.status) for trial in chosen], False)
    columns["replayed"] = ([_verdict(trial, trials) for trial in chosen], False)
    columns["started (UTC)"] = ([moment(rfc3339(trial.started)) for trial in chosen], False)
    columns["took"] = (
        [duration(trial.outcome.duration_s) if trial.outcome else "" for trial in chosen],
        True,
    )
    columns["seed"] = ([_told(FIELDS["seed"](trial)) for trial in chosen], True)
    found = [(key, cells, right) for key, (cells, right) in columns.items() if any(cells) or key == "id"]
    if len({trial.experiment for trial in chosen}) < 2:
        found = [each for each in found if each[0] != "experiment"]
    for name in varying[:MOST_PARAMETERS]:
        right = all(isinstance(each.get(name), int | float | None) for each in own)
        found.append((line(name), told[name], right))
    for name in metrics[:MOST_METRICS]:
        found.append((line(name), [each.get(name, "") for each in measured], True))
    return Table(
        columns=tuple(Column(name=name, numeric=right) for name, _, right in found),
        rows=tuple(zip(*(cells for _, cells, _ in found), strict=True)),
        ids=tuple(str(trial.id) for trial in chosen),
        common=tuple((line(name), told[name][0]) for name in names if name not in varying),
        hidden=tuple(map(line, (*varying[MOST_PARAMETERS:], *metrics[MOST_METRICS:]))),
    )


def _is_seed(role: HyperparameterRole | None) -> bool:
    return role is HyperparameterRole.SEED


def _told(found: Any) -> str:
    return "" if found is None else value(found)


def _metrics(trial: Trial) -> dict[str, str]:
    return {each.name: number(each.last) for each in trial.outcome.metrics} if trial.outcome else {}


def _verdict(trial: Trial, trials: Trials) -> str:
    plain = [each for each in trials.receipts.get(trial.id, ()) if each.plain]
    return str(plain[-1].replay.verdict) if plain else ""
