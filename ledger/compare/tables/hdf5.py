"""HDF5, and what Keras keeps in it, by its datasets and attributes; it is read in a process of its own."""

from importlib.util import find_spec

from ledger.compare.fenced import of_reader


def _lacking() -> str | None:
    return None if find_spec("h5py") else "pip install 'replay-ledger[hdf5]' would compare the content"


compare = of_reader("tables.hdf5_tree", {"application/x-hdf5"}, "no HDF5 file", _lacking)
"""Compare two HDF5 files; byte for byte where h5py is not installed."""
