"""Objects in memory: for tests, and for a ledger that nobody keeps."""

import io
import os
from collections.abc import Collection, Container, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from ledger import fs
from ledger.model import Digest
from ledger.store.base import damaged, not_there

if TYPE_CHECKING:
    from ledger.store.discarding import Turn


class MemoryStore:
    """A store that ends with its process; the smallest thing that fits the contract."""

    def __init__(self) -> None:
        self._contents: dict[Digest, bytes] = {}

    def put(self, content: bytes) -> Digest:
        """Store `content`, see `Store.put`."""
        digest = Digest.of(content)
        self._contents.setdefault(digest, bytes(content))
        return digest

    def put_file(self, path: Path) -> tuple[Digest, int]:
        """Store a file, see `Store.put_file`; all of it is in memory."""
        with os.fdopen(fs.open_file(path), "rb") as file:
            content = file.read()
        return self.put(content), len(content)

    def flush(self) -> None:
        """Nothing: memory is never durable."""

    def has(self, digest: Digest) -> bool:
        """Whether the object is there, see `Store.has`."""
        return digest in self._contents

    def present(self, digests: Iterable[Digest]) -> set[Digest]:
        """Those of many objects that are there, see `Store.present`."""
        return {digest for digest in digests if digest in self._contents}

    def size(self, digest: Digest) -> int:
        """Bytes of the object, see `Store.size`."""
        return len(self._find(digest))

    def get(self, digest: Digest) -> bytes:
        """Content of the object, checked, see `Store.get`."""
        content = self._find(digest)
        if (got := Digest.of(content)) != digest:
            raise damaged(digest, got, len(content))
        return content

    def open(self, digest: Digest) -> BinaryIO:
        """Open the object, unchecked, see `Store.open`."""
        return io.BytesIO(self._find(digest))

    def restore(self, digest: Digest, path: Path, *, executable: bool = False) -> None:
        """Write the object to the new file `path`, checked, see `Store.restore`."""
        content = self.get(digest)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        with fs.explained(path):
            target = os.open(path, flags, 0o755 if executable else 0o644)
            try:
                fs.write_all(target, content)
            except BaseException:
                path.unlink(missing_ok=True)
                raise
            finally:
                os.close(target)

    def digests(self) -> Iterator[Digest]:
        """Names of all objects, see `Store.digests`."""
        yield from tuple(self._contents)

    def check(self, digest: Digest) -> None:
        """Hash the object, see `Store.check`."""
        self.get(digest)

    def release(self) -> None:
        """Nothing: nobody else is here."""

    def pinned(self) -> AbstractContextManager[None]:
        """Nothing, as `release`."""
        return nullcontext()

    def avoid(self, digests: Container[Digest]) -> None:
        """Nothing, as `release`."""

    def pieces_of(self, digests: Container[Digest]) -> frozenset[Digest]:  # noqa: ARG002
        """Nothing: each object is by itself."""
        return frozenset()

    def discard(self, digests: Collection[Digest], turn: "Turn | None" = None) -> None:
        """Remove objects, see `Store.discard`."""
        with turn() if turn is not None else nullcontext(digests) as going:
            for digest in digests:
                if digest in going:
                    self._contents.pop(digest, None)

    def tidy(self) -> None:
        """Nothing: there are no files."""

    def _find(self, digest: Digest) -> bytes:
        try:
            return self._contents[digest]
        except KeyError:
            raise not_there(digest) from None
