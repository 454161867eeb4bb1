"""Configurations that are close to one another, and by how much a result moves between them."""

import math
from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ledger.analysis.observations import Observations, Variable, alike
from ledger.model import HyperparameterType, Value
from ledger.model.frozen import frozen

FRACTION: Final = 0.1
"""Of a domain's length, or of the value itself where nobody knows a domain: what a small change is."""
MOST: Final = 1500
"""Configurations of which all pairs are looked at."""
JOINT: Final = "several at once"
_SLACK: Final = 1e-4
"""Values are rounded to six digits."""
Numbers = np.float64 | NDArray[np.float64]

_NUMBERS = (HyperparameterType.REAL, HyperparameterType.INTEGER)


@frozen
class Pair:
    """Two configurations that are close to one another."""

    first: int
    """Number of the configuration."""
    second: int
    changed: tuple[str, ...]
    """Hyperparameters in which they differ."""


def told_apart(observed: Observations) -> tuple[Variable, ...]:
    """The hyperparameters that vary, without those that only repeat another one under a second name."""
    found: list[Variable] = []
    for each in observed.varying:
        if not any(all(map(alike, each.values, one.values)) for one in found):
            found.append(each)
    return tuple(sorted(found, key=lambda each: each.domain is None))


def is_near(variable: Variable, a: Value, b: Value, fraction: float = FRACTION) -> bool:
    """Whether it is a small change from one value to another one.

    Of a number it is one by at most `fraction` of its domain, on its own scale (logarithms where the domain
    has them), or of the larger value where nobody knows a domain; the next integer is always close. Of an
    ordinal one it is one to the next choice. No change of a category is small.
    """
    if alike(a, b):
        return True
    domain = variable.domain
    if variable.type is HyperparameterType.ORDINAL and domain is not None:
        places = [
            next((p for p, one in enumerate(domain.choices) if alike(one, each)), None) for each in (a, b)
        ]
        return places[0] is not None and places[1] is not None and abs(places[0] - places[1]) == 1
    if variable.type not in _NUMBERS or not (isinstance(a, int | float) and isinstance(b, int | float)):
        return False
    return bool(_close(variable, np.float64(min(a, b)), np.float64(max(a, b)), fraction))


def _close(variable: Variable, low: Numbers, high: Numbers, fraction: float) -> Any:
    """Whether numbers are close, one by one: the lower and the higher one of each two."""
    if variable.type is HyperparameterType.INTEGER:
        high = np.maximum(high - 1, low)  # the next one is always close
    far, domain = fraction * (1 + _SLACK), variable.domain
    if domain is None or domain.low is None or domain.high is None:
        return high - low <= far * np.maximum(np.abs(low), np.abs(high))
    if domain.log:
        return np.log(high / low) <= far * math.log(domain.high / domain.low)
    return high - low <= far * (domain.high - domain.low)


def pairs(
    observed: Observations, *, fraction: float = FRACTION, centre: int | None = None
) -> tuple[tuple[Pair, ...], bool]:
    """Configurations that differ by small changes of one hyperparameter, or of several.

    Parameters
    ----------
    observed
        Their trials.
    fraction
        What a small change is, see `is_near`.
    centre
        A configuration that one of each two shall be; None for all.

    Returns
    -------
    tuple of tuple of Pair, and bool
        And whether there were too many configurations to look at pairs in which several things change.
    """
    variables = told_apart(observed)
    first = [rows[0] for rows in observed.by_configuration().values()]
    table = [[each.values[row] for each in variables] for row in first]
    if centre is not None:
        around = ((centre, other) for other in range(len(table)) if other != centre)
        found = [_pair(variables, table, *each, fraction) for each in around]
        return tuple(each for each in found if each is not None), False
    if len(table) <= MOST:
        every = _candidates(variables, table, fraction)
        found = [_pair(variables, table, *each, fraction) for each in every]
        return tuple(each for each in found if each is not None), False
    return tuple(_single(variables, table, fraction)), True


def _candidates(
    variables: Sequence[Variable], table: Sequence[Sequence[Value]], fraction: float
) -> Iterator[tuple[int, int]]:
    """Pairs that no number sets apart."""
    close = np.triu(np.ones((len(table), len(table)), bool), 1)
    for place, variable in enumerate(variables):
        column = [row[place] for row in table]
        if variable.type in _NUMBERS and all(type(each) in (int, float) for each in column):
            numbers = np.array(column, np.float64)
            close &= _close(
                variable, np.minimum.outer(numbers, numbers), np.maximum.outer(numbers, numbers), fraction
            )
    for a, b in np.argwhere(close):
        yield int(a), int(b)


def _pair(
    variables: Sequence[Variable], table: Sequence[Sequence[Value]], a: int, b: int, fraction: float
) -> Pair | None:
    changed = []
    for variable, left, right in zip(variables, table[a], table[b], strict=True):
        if left is right or alike(left, right):
            continue
        if not is_near(variable, left, right, fraction):
            return None
        changed.append(variable.name)
    return Pair(first=a, second=b, changed=tuple(changed)) if changed else None


def _single(variables: Sequence[Variable], table: Sequence[Sequence[Value]], fraction: float) -> list[Pair]:
    """Pairs in which one hyperparameter alone changes, without looking at all."""
    found: list[Pair] = []
    for place in range(len(variables)):
        same: dict[object, list[int]] = {}
        for number, row in enumerate(table):
            same.setdefault(repr([*row[:place], *row[place + 1 :]]), []).append(number)
        for some in same.values():
            close = (
                _pair(variables, table, a, b, fraction) for i, a in enumerate(some) for b in some[i + 1 :]
            )
            found += [each for each in close if each is not None]
    return found
