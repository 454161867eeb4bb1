"""What this ledger knows of a remote: derived, so that it can be deleted, and saves looking only.

A note that is damaged, or of a remote that has lost something, makes a push leave out what it takes to be
there: it is written only of what was durable there, and ``push --full`` looks for itself. Once one is gone,
only ``push --full`` sends what was left out before.
"""

import os
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from ledger import fs
from ledger.model import Digest, OriginHead, layout
from ledger.model.digest import SIZE
from ledger.remotes import names


class Note:
    """The note of one remote.

    Parameters
    ----------
    ledger
        The ledger directory.
    remote
        The remote's id.
    """

    def __init__(self, ledger: Path, remote: bytes) -> None:
        self._directory = layout.remote_notes(ledger)
        self._objects = layout.remote_objects(ledger, remote)
        self._left = layout.remote_left(ledger, remote)
        self._heads = layout.remote_heads(ledger, remote)

    def heads(self) -> dict[bytes, OriginHead]:
        """The greatest head of each origin that the remote was seen with."""
        try:
            lines = self._heads.read_text("ascii").splitlines()
        except (FileNotFoundError, UnicodeDecodeError):
            return {}
        return {head.origin: head for line in lines if (head := names.head_of(line)) is not None}

    def set_heads(self, heads: Iterable[OriginHead]) -> None:
        """Keep what the remote was seen with.

        Raises
        ------
        OSError
            If the disk refuses.
        """
        fs.make_directory(self._directory)
        text = "".join(f"{names.of_head(head)}\n" for head in sorted(heads, key=lambda head: head.origin))
        fs.replace(self._heads, text.encode(), sync=False)

    @property
    def has_objects(self) -> bool:
        """Whether anything is known of its objects."""
        return self._objects.exists()

    def there(self, wanted: Collection[Digest]) -> set[Digest]:
        """Those of some objects that the remote is known to have."""
        if not wanted:
            return set()
        try:
            content = self._objects.read_bytes()
        except FileNotFoundError:
            return set()
        if len(content) % SIZE:  # a crash tore it: what would be written behind could not be read
            self.forget_objects()
            return set()
        chosen = set(wanted)
        found = {content[place : place + SIZE] for place in range(0, len(content), SIZE)} & chosen
        return {Digest(each) for each in found}

    def add(self, digests: Iterable[Digest]) -> None:
        """Keep in mind that the remote has some objects, durably.

        Raises
        ------
        OSError
            If the disk refuses.
        """
        content = b"".join(digests)
        if not content:
            return
        fs.make_directory(self._directory)
        descriptor = os.open(self._objects, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        try:
            fs.write_all(descriptor, content)
        finally:
            os.close(descriptor)

    def left(self) -> dict[Digest, bool]:
        """Objects that were left out of what was sent, and of each whether it lists others."""
        try:
            content = self._left.read_bytes()
        except FileNotFoundError:
            return {}
        return {
            Digest(content[place : place + SIZE]): content[place + SIZE] == 1
            for place in range(0, len(content) - SIZE, SIZE + 1)
        }

    def set_left(self, objects: Mapping[Digest, bool]) -> None:
        """Keep in mind what was left out, durably.

        Raises
        ------
        OSError
            If the disk refuses.
        """
        if objects == self.left():
            return
        fs.make_directory(self._directory)
        fs.replace(self._left, b"".join(each + bytes([objects[each]]) for each in sorted(objects)))

    def forget_objects(self) -> None:
        """Take nothing for there any more."""
        self._objects.unlink(missing_ok=True)
