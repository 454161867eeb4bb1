"""A Python function as what a search makes small or large: the command that calls it in a process."""

import inspect
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from ledger import objective
from ledger.errors import UsageError
from ledger.model.space import Space

_HINT: Final = "write it into a file of the tree, as def train(lr): … return loss, and import it from there"


def command(
    function: Callable[..., Any], space: Space | None, metrics: Sequence[str], directory: Path
) -> tuple[str, ...]:
    """The command that calls a function with what is to be tried, and logs what it returns.

    Parameters
    ----------
    function
        Of a module's top level, from a file beneath `directory`.
    space
        Its parameters are the function's; None where the search has begun.
    metrics
        What is searched for; a number that the function returns is the only one of them.
    directory
        Where trials run.

    Raises
    ------
    UsageError
        If the function cannot be had from a file by its name, or does not take the parameters.
    """
    if objective.importing():
        raise UsageError(
            "a search began while the file of its own function was imported",
            cause="each trial imports that file, and would search again",
            hint='write it as: if __name__ == "__main__": ledger.tune(…)',
        )
    base, module, name = _place(function, directory)
    if space is not None:
        _check(function, space)
    return (sys.executable, "-m", "ledger.objective", base, f"{module}:{name}", "{params}", *metrics)


def _place(function: Callable[..., Any], directory: Path) -> tuple[str, str, str]:
    """From where a function's module is imported, seen from `directory`; the module; its name there."""
    if not inspect.isfunction(function):
        raise UsageError("an objective that is no function", cause=f"got {function!r}", hint=_HINT)
    name, module = function.__qualname__, function.__module__
    if not name.isidentifier():  # a lambda, or one from within another function or a class
        raise UsageError(
            f"the function {name} has no name by which a trial can import it",
            cause="each trial runs in a process of its own",
            hint=_HINT,
        )
    path = Path(function.__code__.co_filename)
    if not path.is_file():
        raise UsageError(
            f"the function {name} is not in a file", cause=f"it comes from {path.name}", hint=_HINT
        )
    path = path.resolve()
    if module == "__main__":
        module = path.stem
    parts = module.split(".")
    if path.suffix != ".py" or not all(each.isidentifier() for each in parts):
        raise UsageError(f"{path} cannot be imported", cause=f"as a module it is {module!r}", hint=_HINT)
    depth = len(parts) + (path.stem == "__init__" and parts[-1] != "__init__") - 1
    base = path.parents[depth]
    if path.with_suffix("").parts[len(base.parts) :][: len(parts)] != tuple(parts):
        raise UsageError(
            f"the function {name} cannot be imported by the name of its module",
            cause=f"{module} is {path}",
            hint=_HINT,
        )
    try:
        inside = base.relative_to(directory.resolve())
    except ValueError:
        raise UsageError(
            f"the function {name} is outside of the tree of which trials are",
            cause=f"expected a file beneath {directory}, got {path}",
            hint=f"let trials run where it is: directory={str(base)!r}, in a ledger of that tree",
        ) from None
    return inside.as_posix(), module, name


def _check(function: Callable[..., Any], space: Space) -> None:
    """Refuse a function that does not take what it would be called with."""
    taken = inspect.signature(function).parameters.values()
    names = {each.name for each in space.parameters}
    named = {each.name for each in taken if each.kind in (each.POSITIONAL_OR_KEYWORD, each.KEYWORD_ONLY)}
    if not any(each.kind is each.VAR_KEYWORD for each in taken) and names - named:
        raise UsageError(
            f"{function.__name__}() does not take {', '.join(sorted(names - named))}",
            cause=f"its arguments are {', '.join(sorted(named)) or 'none'}",
            hint="name its arguments as the space's parameters, or add **rest",
        )
    needed = {each.name for each in taken if each.default is each.empty and each.name in named} - names
    if needed or any(each.kind is each.POSITIONAL_ONLY and each.default is each.empty for each in taken):
        raise UsageError(
            f"{function.__name__}() needs what the space does not have",
            cause=f"expected {', '.join(sorted(needed)) or 'arguments that have names'}",
            hint="add them to the space, such as epochs=fixed(10), or give them defaults",
        )
