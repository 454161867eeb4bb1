"""A preview of a recorded content: of an image its size, of all else text; nothing is run or written."""

import base64
import csv
import io
import zipfile
from struct import error as struct_error
from typing import Any, BinaryIO

from ledger.compare.base import Unfit
from ledger.compare.looks import CELL, COLUMNS, HEAD, MEMBERS, ROWS
from ledger.compare.sniff import media_type as sniffed
from ledger.errors import UsageError
from ledger.model.jsonform import to_json
from ledger.model.media import UNKNOWN, media_type
from ledger.ui.data import Document, Query, asked_digest, images, looks, records, tensors
from ledger.ui.source import Source

CHECKED = 32 << 20
"""Bytes of a content that is read as a whole, to hold it against its digest."""
VALUES = 100
"""Of an array."""
_HEX = 256
_LATIN = "it is no UTF-8: each byte is shown as a letter of Latin-1"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_DIRECTORY = 1 << 20
"""Bytes of an archive's list that are read."""
_DELIMITERS = {"text/csv": ",", "text/tab-separated-values": "\t"}


def answer(source: Source, query: Query) -> Document:
    """A preview of the content ``digest``; the end of ``path`` tells tables from other text.

    Returns
    -------
    dict
        ``digest``, ``size`` in bytes, ``checked`` (whether the content was held against its digest, which is
        not done with more than `CHECKED` bytes), ``kind`` and what belongs to it: ``image`` (media_type,
        width, height), ``table`` (columns, rows, more; of some also types, count and width), ``tables``
        (tables, more), ``tree`` (entries), ``array`` (shape, type, values), ``archive`` (members), ``text``
        (text, more), ``other`` (hex, form). ``format`` is the name of what it was read as, ``packed`` of what
        it was unpacked from, and ``why`` says why no more is shown, where there is something to say.

    Raises
    ------
    UsageError
        If it is no digest.
    NotFoundError
        If the store does not have it.
    DamagedError
        If the store has something else in its place.
    """
    digest = asked_digest(query.get("digest", ""))
    store = source.workspace.store
    size = store.size(digest)
    checked = size <= CHECKED
    with io.BytesIO(store.get(digest)) if checked else store.open(digest) as file:
        found = _preview(file, size, query.get("path", ""))
    return {"digest": str(digest), "size": size, "checked": checked, **found}


def image(source: Source, text: str) -> tuple[bytes, str]:
    """The bytes of an image that a browser may show, and its media type.

    Raises
    ------
    UsageError
        If `text` is no digest, or it is no image, or too large a one.
    NotFoundError
        If the store does not have it.
    """
    digest = asked_digest(text)
    store = source.workspace.store
    size = store.size(digest)
    with store.open(digest) as file:
        found = images.read(file.read(images.HEAD))
    if found is None:
        raise UsageError("this content is no image", hint=f"write it out: ledger cat {digest}")
    if size > images.MAX_BYTES or not found.is_small:
        raise UsageError(
            "this image is too large to be shown",
            cause=f"{found.width} × {found.height} pixels, {size} bytes",
            hint=f"write it out: ledger cat {digest}",
        )
    return store.get(digest), found.media_type


def _preview(file: BinaryIO, size: int, path: str) -> Document:
    head = file.read(HEAD)
    found = images.read(head)
    if found is not None:
        small = found.is_small and size <= images.MAX_BYTES
        return {
            "kind": "image",
            "media_type": found.media_type,
            "width": found.width,
            "height": found.height,
            "shown": small,
        }
    kind = sniffed(io.BytesIO(head))
    if kind == UNKNOWN and ".tfevents." in path:
        kind = "application/x-tfevents"
    if kind == "application/x-safetensors":
        return tensors.listed(file, most=ROWS, longest=CELL) or _other(head)
    if kind in records.KINDS:
        file.seek(0)
        head = file.read(records.MOST)
    try:
        looked = looks.at(kind, file)
    except Unfit as error:
        if kind == "application/zip" and (listed := _archive(file, size)) is not None:
            return listed
        return _other(head, kind) | {"why": str(error)}
    if looked is None:
        return _shown(head, size, path)
    if looked["kind"] != "packed":
        return looked
    inside = base64.b64decode(looked["head"])
    shown = _shown(inside, len(inside) if looked["whole"] else None, path.rpartition(".")[0])
    return shown | {"packed": looked["format"]}


def _shown(head: bytes, size: int | None, path: str) -> Document:
    """What can be told by the first bytes alone of a content of a `size`, which may not be known."""
    whole = size == len(head)
    kind = sniffed(io.BytesIO(head))
    if kind == "application/x-npy":
        return _array(head) or _other(head)
    if kind in records.KINDS:
        lines = records.LINES in (kind, media_type(path))
        if (table := records.table(head, lines=lines, whole=whole)) is not None:
            return table
        head = head[:HEAD]
        whole = size == len(head)
    text = _text(head, whole=whole)
    if text is None and kind == "text/plain":
        rest = None if size is None else size - len(head)
        return {"kind": "text", "text": head.decode("latin-1"), "more": rest, "why": _LATIN}
    if text is None:
        return _other(head, media_type(path) if kind == UNKNOWN else kind)
    delimiter = _DELIMITERS.get(media_type(path))
    if delimiter is not None and (table := _table(text, delimiter, not whole)) is not None:
        return table
    return {"kind": "text", "text": text, "more": None if size is None else size - len(head)}


def _text(head: bytes, *, whole: bool) -> str | None:
    """The bytes as text; None where they are none. One that was cut may end within a letter."""
    if head.startswith(_UTF16):
        return head[: len(head) // 2 * 2].decode("utf-16", "replace")
    if b"\0" in head:
        return None
    try:
        return head.decode("utf-8")
    except UnicodeDecodeError as error:
        if not whole and error.start >= len(head) - 3:
            return head[: error.start].decode("utf-8")
        return None


def _table(text: str, delimiter: str, cut: bool) -> Document | None:
    lines = text.splitlines(keepends=True)
    if cut:
        lines = lines[:-1]
    try:
        rows = [row[:COLUMNS] for row in csv.reader(lines[: ROWS + 1], delimiter=delimiter)]
    except csv.Error:
        return None
    if not rows or len(rows[0]) < 2:
        return None
    rows = [[cell[:CELL] for cell in row] for row in rows]
    return {"kind": "table", "columns": rows[0], "rows": rows[1:], "more": cut or len(lines) > ROWS + 1}


def _array(head: bytes) -> Document | None:
    import numpy as np
    from numpy.lib import format

    file = io.BytesIO(head)
    try:
        version = format.read_magic(file)
        read = format.read_array_header_1_0 if version == (1, 0) else format.read_array_header_2_0
        shape, _, kind = read(file, max_header_size=len(head))
    except (ValueError, SyntaxError, EOFError, MemoryError, RecursionError):
        return None
    values: Any = None
    if not kind.hasobject and kind.names is None and kind.itemsize and kind.kind in "biufc":
        rest = head[file.tell() :]
        count = min(VALUES, len(rest) // kind.itemsize)
        values = [_number(each) for each in np.frombuffer(rest, kind, count).tolist()]
    return {"kind": "array", "shape": list(shape), "type": str(kind), "values": values}


def _number(value: Any) -> Any:
    return str(value) if isinstance(value, complex) else to_json(value)


def _archive(file: BinaryIO, size: int) -> Document | None:
    """Names and sizes of a zip archive's members, as its list claims them."""
    start = max(0, size - (1 << 16) - 22)
    file.seek(start)
    end = file.read()
    place = end.rfind(b"PK\5\6")
    if place < 0 or int.from_bytes(end[place + 12 : place + 16], "little") > _DIRECTORY:
        return None
    try:
        with zipfile.ZipFile(file) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, struct_error):
        return None
    told = [
        {"path": each.filename[:CELL], "size": each.file_size, "packed": each.compress_size}
        for each in members[:MEMBERS]
    ]
    return {"kind": "archive", "members": told, "more": max(0, len(members) - MEMBERS)}


def _other(head: bytes, kind: str = UNKNOWN) -> Document:
    shown = head[:_HEX]
    lines = [shown[place : place + 16].hex(" ") for place in range(0, len(shown), 16)]
    return {"kind": "other", "hex": "\n".join(lines), "form": None if kind == UNKNOWN else kind}
