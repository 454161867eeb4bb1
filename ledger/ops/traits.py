"""What a process hands down to the program that it becomes: umask, processors, where its memory lies."""

import os
from collections.abc import Callable
from typing import Final

from ledger.model.frozen import frozen
from ledger.ops.namespace import NamespaceError

_ADDR_NO_RANDOMIZE: Final = 0x0040000
_ASK: Final = 0xFFFFFFFF
"""What `personality` takes for a question."""


@frozen
class Traits:
    """What a child is given of these; by default what this process has."""

    umask: int | None = None
    """Permissions that new files do not get."""
    processors: tuple[int, ...] | None = None
    """Those that it may use, by their numbers."""
    fixed_addresses: bool = False
    """Whether its memory lies at the same addresses each time (no ASLR)."""


def prepare(traits: Traits) -> Callable[[], None] | None:
    """Load what is needed before the fork and return the function that a forked child calls.

    Returns
    -------
    callable or None
        Raises `OSError`, with the failed step as its text; None where nothing is to change.

    Raises
    ------
    NamespaceError
        The C library has no such function.
    """
    if traits == Traits():
        return None
    personality: Callable[[int], int] | None = None
    if traits.fixed_addresses:
        try:
            import ctypes

            library = ctypes.CDLL(None, use_errno=True)
            personality = library.personality
            library.personality.argtypes = [ctypes.c_ulong]
        except (ImportError, OSError, AttributeError) as error:
            raise NamespaceError("addresses cannot be fixed here", cause=str(error)) from error

    def take() -> None:
        if traits.umask is not None:
            os.umask(traits.umask)
        if traits.processors is not None:
            try:
                os.sched_setaffinity(0, traits.processors)
            except OSError as error:
                raise OSError(error.errno, f"choose processors: {error.strerror}") from error
        if personality is not None:
            before = personality(_ASK)
            if before < 0 or personality(before | _ADDR_NO_RANDOMIZE) < 0:
                number = ctypes.get_errno()
                raise OSError(number, f"fix addresses: {os.strerror(number)}")

    return take
