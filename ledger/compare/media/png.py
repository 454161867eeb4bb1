"""PNG: chunk by chunk without any library; pixels that differ by `images`.

Source: Portable Network Graphics (PNG) Specification, third edition, sections 5 and 11.
"""

import zlib
from struct import Struct
from typing import BinaryIO, Final

from blake3 import blake3

from ledger.compare.account import Account
from ledger.compare.base import Unfit
from ledger.compare.leaves import of_content
from ledger.compare.media import images
from ledger.compare.whole import inflated_blocks, whole

SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_LENGTH = Struct(">I")
_HEADER = Struct(">IIBBBBB")
_MOST_CHUNKS = 200_000
_PIXELS = ("IHDR", "PLTE", "tRNS", "acTL", "fcTL", "IDAT", "fdAT", "IEND")
_IGNORED = {
    "tEXt": "text chunks",
    "zTXt": "text chunks",
    "iTXt": "text chunks",
    "eXIf": "descriptions",
    "tIME": "time stamps",
    "pHYs": "physical sizes",
}
_SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
"""Of a pixel, by type of colour."""

_Chunks = dict[str, list[memoryview]]
"""Contents by name, in their order."""


def _compare(expected: BinaryIO, got: BinaryIO, account: Account) -> None:
    contents = whole(expected), whole(got)
    if not all(each.startswith(SIGNATURE) for each in contents):
        images.compare_contents(*contents, account)  # a picture of another format may be named so
        return
    left, right = (_chunks(each) for each in contents)
    for name in dict.fromkeys((*left, *right)):
        if name in _PIXELS or left.get(name) == right.get(name):
            continue
        if name in _IGNORED:
            account.ignore(_IGNORED[name])
        elif name not in left or name not in right:
            account.only(f"chunk {name}", first=name in left)
        else:
            account.differ(f"chunk {name}", "its content differs")
    if _pixels(left) == _pixels(right):
        return
    if _unpacked(left) == _unpacked(right):
        account.ignore("compressed forms")
    elif images.available():
        images.compare_contents(*contents, account)
        account.ignore("compressed forms")
    elif _size(left) != _size(right):
        account.differ("size", f"{_size(left)} and {_size(right)} pixels")
    else:
        account.differ("pixels", f"their data differs; {images.HINT} tells by how much")


compare = of_content(_compare)
"""Text, time stamps and physical sizes never count."""


def _chunks(content: bytes) -> _Chunks:
    found: _Chunks = {}
    view, place, name = memoryview(content), len(SIGNATURE), ""
    for _ in range(_MOST_CHUNKS):
        head = view[place : place + 8]
        if len(head) < 8:
            raise Unfit("it ends early")
        end = place + 8 + _LENGTH.unpack_from(head)[0]
        if end + 4 > len(view):
            raise Unfit("it ends early")
        if zlib.crc32(view[place + 4 : end]) != _LENGTH.unpack_from(view, end)[0]:
            raise Unfit(f"its chunk at byte {place} is damaged")
        if not bytes(head[4:]).isalpha():
            raise Unfit(f"its chunk at byte {place} has no name")
        name, first = str(head[4:], "ascii"), not name
        if first and (name != "IHDR" or end - place != 8 + _HEADER.size):
            raise Unfit("it has no header")
        found.setdefault(name, []).append(view[place + 8 : end])
        place = end + 4
        if name == "IEND":
            break
    else:
        raise Unfit(f"it has more than {_MOST_CHUNKS} chunks")
    if place != len(view):
        raise Unfit("something follows its end")
    return found


def _pixels(chunks: _Chunks) -> list[bytes]:
    """All that pixels are made of, without how their data is cut into chunks."""
    return [b"".join(chunks.get(name, ())) for name in _PIXELS]


def _unpacked(chunks: _Chunks) -> list[bytes]:
    """The same with the digest of the decompressed data."""
    width, height, depth, colour, *_ = _HEADER.unpack(chunks["IHDR"][0])
    if "fdAT" in chunks:
        return _pixels(chunks)
    # Interlaced pictures start up to seven times as many rows.
    most = height * (width * _SAMPLES.get(colour, 4) * depth // 8 + 2) * 2 + 1024
    digest = blake3()
    for block in inflated_blocks(chunks.get("IDAT", ()), most):
        digest.update(block)
    return [*_pixels({**chunks, "IDAT": []}), digest.digest()]


def _size(chunks: _Chunks) -> str:
    width, height, *_ = _HEADER.unpack(chunks["IHDR"][0])
    return f"{width} x {height}"
