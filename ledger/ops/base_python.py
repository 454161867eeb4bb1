"""A Python of exactly the recorded version, to make an environment from."""

import os
import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from ledger.capture.facts import Facts, ask
from ledger.errors import IncomparableError
from ledger.model import Environment, Interpreter
from ledger.ops.installer import CURRENT, Installer


def base_python(
    environment: Environment,
    interpreter: Interpreter | None,
    uv: Installer,
    variables: Mapping[str, str],
    derived: Path,
) -> str:
    """An interpreter of exactly the recorded version: the recorded one, pyenv's, or one that uv knows."""
    version = environment.python or ""
    pyenv = variables.get("PYENV_ROOT") or os.path.join(variables.get("HOME", "/"), ".pyenv")
    candidates = [interpreter.base] if interpreter else []
    candidates.append(f"{pyenv}/versions/{version}/bin/python")
    seen: list[str] = []
    for candidate in (*candidates, None):
        if candidate is None:
            free = "+freethreaded" if (environment.implementation or "").endswith("-freethreaded") else ""
            kind = (environment.implementation or "cpython").partition("-")[0]
            candidate = uv.find_python(f"{kind}@{version}{free}", Path("/"))
        if candidate is None or not os.access(candidate, os.X_OK):
            continue
        facts = ask(Path(candidate), ("-I",), {}, Path("/"), derived)
        if isinstance(facts, Facts):
            if (facts.version, facts.implementation) == (version, environment.implementation):
                return candidate
            seen.append(f"{candidate} is {facts.implementation} {facts.version}")
    near = _nearest(version, environment.implementation or "cpython", uv, f"{pyenv}/versions")
    raise IncomparableError(
        "the environment cannot be made again",
        cause=f"expected {environment.implementation} {version}, which this machine does not have"
        + (f" ({'; '.join(seen)})" if seen else "")
        + (f"; the nearest here is {near[0]}, {near[1]}" if near else ""),
        hint=f"uv python install {version}, then replay again; or: {CURRENT}",
    )


def _nearest(version: str, implementation: str, uv: Installer, pyenv: str) -> tuple[str, str] | None:
    """Version and path of the Python here that is nearest to `version`."""
    found = [each for each in uv.pythons() if each[0] == implementation.partition("-")[0]]
    if implementation == "cpython":
        with suppress(OSError):
            found += [("cpython", name, f"{pyenv}/{name}/bin/python") for name in sorted(os.listdir(pyenv))]
    wanted = _numbers(version)
    there = [each for each in found if _numbers(each[1]) and os.access(each[2], os.X_OK)]
    if not there or not wanted:
        return None
    _, nearest, path = min(there, key=lambda each: _distance(wanted, _numbers(each[1])))
    return nearest, path


def _numbers(version: str) -> tuple[int, ...]:
    found = re.match(r"(\d+)\.(\d+)\.(\d+)", version)
    return tuple(map(int, found.groups())) if found else ()


def _distance(wanted: tuple[int, ...], got: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(abs(a - b) for a, b in zip(wanted, got, strict=True))
