"""A kind and its values → Domain."""

import math
from collections.abc import Sequence
from decimal import Context, Decimal
from typing import Final

from ledger.model import HyperparameterType, Value
from ledger.model.space import Domain
from ledger.tune.space.conditions import same
from ledger.tune.space.language.definition import refused
from ledger.tune.space.language.literals import written
from ledger.tune.space.near import nearest

KINDS: Final = ("real", "log", "int", "choice", "ordinal", "bool", "fixed")
_ELSEWHERE: Final = {
    **dict.fromkeys(("float", "uniform", "double", "quniform"), "real"),
    **dict.fromkeys(("loguniform", "log_uniform", "reallog", "qloguniform"), "log"),
    **dict.fromkeys(("integer", "randint", "qrandint", "int_uniform"), "int"),
    **dict.fromkeys(("categorical", "cat", "oneof", "enum", "choices", "values", "grid"), "choice"),
    **dict.fromkeys(("boolean", "flag"), "bool"),
    **dict.fromkeys(("const", "constant", "value"), "fixed"),
}
"""What other tools call them."""
_LARGEST: Final = 2**63 - 1
_EXACT: Final = Context(prec=60)


def kind_named(name: str, place: str) -> str:
    """A kind by its name.

    Raises
    ------
    UsageError
        If it is none, with the one that was probably meant.
    """
    if name in KINDS:
        return name
    meant = _ELSEWHERE.get(name.lower())
    hint = f"did you mean: {meant}" if meant else nearest(name, KINDS)
    raise refused(place, "an unknown kind of domain", f"expected {', '.join(KINDS)}, got {name}", hint)


def domain(
    kind: str, values: Sequence[Value], *, log: bool = False, step: Value = None, place: str
) -> Domain:
    """Make a domain.

    Parameters
    ----------
    kind
        One of `KINDS`.
    values
        Its bounds, its choices, or its value.
    log
        Whether ratios count.
    step
        Between its values; None for no grid.
    place
        Where it stands, for errors.

    Raises
    ------
    UsageError
        If there is no such domain.
    """
    if kind in ("real", "log", "int"):
        return _between(kind, values, log or kind == "log", step, place)
    if log or step is not None:
        what = "log" if log else "step"
        raise refused(
            place, f"{what} means nothing here", f"{kind} has no order of its own to space values in"
        )
    if kind == "bool":
        if values:
            raise refused(place, "bool takes no values", f"got {', '.join(map(written, values))}", "bool()")
        return Domain(type=HyperparameterType.BOOLEAN, choices=(False, True))
    if kind == "fixed":
        if len(values) != 1:
            raise refused(place, "fixed takes one value", f"got {len(values)}", "fixed(3)")
        return _fixed(values[0], place)
    type_ = HyperparameterType.CATEGORICAL if kind == "choice" else HyperparameterType.ORDINAL
    if not values:
        raise refused(
            place, f"{kind} without choices", "expected one value or more, got none", f"{kind}(a, b)"
        )
    for number, each in enumerate(values):
        if any(same(each, other) for other in values[:number]):
            raise refused(place, "a choice that stands there twice", f"{written(each)} in {kind}")
        _no_nan(each, place)
    if kind == "choice" and len(values) == 1:
        return _fixed(values[0], place)
    return Domain(type=type_, choices=tuple(values))


def member(domain: Domain, value: Value) -> Value:
    """The value of a domain that equals `value`.

    Raises
    ------
    ValueError
        If it has none; the message says what it has.
    """
    if domain.choices:
        for each in domain.choices:
            if same(each, value):
                return each
        raise ValueError(f"it is one of {', '.join(map(written, domain.choices))}")
    low, high = bounds(domain)
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise ValueError(f"it is {low!r} to {high!r}" if low != high else f"it is {low!r}")
    if domain.type is HyperparameterType.INTEGER:
        if value != int(value):
            raise ValueError("it is a whole number")
        value = int(value)
    else:
        value = float(value)
    if domain.step is not None and not _fits(value - low, domain.step):
        raise ValueError(f"it goes from {low!r} in steps of {domain.step!r}")
    return value


def bounds(domain: Domain) -> tuple[int | float, int | float]:
    """The least and the greatest value of a domain without choices."""
    if domain.low is None or domain.high is None:
        raise ValueError("a domain needs bounds or choices")
    return domain.low, domain.high


def _between(kind: str, values: Sequence[Value], log: bool, step: Value, place: str) -> Domain:
    whole = kind == "int"
    example = {"real": "real(0, 1)", "log": "log(1e-5, 1e-1)", "int": "int(1, 4)"}[kind]
    if len(values) != 2:
        got = ", ".join(map(written, values)) or "nothing"
        hint = f"{example[:-1]}, step=…)" if len(values) > 2 and kind != "log" else example
        raise refused(
            place, f"{kind} takes two bounds", f"expected the lowest and the highest value, got {got}", hint
        )
    low, high = (_number(each, whole, "a bound", place) for each in values)
    if low > high:
        raise refused(
            place,
            "bounds the wrong way round",
            f"{low!r} is more than {high!r}",
            f"{kind}({high!r}, {low!r})",
        )
    if log and low <= 0:
        hint = (
            f"{kind}(1, {high!r}, log)" if whole else f"begin above 0, such as log(1e-6, {high!r}), or: real"
        )
        raise refused(place, "log needs bounds above 0", f"got {low!r}: zero has no logarithm", hint)
    if not math.isfinite(float(high) - float(low)):
        raise refused(place, "bounds too far apart", f"{low!r} to {high!r} is more than a float can hold")
    type_ = HyperparameterType.INTEGER if whole else HyperparameterType.REAL
    if step is not None:
        step = _step(low, high, _number(step, whole, "a step", place), place)
    if low == high:
        return Domain(type=type_, low=low, high=high)
    return Domain(type=type_, low=low, high=high, log=log, step=None if whole and step == 1 else step)


def _step(low: int | float, high: int | float, step: int | float, place: str) -> int | float:
    if step <= 0:
        raise refused(place, "a step that leads nowhere", f"expected more than 0, got {step!r}")
    if not _fits(high - low if isinstance(high, int) else _exact(high) - _exact(low), step):
        times = int((_exact(high) - _exact(low)) / _exact(step))
        below, above = (_EXACT.fma(_exact(step), each, _exact(low)) for each in (times, times + 1))
        kind = float if isinstance(step, float) else int
        raise refused(
            place,
            "a step that does not fit",
            f"steps of {step!r} from {low!r} lead to {kind(below)!r} and {kind(above)!r}, not to {high!r}",
            f"end at {kind(below)!r}" if times else f"end at {kind(above)!r}",
        )
    return step


def _fits(distance: int | float | Decimal, step: int | float) -> bool:
    """Whether a distance is a number of steps, but for what a float leaves of 1/3."""
    if isinstance(distance, int) and isinstance(step, int):
        return distance % step == 0
    times = _EXACT.divide(_exact(distance), _exact(step))
    return abs(times - times.to_integral_value()) <= Decimal("1e-9")


def _exact(value: int | float | Decimal) -> Decimal:
    return value if isinstance(value, Decimal) else Decimal(repr(value))


def _number(value: Value, whole: bool, what: str, place: str) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise refused(place, f"{what} that is no number", f"expected a number, got {written(value)}")
    if isinstance(value, float) and not math.isfinite(value):
        raise refused(place, f"{what} that is not finite", f"got {value!r}")
    if not whole:
        try:
            return float(value)
        except OverflowError:
            raise refused(place, f"{what} that no float can hold", f"got {str(value)[:20]}…") from None
    if value != int(value):
        raise refused(place, f"{what} that is no whole number", f"got {value!r}", "for other numbers: real")
    if abs(value) > _LARGEST:
        raise refused(place, f"{what} that is too large", f"expected at most 2**63 - 1, got {value!r}")
    return int(value)


def _fixed(value: Value, place: str) -> Domain:
    _no_nan(value, place)
    if isinstance(value, bool):
        return Domain(type=HyperparameterType.BOOLEAN, choices=(value,))
    if isinstance(value, int) and abs(value) <= _LARGEST:
        return Domain(type=HyperparameterType.INTEGER, low=value, high=value)
    if isinstance(value, float) and math.isfinite(value):
        return Domain(type=HyperparameterType.REAL, low=value, high=value)
    return Domain(type=HyperparameterType.CATEGORICAL, choices=(value,))


def _no_nan(value: Value, place: str) -> None:
    if isinstance(value, float) and math.isnan(value):
        raise refused(place, "NaN is no value", "nothing equals it")
