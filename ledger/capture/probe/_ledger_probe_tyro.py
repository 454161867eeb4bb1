"""What tyro made of a command line: the arguments of what it is about to call, flat.

The event is that of ``_ledger_probe_arguments``; it takes the place of that of the argparse beneath.
"""

from __future__ import annotations

from _thread import get_ident

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def watch(probe: Any, module: Any) -> None:
    """Wrap the function that fills in a callable; it calls itself for what is nested."""
    arguments = probe.part("arguments")
    home = arguments.home_of(module)
    depths: dict[int, int] = {}

    def begin(args: Any, kwargs: Any) -> Any:
        thread = get_ident()
        depths[thread] = depths.get(thread, 0) + 1
        return thread, args[3] if len(args) > 3 else kwargs.get("value_from_prefixed_field_name")

    def end(token: Any, result: Any) -> None:
        if token is None:
            return
        thread, words = token
        depths[thread] -= 1
        if depths[thread]:
            return
        del depths[thread]
        told = probe.left.pop(thread, None)
        if result is None:
            return
        given = [
            clean(str(name))
            for name, value in (words or {}).items()
            if name is not None
            and value is not None
            and "Missing" not in type(value).__name__
            and (told is None or name in told)  # argparse beneath fills defaults in
        ]
        values = []
        for name, value in arguments.flat(filled(result[0])):
            name = clean(name)
            has = any(name == each or name.startswith(each + ".") for each in given if each)
            values.append(arguments.entry(probe, name or "value", value, None, has))
        arguments.tell(probe, arguments.event("tyro", arguments.called_from(probe, home), values))

    if hasattr(module, "callable_with_args"):  # before 0.9 it calls at once, and only the words are known
        module.callable_with_args = probe.observed(module.callable_with_args, begin, end)
    probe.tellers = (*getattr(probe, "tellers", ()), home)


def filled(called: Any) -> Any:
    """Return the arguments of a call that is yet to come, or the object that is its result."""
    cells = getattr(called, "__closure__", None)
    if cells is not None:
        held = {name: cell.cell_contents for name, cell in zip(called.__code__.co_freevars, cells)}  # noqa: B905
        if "default_instance" in held:
            return held["default_instance"]
        function, words = held.get("unwrapped_f"), held.get("positional_args", ())
        named = held.get("kwargs", {})
    elif hasattr(called, "keywords"):
        function, words, named = called.func, called.args, called.keywords
    else:
        return {}
    values = dict(named)
    if words:
        fields = getattr(function, "__dataclass_fields__", None)
        code = getattr(function, "__code__", None)
        names = list(fields or (code.co_varnames if code is not None else ()))
        names += ["value%d" % place for place in range(len(words))]
        values = {**dict(zip(names, words)), **values}  # noqa: B905
    return values


def clean(name: str) -> str:
    """Return a name without what tyro puts in where there is none."""
    return ".".join(part for part in name.split(".") if not part.startswith("__tyro"))
