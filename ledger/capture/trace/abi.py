"""Numbers and layouts of the kernel's interface: which system calls are of interest, on which machine.

A machine runs programs of several architectures (a 64-bit x86 kernel also runs i386 and x32 ones); each has
numbers of its own, and a notification says of which it is.
"""

import os
from typing import Final, NamedTuple

X86_64: Final = 0xC000003E
I386: Final = 0x40000003
AARCH64: Final = 0xC00000B7
ARM: Final = 0x40000028
X32_BIT: Final = 0x40000000

AT_FDCWD: Final = -100
AT_EMPTY_PATH: Final = 0x1000
AT_SYMLINK_FOLLOW: Final = 0x400
AT_REMOVEDIR: Final = 0x200
O_PATH: Final = 0o10000000
O_ACCMODE: Final = 3
RENAME_NOREPLACE: Final = 1
RENAME_EXCHANGE: Final = 2

IOCTL_RECEIVE: Final = 0xC0502100
IOCTL_SEND: Final = 0xC0182101
IOCTL_ID_VALID: Final = 0x40082102
IOCTL_SET_FLAGS: Final = 0x40082104
SYNC_WAKE_UP: Final = 1
CONTINUE: Final = 1
NOTIFICATION: Final = "=QIIiIQ6Q"
"""id, thread, flags, number, architecture, instruction pointer, arguments."""
NOTIFICATION_BYTES: Final = 80
RESPONSE: Final = "=QqiI"
"""id, value, error, flags."""

FLAG_SPEC_ALLOW: Final = 4
FLAG_NEW_LISTENER: Final = 8
FLAG_WAIT_KILLABLE: Final = 32
FILTER_FLAGS: Final = (
    FLAG_NEW_LISTENER | FLAG_SPEC_ALLOW | FLAG_WAIT_KILLABLE,
    FLAG_NEW_LISTENER | FLAG_SPEC_ALLOW,
    FLAG_NEW_LISTENER,
)
"""The best first; a kernel says EINVAL to what it does not know."""
CONTINUE_SINCE: Final = (5, 5)
WOKEN_SINCE: Final = (6, 11)
"""From here on, who waits to receive is woken when nobody is left to ask."""
"""The first Linux in which a notified call can be let through."""

# What a call does.
OPEN, OPEN2, CREATE, EXECUTE, RENAME, LINK, UNLINK, TRUNCATE = range(8)
CONNECT, SOCKETCALL, IO_URING, IO_URING_ENTER, HANDLE, WORLD = range(8, 14)


class Call(NamedTuple):
    """A system call of interest, and where its arguments are (-1: it has none such)."""

    does: int
    """One of the numbers above; WORLD: changes what the paths of a process mean."""
    directory: int = -1
    """Position of the descriptor that a relative path starts at."""
    path: int = -1
    flags: int = -1
    directory2: int = -1
    path2: int = -1
    unless: int = 0
    """Let through unseen if one of these bits is set in the flags."""
    only: int = -1
    """Notified only if the first argument is this."""
    some: int = -1
    """Position of an argument: let through unseen if it is 0."""


class Machine(NamedTuple):
    """What a kernel runs."""

    seccomp: int
    prctl: int
    read_memory: int
    """Number of process_vm_readv."""
    calls: dict[tuple[int, int], Call]
    """(architecture, number) → call."""


def _calls(directory: int) -> dict[str, Call]:
    """By name; `directory` is the bit of O_DIRECTORY, which differs."""
    unless = directory | O_PATH
    return {
        "open": Call(OPEN, path=0, flags=1, unless=unless),
        "openat": Call(OPEN, 0, 1, 2, unless=unless),
        "openat2": Call(OPEN2, 0, 1, 2),
        "creat": Call(CREATE, path=0),
        "execve": Call(EXECUTE, path=0),
        "execveat": Call(EXECUTE, 0, 1, 4),
        "rename": Call(RENAME, path=0, path2=1),
        "renameat": Call(RENAME, 0, 1, -1, 2, 3),
        "renameat2": Call(RENAME, 0, 1, 4, 2, 3),
        "link": Call(LINK, path=0, path2=1),
        "linkat": Call(LINK, 0, 1, 4, 2, 3),
        "unlink": Call(UNLINK, path=0),
        "unlinkat": Call(UNLINK, 0, 1, 2, unless=AT_REMOVEDIR),
        "truncate": Call(TRUNCATE, path=0),
        "truncate64": Call(TRUNCATE, path=0),
        "connect": Call(CONNECT),
        "socketcall": Call(SOCKETCALL, only=3),
        "io_uring_setup": Call(IO_URING),
        "io_uring_enter": Call(IO_URING_ENTER, some=1),
        "open_by_handle_at": Call(HANDLE, flags=2, unless=unless),
        "chroot": Call(WORLD),
        "pivot_root": Call(WORLD),
        "unshare": Call(WORLD),
        "setns": Call(WORLD),
    }


_X86_64: Final = {
    "open": 2,
    "connect": 42,
    "execve": 59,
    "truncate": 76,
    "rename": 82,
    "creat": 85,
    "link": 86,
    "unlink": 87,
    "pivot_root": 155,
    "chroot": 161,
    "openat": 257,
    "unlinkat": 263,
    "renameat": 264,
    "linkat": 265,
    "unshare": 272,
    "open_by_handle_at": 304,
    "setns": 308,
    "renameat2": 316,
    "execveat": 322,
    "io_uring_setup": 425,
    "io_uring_enter": 426,
    "openat2": 437,
}
_X32: Final = {name: number | X32_BIT for name, number in {**_X86_64, "execve": 520, "execveat": 545}.items()}
_I386: Final = {
    "open": 5,
    "creat": 8,
    "link": 9,
    "unlink": 10,
    "execve": 11,
    "rename": 38,
    "chroot": 61,
    "truncate": 92,
    "socketcall": 102,
    "truncate64": 193,
    "pivot_root": 217,
    "openat": 295,
    "unlinkat": 301,
    "renameat": 302,
    "linkat": 303,
    "unshare": 310,
    "open_by_handle_at": 342,
    "setns": 346,
    "renameat2": 353,
    "execveat": 358,
    "connect": 362,
    "io_uring_setup": 425,
    "io_uring_enter": 426,
    "openat2": 437,
}
_AARCH64: Final = {
    "unlinkat": 35,
    "linkat": 37,
    "renameat": 38,
    "pivot_root": 41,
    "truncate": 45,
    "chroot": 51,
    "openat": 56,
    "unshare": 97,
    "connect": 203,
    "execve": 221,
    "open_by_handle_at": 265,
    "setns": 268,
    "renameat2": 276,
    "execveat": 281,
    "io_uring_setup": 425,
    "io_uring_enter": 426,
    "openat2": 437,
}
_ARM: Final = {
    "open": 5,
    "creat": 8,
    "link": 9,
    "unlink": 10,
    "execve": 11,
    "rename": 38,
    "chroot": 61,
    "truncate": 92,
    "truncate64": 193,
    "pivot_root": 218,
    "connect": 283,
    "openat": 322,
    "unlinkat": 328,
    "renameat": 329,
    "linkat": 330,
    "unshare": 337,
    "open_by_handle_at": 371,
    "setns": 375,
    "renameat2": 382,
    "execveat": 387,
    "io_uring_setup": 425,
    "io_uring_enter": 426,
    "openat2": 437,
}


def machine(name: str | None = None) -> Machine | None:
    """What is known of a machine, by default of this one, as `uname` calls it; None for others."""
    name = name or os.uname().machine
    if name == "x86_64":
        known = _calls(0o200000)
        tables = ((X86_64, _X86_64), (X86_64, _X32), (I386, _I386))
        return Machine(317, 157, 310, _table(known, tables))
    if name == "aarch64":
        known = _calls(0o40000)  # that of 32-bit ARM too
        return Machine(277, 167, 270, _table(known, ((AARCH64, _AARCH64), (ARM, _ARM))))
    return None


def _table(
    known: dict[str, Call], tables: tuple[tuple[int, dict[str, int]], ...]
) -> dict[tuple[int, int], Call]:
    return {(arch, number): known[name] for arch, table in tables for name, number in table.items()}
