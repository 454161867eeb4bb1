"""Which values were set before training: by options, arguments, configuration files, calls and defaults."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from ledger.capture.command_line import Word, script_words, typed, words
from ledger.capture.configuration_files import named
from ledger.capture.events import Events, Parameter, Parse, ParsedValue
from ledger.capture.secrets import Secrets, mask_value
from ledger.capture.seeds import is_seed_name
from ledger.errors import UsageError
from ledger.model import Hyperparameter, HyperparameterRole, HyperparameterType, Value

OPTION, ARGUMENT, CALL, DEFAULT = "option", "argument", "call", "default"
_TOOLS = (
    *("/torch/distributed/", "/accelerate/commands/", "/deepspeed/launcher/", "/horovod/runner/"),
    *("/loky/backend/", "/hydra/", "/coverage/", "/pytest/", "/_pytest/", "/debugpy/", "/IPython/"),
    *("/ipykernel", "/kernprof.py", "/cProfile.py", "/profile.py", "/pdb.py", "/trace.py", "/timeit.py"),
    "/unittest/",
)
"""Where programs parse their own command lines that start another one, or only stand around it."""


class Raw(NamedTuple):
    """What the command line says before anything runs."""

    words: tuple[Word, ...] = ()
    files: tuple[Hyperparameter, ...] = ()
    """Values of the configuration files that it names, in their order."""
    problems: tuple[str, ...] = ()


def from_argv(argv: Sequence[str], directory: Path) -> Raw:
    """Read hyperparameters from the form of a command line and from the configuration files that it names.

    Parameters
    ----------
    argv
        The command, secrets masked.
    directory
        Where it starts; absolute.
    """
    arguments = script_words(argv)
    files = named(arguments, directory)
    return Raw(
        words=words(arguments),
        files=tuple(
            _hyperparameter(name, value, f"file:{file.path}") for file in files for name, value in file.values
        ),
        problems=tuple(file.problem for file in files if file.problem),
    )


def from_option(text: str) -> tuple[str, Value]:
    """Read the value of ``-p``.

    Raises
    ------
    UsageError
        If it is not ``name=value``.
    """
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise UsageError(
            "a bad parameter",
            cause=f"-p: expected NAME=VALUE, got {text[:60]!r}",
            hint="ledger run -p lr=0.1 python train.py",
        )
    return name.strip(), typed(value)


def merge(
    raw: Raw,
    options: Iterable[tuple[str, Value]] = (),
    events: Events | None = None,
    *,
    secrets: Secrets | None = None,
) -> tuple[Hyperparameter, ...]:
    """Unite what all sources say: one for each name, sorted by name.

    A call counts before an option (``-p``), that before what argparse was given, before the form of the
    command line, before a file, before a default of argparse.

    Parameters
    ----------
    raw
        Of `from_argv`.
    options
        Of ``-p``.
    events
        Of the trial's processes.
    secrets
        Of the command and its variables; what looks like a secret is masked without them too.
    """
    events = events or Events()
    parsed = _parsed(events.parses)
    seen = {word.name for word in raw.words}
    given = [each for each in parsed if (each.name in seen if each.given is None else each.given)]
    layers = [
        [_of_parsed(each, DEFAULT) for each in parsed],
        raw.files,
        [_hyperparameter(each.name, each.value, ARGUMENT) for each in _unparsed(raw.words, events.parses)],
        [_of_parsed(each, ARGUMENT) for each in given],
        [_hyperparameter(name, value, OPTION) for name, value in options],
        [_of_call(each) for each in events.parameters],
    ]
    found = {each.name: each for layer in layers for each in layer}
    return tuple(_masked(found[name], secrets) for name in sorted(found))


def _is_tool(where: str | None) -> bool:
    return where is not None and any(part in where for part in _TOOLS)


def _parsed(parses: tuple[Parse, ...]) -> list[ParsedValue]:
    """One value for each name: of the first process that parsed it, and there the last."""
    found: dict[str, tuple[int, ParsedValue]] = {}
    for parse in parses:
        if not _is_tool(parse.where):
            for value in parse.values:
                if found.get(value.name, (parse.process,))[0] == parse.process:
                    found[value.name] = (parse.process, value)
    return [value for _, value in found.values()]


def _unparsed(found: tuple[Word, ...], parses: tuple[Parse, ...]) -> list[Word]:
    """Words that no parser took.

    Where argparse read the command line, its word on options counts, whatever they look like: it knows
    abbreviations, and names that differ from the option's. What it left over is read by something else.
    """
    readers = [
        parse
        for parse in parses
        if any(value.given is not False for value in parse.values) and not _is_tool(parse.where)
    ]
    if not readers:
        return list(found)
    left = set.intersection(*(_options(parse.rest or ()) for parse in readers))
    return [word for word in found if word.option is None or word.option in left]


def _options(rest: tuple[str, ...]) -> set[str]:
    return {word.option for word in words(rest) if word.option is not None}


def _of_parsed(each: ParsedValue, source: str) -> Hyperparameter:
    return _hyperparameter(each.name, each.value, source, stated=None if each.opaque else each.type)


def _of_call(each: Parameter) -> Hyperparameter:
    return _hyperparameter(each.name, each.value, CALL, stated=each.type, role=each.role)


def _hyperparameter(
    name: str,
    value: Value,
    source: str,
    *,
    stated: HyperparameterType | None = None,
    role: HyperparameterRole | None = None,
) -> Hyperparameter:
    if stated is HyperparameterType.REAL:  # a default of 0 and a given 0.0 are one value
        value = tuple(map(_real, value)) if isinstance(value, tuple) else _real(value)
    if role is None and is_seed_name(name) and not isinstance(value, bool):
        role = HyperparameterRole.SEED
    return Hyperparameter(name=name, value=value, type=_type(value, stated), role=role, source=source)


def _real(value: Value) -> Value:
    return float(value) if type(value) is int else value


def _type(value: Value, stated: HyperparameterType | None) -> HyperparameterType:
    if isinstance(value, bool):
        return HyperparameterType.BOOLEAN
    if isinstance(value, int):
        return HyperparameterType.INTEGER
    if isinstance(value, float):
        return HyperparameterType.REAL
    return stated if value is None and stated else HyperparameterType.CATEGORICAL


def _masked(each: Hyperparameter, secrets: Secrets | None) -> Hyperparameter:
    value = _masked_value(each.name, each.value, secrets)
    if value is each.value:
        return each
    return Hyperparameter(name=each.name, value=value, type=each.type, role=each.role, source=each.source)


def _masked_value(name: str, value: Value, secrets: Secrets | None) -> Value:
    if isinstance(value, str):
        # A known secret first: by that name it is refilled at a replay.
        return mask_value(name, secrets.mask_text(value) if secrets else value)
    if isinstance(value, tuple):
        masked = tuple(_masked_value(name, each, secrets) for each in value)
        return value if all(a is b for a, b in zip(masked, value, strict=True)) else masked
    return value
