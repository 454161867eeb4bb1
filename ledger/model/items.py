"""How many values CBOR makes up, told from its bytes alone: one byte of it may cost seventy in memory."""

from ledger.errors import FormatError

_FEW = 1 << 20
"""As many are always read."""
_MOST = 1 << 23
_BYTES = 4
"""Of each value, at least, where there are more than a few: a file in a Manifest has nine."""


def check_items(*contents: bytes) -> None:
    """Refuse contents that would fill the memory with small values, before anything is made of them.

    Parameters
    ----------
    contents
        Canonical CBOR, as others say; what is kept at the same time belongs into one call.

    Raises
    ------
    FormatError
        If they make up more values than contents of their size do, or one that is large is not canonical.
    """
    size = sum(map(len, contents))
    if size <= _FEW:
        return  # no value is smaller than a byte
    most = left = min(_MOST, max(_FEW, size // _BYTES))
    for content in contents:
        count = _count(content, left)
        if count is None:
            raise FormatError("too many values", cause=f"expected at most {most:,} in {size:,} bytes")
        left -= count


def _count(content: bytes, most: int) -> int | None:
    """Values in the bytes, those inside of others too; None where there are more."""
    place, end, count, due = 0, len(content), 0, 1
    while due:
        if count + due > most:
            return None
        if place >= end:
            break
        major, value = content[place] >> 5, content[place] & 31
        place += 1
        if value > 27:
            raise FormatError("not canonical CBOR", cause=f"byte {place - 1:,}: a length that is not said")
        if value > 23:
            size = 1 << (value - 24)
            value = int.from_bytes(content[place : place + size], "big")
            place += size
        count += 1
        due -= 1
        if major in (2, 3):
            place += value
        elif major == 4:
            due += value
        elif major == 5:
            due += 2 * value
        elif major == 6:
            due += 1
    if due or place > end:
        raise FormatError("not canonical CBOR", cause=f"it is cut short at byte {end:,}")
    return count
