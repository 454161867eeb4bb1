"""What one writer has put and not yet made durable."""

import os
from collections.abc import Callable, Container, Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from ledger import fs
from ledger.model import Digest, layout
from ledger.store.encoding import PLAIN
from ledger.store.files import is_whole
from ledger.store.pack_format import LIST, OBJECT, PIECES, WHOLE, Entry, decode_list
from ledger.store.packs import Packs
from ledger.store.workplace import Workplace, names_in

if TYPE_CHECKING:  # it is imported when something is packed
    from ledger.store.pack_writer import PackWriter

_FEW = 8
"""So many files are synced each; more, by one sync of the file system, which waits for others' bytes too."""
_CROWD = 16
"""Names in a directory that are listed in the time of one look at a file."""
_SMALL = 1 << 20
"""Bytes; what is smaller goes into the pack of its writer, if there is one."""


class Batch:
    """Files that get their names together, once their content is on the disk.

    1. Each content is written to a file in a directory of this writer's own, which holds a locked file.
    2. `publish` syncs the contents, then moves each file to its name, then syncs the directories. So no crash
       leaves a name with other bytes. A pack is one such file; it takes the small contents with it.
    3. The writer's directory goes last. As long as it is there, a name that another writer sees may not be
       durable: one that relies on such a name syncs it itself.
    """

    def __init__(
        self, objects: Path, temporary: Path, most_loose: int, before_packs: Callable[[], None] | None
    ) -> None:
        self._objects = objects
        self._temporary = temporary
        self._most_loose = most_loose
        self._before_packs = before_packs
        self.packs = Packs(objects)
        self._avoided: Container[Digest] = ()
        self._root = (
            f"{objects}/"  # one of many paths is text: a Path costs more than the call that it is for
        )
        self._packs_root = os.fspath(layout.packs(objects))
        self._forget()

    def _forget(self) -> None:
        self._process = os.getpid()
        self._workplace = Workplace(self._objects, self._temporary)
        self._files: dict[Digest, tuple[str, int]] = {}
        self._relied: dict[int, Digest] = {}  # one object of each directory
        self._pack: PackWriter | None = None
        self._knows_packs = self._relies_on_packs = False

    def _after_fork(self) -> None:
        """What the parent has put is the parent's to publish."""
        if self._process != os.getpid():
            self._release()

    def _release(self) -> None:
        self._workplace.release()
        if self._pack is not None:
            self._pack.close()
        self._forget()

    def create(self) -> tuple[int, str]:
        """Open a new file, which is later kept or dropped.

        Returns
        -------
        tuple of int and str
            Its descriptor, to read and write, and its path.
        """
        self._after_fork()
        return self._workplace.create()

    def pack(self) -> "PackWriter":
        """The pack of this writer; made if there is none."""
        self._after_fork()
        if self._pack is None:
            from ledger.store.pack_writer import PackWriter

            self._pack = PackWriter(*self.create())
        return self._pack

    @property
    def is_crowded(self) -> bool:
        """Whether the next small object belongs into the pack."""
        self._after_fork()
        return self._pack is not None or len(self._files) >= self._most_loose

    def keep(self, digest: Digest, path: str, size: int) -> None:
        """Let the file `path` become the object `digest` at `publish`."""
        self._files[digest] = (path, size)

    def path(self, digest: Digest) -> str:
        """Where the object is, or will be read from until `publish`."""
        self._after_fork()
        found = self._files.get(digest)
        return found[0] if found else self._named(digest)

    def avoid(self, digests: Container[Digest]) -> None:
        """Hold none of `digests` from now on, but what this batch has itself; see `Store.avoid`."""
        self._avoided = digests
        self.packs.refresh()

    def holds(self, digest: Digest, size: int) -> bool:
        """Whether the object is there, of that size, so that it need not be written.

        `publish` sees to it that its name is durable.
        """
        self._after_fork()
        if digest in self._files or (self._pack and self._pack.whole(digest)):
            return True
        if digest in self._avoided:
            return False
        if is_whole(self._named(digest), digest, size):
            self._relied[digest[0]] = digest
            return True
        entry = self._known(digest, WHOLE)
        if entry is None or entry.plain != size or not self._is_complete(entry):
            return False
        self._relies_on_packs = True
        return True

    def holds_piece(self, digest: Digest, size: int) -> bool:
        """The same for a chunk."""
        if self._pack is not None and self._pack.piece(digest):
            return True
        entry = None if digest in self._avoided else self._known(digest, PIECES)
        if entry is None or entry.plain != size:
            return False
        self._relies_on_packs = True
        return True

    def _known(self, digest: Digest, kinds: tuple[int, ...]) -> Entry | None:
        """A record in the packs that were there when this batch began: one more does no harm."""
        if not self._knows_packs:
            self.packs.refresh()
            self._knows_packs = True
        return self.packs.find(digest, kinds)

    def _is_complete(self, entry: Entry) -> bool:
        """Whether no pack is lost that has a chunk of it; this writer's own pack does not count."""
        if entry.kind != LIST:
            return True
        found = self.packs.read(entry.digest, (LIST,))
        pieces = decode_list(found[1], entry.plain) if found else None
        return pieces is not None and all(self._known(digest, PIECES) for digest, _ in pieces)

    def read(self, digest: Digest, kinds: tuple[int, ...] = WHOLE) -> tuple[Entry, bytes] | None:
        """A record and its stored bytes, of this writer's pack or of those that are there."""
        self._after_fork()
        if self._pack is not None:
            found = self._pack.find(digest, kinds)
            if found is not None:
                return found, self._pack.read(found)
        return self.packs.read(digest, kinds)

    def size(self, digest: Digest) -> int | None:
        """Bytes of the object of this writer's pack or of those that are there; None if they lack it."""
        self._after_fork()
        found = (self._pack and self._pack.whole(digest)) or self.packs.find_surely(digest)
        return found.plain if found else None

    def present(self, digests: Iterable[Digest]) -> set[Digest]:
        """Those of many objects that are there, or will be at `publish`.

        Directories are listed, unless they hold many times what is wanted.
        """
        self._after_fork()
        wanted: dict[int, list[Digest]] = {}
        digests = set(digests)
        self.packs.refresh()
        found = self.packs.present(digests)
        for digest in digests - found:
            if digest in self._files or (self._pack and self._pack.whole(digest)):
                found.add(digest)
            else:
                wanted.setdefault(digest[0], []).append(digest)
        crowded = False  # all directories are, if one is: names are spread evenly
        for first, some in wanted.items():
            if not crowded:
                names = frozenset(names_in(f"{self._root}{first:02x}"))
                found.update([each for each in some if each.hex()[2:] in names])
                crowded = len(names) > _CROWD * len(some)
            else:
                found.update([each for each in some if is_whole(self._named(each), each)])
        return found

    def _named(self, digest: Digest) -> str:
        """Where an object that has its name lies."""
        return self._root + layout.loose_name(digest)

    def digests(self) -> frozenset[Digest]:
        """All that is still to be published."""
        self._after_fork()
        return frozenset(self._files).union(self._pack.objects() if self._pack else ())

    def abandon(self) -> None:
        """Forget all that is not published."""
        self._release()

    def publish(self) -> str | None:
        """Make all kept files objects, durably; where it fails, none of them is to be relied on.

        Returns
        -------
        str or None
            File name of the pack that was published, if there was one.

        Raises
        ------
        OSError
            If the disk refuses.
        """
        self._after_fork()
        if not self._workplace.is_there and not self._relied and not self._relies_on_packs:
            return None
        try:
            pack = self._finish_pack()
            self._sync_contents()
            relied = self._relied_directories() if self._workplace.has_company() else set()
            if pack and self._packs_root in relied:
                self._sync_directories(relied)  # or a list could outlive its chunks
            named = self._name() | relied
            if pack:
                named |= self._name_pack(*pack)
            self._sync_directories(named)
            self._workplace.end()
        finally:
            self._release()
        if pack:
            with suppress(OSError):  # what is derived can wait: without it a search only takes longer
                self.packs.gather()
        return pack[1] if pack else None

    def _finish_pack(self) -> tuple[str, str] | None:
        """Write the pack to its end; returns its path and its name."""
        if self._pack is None:
            return None
        if self._pack.is_empty:
            os.unlink(self._pack.path)
            return None
        for digest, (path, size) in tuple(self._files.items()):
            if size < _SMALL:
                with open(path, "rb") as file:
                    self._pack.append(digest, file.read(), OBJECT, PLAIN)
                os.unlink(path)
                del self._files[digest]
        name = self._pack.finish()
        fs.sync_file(self._pack.path)
        return self._pack.path, layout.pack_name(name)

    def _name_pack(self, path: str, name: str) -> set[str]:
        if not os.path.isdir(self._packs_root):
            if self._before_packs is not None:
                self._before_packs()
            Path(self._packs_root).mkdir(exist_ok=True)
        os.rename(path, f"{self._packs_root}/{name}")
        return {self._packs_root, self._root}

    def _relied_directories(self) -> set[str]:
        """Where the names lie that this batch relies on, of other writers that may not have synced them."""
        found = {os.path.dirname(self._named(each)) for each in self._relied.values()}
        if self._relies_on_packs and os.path.isdir(self._packs_root):
            found.add(self._packs_root)
        return found | {self._root} if found else found

    def _sync_contents(self) -> None:
        many = len(self._files) > _FEW
        if not (many and fs.sync_file_system(self._workplace.parent)):
            for path, _ in self._files.values():
                fs.sync_file(path)

    def _name(self) -> set[str]:
        named = set()
        for digest, (path, size) in self._files.items():
            target = self._named(digest)
            parent = os.path.dirname(target)
            if is_whole(target, digest, size):
                os.unlink(path)  # another writer was faster
            else:
                if parent not in named and not os.path.isdir(parent):
                    Path(parent).mkdir(exist_ok=True)
                    named.add(self._root)
                os.rename(path, target)
            named.add(parent)
        return named

    def _sync_directories(self, directories: set[str]) -> None:
        many = len(directories) > _FEW
        if not (many and fs.sync_file_system(self._objects)):
            for each in directories:
                fs.sync_directory(each)
