"""Samplers by name; a module is imported once its sampler is asked for."""

import importlib
from collections.abc import Mapping
from difflib import get_close_matches
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from inspect import Parameter, isabstract, signature
from typing import Any, Final

from ledger.errors import UsageError
from ledger.model.frozen import frozen
from ledger.tune.base import Sampler
from ledger.tune.space.unit import UnitSpace

DEFAULT: Final = "auto"

_MODULES: Final[Mapping[str, str]] = {
    "auto": "ledger.tune.samplers.auto",
    "cma": "ledger.tune.samplers.cma",
    "evolution": "ledger.tune.samplers.evolution",
    "gp": "ledger.tune.samplers.gp",
    "grid": "ledger.tune.samplers.grid",
    "optuna": "ledger.tune.samplers.optuna_adapter",
    "random": "ledger.tune.samplers.uniform",
    "sobol": "ledger.tune.samplers.sobol",
    "tpe": "ledger.tune.samplers.tpe",
}
_PACKAGES: Final[Mapping[str, tuple[str, ...]]] = {"cma": ("cmaes", "numpy"), "optuna": ("optuna", "numpy")}
"""Whose arithmetic a proposal comes from: another version may propose something else."""

NAMES: Final = tuple(_MODULES)


@frozen
class Choice:
    """A sampler as ``--sampler`` names it: ``NAME[:ARGUMENT][,OPTION=VALUE…]``."""

    name: str
    argument: str | None = None
    """Such as the class of ``optuna:TPESampler``."""
    options: tuple[tuple[str, bool | int | float | str], ...] = ()
    """In the order of their names."""

    @property
    def text(self) -> str:
        """The one way to write it."""
        parts = [] if self.argument is None else [self.argument]
        parts += [
            f"{key}={str(value).lower() if isinstance(value, bool) else value}" for key, value in self.options
        ]
        return f"{self.name}:{','.join(parts)}" if parts else self.name


def parsed(text: str) -> Choice:
    """Read what ``--sampler`` says.

    Raises
    ------
    UsageError
        If no sampler has that name, with near ones; or an option has no value, or stands twice.
    """
    name, _, rest = text.partition(":")
    if name not in _MODULES:
        near = get_close_matches(name.lower(), NAMES, n=1)
        raise UsageError(
            f"no sampler {name!r}",
            cause=f"there are {', '.join(NAMES)}",
            hint=f"did you mean: --sampler {near[0]}"
            if near
            else "leave it out: --sampler auto is the default",
        )
    argument: str | None = None
    options: dict[str, bool | int | float | str] = {}
    for place, part in enumerate(rest.split(",") if rest else ()):
        key, equals, value = part.partition("=")
        if not equals and place == 0:
            argument = part
        elif not equals or not key.isidentifier() or not value or key in options:
            raise UsageError(
                f"--sampler {text} does not parse",
                cause=f"expected OPTION=VALUE, each once, got {part!r}",
                hint="for example: --sampler grid:points=7,order=natural",
            )
        else:
            options[key] = _value(value)
    return Choice(name=name, argument=argument, options=tuple(sorted(options.items())))


def make(
    choice: Choice | str, space: UnitSpace, objectives: int, seed: int, version: int | None = None
) -> Sampler:
    """The sampler of a name.

    Parameters
    ----------
    choice
        Which, or what ``--sampler`` says.
    space, objectives, seed, version
        As `Sampler`.

    Raises
    ------
    UsageError
        If there is none of that name or version, a package that it needs is missing, it has no such option,
        or it cannot look for so many objectives.
    """
    chosen = parsed(choice) if isinstance(choice, str) else choice
    kind = found(chosen.name)
    if objectives > 1 and not kind.several:
        raise UsageError(
            f"the sampler {chosen.name} looks for one objective",
            cause=f"got {objectives} of them",
            hint=f"take one that can: --sampler {' or --sampler '.join(_several())}",
        )
    taken = {**dict(chosen.options), **({} if chosen.argument is None else {"argument": chosen.argument})}
    if not any(each.kind is Parameter.VAR_KEYWORD for each in signature(kind).parameters.values()):
        known = [
            key for key, each in signature(kind).parameters.items() if each.kind is Parameter.KEYWORD_ONLY
        ]
        unknown = sorted(taken.keys() - set(known))
        if unknown:
            raise UsageError(
                f"the sampler {chosen.name} has no option {unknown[0]!r}",
                cause=f"it has {', '.join(known)}" if known else "it has none",
                hint=f"write: --sampler {chosen.name}",
            )
    make_it: Any = kind
    sampler: Sampler = make_it(space, objectives, seed, version, **taken)
    return sampler


def found(name: str) -> type[Sampler]:
    """The class of a sampler.

    Raises
    ------
    UsageError
        If a package that it needs is missing.
    """
    try:
        module = importlib.import_module(_MODULES[name])
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] == "ledger":
            raise
        raise UsageError(
            f"the sampler {name} needs the package {error.name}",
            cause="it is not installed",
            hint=f"python -m pip install 'replay-ledger[{name}]'" if name == "optuna" else None,
        ) from error
    for each in vars(module).values():
        if (
            isinstance(each, type)
            and issubclass(each, Sampler)
            and not isabstract(each)
            and each.name == name
        ):
            return each
    raise TypeError(f"{module.__name__} has no sampler {name}")


def packages(choice: Choice) -> dict[str, str]:
    """Packages, with their versions, from whose arithmetic its proposals come; none for most samplers."""
    versions: dict[str, str] = {}
    for each in _PACKAGES.get(choice.name, ()):
        try:
            versions[each] = version(each)
        except PackageNotFoundError:
            continue  # `make` says so
    return versions


def _several() -> list[str]:
    """Samplers that look for several objectives, best first."""
    return [
        name for name in ("auto", "evolution", "random") if find_spec(_MODULES[name]) and found(name).several
    ]


def _value(text: str) -> bool | int | float | str:
    if text in ("true", "false"):
        return text == "true"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
