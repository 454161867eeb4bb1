"""Programs that run a command in a project's environment: which one they choose."""

import os
from collections.abc import Sequence
from itertools import pairwise

from ledger.capture.launchers import ELSEWHERE, PROJECTS
from ledger.model.frozen import frozen

_ASKED = {
    "poetry": ("env", "info", "--path"),
    "pipenv": ("--venv",),
    "hatch": ("env", "find"),
}
"""How runners tell their environment's directory."""
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
class Chosen:
    """The environment that a project's runner uses."""

    prefix: str | None
    """Of the virtual environment; None where it makes one that is not there yet, or a temporary one."""
    reason: str | None = None
    """Why there is none."""
    ask: tuple[str, ...] = ()
    """Words to ask the runner with, if there is none yet."""


def chosen(argv: Sequence[str], directory: str, variables: dict[str, str]) -> Chosen | None:
    """The environment that `uv run`, `poetry run`, `conda run` and their like use; None for anything else."""
    name = os.path.basename(argv[0])
    if name == "uv":
        return _uv(argv[1:], directory, variables)
    if name == "uvx":
        return Chosen(prefix=None, reason="uvx makes a temporary environment when it runs")
    if name in ("conda", "mamba", "micromamba"):
        return _conda(argv[1:], variables)
    if name in PROJECTS and "run" in argv[1:]:
        return _project(name, argv[1:], directory, variables)
    if name in ("tox", "nox"):
        return Chosen(prefix=None, reason=f"{name} makes its environments when it runs")
    if name in ELSEWHERE:
        return Chosen(prefix=None, reason=f"{name} starts it in an environment that is not seen from here")
    return None


def _project(name: str, words: Sequence[str], directory: str, variables: dict[str, str]) -> Chosen:
    prefix = None
    if name == "pixi":
        own = next(
            (value for option, value in pairwise(words) if option in ("-e", "--environment")), "default"
        )
        place = _upwards(directory, f".pixi/envs/{own}")
        prefix = place and os.path.join(place, ".pixi/envs", own)
    elif name == "pdm" and (place := _upwards(directory, ".pdm-python")):
        with open(os.path.join(place, ".pdm-python"), encoding="utf-8", errors="surrogateescape") as file:
            prefix = os.path.dirname(os.path.dirname(file.read().strip())) or None
    elif name in ("poetry", "pipenv") and not variables.get("PIPENV_IGNORE_VIRTUALENVS"):
        prefix = variables.get("VIRTUAL_ENV")
    if prefix is None and (name != "hatch" or "VIRTUAL_ENV" in variables):
        prefix = _project_environment(directory)
    reason = None if prefix else f"{name} keeps its environment elsewhere"
    return Chosen(prefix=prefix, reason=reason, ask=_ASKED.get(name, ()))


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
        return Chosen(prefix=None, reason="uv makes a temporary environment when it runs")
    if command != "run":
        return None
    rest = words[place:]
    start = os.path.join(directory, options.get("--directory", ""))
    if _UV_OWN & options.keys() or (rest and _has_inline_metadata(os.path.join(start, rest[0]))):
        return Chosen(prefix=None, reason="uv makes a temporary environment when it runs")
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
