"""Objects moved from files of their own, and from pack to pack; for whoever tidies up a store.

`pack` and `rewrite` remove a file only after all that is kept of it is durable elsewhere. So a crash leaves
some objects twice, which is no harm, and none not at all; the same holds for several processes that tidy up
at once. A reader who finds a file gone looks once more. Nothing here decides whether an object is needed.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ledger import fs
from ledger.errors import DamagedError
from ledger.model import Digest, layout
from ledger.model.frozen import frozen
from ledger.store import encoding
from ledger.store.base import undecodable
from ledger.store.batch import Batch
from ledger.store.files import loose
from ledger.store.pack import Pack
from ledger.store.pack_format import LIST, OBJECT, Entry, decode_list
from ledger.store.pack_writer import PackWriter

MOST_LOOSE = 1 << 20
"""Bytes of an object that is moved into a pack, at most: a larger file shares its blocks where it can."""
SMALL = 64 << 20
"""Bytes of a pack that is merged with others, at most."""
FEWEST = 64
"""So many files, loose or small packs, are worth the work."""


@frozen
class Moved:
    """What `pack` did."""

    loose: int
    """Objects that were files of their own."""
    packs: int
    """Packs that were merged."""


def packs_of(objects: Path) -> list[Path]:
    """Paths of all packs."""
    return [path for path in sorted(layout.packs(objects).glob("*")) if layout.is_pack(path.name)]


def chunks(pack: Pack, entry: Entry) -> list[Digest]:
    """The chunks that a record of kind LIST names, in order; one may stand there twice.

    They are records of kind CHUNK or OBJECT, in any pack.

    Raises
    ------
    DamagedError
        If the list cannot be read.
    """
    stored = pack.read(entry)
    pieces = decode_list(stored, entry.plain) if stored is not None else None
    if pieces is None:
        raise undecodable(entry.digest, entry.stored)
    return [digest for digest, _ in pieces]


def remove_loose(objects: Path, digests: Iterable[Digest]) -> list[Digest]:
    """Delete the files of those objects that have one of their own; returns which."""
    gone = []
    for digest in digests:
        path = f"{objects}/{layout.loose_name(digest)}"
        with suppress(FileNotFoundError, NotADirectoryError):
            os.unlink(path)
            gone.append(digest)
    return gone


def rewrite(objects: Path, temporary: Path, pack: Path, left: Callable[[Entry], Entry | None]) -> int:
    """Put a pack without some of its records in its place, or none if it has none left.

    Parameters
    ----------
    objects, temporary
        The store's directories.
    pack
        One of its packs.
    left
        Gives of each record what stays of it: itself, itself as one of another kind, or None.

    Returns
    -------
    int
        Bytes that are free now.

    Raises
    ------
    DamagedError
        If its index, or the head of a record that stays, is damaged: it is left as it is.
    FileNotFoundError
        If it is gone: its records are in a newer pack.
    StorageError
        If the disk refuses.
    """
    old = Pack(pack)
    if not old.prove():
        raise damaged(pack)
    entries = sorted(old.records(), key=lambda each: each.offset)
    kept = [(entry, stays) for entry in entries if (stays := left(entry))]
    if [stays for _, stays in kept] == entries:
        return 0
    name, size = None, 0
    if kept:
        with _batch(objects, temporary, None) as batch:
            for entry, stays in kept:
                stored = old.read(entry)
                if stored is None:
                    raise damaged(pack)
                batch.pack().copy(stays, stored)
            name = batch.publish()
            size = os.stat(layout.packs(objects) / name).st_size if name else 0
    if name != pack.name:
        with fs.explained(pack, "remove"):
            pack.unlink(missing_ok=True)
    return old.size - size


def pack(
    objects: Path,
    temporary: Path,
    *,
    fewest: int = FEWEST,
    small: int = SMALL,
    before_packs: Callable[[], None] | None = None,
) -> Moved:
    """Move small objects that have files of their own, and the records of small packs, into one pack.

    What is damaged stays where it is, so that it is found.

    Parameters
    ----------
    objects, temporary
        The store's directories.
    fewest
        Fewer loose objects, or small packs, than these are left alone.
    small
        Bytes of a pack that is merged, at most.
    before_packs
        As that of `LocalStore`.

    Raises
    ------
    StorageError
        If the disk refuses.
    """
    with _batch(objects, temporary, before_packs) as batch:
        batch.packs.refresh()
        some = [path for path in packs_of(objects) if _size(path) <= small]
        merged = [path for path in some if _merge(path, batch.pack())] if len(some) >= max(2, fewest) else []
        files = list(_small_files(objects))
        moved = [path for path in files if _move(path, batch)] if len(files) >= fewest else []
        name = batch.publish()
        for path in (*merged, *moved):
            if path.name != name:
                path.unlink(missing_ok=True)
    return Moved(loose=len(moved), packs=len(merged))


@contextmanager
def _batch(objects: Path, temporary: Path, before_packs: Callable[[], None] | None) -> Iterator[Batch]:
    batch = Batch(objects, temporary, 0, before_packs)
    try:
        with fs.explained(objects):
            yield batch
    finally:
        batch.abandon()


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:  # another process has merged it
        return 0


def _small_files(objects: Path) -> Iterator[Path]:
    for digest in loose(objects):
        path = layout.loose(objects, digest)
        if path.is_file() and _size(path) < MOST_LOOSE:
            yield path


def _merge(path: Path, writer: PackWriter) -> bool:
    """Append what a pack has; False, and nothing, if it is damaged or gone."""
    try:
        old = Pack(path)
    except FileNotFoundError:
        return False
    mark = writer.mark()
    for entry in sorted(old.records() if old.prove() else (), key=lambda each: each.offset):
        if writer.find(entry.digest, (entry.kind,)):
            continue
        stored = old.read(entry)
        if stored is None or not _is_true(entry, stored):
            writer.rollback(mark)
            return False
        writer.copy(entry, stored)
    return old.is_sound


def _is_true(entry: Entry, stored: bytes) -> bool:
    if entry.kind == LIST:
        return decode_list(stored, entry.plain) is not None
    plain = encoding.decode(stored, entry.encoding, entry.plain)
    return plain is not None and Digest.of(plain) == entry.digest


def _move(path: Path, batch: Batch) -> bool:
    """Append a loose object, unless a pack has it; False if it is damaged or gone."""
    digest = Digest(bytes.fromhex(path.parent.name + path.name))
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return False
    if Digest.of(content) != digest:
        return False
    found = batch.read(digest, (OBJECT,))
    if found is None or not _is_true(*found):
        batch.pack().append(digest, content, OBJECT, encoding.choose(content[: encoding.SAMPLE]))
    return True


def damaged(pack: Path) -> DamagedError:
    """Error for a pack that cannot be rewritten."""
    return DamagedError(
        f"damaged pack {pack}",
        cause="expected an index and heads of records that agree, got others",
        hint="see which objects are damaged: ledger verify",
    )
