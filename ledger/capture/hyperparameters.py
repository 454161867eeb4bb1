"""Which values were set before training: by options, arguments, configuration files, calls and defaults."""

from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from ledger.capture.command_line import Word, script_words, typed, words
from ledger.capture.configuration_files import ConfigurationFile, named
from ledger.capture.events import Events, Parameter, ParsedValue
from ledger.capture.parses import of_program, unparsed, values
from ledger.capture.secrets import Secrets, mask_value
from ledger.capture.seeds import is_seed_name, may_name_seed
from ledger.errors import UsageError
from ledger.model import Hyperparameter, HyperparameterRole, HyperparameterType, Value
from ledger.model.config import HyperparametersConfig

OPTION, ARGUMENT, ENVIRONMENT, CALL, DEFAULT = "option", "argument", "environment", "call", "default"


_OF_HYDRA = ("hydra.", "hydra/")
"""How overrides of hydra's own settings begin, such as the directory of its output."""


class Raw(NamedTuple):
    """What the command line says before anything runs."""

    words: tuple[Word, ...] = ()
    files: tuple[Hyperparameter, ...] = ()
    """Values of the configuration files that it names, in their order."""
    problems: tuple[str, ...] = ()
    roles: HyperparametersConfig = HyperparametersConfig()
    """What the project's configuration says of names."""


def from_argv(argv: Sequence[str], directory: Path, roles: HyperparametersConfig | None = None) -> Raw:
    """Read hyperparameters from the form of a command line and from the configuration files that it names.

    Parameters
    ----------
    argv
        The command, secrets masked.
    directory
        Where it starts; absolute.
    roles
        Patterns of names, as configured.
    """
    arguments = script_words(argv)
    files = named(arguments, directory)
    return Raw(
        words=tuple(word for word in words(arguments) if not word.name.startswith(_OF_HYDRA)),
        files=tuple(_of_files(files)),
        problems=tuple(file.problem for file in files if file.problem),
        roles=roles or HyperparametersConfig(),
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
    opened: Iterable[ConfigurationFile] = (),
    logged: Iterable[tuple[str, Value]] = (),
    secrets: Secrets | None = None,
) -> tuple[Hyperparameter, ...]:
    """Unite what all sources say: one for each name, sorted by name.

    A call counts before an option (``-p``), that before what a parser was given, before the form of the
    command line, before a file that it names, before a file that the program opened, before a parser's
    default, before what an event file says. Of two files the later one counts.

    A role is the one of a call, else of the configuration, else ``seed`` if the name says so, or if it hints
    so and a generator was seeded with the value.

    Parameters
    ----------
    raw
        Of `from_argv`.
    options
        Of ``-p``.
    events
        Of the trial's processes.
    opened
        Configuration files that the program opened.
    logged
        What the program wrote into an event file, where every number is a real one.
    secrets
        Of the command and its variables; what looks like a secret is masked without them too.
    """
    events = events or Events()
    parses = of_program(events)
    parsed = values(parses)
    seen = {word.name for word in raw.words}
    given = [each for each in parsed if (each.name in seen if each.given is None else each.given)]
    layers = [
        [_hyperparameter(name, value, CALL) for name, value in logged],
        [_of_parsed(each, DEFAULT) for each in parsed],
        _of_files(opened),
        raw.files,
        [_hyperparameter(each.name, each.value, ARGUMENT) for each in unparsed(raw.words, parses)],
        [_of_parsed(each, ENVIRONMENT if each.environment else ARGUMENT) for each in given],
        [_hyperparameter(name, value, OPTION) for name, value in options],
        [_of_call(each) for each in events.parameters],
    ]
    found = {each.name: each for layer in layers for each in layer}
    seeds = {each.value for each in events.seeded if not each.enforced}
    return tuple(_masked(_with_role(found[name], raw.roles, seeds), secrets) for name in sorted(found))


def _of_files(files: Iterable[ConfigurationFile]) -> list[Hyperparameter]:
    return [
        _hyperparameter(name, value, f"file:{file.path}") for file in files for name, value in file.values
    ]


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
    return Hyperparameter(name=name, value=value, type=_type(value, stated), role=role, source=source)


def _with_role(each: Hyperparameter, roles: HyperparametersConfig, seeds: Collection[str]) -> Hyperparameter:
    role = each.role or _configured(each.name, roles)
    if role is None and not isinstance(each.value, bool):
        hinted = type(each.value) is int and str(each.value) in seeds and may_name_seed(each.name)
        role = HyperparameterRole.SEED if hinted or is_seed_name(each.name) else None
    if role is each.role:
        return each
    return Hyperparameter(name=each.name, value=each.value, type=each.type, role=role, source=each.source)


def _configured(name: str, roles: HyperparametersConfig) -> HyperparameterRole | None:
    """Role whose patterns match; one that is the name itself counts before the others."""
    patterns = {role: getattr(roles, role.value) for role in HyperparameterRole}
    if not any(patterns.values()):
        return None
    from fnmatch import fnmatchcase

    for matches in (str.__eq__, fnmatchcase):
        for role, texts in patterns.items():
            if any(matches(name, text) for text in texts):
                return role
    return None


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
