"""Safetensors by their tensors and metadata: the order of keys and of the data does not count.

The format: eight bytes with the length of a JSON header (little-endian), the header, the data; see
https://github.com/huggingface/safetensors#format.
"""

import json
from collections.abc import Iterator
from functools import partial
from math import prod
from typing import Any, BinaryIO, Final

from ledger.compare.array import Array
from ledger.compare.base import Unfit
from ledger.compare.leaves import Leaf, of_leaves
from ledger.compare.numbers import BFLOAT16
from ledger.compare.parts import exactly, items_at, size_of
from ledger.compare.texts.json_values import unique

_MOST_HEADER: Final = 8_000_000
_DTYPES: Final = {
    "BOOL": "|b1",
    "U8": "|u1",
    "I8": "|i1",
    "U16": "<u2",
    "I16": "<i2",
    "F16": "<f2",
    "BF16": BFLOAT16,
    "U32": "<u4",
    "I32": "<i4",
    "F32": "<f4",
    "U64": "<u8",
    "I64": "<i8",
    "F64": "<f8",
    "C64": "<c8",
}


def read(file: BinaryIO) -> Iterator[tuple[str, Leaf]]:
    """Tensors by name, and metadata as ``__metadata__.KEY``.

    Numbers of a type that numpy does not have, such as ``F8_E4M3``, are bytes.
    """
    whole = size_of(file)
    length = int.from_bytes(exactly(file, 8, 8, "the length of the header"), "little")
    try:
        header = json.loads(exactly(file, length, _MOST_HEADER, "the header"), object_pairs_hook=unique)
        yield from _leaves(header, file, 8 + length, whole)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise Unfit(f"no safetensors header: {type(error).__name__}") from None


def _leaves(header: Any, file: BinaryIO, base: int, whole: int) -> Iterator[tuple[str, Leaf]]:
    for key, value in header.pop("__metadata__", {}).items():
        yield f"__metadata__.{key}", str(value)
    for name, tensor in header.items():
        kind, shape = str(tensor["dtype"]), tuple(map(int, tensor["shape"]))
        begin, end = map(int, tensor["data_offsets"])
        if min(shape, default=0) < 0 or not 0 <= begin <= end <= whole - base:
            raise Unfit(f"{name} is no part of the file")
        if kind in _DTYPES:
            dtype = _DTYPES[kind]
            size = 2 if dtype == BFLOAT16 else int(dtype[2:])
            if prod(shape) * size != end - begin:
                raise Unfit(f"{name} has {end - begin} bytes")
        else:
            yield f"{name} ({kind})", str(list(shape))
            dtype, size, shape = "|V1", 1, (end - begin,)
        blocks = partial(items_at, file, base + begin, prod(shape), size)
        yield name, Array(dtype=dtype, shape=shape, blocks=blocks)


compare = of_leaves(read)
