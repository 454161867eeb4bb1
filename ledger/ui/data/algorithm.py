"""One value of a grouping key, such as an algorithm: its trials, its best ones, and the other values."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from ledger.analysis import robustness
from ledger.analysis.observations import Observations, Variable, key
from ledger.analysis.seeding import spread
from ledger.analysis.statistics import intervals
from ledger.errors import NotFoundError
from ledger.model import Digest, HyperparameterType
from ledger.model.jsonform import to_json
from ledger.model.space import Objective
from ledger.ops.indexed import asked
from ledger.ops.robustness import MOST_GROUPS
from ledger.ops.robustness_words import group
from ledger.ops.seeds_document import spread_document
from ledger.ui.data import Document, Query, axes, objective, standing, told
from ledger.ui.data.remembered import remembered
from ledger.ui.source import Source

MOST_VALUES = 500
"""That can be chosen; and of one group: evenly chosen by rank, the least and the largest among them."""
_TYPES = (HyperparameterType.CATEGORICAL, HyperparameterType.ORDINAL, HyperparameterType.BOOLEAN)


def answer(source: Source, query: Query) -> Document:
    """The trials that ended well whose ``by`` is the text ``is``, and those with other values.

    ``by`` is a hyperparameter, or a role (``model``, ``algorithm``): then the first hyperparameter of that
    role. ``experiment`` names the only one whose trials count. With ``metric`` and ``direction`` values are
    told, too.

    Returns
    -------
    dict
        ``by`` and its ``role``, ``keys`` (what else trials can be grouped by), ``is``, ``others`` (the
        `MOST_VALUES` most frequent of ``values`` values, with how many trials), ``where`` (a filter for the
        trials), ``count``, ``experiments`` (``count``, and the ``best`` value and trial), ``metrics``,
        ``objective``, and ``groups``: of each value, the most frequent first, how the metric is distributed
        (as ``ledger robustness --group``).

    Raises
    ------
    NotFoundError
        If no trial has such a hyperparameter, or none has that value.
    UsageError
        If there is no such direction.
    """
    experiment = query.get("experiment") or None
    found = standing.observed(source, experiment)
    variable = _variable(found, query.get("by", ""))
    labels = _labels(variable)
    counts = Counter(each for each in labels if each is not None)
    wanted = query.get("is") or next((each for each, _ in counts.most_common(1)), "")
    if wanted not in counts:
        raise NotFoundError(
            f"no trial that ended well has {wanted!r} as {variable.name}",
            cause=f"there are {', '.join(list(counts)[:10]) or 'none'}",
        )
    tuned = None if experiment is None else objective.searched(source, experiment)
    of = objective.asked(query, tuned)
    rows = [row for row, label in enumerate(labels) if label == wanted]
    names = [each for each, _ in counts.most_common(MOST_VALUES)]
    if wanted not in names:
        names[-1] = wanted
    return {
        "by": to_json(variable.name),
        "role": None if variable.role is None else str(variable.role),
        "keys": [to_json(each.name) for each in found.variables if _is_key(each)],
        "is": wanted,
        "others": [{"value": to_json(each), "count": counts[each]} for each in names],
        "values": len(counts),
        "where": _where(found, variable, rows[0]),
        "count": len(rows),
        "experiments": _experiments(source, found, rows, of),
        "metrics": [to_json(each) for each in found.metrics],
        "objective": None if of is None else {"metric": of.metric, "direction": objective.direction(of)},
        "groups": []
        if of is None
        else remembered(
            source,
            ("groups", experiment, variable.name, of),
            lambda: _groups(found, labels, names[:MOST_GROUPS], of),
        ),
    }


def _variable(found: Observations, name: str) -> Variable:
    """The hyperparameter of that name, else the first of that role."""
    for each in found.variables:
        if each.name == name:
            return each
    for each in found.variables:
        if each.role is not None and str(each.role) == name:
            return each
    if not name and (keys := [each for each in found.variables if _is_key(each)]):
        return next((each for each in keys if each.role is not None), keys[0])
    raise NotFoundError(
        f"no trial has a hyperparameter or a role {name!r}" if name else "nothing to group trials by",
        cause=f"they have {', '.join(each.name for each in found.variables) or 'none'}",
    )


def _labels(variable: Variable) -> list[str | None]:
    """What the group of each trial is called; each value is put in words once."""
    known: dict[object, str] = {}
    found: list[str | None] = []
    for value in variable.values:
        if value is None:
            found.append(None)
            continue
        own: object = value if isinstance(value, str) else (value.__class__, repr(value))
        if own not in known:
            known[own] = group(variable.name, value)
        found.append(known[own])
    return found


def _is_key(variable: Variable) -> bool:
    """Whether trials can be grouped by it: it is one of few choices, or somebody said its role."""
    return variable.role is not None or (variable.type in _TYPES and _is_of_few(variable))


def _is_of_few(variable: Variable) -> bool:
    distinct: set[object] = set()
    for value in variable.values:
        distinct.add(key(value))
        if len(distinct) > MOST_GROUPS:
            return False
    return len(distinct) > 1


def _where(found: Observations, variable: Variable, row: int) -> str:
    value = variable.values[row]
    name = axes.asked("param.", variable.name, found.metrics)
    if isinstance(value, str):
        return f"{name} = " + '"' + value.replace('"', '""') + '"'
    return (
        f"{name} = {group(variable.name, value)}"
        if not isinstance(value, bool)
        else f"{name} = {str(value).lower()}"
    )


def _experiments(
    source: Source, found: Observations, rows: Sequence[int], of: Objective | None
) -> list[Document]:
    """Of each experiment that has some of these trials: how many, and the best of them."""
    own = remembered(source, "experiments by id", lambda: _belonging(source))
    names = {row: own[id] for row in rows if (id := bytes(found.trials[row])) in own}
    counts = Counter(names.values())
    best = {} if of is None else _best(found, names, of)
    return [
        {
            "name": to_json(name),
            "count": count,
            "best": None if name not in best else to_json(best[name][0]),
            "trial": None if name not in best else str(best[name][1]),
        }
        for name, count in counts.most_common()
    ]


def _belonging(source: Source) -> dict[bytes, str | None]:
    """The experiment of each trial, by the 32 bytes of its id."""
    found = asked(source.workspace.journal, lambda held, logs: told.Columns(held, logs).by_id())
    if found is not None:
        return found
    return {bytes(trial.id): trial.experiment for trial in source.trials()}


def _best(
    found: Observations, names: Mapping[int, str | None], of: Objective
) -> dict[str | None, tuple[float, Digest]]:
    values = found.metrics.get(of.metric, ())
    sign = -1.0 if of.maximize else 1.0
    best: dict[str | None, tuple[float, Digest]] = {}
    for row, name in names.items():
        if not values or not np.isfinite(values[row]):
            continue
        if name not in best or sign * values[row] < sign * best[name][0]:
            best[name] = values[row], found.trials[row]
    return best


def _groups(
    found: Observations, labels: Sequence[str | None], names: Sequence[str], of: Objective
) -> list[Document]:
    values = found.metrics.get(of.metric, ())
    rows: dict[str, list[float]] = {name: [] for name in names}
    for row in robustness.first_rows(found, of.metric) if values else ():
        label = labels[row]
        if label in rows and label is not None and math.isfinite(values[row]):
            rows[label].append(values[row])
    return [_group(name, its) for name, its in rows.items() if its]


def _group(label: str, values: Sequence[float]) -> Document:
    ordered = np.sort(np.array(values, np.float64))
    places = np.unique(
        np.linspace(0, len(ordered) - 1, min(len(ordered), MOST_VALUES)).round().astype(np.int64)
    )
    return {
        "label": to_json(label),
        "spread": spread_document(spread(values)),
        "iqm_interval": to_json(intervals.of_iqm(values)),
        "values": ordered[places].tolist(),
    }
