"""A file of tensors as a table of what it lists: no tensor is read."""

from itertools import islice
from typing import BinaryIO

from ledger.compare.array import Array
from ledger.compare.arrays import safetensors
from ledger.compare.base import Unfit
from ledger.ui.data import Document


def listed(file: BinaryIO, *, most: int, longest: int) -> Document | None:
    """The tensors and the metadata of a safetensors file; None where it is none.

    Parameters
    ----------
    file
        Its content.
    most
        Lines that are told.
    longest
        Letters of a cell.
    """
    file.seek(0)
    try:
        leaves = list(islice(safetensors.read(file), most + 1))
    except Unfit:
        return None
    rows = [
        [name, str(leaf.dtype), " × ".join(map(str, leaf.shape))]
        if isinstance(leaf, Array)
        else [name, "text", str(leaf)]
        for name, leaf in leaves[:most]
    ]
    cut = [[cell[:longest] for cell in row] for row in rows]
    return {"kind": "table", "columns": ["name", "type", "shape"], "rows": cut, "more": len(leaves) > most}
