"""Which Python will a command use? Answered from files, without running the command."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ledger.capture import cache as derived
from ledger.capture.launchers import chosen, split, unwrap
from ledger.model.frozen import frozen

_HEAD = 4096
"""Bytes of a script that are looked at."""
_DEPTH = 8
"""Launchers inside launchers that are followed."""
_FLAGS = "IESsP"
"""Interpreter flags that change where modules come from."""
_TAKES_WORD = "XW"
_ASK = "import sys; sys.stdout.write('\\n' + sys.executable)"
_SELECTORS = (".python-version", ".tool-versions", "mise.toml", ".mise.toml", "mise.local.toml")
_SELECTING = ("PYENV_VERSION", "PYENV_ROOT", "PYENV_DIR", "ASDF_DIR", "ASDF_DATA_DIR", "ASDF_PYTHON_VERSION")


@frozen
class FoundInterpreter:
    """The Python that a command uses."""

    executable: Path | None
    """As the command names it, so that a virtual environment stays one; None where there is none."""
    assumed: bool = False
    """Whether the command is no Python program, so that the first Python on PATH was taken."""
    flags: tuple[str, ...] = ()
    """Of the flags -I, -E, -S, -s and -P those given."""
    directory: Path
    """Where it starts."""
    overrides: tuple[tuple[str, str | None], ...] = ()
    """Variables that ``env`` sets (or, with None, removes) in front of it."""
    reason: str | None = None
    """Why it is assumed or absent; None when it was simply found."""

    @property
    def isolated(self) -> bool:
        """Whether flags keep it from seeing PYTHONPATH, the user's packages or any package."""
        return bool({"-I", "-E", "-S"} & set(self.flags))

    def variables(self, outer: Mapping[str, str]) -> dict[str, str]:
        """Variables as the interpreter sees them."""
        inner = dict(outer)
        for name, value in self.overrides:
            if value is None:
                inner.pop(name, None)
            else:
                inner[name] = value
        return inner


def find(
    argv: Sequence[str], directory: Path, variables: Mapping[str, str], *, cache: Path | None = None
) -> FoundInterpreter:
    """Find the Python that a command uses.

    Parameters
    ----------
    argv
        The command.
    directory
        Where it starts, absolute.
    variables
        What the child will have; its PATH counts.
    cache
        Directory for what pyenv's and asdf's shims answered; without it they are asked each time.
    """
    search = _Search(str(directory), dict(variables), cache)
    found = search.command(tuple(argv), _DEPTH) if argv else None
    if found is None:
        found = search.assume(argv, None)
    return search.result(found)


class _Hit(NamedTuple):
    executable: str | None
    flags: tuple[str, ...] = ()
    assumed: bool = False
    reason: str | None = None


class _Search:
    def __init__(self, directory: str, variables: dict[str, str], cache: Path | None) -> None:
        self.directory, self.variables, self.cache = directory, variables, cache
        self.overrides: dict[str, str | None] = {}

    def result(self, hit: _Hit) -> FoundInterpreter:
        return FoundInterpreter(
            executable=None if hit.executable is None else Path(hit.executable),
            assumed=hit.assumed,
            flags=hit.flags,
            directory=Path(self.directory),
            overrides=tuple(sorted(self.overrides.items())),
            reason=hit.reason,
        )

    def command(self, argv: tuple[str, ...], depth: int) -> _Hit | None:
        """The Python of a command; None where it is no Python program."""
        if not argv or depth == 0:
            return None
        started = unwrap(argv)
        if started is not None:
            if started.clean:
                self._set(dict.fromkeys(self.variables))
            self._set(dict(started.overrides))
            if started.directory:
                self.directory = os.path.join(self.directory, started.directory)
            return self.command(started.argv, depth - 1)
        environment = chosen(argv, self.directory, self.variables)
        if environment is not None:
            if environment.prefix is None:
                return _Hit(None, reason=environment.reason)
            return self._in_prefix(os.path.join(self.directory, environment.prefix))
        program = self._which(argv[0])
        if program is None:
            return None
        if is_python(argv[0]):
            return self._python(program, argv[1:])
        hit = self._script(program, depth)
        return hit if hit is not None else self._named(argv)

    def assume(self, argv: Sequence[str], reason: str | None) -> _Hit:
        """The first Python on PATH, for a command that is no Python program."""
        name = os.path.basename(argv[0]) if argv else "nothing"
        for each in ("python3", "python"):
            program = self._which(each)
            hit = program and self._python(program, ())
            if hit and hit.executable:
                why = reason or f"{name} is no Python program: the first {each} on PATH was taken"
                return _Hit(hit.executable, assumed=True, reason=why)
        return _Hit(None, assumed=True, reason=reason or f"{name} is no Python program, and none is on PATH")

    def _set(self, changes: dict[str, str | None]) -> None:
        for name, value in changes.items():
            self.overrides[name] = value
            if value is None:
                self.variables.pop(name, None)
            else:
                self.variables[name] = value

    def _which(self, name: str) -> str | None:
        if "/" in name:
            path = os.path.join(self.directory, name)
            return path if _is_program(path) else None
        for place in self.variables.get("PATH", os.defpath).split(os.pathsep):
            path = os.path.join(self.directory, place, name)
            if _is_program(path):
                return path
        return None

    def _in_prefix(self, prefix: str) -> _Hit:
        for name in ("python", "python3"):
            path = os.path.join(prefix, "bin", name)
            if _is_program(path):
                return _Hit(path)
        return _Hit(None, reason=f"{prefix} has no bin/python")

    def _python(self, program: str, arguments: Sequence[str]) -> _Hit:
        """An interpreter by its name: itself, or a shim that starts the real one."""
        if not is_python(os.path.realpath(program)) or _head(program).startswith(b"#!"):
            real = self._ask(program)
            if real is None:
                return _Hit(None, reason=f"{program} does not say which Python it starts")
            program = real
        return _Hit(os.path.abspath(program), flags=_flags(arguments))

    def _named(self, argv: tuple[str, ...]) -> _Hit | None:
        """A Python among the arguments of another program: ``mpirun -n 4 python train.py``."""
        for place, word in enumerate(argv[1:], start=1):
            if is_python(word) and (program := self._which(word)):
                return self._python(program, argv[place + 1 :])
        return None

    def _script(self, path: str, depth: int) -> _Hit | None:
        """The Python of a script's first line; None where it has none."""
        head = _head(path)
        if not head.startswith(b"#!"):
            return None
        if b'exec "$program"' in head or b"asdf exec" in head:  # a shim of pyenv or asdf
            shim = os.path.join(os.path.dirname(path), "python")
            return self._python(shim, ()) if _is_program(shim) else None
        first, _, rest = os.fsdecode(head[2:]).partition("\n")
        interpreter, _, argument = first.strip().partition(" ")
        argument = argument.strip()
        if is_python(interpreter):
            if not _is_program(interpreter):
                return _Hit(None, reason=f"{path} names {interpreter}, which is not there")
            return self._python(interpreter, (argument,))
        if os.path.basename(interpreter) == "env":
            words = split(argument.removeprefix("-S").strip()) if argument.startswith("-S") else (argument,)
            return self.command(("env", *words), depth - 1)
        second = rest.partition("\n")[0]
        if second.startswith("'''exec'"):
            return self._polyglot(path, second.removeprefix("'''exec'"))
        return None

    def _polyglot(self, path: str, line: str) -> _Hit | None:
        """A shell script that is Python too: what installers write where a path is too long for line one."""
        if "dirname" in line and "realpath" in line:
            name = next((word for word in split(line) if is_python(word)), "python")
            return _Hit(os.path.join(os.path.dirname(os.path.realpath(path)), os.path.basename(name)))
        words = split(line)
        if words and is_python(words[0]) and _is_program(words[0]):
            return self._python(words[0], words[1:2])
        return _Hit(None, reason=f"{path} names {words[0] if words else 'nothing'}, which is not there")

    def _ask(self, shim: str) -> str | None:
        """Let a shim say which Python it starts; the answer holds as long as what it chooses by."""
        key = derived.key_of("shim", shim, derived.stamp(shim), *self._selection())
        known: Any = derived.load(self.cache, "shims", key) if self.cache else None
        if isinstance(known, str) and _is_program(known):
            return known
        import subprocess

        try:
            answer = subprocess.run(
                [shim, "-E", "-c", _ASK],
                cwd=self.directory,
                env=self.variables,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                timeout=30,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            return None  # the caller records that it does not say
        real = os.fsdecode(answer.stdout).rpartition("\n")[2]
        if answer.returncode != 0 or not os.path.isabs(real) or not _is_program(real):
            return None
        if self.cache:
            derived.save(self.cache, "shims", key, real)
        return real

    def _selection(self) -> tuple[object, ...]:
        """All that pyenv, asdf and mise choose a version by."""
        places = [os.path.expanduser(f"~/{name}") for name in (".tool-versions", ".config/mise/config.toml")]
        root = self.variables.get("PYENV_ROOT") or os.path.expanduser("~/.pyenv")
        places += [f"{root}/version", f"{root}/versions"]
        place = os.path.abspath(self.directory)
        while True:
            places += [os.path.join(place, name) for name in _SELECTORS]
            if place == os.path.dirname(place):
                break
            place = os.path.dirname(place)
        stamps = [(each, found) for each in places if (found := derived.stamp(each))]
        return ([self.variables.get(name) for name in _SELECTING], self.variables.get("PATH"), stamps)


def is_python(word: str) -> bool:
    """Whether a program's name is one of Python's own, such as ``python3.12``."""
    name = os.path.basename(word).removesuffix("-dbg")
    for start in ("python", "pypy"):
        if name.startswith(start):
            return not name[len(start) :].strip("0123456789.tdmw")
    return False


def _flags(arguments: Sequence[str]) -> tuple[str, ...]:
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


def _is_program(path: str) -> bool:
    return os.access(path, os.X_OK) and not os.path.isdir(path)


def _head(path: str) -> bytes:
    try:
        with open(path, "rb", buffering=0) as file:
            return file.read(_HEAD)
    except OSError:
        return b""
