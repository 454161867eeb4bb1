"""Which origin this machine writes from this place: a ledger directory that was copied starts a new one."""

import os
from functools import cache
from pathlib import Path

from blake3 import blake3

from ledger import fs
from ledger.errors import StorageError
from ledger.journal import log, network
from ledger.model import layout

_MACHINE = (Path("/etc/machine-id"), Path("/var/lib/dbus/machine-id"))


def owner(ledger: Path, machine: str | None = None) -> str:
    """Name of this machine and place: 16 hexadecimal digits of BLAKE3; on a network, of the running kernel.

    The journal directory has to be there: its inode tells a copy put in the original's place.
    """
    journal = layout.journal(ledger)
    parts = [machine or _machine(_MACHINE), os.path.realpath(ledger), str(journal.stat().st_ino)]
    if network.kind(journal):
        parts.append(network.kernel())
    return blake3("\0".join(parts).encode("utf-8", "surrogateescape")).hexdigest(8)


def current(ledger: Path) -> bytes | None:
    """The origin that this machine writes from here; None before the first append."""
    try:
        return read(layout.origin_file(ledger, owner(ledger)))
    except FileNotFoundError:
        return None


def claim(ledger: Path, unsound: bytes | None = None) -> bytes:
    """The origin that this machine writes from here, made where there is none.

    Parameters
    ----------
    ledger
        The ledger directory.
    unsound
        An origin whose log has lost something: a new one takes its place.

    Raises
    ------
    OSError
        If it cannot be made.
    StorageError
        If locks do not work there.
    """
    found = current(ledger)
    if found is not None and found != unsound:
        return found
    fs.make_directory(layout.journal(ledger))
    fs.make_directory(layout.origins(ledger))
    with fs.locked(layout.origins_lock(ledger)):
        found = current(ledger)
        if found is not None and found != unsound:
            return found
        if not fs.locks_hold(layout.origins_lock(ledger)):
            where = network.kind(layout.journal(ledger)) or "this file system"
            raise StorageError(
                f"no ledger can be kept at {ledger}",
                cause=f"locks do not work on it ({where}): expected one holder at a time, got two",
                hint="keep it on a local disk: --ledger DIR or LEDGER_DIR",
            )
        # The log comes first: an origin that is named has a log, or has lost it.
        origin = os.urandom(16)
        log.create(layout.log(ledger, origin))
        fs.replace(layout.origin_file(ledger, owner(ledger)), f"{origin.hex()}\n".encode())
        return origin


def named(ledger: Path) -> dict[str, bytes | None]:
    """Every owner's origin, by owner; None where the file is damaged."""
    try:
        names = sorted(os.listdir(layout.origins(ledger)))
    except FileNotFoundError:
        return {}
    return {name: read(layout.origin_file(ledger, name)) for name in names if not name.startswith(".")}


def logs(ledger: Path) -> list[bytes]:
    """Every origin that has a log here, sorted."""
    try:
        names = os.listdir(layout.journal(ledger))
    except FileNotFoundError:
        return []
    return sorted(origin for name in names if (origin := _parse(name)) is not None)


def read(path: Path) -> bytes | None:
    """The origin that a file names; None where the file is damaged."""
    return _parse(path.read_bytes().decode("ascii", "replace").rstrip("\n"))


def _parse(text: str) -> bytes | None:
    if len(text) != 32 or text != text.lower():
        return None
    try:
        origin = bytes.fromhex(text)
    except ValueError:
        return None
    return origin if len(origin) == 16 else None


@cache
def _machine(paths: tuple[Path, ...]) -> str:
    for path in paths:
        try:
            text = path.read_text("ascii").strip()
        except (OSError, UnicodeDecodeError):
            continue  # a container often has none: the next one, else the host's name
        if len(text) == 32:
            return text
    return os.uname().nodename
