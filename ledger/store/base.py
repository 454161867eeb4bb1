"""The contract of an object store: content in, digest out."""

from collections.abc import Collection, Container, Iterable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Protocol

from ledger.errors import DamagedError, NotFoundError
from ledger.model import Digest

if TYPE_CHECKING:
    from ledger.store.discarding import Turn


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


def undecodable(digest: Digest, stored: int) -> DamagedError:
    """Error for an object whose `stored` bytes in a pack cannot be what they are said to be."""
    return DamagedError(
        f"damaged object {digest}",
        cause=f"expected {digest}, got {stored} stored bytes that cannot be decoded",
        hint="see what else is damaged: ledger verify",
    )


def lost_piece(digest: Digest, piece: Digest) -> DamagedError:
    """Error for an object one of whose chunks is gone."""
    return DamagedError(
        f"damaged object {digest}",
        cause=f"expected its chunk {piece}, got none: no pack has it whole",
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

    def present(self, digests: Iterable[Digest]) -> set[Digest]:
        """Those of many objects that are there, by their names alone: at less cost than `has` for each.

        One that a damaged index hides may be left out; `has` finds it.
        """
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

        Any number of threads may do so at once, as long as nothing is put meanwhile.

        Raises
        ------
        NotFoundError
            If it is not there.
        DamagedError
            If its bytes are not those that its name says.
        """
        ...

    def release(self) -> None:
        """Let go of what was put, and found to be there, since it was let go of last.

        Until then it stays, even if nothing recorded refers to it. Afterwards an entry does, or nothing will.
        A writer that forgets to do so keeps others from removing anything until its process ends.
        """
        ...

    def pinned(self) -> AbstractContextManager[None]:
        """A context at whose end is let go, unless something was held already at its beginning."""
        ...

    def avoid(self, digests: Container[Digest]) -> None:
        """From now on, rely on none of `digests` that is there: it may vanish at any time.

        They are objects, or what objects are made of. What is put is written anew where it would need one of
        them. What vanished before this call is not taken to be there.
        """
        ...

    def pieces_of(self, digests: Container[Digest]) -> frozenset[Digest]:
        """What is kept only because some objects are made of it.

        Raises
        ------
        DamagedError
            If nobody knows, because something is damaged.
        """
        ...

    def discard(self, digests: Collection[Digest], turn: "Turn | None" = None) -> None:
        """Remove objects, durably, and then their pieces, as far as no object needs one.

        Those that are not there are passed over, and so are pending ones. Only for who has made sure that
        nothing relies on them: see `ledger.store.gc`.

        Parameters
        ----------
        digests
            Of objects, and of what `pieces_of` told.
        turn
            Entered for each step in which objects go; tells what of `digests` may still go. All may where it
            is None.

        Raises
        ------
        DamagedError
            If something is damaged, so that nobody knows what is needed.
        StorageError
            If the disk refuses.
        """
        ...

    def tidy(self) -> None:
        """Put many small objects together, where that is how they are stored best.

        Raises
        ------
        StorageError
            If the disk refuses.
        """
        ...
