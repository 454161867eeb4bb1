"""How the values of a domain lie on its axis, in whole steps of a grid from 0 to `TOP`.

What can be said in whole numbers is computed in them, which no processor rounds. Logarithms come from the C
library, whose last bits differ from one to the next: where these could decide, decimal arithmetic does.
"""

import math
from abc import ABC, abstractmethod
from decimal import Context, Decimal
from typing import Final

from ledger.model import HyperparameterType, Value
from ledger.model.space import Domain
from ledger.tune.space.conditions import same

GRID: Final = 30
TOP: Final = 1 << GRID
"""The last place of the grid."""
_DIGITS: Final = 12
_EXACT: Final = Context(prec=50)
_MOST_SETTLED: Final = 10_000
"""Values whose places an axis remembers."""
_NARROW: Final = 0.01
"""Difference of logarithms below which floats have too few digits."""


class Scale(ABC):
    """The values of a domain along its axis."""

    count: int | None
    """Of its values; None where the grid cannot tell all of them apart."""

    @abstractmethod
    def at(self, place: int) -> Value:
        """The value at a place of the grid."""

    @abstractmethod
    def place(self, value: Value) -> int:
        """The place of a value: in the middle of its cell where there are cells.

        Raises
        ------
        ValueError
            If the domain does not have the value; the message says what it has.
        """

    @abstractmethod
    def settled(self, place: int) -> int:
        """The place of the value that is at a place; the place itself where it is continuous."""


def scale(domain: Domain) -> Scale:
    """The scale of a domain."""
    if domain.choices:
        return _Choices(domain.choices)
    if domain.low is None or domain.high is None:
        raise ValueError("a domain needs bounds or choices")
    if domain.low == domain.high:
        return _Choices((domain.low,))
    step = 1 if domain.step is None and domain.type is HyperparameterType.INTEGER else domain.step
    if step is not None:
        steps = Steps(domain.low, domain.high, step)
        return _LogSteps(steps) if domain.log else _LinearSteps(steps)
    return (_Log if domain.log else _Linear)(float(domain.low), float(domain.high))


class _Choices(Scale):
    def __init__(self, choices: tuple[Value, ...]) -> None:
        self.count: int = len(choices)
        self._choices = choices

    def at(self, place: int) -> Value:
        return self._choices[_cell(place, self.count)]

    def place(self, value: Value) -> int:
        for number, each in enumerate(self._choices):
            if same(each, value):
                return _middle(number, self.count)
        raise ValueError(f"it is one of {', '.join(map(str, self._choices))}")

    def settled(self, place: int) -> int:
        return _middle(_cell(place, self.count), self.count)


class Steps:
    """``low + number × step``, without what floats would add to it."""

    def __init__(self, low: int | float, high: int | float, step: int | float) -> None:
        self.low, self.high, self.step = low, high, step
        self.whole = isinstance(low, int) and isinstance(step, int)
        self._low, self._step = _decimal(low), _decimal(step)
        if self.whole:
            self.count = int(high - low) // int(step) + 1
        else:
            steps = _EXACT.divide(_EXACT.subtract(_decimal(high), self._low), self._step)
            self.count = int(steps.to_integral_value()) + 1

    def at(self, number: int) -> int | float:
        """The value after so many steps."""
        if self.whole:
            return self.low + number * self.step
        return self.high if number == self.count - 1 else float(_EXACT.fma(self._step, number, self._low))

    def nearest(self, value: float) -> int | float:
        """The value that is closest to any number."""
        number = round((value - self.low) / self.step)
        return self.at(min(max(number, 0), self.count - 1))

    def number(self, value: Value) -> int:
        """Which of the values it is."""
        checked = _within(value, self.low, self.high)
        if self.whole:
            number, rest = divmod(int(checked - self.low), int(self.step))
            if rest or checked != int(checked):
                raise ValueError(f"it goes from {self.low} in steps of {self.step}")
            return number
        steps = _EXACT.divide(_EXACT.subtract(_decimal(checked), self._low), self._step)
        number = int(steps.to_integral_value())
        if abs(steps - number) > Decimal("1e-6"):
            raise ValueError(f"it goes from {self.low} in steps of {self.step}")
        return min(number, self.count - 1)


class _LinearSteps(Scale):
    def __init__(self, steps: Steps) -> None:
        self._steps, self._last = steps, steps.count - 1
        self.count = steps.count if steps.count <= TOP else None

    def at(self, place: int) -> Value:
        if self.count is not None:
            return self._steps.at(_cell(place, self.count))
        return self._steps.at((2 * self._last * place + TOP) // (2 * TOP))

    def place(self, value: Value) -> int:
        number = self._steps.number(value)
        if self.count is not None:
            return _middle(number, self.count)
        return (2 * number * TOP + self._last) // (2 * self._last)

    def settled(self, place: int) -> int:
        return place if self.count is None else _middle(_cell(place, self.count), self.count)


class _LogSteps(Scale):
    """Steps whose cells, half a step beyond each value, lie side by side on a logarithmic axis."""

    def __init__(self, steps: Steps) -> None:
        self._steps = steps
        low, high, step = _decimal(steps.low), _decimal(steps.high), _decimal(steps.step)
        # A first cell of half a step could reach to zero, or beyond it.
        first = max(_EXACT.fma(step, Decimal("-0.5"), low), _EXACT.multiply(low, Decimal("0.5")))
        self._log = _Logarithm(first, _EXACT.fma(step, Decimal("0.5"), high))
        narrowest = math.log1p(steps.step / 2 / steps.high) / self._log.span * TOP
        self.count = steps.count if narrowest > 0.51 else None

        self._settled: dict[int, int] = {}

    def at(self, place: int) -> Value:
        return self._steps.at(self._number(place))

    def place(self, value: Value) -> int:
        return self._log.place(self._steps.at(self._steps.number(value)))

    def settled(self, place: int) -> int:
        number = self._number(place)
        found = self._settled.get(number)
        if found is None:
            found = self._log.place(self._steps.at(number))
            other = self._number(found)
            if other != number:  # where values are closer than the grid, another one can be nearer to it
                found = self._log.place(self._steps.at(other))
            if len(self._settled) < _MOST_SETTLED:
                self._settled[number] = found
        return found

    def _number(self, place: int) -> int:
        """Which value is at a place."""
        low, step = self._steps.low, self._steps.step
        found = self._log.at(place)
        number = (found - low) / step + 0.5
        if abs(number - round(number)) <= self._log.error * (found / step + 1):
            exact = _EXACT.subtract(self._log.exactly_at(place), _decimal(low))
            whole = math.floor(_EXACT.add(_EXACT.divide(exact, _decimal(step)), Decimal("0.5")))
        else:
            whole = math.floor(number)
        return min(max(whole, 0), self._steps.count - 1)


class _Continuous(Scale):
    count = None

    def settled(self, place: int) -> int:
        return place


class _Linear(_Continuous):
    def __init__(self, low: float, high: float) -> None:
        self._low, self._high, self._span = low, high, high - low
        # A hundred values between neighbours of the grid: enough to find the place again.
        self._decimals = GRID // 3 + 1 - Decimal(self._span).adjusted()

    def at(self, place: int) -> Value:
        if place in (0, TOP):
            return self._high if place else self._low
        found = round(self._low + place / TOP * self._span, self._decimals) + 0.0  # no minus zero
        return min(max(found, self._low), self._high)

    def place(self, value: Value) -> int:
        return round((_within(value, self._low, self._high) - self._low) / self._span * TOP)


class _Log(_Continuous):
    def __init__(self, low: float, high: float) -> None:
        self._low, self._high, self._log = low, high, _Logarithm(Decimal(low), Decimal(high))
        self._digits = min(17, _DIGITS + max(0, -Decimal(self._log.span).adjusted()))

    def at(self, place: int) -> Value:
        if place in (0, TOP):
            return self._high if place else self._low
        found = self._log.at(place)
        text = self._text(found * (1 - self._log.error))
        if text != self._text(found * (1 + self._log.error)):
            text = self._text(self._log.exactly_at(place))
        return min(max(float(text), self._low), self._high)

    def place(self, value: Value) -> int:
        return self._log.place(_within(value, self._low, self._high))

    def _text(self, value: float | Decimal) -> str:
        return f"{value:.{self._digits - 1}e}"


class _Logarithm:
    """A logarithmic axis between two numbers."""

    def __init__(self, low: Decimal, high: Decimal) -> None:
        self._ends = low, high
        self._low, self._high = float(low), float(high)
        self._first = math.log(self._low)
        self.span = math.log(self._high) - self._first
        self._narrow = self.span < _NARROW
        if self._narrow:
            self.span = float(_EXACT.subtract(_EXACT.ln(high), _EXACT.ln(low)))
        self.error = (abs(math.log(self._high)) + abs(self._first) + 8) * 1e-15

    def at(self, place: int) -> float:
        """What lies at a place, but for a relative error of `error`."""
        if 2 * place > TOP:
            return self._high * math.exp((place - TOP) / TOP * self.span)
        return self._low * math.exp(place / TOP * self.span)

    def exactly_at(self, place: int) -> Decimal:
        """What lies at a place, to fifty digits."""
        low, high = map(_EXACT.ln, self._ends)
        share = _EXACT.divide(Decimal(place), Decimal(TOP))
        return _EXACT.exp(_EXACT.fma(share, _EXACT.subtract(high, low), low))

    def place(self, value: int | float) -> int:
        """The place nearest to a number."""
        found = 0.5 if self._narrow else (math.log(value) - self._first) / self.span * TOP
        if abs(found - math.floor(found) - 0.5) < 1e-3:
            low, high = map(_EXACT.ln, self._ends)
            share = _EXACT.divide(_EXACT.subtract(_EXACT.ln(Decimal(value)), low), _EXACT.subtract(high, low))
            return min(max(round(_EXACT.multiply(share, Decimal(TOP))), 0), TOP)
        return min(max(round(found), 0), TOP)


def _cell(place: int, count: int) -> int:
    """In which of `count` cells of the axis a place lies."""
    return min((count * place) >> GRID, count - 1)


def _middle(cell: int, count: int) -> int:
    """The place in the middle of a cell."""
    return (((2 * cell + 1) << GRID) + count - 1) // (2 * count)


def _decimal(value: int | float) -> Decimal:
    return Decimal(repr(value))


def _within(value: Value, low: int | float, high: int | float) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise ValueError(f"it is from {low} to {high}")
    return value
