"""What the values of TensorBoard's summaries hold: numbers, plugins, hyperparameters.

Source: tensorflow/core/framework/summary.proto, tensor.proto, types.proto;
tensorboard/plugins/hparams/plugin_data.proto.
"""

from struct import Struct
from typing import NamedTuple

from ledger.formats.protobuf import BYTES, FIXED64, VARINT, Field, fields, signed, varint

FLOAT, _DOUBLE = Struct("<f"), Struct("<d")
_NUMBERS = {
    1: "f",
    2: "d",
    3: "i",
    4: "B",
    5: "h",
    6: "b",
    9: "q",
    10: "B",
    17: "H",
    19: "e",
    22: "I",
    23: "Q",
}
_FORMATS = {kind: Struct(f"<{letter}") for kind, letter in _NUMBERS.items()}
"""Of each numeric DataType but bfloat16."""
_BFLOAT16, _HALF = 14, 19
_LISTS = {1: 5, 2: 6, 3: 7, 4: 7, 5: 7, 6: 7, 9: 10, 10: 11, 14: 13, 17: 7, 19: 13, 22: 16, 23: 17}
"""Field of the TensorProto in which each DataType has its values, unless they are in tensor_content."""


class Number(NamedTuple):
    """A number found in a payload."""

    value: float
    start: int = -1
    """Where its bytes lie; -1 if they are of no fixed width."""
    kind: Struct = FLOAT


def plugin_of(data: bytes, start: int, end: int) -> tuple[str | None, bytes]:
    """Name and content of the plugin that a SummaryMetadata names."""
    name, content = None, b""
    for field in fields(data, start, end):
        if field.number == 1 and field.kind == BYTES:
            for each in fields(data, field.start, field.end):
                if each.number == 1 and each.kind == BYTES:
                    name = data[each.start : each.end].decode("utf-8", "replace")
                elif each.number == 2 and each.kind == BYTES:
                    content = data[each.start : each.end]
    return name, content


def tensor(data: bytes, start: int, end: int) -> Number | None:
    """The number in a TensorProto of one number; None for any other."""
    kind, content, listed = 0, None, list[Field]()
    for field in fields(data, start, end):
        if field.number == 1 and field.kind == VARINT:
            kind = field.value
        elif field.number == 2 and field.kind == BYTES:
            if not _is_one(data, field.start, field.end):
                return None
        elif field.number == 4 and field.kind == BYTES:
            content = field
        else:
            listed.append(field)
    if kind not in _LISTS:
        return None
    if content is not None and content.end > content.start:
        return _from_content(data, kind, content.start, content.end)
    mine = [field for field in listed if field.number == _LISTS[kind]]
    if not mine:
        return Number(0.0)  # as TensorFlow reads it
    return _from_list(data, kind, mine[0]) if len(mine) == 1 else None


def _is_one(data: bytes, start: int, end: int) -> bool:
    """Whether a TensorShapeProto has one element."""
    for field in fields(data, start, end):
        if field.number == 2 and field.kind == BYTES:
            sizes = [each.value for each in fields(data, field.start, field.end) if each.number == 1]
            if sizes != [1]:
                return False
        elif field.number == 3 and field.value:
            return False
    return True


def _from_content(data: bytes, kind: int, start: int, end: int) -> Number | None:
    if kind == _BFLOAT16:
        return Number(_bfloat16(int.from_bytes(data[start:end], "little"))) if end - start == 2 else None
    form = _FORMATS[kind]
    return Number(float(form.unpack_from(data, start)[0]), start, form) if end - start == form.size else None


def _from_list(data: bytes, kind: int, field: Field) -> Number | None:
    """The one member of a repeated field, packed or not."""
    start, end = field.start, field.end
    if kind in (1, 2):
        form = _FORMATS[kind]
        if field.kind == VARINT or end - start != form.size:
            return None
        return Number(form.unpack_from(data, start)[0], start, form)
    value = field.value
    if field.kind == BYTES:
        value, after = varint(data, start, end)
        if after != end:
            return None
    elif field.kind != VARINT:
        return None
    if kind == _BFLOAT16:
        return Number(_bfloat16(value))
    if kind == _HALF:
        return Number(Struct("<e").unpack((value & 0xFFFF).to_bytes(2, "little"))[0])
    return Number(float(value if kind in (22, 23) else signed(value)))


def _bfloat16(bits: int) -> float:
    value: float = FLOAT.unpack((bits << 16 & 0xFFFFFFFF).to_bytes(4, "little"))[0]
    return value


def hyperparameter(data: bytes, start: int, end: int) -> tuple[str, str | float | bool | None]:
    """Name and value of one entry of the map of hyperparameters."""
    name = ""
    value: str | float | bool | None = None
    for field in fields(data, start, end):
        if field.number == 1 and field.kind == BYTES:
            name = data[field.start : field.end].decode("utf-8", "replace")
        elif field.number == 2 and field.kind == BYTES:
            for each in fields(data, field.start, field.end):
                if each.number == 2 and each.kind == FIXED64:
                    value = float(_DOUBLE.unpack_from(data, each.start)[0])
                elif each.number == 3 and each.kind == BYTES:
                    value = data[each.start : each.end].decode("utf-8", "replace")
                elif each.number == 4 and each.kind == VARINT:
                    value = bool(each.value)
    return name, value
