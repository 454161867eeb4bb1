"""How long a command may run."""

from typing import Final

from ledger.errors import UsageError

LONGEST_S: Final = 2_000_000.0
"""About 23 days; poll takes at most 2**31 - 1 ms, and raises an OverflowError beyond that."""


def check(seconds: float | None, option: str) -> None:
    """Refuse a timeout that cannot be waited for; None is none.

    Parameters
    ----------
    seconds
        After which a command is ended.
    option
        What says it.

    Raises
    ------
    UsageError
        If it is no number, not more than 0, or longer than can be waited for.
    """
    if seconds is not None and not 0 < seconds <= LONGEST_S:  # NaN is neither
        raise UsageError(
            "a bad timeout",
            cause=f"{option}: expected more than 0 and at most {LONGEST_S:.0f} seconds, got {seconds}",
            hint=f"leave out {option} to wait without an end",
        )
