"""Small plots of text, which go into a line or a cell of a table."""

import math
from collections.abc import Sequence

_STEPS = "▁▂▃▄▅▆▇█"
_PARTS = " ▏▎▍▌▋▊▉█"
"""Eighths of a cell."""


def bar(share: float, width: int) -> str:
    """A bar of `share` (0 to 1) of a width in letters; what lies outside is cut, NaN is no bar.

    A share above 0 always shows.
    """
    if math.isnan(share):
        return ""
    eighths = round(min(max(share, 0.0), 1.0) * width * 8)
    if share > 0:
        eighths = max(eighths, 1)
    whole, part = divmod(eighths, 8)
    return _PARTS[-1] * whole + (_PARTS[part] if part else "")


def histogram(
    values: Sequence[float], width: int, *, lowest: float | None = None, highest: float | None = None
) -> str:
    """How many of the values lie where, in as many letters as `width`.

    The tallest column is where most are; a space is where none are.

    Parameters
    ----------
    values
        What is not finite is left out.
    width
        Letters.
    lowest, highest
        Ends of the scale, for two histograms on one; by default those of the values. Values outside of it
        count at its ends.
    """
    known = [each for each in values if math.isfinite(each)]
    if not known:
        return ""
    low = min(known) if lowest is None else lowest
    high = max(known) if highest is None else highest
    counts = [0] * width
    for each in known:
        counts[_cell(each, low, high, width)] += 1
    most = max(counts)
    return "".join(_STEPS[math.ceil(each / most * len(_STEPS)) - 1] if each else " " for each in counts)


def interval(low: float, mid: float, high: float, lowest: float, highest: float, width: int) -> str:
    """An interval and a point in it, in as many letters as `width`: ``  [--●---]   ``.

    Parameters
    ----------
    low, mid, high
        Of the interval; an end that lies outside of the scale, or is infinite, is an arrow.
    lowest, highest
        Ends of the scale.
    width
        Letters.
    """
    if math.isnan(mid):
        return " " * width
    left, right = _cell(low, lowest, highest, width), _cell(high, lowest, highest, width)
    line = [" "] * left + ["-"] * (right - left + 1) + [" "] * (width - right - 1)
    line[left] = "[" if low >= lowest else "<"
    line[right] = "]" if high <= highest else ">"
    line[_cell(mid, lowest, highest, width)] = "●"
    return "".join(line)


def sparkline(values: Sequence[float], width: int) -> str:
    """The last values as bars, as many as `width`, the lowest of them the smallest."""
    last = values[-width:]
    if not last:
        return ""
    low, high = min(last), max(last)
    return "".join(_STEPS[_cell(each, low, high, len(_STEPS)) if high > low else 0] for each in last)


def _cell(value: float, low: float, high: float, width: int) -> int:
    """Which of `width` equal parts of a scale a value lies in; the middle one of a scale without a length."""
    if math.isnan(value) or not high > low:
        return width // 2
    if value <= low:
        return 0
    # Of very large ends the difference may be infinite, of the halves it is not.
    share = (value / 2 - low / 2) / (high / 2 - low / 2) if value < high else 1.0
    return min(int(share * width), width - 1)
