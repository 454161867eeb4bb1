"""The contract of an object store: content in, digest out."""

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Protocol

from ledger.errors import DamagedError, NotFoundError
from ledger.model import Digest


def not_there(digest: Digest) -> NotFoundError:
    """Error for an object that the store does not have."""
    return NotFoundError(
        f"no object {digest}",
        cause="the store does not have it",
        hint="see what else is missing: ledger verify",
    )


def damaged(digest: Digest, got: Digest, size: int) -> DamagedError:
    """Error for an object of `size` bytes whose content has another digest."""
    return DamagedError(
        f"damaged object {digest}",
        cause=f"expected {digest}, got {got} ({size} bytes)",
        hint="see what else is damaged: ledger verify",
    )


class Store(Protocol):
    """Content-addressed objects.

    An object is named by the digest of its plain bytes, whatever its packing. Putting one that is there
    already changes nothing. Nothing that was put is durable before `flush`, nor seen by another process; what
    was put through this object is readable through it at once.
    """

    def put(self, content: bytes) -> Digest:
        """Store `content`.

        Raises
        ------
        StorageError
            If the disk refuses.
        """
        ...

    def put_file(self, path: Path) -> tuple[Digest, int]:
        """Store a file's content in bounded memory: what is hashed is what is stored.

        Returns
        -------
        tuple of Digest and int
            The name and the size in bytes of what was read; a file that changes meanwhile is stored as read.

        Raises
        ------
        OSError
            If the file itself cannot be read, or is no regular file.
        StorageError
            If the store's disk refuses.
        """
        ...

    def flush(self) -> None:
        """Make durable all that was put through this object.

        Raises
        ------
        StorageError
            If the disk refuses; what was put since the last flush is then gone, or not to be relied on.
        """
        ...

    def has(self, digest: Digest) -> bool:
        """Whether the object is there (its content is not checked)."""
        ...

    def size(self, digest: Digest) -> int:
        """Plain bytes of the object.

        Raises
        ------
        NotFoundError
            If it is not there.
        """
        ...

    def get(self, digest: Digest) -> bytes:
        """The object's content, checked.

        Raises
        ------
        NotFoundError
            If it is not there.
        DamagedError
            If its bytes are not those that its name says.
        """
        ...

    def open(self, digest: Digest) -> BinaryIO:
        """A reader of the object's content, not checked: for large objects that the caller checks.

        Raises
        ------
        NotFoundError
            If it is not there.
        """
        ...

    def restore(self, digest: Digest, path: Path, *, executable: bool = False) -> None:
        """Write the object to the new file `path`, checked, in bounded memory.

        By reflink where it can, never a hard link.

        Raises
        ------
        NotFoundError
            If the object is not there.
        DamagedError
            If its bytes are not those that its name says; `path` is then removed.
        StorageError
            If `path` cannot be written.
        """
        ...

    def digests(self) -> Iterator[Digest]:
        """All objects, in no order."""
        ...

    def check(self, digest: Digest) -> None:
        """Hash the object in bounded memory.

        Raises
        ------
        NotFoundError
            If it is not there.
        DamagedError
            If its bytes are not those that its name says.
        """
        ...
