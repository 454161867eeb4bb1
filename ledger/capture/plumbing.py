"""Git as processes: started beside each other, asked to leave everything as it is."""

import fcntl
import os
import signal
from pathlib import Path
from typing import Any, Final

from ledger import fs
from ledger.capture.walk import raw, text
from ledger.model.frozen import frozen

# No lock, no hook, no file system monitor (in old releases that is a hook too), and paths are never patterns.
_OPTIONS: Final = (
    *("--no-optional-locks", "--literal-pathspecs"),
    *("-c", "core.fsmonitor=", "-c", "core.hooksPath=/dev/null"),
    # Each file has just been looked at, so that the kernel has it at hand: threads that look ahead only cost.
    *("-c", "core.preloadIndex=false"),
)
_KEPT: Final = frozenset(
    {"GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM", "GIT_CONFIG_COUNT", "GIT_EXEC_PATH"}
)
_KEPT_NUMBERED: Final = ("GIT_CONFIG_KEY_", "GIT_CONFIG_VALUE_")
_RESET: Final = (signal.SIGPIPE, signal.SIGXFSZ)
"""Signals that Python ignores in every process, and that a program expects not to be."""
_NO_SUCH_KEY: Final = 1
"""What `git config` answers where it has none."""


class GitUnusable(Exception):
    """Git cannot say what is in a tree; the text says why."""


@frozen
class Answer:
    """What a git process wrote."""

    output: bytes
    errors: str

    def rows(self) -> list[str]:
        """Its NUL-ended records."""
        return self.output.decode("utf-8", "surrogateescape").split("\0")[:-1]


def ask(root: Path, *commands: tuple[str, ...], given: bytes | None = None) -> list[Answer]:
    """Run git commands beside each other in `root`; the answers are in their order.

    Parameters
    ----------
    root
        The working directory.
    commands
        Words behind ``git``.
    given
        Standard input of a single command.

    Raises
    ------
    GitUnusable
        If git is missing or one of them fails.
    """
    variables = _variables(root)
    running: list[_Process] = []
    failed: OSError | None = None
    for command in commands:
        try:
            running.append(_Process(root, command, variables, given))
        except OSError as error:
            failed = error
            break
    codes = [process.wait() for process in running]
    answers = [process.answer() for process in running]
    if failed is not None:
        missing = isinstance(failed, FileNotFoundError) and root.is_dir()
        raise GitUnusable("git is not installed" if missing else f"git: {failed.strerror}") from failed
    for command, code, answer in zip(commands, codes, answers, strict=True):
        if code and not (command[0] == "config" and code == _NO_SUCH_KEY):
            said = " ".join(answer.errors.split()) or f"exit code {code}"
            raise GitUnusable(f"git {command[0]}: {said[:300]}")
    return answers


class _Process:
    """One git; what it writes goes into memory, so that none ever waits for us to read.

    The module `subprocess` would do it too, at three times the cost.
    """

    def __init__(
        self, root: Path, command: tuple[str, ...], variables: dict[str, str], given: bytes | None
    ) -> None:
        self._files: list[int] = []
        try:
            self._output, self._errors = self._file(), self._file()
            actions: list[tuple[Any, ...]] = [(os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0)]
            if given is not None:
                source = self._file()
                fs.write_all(source, given)
                os.lseek(source, 0, os.SEEK_SET)
                actions = [(os.POSIX_SPAWN_DUP2, source, 0)]
            actions += [(os.POSIX_SPAWN_DUP2, self._output, 1), (os.POSIX_SPAWN_DUP2, self._errors, 2)]
            words = [b"git", b"-C", os.fsencode(root), *map(raw, (*_OPTIONS, *command))]
            self._id = os.posix_spawnp("git", words, variables, file_actions=actions, setsigdef=_RESET)
        except OSError:
            self._close()
            raise

    def wait(self) -> int:
        """Wait for its end; its exit code."""
        try:
            return os.waitstatus_to_exitcode(os.waitpid(self._id, 0)[1])
        except ChildProcessError:
            return 0  # whoever started us ignores SIGCHLD: nobody can tell the code any more

    def answer(self) -> Answer:
        """What it has written."""
        try:
            return Answer(output=_content(self._output), errors=text(_content(self._errors)))
        finally:
            self._close()

    def _file(self) -> int:
        """A file in memory, not in the place of a standard stream that is closed."""
        descriptor = os.memfd_create("git")
        if descriptor <= 2:
            low, descriptor = descriptor, fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 3)
            os.close(low)
        self._files.append(descriptor)
        return descriptor

    def _close(self) -> None:
        while self._files:
            os.close(self._files.pop())


def _content(descriptor: int) -> bytes:
    """All of a file in memory."""
    with open(descriptor, "rb", buffering=0, closefd=False) as file:
        file.seek(0)
        return file.readall()


def top_prefix(root: Path) -> str:
    """Path of `root` from the top of its working tree, with a slash behind; empty at the top.

    Raises
    ------
    GitUnusable
        If it lies in no working tree.
    """
    if os.path.lexists(root / ".git"):
        return ""
    (answer,) = ask(root, ("rev-parse", "--show-prefix"))
    return text(answer.output).removesuffix("\n")


def _variables(root: Path) -> dict[str, str]:
    """The user's variables without those that send git to another repository, index or object store."""
    variables = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("GIT_") or name in _KEPT or name.startswith(_KEPT_NUMBERED)
    }
    variables |= {"LC_ALL": "C", "LANGUAGE": "C", "GIT_TERMINAL_PROMPT": "0", "GIT_NO_LAZY_FETCH": "1"}
    if os.path.lexists(root / ".git"):
        # A broken repository must not be taken for a directory of the one around it.
        variables["GIT_CEILING_DIRECTORIES"] = str(root.parent)
    return variables
