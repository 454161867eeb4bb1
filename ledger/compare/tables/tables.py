"""Parquet, Arrow, Feather and ORC by their columns; they are read in a process of their own."""

from typing import Final

from ledger.compare.fenced import of_reader

_ARROW: Final = (
    "application/vnd.apache.arrow.file",
    "application/vnd.apache.arrow.stream",
    "application/x-feather",
)
"""Files and streams of Arrow are both called ``.arrow``, as both versions of Feather are ``.feather``."""

compare_parquet = of_reader("tables.columnar", {"application/vnd.apache.parquet"}, "no Parquet file")
compare_arrow = of_reader("tables.columnar", _ARROW, "no file or stream of Arrow, and no Feather")
compare_orc = of_reader("tables.columnar", {"application/x-orc"}, "no ORC file")
