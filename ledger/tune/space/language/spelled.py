"""Space → the text that defines it, and what two spaces differ in."""

from ledger.model import HyperparameterType, Value
from ledger.model.filter_syntax import KEYWORDS, Both, Either, Expression, Literal, Not, Operator, Test, bare
from ledger.model.space import Domain, Parameter, Space
from ledger.tune.space.language.literals import named, written


def parameter(parameter: Parameter) -> str:
    """What to write behind ``-p`` for a parameter."""
    condition = f" if {parameter.condition}" if parameter.condition is not None else ""
    more = []
    if parameter.default is not None:
        more.append(f"default={_short(parameter.default)}")
    if parameter.role is not None:
        more.append(f"role={parameter.role}")
    return f"{parameter.name}={domain(parameter.domain, more)}{condition}"


def domain(domain: Domain, more: list[str] | None = None) -> str:
    """How a domain is written, with more behind its values."""
    kind, values = _kind_and_values(domain)
    return f"{kind}({', '.join([*values, *(more or ())])})"


def condition(expression: Expression) -> str:
    """The text of a condition; the same for all texts that mean the same tests in the same order."""
    match expression:
        case Not(part=Test(operator=Operator.NULL, name=name)):
            return f"{named(name)} is not null"
        case Not(part=Test(operator=Operator.IN | Operator.CONTAINS) as test):
            return _test(test, "not ")
        case Not(part=part):
            return f"not {_bracketed(part, Both | Either)}"
        case Both(parts=parts):
            return " and ".join(_bracketed(each, Either) for each in parts)
        case Either(parts=parts):
            return " or ".join(map(condition, parts))
        case Test():
            return _test(expression)


def difference(before: Space, after: Space) -> tuple[str, ...]:
    """What two spaces differ in, a line each; in which order parameters are defined makes no difference.

    Returns
    -------
    tuple of str
        ``- `` and ``+ `` in front of what only the first and only the second has.
    """
    old = {each.name: parameter(each) for each in before.parameters}
    new = {each.name: parameter(each) for each in after.parameters}
    lines: list[str] = []
    for name in dict.fromkeys([*old, *new]):
        if old.get(name) != new.get(name):
            lines += [f"{sign} {texts[name]}" for sign, texts in (("-", old), ("+", new)) if name in texts]
    lines += [f"- constraint {each}" for each in before.constraints if each not in after.constraints]
    lines += [f"+ constraint {each}" for each in after.constraints if each not in before.constraints]
    return tuple(lines)


def _kind_and_values(domain: Domain) -> tuple[str, list[str]]:
    type_ = domain.type
    if type_ is HyperparameterType.ORDINAL:
        return "ordinal", [written(each) for each in domain.choices]
    if domain.choices == (False, True) and type_ is HyperparameterType.BOOLEAN:
        return "bool", []
    if len(domain.choices) == 1 or (domain.low is not None and domain.low == domain.high):
        return "fixed", [written(domain.choices[0] if domain.choices else domain.low)]
    if domain.choices:
        return "choice", [written(each) for each in domain.choices]
    kind = "int" if type_ is HyperparameterType.INTEGER else "log" if domain.log else "real"
    values = [_short(domain.low), _short(domain.high)]
    if domain.log and kind == "int":
        values.append("log")
    if domain.step is not None:
        values.append(f"step={_short(domain.step)}")
    return kind, values


def _short(value: Value) -> str:
    """A number as one would write it, where the domain says whether it is whole."""
    return str(int(value)) if isinstance(value, float) and value in range(-999, 1000) else written(value)


def _bracketed(expression: Expression, kinds: object) -> str:
    text = condition(expression)
    return f"({text})" if isinstance(expression, kinds) else text  # type: ignore[arg-type]


def _test(test: Test, turned: str = "") -> str:
    name = named(test.name)
    if test.operator is Operator.NULL:
        return f"{name} is null"
    if test.operator is Operator.IN:
        return f"{name} {turned}in ({', '.join(map(_literal, test.values))})"
    return f"{name} {turned}{test.operator} {_literal(test.values[0])}"


def _literal(literal: Literal) -> str:
    value = literal.value
    if not isinstance(value, str):
        return written(value)
    plain = named(value) == value and value.lower() not in KEYWORDS and isinstance(bare(value), str)
    doubled = value.replace('"', '""')
    return value if plain else f'"{doubled}"'
