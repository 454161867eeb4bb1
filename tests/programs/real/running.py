"""A program run three ways from the same beginning, at the same place: bare, watched by strace, recorded."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from . import environments, strace, truth
from .catalogue import Program
from .sources import Sources, run

ROOT = Path(__file__).parents[3]
# `python -m ledger` of this checkout, without a PYTHONPATH that the recorded command would see too.
LEDGER = (
    sys.executable,
    "-c",
    (
        f"import sys; sys.path[:1] = [{str(ROOT)!r}]; import runpy; "
        "runpy.run_module('ledger', run_name='__main__', alter_sys=True)"
    ),
)
_OWN_CACHE = "~/.cache/ledger/"
_TIMEOUT_S = 240


def _told(differences: list[dict], *, counted: bool) -> tuple[str, ...]:
    return tuple(
        f"{each['part']} {each['path']}: {each['detail']}"
        for each in differences
        if each["counted"] is counted and (counted or each["part"] in ("outputs", "metrics"))
    )


def _registries() -> dict[str, str]:
    """Where this machine has its packages from."""
    return {name: value for name, value in os.environ.items() if name.startswith(("UV_", "PIP_", "SSL_"))}


class Way(StrEnum):
    """How a program is run."""

    STRACE = "strace"
    BARE = "bare"
    LEDGER = "ledger"


@dataclass(frozen=True)
class Ran:
    """What a run left."""

    exit_code: int
    stdout: bytes
    stderr: bytes
    files: dict[str, bytes]
    """Path → content of the files of root (relative) and home (``~/…``) at the end."""
    seconds: float
    inputs: frozenset[str] = frozenset()
    """Under strace or `ledger`: those that it saw, real paths; in the root relative ones."""
    outputs: frozenset[str] = frozenset()
    unread: tuple[str, ...] = ()
    """Under strace: lines that were not understood."""
    health: tuple[dict[str, str], ...] = ()
    """Under `ledger`: the record's health lines."""


@dataclass(frozen=True)
class Replayed:
    """What a replay of a recorded run came to."""

    verdict: str
    differences: tuple[str, ...]
    """``part path: detail`` of those that count."""
    notes: tuple[str, ...]
    """The same of outputs and metrics that do not count."""
    causes: tuple[str, ...]
    """``cause: evidence``."""


class Runner:
    """Makes a program's beginning once, and runs it from there."""

    def __init__(self, program: Program, sources: Sources, cache: Path, work: Path) -> None:
        self._program = program
        self._work = work
        self._root = work / "project"
        self._home = work / "home"
        self._template = work / "template"
        self._derived = work / "derived"
        place = None if program.environment is None else environments.make(program.environment, cache)
        self._prefixes = (
            () if place is None else (str(place), *environments.prefixes(place / "bin" / "python"))
        )
        tools = sources.merged(program.tools) if program.tools else None
        self._variables = self._settings(place, tools)
        self._lay(sources, tools)

    def run(self, way: Way) -> Ran:
        """Run it once; what it leaves is moved aside."""
        shutil.copytree(self._template, self._root, symlinks=True)
        self._home.mkdir()
        if way is Way.LEDGER:
            self._warm()
        try:
            return self._run(way)
        finally:
            aside = self._work / way.value
            aside.mkdir()
            self._root.rename(aside / "project")
            self._home.rename(aside / "home")

    def replay(self, seed: int | None = None) -> Replayed:
        """Record it, move the project elsewhere, and make the trial again there, its environment too."""
        shutil.copytree(self._template, self._root, symlinks=True)
        self._home.mkdir()
        # The environment is made by the first replay, and found by the next, at the same place.
        if self._derived.exists():
            (self._home / ".cache").mkdir()
            self._derived.rename(self._home / ".cache" / "ledger")
        seeded = [] if seed is None else ["--seed", str(seed)]
        directory = self._root / self._program.directory
        words = [*LEDGER, "run", "--quiet", *seeded, "--", *self._program.command]
        run(words, cwd=directory, env=self._variables)
        aside = self._work / f"replay-{seed}"
        self._root.rename(aside)
        cache = os.environ.get("UV_CACHE_DIR") or f"{Path.home()}/.cache/uv"
        done = subprocess.run(
            [*LEDGER, "replay", "@", "--json"],
            cwd=aside,
            env={**self._variables, **_registries(), "UV_CACHE_DIR": cache},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=2 * _TIMEOUT_S,
            check=False,
        )
        (self._home / ".cache" / "ledger").rename(self._derived)
        self._home.rename(self._work / f"replay-home-{seed}")
        assert done.stdout, done.stderr.decode("utf-8", "replace")[-2000:]
        found = json.loads(done.stdout)
        return Replayed(
            verdict=found["verdict"],
            differences=_told(found["differences"], counted=True),
            notes=_told(found["differences"], counted=False),
            causes=tuple(f"{each['cause']}: {each['evidence']}" for each in found["causes"]),
        )

    def _warm(self) -> None:
        """Let the recorder know the environment, as it does from a person's second run on."""
        scratch = self._work / "scratch"
        scratch.mkdir()
        command = [*LEDGER, "run", "--quiet", "--", "python3", "-c", "pass"]
        run(command, cwd=scratch, env=self._variables)

    def _run(self, way: Way) -> Ran:
        directory = self._root / self._program.directory
        log = self._work / "strace.log"
        words = {
            Way.BARE: [],
            Way.STRACE: [*strace.COMMAND, "-o", str(log), "--"],
            Way.LEDGER: [*LEDGER, "run", "--quiet", "--"],
        }[way]
        command = list(self._program.command)
        if way is not Way.LEDGER:  # strace would look for it in its own directories
            command[0] = shutil.which(command[0], path=self._variables["PATH"]) or command[0]
        command = [*self._program.command] if command[0].startswith("./") else command
        before = truth.look(self._root, self._home, self._prefixes, time.time())
        streams = [self._work / f"{way}.{name}" for name in ("stdout", "stderr")]
        with streams[0].open("wb") as stdout, streams[1].open("wb") as stderr:
            begun = time.perf_counter()
            done = subprocess.run(
                [*words, *command],
                cwd=directory,
                env=self._variables,
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                timeout=_TIMEOUT_S,
            )
            seconds = time.perf_counter() - begun
        left = {
            "exit_code": done.returncode,
            "stdout": streams[0].read_bytes(),
            # What `ledger` says, it says when the program has ended, each line under its name.
            "stderr": re.sub(rb"(?m)(^ledger: .*\n)+\Z", b"", streams[1].read_bytes()),
            "files": self._files(),
            "seconds": seconds,
        }
        if way is Way.STRACE:
            found = strace.read(log.read_text("utf-8", "surrogateescape").splitlines(), str(directory))
            left["inputs"] = self._named(truth.inputs(found, before))
            left["outputs"] = self._named(truth.outputs(found, before))
            left["unread"] = tuple(found.unread)
        if way is Way.LEDGER:
            shown = run([*LEDGER, "show", "@", "--json"], cwd=directory, env=self._variables)
            trial = json.loads(shown)
            left["inputs"] = self._recorded(trial["inputs"])
            left["outputs"] = self._recorded(trial["outputs"])
            left["health"] = tuple(trial["health"])
        return Ran(**left)

    def _settings(self, place: Path | None, tools: Path | None) -> dict[str, str]:
        path = ["/usr/local/bin", "/usr/bin", "/bin"]
        variables = {"HOME": str(self._home), "LANG": "C.UTF-8", "TZ": "UTC", "MPLBACKEND": "Agg"}
        variables |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        if tools is not None:
            path.insert(0, str(tools / "usr" / "bin"))
            libraries = [str(each) for each in (tools / "usr" / "lib").glob("*-linux-gnu*")]
            variables["LD_LIBRARY_PATH"] = ":".join(libraries)
        if place is not None:
            path.insert(0, str(place / "bin"))
        return {**variables, "PATH": ":".join(path)}

    def _lay(self, sources: Sources, tools: Path | None) -> None:
        program = self._program
        wanted = [(to, program.source, inside) for to, inside in program.files.items()]
        for to, source, inside in [*wanted, *program.more]:
            here, there = sources.unpacked(source) / inside, self._template / to
            there.parent.mkdir(parents=True, exist_ok=True)
            if here.is_dir():
                shutil.copytree(here, there, symlinks=True)
            else:
                shutil.copy2(here, there)
        for name, target in program.links:
            (self._template / name).symlink_to(target.format(tools=tools))
        home = self._work / "build-home"
        home.mkdir()
        for command in program.build:
            run(list(command), cwd=self._template, env={**self._variables, "HOME": str(home)})
        if program.git:
            git = [
                "git",
                "-c",
                "init.defaultBranch=main",
                "-c",
                "user.name=Ann",
                "-c",
                "user.email=ann@example.org",
            ]
            for words in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "As it was shipped"]):
                run([*git, *words], cwd=self._template, env={**self._variables, "HOME": str(home)})

    def _files(self) -> dict[str, bytes]:
        found = {}
        for base, mark in ((self._root, ""), (self._home, "~/")):
            for path in truth.regular(base):
                name = mark + os.path.relpath(path, os.path.realpath(base))
                if not name.startswith(_OWN_CACHE):
                    found[name] = Path(path).read_bytes()
        return found

    def _named(self, paths: set[str]) -> frozenset[str]:
        root = os.path.realpath(self._root) + "/"
        return frozenset(path.removeprefix(root) for path in paths)

    def _recorded(self, artifacts: list[dict]) -> frozenset[str]:
        root = os.path.realpath(self._root)
        return self._named({os.path.realpath(os.path.join(root, each["path"])) for each in artifacts})
