"""Derived values on disk: what is damaged, gone or unwritable costs time and nothing else."""

import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import cbor2

from ledger import fs
from ledger.model import Digest

_VERSION = 1
"""Raised when what is cached changes its shape: older values are then not found."""


def key_of(*parts: Any) -> Digest:
    """Name of a cached value: a digest of the plain values that it was derived from."""
    return Digest.of(repr((_VERSION, *parts)).encode("utf-8", "surrogateescape"))


def load(cache: Path, kind: str, key: Digest) -> Any:
    """The value, or None where it is not there, not whole, or another's."""
    try:
        content = _path(cache, kind, key).read_bytes()
    except OSError:
        return None
    payload = memoryview(content)[32:]
    if Digest.of(bytes(key) + bytes(payload)) != content[:32]:
        return None
    return cbor2.loads(payload)


def save(cache: Path, kind: str, key: Digest, value: Any) -> None:
    """Keep the value, if the disk lets us: not synced, since a torn one is not believed."""
    path = _path(cache, kind, key)
    with suppress(OSError, UnicodeEncodeError):  # what cannot be kept is derived anew the next time
        payload = cbor2.dumps(value)
        path.parent.mkdir(parents=True, exist_ok=True)
        fs.replace(path, bytes(Digest.of(bytes(key) + payload)) + payload, sync=False)


def stamp(path: str | Path) -> tuple[int, int] | None:
    """(time of change in ns, size) of a file or directory; None where there is none."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    return status.st_mtime_ns, status.st_size


def _path(cache: Path, kind: str, key: Digest) -> Path:
    return cache / kind / key.hex()[:32]
