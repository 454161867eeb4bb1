"""Points of a drawing as an Arrow table, each with the trial that it stands for."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ledger.model import Digest


def ids(trials: Sequence[Digest]) -> NDArray[np.uint8]:
    """Their ids, 32 bytes each."""
    return np.frombuffer(b"".join(map(bytes, trials)), np.uint8)


def table(columns: Mapping[str, NDArray[Any]], trials: NDArray[np.uint8]) -> pa.Table:
    """The column ``id``, and columns of floats, or of booleans as 0 and 1."""
    count = len(trials) // 32
    arrays = [pa.Array.from_buffers(pa.binary(32), count, [None, pa.py_buffer(trials)])]
    for values in columns.values():
        held = np.ascontiguousarray(values, np.float64)
        arrays.append(pa.Array.from_buffers(pa.float64(), count, [None, pa.py_buffer(held)]))
    return pa.Table.from_arrays(arrays, names=["id", *columns])
