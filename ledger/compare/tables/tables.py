"""Parquet, Arrow (Feather) and ORC by their columns; they are read in a process of their own."""

from ledger.compare.fenced import of_reader

compare_parquet = of_reader("tables.columnar", b"PAR1", "no Parquet file")
compare_arrow = of_reader("tables.columnar", b"ARROW1", "no file in the format of Arrow or Feather 2")
compare_orc = of_reader("tables.columnar", b"ORC", "no ORC file")
