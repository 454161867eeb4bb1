"""Which parses of command lines are those of the program itself, and what they say."""

from collections.abc import Sequence

from ledger.capture.command_line import Word, words
from ledger.capture.events import Events, Parse, ParsedValue

_LAUNCHERS = (
    *("/torch/distributed/", "/accelerate/commands/", "/deepspeed/launcher/", "/horovod/runner/"),
    *("/loky/backend/", "/kernprof.py"),
)
"""Where programs parse their own command lines that start another one."""
_TOOLS = (
    *("/hydra/", "/coverage/", "/pytest/", "/_pytest/", "/debugpy/", "/IPython/", "/ipykernel"),
    *(
        "/jupyter",
        "/papermill/",
        "/nbconvert/",
        "/ray/",
        "/dask/",
        "/distributed/cli/",
        "/flask/",
        "/uvicorn/",
    ),
    *("/gunicorn/", "/streamlit/", "/wandb/", "/mlflow/", "/tensorboard/", "/fire/", "/typer/", "/scalene/"),
)
"""The same of installed ones, and of what only stands around a program."""

_OF_ONE_PROCESS = frozenset({"_flags", "rank", "local_rank", "node_rank"})
"""Names whose values differ between the processes of one training."""


def of_program(events: Events) -> tuple[Parse, ...]:
    """The parses by which a program reads its own arguments.

    Those of tools around it are left out. What an installed command reads counts only if no code beside the
    installed one reads anything: then in the first process that is no launcher, and there the parses of the
    package that was first.
    """
    parses = [parse for parse in events.parses if not _is_tool(parse.where, parse.installed)]
    own = tuple(parse for parse in parses if not parse.installed)
    if own or not parses:
        return own
    launchers = {parse.process for parse in events.parses} - {parse.process for parse in parses}
    started = [process.pid for process in events.processes if process.pid not in launchers]
    first = started[0] if started else parses[0].process
    package = next((_package(parse.where) for parse in parses if parse.process == first), None)
    return tuple(parse for parse in parses if parse.process == first and _package(parse.where) == package)


def values(parses: Sequence[Parse]) -> list[ParsedValue]:
    """One value for each name: of the first process that parsed it, and there the last."""
    found: dict[str, tuple[int, ParsedValue]] = {}
    for parse in parses:
        for value in map(_named_by_traitlets, parse.values):
            if value.name == "_flags":
                continue
            if found.get(value.name, (parse.process,))[0] == parse.process:
                found[value.name] = (parse.process, value)
    return [value for _, value in found.values()]


def ambiguous(parses: Sequence[Parse]) -> list[str]:
    """Names to which one line gave other values in other processes, as in a loop over a script."""
    found: dict[tuple[str, str], dict[int, ParsedValue]] = {}
    for parse in parses:
        for value in map(_named_by_traitlets, parse.values):
            if parse.where is not None and value.name not in _OF_ONE_PROCESS:
                found.setdefault((value.name, parse.where), {})[parse.process] = value
    return sorted(
        {
            name
            for (name, _), held in found.items()
            # A default may be of the time or the process.
            if len({repr(each.value) for each in held.values()}) > 1
            and any(each.given is not False for each in held.values())
        }
    )


def unparsed(found: tuple[Word, ...], parses: Sequence[Parse]) -> list[Word]:
    """Words that no parser took.

    Where a parser read the command line, its word on options counts, whatever they look like: it knows
    abbreviations, and names that differ from the option's. What it left over is read by something else.
    """
    readers = [parse for parse in parses if any(value.given is not False for value in parse.values)]
    if not readers:
        return list(found)
    left = set.intersection(*(_options(parse.rest or ()) for parse in readers))
    return [word for word in found if word.option is None or word.option in left]


def _options(rest: tuple[str, ...]) -> set[str]:
    return {word.option for word in words(rest) if word.option is not None}


def _is_tool(where: str | None, installed: bool) -> bool:
    if where is None:
        return False
    if installed and "/traitlets/" in where:
        return True  # Jupyter's commands
    if "-packages/" not in where:
        standard = "/lib/python3." in where or "/lib64/python3." in where  # pdb, unittest, cProfile
        return standard or any(part in where for part in _LAUNCHERS)
    return any(part in where for part in (*_LAUNCHERS, *_TOOLS))


def _named_by_traitlets(value: ParsedValue) -> ParsedValue:
    """The value under the name by which it is given: traitlets hides dots from argparse."""
    if "__DOT__" not in value.name:
        return value
    return value._replace(name=value.name.replace("__DOT__", "."))


def _package(where: str | None) -> str:
    return (where or "").rpartition("-packages/")[2].partition("/")[0]
