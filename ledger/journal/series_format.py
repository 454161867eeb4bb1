"""The bytes of a series object: its table and trailer, read and checked.

::

    object  = record* table trailer
    record  = key, step, time (int64) and value (float64), little-endian, 32 bytes
    table   = canonical CBOR {"v": 1, "keys": [[metric's name, writer], …]}
    trailer = length of the table in bytes (uint64, little-endian), then the magic "LDGRSER1"

A key is a position in the table. Keys are numbered in the order of their first record, and so are writers,
which tell the trial's processes apart. ``schemas/README.md`` is normative.
"""

from struct import Struct
from typing import Any, NoReturn

import cbor2

from ledger.errors import FormatError, NewerFormatError

VERSION = 1
MAGIC = b"LDGRSER1"
RECORD = Struct("<qqqd")
TRAILER = Struct("<Q8s")


def encode_end(keys: list[tuple[str, int]]) -> bytes:
    """What follows the records: the table of (name, writer), and the trailer."""
    table = _encode_table([list(key) for key in keys])
    return table + TRAILER.pack(len(table), MAGIC)


def split(content: memoryview) -> tuple[memoryview, list[tuple[str, int]]]:
    """Records and key table of an object; the table is checked, the records are not.

    Raises
    ------
    FormatError
        If it is no such object; the cause names the place.
    NewerFormatError
        If a later release wrote it.
    """
    expect(len(content) >= TRAILER.size, "trailer", f"{TRAILER.size} bytes", f"{len(content)} bytes")
    length, magic = TRAILER.unpack(content[-TRAILER.size :])
    expect(magic == MAGIC, "magic", repr(MAGIC), repr(magic))
    end = len(content) - TRAILER.size - length
    expect(end >= 0, "table", f"at most {len(content) - TRAILER.size} bytes", f"{length} bytes")
    expect(end % RECORD.size == 0, "records", f"a multiple of {RECORD.size} bytes", f"{end} bytes")
    return content[:end], _table(bytes(content[end : end + length]))


def _table(content: bytes) -> list[tuple[str, int]]:
    try:
        document = cbor2.loads(content)
    except (cbor2.CBORError, ValueError, EOFError, OverflowError, RecursionError, MemoryError) as error:
        raise _not_a_series("table", "canonical CBOR", str(error)) from error
    version = document.get("v") if isinstance(document, dict) else None
    if type(version) is int and version > VERSION:
        raise NewerFormatError(
            f"a metric series of format {version}",
            cause=f"this release reads formats up to {VERSION}",
            hint="upgrade: python -m pip install --upgrade replay-ledger",
        )
    expect(type(version) is int and version == VERSION, "table.v", str(VERSION), repr(version))
    rows: Any = document.get("keys")
    expect(isinstance(rows, list), "table.keys", "an array", type(rows).__name__)
    table: list[tuple[str, int]] = []
    writers = 0
    for place, row in enumerate(rows):
        fits = isinstance(row, list) and [type(each) for each in row] == [str, int]
        fits = fits and row[0] != "" and 0 <= row[1] <= writers
        expect(fits, f"table.keys[{place}]", f"[name, writer up to {writers}]", repr(row)[:100])
        writers = max(writers, row[1] + 1)
        table.append((row[0], row[1]))
    expect(len(set(table)) == len(table), "table.keys", "each key once", "one twice")
    expect(_encode_table(rows) == content, "table", "canonical CBOR of v and keys", "other bytes")
    return table


def refuse_record(place: int, key: int, time: int, largest: int) -> NoReturn:
    """Say what is wrong with a record."""
    if time <= 0:
        raise _not_a_series(f"record[{place}].time", "above 0", str(time))
    raise _not_a_series(f"record[{place}].key", f"0 to {largest}", str(key))


def expect(holds: bool, place: str, expected: str, got: str) -> None:
    """Refuse the object unless `holds`."""
    if not holds:
        raise _not_a_series(place, expected, got)


def _not_a_series(place: str, expected: str, got: str) -> FormatError:
    return FormatError("not a metric series", cause=f"{place}: expected {expected}, got {got}")


def _encode_table(rows: list[list[Any]]) -> bytes:
    return cbor2.dumps({"v": VERSION, "keys": rows}, canonical=True)
