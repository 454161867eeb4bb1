"""What a program's argparse made of its command line, and the form in which every parser's parse is told.

Each outermost parse that succeeds is one event; sub-parsers belong to it.

    {"event": "arguments", "parser", "where", "values": [{"name", "value", "type", "given", "default"}, ...],
     "rest": [...]}

``name`` is the attribute of the namespace, dotted where the parser nests, ``type`` real, integer, boolean or
categorical (of a list: that of all its members), ``given`` whether the command line had it (null if this
parser does not tell), ``rest`` the words that the parser did not know. ``"installed": true`` says that
nothing of the program was on the stack: an installed command read its own arguments.
Values are as parsed: scalars and lists of them. What is neither is told by its text, at most 200 characters,
with ``"opaque": true`` in its entry; ``"opaque_default": true`` says so of the default. Secrets are not
masked here. What the program changes after the parse is not seen.
"""

from __future__ import annotations

import sys
from _thread import get_ident

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MOST_VALUES = 2000
LONGEST_TEXT = 4096
LONGEST_REPR = 200
LONGEST_LIST = 1000
DEEPEST = 16
MOST_EVENTS = 1000
MISSING = object()


class Parse:
    """One outermost parse while it runs."""

    def __init__(self, parser: Any, namespace: Any, where: str | None) -> None:
        self.parser = parser
        self.where = where
        self.depth = 0
        self.parsers = [parser]
        self.before = dict(getattr(namespace, "__dict__", {}))
        self.given: set[str] = set()


def watch(probe: Any, argparse: Any) -> None:
    """Wrap the methods that every way of parsing passes through."""
    kind = argparse.ArgumentParser
    running: dict[int, Parse] = probe.parses
    counts = hasattr(kind, "_get_values")

    def begin(args: Any, kwargs: Any) -> Any:
        parser, thread = args[0], get_ident()
        parse = running.get(thread)
        if parse is None:
            namespace = args[2] if len(args) > 2 else kwargs.get("namespace")
            parse = running[thread] = Parse(parser, namespace, probe.where(argparse.__file__))
        elif not any(parser is each for each in parse.parsers):
            parse.parsers.append(parser)
        parse.depth += 1
        return parse

    def end(parse: Any, result: Any) -> None:
        if parse is None:
            return
        parse.depth -= 1
        if parse.depth == 0:
            del running[get_ident()]
            if result is not None and is_told_elsewhere(probe, parse):
                probe.left[get_ident()] = parse.given
            elif result is not None:
                tell(probe, told(probe, parse, result, argparse, counts))

    def consumed(args: Any, kwargs: Any) -> None:
        """Argparse hands an action the strings that the command line has for it."""
        parse = running.get(get_ident())
        action = args[1] if len(args) > 1 else kwargs["action"]
        strings = args[2] if len(args) > 2 else kwargs["arg_strings"]
        if parse is not None and (action.option_strings or strings):
            parse.given.add(action.dest)

    for name in ("parse_known_args", "parse_known_intermixed_args"):
        setattr(kind, name, probe.observed(getattr(kind, name), begin, end))
    if counts:
        kind._get_values = probe.observed(kind._get_values, consumed)


def told(probe: Any, parse: Parse, result: Any, argparse: Any, counts: bool) -> dict[str, Any]:
    """Return the event of a parse that succeeded."""
    namespace, rest = result
    actions: dict[str, Any] = {}
    defaults: dict[str, Any] = {}
    for parser in parse.parsers:
        defaults.update(parser._defaults)
        for action in parser._actions:
            actions.setdefault(action.dest, action)
    values = []
    for name, value in list(getattr(namespace, "__dict__", {}).items())[:MOST_VALUES]:
        if name.startswith("__") or name == getattr(argparse, "_UNRECOGNIZED_ARGS_ATTR", None):
            continue
        action = actions.get(name)
        declared = action.type if action is not None else None
        given = name in parse.given
        if name in parse.before and not given:
            default = parse.before[name]
        else:
            default = action.default if action is not None else defaults.get(name)
        if isinstance(default, str):
            default = parsed(default, declared, argparse)
        values.append(entry(probe, name, value, declared, given if counts else None, default))
    return event(parse.parser.prog, parse.where, values, rest)


def is_told_elsewhere(probe: Any, parse: Parse) -> bool:
    """Whether a library that builds on argparse, and tells what it makes of the parse, called it."""
    return any((parse.where or "").startswith(each) for each in getattr(probe, "tellers", ()))


def event(parser: Any, where: str | None, values: list[dict[str, Any]], rest: Any = ()) -> dict[str, Any]:
    """Return the event of a parse."""
    return {
        "event": "arguments",
        "parser": str(parser),
        "where": where,
        "values": values[:MOST_VALUES],
        "rest": [str(word)[:LONGEST_TEXT] for word in rest[:LONGEST_LIST]],
    }


def tell(probe: Any, event: dict[str, Any], installed: bool = True) -> None:
    """Emit a parse; `installed` is false where the caller knows that the program's own parser read it."""
    probe.parses_told = getattr(probe, "parses_told", 0) + 1
    if probe.parses_told > MOST_EVENTS:
        return
    if installed and alone(probe):
        event["installed"] = True
    probe.emit(event)


def alone(probe: Any) -> bool:
    """Whether nothing on the stack is the program's own: libraries and installed commands only."""
    own = probe.directory + "/_ledger_probe"
    commands = (sys.executable or "").rpartition("/")[0], "/bin", "/usr/bin", "/usr/local/bin"
    frame: Any = sys._getframe(1)
    while frame is not None:
        file = frame.f_code.co_filename
        directory = file.rpartition("/")[0]
        if not (
            file.startswith((own, "<ledger ", "<frozen "))
            or probe.is_library(file)
            or directory in commands
            or directory.endswith("/.local/bin")
        ):
            return False
        frame = frame.f_back
    return True


def entry(
    probe: Any, name: str, value: Any, declared: Any = None, given: Any = False, default: Any = MISSING
) -> dict[str, Any]:
    """Return one value of an event; without a default, a value that was not given is its own."""
    if default is MISSING:
        default = None if given else value
    shown, opaque = probe.guard("argument " + name, plain, value) or (None, True)
    kind = probe.guard("argument " + name, type_of, value, declared) or "categorical"
    made = {"name": name, "value": shown, "type": kind, "given": given}
    made["default"], opaque_default = probe.guard("argument " + name, plain, default) or (None, True)
    if opaque:
        made["opaque"] = True
    if opaque_default:
        made["opaque_default"] = True
    return made


def home_of(module: Any) -> str:
    """Return the directory of a module's outermost package, with a slash behind."""
    name: str = module.__name__.partition(".")[0]
    before: str = module.__file__.rpartition("/" + name + "/")[0]
    return before + "/" + name + "/"


def called_from(probe: Any, *directories: str) -> str | None:
    """Return file and line of the nearest frame that lies outside of these directories and of the library."""
    frame: Any = sys._getframe(1)
    while frame is not None:
        file = frame.f_code.co_filename
        outside = not file.startswith((*directories, probe.directory + "/_ledger_probe", "<"))
        if outside and ("-packages/" in file or not file.startswith(probe.library)):
            return "%s:%d" % (file, frame.f_lineno)
        frame = frame.f_back
    return None


def flat(value: Any, name: str = "", depth: int = 0) -> list[tuple[str, Any]]:
    """Return the leaves of nested maps, namespaces, dataclasses and their like under dotted names."""
    fields = fields_of(value) if depth < DEEPEST else None
    if not fields:
        return [] if fields is not None and not name else [(name, {} if fields is not None else value)]
    leaves: list[tuple[str, Any]] = []
    for key, each in fields:
        leaves += flat(each, "%s.%s" % (name, key) if name else str(key), depth + 1)
        if len(leaves) > MOST_VALUES:
            break
    return leaves


def fields_of(value: Any) -> list[tuple[Any, Any]] | None:
    """Return the fields of what nests; None for anything else."""
    kind = type(value)
    if isinstance(value, dict):
        return list(value.items())
    if isinstance(value, list) and any(isinstance(each, dict) for each in value):
        return list(enumerate(value))
    names: Any = ()
    if hasattr(kind, "__dataclass_fields__"):
        names = [each for each, field in kind.__dataclass_fields__.items() if is_field(field)]
    elif hasattr(kind, "__attrs_attrs__"):
        names = [each.name for each in kind.__attrs_attrs__]
    elif hasattr(kind, "__pydantic_fields__") or is_namespace(kind):
        names = list(vars(value))
    elif kind.__module__.startswith("ml_collections.") and hasattr(value, "items"):
        return list(value.items())
    else:
        return None
    held = getattr(value, "__dict__", {})
    return [(each, held[each] if each in held else getattr(value, each, None)) for each in names]


def is_namespace(kind: Any) -> bool:
    """Whether a class is that of what parsers return."""
    return kind.__name__ == "Namespace" and kind.__module__.partition(".")[0] in ("argparse", "jsonargparse")


def is_field(field: Any) -> bool:
    """Whether this is a field of the dataclass itself, no ClassVar and no InitVar."""
    return getattr(getattr(field, "_field_type", None), "name", "_FIELD") == "_FIELD"


def parsed(default: str, declared: Any, argparse: Any) -> Any:
    """Return a default given as text as argparse would use it, as far as that has no side effects."""
    if default == argparse.SUPPRESS:
        return None
    try:
        return declared(default) if declared in (int, float) else default
    except ValueError:
        return default  # argparse would refuse it, had it been used


def type_of(value: Any, declared: Any) -> str:
    """Return a value's type; the declared one where the value leaves it open, as 0 or None of a real does."""
    if isinstance(value, (list, tuple)):
        kinds = {type_of(each, declared) for each in value}
        if kinds == {"real", "integer"}:
            return "real"
        return kinds.pop() if len(kinds) == 1 else "categorical"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "real" if declared is float else "integer"
    if isinstance(value, float):
        return "real"
    if value is None and declared in (int, float):
        return "real" if declared is float else "integer"
    return "categorical"


def plain(value: Any) -> tuple[Any, bool]:
    """Return a scalar, a list of scalars, or a text for anything else and True."""
    if isinstance(value, (list, tuple)) and len(value) <= LONGEST_LIST:
        members = [scalar(each) for each in value]
        if not any(opaque for _, opaque in members):
            return [member for member, _ in members], False
        return text_of(value), True
    return scalar(value)


def scalar(value: Any) -> tuple[Any, bool]:
    """Return a scalar, or a text for anything else and True."""
    kind = type(value)
    if value is None or kind in (bool, float):
        return value, False
    if isinstance(value, str) and len(value) <= LONGEST_TEXT:
        return str.__str__(value), False
    if isinstance(value, int) and int.bit_length(value) <= 64:
        return int(value), False
    if isinstance(value, float):
        return float(value), False
    if (
        kind.__module__ == "numpy"
        and getattr(value, "ndim", 1) == 0
        and isinstance(value.item(), (int, float))
    ):
        return value.item(), False
    if hasattr(kind, "__fspath__"):
        path = value.__fspath__()
        return (path, False) if isinstance(path, str) else (text_of(value), True)
    return text_of(value), True


def text_of(value: Any) -> str:
    """Text of an object that does not change from run to run: without addresses, sets in order."""
    if callable(value) and hasattr(value, "__qualname__"):
        return ("%s.%s" % (getattr(value, "__module__", "?"), value.__qualname__))[:LONGEST_REPR]
    if isinstance(value, (set, frozenset)):
        return ("{%s}" % ", ".join(sorted(repr(each) for each in value)))[:LONGEST_REPR]
    first, *rest = repr(value)[: 4 * LONGEST_REPR].split(" at 0x")
    return (first + "".join(each.lstrip("0123456789abcdefABCDEF") for each in rest))[:LONGEST_REPR]
