"""Hyperparameters that move a training metric one way, and the same metric of unseen data the other way."""

import math
import re
from collections.abc import Iterable, Sequence
from itertools import product
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ledger.analysis.importance.axes import axis
from ledger.analysis.observations import Observations, Variable
from ledger.model import HyperparameterType, Value
from ledger.model.frozen import frozen

LEAST: Final = 8
"""Trials of a trend."""
_CHOICES: Final = 9
"""Choices of another hyperparameter that are told apart at most."""
_Z: Final = 1.959964
"""Of a normal distribution, at 95 %."""
_TRAINING: Final = frozenset({"train", "training"})
_UNSEEN: Final = ("val", "valid", "validation", "dev", "eval", "test", "testing", "heldout", "holdout")
_WORD: Final = re.compile(r"[A-Za-z0-9]+|[^A-Za-z0-9]+")

Floats = NDArray[np.float64]


@frozen
class Trend:
    """Rank correlation of a hyperparameter with a metric."""

    metric: str
    correlation: float
    """Spearman's, from -1 to 1."""
    low: float
    """Of 95 %."""
    high: float
    trials: int

    @property
    def sign(self) -> int:
        """1 where the metric rises, -1 where it falls, 0 where that is not sure."""
        return 1 if self.low > 0 else -1 if self.high < 0 else 0


@frozen
class Overfitting:
    """A hyperparameter whose two trends are opposite."""

    name: str
    training: Trend
    unseen: Trend
    above: float | None = None
    """The trends are those of larger values than this one, at which the metric of unseen data turns."""
    below: float | None = None
    """The same of smaller values."""


def pairs(metrics: Iterable[str]) -> list[tuple[str, str]]:
    """Names of metrics that are one quantity, of the training's data and of unseen data.

    ``train_loss`` and ``val_loss``, ``loss/training`` and ``loss/test``; a name without such a word, ``loss``
    beside ``val_loss``, is the training's, as Keras has it.
    """
    names = list(dict.fromkeys(metrics))
    known = set(names)
    found = []
    for name in names:
        words = _WORD.findall(name)
        for place, word in enumerate(words):
            if word.lower() not in _UNSEEN:
                continue
            trained = [
                *("".join([*words[:place], each, *words[place + 1 :]]) for each in _spelled(word)),
                _without(words, place),
            ]
            partner = next((each for each in trained if each in known and each != name), None)
            if partner is not None:
                found.append((partner, name))
            break
    return found


def _spelled(word: str) -> list[str]:
    return [
        each.upper() if word.isupper() else each.capitalize() if word[0].isupper() else each
        for each in sorted(_TRAINING)
    ]


def _without(words: Sequence[str], place: int) -> str:
    """A name without one of its words, and what ties it to the others."""
    kept = [*words[: max(place - 1, 0)], *words[place + 1 :]] if place else list(words[2:])
    return "".join(kept)


def overfitting(observations: Observations, pairs: Iterable[tuple[str, str]]) -> tuple[Overfitting, ...]:
    """Hyperparameters whose trends are opposite, each beyond what chance would do.

    A trend is a partial rank correlation: what the other hyperparameters do to the metrics, as far as a
    square of their ranks tells it, is taken away before. Where the metric of unseen data gets better first
    and turns then, what is beyond the turn is looked at, without the turn itself.

    Parameters
    ----------
    observations
        The trials.
    pairs
        Names of two metrics: of the training's data, and of unseen data.
    """
    varying = observations.varying
    found = []
    for variable, pair in product(varying, pairs):
        if variable.type in (HyperparameterType.REAL, HyperparameterType.INTEGER):
            others = [each for each in varying if each is not variable]
            found.append(_opposite(observations, variable, others, pair))
    return tuple(each for each in found if each is not None)


def _opposite(
    observations: Observations, variable: Variable, others: Sequence[Variable], pair: tuple[str, str]
) -> Overfitting | None:
    values = _floats(variable.values)
    if values is None:
        return None
    metrics = [np.asarray(observations.metrics[name], np.float64) for name in pair]
    rows = np.flatnonzero(np.isfinite(values) & np.isfinite(metrics[0]) & np.isfinite(metrics[1]))
    whole = _trends(rows, values, metrics, others, pair)
    if whole is None or not whole[0].sign:
        return None
    if whole[0].sign * whole[1].sign < 0:
        return Overfitting(name=variable.name, training=whole[0], unseen=whole[1])
    # As the training's falls with more of it, the other one falls, has its least, and rises; and so on.
    unseen = _without_others(_ranks(metrics[1][rows]), _others(others, rows))[0]
    levels, level = np.unique(values[rows], return_inverse=True)
    smooth = _smooth(np.bincount(level, weights=unseen) / np.bincount(level), np.bincount(level))
    least, most = float(levels[smooth.argmin()]), float(levels[smooth.argmax()])
    above, below = (least, most) if whole[0].sign < 0 else (most, least)
    for part, limits in ((values > above, (above, None)), (values < below, (None, below))):
        told = _trends(rows[part[rows]], values, metrics, others, pair)
        if told is not None and told[0].sign * told[1].sign < 0:
            return Overfitting(
                name=variable.name, training=told[0], unseen=told[1], above=limits[0], below=limits[1]
            )
    return None


def _floats(values: Sequence[Value]) -> Floats | None:
    try:
        return np.array(values, np.float64)
    except (TypeError, ValueError, OverflowError):
        return None


def _smooth(means: Floats, counts: NDArray[np.int64]) -> Floats:
    """Means of each level and as many neighbours as make `LEAST` trials together, or all."""
    found = np.empty(len(means))
    for place in range(len(means)):
        low, high = place, place + 1
        while counts[low:high].sum() < LEAST and high - low < len(means):
            low, high = max(low - 1, 0), min(high + 1, len(means))
        found[place] = np.average(means[low:high], weights=counts[low:high])
    return found


def _trends(
    rows: NDArray[np.int64],
    values: Floats,
    metrics: Sequence[Floats],
    others: Sequence[Variable],
    pair: tuple[str, str],
) -> tuple[Trend, Trend] | None:
    if len(rows) < LEAST or len(np.unique(values[rows])) < 3:
        return None
    known = _others(others, rows)
    found = [trend(name, values[rows], each[rows], known) for name, each in zip(pair, metrics, strict=True)]
    return found[0], found[1]


def trend(metric: str, values: Floats, results: Floats, others: Floats | None = None) -> Trend:
    """The rank correlation of values and results.

    The interval is Fisher's, with the variance of Bonett & Wright 2000 for ranks, (1 + r²/2)/(n − 3), where
    each column that is taken away counts as a trial less.

    Parameters
    ----------
    metric
        Its name.
    values, results
        n numbers each.
    others
        (n, k) columns whose linear effects on both are taken away, if n - 3 - k is `LEAST` or more.
    """
    columns = np.empty((len(values), 0)) if others is None else others
    left, taken = _without_others(_ranks(values), columns)
    right, _ = _without_others(_ranks(results), columns)
    scale = math.sqrt(float(left @ left) * float(right @ right))
    found = float(left @ right) / scale if scale else 0.0
    inside = max(min(found, 1 - 1e-12), -1 + 1e-12)
    error = _Z * math.sqrt((1 + inside**2 / 2) / (len(values) - 3 - taken))
    low, high = (math.tanh(math.atanh(inside) + sign * error) for sign in (-1, 1))
    return Trend(metric=metric, correlation=found, low=low, high=high, trials=len(values))


def _without_others(ranks: Floats, others: Floats) -> tuple[Floats, int]:
    """Ranks about their mean, and of how many columns they are free."""
    ranks = ranks - ranks.mean()
    count = others.shape[1]
    if not count or len(ranks) - 3 - count < LEAST:
        return ranks, 0
    known = np.linalg.lstsq(others - others.mean(axis=0), ranks, rcond=None)[0]
    return ranks - (others - others.mean(axis=0)) @ known, count


def _others(others: Sequence[Variable], rows: NDArray[np.int64]) -> Floats:
    """Of each other hyperparameter that varies there: its rank and the square of it, or its choices."""
    columns: list[Floats] = []
    for each in others:
        made = axis(each.picked(rows.tolist()))
        if not made.count or (made.count == 1 and made.active.all()):
            continue
        if made.ordered:
            place = np.where(made.active, (np.cumsum(made.measure) - 0.5 * made.measure)[made.cells] - 0.5, 0)
            columns += [place, place**2]
        else:
            columns += [
                (made.cells == cell).astype(np.float64) for cell in range(1, min(made.count, _CHOICES))
            ]
        if not made.active.all():
            columns.append(made.active.astype(np.float64))
    return np.stack(columns, axis=1) if columns else np.empty((len(rows), 0))


def _ranks(values: Floats) -> Floats:
    """Ranks from 1; equal values have the mean of theirs. `scipy.stats` has it, and takes long to import."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    ranks: Floats = (last - (counts - 1) / 2)[place]
    return ranks
