"""The contract of a transport: blobs by name, somewhere else."""

from collections.abc import Iterator
from typing import BinaryIO, NamedTuple, Protocol

from ledger.errors import DamagedError, NotFoundError, UsageError

BLOCK = 1 << 20
"""Bytes that are read at once."""


class Blob(NamedTuple):
    """A blob, as a listing tells it."""

    name: str
    size: int
    """Bytes."""


class Transport(Protocol):
    """Blobs by name: relative paths of letters, digits, ``-`` and ``/``, which this side alone makes up.

    What a listing tells is the other side's and is to be checked. A blob is seen whole or not at all. Any
    number of threads may use one of these; `flush` and `close` are called by one, while no other is busy.
    """

    url: str
    """Where it is, without secrets."""
    parallel: int
    """How many calls at once are worth it."""

    def get(self, name: str, most: int) -> bytes:
        """Content of a blob of at most `most` bytes.

        Raises
        ------
        NotFoundError
            If there is none of that name.
        DamagedError
            If it has more bytes.
        RemoteError
            If the other side cannot be reached, or refuses.
        """
        ...

    def blocks(self, name: str) -> Iterator[bytes]:
        """Content of a blob, block by block. Raises as `get`, also midway."""
        ...

    def size(self, name: str) -> int | None:
        """Bytes of a blob; None if there is none of that name. Raises RemoteError."""
        ...

    def put(self, name: str, content: bytes) -> None:
        """Store a blob whose name says what its content is; it is there, durably, after the next `flush`.

        Raises
        ------
        RemoteError
            If the other side cannot be reached, or refuses.
        """
        ...

    def put_from(self, name: str, source: BinaryIO, size: int) -> None:
        """Store a blob as `put`, in bounded memory. Raises RemoteError, and what reading `source` raises."""
        ...

    def flush(self) -> None:
        """Make durable all that was put through this object. Raises RemoteError."""
        ...

    def create(self, name: str, content: bytes) -> bool:
        """Store a blob unless there is one of that name: of any number who try, one succeeds.

        Returns
        -------
        bool
            Whether it was this call that stored it; it is durable then. After a lost answer False may be said
            of one's own: read it to know.

        Raises
        ------
        RemoteError
            If the other side cannot be reached, or refuses.
        """
        ...

    def listed(self, directory: str) -> Iterator[Blob]:
        """All blobs beneath a directory, whose name ends with ``/``; in no order. Raises RemoteError."""
        ...

    def delete(self, name: str) -> None:
        """Remove a blob; nothing if there is none. Raises RemoteError."""
        ...

    def close(self) -> None:
        """Let go of connections and of what was put since the last `flush`."""
        ...


def not_installed(url: str, package: str, extra: str, error: ImportError) -> UsageError:
    """Error for a place that only a package reaches which is not there."""
    return UsageError(
        f"{url} needs the package {package}",
        cause=str(error),
        hint=f"python -m pip install 'replay-ledger[{extra}]'",
    )


def no_blob(url: str, name: str) -> NotFoundError:
    """Error for a blob that is not there."""
    return NotFoundError(f"{url} has no {name}", cause="it was never pushed there, or was removed since")


def too_large(url: str, name: str, most: int, size: int) -> DamagedError:
    """Error for a blob that has more bytes than it can have."""
    return DamagedError(f"{url} holds a bad {name}", cause=f"expected at most {most} bytes, got {size}")
