"""Strings in the memory of another process."""

import errno
import os
import struct
from typing import Final

from ledger.capture.trace import native
from ledger.capture.trace.abi import Machine
from ledger.capture.trace.native import Long

_PAGE: Final = 4096
"""The smallest there is; larger ones are aligned to it too."""
_FIRST: Final = 256
LONGEST: Final = 4096
"""Bytes of a path with its final NUL, as the kernel has it."""


class Unreadable(Exception):
    """The memory of a process may not be read."""


class Memory:
    """Reads what lies at an address of another process; never beyond the pages that it needs."""

    def __init__(self, machine: Machine) -> None:
        self._syscall = native.load()
        self._number = Long(machine.read_memory)
        self._buffer = bytearray(LONGEST)
        place, self._keep_buffer = native.address(self._buffer)
        self._local = bytearray(struct.pack("=QQ", place, LONGEST))
        local, self._keep_local = native.address(self._local)
        self._remote = bytearray(16)
        remote, self._keep_remote = native.address(self._remote)
        self._local_pointer, self._remote_pointer = Long(local), Long(remote)
        self._one, self._none = Long(1), Long(0)
        self._pack = struct.Struct("=QQ").pack_into
        self._by_file = False

    def string(self, process: int, address: int) -> bytes | None:
        """The bytes at an address up to a NUL; None where there are none, or no NUL within 4096 bytes.

        Raises
        ------
        Unreadable
            The process may not be looked into.
        """
        size = _PAGE - (address & (_PAGE - 1))
        if size > _FIRST:
            size = _FIRST
        got = self._read(process, address, size)
        end = self._buffer.find(0, 0, got)
        if end >= 0:
            return bytes(self._buffer[:end])
        text = bytearray()
        while got > 0:
            text += self._buffer[:got]
            if len(text) >= LONGEST:
                return None
            place = address + len(text)
            got = self._read(process, place, min(_PAGE - (place & (_PAGE - 1)), LONGEST - len(text)))
            end = self._buffer.find(0, 0, got)
            if end >= 0:
                return bytes(text + self._buffer[:end])
        return None

    def bytes(self, process: int, address: int, size: int) -> bytes:
        """Up to `size` bytes at an address; fewer where no more is mapped."""
        found = bytearray()
        while len(found) < size:
            place = address + len(found)
            got = self._read(process, place, min(_PAGE - (place & (_PAGE - 1)), size - len(found)))
            if got <= 0:
                break
            found += self._buffer[:got]
        return bytes(found)

    def _read(self, process: int, address: int, size: int) -> int:
        """Fill the start of the buffer; return how many bytes, 0 where there is nothing."""
        if self._by_file:
            return self._read_file(process, address, size)
        self._pack(self._remote, 0, address & 0xFFFFFFFFFFFFFFFF, size)
        got: int = self._syscall(
            self._number,
            process,
            self._local_pointer,
            self._one,
            self._remote_pointer,
            self._one,
            self._none,
        )
        if got >= 0:
            return got
        number = native.errno()
        if number == errno.ENOSYS:
            self._by_file = True
        if number in (errno.EPERM, errno.ENOSYS, errno.EACCES):
            return self._read_file(process, address, size)
        return 0  # EFAULT: the call will fail with it too; ESRCH: the process is gone

    def _read_file(self, process: int, address: int, size: int) -> int:
        try:
            descriptor = os.open(f"/proc/{process}/mem", os.O_RDONLY | os.O_CLOEXEC)
        except (FileNotFoundError, ProcessLookupError):
            return 0
        except OSError as error:
            raise Unreadable(error.strerror) from error
        try:
            got = os.pread(descriptor, size, address)
        except (OSError, OverflowError):
            return 0
        finally:
            os.close(descriptor)
        self._buffer[: len(got)] = got
        return len(got)
