"""Programs that start another one: what they start, and whose Python they choose."""

import os
from collections.abc import Sequence
from itertools import pairwise

from ledger.model.frozen import frozen

_WRAPPERS: dict[str, tuple[frozenset[str], int]] = {
    "nice": (frozenset({"-n", "--adjustment"}), 0),
    "time": (frozenset({"-f", "-o", "--format", "--output"}), 0),
    "nohup": (frozenset(), 0),
    "stdbuf": (frozenset({"-i", "-o", "-e", "--input", "--output", "--error"}), 0),
    "timeout": (frozenset({"-k", "-s", "--kill-after", "--signal"}), 1),
    "ionice": (frozenset({"-c", "-n", "--class", "--classdata"}), 0),
    "taskset": (frozenset(), 1),
    "numactl": (frozenset({"-N", "-m", "-C", "-i", "-p", "-P", "-w"}), 0),
    "chrt": (frozenset({"-T", "-P", "-D"}), 1),
    "setsid": (frozenset(), 0),
    "unbuffer": (frozenset(), 0),
    "catchsegv": (frozenset(), 0),
    "caffeinate": (frozenset({"-t", "-w"}), 0),
    "flock": (frozenset({"-w", "-E", "--timeout", "--wait"}), 1),
    "strace": (frozenset({"-o", "-e", "-p", "-s", "-u", "-E", "-P"}), 0),
    "xvfb-run": (frozenset({"-n", "-s", "-e", "-f", "-p", "-w"}), 0),
    "sudo": (frozenset({"-u", "-g", "-h", "-p", "-C", "-D", "-R", "-T", "-U"}), 0),
    "doas": (frozenset({"-u", "-C"}), 0),
}
"""Name → options that take a word of their own, and words that come before the command."""

_PROJECT_RUNNERS = {"poetry", "pdm", "pipenv", "hatch", "rye", "pixi"}
_UV_VALUES_TEXT = """
-p --python --with --with-requirements --with-editable --env-file --directory --project --extra --group
--only-group --no-group --no-extra --package --index --default-index -i --index-url --extra-index-url
-f --find-links --index-strategy --keyring-provider --resolution --prerelease --exclude-newer
--link-mode --cache-dir --config-file --color --refresh-package -P --upgrade-package
--reinstall-package -C --config-setting --python-platform --allow-insecure-host --max-recursion-depth
--no-build-package --no-binary-package -w
"""
_UV_VALUES = frozenset(_UV_VALUES_TEXT.split())
"""Options of ``uv run`` that take a word of their own."""
_UV_OWN = frozenset(
    {"--with", "-w", "--with-requirements", "--with-editable", "--isolated", "--script", "-s"}
)


@frozen
class Started:
    """What a launcher starts."""

    argv: tuple[str, ...]
    """The command behind it."""
    overrides: tuple[tuple[str, str | None], ...] = ()
    """Variables that it sets (or, with None, removes) before."""
    clean: bool = False
    """Whether all other variables are removed."""
    directory: str | None = None
    """Where it changes to before; relative to where it stands."""


@frozen
class Chosen:
    """The environment that a project's runner uses."""

    prefix: str | None
    """Of the virtual environment; None where it makes one that is not there yet, or a passing one."""
    reason: str | None = None
    """Why there is none."""


def unwrap(argv: Sequence[str]) -> Started | None:
    """What `env`, `nice`, `timeout` and their like start; None for anything else."""
    name = os.path.basename(argv[0])
    if name == "env":
        return _env(argv[1:])
    if name not in _WRAPPERS:
        return None
    takes_word, positions = _WRAPPERS[name]
    place = _skip_options(argv, 1, takes_word) + positions
    return Started(argv=tuple(argv[place:])) if place < len(argv) else None


def chosen(argv: Sequence[str], directory: str, variables: dict[str, str]) -> Chosen | None:
    """The environment that `uv run`, `poetry run`, `conda run` and their like use; None for anything else."""
    name = os.path.basename(argv[0])
    if name == "uv":
        return _uv(argv[1:], directory, variables)
    if name == "uvx":
        return Chosen(prefix=None, reason="uvx makes a passing environment when it runs")
    if name in ("conda", "mamba", "micromamba"):
        return _conda(argv[1:], variables)
    if name in _PROJECT_RUNNERS and "run" in argv[1:]:
        prefix = _project_environment(directory)
        return Chosen(prefix=prefix, reason=None if prefix else f"{name} keeps its environment elsewhere")
    return None


def _skip_options(argv: Sequence[str], place: int, takes_word: frozenset[str]) -> int:
    """Position of the first word that is neither an option nor an option's value."""
    while place < len(argv) and argv[place].startswith("-") and argv[place] != "-":
        word = argv[place]
        place += 1
        if word == "--":
            break
        if word in takes_word:
            place += 1
    return place


def _env(words: Sequence[str]) -> Started | None:
    overrides: list[tuple[str, str | None]] = []
    clean, directory, place = False, None, 0
    while place < len(words):
        word = words[place]
        place += 1
        if word in ("-i", "-", "--ignore-environment"):
            clean = True
        elif word in ("-u", "--unset", "-C", "--chdir") and place < len(words):
            if word in ("-u", "--unset"):
                overrides.append((words[place], None))
            else:
                directory = words[place]
            place += 1
        elif word.startswith("--unset="):
            overrides.append((word.partition("=")[2], None))
        elif word.startswith("--chdir="):
            directory = word.partition("=")[2]
        elif word.startswith(("-S", "--split-string")):
            text = word.removeprefix("--split-string").removeprefix("-S").removeprefix("=")
            if not text and place < len(words):
                text, place = words[place], place + 1
            words = (*split(text), *words[place:])
            place = 0
        elif "=" in word and not word.startswith("-"):
            name, _, value = word.partition("=")
            overrides.append((name, value))
        elif word.startswith("-"):
            continue
        else:
            return Started(
                argv=(word, *words[place:]), overrides=tuple(overrides), clean=clean, directory=directory
            )
    return None


def split(text: str) -> tuple[str, ...]:
    """Words of a ``env -S`` line; one that does not parse is split at its blanks."""
    import shlex

    try:
        return tuple(shlex.split(text))
    except ValueError:
        return tuple(text.split())


def _uv(words: Sequence[str], directory: str, variables: dict[str, str]) -> Chosen | None:
    options: dict[str, str] = {}
    place, command = 0, None
    while place < len(words):
        word = words[place]
        if not word.startswith("-") or word == "-":
            if command is not None:
                break
            command = word
        elif word == "--":
            place += 1
            break
        name, equals, value = word.partition("=")
        place += 1
        if word.startswith("-"):
            if not equals and name in _UV_VALUES and place < len(words):
                value, place = words[place], place + 1
            options[name] = value
    if command == "tool":
        return Chosen(prefix=None, reason="uv makes a passing environment when it runs")
    if command != "run":
        return None
    rest = words[place:]
    start = os.path.join(directory, options.get("--directory", ""))
    if _UV_OWN & options.keys() or (rest and _has_inline_metadata(os.path.join(start, rest[0]))):
        return Chosen(prefix=None, reason="uv makes a passing environment when it runs")
    project = _upwards(os.path.join(start, options.get("--project", "")), "pyproject.toml")
    if project is None or "--no-project" in options:
        prefix = variables.get("VIRTUAL_ENV") or _project_environment(start)
        return Chosen(prefix=prefix, reason=None if prefix else "uv chooses a Python when it runs")
    own = variables.get("UV_PROJECT_ENVIRONMENT") or ".venv"
    if "--active" in options and variables.get("VIRTUAL_ENV"):
        own = variables["VIRTUAL_ENV"]
    prefix = os.path.join(_workspace(project), own)
    if os.path.exists(os.path.join(prefix, "bin")):
        return Chosen(prefix=prefix)
    return Chosen(prefix=None, reason="uv makes the project's environment when it runs")


def _conda(words: Sequence[str], variables: dict[str, str]) -> Chosen | None:
    if "run" not in words:
        return None
    for option, value in pairwise(words):
        if option in ("-p", "--prefix"):
            return Chosen(prefix=value)
        if option in ("-n", "--name"):
            home = variables.get("MAMBA_ROOT_PREFIX")
            if variables.get("CONDA_EXE"):
                home = os.path.dirname(os.path.dirname(variables["CONDA_EXE"]))
            prefix = home and (home if value == "base" else os.path.join(home, "envs", value))
            if prefix and os.path.isdir(prefix):
                return Chosen(prefix=prefix)
            return Chosen(prefix=None, reason=f"no conda environment {value!r} was found")
    prefix = variables.get("CONDA_PREFIX")
    return Chosen(prefix=prefix, reason=None if prefix else "conda chooses an environment when it runs")


def _workspace(project: str) -> str:
    """Root of the uv workspace that holds `project`, or itself."""
    parent = os.path.dirname(project)
    while (parent := _upwards(parent, "pyproject.toml") or "") and parent != os.path.dirname(parent):
        try:
            with open(os.path.join(parent, "pyproject.toml"), encoding="utf-8") as file:
                if "[tool.uv.workspace]" in file.read():
                    return parent
        except (OSError, UnicodeDecodeError):
            break
        parent = os.path.dirname(parent)
    return project


def _project_environment(directory: str) -> str | None:
    """The nearest ``.venv`` upwards."""
    place = _upwards(directory, ".venv/pyvenv.cfg")
    return place and os.path.join(place, ".venv")


def _upwards(directory: str, name: str) -> str | None:
    directory = os.path.abspath(directory)
    while True:
        if os.path.exists(os.path.join(directory, name)):
            return directory
        parent = os.path.dirname(directory)
        if parent == directory:
            return None
        directory = parent


def _has_inline_metadata(path: str) -> bool:
    try:
        with open(path, "rb") as file:
            return b"# /// script" in file.read(1 << 16)
    except (OSError, ValueError):
        return False
