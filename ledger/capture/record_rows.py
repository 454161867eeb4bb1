"""The rows of a distribution's RECORD: which files an installer put where, and what they held."""

from typing import NamedTuple


class Row(NamedTuple):
    """One installed file."""

    path: str
    """Relative to the directory that holds the ``.dist-info``; absolute where it lies on another disk."""
    hash: str
    """Such as ``sha256=…`` in base64 without padding; empty for what has none (RECORD itself, ``*.pyc``)."""
    size: str
    """Bytes, as text; empty where it is not told."""


def record_rows(path: str) -> list[Row] | None:
    """Rows of the RECORD at `path`, in its order; None where there is none that can be read."""
    try:
        with open(path, encoding="utf-8", errors="surrogateescape", newline="") as file:
            return parse(file.read())
    except OSError:
        return None


def parse(text: str) -> list[Row]:
    """Rows of a RECORD's text, which is CSV (RFC 4180); lines without a path are none."""
    if '"' not in text:
        # By hand in a quarter of the time; and commas in a path that nobody quoted stay.
        rows = []
        for line in text.split("\n"):
            path, *rest = line.rstrip("\r").rsplit(",", 2)
            if path:
                rows.append(Row(path, rest[0] if rest else "", rest[1] if len(rest) > 1 else ""))
        return rows
    import csv
    from io import StringIO

    reader = csv.reader(StringIO(text, newline=""))
    return [Row(*(*row, "", "")[:3]) for row in reader if row and row[0]]


def sha256(row: Row) -> bytes | None:
    """The 32 bytes of a row's SHA-256; None where it tells another hash, or none."""
    name, _, text = row.hash.partition("=")
    if name != "sha256":
        return None
    from base64 import urlsafe_b64decode

    try:
        digest = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        return None
    return digest if len(digest) == 32 else None
