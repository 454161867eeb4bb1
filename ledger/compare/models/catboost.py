"""CatBoost's binary models: all but the random name and the time that each training gives its model.

Source: catboost/libs/model/flatbuffers/model.fbs (table TModelCore), and the binary form of FlatBuffers,
https://flatbuffers.dev/internals.
"""

from struct import Struct
from typing import BinaryIO, Final

from ledger.compare.account import Account, shown
from ledger.compare.base import Unfit
from ledger.compare.leaves import of_content
from ledger.compare.whole import whole

VOLATILE: Final = {"model_guid": "model names", "train_finish_time": "time stamps"}
"""What is another in each training."""
_MAGIC = b"CBM1"
_START = 8
"""Of the core, behind the magic and the core's size."""
_INFO_MAP = 2
"""Place of TModelCore's field InfoMap."""
_KEY, _VALUE = 0, 1
_MOST_ENTRIES = 10_000
_U16, _U32, _I32 = Struct("<H"), Struct("<I"), Struct("<i")


def _compare(expected: BinaryIO, got: BinaryIO, account: Account) -> None:
    sides = []
    for file in (expected, got):
        content = whole(file)
        if content[:4] != _MAGIC:
            raise Unfit("it is no model of CatBoost")
        if len(content) < _START or _U32.unpack_from(content, 4)[0] > len(content) - _START:
            raise Unfit("it ends early")
        try:
            sides.append(_without(bytearray(content)))
        except (IndexError, ValueError) as error:
            raise Unfit("its description is damaged") from error
    (left, one), (right, other) = sides
    for name in dict.fromkeys((*one, *other)):
        if one.get(name) == other.get(name):
            continue
        if name in VOLATILE:
            account.ignore(VOLATILE[name])
        elif name not in one or name not in other:
            account.only(name, first=name in one)
        else:
            account.differ(name, _parting(one[name], other[name]))
    if left != right:
        account.differ("model", f"its bytes differ; {len(left)} and {len(right)} bytes")


compare = of_content(_compare)
"""A model's name and when it was trained never count."""


def _without(content: bytearray) -> tuple[bytearray, dict[str, bytes]]:
    """The content with zeros where its description says something, and the description.

    Raises
    ------
    IndexError, ValueError
        If it is damaged.
    """
    described: dict[str, bytes] = {}
    places = []
    entries = _field(content, _START + _read(_U32, content, _START), _INFO_MAP)
    if entries:
        count = _read(_U32, content, entries)
        if count > _MOST_ENTRIES:
            raise ValueError("too many entries")
        for at in range(entries + 4, entries + 4 + 4 * count, 4):
            entry = at + _read(_U32, content, at)
            key, value = (_string(content, _field(content, entry, each)) for each in (_KEY, _VALUE))
            name = content[slice(*key)].decode()
            if name in described:
                raise ValueError("an entry is there twice")
            described[name] = bytes(content[slice(*value)])
            if value[0]:
                places.append(value)
    for start, end in places:
        # With the length before it and the zeros that fill four bytes: names are of several lengths.
        first, last = start - 4, min(len(content), end + 4 - (end - start) % 4)
        content[first:last] = bytes(last - first)
    return content, described


def _read(form: Struct, content: bytearray, place: int) -> int:
    if not 0 <= place <= len(content) - form.size:
        raise IndexError(place)
    number: int = form.unpack_from(content, place)[0]
    return number


def _field(content: bytearray, table: int, field: int) -> int:
    """Where the vector, string or table of a field lies; 0 if the field is left out."""
    index = table - _read(_I32, content, table)
    entry = 4 + 2 * field
    if entry + 2 > _read(_U16, content, index):
        return 0
    offset = _read(_U16, content, index + entry)
    return table + offset + _read(_U32, content, table + offset) if offset else 0


def _string(content: bytearray, place: int) -> tuple[int, int]:
    """From where to where a string lies."""
    if place == 0:
        return 0, 0
    start = place + 4
    end = start + _read(_U32, content, place)
    if end > len(content):
        raise IndexError(end)
    return start, end


def _parting(expected: bytes, got: bytes) -> str:
    """How two values part, from shortly before."""
    shared = min(len(expected), len(got))
    first = next((at for at in range(shared) if expected[at] != got[at]), shared)
    start = max(0, first - 20)
    parts = (each[start : first + 20].decode("utf-8", "replace") for each in (expected, got))
    return " and ".join(shown(each) for each in parts)
