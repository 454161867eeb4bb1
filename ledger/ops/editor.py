"""Ask a person for a text in their editor, as git does."""

import os
import shlex
import subprocess
import tempfile
from pathlib import Path

from ledger.errors import LedgerError, UsageError

_SCISSORS = "------------------------ >8 ------------------------"
"""What stands above what is no part of the text; git's, since a line of Markdown may begin with ``#``."""


def ask(directory: Path, text: str, about: str) -> tuple[str, Path]:
    """What a person has written.

    Parameters
    ----------
    directory
        Where git is asked which editor.
    text
        What is there already.
    about
        What is said below, for them to know; it is no part of the text.

    Returns
    -------
    str, Path
        The text, and the file that it is in: for the caller to remove once it is kept elsewhere.

    Raises
    ------
    LedgerError
        If the editor cannot be started, or fails. What was written stays in the file then.
    UsageError
        If nothing was written.
    """
    handle, name = tempfile.mkstemp(prefix="ledger-note-", suffix=".md")
    path = Path(name)
    with os.fdopen(handle, "w", encoding="utf-8", errors="surrogateescape") as file:
        file.write(
            f"{text}\n{_SCISSORS}\n{about}\nAll from that line on is left out; without a text, nothing is.\n"
        )
    editor = find(directory)
    done = _edit(editor, path)
    if done:
        raise LedgerError(
            "no text: the editor failed",
            cause=f"{editor} ended with {done}",
            hint=f"what was written is in {path}; another editor: VISUAL=nano ledger note …",
        )
    written = path.read_bytes().decode("utf-8", "surrogateescape").replace("\r\n", "\n")
    body = f"\n{written}".partition(f"\n{_SCISSORS}")[0].strip("\n")
    if not body.strip() or body == text.strip("\n"):
        path.unlink()
        raise UsageError(
            "nothing is noted" if not body.strip() else "the note is as it was",
            cause="the editor was left without a text" if not body.strip() else "nothing was changed in it",
            hint="a text on the command line: ledger note REF 'why it was run'",
        )
    return body, path


def find(directory: Path) -> str:
    """The user's editor: git's, which is ``$GIT_EDITOR``, ``core.editor``, ``$VISUAL`` or ``$EDITOR``."""
    try:
        done = subprocess.run(["git", "var", "GIT_EDITOR"], cwd=directory, capture_output=True, check=False)
    except OSError:
        done = None  # no git: the variables have to do
    named = "" if done is None or done.returncode else done.stdout.decode("utf-8", "surrogateescape").strip()
    return named or os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"


def _edit(editor: str, path: Path) -> int:
    # A shell reads the variable, as git has it: EDITOR="code --wait" works.
    return subprocess.run(["sh", "-c", f"{editor} {shlex.quote(str(path))}"], check=False).returncode
