"""Which Python will a command use? Answered from files, without running the command."""

import os
from collections.abc import Mapping, Sequence
from itertools import islice
from operator import methodcaller
from pathlib import Path
from typing import NamedTuple

from ledger.capture.launchers import JOBS, RUNNERS, SHELLS, flags_of, is_python, split, starts_program, unwrap
from ledger.model.frozen import frozen, replace

_HEAD = 4096
"""Bytes of a script that are looked at."""
_DEPTH = 8
"""Launchers inside launchers that are followed."""
_NOTEBOOK = methodcaller("endswith", ".ipynb")
_COMMANDS = 500
"""Commands of a shell script that are looked at."""


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
    def hiding(self) -> str | None:
        """The first flag that keeps it from seeing PYTHONPATH or any package; None if there is none."""
        return next((each for each in self.flags if each in ("-I", "-E", "-S")), None)

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
        hit = self._program(argv, depth)
        return self._kernel(hit, argv, depth) if hit and any(map(_NOTEBOOK, argv)) else hit

    def _program(self, argv: tuple[str, ...], depth: int) -> _Hit | None:
        """The Python of what is no mere wrapper."""
        environment = None
        if os.path.basename(argv[0]) in RUNNERS:
            from ledger.capture.runners import chosen

            environment = chosen(argv, self.directory, self.variables)
        if environment is not None:
            if environment.prefix is None and environment.ask and (program := self._which(argv[0])):
                from ledger.capture.shims import asked

                prefix = asked(environment.ask, program, self.directory, self.variables, self.cache)
                environment = replace(environment, prefix=prefix)
            if environment.prefix is None:
                return _Hit(None, reason=environment.reason)
            return self._in_prefix(os.path.join(self.directory, environment.prefix))
        program = self._which(argv[0])
        if program is None:
            return None
        if is_python(argv[0]):
            return self._python(program, argv[1:])
        if os.path.basename(argv[0]) in SHELLS:
            return self._shell(argv, depth)
        hit = self._script(program, argv, depth)
        if hit is not None and starts_program(argv):  # torchrun --no-python ./train
            return self._named(argv, depth) or hit
        return hit if hit is not None else self._named(argv, depth)

    def _kernel(self, hit: _Hit, argv: tuple[str, ...], depth: int) -> _Hit:
        """The Python that executes a notebook."""
        if hit.executable is None:
            return hit
        from ledger.capture import kernels

        request = kernels.requested(argv)
        if request is None:
            return hit
        kernel = kernels.kernel_of(request, self.directory, hit.executable, self.variables)
        if isinstance(kernel, str):
            return hit._replace(assumed=True, reason=f"{kernel}: Jupyter's own Python was taken")
        self._set(dict(kernel.variables))
        if kernel.argv is None:
            return hit
        found = self.command(kernel.argv, depth - 1)
        return found or _Hit(None, reason=f"the notebook's kernel {kernel.name} is no Python program")

    def _shell(self, argv: tuple[str, ...], depth: int) -> _Hit | None:
        """The Python that a shell script starts, as far as its text tells."""
        from ledger.capture import shell

        given = shell.script(argv, self.directory)
        if given is None:
            return None
        text, arguments = given
        commands = shell.Commands(self.directory, self.variables, arguments)
        found: dict[str | None, tuple[_Hit, _Search]] = {}
        for words in islice(commands(text), _COMMANDS):
            inner = _Search(commands.directory, dict(commands.variables), self.cache)
            inner.overrides = {k: v for k, v in commands.variables.items() if self.variables.get(k) != v}
            inner.overrides |= dict.fromkeys(self.variables.keys() - commands.variables.keys())
            hit = inner.command(words, depth - 1)
            if hit is not None:
                found.setdefault(hit.executable, (hit, inner))
        if not found:
            return None
        several = [each for each in found if each is not None]
        hit, inner = found[several[0]] if several else next(iter(found.values()))
        self.directory = inner.directory
        self._set(inner.overrides)
        if len(several) > 1:
            name = os.path.basename(arguments[0]) or os.path.basename(argv[0])
            reason = f"{name} starts {len(several)} Pythons: {several[0]} was taken"
            return hit._replace(assumed=True, reason=reason)
        return hit

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
            from ledger.capture.shims import behind_shim

            real = behind_shim(program, self.directory, self.variables, self.cache)
            if real is None:
                return _Hit(None, reason=f"{program} does not say which Python it starts")
            program = real
        return _Hit(os.path.abspath(program), flags=flags_of(arguments))

    def _named(self, argv: tuple[str, ...], depth: int) -> _Hit | None:
        """A Python among the arguments of another program: ``mpirun -n 4 python train.py``."""
        for place, word in enumerate(argv[1:], start=1):
            if is_python(word) and (program := self._which(word)):
                return self._python(program, argv[place + 1 :])
        if os.path.basename(argv[0]) in JOBS or starts_program(argv):
            for place, word in enumerate(argv[1:], start=1):
                if not word.startswith("-") and (hit := self.command(argv[place:], depth - 1)):
                    return hit
        return None

    def _script(self, path: str, argv: tuple[str, ...], depth: int) -> _Hit | None:
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
            if words and os.path.basename(words[0]) in SHELLS:
                return self._shell((*words, path, *argv[1:]), depth - 1)
            return self.command(("env", *words), depth - 1)
        second = rest.partition("\n")[0]
        if second.startswith("'''exec'"):
            return self._polyglot(path, second.removeprefix("'''exec'"))
        if os.path.basename(interpreter) in SHELLS:
            return self._shell((interpreter, path, *argv[1:]), depth - 1)
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


def _is_program(path: str) -> bool:
    return os.access(path, os.X_OK) and not os.path.isdir(path)


def _head(path: str) -> bytes:
    try:
        with open(path, "rb", buffering=0) as file:
            return file.read(_HEAD)
    except OSError:
        return b""
