"""The few system calls that Python has no function for, by `_ctypes` alone: `ctypes` costs 2 ms to import."""

import _ctypes
import os
from typing import Any, Final

from ledger.capture.trace.abi import Machine

_GET_NOTIF_SIZES: Final = 3
_SET_MODE_FILTER: Final = 1
_SET_NO_NEW_PRIVS: Final = 38


class Long(_ctypes._SimpleCData):  # type: ignore[type-arg]
    """A C long, which is as wide as a register."""

    _type_ = "l"


class _Byte(_ctypes._SimpleCData):  # type: ignore[type-arg]
    _type_ = "c"


class _Function(_ctypes.CFuncPtr):
    _flags_ = _ctypes.FUNCFLAG_CDECL | _ctypes.FUNCFLAG_USE_ERRNO
    _restype_ = Long


def load(name: str = "syscall") -> Any:
    """A function of the C library, which returns -1 and leaves `errno`.

    Raises
    ------
    OSError
        There is no such function.
    """
    program = _ctypes.dlopen(None, 0)  # type: ignore[arg-type]
    return _Function(_ctypes.dlsym(program, name))


def signal_descriptor(signals: set[int]) -> int:
    """Open a descriptor that is readable while one of these blocked signals is pending.

    Raises
    ------
    OSError
        There is none to be had.
    """
    mask = bytearray(sum(1 << (number - 1) for number in signals).to_bytes(128, "little"))
    place, _keep = address(mask)
    got: int = load("signalfd")(Long(-1), Long(place), Long(os.O_CLOEXEC | os.O_NONBLOCK))
    if got < 0:
        raise OSError(errno(), f"signalfd: {os.strerror(errno())}")
    return got


def errno() -> int:
    """What the last failed call left."""
    return _ctypes.get_errno()


def address(buffer: Any) -> tuple[int, object]:
    """Where a writable buffer lies, and what has to be kept as long as that is used."""
    kind: Any = type("_Block", (_ctypes.Array,), {"_type_": _Byte, "_length_": len(buffer)})
    block = kind.from_buffer(buffer)
    return _ctypes.addressof(block), block


class Seccomp:
    """What a process needs to put a filter upon itself; every buffer is made beforehand."""

    def __init__(self, machine: Machine, program: bytes) -> None:
        self._syscall = load()
        self._seccomp = Long(machine.seccomp)
        self._prctl = Long(machine.prctl)
        self._filter = bytearray(program)
        place, self._keep_filter = address(self._filter)
        count = len(program) // 8
        self._header = bytearray(count.to_bytes(8, "little") + place.to_bytes(8, "little"))
        header, self._keep_header = address(self._header)
        self._pointer = Long(header)

    def check(self) -> int:
        """Return 0 if the kernel has user notification, else its error number."""
        sizes = bytearray(8)
        place, _keep = address(sizes)
        if self._syscall(self._seccomp, Long(_GET_NOTIF_SIZES), Long(0), Long(place)) != 0:
            return errno() or 1
        return 0

    def set(self, flags: int) -> int:
        """Filter this process; return the listener's descriptor, or minus the error number."""
        got: int = self._syscall(self._seccomp, Long(_SET_MODE_FILTER), Long(flags), self._pointer)
        return got if got >= 0 else -errno()

    def renounce(self) -> int:
        """Set no_new_privs; return 0 or minus the error number."""
        got: int = self._syscall(self._prctl, Long(_SET_NO_NEW_PRIVS), Long(1), Long(0), Long(0), Long(0))
        return got if got >= 0 else -errno()


def strerror(number: int) -> str:
    """The system's words for an error number."""
    return os.strerror(number)
