"""Programs that start another one: what they start, and whose Python they choose."""

import os
from collections.abc import Sequence

from ledger.model.frozen import frozen

_TAKES_WORD = "XW"
_FLAGS = "IESsP"
"""Interpreter flags that change where modules come from."""
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
    "xvfb-run": (
        frozenset({"-n", "-s", "-e", "-f", "-p", "-w", "--server-num", "--server-args", "--error-file"})
        | {"--auth-file", "--xauth-protocol", "--wait"},
        0,
    ),
    "sudo": (frozenset({"-u", "-g", "-h", "-p", "-C", "-D", "-R", "-T", "-U"}), 0),
    "doas": (frozenset({"-u", "-C"}), 0),
}
"""Name → options that take a word of their own, and words that come before the command."""

SHELLS = frozenset({"sh", "bash", "zsh", "dash", "ksh"})
JOBS = frozenset(
    {"srun", "mpirun", "mpiexec", "mpiexec.hydra", "orterun", "prterun", "horovodrun", "aprun", "jsrun"}
)
"""Programs that start another one many times."""
PROJECTS = frozenset({"poetry", "pdm", "pipenv", "hatch", "rye", "pixi"})
"""Runners of a project's environment that are told apart by little but where it lies."""
ELSEWHERE = frozenset(
    {
        "docker",
        "podman",
        "nerdctl",
        "singularity",
        "apptainer",
        "enroot",
        "ch-run",
        "kubectl",
        "ssh",
        "chroot",
    }
    | {"nix", "nix-shell", "guix", "distrobox", "toolbox", "flatpak"}
)
"""Programs that start another one in another system, or on another machine."""
RUNNERS = PROJECTS | ELSEWHERE | {"uv", "uvx", "conda", "mamba", "micromamba", "tox", "nox"}
"""Programs that choose the environment of what they start."""


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


def starts_program(argv: Sequence[str]) -> bool:
    """Whether a launcher for Python programs is told that this one is none."""
    return "--no-python" in argv or "--no_python" in argv


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


def is_python(word: str) -> bool:
    """Whether a program's name is one of Python's own, such as ``python3.12``."""
    name = os.path.basename(word).removesuffix("-dbg")
    for start in ("python", "pypy"):
        if name.startswith(start):
            return not name[len(start) :].strip("0123456789.tdmw")
    return False


def flags_of(arguments: Sequence[str]) -> tuple[str, ...]:
    """Flags in front of the script that change where modules come from."""
    found: list[str] = []
    skip = False
    for word in arguments:
        if skip:
            skip = False
            continue
        if not word.startswith("-") or word in ("-", "--"):
            break
        if word.startswith("--"):
            skip = word == "--check-hash-based-pycs"
            continue
        for place, letter in enumerate(word[1:], start=1):
            if letter in _FLAGS and f"-{letter}" not in found:
                found.append(f"-{letter}")
            if letter in "cm":
                return tuple(found)
            if letter in _TAKES_WORD:
                skip = place == len(word) - 1
                break
    return tuple(found)
