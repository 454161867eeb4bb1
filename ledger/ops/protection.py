"""Everything but some directories made read-only, for one child in a mount namespace of its own."""

import os
import struct
from collections.abc import Callable, Sequence
from typing import Final

from ledger.ops.namespace import NamespaceError

_MS_BIND: Final = 0x1000
_MS_REC: Final = 0x4000
_MOUNT_SETATTR: Final = 442
"""The same number on every architecture; Linux 5.12 or newer."""
_AT_FDCWD: Final = -100
_AT_RECURSIVE: Final = 0x8000
_RDONLY: Final = 0x1


def prepare(writable: Sequence[str]) -> Callable[[], None]:
    """Load what is needed before the fork and return the function that a child calls in its namespace.

    The function raises `OSError`, with the failed step as its text.

    Parameters
    ----------
    writable
        Directories and files beneath which the child may write; those that are not there are passed over.

    Raises
    ------
    NamespaceError
        The C library has no such functions.
    """
    try:
        import ctypes  # few replays need it

        library = ctypes.CDLL(None, use_errno=True)
        mount, syscall = library.mount, library.syscall
    except (ImportError, OSError, AttributeError) as error:
        raise NamespaceError("nothing can be mounted here", cause=str(error)) from error
    kept = [os.fsencode(each) for each in dict.fromkeys(writable)]
    setting, clearing = (struct.pack("=QQQQ", *each, 0, 0) for each in ((_RDONLY, 0), (0, _RDONLY)))

    def check(result: int, step: str) -> None:
        if result != 0:
            number = ctypes.get_errno()
            raise OSError(number, f"{step}: {os.strerror(number)}")

    def change(path: bytes, how: bytes, step: str) -> None:
        words = (_AT_FDCWD, ctypes.c_char_p(path), ctypes.c_uint(_AT_RECURSIVE), ctypes.c_char_p(how))
        check(syscall(_MOUNT_SETATTR, *words, ctypes.c_size_t(len(how))), step)

    def enter() -> None:
        there = [each for each in kept if os.path.lexists(each)]
        for each in there:
            flags = ctypes.c_ulong(_MS_BIND | _MS_REC)
            check(mount(each, each, None, flags, None), f"mount {os.fsdecode(each)} over itself")
        change(b"/", setting, "make the mounts read-only")
        for each in there:
            change(each, clearing, f"make {os.fsdecode(each)} writable")

    return enter
