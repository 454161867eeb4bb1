"""PyTorch's tensors: views of storages, of which a pickle says type, offset, size and strides."""

from collections.abc import Callable, Iterator
from functools import partial
from math import prod
from typing import BinaryIO, Final

import numpy

from ledger.compare.array import MOST_HELD, Array, held
from ledger.compare.base import Unfit
from ledger.compare.leaves import Kind, Leaf
from ledger.compare.numbers import BFLOAT16
from ledger.compare.parts import exactly, items_at
from ledger.compare.pickled.pickle_machine import Call, Global, Persistent
from ledger.model.frozen import frozen

_TYPES: Final = {
    "FloatStorage": "f4",
    "DoubleStorage": "f8",
    "HalfStorage": "f2",
    "BFloat16Storage": BFLOAT16,
    "LongStorage": "i8",
    "IntStorage": "i4",
    "ShortStorage": "i2",
    "CharStorage": "i1",
    "ByteStorage": "u1",
    "BoolStorage": "b1",
    "ComplexFloatStorage": "c8",
    "ComplexDoubleStorage": "c16",
    "UntypedStorage": "V1",
    "uint16": "u2",
    "uint32": "u4",
    "uint64": "u8",
    "float8_e4m3fn": "V1",
    "float8_e5m2": "V1",
    "float8_e4m3fnuz": "V1",
    "float8_e5m2fnuz": "V1",
    "float8_e8m0fnu": "V1",
}


@frozen
class Storage:
    """Raw bytes that tensors are views of."""

    file: BinaryIO
    size: int
    kind: object
    """Its `Global`, such as ``torch.FloatStorage``."""


Storages = dict[str, Storage]


def outside(
    find: Callable[[Persistent], Storage | None], big: bool, place: str, value: object
) -> Iterator[tuple[str, Leaf]] | None:
    """Leaves of a tensor or a storage; None if the value is neither."""
    if isinstance(value, Persistent):
        storage = find(value)
        return _whole(place, storage, big) if storage else None
    if not isinstance(value, Call) or not isinstance(value.args, tuple):
        return None
    args = value.args
    if value.name == "torch._utils._rebuild_parameter" and args and isinstance(args[0], Call):
        return outside(find, big, place, args[0])
    if value.name not in ("torch._utils._rebuild_tensor_v2", "torch._utils._rebuild_tensor_v3"):
        return None
    if len(args) < 6 or not isinstance(args[0], Persistent):
        return None
    storage = find(args[0])
    if storage is None:
        return None
    kind = args[6] if value.name.endswith("v3") and len(args) > 6 else storage.kind
    dtype = _dtype(kind, big)
    offset, shape, strides = args[1:4]
    if not _whole_numbers(offset, *shape, *strides) or len(shape) != len(strides):
        raise Unfit("a tensor without a shape")
    return _tensor(place, storage, dtype, offset, shape, strides, bool(args[4]))


def size_of_items(kind: object) -> int:
    """Bytes of an item of a storage of a type."""
    dtype = _dtype(kind, big=False)
    return 2 if dtype == BFLOAT16 else numpy.dtype(dtype).itemsize


def _tensor(
    place: str,
    storage: Storage,
    dtype: str,
    offset: int,
    shape: tuple[int, ...],
    strides: tuple[int, ...],
    learned: bool,
) -> Iterator[tuple[str, Leaf]]:
    size = 2 if dtype == BFLOAT16 else numpy.dtype(dtype).itemsize
    # 1. The items of the storage from the first to the last that it has.
    extent = 1 + sum((length - 1) * step for length, step in zip(shape, strides, strict=True))
    extent = extent if prod(shape) else 0
    if extent and not storage.size:  # of the inputs that a script was traced with
        yield place, Kind(f"a tensor {list(shape)} without its numbers")
        return
    if extent and (offset + extent) * size > storage.size:
        raise Unfit(f"{place} is no part of its storage")
    if learned:
        yield f"{place}.requires_grad" if place else "requires_grad", True
    # 2. In the order of its indices.
    dense = [length for length in shape if length != 1]
    steps = [step for length, step in zip(shape, strides, strict=True) if length != 1]
    if steps == [prod(dense[n + 1 :]) for n in range(len(dense))] or not extent:
        yield (
            place,
            Array(
                dtype=dtype, shape=shape, blocks=partial(items_at, storage.file, offset * size, extent, size)
            ),
        )
    elif max(prod(shape), extent) * size <= MOST_HELD:
        storage.file.seek(offset * size)
        content = exactly(storage.file, extent * size, MOST_HELD, place)
        flat = numpy.frombuffer(content, f"V{size}")
        view = numpy.lib.stride_tricks.as_strided(
            flat, shape, [size * step for step in strides], writeable=False
        )
        yield place, held(view.tobytes(), dtype, shape)
    else:
        yield f"{place}.strides" if place else "strides", Kind(f"{list(shape)} by {list(strides)}")
        blocks = partial(items_at, storage.file, offset * size, extent, size)
        yield place, Array(dtype=dtype, shape=(extent,), blocks=blocks)


def _whole(place: str, storage: Storage, big: bool) -> Iterator[tuple[str, Leaf]]:
    size = size_of_items(storage.kind)
    blocks = partial(items_at, storage.file, 0, storage.size // size, size)
    yield place, Array(dtype=_dtype(storage.kind, big), shape=(storage.size // size,), blocks=blocks)


def _dtype(kind: object, big: bool) -> str:
    name = kind.name if isinstance(kind, Global) else ""
    found = _TYPES.get(name.rpartition(".")[2]) if name.startswith("torch.") else None
    if found is None or (big and found == BFLOAT16):
        raise Unfit(f"a storage of {name or 'no type'}")
    if found == BFLOAT16:
        return found
    return numpy.dtype(found).newbyteorder(">" if big else "<").str


def _whole_numbers(*values: object) -> bool:
    return all(isinstance(each, int) and 0 <= each < 1 << 62 for each in values)
