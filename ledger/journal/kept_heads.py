"""Heads that were signed or pinned, each in a file of its own that nothing changes.

They lie outside of the logs that they speak of: a log that is rolled back takes no evidence of that with it.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from ledger import fs
from ledger.errors import DamagedError, LedgerError, NotFoundError
from ledger.model import Digest, Head, layout
from ledger.model.codec import decode, encode
from ledger.model.frozen import frozen

_MOST = 1 << 16
"""Bytes of a signature that are read."""


@frozen
class KeptHead:
    """A head, and what was signed of it."""

    digest: Digest
    head: Head
    signatures: tuple[str, ...]
    """As ``ssh-keygen -Y sign`` writes them, in the order of their keys' digests."""


def keep(ledger: Path, head: Head) -> Digest:
    """Keep a head, and make durable what it tells of; returns its digest.

    Raises
    ------
    StorageError
        If the disk refuses.
    """
    content = encode(head)
    digest = Digest.of(content)
    with fs.explained(layout.heads(ledger)):
        _settle(ledger, head)
        fs.make_directory(layout.heads(ledger))
        fs.create(layout.kept_head(ledger, digest), content, mode=0o444)
    return digest


def keep_signature(ledger: Path, head: Head, key: Digest, signature: str) -> Digest:
    """Keep a head and its signature by a key, durably; a later one by that key takes its place.

    Raises
    ------
    StorageError
        If the disk refuses.
    """
    digest = keep(ledger, head)
    with fs.explained(layout.heads(ledger)):
        fs.replace(layout.head_signature(ledger, digest, key), signature.encode("ascii"), mode=0o444)
    return digest


def digests(ledger: Path) -> list[Digest]:
    """Of all heads that are kept, sorted."""
    return sorted(digest for name in _names(ledger) if (digest := layout.kept_head_digest(name)))


def get(ledger: Path, digest: Digest) -> KeptHead:
    """A head that is kept.

    Raises
    ------
    NotFoundError
        If it is not.
    DamagedError
        If its file is damaged.
    """
    path = layout.kept_head(ledger, digest)
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise NotFoundError(
            f"no head {digest} is kept here",
            cause=f"expected {path}",
            hint="see the one that is there now: ledger head",
        ) from error
    if Digest.of(content) != digest:
        raise DamagedError(
            f"{path} is damaged", cause=f"expected bytes of {digest}, got those of {Digest.of(content)}"
        )
    try:
        head = decode(Head, content)
    except LedgerError as error:
        raise DamagedError(f"{path} is damaged", cause=error.cause) from error
    return KeptHead(digest=digest, head=head, signatures=_signatures(ledger, digest))


def alone(ledger: Path) -> list[str]:
    """Names of signatures whose head is gone."""
    kept = set(digests(ledger))
    signed = {name: layout.signed_head_digest(name) for name in _names(ledger)}
    return [name for name, digest in signed.items() if digest is not None and digest not in kept]


def _settle(ledger: Path, head: Head) -> None:
    """Have no crash take an entry back that a head has told of: others may have yet to sync it."""
    for each in head.origins:
        log = layout.log(ledger, each.origin)
        for name in os.listdir(log) if log.is_dir() else ():
            if layout.tail_first(name) is not None:
                with suppress(FileNotFoundError):  # it has become a segment, which is durable
                    fs.sync_file(log / name)


def _signatures(ledger: Path, digest: Digest) -> tuple[str, ...]:
    names = (name for name in _names(ledger) if layout.signed_head_digest(name) == digest)
    return tuple(_text(layout.heads(ledger) / name) for name in names)


def _text(path: Path) -> str:
    with open(path, "rb") as file:
        return file.read(_MOST).decode("ascii", "replace")


def _names(ledger: Path) -> Iterator[str]:
    try:
        names = os.listdir(layout.heads(ledger))
    except FileNotFoundError:
        return
    yield from sorted(name for name in names if not name.startswith("."))
