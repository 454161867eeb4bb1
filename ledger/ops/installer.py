"""uv as this house calls it: nobody's configuration but where packages come from."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ledger.errors import IncomparableError
from ledger.model.frozen import field, frozen
from ledger.ops import descendants
from ledger.ops.indexes import from_configuration

CANNOT = "the environment cannot be made again"
CURRENT = "ledger replay --env current REF uses today's environment and reports how it differs"

_KEPT = (
    *(
        "UV_INDEX",
        "UV_DEFAULT_INDEX",
        "UV_EXTRA_INDEX_URL",
        "UV_FIND_LINKS",
        "UV_NO_INDEX",
        "UV_KEYRING_PROVIDER",
    ),
    *("UV_CACHE_DIR", "UV_OFFLINE", "UV_HTTP_", "UV_REQUEST_TIMEOUT", "UV_NATIVE_TLS", "UV_SYSTEM_CERTS"),
    *("UV_INSECURE_HOST", "UV_CONCURRENT_", "UV_PYTHON_INSTALL_DIR", "UV_SSL_", "UV_GITHUB_TOKEN"),
)
"""Beginnings of uv's variables that say where things come from, and not what is installed."""
_SOURCES = frozenset(
    {"UV_INDEX", "UV_DEFAULT_INDEX", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS", "UV_CACHE_DIR", "UV_OFFLINE"}
)
_DROPPED = frozenset({"PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "CONDA_PREFIX", "PYTHONSTARTUP"})
_MISSING = re.compile(
    r"no version of ([\w.-]+)==|Because ([\w.-]+) was not found|^\s*([\w.-]+)===[^\n]*\n\s*\^",
    re.ASCII | re.MULTILINE,
)
_MANY = 30
"""Missing packages that are named, one question to the index each."""
_ASKED = 5
"""Missing packages of which the nearest versions are asked for, two questions each."""


@frozen
class Installer:
    """uv, and the variables that it is started with."""

    binary: str
    variables: Mapping[str, str] = field(repr=False)
    no_index: bool
    """Whether only the user's find-links are asked; of this, uv has no variable."""

    @classmethod
    def find(cls, variables: Mapping[str, str], directory: Path, prefix: str | None) -> "Installer":
        """The uv that came with this package, else that of PATH.

        Of the user's settings those count that say where packages come from: uv's variables, uv's
        configuration files (of the system, the user and the project around `directory`) and pip's variables
        and files. All others are left aside, since they change what is installed. Without a strategy of the
        user's, each index is asked in turn until one has the very version, as pip uses its extra indexes.

        Parameters
        ----------
        variables
            The user's own.
        directory
            Where the project lies.
        prefix
            Of the recorded environment, where this machine has it: a ``pip.conf`` may lie in it.

        Raises
        ------
        IncomparableError
            If there is no uv.
        """
        kept = {
            name: value
            for name, value in variables.items()
            if name not in _DROPPED
            and not name.startswith("LEDGER_")
            and (not name.startswith("UV_") or name.startswith(_KEPT))
        }
        for name, value in from_configuration(variables, directory, prefix).items():
            kept.setdefault(name, value)
        kept.setdefault("UV_INDEX_STRATEGY", "unsafe-first-match")
        no_index = kept.pop("UV_NO_INDEX", "").lower() in ("1", "true", "yes", "on")
        return cls(binary=_binary(variables), variables=kept, no_index=no_index)

    def run(self, *words: str, directory: Path) -> "subprocess.CompletedProcess[str]":
        """Run one of uv's commands; its output comes back."""
        command = [self.binary, *words, "--no-config", "--no-progress", "--color", "never"]
        with subprocess.Popen(
            command,
            cwd=directory,
            env=dict(self.variables),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
        ) as process:
            try:
                output, errors = process.communicate()
            except BaseException:
                if process.poll() is None:
                    descendants.kill(process.pid)  # what builds a package is a child of uv's
                    process.wait()
                raise
        return subprocess.CompletedProcess(command, process.returncode, output, errors)

    def make(self, place: Path, base: str, *, system_packages: bool) -> None:
        """Make an empty virtual environment.

        Raises
        ------
        IncomparableError
            If uv does not manage.
        """
        words = ["venv", "--quiet", "--clear", "--no-project", "--python", base, str(place)]
        if system_packages:
            words.append("--system-site-packages")
        done = self.run(*words, directory=place.parent)
        if done.returncode != 0:
            raise IncomparableError(CANNOT, cause=_told(done.stderr), hint=CURRENT)

    def install(self, python: Path, requirements: Sequence[str], *options: str) -> None:
        """Install exactly these requirements, without what they depend on.

        Raises
        ------
        IncomparableError
            If some cannot be had; the cause names them.
        """
        if not requirements:
            return
        done = self._install(python, requirements, *options)
        if done.returncode == 0:
            return
        missing = _named(done.stderr)
        rest = [each for each in requirements if _name(each) not in missing]
        while missing and rest and len(missing) < _MANY:
            again = self._install(python, rest, "--dry-run")
            more = _named(again.stderr) - missing if again.returncode else set()
            if not more:
                break
            missing |= more
            rest = [each for each in rest if _name(each) not in missing]
        wanted = sorted(each for each in requirements if _name(each) in missing)
        error = _explained([each.replace("===", "==") for each in wanted], done.stderr)
        near = [told for each in wanted[:_ASKED] if (told := self._nearest(python, each))]
        if near and error.message == CANNOT:
            error.cause = f"{error.cause}; the nearest that there are: {', '.join(near)}"
        raise error

    def install_wheels(self, python: Path, requirements: Sequence[str], wheels: Path) -> None:
        """Install exactly these requirements from the wheels in a directory, and from nowhere else.

        Raises
        ------
        IncomparableError
            If uv does not manage.
        """
        if not requirements:
            return
        # A cache of its own, on the same disk: its files become the environment's without a copy.
        cache = wheels / "cache"
        options = ["--no-index", "--find-links", str(wheels), "--cache-dir", str(cache), "--offline"]
        kept = {name: value for name, value in self.variables.items() if name not in _SOURCES}
        alone = replace(self, variables=kept, no_index=False)
        done = alone._install(python, requirements, *options, links="hardlink")
        if done.returncode != 0:
            raise IncomparableError(CANNOT, cause=_told(done.stderr), hint=CURRENT)

    def _install(
        self, python: Path, requirements: Iterable[str], *options: str, links: str = "copy"
    ) -> "subprocess.CompletedProcess[str]":
        prefix = python.parent.parent
        file = prefix / "requirements.txt"
        file.write_text("".join(f"{each}\n" for each in requirements), errors="surrogateescape")
        words = ["pip", "install", "--quiet", "--no-deps", "--link-mode", links, "--no-compile-bytecode"]
        words += [*options, "--python", str(python), "--requirements", str(file)]
        words += ["--no-index"] if self.no_index else []
        return self.run(*words, directory=prefix)

    def _nearest(self, python: Path, requirement: str) -> str | None:
        """The versions right below and above a missing one; None where an index has neither."""
        name, _, version = requirement.partition("===")
        public = version.partition("+")[0]
        found: list[str] = []
        file = python.parent.parent / "requirements.txt"
        for bound, order in ((f"<={public}", "highest"), (f">{public}", "lowest-direct")):
            file.write_text(f"{name}{bound}\n", errors="surrogateescape")
            words = ["pip", "compile", "--quiet", "--no-deps", "--no-header", "--no-annotate"]
            words += ["--python", str(python), "--resolution", order, str(file)]
            words += ["--no-index"] if self.no_index else []
            done = self.run(*words, directory=python.parent.parent)
            if done.returncode == 0 and version:
                found += [
                    line.partition("==")[2].strip() for line in done.stdout.splitlines() if "==" in line
                ]
        return f"{name} {' and '.join(found)}" if found else None

    def pythons(self) -> list[tuple[str, str, str]]:
        """Implementation, version and path of each Python that uv finds here."""
        words = ("python", "list", "--only-installed", "--output-format", "json", "--no-python-downloads")
        done = self.run(*words, directory=Path("/"))
        try:
            rows = json.loads(done.stdout)
            return [(row["implementation"], row["version"], row["path"]) for row in rows]
        except (ValueError, KeyError, TypeError):
            return []  # an older uv that cannot say

    def find_python(self, request: str, directory: Path) -> str | None:
        """Path of an interpreter of exactly this version, none being fetched; None where there is none."""
        words = ("python", "find", "--system", "--no-project", "--no-python-downloads", request)
        done = self.run(*words, directory=directory)
        return done.stdout.strip() or None if done.returncode == 0 else None


def _binary(variables: Mapping[str, str]) -> str:
    try:
        from uv import find_uv_bin

        return os.fspath(find_uv_bin())
    except (ImportError, FileNotFoundError):
        found = shutil.which("uv", path=variables.get("PATH"))
    if found is None:
        raise IncomparableError(
            CANNOT,
            cause="uv is neither installed beside this package nor on PATH",
            hint=f"python -m pip install uv; or: {CURRENT}",
        )
    return found


def _name(requirement: str) -> str:
    return re.split(r"[\s=@]", requirement, maxsplit=1)[0].lower()


def _named(text: str) -> set[str]:
    return {next(filter(None, found)).lower() for found in _MISSING.findall(text)}


def _told(text: str) -> str:
    """What uv said, on one line and without its own advice."""
    lines = [line.strip() for line in text.partition("\nhint:")[0].splitlines()]
    kept = [line for line in lines if line and not line.startswith(("Using Python", "warning:"))]
    return " ".join(kept)[:1000] or "uv gave no reason"


def _explained(missing: list[str], text: str) -> IncomparableError:
    lower = text.lower()
    offline = any(each in lower for each in ("network was disabled", "network connectivity is disabled"))
    unreachable = any(each in lower for each in ("error sending request", "failed to fetch", "dns error"))
    if offline or (unreachable and not missing):
        return IncomparableError(
            "the package index cannot be reached",
            cause=_told(text),
            hint=f"connect to the network (or unset UV_OFFLINE) and replay again; or: {CURRENT}",
        )
    if missing:
        return IncomparableError(
            CANNOT,
            cause=f"no index has {', '.join(missing)}",
            hint=f"name an index that has them, by UV_INDEX=URL or UV_FIND_LINKS=DIRECTORY; or: {CURRENT}",
        )
    return IncomparableError(CANNOT, cause=_told(text), hint=CURRENT)
