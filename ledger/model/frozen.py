"""Frozen, slotted, keyword-only dataclasses that cost little until they are used.

`dataclasses.dataclass` compiles six functions for every class when it is defined, 0.8 ms of CPU each, which a
command that defines a hundred of them and makes a few dozen values pays at every start. Here a class gets its
constructor at its first call, and the rest by functions that serve all classes. What comes out is a dataclass
for everybody else: `dataclasses.fields`, `replace` and `is_dataclass` work on it.
"""

from collections.abc import Callable
from dataclasses import MISSING, FrozenInstanceError, dataclass, field, fields
from operator import attrgetter
from typing import Any, NoReturn, TypeVar, dataclass_transform

__all__ = ["field", "frozen"]

T = TypeVar("T")
_set = object.__setattr__


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(field,))
def frozen(cls: type[T]) -> type[T]:
    """Make a class a frozen, slotted, keyword-only dataclass; equal and hashed by its fields.

    A method `__post_init__` is called at the end of the constructor. Bases with fields are not supported.
    """
    plain: Any = dataclass(init=False, repr=False, eq=False, match_args=False, kw_only=True)(cls)
    names = tuple(each.name for each in fields(plain))
    body = {
        name: value for name, value in vars(plain).items() if name not in (*names, "__dict__", "__weakref__")
    }
    own = {
        "__slots__": names,
        "__init__": _first_call,
        "__repr__": _repr,
        "__eq__": _eq,
        "__hash__": _hash,
        "__setattr__": _refuse,
        "__delattr__": _refuse,
        "__getstate__": _getstate,
        "__setstate__": _setstate,
        "__match_args__": (),
        "_values": staticmethod(_reader(names)),
    }
    metaclass: Any = type(cls)
    made = metaclass(cls.__name__, cls.__bases__, {**own, **body})
    made.__qualname__ = cls.__qualname__
    return made  # type: ignore[no-any-return]


def _reader(names: tuple[str, ...]) -> Callable[[Any], tuple[Any, ...]]:
    """Read all fields of a value at once."""
    if len(names) > 1:
        return attrgetter(*names)
    return lambda value: tuple(getattr(value, name) for name in names)


def _first_call(self: Any, *arguments: Any, **values: Any) -> None:
    """Compile the class's constructor, put it in this one's place, and call it."""
    made = type(self)
    made.__init__ = _constructor(made)
    made.__init__(self, *arguments, **values)


def _constructor(made: Any) -> Callable[..., None]:
    scope: dict[str, Any] = {"_set": _set, "_missing": MISSING}
    parameters: list[str] = []
    lines: list[str] = []
    for each in fields(made):
        name, value = each.name, each.name
        if each.default is not MISSING:
            scope[f"_default_{name}"] = each.default
            parameters.append(f"{name}=_default_{name}")
        elif each.default_factory is not MISSING:
            scope[f"_make_{name}"] = each.default_factory
            parameters.append(f"{name}=_missing")
            value = f"_make_{name}() if {name} is _missing else {name}"
        else:
            parameters.append(name)
        lines.append(f" _set(self, {name!r}, {value})")
    if hasattr(made, "__post_init__"):
        lines.append(" self.__post_init__()")
    star = ", *, " if parameters else ""
    source = f"def __init__(self{star}{', '.join(parameters)}):\n" + ("\n".join(lines) or " pass")
    exec(source, scope)
    constructor: Any = scope["__init__"]
    constructor.__qualname__ = f"{made.__qualname__}.__init__"
    constructor.__module__ = made.__module__
    return constructor  # type: ignore[no-any-return]


def _repr(self: Any) -> str:
    shown = (f"{each.name}={getattr(self, each.name)!r}" for each in fields(self) if each.repr)
    return f"{type(self).__qualname__}({', '.join(shown)})"


def _eq(self: Any, other: object) -> Any:
    if other.__class__ is not self.__class__:
        return NotImplemented
    return self is other or self._values(self) == other._values(other)  # type: ignore[attr-defined]


def _hash(self: Any) -> int:
    return hash(self._values(self))


def _refuse(self: Any, name: str, *_: Any) -> NoReturn:
    raise FrozenInstanceError(f"cannot change field {name!r} of {type(self).__qualname__}")


def _getstate(self: Any) -> tuple[Any, ...]:
    values: tuple[Any, ...] = self._values(self)
    return values


def _setstate(self: Any, state: tuple[Any, ...]) -> None:
    for each, value in zip(fields(self), state, strict=True):
        _set(self, each.name, value)
