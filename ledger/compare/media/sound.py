"""WAV: sample by sample.

Source: Multimedia Programming Interface and Data Specifications 1.0, "Waveform Audio File Format".
"""

from collections.abc import Iterator
from functools import partial
from struct import Struct
from typing import BinaryIO, Final

import numpy

from ledger.compare import bytes as byte_by_byte
from ledger.compare.array import Array, at_once
from ledger.compare.base import Unfit
from ledger.compare.leaves import Leaf, of_leaves

_HEAD: Final = Struct("<4sI")
_FORMAT: Final = Struct("<HHIIHH")
_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
_TYPES = {
    (_PCM, 8): "u1",
    (_PCM, 16): "<i2",
    (_PCM, 24): "<i4",
    (_PCM, 32): "<i4",
    (_FLOAT, 32): "<f4",
    (_FLOAT, 64): "<f8",
}
_MOST_CHUNKS = 10_000


def read(file: BinaryIO) -> Iterator[tuple[str, Leaf]]:
    """Channels, rate and samples of a WAV file."""
    head = byte_by_byte.read(file, 12)
    if head[:4] != b"RIFF" or head[8:] != b"WAVE":
        raise Unfit("it is no WAV")
    end, place = file.seek(0, 2), 12
    form: tuple[int, ...] | None = None
    for _ in range(_MOST_CHUNKS):
        file.seek(place)
        chunk = byte_by_byte.read(file, _HEAD.size)
        if len(chunk) < _HEAD.size:
            raise Unfit("it ends early")
        name, size = _HEAD.unpack(chunk)
        place += _HEAD.size
        if place + size > end:
            raise Unfit("it ends early")
        if name == b"fmt ":
            form = _format(byte_by_byte.read(file, min(size, 40)))
        elif name == b"data":
            break
        place += size + size % 2
    else:
        raise Unfit(f"it has more than {_MOST_CHUNKS} chunks")
    if form is None:
        raise Unfit("it has no format")
    kind, channels, rate, bits = form
    if (kind, bits) not in _TYPES or not channels:
        raise Unfit(f"its samples are of an unknown kind: format {kind}, {bits} bits")
    width = bits // 8
    yield "channels", channels
    yield "rate", f"{rate} Hz"  # a tolerance is for samples
    shape = (size // (width * channels), channels)
    yield (
        "samples",
        Array(dtype=_TYPES[kind, bits], shape=shape, blocks=partial(_blocks, file, place, size, width)),
    )


compare = of_leaves(read)
"""Titles and the like never count."""


def _format(content: bytes) -> tuple[int, int, int, int]:
    """Kind of the samples, channels, rate in Hz, bits of a sample."""
    if len(content) < _FORMAT.size:
        raise Unfit("it ends early")
    kind, channels, rate, _, _, bits = _FORMAT.unpack_from(content)
    if kind == _EXTENSIBLE and len(content) >= 26:
        kind = int.from_bytes(content[24:26], "little")
    return kind, channels, rate, bits


def _blocks(file: BinaryIO, place: int, size: int, width: int) -> Iterator[bytes]:
    while size > 0:
        file.seek(place)
        block = byte_by_byte.read(file, min(size, at_once(4 if width == 3 else width) * width))
        if not block:
            return
        place += len(block)
        size -= len(block)
        yield _widened(block) if width == 3 else block


def _widened(block: bytes) -> bytes:
    """Numbers of 24 bits as such of 32."""
    wide = numpy.zeros((len(block) // 3, 4), "u1")
    wide[:, 1:] = numpy.frombuffer(block, "u1", len(wide) * 3).reshape(-1, 3)
    return (wide.view("<i4") >> 8).tobytes()
