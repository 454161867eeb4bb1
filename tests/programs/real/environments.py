"""Virtual environments for programs, made by uv from pinned requirements and kept."""

import subprocess
import sys
from pathlib import Path

import blake3
import uv

from .catalogue import Environment
from .sources import UnavailableError, run

SYSTEM = "/usr/bin/python3"


def make(environment: Environment, directory: Path) -> Path:
    """Make an environment, or find the one that was made from the same requirements; return its directory."""
    base = SYSTEM if environment.base == "system" else sys.executable
    if environment.needs is not None:
        _check(base, environment.needs)
    told = run([base, "-c", "import sys; print(sys.version, sys.base_prefix)"])
    text = "\n".join([told, environment.base, environment.newest, *environment.requirements])
    place = directory / f"{environment.id}-{blake3.blake3(text.encode()).hexdigest()[:12]}"
    ready = place / ".ready"
    if ready.exists():
        return place
    words = ["--system-site-packages"] if environment.base == "system" else []
    run([uv.find_uv_bin(), "venv", "-q", "--clear", *words, "--python", base, str(place)])
    command = [uv.find_uv_bin(), "pip", "install", "-q", "--python", str(place / "bin" / "python")]
    command += ["--link-mode", "copy", "--exclude-newer", environment.newest]
    if environment.needs is not None:
        override = place / "override.txt"
        override.write_text(f"{environment.needs} ; python_version < '3'\n")  # the system's own is taken
        command += ["--override", str(override)]
    run([*command, *environment.requirements])
    ready.touch()
    return place


def prefixes(python: Path) -> tuple[str, ...]:
    """The real paths of the directories that an interpreter and its packages lie in."""
    script = "import os, sys; print('\\n'.join({os.path.realpath(p) for p in (sys.prefix, sys.base_prefix)}))"
    return tuple(run([str(python), "-c", script]).split("\n")[:-1])


def _check(python: str, module: str) -> None:
    if (
        not Path(python).exists()
        or subprocess.run([python, "-c", f"import {module}"], capture_output=True).returncode
    ):
        raise UnavailableError(f"{python} has no {module}: apt-get install python3-{module}")
