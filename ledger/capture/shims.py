"""Programs that know which Python they start, and say so when they are asked."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ledger.capture import cache as derived

_SCRIPT = "import sys; sys.stdout.write('\\n' + sys.executable)"
_SELECTORS = (".python-version", ".tool-versions", "mise.toml", ".mise.toml", "mise.local.toml")
_SELECTING = ("PYENV_VERSION", "PYENV_ROOT", "PYENV_DIR", "ASDF_DIR", "ASDF_DATA_DIR", "ASDF_PYTHON_VERSION")
_PROJECT = ("pyproject.toml", "poetry.toml", "poetry.lock", "Pipfile", "Pipfile.lock", "hatch.toml")


def behind_shim(shim: str, directory: str, variables: Mapping[str, str], cache: Path | None) -> str | None:
    """The Python that a shim of pyenv, asdf or mise starts; None where it does not say.

    Parameters
    ----------
    shim
        The program.
    directory
        Where it starts.
    variables
        As its process would have them.
    cache
        Directory for answers: one holds as long as what the shim chooses by stays what it was.
    """
    key = ("shim", shim, derived.stamp(shim), *_selection(directory, variables))
    return _kept((shim, "-E", "-c", _SCRIPT), directory, variables, cache, key)


def asked(
    words: Sequence[str], program: str, directory: str, variables: Mapping[str, str], cache: Path | None
) -> str | None:
    """The directory that a project's runner names, such as ``poetry env info --path``; None where none is."""
    stamps = [(name, derived.stamp(os.path.join(directory, name))) for name in _PROJECT]
    chosen = [variables.get(name) for name in ("VIRTUAL_ENV", "CONDA_PREFIX", "PATH", "HOME")]
    key = ("runner", words, program, derived.stamp(program), directory, stamps, chosen)
    return _kept((program, *words), directory, variables, cache, key)


def _kept(
    argv: tuple[str, ...],
    directory: str,
    variables: Mapping[str, str],
    cache: Path | None,
    parts: tuple[Any, ...],
) -> str | None:
    key = derived.key_of(*parts)
    known: Any = derived.load(cache, "shims", key) if cache else None
    if isinstance(known, str) and os.access(known, os.X_OK):
        return known
    answer = _run(argv, directory, variables)
    if answer is not None and cache:
        derived.save(cache, "shims", key, answer)
    return answer


def _run(argv: tuple[str, ...], directory: str, variables: Mapping[str, str]) -> str | None:
    import subprocess

    try:
        answer = subprocess.run(
            argv,
            cwd=directory,
            env=dict(variables),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=30,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None  # the caller records that it does not say
    path = os.fsdecode(answer.stdout).rstrip("\n").rpartition("\n")[2]
    usable = answer.returncode == 0 and os.path.isabs(path) and os.access(path, os.X_OK)
    return path if usable else None


def _selection(directory: str, variables: Mapping[str, str]) -> tuple[object, ...]:
    """All that pyenv, asdf and mise choose a version by."""
    places = [os.path.expanduser(f"~/{name}") for name in (".tool-versions", ".config/mise/config.toml")]
    root = variables.get("PYENV_ROOT") or os.path.expanduser("~/.pyenv")
    places += [f"{root}/version", f"{root}/versions"]
    place = os.path.abspath(directory)
    while True:
        places += [os.path.join(place, name) for name in _SELECTORS]
        if place == os.path.dirname(place):
            break
        place = os.path.dirname(place)
    stamps = [(each, found) for each in places if (found := derived.stamp(each))]
    return ([variables.get(name) for name in _SELECTING], variables.get("PATH"), stamps)
