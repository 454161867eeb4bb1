"""Git as processes: started beside each other, asked to leave everything as it is."""

import os
import re
import subprocess
from pathlib import Path
from typing import Final

from ledger.capture.walk import raw, text
from ledger.model.frozen import frozen

# No lock, no hook, no file system monitor (in old releases that is a hook too), and paths are never patterns.
_OPTIONS: Final = (
    *("--no-optional-locks", "--literal-pathspecs"),
    *("-c", "core.fsmonitor=", "-c", "core.hooksPath=/dev/null"),
)
_KEPT: Final = re.compile(r"GIT_(CONFIG_(GLOBAL|SYSTEM|NOSYSTEM|COUNT|KEY_\d+|VALUE_\d+)|EXEC_PATH)")
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
    running: list[subprocess.Popen[bytes]] = []
    failed: OSError | None = None
    for command in commands:
        try:
            running.append(
                subprocess.Popen(
                    ["git", *_OPTIONS, *(os.fsdecode(raw(word)) for word in command)],
                    cwd=root,
                    env=variables,
                    stdin=subprocess.DEVNULL if given is None else subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                )
            )
        except OSError as error:
            failed = error
            break
    answers = []
    for process in running:
        output, errors = process.communicate(given)
        answers.append(Answer(output=output, errors=text(errors)))
    if failed is not None:
        missing = isinstance(failed, FileNotFoundError) and root.is_dir()
        raise GitUnusable("git is not installed" if missing else f"git: {failed.strerror}") from failed
    for command, process, answer in zip(commands, running, answers, strict=True):
        if process.returncode and not (command[0] == "config" and process.returncode == _NO_SUCH_KEY):
            said = " ".join(answer.errors.split()) or f"exit code {process.returncode}"
            raise GitUnusable(f"git {command[0]}: {said[:300]}")
    return answers


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
        if not name.startswith("GIT_") or _KEPT.fullmatch(name)
    }
    variables |= {"LC_ALL": "C", "LANGUAGE": "C", "GIT_TERMINAL_PROMPT": "0", "GIT_NO_LAZY_FETCH": "1"}
    if os.path.lexists(root / ".git"):
        # A broken repository must not be taken for a directory of the one around it.
        variables["GIT_CEILING_DIRECTORIES"] = str(root.parent)
    return variables
