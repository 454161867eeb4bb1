"""``space.toml``, or a mapping of the same form → what it defines.

::

    constraints = ["units2 <= units1"]

    lr = { log = [1e-5, 1e-1], default = 1e-3, role = "algorithm" }
    layers = { int = [1, 4] }
    batch = 32                          # always this value

    ["units{i}"]
    int = [8, 256]
    log = true
    for = "i in 1..layers"

    [momentum]
    real = [0, 0.99]
    if = "opt = sgd"

    [opt]
    choice = ["sgd", "adam"]

A text such as ``"log(1e-5, 1e-1)"`` is read as behind ``-p lr=``.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from ledger.model import Value
from ledger.tune.space.language import domains, option
from ledger.tune.space.language.definition import Constraint, Definition, refused
from ledger.tune.space.language.lines import line_of
from ledger.tune.space.near import nearest

CONSTRAINTS: Final = "constraints"
_KEYS: Final = (*domains.KINDS, "step", "default", "role", "if", "for")
_CALL = re.compile(rf"\s*({'|'.join(domains.KINDS)})\s*\(")
_MAX_DEPTH: Final = 20

Place = Callable[..., str]
"""The place of a path of keys, for errors."""


def from_text(text: str, file: str) -> tuple[list[Definition], list[Constraint]]:
    """Read a file's content.

    Parameters
    ----------
    text
        TOML.
    file
        Its name, for errors.

    Raises
    ------
    UsageError
        If it is no TOML, or something in it is off; the message names the line.
    """
    import tomllib

    text = text.removeprefix("\ufeff")
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        told = re.search(r"\(at line (\d+), column \d+\)", str(error))
        line = told.group(1) if told else len(text.rstrip().split("\n"))
        raise refused(f"{file}, line {line}", "it is no TOML", str(error)) from error
    except RecursionError as error:
        raise refused(file, "it is no space", "it is nested too deep") from error

    def place(*path: str | int) -> str:
        line = line_of(text, path)
        return file if line is None else f"{file}, line {line}"

    return _read(document, place)


def from_mapping(space: Mapping[str, Any]) -> tuple[list[Definition], list[Constraint]]:
    """Read a mapping.

    Raises
    ------
    UsageError
        If something in it is off; the message names the key.
    """

    def place(*path: str | int) -> str:
        return "space" + "".join(f"[{each!r}]" for each in path)

    if not isinstance(space, Mapping):
        raise refused("space", "it is no mapping", f"got {space!r}", 'space={"lr": {"log": [1e-5, 1e-1]}}')
    return _read(space, place)


def _read(document: Mapping[str, Any], place: Place) -> tuple[list[Definition], list[Constraint]]:
    definitions, constraints = [], []
    for name, found in document.items():
        if not isinstance(name, str):
            raise refused(place(name), "a name that is no text", f"got {name!r}")
        if name == CONSTRAINTS:
            constraints = _constraints(found, place)
        elif isinstance(found, Mapping):
            definitions.append(_table(name, found, place))
        elif isinstance(found, str) and _CALL.match(found):
            definitions.append(option.described(name, found, place(name)))
        elif isinstance(found, Sequence) and not isinstance(found, str):
            raise refused(
                place(name),
                f"{name} is a list",
                "expected one value, or a domain",
                f"{name} = {{ choice = […] }}, or for bounds: {name} = {{ real = [0, 1] }}",
            )
        else:
            domain = domains.domain("fixed", [_value(found, place(name))], place=place(name))
            definitions.append(Definition(name=name, domain=domain, place=place(name)))
    return definitions, constraints


def _constraints(found: Any, place: Place) -> list[Constraint]:
    if isinstance(found, str) or not isinstance(found, Sequence):
        hint = 'constraints = ["units2 <= units1"]'
        raise refused(place(CONSTRAINTS), "constraints are a list", f"got {found!r}", hint)
    constraints = []
    for number, each in enumerate(found):
        if not isinstance(each, str):
            raise refused(place(CONSTRAINTS, number), "a constraint is a text", f"got {each!r}")
        constraints.append(option.constraint(each, place(CONSTRAINTS, number)))
    return constraints


def _table(name: str, table: Mapping[str, Any], place: Place) -> Definition:
    here = place(name)
    for key in table:
        if key not in _KEYS:
            hint = nearest(str(key), _KEYS)
            if isinstance(table[key], Mapping):
                hint = f'a name with a dot in it stands in quotes: ["{name}.{key}"]'
            raise refused(place(name, key), "an unknown key", f"{name}: {key} means nothing", hint)
    log = table.get("log")
    flag = isinstance(log, bool)
    kinds = [key for key in domains.KINDS if key in table and not (key == "log" and flag)]
    if len(kinds) != 1:
        got = " and ".join(kinds) or (", ".join(table) or "nothing")
        raise refused(
            place(name, kinds[1]) if kinds else here,
            f"{name} needs one domain",
            f"expected one of {', '.join(domains.KINDS)}, got {got}",
            f"{name} = {{ real = [0, 1] }}",
        )
    kind = kinds[0]
    at = place(name, kind)
    domain = domains.domain(
        kind,
        _values(kind, table[kind], at),
        log=flag and bool(log),
        step=_value(table["step"], place(name, "step")) if "step" in table else None,
        place=place(name, "step") if "step" in table else at,
    )
    role = option.role_named(table["role"], place(name, "role")) if "role" in table else None
    default = None
    if "default" in table:
        value = _value(table["default"], place(name, "default"))
        default = option.default_in(domain, value, place(name, "default"))
    condition = table.get("if")
    if condition is not None and not isinstance(condition, str):
        hint = 'if = "opt = sgd"'
        raise refused(place(name, "if"), "a condition is a text", f"got {condition!r}", hint)
    return Definition(
        name=name,
        domain=domain,
        role=role,
        default=default,
        condition=condition,
        counts=tuple(option.counted(each, place(name, "for")) for each in _counts(table, name, place)),
        place=here,
        condition_place=None if condition is None else place(name, "if"),
    )


def _counts(table: Mapping[str, Any], name: str, place: Place) -> Iterable[str]:
    found = table.get("for", ())
    if isinstance(found, str):
        return (found,)
    if isinstance(found, Sequence) and all(isinstance(each, str) for each in found):
        return tuple(found)
    hint = 'for = "i in 1..layers"'
    raise refused(place(name, "for"), "a count is a text, or a list of texts", f"got {found!r}", hint)


def _values(kind: str, found: Any, place: str) -> list[Value]:
    if kind == "fixed":
        return [_value(found, place)]
    if kind == "bool":
        if found is not True:
            raise refused(place, "a bool has no values", f"expected true, got {found!r}", "bool = true")
        return []
    if isinstance(found, str) or not isinstance(found, Sequence):
        raise refused(place, f"{kind} takes a list", f"got {found!r}", f"{kind} = [1, 2]")
    return [_value(each, place) for each in found]


def _value(found: Any, place: str, depth: int = 0) -> Value:
    if hasattr(found, "item") and getattr(found, "ndim", None) == 0:
        found = found.item()  # a float of numpy is a float, too, and is written down in another form
    if found is None or isinstance(found, bool | int | float | str):
        return found
    if isinstance(found, Sequence) and depth < _MAX_DEPTH:
        return tuple(_value(each, place, depth + 1) for each in found)
    what = "expected a number, a text, true or false, or a list of such"
    raise refused(place, "a value of another kind", f"{what}, got {found!r}")
