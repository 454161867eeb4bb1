"""Frozen, slotted, keyword-only dataclasses that cost little until they are used.

`dataclasses.dataclass` compiles six functions for every class when it is defined, 0.8 ms of CPU each, which a
command that defines a hundred of them and makes a few dozen values pays at every start; its import, mostly of
`inspect`, takes 8 ms. Here a class gets a constructor of its own once some values of it were made, and the
rest by functions that serve all classes. For everybody else it is a dataclass: `fields`, `replace` and
`is_dataclass` of `dataclasses` work on it.
"""

from collections.abc import Callable
from operator import attrgetter
from typing import Any, ClassVar, Final, NoReturn, TypeVar, dataclass_transform, get_origin

__all__ = ["MISSING", "Field", "field", "fields", "frozen", "is_frozen", "replace"]

T = TypeVar("T")
_set = object.__setattr__
_FEW = 16
"""Values of one class in whose making the time goes that it takes to compile a constructor."""


class _Missing:
    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = _Missing()
"""What a field without a default has for one."""


class Field:
    """One field of a frozen class."""

    __slots__ = ("default", "default_factory", "name", "repr", "type")

    def __init__(self, default: Any, default_factory: Any, repr: bool) -> None:
        self.name = ""
        self.type: Any = None
        self.default = default
        self.default_factory = default_factory
        self.repr = repr


def field(*, default: Any = MISSING, default_factory: Any = MISSING, repr: bool = True) -> Any:
    """Say more of a field than its default.

    Parameters
    ----------
    default
        Its default.
    default_factory
        Makes its default.
    repr
        Whether it is shown.
    """
    return Field(default, default_factory, repr)


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(field,))
def frozen(cls: type[T]) -> type[T]:
    """Make a class a frozen, slotted, keyword-only dataclass; equal and hashed by its fields.

    A method `__post_init__` is called at the end of the constructor. Bases with fields are not supported.
    """
    body = dict(vars(cls))
    found = []
    classwide: Any = ClassVar
    for name, kind in cls.__annotations__.items():
        if get_origin(kind) is classwide:
            continue
        given = body.pop(name, MISSING)
        each = given if given.__class__ is Field else Field(given, MISSING, True)
        if each.default.__class__.__hash__ is None:
            raise ValueError(f"mutable default of {name!r} of {cls.__qualname__}")
        each.name, each.type = name, kind
        found.append(each)
    body.pop("__dict__", None)
    body.pop("__weakref__", None)
    names = tuple([each.name for each in found])
    own = {
        "__slots__": names,
        "__init__": _first_constructor(),
        "__repr__": _repr,
        "__eq__": _eq,
        "__hash__": _hash,
        "__setattr__": _refuse,
        "__delattr__": _refuse,
        "__getstate__": _getstate,
        "__setstate__": _setstate,
        "__replace__": replace,
        "__match_args__": (),
        "__frozen_fields__": tuple(found),
        "__dataclass_fields__": _as_dataclass,
        "_values": staticmethod(_reader(names)),
    }
    metaclass: Any = type(cls)
    made = metaclass(cls.__name__, cls.__bases__, {**own, **body})
    made.__qualname__ = cls.__qualname__
    return made  # type: ignore[no-any-return]


def is_frozen(found: Any) -> bool:
    """Whether this is a frozen class or a value of one."""
    return hasattr(found, "__frozen_fields__")


def fields(found: Any) -> tuple[Field, ...]:
    """Return the fields of a frozen class or of a value of one."""
    return found.__frozen_fields__  # type: ignore[no-any-return]


def replace(self: T, /, **changes: Any) -> T:
    """Make a value anew, with other values of some fields."""
    values = {each.name: getattr(self, each.name) for each in fields(self)}
    return type(self)(**{**values, **changes})


class _AsDataclass:
    """What `dataclasses` looks for in a class; made when it does."""

    def __get__(self, _: object, owner: Any) -> dict[str, Any]:
        import dataclasses

        body: dict[str, Any] = {"__annotations__": {}, "__module__": owner.__module__}
        for each in fields(owner):
            body["__annotations__"][each.name] = each.type
            if each.default is not MISSING:
                body[each.name] = dataclasses.field(default=each.default, repr=each.repr)
            elif each.default_factory is not MISSING:
                body[each.name] = dataclasses.field(default_factory=each.default_factory, repr=each.repr)
            else:
                body[each.name] = dataclasses.field(repr=each.repr)
        plain = type(owner.__name__, (), body)
        make: Any = dataclasses.dataclass(init=False, repr=False, eq=False, match_args=False, kw_only=True)
        made: dict[str, Any] = make(plain).__dataclass_fields__
        owner.__dataclass_fields__ = made
        return made


_as_dataclass: Final = _AsDataclass()


def _reader(names: tuple[str, ...]) -> Callable[[Any], tuple[Any, ...]]:
    """Read all fields of a value at once."""
    if len(names) > 1:
        return attrgetter(*names)
    return lambda value: tuple(getattr(value, name) for name in names)


def _first_constructor() -> Callable[..., None]:
    """Make the constructor of a class's first values; then it puts the compiled one in its place."""
    left = _FEW

    def __init__(self: Any, *arguments: Any, **values: Any) -> None:
        nonlocal left
        left -= 1
        made = type(self)
        if left < 0 or arguments or not _filled(self, values):
            made.__init__ = _constructor(made)
            made.__init__(self, *arguments, **values)
        elif hasattr(made, "__post_init__"):
            self.__post_init__()

    return __init__


def _filled(self: Any, values: dict[str, Any]) -> bool:
    """Set all fields; False if one is missing or unknown, of which a compiled constructor says it best."""
    given = 0
    for each in fields(self):
        name = each.name
        if name in values:
            given += 1
            _set(self, name, values[name])
        elif each.default is not MISSING:
            _set(self, name, each.default)
        elif each.default_factory is not MISSING:
            _set(self, name, each.default_factory())
        else:
            return False
    return given == len(values)


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
    from dataclasses import FrozenInstanceError

    raise FrozenInstanceError(f"cannot change field {name!r} of {type(self).__qualname__}")


def _getstate(self: Any) -> tuple[Any, ...]:
    values: tuple[Any, ...] = self._values(self)
    return values


def _setstate(self: Any, state: tuple[Any, ...]) -> None:
    for each, value in zip(fields(self), state, strict=True):
        _set(self, each.name, value)
