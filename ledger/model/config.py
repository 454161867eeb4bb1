"""What a person can set in ``ledger.toml``, or under ``[tool.ledger]`` of ``pyproject.toml``."""

from typing import Any

from ledger.errors import UsageError
from ledger.model.frozen import field, fields, frozen

MEGABYTE = 1_000_000


@frozen
class CodeConfig:
    """``[code]``: what belongs to the code."""

    paths: tuple[str, ...] = ()
    """Narrows the snapshot to these paths of the root; empty for all of it."""
    max_untracked_bytes: int = 50 * MEGABYTE
    """Size in bytes past which an untracked file is recorded by digest only."""
    max_files: int = 10_000
    """Files past which a directory without git is recorded in part."""
    max_bytes: int = 500 * MEGABYTE
    """Bytes past which a directory without git is recorded in part."""


@frozen
class EnvironmentConfig:
    """``[environment]``: what belongs to the environment."""

    variables: tuple[str, ...] = ()
    """Patterns (``MY_*``) of variables to record beside the built-in list."""
    keep_wheels: bool = False
    """Whether the wheels of all that is installed are kept, so that a replay needs no package index."""


@frozen
class HyperparametersConfig:
    """``[hyperparameters]``: what hyperparameters shape, as patterns (``units*``) of their names."""

    model: tuple[str, ...] = ()
    """Those of the model."""
    algorithm: tuple[str, ...] = ()
    """Those of the algorithm that fits it."""
    seed: tuple[str, ...] = ()
    """Those that only seed: left out when configurations are told apart."""


@frozen
class InputsConfig:
    """``[inputs]``: which files that a program reads or writes are its inputs and outputs."""

    trace: bool = True
    """Whether the kernel is asked to tell each file that is opened."""
    ignore: tuple[str, ...] = ()
    """Patterns (``/scratch/cache/*``) of files that are neither input nor output."""


@frozen
class MetricsConfig:
    """``[metrics]``: which outputs hold metrics."""

    files: tuple[str, ...] = ()
    """Patterns (``results/*.csv``) of files to read beside those with well-known names."""
    ignore: tuple[str, ...] = ()
    """Patterns of files to leave alone."""


@frozen
class StoreConfig:
    """``[store]``: what is kept."""

    max_input_bytes: int = 100 * MEGABYTE
    """Size in bytes past which an input is recorded by digest only."""
    warn_output_bytes: int = 10_000 * MEGABYTE
    """Bytes of one trial's outputs past which a warning is printed."""
    large: str = "chunk"
    """``chunk``: a large file is cut, and each chunk stored once; ``whole``: it is kept as it is, sharing its
    blocks with yours where the file system can."""


@frozen
class ReplayConfig:
    """``[replay]``: what a verdict counts."""

    timing: tuple[str, ...] = ("*time*", "*elapsed*", "*_per_second", "*SPS", "*_sps", "*fps", "*throughput*")
    """Patterns of metrics that measure the clock: reported, not counted."""
    rtol: float = 0.0
    """Relative tolerance of metrics."""
    atol: float = 0.0
    """Absolute tolerance of metrics."""


@frozen
class RemoteConfig:
    """``[remote]``: what is shared by itself."""

    auto_push: bool = False
    """Whether every trial is pushed to the ledger's remotes when it has ended."""
    heartbeat_s: float = 30.0
    """Seconds between two signs of life of a trial that runs, where a remote is the ledger: 1 to 86400, or 0
    for none."""


@frozen
class Config:
    """All of it."""

    code: CodeConfig = field(default_factory=CodeConfig)
    environment: EnvironmentConfig = field(default_factory=EnvironmentConfig)
    hyperparameters: HyperparametersConfig = field(default_factory=HyperparametersConfig)
    inputs: InputsConfig = field(default_factory=InputsConfig)
    metrics: MetricsConfig = field(default_factory=MetricsConfig)
    store: StoreConfig = field(default_factory=StoreConfig)
    replay: ReplayConfig = field(default_factory=ReplayConfig)
    remote: RemoteConfig = field(default_factory=RemoteConfig)


_SECTIONS: dict[str, type[Any]] = {
    "code": CodeConfig,
    "environment": EnvironmentConfig,
    "hyperparameters": HyperparametersConfig,
    "inputs": InputsConfig,
    "metrics": MetricsConfig,
    "store": StoreConfig,
    "replay": ReplayConfig,
    "remote": RemoteConfig,
}


_CHOICES = {"[store] large": ("chunk", "whole")}
"""What a key may be whose value is a text."""
_BETWEEN = {"[remote] heartbeat_s": (1.0, 86400.0)}
"""What a number may be that is not 0."""


def parse(document: dict[str, Any], place: str) -> Config:
    """Read a configuration.

    Parameters
    ----------
    document
        As TOML gives it.
    place
        The file's name, for errors.

    Raises
    ------
    UsageError
        If a section or key is unknown (the nearest good one is named) or a value is of the wrong kind.
    """
    sections: dict[str, Any] = {}
    for name, table in document.items():
        if name not in _SECTIONS:
            raise _unknown(name, tuple(_SECTIONS), f"[{name}]", place)
        if not isinstance(table, dict):
            raise UsageError(f"{place}: a bad section", cause=f"[{name}]: expected a table, got {table!r}")
        kind = _SECTIONS[name]
        defaults = {each.name: each.default for each in fields(kind)}
        values: dict[str, Any] = {}
        for key, value in table.items():
            if key not in defaults:
                raise _unknown(key, tuple(defaults), f"[{name}] {key}", place)
            values[key] = _checked(value, defaults[key], f"[{name}] {key}", place)
        if name == "hyperparameters":
            _check_roles(values, place)
        sections[name] = kind(**values)
    return Config(**sections)


def _check_roles(roles: dict[str, tuple[str, ...]], place: str) -> None:
    first: dict[str, str] = {}
    for role, patterns in roles.items():
        for pattern in patterns:
            if first.setdefault(pattern, role) != role:
                raise UsageError(
                    f"{place}: a pattern with two roles",
                    cause=f"[hyperparameters] {pattern!r} stands in both {first[pattern]} and {role}",
                )


def _unknown(name: str, good: tuple[str, ...], where: str, place: str) -> UsageError:
    from difflib import get_close_matches

    near = get_close_matches(name, good, 1) or list(good)
    return UsageError(
        f"{place}: an unknown key", cause=f"{where} means nothing", hint=f"did you mean: {', '.join(near)}"
    )


def _checked(value: Any, default: Any, where: str, place: str) -> Any:
    if isinstance(default, tuple):
        if isinstance(value, list) and all(isinstance(each, str) for each in value):
            return tuple(value)
        expected = "a list of texts"
    elif isinstance(default, bool):
        if isinstance(value, bool):
            return value
        expected = "true or false"
    elif isinstance(default, str):
        if value in _CHOICES[where]:
            return value
        expected = " or ".join(map(repr, _CHOICES[where]))
    elif isinstance(default, float):
        low, high = _BETWEEN.get(where, (0.0, float("inf")))
        if type(value) in (int, float) and (value == 0 or low <= value <= high):
            return float(value)
        expected = "a number, 0 or more" if where not in _BETWEEN else f"0, or {low:g} to {high:g}"
    else:
        if type(value) is int and value >= 0:
            return value
        expected = "a whole number, 0 or more"
    raise UsageError(f"{place}: a bad value", cause=f"{where}: expected {expected}, got {value!r}")
