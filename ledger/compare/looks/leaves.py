"""Arrays and plain values of a content that is a tree of them, by place; no array is read."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import islice
from typing import Any, BinaryIO, Final, cast

import numpy

from ledger.compare import sniff
from ledger.compare.archives.members import Members
from ledger.compare.array import Array
from ledger.compare.arrays import npy
from ledger.compare.base import Unfit
from ledger.compare.leaves import Kind, Leaf
from ledger.compare.looks import ROWS, cut, fitting
from ledger.compare.media import sound
from ledger.compare.pickled import torch_files
from ledger.model.frozen import frozen


@frozen
class _Unread:
    """An array of which only the header was read."""

    dtype: str
    shape: tuple[int, ...]


Shown = Leaf | _Unread


def look(descriptor: int) -> dict[str, Any]:
    """The first leaves of an open file.

    Returns
    -------
    dict
        ``kind`` (table), ``format``, ``columns``, ``rows`` (name, type, and shape or value), ``more`` and
        ``why``, why no more were read.

    Raises
    ------
    Unfit
        If it is no such tree.
    """
    with open(descriptor, "rb", closefd=False) as opened, ExitStack() as stack:
        file = cast(BinaryIO, opened)
        form, read = _reader(file)
        found: list[tuple[str, Shown]] = []
        why = None
        try:
            for pair in islice(read(file, stack), ROWS + 1):
                found.append(pair)  # what was found before a fault is kept
        except Unfit as error:
            if not found:
                raise
            why = cut(str(error))
    rows = fitting([cut(place), *_told(leaf)] for place, leaf in found[:ROWS])
    columns = ["name", "type", "shape or value"]
    more = why is not None or len(rows) < len(found)
    return {"kind": "table", "format": form, "columns": columns, "rows": rows, "more": more, "why": why}


Read = Callable[[BinaryIO, ExitStack], Iterator[tuple[str, Shown]]]


def _reader(file: BinaryIO) -> tuple[str, Read]:
    kind = sniff.media_type(file)
    if kind == "audio/wav":
        return "WAV", lambda file, _: sound.read(file)
    if kind != "application/zip":
        return "pickle", lambda file, _: torch_files.read_stream(file)
    names = list(Members(file).by_name)
    file.seek(0)
    if names and all(name.endswith(".npy") for name in names):
        return "NumPy arrays (npz)", _arrays
    if any(name.endswith("/data.pkl") for name in names):
        return "PyTorch", torch_files.read_archive
    raise Unfit("an archive of files")


def _arrays(file: BinaryIO, _: ExitStack) -> Iterator[tuple[str, Shown]]:
    members = Members(file)
    for name in members.by_name:
        with members.streamed(name) as member:
            kind, shape, _fortran = npy.header(member)
        yield name.removesuffix(".npy"), _Unread(dtype=str(kind), shape=shape)


def _told(leaf: Shown) -> tuple[str, str]:
    if isinstance(leaf, Array | _Unread):
        return cut(_plain(leaf.dtype)), cut(" × ".join(map(str, leaf.shape)) or "()")
    if isinstance(leaf, Kind):
        return "", cut(str(leaf))
    if isinstance(leaf, bytes):
        return "bytes", cut(leaf[:100].hex())
    return _NAMES.get(type(leaf), ""), cut(str(leaf))


def _plain(dtype: str) -> str:
    """As numpy calls it, where it knows it."""
    try:
        return str(numpy.dtype(dtype))
    except TypeError:
        return dtype


_NAMES: Final[dict[type, str]] = {
    bool: "boolean",
    int: "integer",
    float: "float",
    complex: "complex",
    str: "text",
}
