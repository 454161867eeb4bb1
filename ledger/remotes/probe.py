"""Whether a remote does what is relied on: tried before it is believed."""

import os
from concurrent.futures import ThreadPoolExecutor

from ledger.errors import NotFoundError, RemoteError
from ledger.remotes.base import Transport

_WRITERS = 8
_ROUNDS = 3


def probe(transport: Transport) -> None:
    """Create blobs at once from many sides, and see whether one, and only one, wins each time.

    Where two win, the marker of a remote, a segment or a head can be lost to another writer unseen.

    Raises
    ------
    RemoteError
        If the remote lies, or cannot be reached.
    """
    names = [f"probe/{os.urandom(16).hex()}" for _ in range(_ROUNDS)]
    try:
        for name in names:
            _race(transport, name)
    finally:
        for name in names:
            transport.delete(name)


def _race(transport: Transport, name: str) -> None:
    contents = [f"{writer} of {name}".encode() for writer in range(_WRITERS)]
    with ThreadPoolExecutor(_WRITERS) as pool:
        won = list(pool.map(lambda content: transport.create(name, content), contents))
    winners = [content for content, each in zip(contents, won, strict=True) if each]
    if len(winners) != 1:
        raise _lies(transport, f"one of {_WRITERS} who create a blob to succeed", f"{len(winners)} did")
    if transport.create(name, b"late"):
        raise _lies(transport, "a blob that is there not to be created again", "it was")
    try:
        found = transport.get(name, 1000)
    except NotFoundError:
        raise _lies(transport, "a blob that was just created", "nothing") from None
    if found != winners[0]:
        raise _lies(transport, f"what the winner wrote, {winners[0]!r}", repr(found))
    listed = {blob.name: blob.size for blob in transport.listed("probe/")}
    if listed.get(name) != len(found):
        raise _lies(transport, "a listing with what was just created", f"{len(listed)} other blobs")


def _lies(transport: Transport, expected: str, got: str) -> RemoteError:
    return RemoteError(
        f"{transport.url} is refused: what it says of a write is not true",
        cause=f"expected {expected}, got {got}",
        hint="share through another store, a directory, or a machine by sftp://",
    )
