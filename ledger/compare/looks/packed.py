"""tar archives, and what gzip, bzip2, xz and zstd hold: members by their headers, else a first part."""

import base64
import io
from collections.abc import Iterator
from typing import Any, BinaryIO, Final, cast

from ledger.compare import sniff
from ledger.compare.archives.compressed import blocks_of
from ledger.compare.archives.tar import FAULTS, opened
from ledger.compare.base import Unfit
from ledger.compare.looks import HEAD, MEMBERS, cut, fitting

_MOST: Final = 64 << 20
"""Bytes that are unpacked to find members."""
_KINDS: Final = {
    b"1": "hard link",
    b"2": "link",
    b"3": "device",
    b"4": "device",
    b"5": "folder",
    b"6": "pipe",
}
_FORMATS: Final = {b"\x1f\x8b": "gzip", b"BZ": "bzip2", b"\xfd7": "xz", b"\x28\xb5": "zstd"}
"""By how they begin."""


def look(descriptor: int) -> dict[str, Any]:
    """What an open file holds.

    Returns
    -------
    dict
        Of a tar archive ``kind`` (archive), ``format``, ``members`` (each with ``path``, ``size`` in bytes
        and ``what``), ``more`` (how many more; None where nobody counted) and ``why``, why no more were read.
        Of another content that is packed ``kind`` (packed), ``format``, ``head`` (its first `HEAD` bytes,
        base64) and ``whole``, whether these are all.

    Raises
    ------
    Unfit
        If it cannot be unpacked, or is no tar archive.
    """
    with open(descriptor, "rb", closefd=False) as file:
        file.seek(0)
        packing = _FORMATS.get(file.read(2))
        file.seek(0)
        if packing is None:
            return _archive(cast(BinaryIO, file), "tar")
        blocks = blocks_of(cast(BinaryIO, file))
        with _Unpacked(blocks) as content:
            head = content.peeked()
            if sniff.media_type(io.BytesIO(head)) == "application/x-tar":
                return _archive(cast(BinaryIO, content), f"tar, packed by {packing}")
        whole = len(head) <= HEAD
        text = base64.b64encode(head[:HEAD]).decode("ascii")
        return {"kind": "packed", "format": packing, "head": text, "whole": whole}


def _archive(file: BinaryIO, form: str) -> dict[str, Any]:
    members: list[dict[str, Any]] = []
    more: int | None = 0
    why = None
    try:
        with opened(file) as archive:
            for member in archive:
                if len(members) == MEMBERS:
                    more = None
                    break
                what = "file" if member.isreg() else _KINDS.get(member.type, "other")
                members.append({"path": cut(member.name), "size": member.size, "what": what})
    except (Unfit, *FAULTS) as error:
        if not members:
            raise Unfit(f"no readable tar archive: {error}") from None
        more, why = None, cut(str(error))
    told = fitting(members)
    if len(told) < len(members):
        more = None
    return {"kind": "archive", "format": form, "members": told, "more": more, "why": why}


class _Unpacked(io.RawIOBase):
    """What blocks hold, to be read once from its start on; no more of it is kept than a head."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks
        self._rest = b""
        self._place = 0
        self._fed = 0

    def peeked(self) -> bytes:
        """The first `HEAD` bytes and one more, which are read again."""
        while len(self._rest) <= HEAD and self._feed():
            pass
        return self._rest[: HEAD + 1]

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._place

    def seek(self, offset: int, whence: int = 0) -> int:
        if whence or offset < self._place:
            raise Unfit("it would have to be unpacked twice")
        while self._place < offset and self.read(min(offset - self._place, HEAD)):
            pass
        return self._place

    def read(self, size: int = -1) -> bytes:
        if size < 0:
            raise Unfit("it would be unpacked as a whole")
        while len(self._rest) < size and self._feed():
            pass
        found, self._rest = self._rest[:size], self._rest[size:]
        self._place += len(found)
        return found

    def _feed(self) -> bool:
        block = next(self._blocks, b"")
        self._fed += len(block)
        if self._fed > _MOST:
            raise Unfit(f"only its first {_MOST >> 20} MiB were unpacked")
        self._rest += block
        return bool(block)
