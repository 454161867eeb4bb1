"""Whether a record has something, however it is packed."""

import gzip
import io
import os
import subprocess
import tarfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

import zstandard

_ZSTD = b"\x28\xb5\x2f\xfd"


def files(places: Iterable[Path]) -> Iterator[Path]:
    """Files of directories, and the files among `places`."""
    for place in places:
        if place.is_file() or place.is_symlink():
            yield place
        else:
            yield from (path for path in sorted(place.rglob("*")) if path.is_symlink() or path.is_file())


def unpacked(raw: bytes) -> Iterator[bytes]:
    """A file's bytes, and what they are if they are compressed or an archive."""
    yield raw
    if raw.startswith(b"\x1f\x8b"):
        yield gzip.decompress(raw)
    elif raw[:1] == b"\x78":
        try:
            yield zlib.decompress(raw)
        except zlib.error:
            return
    elif raw.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            yield from (archive.read(name) for name in archive.namelist())
    at = raw.find(_ZSTD)
    while at >= 0:  # packs have many frames
        try:
            yield zstandard.ZstdDecompressor().decompressobj().decompress(raw[at:])
        except zstandard.ZstdError:
            pass
        at = raw.find(_ZSTD, at + 1)
    if raw[257:262] == b"ustar":
        with tarfile.open(fileobj=io.BytesIO(raw)) as archive:
            yield from (member.read() for entry in archive if (member := archive.extractfile(entry)))


def texts(places: Iterable[Path]) -> Iterator[bytes]:
    """All that is in a record: each file's name and content, where links point to, git's packed objects."""
    places = list(places)
    for path in files(places):
        yield os.fsencode(path.name)
        if path.is_symlink():
            yield os.fsencode(path.readlink())
        if path.is_file():
            yield from unpacked(path.read_bytes())
    for place in places:
        if place.name == ".git":
            words = ["git", f"--git-dir={place}", "cat-file", "--batch-all-objects", "--batch", "--unordered"]
            yield subprocess.run(words, check=True, capture_output=True).stdout


def spoil(places: Iterable[Path], needle: bytes, other: bytes) -> int:
    """Put `other` where `needle` is, or change a byte of what it is packed in; return the number of files."""
    assert len(needle) == len(other)
    count = 0
    for path in files(places):
        if path.is_symlink() or not path.is_file():
            continue
        raw = path.read_bytes()
        if needle in raw:
            new = raw.replace(needle, other)
        elif any(needle in text for text in unpacked(raw)):
            middle = len(raw) // 2
            new = raw[:middle] + bytes([raw[middle] ^ 1]) + raw[middle + 1 :]
        else:
            continue
        mode = path.stat().st_mode
        path.chmod(0o644)
        path.write_bytes(new)
        path.chmod(mode)
        count += 1
    return count
