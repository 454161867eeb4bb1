"""The configuration that hydra composed, or that omegaconf merged with the command line.

The event is that of ``_ledger_probe_arguments``, with ``"directories"``: where hydra's configuration files
lie, whose values are those told here. ``given`` are the leaves that an override names. References to other
values are followed; an interpolation that calls a resolver (``${now:…}``) is told as written, since to
resolve it could draw random numbers, and mostly means something of the run.
"""

from __future__ import annotations

import sys
from _weakref import ref

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MOST_REFERENCES = 16


def watch_jobs(probe: Any, utils: Any) -> None:
    """Wrap the start of a hydra job."""
    arguments = probe.part("arguments")

    def begin(args: Any, kwargs: Any) -> None:
        every = [*args, *kwargs.values()]
        config = next((each for each in every if type(each).__name__ == "DictConfig"), None)
        if config is None:
            return
        function: Any = next((each for each in every if hasattr(each, "__code__")), None)
        while hasattr(function, "__wrapped__"):
            function = function.__wrapped__
        code = getattr(function, "__code__", None)
        where = "%s:%d" % (code.co_filename, code.co_firstlineno) if code is not None else None
        held = contained(config)
        hydra = held.pop("hydra", None) or {}
        overrides = (hydra.get("overrides") or {}).get("task") or ()
        tell(probe, arguments, held, overrides, where, sources(hydra), code, sweeps(hydra))

    utils.run_job = probe.observed(utils.run_job, begin)


def watch_compose(probe: Any, module: Any) -> None:
    """Wrap hydra's composition that a program calls by itself."""
    arguments = probe.part("arguments")
    home = arguments.home_of(module)

    def end(token: Any, config: Any) -> None:
        if config is not None and token is not None:
            where, overrides = token
            held = contained(config)
            hydra = held.pop("hydra", None) or {}
            tell(probe, arguments, held, overrides or (), where, sources(hydra) or searched())

    def begin(args: Any, kwargs: Any) -> Any:
        overrides = args[1] if len(args) > 1 else kwargs.get("overrides")
        return arguments.called_from(probe, home), overrides

    module.compose = probe.observed(module.compose, begin, end)


def watch(probe: Any, module: Any) -> None:
    """Wrap omegaconf's reading of the command line, and its merging."""
    arguments = probe.part("arguments")
    home = arguments.home_of(module)
    kind = module.OmegaConf
    read: list[tuple[Any, list[str]]] = []

    def from_cli(args: Any, kwargs: Any) -> Any:
        words = args[0] if args else kwargs.get("args_list")
        return [str(each) for each in (sys.argv[1:] if words is None else words)]

    def was_read(words: Any, config: Any) -> None:
        if config is not None and words is not None and len(read) < 100:
            read.append((ref(config), words))

    def merged(args: Any, config: Any) -> None:
        if config is None or not read or not args:
            return
        words = [word for known, words in read if any(known() is each for each in args) for word in words]
        if words or any(known() is each for known, _ in read for each in args):
            was_read(words, config)
            tell(probe, arguments, contained(config), words, arguments.called_from(probe, home), ())

    def merged_here(words: Any, _: Any) -> None:
        if words is not None:
            config, words = words
            tell(probe, arguments, contained(config), words, arguments.called_from(probe, home), ())

    kind.from_cli = staticmethod(probe.observed(kind.from_cli, from_cli, was_read))
    for name in ("merge", "unsafe_merge"):
        if hasattr(kind, name):
            observed = probe.observed(getattr(kind, name), lambda args, _: args, merged)
            setattr(kind, name, staticmethod(observed))
    base = getattr(sys.modules.get("omegaconf.basecontainer"), "BaseContainer", None)
    if base is not None and hasattr(base, "merge_with_cli"):
        base.merge_with_cli = probe.observed(
            base.merge_with_cli, lambda args, _: (args[0], sys.argv[1:]), merged_here
        )


def tell(
    probe: Any,
    arguments: Any,
    held: Any,
    overrides: Any,
    where: Any,
    directories: Any,
    code: Any = None,
    swept: bool = False,
) -> None:
    """Emit a configuration; that of one of many jobs without what its overrides set."""
    given, nested = set(), []
    for override in overrides:
        name, equals, value = str(override).lstrip("+").partition("=")
        if equals:
            given.add(name)
            if value.startswith("{"):
                nested.append(name + ".")
    values = []
    for name, value in arguments.flat(held):
        value = followed(held, name, value)
        has = name in given or name.startswith(tuple(nested))
        if not (has and swept):
            values.append(arguments.entry(probe, name, value, None, has))
    options = [word for word in sys.argv[1:] if word.startswith("-")]  # only assignments are read here
    event = arguments.event("omegaconf", where, values, options)
    if directories:
        event["directories"] = list(directories)
    arguments.tell(probe, event, installed=code is None or probe.is_library(code.co_filename))


def contained(config: Any) -> Any:
    """Return a configuration as maps and lists, nothing resolved."""
    held = sys.modules["omegaconf"].OmegaConf.to_container(config, resolve=False)
    return held if isinstance(held, dict) else {}


def sweeps(hydra: Any) -> bool:
    """Whether a job is one of several of a process, as with ``--multirun``."""
    return isinstance((hydra.get("job") or {}).get("num"), int)


def sources(hydra: Any) -> list[str]:
    """Return the directories that hydra composes from."""
    found = (hydra.get("runtime") or {}).get("config_sources") or ()
    return [each["path"] for each in found if each.get("schema") == "file" and each.get("path")]


def searched() -> list[str]:
    """Return the directories that an initialized hydra searches."""
    state = sys.modules["hydra.core.global_hydra"].GlobalHydra.instance().hydra
    path = state.config_loader.get_search_path().get_path()
    names = [str(each.path).replace("file://", "", 1) for each in path]
    return [name for name in names if "://" not in name]


def followed(held: Any, name: str, value: Any, most: int = MOST_REFERENCES) -> Any:
    """Return a value with its references to others of the configuration in their places."""
    if not isinstance(value, str) or "${" not in value or ":" in value or not most:
        return value
    text, rest = "", value
    while "${" in rest:
        before, _, rest = rest.partition("${")
        path, closed, rest = rest.partition("}")
        if not closed or "${" in path:
            return value
        found, known = looked_up(held, name, path.strip())
        if not known:
            return value
        found = followed(held, absolute(name, path.strip()), found, most - 1)
        if not before and not rest and not text:
            return found
        text += before + str(found)
    return text + rest


def absolute(name: str, path: str) -> str:
    """Return the full name of a reference that stands at `name`."""
    if not path.startswith("."):
        return path.replace("[", ".").replace("]", "")
    steps = len(path) - len(path.lstrip("."))
    above = name.split(".")[:-steps]
    return ".".join([*above, path.lstrip(".")])


def looked_up(held: Any, name: str, path: str) -> tuple[Any, bool]:
    """Return what a reference means, and whether it means something."""
    value = held
    for part in absolute(name, path).split("."):
        if isinstance(value, dict) and part in value:
            value = value[part]
        elif isinstance(value, list) and part.isdigit() and int(part) < len(value):
            value = value[int(part)]
        else:
            return None, False
    return value, True
