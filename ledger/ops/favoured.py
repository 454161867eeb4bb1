"""What the best trials have of a hyperparameter."""

from collections.abc import Sequence

import numpy as np

from ledger.analysis.observations import Variable, key
from ledger.model import HyperparameterType, Value
from ledger.model.frozen import frozen


@frozen
class Favoured:
    """Values that some of the best trials have: a range, or a choice."""

    low: float | None
    """Half of them lie between here and `high`; None where it is a choice."""
    high: float | None
    choice: Value
    """The one that is more frequent among the best than among all by the largest factor; None: of a range,
    or having no value."""
    trials: int
    """Best trials that have the choice, or any number."""
    best: int
    """Best trials."""


def favoured(variable: Variable, best: Sequence[int]) -> Favoured:
    """What the best trials have.

    Parameters
    ----------
    variable
        Of all trials.
    best
        Rows of the best ones.
    """
    own = [variable.values[row] for row in best]
    numbers = [
        each for each in own if isinstance(each, int | float) and not isinstance(each, bool) and each == each
    ]
    plain = variable.type in (HyperparameterType.REAL, HyperparameterType.INTEGER) and _are_floats(numbers)
    if plain and len(numbers) * 2 <= len(own):
        return Favoured(low=None, high=None, choice=None, trials=len(own) - len(numbers), best=len(own))
    if plain:
        ordered = np.sort(np.array(numbers, np.float64))
        # Values that were tried: no mean of two lies between 0.001 and 0.1.
        low, high = (float(ordered[round(part * (len(ordered) - 1))]) for part in (0.25, 0.75))
        return Favoured(low=low, high=high, choice=None, trials=len(numbers), best=len(own))
    every, some = _counts(variable.values), _counts(own)
    chosen = max(some, key=lambda each: (some[each] / every[each], some[each]))
    value = next(each for each in own if key(each) == chosen)
    return Favoured(low=None, high=None, choice=value, trials=some[chosen], best=len(own))


def _are_floats(numbers: Sequence[int | float]) -> bool:
    try:
        np.array(numbers, np.float64)
    except OverflowError:  # integers beyond all floats, which are choices to an axis, too
        return False
    return True


def _counts(values: Sequence[Value]) -> dict[object, int]:
    found: dict[object, int] = {}
    for each in values:
        found[key(each)] = found.get(key(each), 0) + 1
    return found
