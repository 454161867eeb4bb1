"""Where trials come along one hyperparameter."""

import math

from ledger.analysis.observations import Variable, key
from ledger.model import HyperparameterType, Value
from ledger.ops.text import value
from ledger.reports.scales import Choices, Scale, scale

_NUMBERS = (HyperparameterType.REAL, HyperparameterType.INTEGER)


def along(variable: Variable, start: float, end: float) -> tuple[Scale | Choices, list[float]]:
    """An axis of a hyperparameter, and where each trial comes on it, in pixels; NaN for one without a value.

    Numbers lie as far apart as they are, as their ratios say where their search looked at these; all others
    are choices, those of the search first.

    Parameters
    ----------
    variable
        One trial has a value, at least.
    start, end
        Pixels.
    """
    numbers = _as_numbers(variable)
    if numbers is not None:
        domain = variable.domain
        ends = (
            [] if domain is None else [float(each) for each in (domain.low, domain.high) if each is not None]
        )
        known = [each for each in (*numbers, *ends) if math.isfinite(each)]
        wanted = None if domain is None else domain.log and min(known) > 0
        axis = scale(known, start, end, log=wanted)
        return axis, [axis(each) if math.isfinite(each) else math.nan for each in numbers]
    choices: dict[object, Value] = {}
    for each in (*(variable.domain.choices if variable.domain is not None else ()), *variable.values):
        if each is not None:
            choices.setdefault(key(each), each)
    places = {own: place for place, own in enumerate(choices)}
    among = Choices(words=tuple(map(value, choices.values())), start=start, end=end)
    return among, [math.nan if each is None else among(places[key(each)]) for each in variable.values]


def _as_numbers(variable: Variable) -> list[float] | None:
    """Values as numbers, NaN for none; None where they are none, or none of them is finite."""
    if variable.type not in _NUMBERS or (variable.domain is not None and variable.domain.choices):
        return None
    found = []
    for each in variable.values:
        if each is not None and (isinstance(each, bool) or not isinstance(each, int | float)):
            return None
        try:
            found.append(math.nan if each is None else float(each))
        except OverflowError:  # an integer beyond all floats
            return None
    return found if any(map(math.isfinite, found)) else None
