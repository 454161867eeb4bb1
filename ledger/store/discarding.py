"""Objects taken out of a directory of objects, and the pieces that only they needed.

A *piece* is a record of a pack that lists may name, those of any pack. So objects go first, and who wants
one of them back meanwhile finds it whole or not at all. Only then the pieces go that no list names any more;
packs that came since rely on nothing that may go (see `Store.avoid`), and are left alone.
"""

import os
from collections.abc import Callable, Collection, Container, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from itertools import islice
from pathlib import Path

from ledger import fs
from ledger.model import Digest, layout
from ledger.store import packing
from ledger.store.pack import Pack
from ledger.store.pack_format import CHUNK, LIST, OBJECT, WHOLE, Entry

Turn = Callable[[], AbstractContextManager[Container[Digest]]]
"""Entered for each step; tells what of the digests may still go. Who wants one back waits for its end."""

_AT_ONCE = 500
"""Files that are removed in one step."""


def pieces_of(objects: Path, digests: Container[Digest]) -> frozenset[Digest]:
    """Chunks that no list names, or only those of some objects.

    Raises
    ------
    DamagedError
        If a pack is damaged, so that nobody knows what its lists name.
    """
    pieces: set[Digest] = set()
    needed: set[Digest] = set()
    for pack in _opened(packing.packs_of(objects)):
        pieces.update(entry.digest for entry in pack.records() if entry.kind == CHUNK)
        for digest, named in _lists(pack):
            if digest not in digests:
                needed.update(named)
    return frozenset(pieces - needed)


def discard(objects: Path, temporary: Path, digests: Collection[Digest], turn: Turn) -> None:
    """Remove objects, and then what of `digests` is a piece that no list names.

    Parameters
    ----------
    objects, temporary
        The store's directories.
    digests
        Of objects and pieces; those that are not there are passed over.
    turn
        What the steps are taken in.

    Raises
    ------
    DamagedError
        If a pack is damaged.
    OSError
        If the disk refuses.
    """
    _discard_loose(objects, digests, turn)
    if paths := packing.packs_of(objects):
        _discard_packed(objects, temporary, paths, digests, turn)
        # Now, or an object could come back after a crash, without its pieces.
        fs.sync_directory(layout.packs(objects))
        _discard_pieces(objects, temporary, digests, turn)


def _discard_loose(objects: Path, digests: Collection[Digest], turn: Turn) -> None:
    """Their directories stay: another writer may be about to use one."""
    changed: set[Path] = set()
    left = iter(sorted(digests))
    while some := tuple(islice(left, _AT_ONCE)):
        with turn() as going:
            gone = packing.remove_loose(objects, [digest for digest in some if digest in going])
        changed.update(layout.loose(objects, digest).parent for digest in gone)
    for directory in sorted(changed):
        fs.sync_directory(directory)


def _discard_packed(
    objects: Path, temporary: Path, paths: list[Path], digests: Collection[Digest], turn: Turn
) -> None:
    """Take objects out of packs, and packs away of which nothing is needed, pieces included."""
    namers = _namers(paths, digests)
    for pack in _opened(paths):
        if any(entry.kind in WHOLE and entry.digest in digests for entry in pack.records()):
            with turn() as going:
                if all(_is_alone(entry, pack, namers) and entry.digest in going for entry in pack.records()):
                    os.unlink(pack.path)
                else:
                    packing.rewrite(objects, temporary, Path(pack.path), _without(going, namers))


def _is_alone(entry: Entry, pack: Pack, namers: Mapping[Digest, Path | None]) -> bool:
    """Whether no list of another pack names a record."""
    path = Path(pack.path)
    return namers.get(entry.digest, path) == path


def _without(going: Container[Digest], named: Container[Digest]) -> Callable[[Entry], Entry | None]:
    """Leave out objects; what lists go on to name becomes a mere piece."""

    def left(entry: Entry) -> Entry | None:
        if entry.kind == CHUNK or entry.digest not in going:
            return entry
        return entry._replace(kind=CHUNK) if entry.kind == OBJECT and entry.digest in named else None

    return left


def _discard_pieces(objects: Path, temporary: Path, digests: Collection[Digest], turn: Turn) -> None:
    """Take those pieces out of packs that no list names."""
    paths = packing.packs_of(objects)
    needed = _namers(paths, digests)
    idle = {digest for digest in digests if digest not in needed}

    def is_idle(entry: Entry) -> bool:
        return entry.kind == CHUNK and entry.digest in idle

    for pack in _opened(paths):
        if any(map(is_idle, pack.records())):
            with turn() as going:
                gone = {entry for entry in pack.records() if is_idle(entry) and entry.digest in going}
                packing.rewrite(objects, temporary, Path(pack.path), _but(gone))


def _but(gone: Container[Entry]) -> Callable[[Entry], Entry | None]:
    return lambda entry: None if entry in gone else entry


def _namers(paths: Iterable[Path], digests: Container[Digest]) -> dict[Digest, Path | None]:
    """Which of `digests` lists name, and the pack that those lists are in; None for several."""
    namers: dict[Digest, Path | None] = {}
    for pack in _opened(paths):
        path = Path(pack.path)
        for _, named in _lists(pack):
            for piece in named:
                if piece in digests:
                    namers[piece] = path if namers.get(piece, path) == path else None
    return namers


def _lists(pack: Pack) -> Iterator[tuple[Digest, list[Digest]]]:
    for entry in pack.records():
        if entry.kind == LIST:
            yield entry.digest, packing.chunks(pack, entry)


def _opened(paths: Iterable[Path]) -> Iterator[Pack]:
    """Packs one at a time, as long as none is damaged: what a damaged one holds is not known."""
    for path in paths:
        pack = Pack(path)
        if not pack.prove():
            raise packing.damaged(path)
        yield pack
