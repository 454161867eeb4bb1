"""Namespaces for one child: other directories over the paths that it knows, another name, no network."""

import fcntl
import os
import struct
from collections.abc import Callable, Sequence
from typing import Final

from ledger.errors import LedgerError
from ledger.model.frozen import frozen
from ledger.ops import signals

_CLONE_NEWNS: Final = 0x00020000
_CLONE_NEWUTS: Final = 0x04000000
_CLONE_NEWUSER: Final = 0x10000000
_CLONE_NEWNET: Final = 0x40000000
_MS_BIND: Final = 0x1000
_MS_REC: Final = 0x4000
_MS_PRIVATE: Final = 0x40000

_SIOCSIFFLAGS: Final = 0x8914
_IFF_UP: Final = 1

_reason: list[str | None] = []


class NamespaceError(LedgerError):
    """A child could not be given the surroundings that it was to have; nothing was started."""


@frozen
class Bind:
    """One directory, or file, mounted over another.

    All sources are opened before the first mount, so a source that lies beneath a target of the same list
    still means what lies there now. Targets are looked up one after another: one that lies beneath an earlier
    target is found inside what was mounted there, and has to exist there.
    """

    source: str
    """Absolute path of what is to be seen."""
    target: str
    """Absolute path at which it is to be seen."""


def prepare(
    binds: Sequence[Bind], *, hostname: str | None = None, network: bool = True
) -> Callable[[], None]:
    """Load what is needed before the fork and return the function that a forked child calls.

    The function raises `OSError`, with the failed step as its text, and leaves the child in a user and mount
    namespace (a mount namespace alone where the process may make one, as root), with the same user and group
    ids, all mounts private and `binds` mounted. The working directory still is the one from before: change
    into it anew.

    Parameters
    ----------
    binds
        What to mount over what.
    hostname
        What the child takes the machine's name for; None for its own.
    network
        Whether it has the machine's network; else its own loopback is all that it reaches.

    Raises
    ------
    NamespaceError
        The C library has no such functions.
    """
    try:
        import ctypes  # only replays in a namespace need it

        if not network:
            import socket

        library = ctypes.CDLL(None, use_errno=True)
        for name in ("unshare", "mount", "sethostname"):
            getattr(library, name)
    except (ImportError, OSError, AttributeError) as error:
        raise NamespaceError("there are no namespaces here", cause=str(error)) from error
    user, group = os.geteuid(), os.getegid()
    pairs = [(os.fsencode(bind.source), os.fsencode(bind.target)) for bind in binds]

    def check(result: int, step: str) -> None:
        if result != 0:
            number = ctypes.get_errno()
            raise OSError(number, f"{step}: {os.strerror(number)}")

    def mount(source: bytes | None, target: bytes, flags: int, step: str) -> None:
        check(library.mount(source, target, None, ctypes.c_ulong(flags), None), step)

    kinds = _CLONE_NEWNS
    kinds |= 0 if hostname is None else _CLONE_NEWUTS
    kinds |= 0 if network else _CLONE_NEWNET
    called = (hostname or "").encode()

    def enter() -> None:
        # Alone where allowed: root keeps its rights over other users' files, which one mapped id would lose.
        if library.unshare(kinds) != 0:
            check(library.unshare(_CLONE_NEWUSER | kinds), "make a user namespace")
            _write("/proc/self/setgroups", "deny")
            _write("/proc/self/uid_map", f"{user} {user} 1")
            _write("/proc/self/gid_map", f"{group} {group} 1")
        if called:
            check(library.sethostname(called, len(called)), "set a host name")
        if not network:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as any_socket:
                _up(any_socket.fileno(), b"lo")
        mount(None, b"/", _MS_REC | _MS_PRIVATE, "make the mounts private")
        opened = [(_open(source), source, target) for source, target in pairs]
        for descriptor, source, target in opened:
            step = f"mount {os.fsdecode(source)} over {os.fsdecode(target)}"
            mount(b"/proc/self/fd/%d" % descriptor, target, _MS_BIND | _MS_REC, step)
            os.close(descriptor)

    return enter


def available() -> str | None:
    """Return None if `prepare` works here, else the reason why not; tried once for each process."""
    if not _reason:
        _reason.append(_try())
    return _reason[0]


def _try() -> str | None:
    here = os.path.dirname(os.path.abspath(__file__))
    try:
        enter = prepare([Bind(source=here, target=here)])
        reader, writer = os.pipe()
    except (NamespaceError, OSError) as error:
        return str(error)
    child = signals.fork()
    if child == 0:
        text = b""
        try:
            enter()
        except BaseException as error:  # noqa: BLE001 - the parent gets it
            text = str(error).encode("utf-8", "replace")[:2000] or b"unknown"
        finally:
            os.write(writer, text)
            os._exit(0)
    os.close(writer)
    with open(reader, "rb") as pipe:
        text = pipe.read()
    _, status = os.waitpid(child, 0)
    if status != 0:
        return f"the trial of it ended with status {status}"
    return text.decode("utf-8", "replace") or None


def _up(descriptor: int, interface: bytes) -> None:
    """Let a new network namespace have the loopback that every program takes for granted."""
    try:
        fcntl.ioctl(descriptor, _SIOCSIFFLAGS, struct.pack("16sh22x", interface, _IFF_UP))
    except OSError as error:
        raise OSError(error.errno, f"set up the loopback: {error.strerror}") from error


def _write(path: str, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY)
    try:
        os.write(descriptor, text.encode("ascii"))
    except OSError as error:
        raise OSError(error.errno, f"write {path}: {error.strerror}") from error
    finally:
        os.close(descriptor)


def _open(source: bytes) -> int:
    try:
        return os.open(source, os.O_PATH | os.O_CLOEXEC)
    except OSError as error:
        raise OSError(error.errno, f"open {os.fsdecode(source)}: {error.strerror}") from error
