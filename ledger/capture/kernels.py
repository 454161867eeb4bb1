"""Which Python executes a notebook: that of its kernel, which need not be the one that Jupyter runs in."""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from ledger.capture.notebooks import SUFFIX, load
from ledger.model.frozen import frozen

_RUNNERS: Final = frozenset({"papermill", "jupyter", "jupyter-nbconvert", "jupyter-execute", "jupyter-run"})
_MODULES: Final = frozenset({"papermill", "jupyter", "nbconvert", "nbclient", "nbclient.cli"})
_NAMES: Final = (
    *("-k", "--kernel", "--kernel_name", "--kernel-name", "--ExecutePreprocessor.kernel_name"),
    *("--NbClientApp.kernel_name", "--RunApp.kernel_name", "--JupyterConsoleApp.kernel_name"),
)
_NATIVE: Final = "python3"


@frozen
class Request:
    """A notebook that a command executes."""

    notebook: str
    kernel: str | None
    """As the command says; None where the notebook itself decides."""


@frozen
class Kernel:
    """What starts a kernel."""

    name: str
    argv: tuple[str, ...] | None
    """None for the Python that Jupyter itself runs in."""
    variables: tuple[tuple[str, str], ...] = ()


def requested(argv: Sequence[str]) -> Request | None:
    """The notebook that a command executes; None where it executes none."""
    for place, word in enumerate(argv):
        module = word == "-m" and place + 1 < len(argv) and argv[place + 1] in _MODULES
        if not module and os.path.basename(word) not in _RUNNERS:
            continue
        name = argv[place + 1] if module else os.path.basename(word)
        rest = argv[place + 2 :] if module else argv[place + 1 :]
        if name == "jupyter" and rest:
            name, rest = f"jupyter-{rest[0]}", rest[1:]
        if name.endswith("nbconvert") and "--execute" not in rest:
            return None
        kernel = notebook = None
        for at, each in enumerate(rest):
            option, equals, value = each.partition("=")
            if option in _NAMES:
                kernel = value if equals else rest[at + 1] if at + 1 < len(rest) else None
            elif notebook is None and not each.startswith("-") and each.endswith(SUFFIX):
                notebook = each
        return Request(notebook=notebook, kernel=kernel) if notebook else None
    return None


def kernel_of(request: Request, directory: str, python: str, variables: Mapping[str, str]) -> Kernel | str:
    """The kernel of a notebook; a text says why it is not known.

    Parameters
    ----------
    request
        What the command executes.
    directory
        Where it starts.
    python
        The interpreter that Jupyter runs in.
    variables
        As Jupyter sees them.
    """
    name = request.kernel or _named(os.path.join(directory, request.notebook))
    if name is None:
        return f"{request.notebook} does not say which kernel executes it"
    name = name.lower()
    for place in _places(python, variables):
        found = _specification(f"{place}/{name}")
        if found is not None:
            return _kernel(name, found)
    if name == _NATIVE:
        return Kernel(name=name, argv=None)
    return f"the kernel {name} of {request.notebook} is not installed"


def _named(notebook: str) -> str | None:
    """What a notebook says; None where it cannot be read."""
    document: Any = load(Path(notebook))
    if document is None:
        return None
    for key in ("metadata", "kernelspec", "name"):
        document = document.get(key) if isinstance(document, dict) else None
    return document if isinstance(document, str) and document else _NATIVE


def _places(python: str, variables: Mapping[str, str]) -> list[str]:
    """Directories of kernels, in the order in which Jupyter looks."""
    prefix = os.path.dirname(os.path.dirname(python))
    home = variables.get("HOME") or os.path.expanduser("~")
    data = variables.get("XDG_DATA_HOME") or f"{home}/.local/share"
    user = [variables.get("JUPYTER_DATA_DIR") or f"{data}/jupyter"]
    own = [f"{prefix}/share/jupyter"]
    inside = os.path.exists(f"{prefix}/pyvenv.cfg") or variables.get("CONDA_PREFIX") == prefix
    prefers = variables.get("JUPYTER_PREFER_ENV_PATH", "").lower()
    first = inside if not prefers else prefers not in ("no", "n", "false", "off", "0", "0.0")
    path = [each for each in variables.get("JUPYTER_PATH", "").split(os.pathsep) if each]
    path += [*own, *user] if first else [*user, *own]
    path += ["/usr/local/share/jupyter", "/usr/share/jupyter"]
    ipython = variables.get("IPYTHONDIR") or f"{home}/.ipython"
    return [*(f"{each}/kernels" for each in path), f"{ipython}/kernels"]


def _specification(directory: str) -> dict[str, Any] | None:
    try:
        with open(f"{directory}/kernel.json", encoding="utf-8") as file:
            document = json.load(file)
    except (OSError, ValueError):
        return None  # Jupyter looks on as well
    return document if isinstance(document, dict) and document.get("argv") else None


def _kernel(name: str, document: dict[str, Any]) -> Kernel:
    argv = tuple(map(str, document["argv"]))
    given = document.get("env")
    variables = given.items() if isinstance(given, dict) else ()
    first = argv[0]
    own = "/" not in first and first.startswith("python") and not first[6:].strip("0123456789.")
    return Kernel(
        name=name,
        argv=None if own else argv,
        variables=tuple((key, str(value)) for key, value in variables if "${" not in str(value)),
    )
