"""What can go wrong, grouped by whose turn it is to act; each class carries its exit code."""


class LedgerError(Exception):
    """Base of every error that a person sees.

    Parameters
    ----------
    message
        What went wrong, in one line.
    cause
        What was expected and what was found, with the place.
    hint
        The exact command or edit that helps.
    """

    exit_code = 1

    def __init__(self, message: str, *, cause: str | None = None, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.cause = cause
        self.hint = hint

    def __str__(self) -> str:
        lines = [self.message]
        if self.cause:
            lines.append(f"cause: {self.cause}")
        if self.hint:
            lines.append(f"hint: {self.hint}")
        return "\n".join(lines)


class UsageError(LedgerError):
    """The call itself is off: a wrong option, a filter that does not parse, a bad configuration key."""

    exit_code = 2


class NotFoundError(LedgerError):
    """A reference, path or object that names nothing."""

    exit_code = 3


class AmbiguousError(LedgerError):
    """A reference that names more than one thing."""

    exit_code = 3


class MismatchError(LedgerError):
    """What was found is not what the record says."""

    exit_code = 4


class IncomparableError(LedgerError):
    """A trial that cannot be made again here, so that nothing can be said about its results."""

    exit_code = 5


class DamagedError(LedgerError):
    """Bytes that are not what their digest, checksum or schema says."""

    exit_code = 4


class FormatError(LedgerError):
    """A document that is not of its schema; the message names the path inside the document."""

    exit_code = 1


class NewerFormatError(FormatError):
    """A format version that this release does not know."""


class StorageError(LedgerError):
    """The disk refused: full, read-only, an fsync that failed."""

    exit_code = 1


class RemoteError(LedgerError):
    """A remote that cannot be reached, refuses, or is not what a ledger can be shared through."""

    exit_code = 1


class CannotRecordError(LedgerError):
    """A command that was not started, because it could not be recorded."""

    exit_code = 125


class SpaceExhaustedError(LedgerError):
    """A search that has tried all that its space has."""

    exit_code = 1
