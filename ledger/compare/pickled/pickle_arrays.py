"""What numpy wrote into a pickle, from what the pickle says: arrays, numbers and types."""

from collections.abc import Iterator
from functools import partial
from math import prod
from typing import Any, BinaryIO, Final, TypeGuard, cast

import numpy

from ledger.compare.array import held
from ledger.compare.arrays.npy import leaves
from ledger.compare.base import Unfit
from ledger.compare.leaves import Leaf
from ledger.compare.parts import items_at
from ledger.compare.pickled.pickle_machine import Call, Dict, Global, Machine, Span

_MULTIARRAY: Final = ("numpy.core.multiarray.", "numpy._core.multiarray.")
_NUMERIC: Final = ("numpy.core.numeric.", "numpy._core.numeric.")


def content(value: object) -> bytes | Span | None:
    """The bytes that a value stands for, also as older protocols write them; None if it is something else."""
    if isinstance(value, bytes | Span):
        return value
    if isinstance(value, Call) and value.name in (
        "_codecs.encode",
        "builtins.bytearray",
        "__builtin__.bytearray",
    ):
        inside = value.args[0] if isinstance(value.args, tuple) and value.args else b""
        if isinstance(inside, str):
            return inside.encode("latin-1", "replace")
        return inside if isinstance(inside, bytes | Span) else None
    if isinstance(value, Call) and value.name in ("builtins.bytes", "__builtin__.bytes") and value.args == ():
        return b""
    return None


def dtype(value: object) -> "numpy.dtype[Any] | None":
    """The type that a value stands for; None if it is neither a plain type nor a record."""
    if not isinstance(value, Call) or value.name != "numpy.dtype" or not isinstance(value.args, tuple):
        return None
    try:
        state = value.state if isinstance(value.state, tuple) else (3, "|", None, None, None, -1, -1, 0)
        order, subtype, names, fields = state[1:5]
        if names:
            found = dict(fields)
            each = [dtype(found[name][0]) for name in names]
            if any(kind is None for kind in each):  # to numpy, None is equal to a type
                return None
            offsets = [found[name][1] for name in names]
            record = {"names": list(names), "formats": each, "offsets": offsets, "itemsize": state[5]}
            made: numpy.dtype[Any] = cast(Any, numpy.dtype)(record)
            return made
        if subtype:
            base = dtype(subtype[0])
            return None if base is None else numpy.dtype((base, tuple(subtype[1])))
        kind = numpy.dtype(_text(value.args[0]))
        if kind.kind in "mM" and len(state) > 8:
            unit, number = state[8][1][:2]
            kind = numpy.dtype(f"{kind.kind}8[{number}{_text(unit)}]")
        return kind.newbyteorder(order) if order in ("<", ">") else kind
    except (TypeError, ValueError, KeyError, IndexError, AttributeError):
        return None


def array(value: object) -> "tuple[numpy.dtype[Any], tuple[int, ...], bool, object] | None":
    """Type, shape, whether in Fortran order, and the content of an array; None if it is none."""
    if not isinstance(value, Call) or not isinstance(value.args, tuple):
        return None
    if value.name in [f"{each}_reconstruct" for each in _MULTIARRAY]:
        plain = isinstance(value.args[0], Global) and value.args[0].name == "numpy.ndarray"
        if not (plain and isinstance(value.state, tuple) and len(value.state) == 5):
            return None
        _, shape, kind, fortran, held_as = value.state
    elif value.name in [f"{each}_frombuffer" for each in _NUMERIC] and len(value.args) >= 4:
        held_as, kind, shape, order = value.args[:4]
        fortran = order == "F"
    else:
        return None
    found = dtype(kind)
    if found is None or not _is_shape(shape):
        return None
    return found, shape, bool(fortran), held_as


def number(value: object) -> tuple[bool, Leaf]:
    """Whether a value is a number of numpy's, and which: of its type, as an array without dimensions."""
    if isinstance(value, Call) and value.name in [f"{each}scalar" for each in _MULTIARRAY]:
        args = value.args if isinstance(value.args, tuple) else ()
        kind, found = dtype(args[0]) if args else None, content(args[1]) if len(args) > 1 else None
        if kind is not None and not kind.hasobject and kind.names is None and isinstance(found, bytes):
            return True, held(found, kind.str, ())
    return False, None


def array_leaves(
    place: str, kind: "numpy.dtype[Any]", shape: tuple[int, ...], fortran: bool, found: bytes | Span
) -> Iterator[tuple[str, Leaf]]:
    """The leaves of an array without objects."""
    if isinstance(found, Span):
        part = cast(BinaryIO, found.part)
        yield from leaves(place, kind, shape, fortran, partial(items_at, part, 0, prod(shape), kind.itemsize))
    else:
        yield from leaves(place, kind, shape, fortran, held(found, f"|V{kind.itemsize}", shape).blocks)


def wrapped(call: Call, file: BinaryIO) -> None:
    """Read the array that joblib writes behind a ``NumpyArrayWrapper``, once that is built."""
    if not call.name.startswith("joblib.numpy_pickle") or not call.name.endswith("NumpyArrayWrapper"):
        return
    state = dict(call.state) if isinstance(call.state, Dict) else {}
    kind, shape = dtype(state.get("dtype")), state.get("shape")
    if kind is None or not _is_shape(shape):
        raise Unfit("a joblib array without a type")
    if kind.hasobject:
        call.leaf = Machine(file, wrapped).load()
        return
    if state.get("numpy_array_alignment_bytes") is not None:
        file.seek((file.read(1) or b"\0")[0], 1)
    size, start = prod(shape) * kind.itemsize, file.tell()
    file.seek(start + size)
    call.leaf = kind, shape, state.get("order") == "F", Span(file, start, size)


def _is_shape(value: object) -> TypeGuard[tuple[int, ...]]:
    return isinstance(value, tuple) and all(isinstance(each, int) and each >= 0 for each in value)


def _text(value: object) -> str:
    found = content(value)
    return found.decode("latin-1") if isinstance(found, bytes) else str(value)
