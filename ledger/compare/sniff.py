"""Media type of a content of which no name is known, by how it begins."""

import re
import struct
from typing import BinaryIO, Final

HEAD: Final = 4096
"""Bytes that are looked at."""
_BEGINNINGS: Final = {
    b"\x93NUMPY": "application/x-npy",
    b"PK\x03\x04": "application/zip",
    b"PAR1": "application/vnd.apache.parquet",
    b"ARROW1\0\0": "application/vnd.apache.arrow.file",
    b"FEA1": "application/x-feather",
    b"ORC": "application/x-orc",
    b"MATLAB 5.0 MAT-file": "application/x-matlab",
    b"\x89HDF\r\n\x1a\n": "application/x-hdf5",
    b"SQLite format 3\0": "application/vnd.sqlite3",
    b"\x1f\x8b\x08": "application/gzip",
    b"BZh": "application/x-bzip2",
    b"\xfd7zXZ\0": "application/x-xz",
    b"\x28\xb5\x2f\xfd": "application/zstd",
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"%PDF-": "application/pdf",
}
_STREAM: Final = re.compile(rb"\xff{4}.{2}[\0-\x0f]\0", re.DOTALL)
"""An Arrow stream: a mark, then the length of its schema, which is below a megabyte."""
_WAVE: Final = re.compile(rb"RIFF.{4}WAVE", re.DOTALL)
_PICKLE: Final = re.compile(rb"\x80[\x02-\x05]")
_SAFETENSORS: Final = re.compile(rb".{5}\0{3}\{", re.DOTALL)
_JSON_LINES: Final = re.compile(rb"\s*\{.*\}\r?\n\{")
_JSON: Final = re.compile(rb"\s*[{\[]")
_TEXT: Final = re.compile(rb"[^\0-\x08\x0e-\x1a\x1c-\x1f]+")


def media_type(file: BinaryIO) -> str:
    """Media type of a content that can seek; it is left at its start."""
    file.seek(0)
    head = file.read(HEAD)
    file.seek(0)
    for beginning, found in _BEGINNINGS.items():
        if head.startswith(beginning):
            return found
    if head[257:262] == b"ustar":
        return "application/x-tar"
    if _STREAM.match(head) or _is_early_stream(head):
        return "application/vnd.apache.arrow.stream"
    if _WAVE.match(head):
        return "audio/wav"
    if _PICKLE.match(head):
        return "application/x-pickle"
    if _SAFETENSORS.match(head):
        return "application/x-safetensors"
    if _JSON_LINES.match(head):
        return "application/jsonl"
    if _JSON.match(head):
        return "application/json"
    return "text/plain" if _TEXT.fullmatch(head) else "application/octet-stream"


def _is_early_stream(head: bytes) -> bool:
    """Whether it is an Arrow stream as before version 0.15: without the mark, which is all that is told.

    Its first message is a table of FlatBuffers, of which another table says where each field is.
    """
    try:
        length, root = struct.unpack_from("<II", head)
        table = 4 + root
        fields = table - struct.unpack_from("<i", head, table)[0]
        size, _, version, kind = struct.unpack_from("<4H", head, fields)
    except struct.error:
        return False
    if length % 8 != 4 or not 8 <= fields <= 4 + length - size or size < 8:
        return False
    return head[table + version :][:1] in b"\0\1\2\3\4" and head[table + kind :][:1] == b"\1"  # a schema
