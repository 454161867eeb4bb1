"""Contents written into a pack of its own, beside the store that has them: hashed on the way."""

from typing import BinaryIO

from ledger.model import Digest
from ledger.store.base import Store, damaged
from ledger.store.encoding import PLAIN, SAMPLE, ZSTD, choose
from ledger.store.pack_format import CHUNK, LIST, MOST_PLAIN, OBJECT, Entry, encode_list
from ledger.store.pack_writer import PackWriter

_LARGE = 4 << 20
"""Bytes from which on a content is cut, so that little of it is in memory at once."""


def put_first(pack: PackWriter, content: bytes) -> Digest:
    """Write a content whose record is to be the first one, however large it is."""
    digest = Digest.of(content)
    if len(content) <= MOST_PLAIN:
        pack.append(digest, content, OBJECT, ZSTD)
        return digest
    parts = [content[start : start + MOST_PLAIN] for start in range(0, len(content), MOST_PLAIN)]
    pieces = [(Digest.of(part), len(part)) for part in parts]
    _list(pack, digest, pieces)
    for (piece, _), part in zip(pieces, parts, strict=True):
        if pack.piece(piece) is None:
            pack.append(piece, part, CHUNK, ZSTD)
    return digest


def copy(pack: PackWriter, store: Store, digest: Digest) -> int:
    """Write an object of a store, in bounded memory; returns its size in bytes.

    Raises
    ------
    NotFoundError
        If the store does not have it.
    DamagedError
        If its bytes are not those that its name says; the pack is then as before.
    """
    known = pack.whole(digest)
    if known is not None:
        return known.plain
    if store.size(digest) < _LARGE:
        content = store.get(digest)
        pack.append(digest, content, OBJECT, choose(content[:SAMPLE]))
        return len(content)
    with store.open(digest) as reader:
        return _cut(pack, digest, reader)


def _cut(pack: PackWriter, digest: Digest, reader: BinaryIO) -> int:
    from ledger.store.steps import Steps

    def fill(buffer: memoryview) -> int:
        content = reader.read(len(buffer))
        buffer[: len(content)] = content
        return len(content)

    mark, pieces = pack.mark(), list[tuple[Digest, int]]()
    steps = Steps(fill, cut=True)
    try:
        for step in steps:
            how = choose(bytes(step.content[:SAMPLE]))
            offset = 0
            for length in step.lengths:
                part = step.content[offset : offset + length]
                piece = Digest.of(part)
                if pack.piece(piece) is None:
                    pack.append(piece, part, CHUNK, how)
                pieces.append((piece, length))
                offset += length
            pack.drain()  # the step's memory is used again
        if steps.digest != digest:
            raise damaged(digest, steps.digest, steps.size)
        _list(pack, digest, pieces)
    except BaseException:
        pack.rollback(mark)
        raise
    return steps.size


def _list(pack: PackWriter, digest: Digest, pieces: list[tuple[Digest, int]]) -> None:
    content = encode_list(pieces)
    pack.copy(Entry(digest, 0, sum(size for _, size in pieces), len(content), LIST, PLAIN), content)
