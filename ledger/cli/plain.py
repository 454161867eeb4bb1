"""What commands share and click has no part in: where they were given, what they say beside their output."""

import sys

from ledger.errors import LedgerError, NotFoundError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path


def directory() -> "Path":
    """The directory where the command was given.

    Raises
    ------
    NotFoundError
        If it is gone.
    """
    from pathlib import Path

    try:
        return Path.cwd()
    except FileNotFoundError as error:
        raise NotFoundError(
            "the current directory does not exist any more", hint="change into another one: cd"
        ) from error


def report(error: LedgerError) -> None:
    """Write an error to standard error: what, why, and what helps."""
    from ledger.ops.text import clean

    for label, text in (("error", error.message), ("cause", error.cause), ("hint", error.hint)):
        if text:
            write_error(f"{label}: {clean(text)}")


def warn(text: str) -> None:
    """Write a warning to standard error."""
    say(f"warning: {text}")


def say(text: str) -> None:
    """Write a line to standard error."""
    from ledger.ops.text import line

    write_error(f"ledger: {line(text)}")


def write_error(text: str) -> None:
    """Write what a terminal can show to standard error."""
    print(text, file=sys.stderr, flush=True)
