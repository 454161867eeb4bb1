"""Start a recorded command in another environment than its own."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from ledger.model import Interpreter


def activated(
    argv: Sequence[str],
    variables: Mapping[str, str],
    *,
    recorded: Interpreter | None,
    directory: Path,
    python: Path,
) -> tuple[tuple[str, ...], dict[str, str]]:
    """The command and its variables, so that it uses `python` where it used the recorded interpreter.

    Words that name programs beside the recorded interpreter name those beside the new one; everything else is
    found by PATH. ``uv run`` takes the new environment for the project's and leaves it as it is.

    Parameters
    ----------
    argv
        The recorded command.
    variables
        What it would have.
    recorded
        Its interpreter.
    directory
        Where it was started, absolute: its relative words mean it.
    python
        The interpreter to use.
    """
    programs = python.parent
    old = os.path.dirname(recorded.executable) if recorded else None
    words: list[str] = []
    for word in argv:
        path = os.path.normpath(os.path.join(directory, word)) if "/" in word else ""
        name = os.path.basename(path)
        if recorded and path == recorded.executable:
            words.append(str(python))
        elif path and os.path.dirname(path) == old and os.path.exists(programs / name):
            words.append(str(programs / name))
        else:
            words.append(word)
    inner = {name: value for name, value in variables.items() if name not in ("PYTHONHOME", "CONDA_PREFIX")}
    inner["PATH"] = os.pathsep.join([str(programs), variables.get("PATH") or os.defpath])
    inner["UV_PROJECT_ENVIRONMENT"] = str(programs.parent)
    inner["UV_NO_SYNC"] = inner["UV_FROZEN"] = "1"
    if "VIRTUAL_ENV" in inner:
        inner["VIRTUAL_ENV"] = str(programs.parent)
    return tuple(words), inner
