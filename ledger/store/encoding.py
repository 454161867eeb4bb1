"""How the plain bytes of a record are stored: as they are, or compressed, numbers grouped by byte first."""

from _thread import _local  # threading takes a millisecond to import
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from zstandard import ZstdCompressor, ZstdDecompressor

PLAIN: Final = 0
"""As they are."""
ZSTD: Final = 1
"""One zstd frame."""
GROUPED: Final = (2, 4, 8)
"""One zstd frame of all first bytes of items of so many bytes, then all second bytes, and so on.

Each of these begins a block of the frame, and so has a code of its own: the exponents of numbers shrink,
their digits don't.
"""

_LEVEL: Final = 1
_GAINS: Final = 0.9
"""A sample that shrinks to less than this part of its size tells that the rest is worth it."""
_GROUPING_GAINS: Final = 0.95
"""And to less than this part of what it shrinks to otherwise: that grouping is worth it."""
SAMPLE: Final = 1 << 14
"""Bytes of a sample."""
LEAST: Final = 512
"""What is smaller is stored as it is."""


def choose(sample: bytes) -> int:
    """Pick the encoding that suits content like this sample."""
    if len(sample) < LEAST:
        return PLAIN
    sizes = {each: len(_compress(sample, each)) for each in (ZSTD, *GROUPED)}
    best = min(GROUPED, key=lambda each: sizes[each])
    if sizes[best] >= _GROUPING_GAINS * sizes[ZSTD]:
        best = ZSTD
    return best if sizes[best] < _GAINS * len(sample) else PLAIN


def encode(plain: bytes | memoryview, encoding: int) -> tuple[int, bytes | memoryview]:
    """Encode content as asked, or leave it as it is where that is no longer; returns which, and the bytes."""
    if encoding == PLAIN or len(plain) < LEAST:
        return PLAIN, plain
    stored = _compress(plain, encoding)
    return (encoding, stored) if len(stored) < len(plain) else (PLAIN, plain)


def decode(stored: bytes | memoryview, encoding: int, size: int) -> bytes | memoryview | None:
    """Plain bytes, `size` of them; None if these are others, or more, or the encoding is not known."""
    if encoding == PLAIN:
        return stored if len(stored) == size else None
    if encoding != ZSTD and encoding not in GROUPED:
        return None
    from zstandard import ZstdError, frame_content_size

    try:
        if frame_content_size(stored) != size:  # or the frame alone would say how much memory is taken
            return None
        plain = _decompressor().decompress(stored, allow_extra_data=False)
    except ZstdError:
        return None
    if len(plain) != size:
        return None
    return plain if encoding == ZSTD else _ungroup(plain, encoding)


def _compress(plain: bytes | memoryview, encoding: int) -> bytes:
    if encoding == ZSTD:
        return _compressor().compress(plain)
    from zstandard import COMPRESSOBJ_FLUSH_BLOCK

    content, frame = bytes(plain), _compressor().compressobj(size=len(plain))
    parts: list[bytes] = []
    for number in range(encoding):
        parts += frame.compress(content[number::encoding]), frame.flush(COMPRESSOBJ_FLUSH_BLOCK)
    return b"".join([*parts, frame.flush()])


def _ungroup(grouped: bytes, width: int) -> bytes:
    plain = bytearray(len(grouped))
    start = 0
    for number in range(width):
        end = start + len(range(number, len(plain), width))
        plain[number::width] = grouped[start:end]
        start = end
    return bytes(plain)


class _Codecs(_local):
    """Contexts of zstd, which no two threads may use at once."""

    compressor: "ZstdCompressor | None" = None
    decompressor: "ZstdDecompressor | None" = None


_CODECS: Final = _Codecs()


def _compressor() -> "ZstdCompressor":
    if _CODECS.compressor is None:
        from zstandard import ZstdCompressor

        _CODECS.compressor = ZstdCompressor(level=_LEVEL, write_content_size=True)
    return _CODECS.compressor


def _decompressor() -> "ZstdDecompressor":
    if _CODECS.decompressor is None:
        from zstandard import ZstdDecompressor

        _CODECS.decompressor = ZstdDecompressor()
    return _CODECS.decompressor
