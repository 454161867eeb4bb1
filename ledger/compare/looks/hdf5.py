"""The tree of an HDF5 file, and the values of its small datasets; nothing outside of it is opened."""

from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

import h5py
import numpy

from ledger.compare.base import Unfit
from ledger.compare.looks import CELL, MEMBERS, cut, fitting
from ledger.compare.tables.hdf5_tree import FAULTS, open_no_more, opened

_VALUES: Final = 20
"""A dataset or an attribute of at most so many has its values shown."""
_ITEM: Final = 1 << 16
"""Bytes of one value; of a larger one only the type is told."""
_DEEPEST: Final = 100


def look(descriptor: int) -> dict[str, Any]:
    """The first objects of an open file.

    Returns
    -------
    dict
        ``kind`` (tree), ``format``, ``entries`` (at most `MEMBERS`, each of ``path``, ``what``, ``type``,
        ``shape`` and ``value``, which are text; the last three may be None), ``more`` (whether there are
        more) and ``why``, why no more were read.

    Raises
    ------
    Unfit
        If it has no readable tree.
    """
    entries: list[dict[str, Any]] = []
    why = None
    try:
        with opened(descriptor) as file:
            open_no_more()
            for entry in islice(_below(file, "", 0, set()), MEMBERS + 1):
                entries.append(entry)  # what was found before a fault is kept
    except MemoryError:
        raise
    except FAULTS as error:
        if not entries:
            raise Unfit(f"no readable HDF5 file: {cut(str(error))}") from None
        why = cut(str(error))
    told = fitting(entries[:MEMBERS])
    return {"kind": "tree", "format": "HDF5", "entries": told, "more": len(told) < len(entries), "why": why}


def _below(group: Any, place: str, depth: int, seen: set[Any]) -> Iterator[dict[str, Any]]:
    seen.add(h5py.h5o.get_info(group.id).addr)
    yield from _attributes(group, place)
    for name in group:
        path = f"{place}/{name}"
        link = group.get(name, getlink=True)
        if link is None:  # it is listed, and cannot be found
            yield _entry(path, "link", value="(unreadable)")
            continue
        if not isinstance(link, h5py.HardLink):
            yield _entry(path, "link", value=_target(link))
            continue
        held = group[name]
        if isinstance(held, h5py.Dataset):
            yield _dataset(held, path)
            yield from _attributes(held, path)
        elif not isinstance(held, h5py.Group):
            yield _entry(path, "type", kind=str(held.dtype))
        elif h5py.h5o.get_info(held.id).addr in seen or depth >= _DEEPEST:
            yield _entry(path, "group", value="(shown elsewhere, or too deep)")
        else:
            yield _entry(path, "group")
            yield from _below(held, path, depth + 1, seen)


def _dataset(held: Any, path: str) -> dict[str, Any]:
    shape = held.shape
    value = None
    if shape is None:
        value = "(empty)"
    elif held.external or held.is_virtual:
        value = "(kept in another file, which is not looked into)"
    elif held.size <= _VALUES and held.dtype.itemsize <= _ITEM:
        value = _tried(lambda: held[()])
    return _entry(path, "dataset", kind=str(held.dtype), shape=shape, value=value)


def _attributes(held: Any, place: str) -> Iterator[dict[str, Any]]:
    for name in held.attrs:
        told = held.attrs.get_id(name)
        value = None
        if told.shape is not None and numpy.prod(told.shape, dtype=object) <= _VALUES:
            value = _tried(lambda name=name: held.attrs[name])
        yield _entry(f"{place}@{name}", "attribute", kind=str(told.dtype), shape=told.shape, value=value)


def _tried(read: Any) -> str:
    """The values as text; a damaged one says so, and leaves the others."""
    try:
        return _text(read())
    except MemoryError:
        return "(takes too much memory)"
    except FAULTS as error:
        return f"(unreadable: {error})"


def _text(value: Any) -> str:
    if isinstance(value, numpy.ndarray):
        return _text(value.tolist())
    if isinstance(value, numpy.generic):
        return _text(value.item())
    if isinstance(value, list | tuple):
        return f"[{', '.join(_text(each) for each in value[:_VALUES])}]"
    if isinstance(value, bytes):
        return value[:CELL].decode("utf-8", "backslashreplace")
    return value[:CELL] if isinstance(value, str) else str(value)


def _target(link: Any) -> str:
    return f"{link.filename}:{link.path}" if isinstance(link, h5py.ExternalLink) else str(link.path)


def _entry(
    path: str, what: str, *, kind: str | None = None, shape: Any = None, value: Any = None
) -> dict[str, Any]:
    return {
        "path": cut(path),
        "what": what,
        "type": None if kind is None else cut(kind),
        "shape": None if shape is None else " × ".join(map(str, shape)),
        "value": None if value is None else cut(str(value)),
    }
