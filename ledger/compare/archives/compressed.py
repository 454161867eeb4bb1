"""gzip, bzip2, xz and zstd by what they hold: the time stamp and the name in a header do not count."""

import bz2
import gzip
import lzma
import zlib
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from io import SEEK_END
from typing import BinaryIO, Final

import zstandard

from ledger.compare import nested
from ledger.compare.base import Comparison, Tolerance, Unfit
from ledger.compare.content import of_comparison

_BLOCK: Final = 1 << 18
_MEMORY: Final = 128 << 20
"""Bytes that xz and zstd may ask for; the strongest preset of xz takes 65 MiB."""
_SIP: Final = 1 << 12
"""Bytes of zstd that are unpacked at once: 4 can stand for 128 KiB."""
_GZIP: Final = b"\x1f\x8b"
_ZSTD: Final = b"\x28\xb5\x2f\xfd"
_EXTRA, _NAME = 4, 8
"""Flags of gzip's header (RFC 1952): what stands in it."""
_LONGEST_NAME: Final = 4096
_FAULTS: Final = (OSError, EOFError, zlib.error, lzma.LZMAError, zstandard.ZstdError)


def _compare(expected: BinaryIO, got: BinaryIO, tolerance: Tolerance) -> Comparison:
    heads = [_head(each) for each in (expected, got)]
    with _content(expected) as one, _content(got) as other:
        found = nested.compare(one, other, tolerance)
    if not found.exact:
        return replace(found, detail=f"unpacked: {found.detail}")
    names = ("time stamps", "names")
    ignored = [what for what, left, right in zip(names, *heads, strict=True) if left != right]
    detail = f"only {' and '.join(ignored or ['compressions'])} differ"
    return Comparison(same=True, exact=False, detail=detail)


compare = of_comparison(_compare)
"""Compare two compressed contents by what they hold."""


def _content(file: BinaryIO) -> AbstractContextManager[BinaryIO]:
    size = file.seek(0, SEEK_END)
    file.seek(0)
    return nested.unpacked(blocks_of(file), size)


def blocks_of(file: BinaryIO) -> Iterator[bytes]:
    """What a content at its start unpacks to.

    Raises
    ------
    Unfit
        If it is packed in another way, or damaged.
    """
    begin = file.read(6)
    file.seek(0)
    try:
        if begin.startswith(_GZIP):
            yield from _read(gzip.GzipFile(fileobj=file, mode="rb"))
        elif begin.startswith(b"BZh"):
            yield from _read(bz2.BZ2File(file))
        elif begin == b"\xfd7zXZ\0":
            yield from _of_xz(file)
        elif begin.startswith(_ZSTD):
            yield from _of_zstd(file)
        else:
            raise Unfit("neither gzip, bzip2, xz nor zstd")
    except _FAULTS as error:
        raise Unfit(f"it cannot be unpacked: {error}") from None


def _read(file: gzip.GzipFile | bz2.BZ2File) -> Iterator[bytes]:
    while block := file.read(_BLOCK):
        yield block


def _of_xz(file: BinaryIO) -> Iterator[bytes]:
    """As `lzma.LZMAFile`, which has no limit on the memory that a content may ask for."""
    rest = file.read(_BLOCK)
    while rest.strip(b"\0"):  # zeros may stand behind a stream
        unpacker = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_MEMORY)
        while not unpacker.eof:
            if unpacker.needs_input:
                rest = rest or file.read(_BLOCK)
                if not rest:
                    raise EOFError("it ends early")
            yield unpacker.decompress(rest, _BLOCK)
            rest = b""
        rest = unpacker.unused_data.lstrip(b"\0") or file.read(_BLOCK)


def _of_zstd(file: BinaryIO) -> Iterator[bytes]:
    """Frame by frame: a reader of streams takes one that ends early for a whole one."""
    rest = file.read(_SIP)
    while rest:
        unpacker = zstandard.ZstdDecompressor(max_window_size=_MEMORY).decompressobj()
        while not unpacker.eof:
            if not rest and not (rest := file.read(_SIP)):
                raise EOFError("it ends early")
            found = unpacker.decompress(rest)
            yield from (found[start : start + _BLOCK] for start in range(0, len(found), _BLOCK))
            rest = b""
        rest = unpacker.unused_data or file.read(_SIP)


def _head(file: BinaryIO) -> tuple[bytes, bytes]:
    """Time stamp and name in the header of gzip; nothing for the others, which have none."""
    fixed = file.read(10)
    time, name = b"", b""
    if fixed.startswith(_GZIP) and len(fixed) == 10:
        time = fixed[4:8]
        if fixed[3] & _EXTRA:
            file.read(int.from_bytes(file.read(2), "little"))
        if fixed[3] & _NAME:
            name = file.read(_LONGEST_NAME).partition(b"\0")[0]
    file.seek(0)
    return time, name
