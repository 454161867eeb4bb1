"""ONNX: nodes, attributes and tensors by their values; the name that a converter makes up never counts.

Source: onnx/onnx.proto3 (IR version 3 to 11).
"""

from collections.abc import Iterator
from itertools import count
from struct import Struct
from typing import BinaryIO, Final, NamedTuple

from ledger.compare import bytes as byte_by_byte
from ledger.compare.account import Account, joined
from ledger.compare.array import held
from ledger.compare.base import Unfit
from ledger.compare.leaves import Leaf, compare_sides, of_content
from ledger.formats import Malformed
from ledger.formats.protobuf import BYTES, FIXED32, FIXED64, VARINT, Field, fields, signed, varint

MOST_BYTES: Final = 128 << 20
_MOST_FIELDS: Final = 2_000_000
_DEEPEST: Final = 20
_FLOAT, _DOUBLE = Struct("<f"), Struct("<d")

INTEGER, TEXT, FLOATS, DOUBLES, INTEGERS, TENSOR = (
    "integer",
    "text",
    "floats",
    "doubles",
    "integers",
    "tensor",
)
_GRAPH, _NAME = "graph", "graph.name"


class _Part(NamedTuple):
    """A field of a message."""

    name: str
    kind: str
    """What its values are, or which message."""
    many: bool = False


_MESSAGES: Final = {
    "model": {
        1: _Part("ir_version", INTEGER),
        2: _Part("producer", TEXT),
        3: _Part("producer_version", TEXT),
        4: _Part("domain", TEXT),
        5: _Part("model_version", INTEGER),
        6: _Part("doc", TEXT),
        7: _Part("graph", "graph"),
        8: _Part("opset", "opset", many=True),
        14: _Part("metadata", "entry", many=True),
        25: _Part("functions", TEXT, many=True),
    },
    "opset": {1: _Part("domain", TEXT), 2: _Part("version", INTEGER)},
    "entry": {1: _Part("key", TEXT), 2: _Part("value", TEXT)},
    "graph": {
        1: _Part("nodes", "node", many=True),
        2: _Part("name", TEXT),
        5: _Part("initializers", TENSOR, many=True),
        10: _Part("doc", TEXT),
        11: _Part("inputs", TEXT, many=True),
        12: _Part("outputs", TEXT, many=True),
        13: _Part("values", TEXT, many=True),
        14: _Part("quantization", TEXT, many=True),
        15: _Part("sparse_initializers", TEXT, many=True),
        16: _Part("metadata", "entry", many=True),
    },
    "node": {
        1: _Part("inputs", TEXT, many=True),
        2: _Part("outputs", TEXT, many=True),
        3: _Part("name", TEXT),
        4: _Part("op", TEXT),
        5: _Part("attributes", "attribute", many=True),
        6: _Part("doc", TEXT),
        7: _Part("domain", TEXT),
    },
    "attribute": {
        1: _Part("name", TEXT),
        2: _Part("f", FLOATS),
        3: _Part("i", INTEGER),
        4: _Part("s", TEXT),
        5: _Part("t", TENSOR),
        6: _Part("g", "graph"),
        7: _Part("floats", FLOATS),
        8: _Part("ints", INTEGERS),
        9: _Part("strings", TEXT, many=True),
        10: _Part("tensors", TENSOR, many=True),
        11: _Part("graphs", "graph", many=True),
        13: _Part("doc", TEXT),
        20: _Part("type", INTEGER),
        21: _Part("reference", TEXT),
    },
    TENSOR: {
        1: _Part("dims", INTEGERS),
        2: _Part("type", INTEGER),
        4: _Part("floats", FLOATS),
        5: _Part("ints", INTEGERS),
        6: _Part("strings", TEXT, many=True),
        7: _Part("longs", INTEGERS),
        8: _Part("name", TEXT),
        9: _Part("raw", TEXT),
        10: _Part("doubles", DOUBLES),
        11: _Part("unsigned", INTEGERS),
        12: _Part("doc", TEXT),
        13: _Part("external", "entry", many=True),
        14: _Part("location", INTEGER),
    },
}
_RAW: Final = {
    1: "<f4",
    2: "u1",
    3: "i1",
    4: "<u2",
    5: "<i2",
    6: "<i4",
    7: "<i8",
    9: "u1",
    10: "<f2",
    11: "<f8",
    12: "<u4",
    13: "<u8",
    16: "bfloat16",
}
"""Types of a tensor's raw data, by their number; all others are compared as bytes."""
_SIZES: Final = {"bfloat16": 2}


class _Reader:
    """Reads one model into leaves."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.has_graph, self.name = False, ""
        self._left = _MOST_FIELDS

    def leaves(self) -> Iterator[tuple[str, Leaf]]:
        """All of it but the graph's name."""
        try:
            for place, leaf in self._message("model", 0, len(self.content), "", 0):
                if place == _NAME:
                    self.name = str(leaf)
                else:
                    self.has_graph |= place == _GRAPH
                    yield place, leaf
        except Malformed as error:
            raise Unfit(f"no ONNX: {error}") from None

    def _message(self, kind: str, start: int, end: int, place: str, depth: int) -> Iterator[tuple[str, Leaf]]:
        if depth > _DEEPEST:
            raise Unfit("nested too deep")
        found: dict[int, list[Field]] = {}
        for field in fields(self.content, start, end):
            self._left -= 1
            if self._left < 0:
                raise Unfit(f"more than {_MOST_FIELDS} values")
            found.setdefault(field.number, []).append(field)
        parts = _MESSAGES[kind]
        for number, values in sorted(found.items()):
            part = parts.get(number, _Part(f"field {number}", TEXT, many=True))
            where = joined(place, part.name)
            if part.kind in (FLOATS, DOUBLES, INTEGERS):
                yield where, self._numbers(part.kind, values)
                continue
            if part.name == "raw" and kind == TENSOR:
                yield where, self._raw(found, values[-1])
                continue
            # Of a field that is there once the last one counts.
            for index, field in zip(count(), values if part.many else values[-1:], strict=False):
                inside = f"{where}.{index}" if part.many else where
                if part.kind in _MESSAGES and field.kind == BYTES:
                    yield inside, f"{part.kind}"
                    yield from self._message(part.kind, field.start, field.end, inside, depth + 1)
                elif field.kind == VARINT:
                    yield inside, signed(field.value)
                else:
                    yield inside, self._text(field)

    def _text(self, field: Field) -> str | bytes:
        content = self.content[field.start : field.end]
        try:
            return content.decode()
        except UnicodeDecodeError:
            return content

    def _numbers(self, kind: str, values: list[Field]) -> Leaf:
        """Numbers one by one or packed, as an array."""
        if kind == INTEGERS:
            found: list[int] = []
            for field in values:
                place, end = field.start, field.end
                if field.kind == VARINT:
                    found.append(signed(field.value))
                while field.kind == BYTES and place < end:
                    value, place = varint(self.content, place, end)
                    found.append(signed(value))
            content = Struct(f"<{len(found)}q").pack(*found)
            return held(content, "<i8", (len(found),))
        width, dtype = (4, "<f4") if kind == FLOATS else (8, "<f8")
        content = b"".join(
            self.content[field.start : field.end]
            for field in values
            if field.kind in (BYTES, FIXED32 if width == 4 else FIXED64)
        )
        if len(content) % width:
            raise Unfit("no ONNX: packed numbers of another width")
        return held(content, dtype, (len(content) // width,))

    def _raw(self, found: dict[int, list[Field]], field: Field) -> Leaf:
        content = memoryview(self.content)[field.start : field.end]
        kind = _RAW.get(found[2][-1].value if 2 in found else 0, "u1")
        size = _SIZES.get(kind, int(kind[-1]))
        if len(content) % size:
            raise Unfit("no ONNX: raw data of another width")
        return held(content, kind, (len(content) // size,))


def _compare(expected: BinaryIO, got: BinaryIO, account: Account) -> None:
    readers: list[_Reader] = []
    for file in (expected, got):
        content = byte_by_byte.read(file, MOST_BYTES + 1)
        if len(content) > MOST_BYTES:
            raise Unfit(f"more than {MOST_BYTES >> 20} MiB of ONNX")
        readers.append(_Reader(content))
    compare_sides(readers[0].leaves(), readers[1].leaves(), account)
    if not all(each.has_graph for each in readers):
        raise Unfit("no ONNX: it has no graph")
    if readers[0].name != readers[1].name:
        account.ignore("graph names")


compare = of_content(_compare)
"""Compare two models; a file of weights beside them is compared for itself."""
