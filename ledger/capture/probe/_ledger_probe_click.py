"""What click, or the click inside of typer, made of a command line.

The event is that of ``_ledger_probe_arguments``, one for each command of the line: a group's, then its
command's. A name that two of them have is the outer one's; the inner one's is told as ``command.name``.
A value that came from an environment variable has ``"source": "environment"``. Hidden input is not told.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

KINDS = {"float": float, "float range": float, "integer": int, "integer range": int}
"""What `float` and `int` are called among click's types."""


def watch(probe: Any, core: Any) -> None:
    """Wrap the method that makes a command's context, and so parses its words."""
    arguments = probe.part("arguments")
    names = vars(core)  # the module's own __getattr__ would warn of names that it gives up
    kind = next(
        each for each in (names.get("BaseCommand"), names["Command"]) if each and "make_context" in vars(each)
    )
    homes = [arguments.home_of(core)]
    if not homes[0].endswith("/click/"):  # typer's own
        homes.append(homes[0])
    owners: dict[str, tuple[str, ...]] = {}

    def end(_: Any, context: Any) -> None:
        if context is None or getattr(context, "resilient_parsing", False):
            return
        command, path = context.command, path_of(context)
        values = []
        parameters = {each.name: each for each in getattr(command, "params", ()) if each.name is not None}
        for name, value in list(context.params.items())[: arguments.MOST_VALUES]:
            told = name
            if owners.setdefault(name, path) != path:
                told = ".".join((*path, name))
            values.append(entry(probe, arguments, context, parameters.get(name), name, told, value))
        callback: Any = getattr(command, "callback", None)
        while hasattr(callback, "__wrapped__"):
            callback = callback.__wrapped__
        code = getattr(callback, "__code__", None)
        where = "%s:%d" % (code.co_filename, code.co_firstlineno) if code is not None else None
        own = code is not None and not probe.is_library(code.co_filename)
        rest = [] if hasattr(command, "commands") or hasattr(command, "list_commands") else context.args
        event = arguments.event(
            context.command_path, where or arguments.called_from(probe, *homes), values, rest
        )
        arguments.tell(probe, event, installed=not own)

    kind.make_context = probe.observed(kind.make_context, lambda *_: None, end)


def path_of(context: Any) -> tuple[str, ...]:
    """Return the names of the commands from below the outermost one to this one."""
    path: list[str] = []
    while context.parent is not None:
        path.insert(0, str(context.info_name))
        context = context.parent
    return tuple(path)


def entry(
    probe: Any, arguments: Any, context: Any, parameter: Any, name: str, told: str, value: Any
) -> dict[str, Any]:
    """Return one value of the event."""
    find = getattr(context, "get_parameter_source", None)  # not before click 8
    source = getattr(find(name), "name", None) if find is not None else None
    given = None if find is None else source in ("COMMANDLINE", "ENVIRONMENT", "PROMPT")
    declared = KINDS.get(getattr(getattr(parameter, "type", None), "name", ""))
    default = value if given is False else default_of(parameter, declared)
    if getattr(parameter, "hide_input", False):
        return {**arguments.entry(probe, told, None, None, given, None), "opaque": True}
    made: dict[str, Any] = arguments.entry(probe, told, value, declared, given, default)
    if source == "ENVIRONMENT":
        made["source"] = "environment"
    return made


def default_of(parameter: Any, declared: Any) -> Any:
    """Return a parameter's default as far as nothing must be called for it."""
    default = getattr(parameter, "default", None)
    if callable(default) or type(default).__name__ in ("Sentinel", "DefaultPlaceholder"):
        return None
    if declared is not None and isinstance(default, str):
        try:
            return declared(default)
        except ValueError:
            return default
    return default
