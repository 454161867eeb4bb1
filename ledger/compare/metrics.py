"""Two trials' metrics: which differ, and which of those count."""

import re
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase

from ledger.compare.base import Tolerance
from ledger.model import Difference, MetricSummary

_EXACT = Tolerance()
_STEP = re.compile(r" (?:from|at) step -?\d+(?: on)?$", re.ASCII)


def compare(
    expected: Iterable[MetricSummary],
    got: Iterable[MetricSummary],
    partings: Mapping[str, str] | None,
    *,
    tolerance: Tolerance = _EXACT,
    timing: tuple[str, ...] = (),
    special: Mapping[str, Tolerance] | None = None,
) -> tuple[Difference, ...]:
    """Compare metrics by their summaries and their series.

    Parameters
    ----------
    expected, got
        The two sides.
    partings
        For each metric whose series part further than `tolerance` allows: where, in a few words. None where
        the series could not be compared, so that the summaries decide.
    tolerance
        How far apart two values may be.
    timing
        Patterns of metrics that measure the clock: what differs in them is not counted.
    special
        Tolerances of some metrics, by name.

    Returns
    -------
    tuple of Difference
        Sorted by name. What is not equal but within the tolerance is there too, not counted.
    """
    left, right = {each.name: each for each in expected}, {each.name: each for each in got}
    found: list[Difference] = []
    for name in sorted(left.keys() | right.keys() | (partings or {}).keys()):
        a, b = left.get(name), right.get(name)
        if a and b and _equal(a, b, _EXACT) and not (partings and name in partings):
            continue
        detail, counted = _judged(name, a, b, partings, (special or {}).get(name, tolerance))
        if counted and is_timing(name, timing):
            detail, counted = f"{detail}; measures the clock" if detail else "measures the clock", False
        found.append(
            Difference(
                part="metrics",
                path=name,
                expected=a and a.last,
                got=b and b.last,
                detail=detail,
                counted=counted,
            )
        )
    return tuple(found)


def is_timing(name: str, patterns: tuple[str, ...]) -> bool:
    """Whether a metric of that name measures the clock."""
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def measures_clock(place: str, patterns: tuple[str, ...]) -> bool:
    """Whether what stands at a place of an output measures the clock: a column, a key, a tag.

    Positions in lists and steps are no part of a name.
    """
    name = _STEP.sub("", place)
    return is_timing(".".join(key for key in name.split(".") if not key.isdecimal()), patterns)


def _judged(
    name: str,
    a: MetricSummary | None,
    b: MetricSummary | None,
    partings: Mapping[str, str] | None,
    tolerance: Tolerance,
) -> tuple[str | None, bool]:
    """What to say of a difference, and whether it counts."""
    if a is None or b is None:
        return "only the first has it" if a else "only the second has it", True
    if partings is not None and name in partings:
        return partings[name], True
    if partings is not None or _equal(a, b, tolerance):
        return str(tolerance), False
    return _summary(a, b), True


def _equal(a: MetricSummary, b: MetricSummary, tolerance: Tolerance) -> bool:
    pairs = (a.last, b.last), (a.min, b.min), (a.max, b.max)
    return a.count == b.count and all(tolerance.allows(*pair) for pair in pairs)


def _summary(a: MetricSummary, b: MetricSummary) -> str | None:
    triples = ("min", a.min, b.min), ("max", a.max, b.max), ("count", a.count, b.count)
    parts = [f"{name} {x!r} and {y!r}" for name, x, y in triples if not _EXACT.allows(x, y)]
    return "; ".join(parts) or None
