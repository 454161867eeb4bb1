"""What may be shown as an image: four formats of pixels, told by their first bytes, and none too large.

A few kilobytes can claim a size that no browser can hold, so the size in the header is read before anything
else is. SVG is a program as much as a drawing, and is never an image here.
"""

import struct

from ledger.model.frozen import frozen

MAX_PIXELS = 40_000_000
"""Of one image: 160 MB in a browser."""
MAX_BYTES = 32 << 20
HEAD = 1 << 16
"""Bytes of a file in which the size must stand."""

_PNG = b"\x89PNG\r\n\x1a\n"
_WEBP_HEADER = 30
"""Bytes of a WebP file up to the end of its size, in each of its forms."""
_JPEG_SIZES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
"""Markers of a JPEG segment that begins with the image's size."""


@frozen
class Image:
    """An image as its first bytes tell it."""

    media_type: str
    width: int
    """Pixels."""
    height: int
    """Pixels."""

    @property
    def is_small(self) -> bool:
        """Whether a browser can be asked to show it."""
        return 0 < self.width * self.height <= MAX_PIXELS


def read(head: bytes) -> Image | None:
    """The image that begins so; None where it is none, or does not say how large it is."""
    try:
        return _png(head) or _gif(head) or _webp(head) or _jpeg(head)
    except (struct.error, IndexError):
        return None


def _png(head: bytes) -> Image | None:
    if not head.startswith(_PNG) or head[12:16] != b"IHDR":
        return None
    width, height = struct.unpack_from(">II", head, 16)
    return Image(media_type="image/png", width=width, height=height)


def _gif(head: bytes) -> Image | None:
    if not head.startswith((b"GIF87a", b"GIF89a")):
        return None
    width, height = struct.unpack_from("<HH", head, 6)
    return Image(media_type="image/gif", width=width, height=height)


def _webp(head: bytes) -> Image | None:
    if head[:4] != b"RIFF" or head[8:12] != b"WEBP" or len(head) < _WEBP_HEADER:
        return None
    if head[12:16] == b"VP8X":
        width = int.from_bytes(head[24:27], "little") + 1
        height = int.from_bytes(head[27:30], "little") + 1
    elif head[12:16] == b"VP8L":
        bits = int.from_bytes(head[21:25], "little")
        width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    elif head[12:16] == b"VP8 ":
        width, height = (each & 0x3FFF for each in struct.unpack_from("<HH", head, 26))
    else:
        return None
    return Image(media_type="image/webp", width=width, height=height)


def _jpeg(head: bytes) -> Image | None:
    if not head.startswith(b"\xff\xd8\xff"):
        return None
    place = 2
    while head[place] == 0xFF:
        marker, length = head[place + 1], int.from_bytes(head[place + 2 : place + 4], "big")
        if marker in _JPEG_SIZES:
            height, width = struct.unpack_from(">HH", head, place + 5)
            return Image(media_type="image/jpeg", width=width, height=height)
        if length < 2:
            return None
        place += 2 + length
    return None
