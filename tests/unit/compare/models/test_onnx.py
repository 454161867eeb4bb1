import importlib.util
import io
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.compare import registry
from ledger.compare.base import Tolerance
from ledger.compare.models.onnx import MOST_BYTES, compare

_SPEC = importlib.util.spec_from_file_location("hostile", Path(__file__).parents[3] / "hostile.py")
hostile = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(hostile)


def varint(value):
    value &= (1 << 64) - 1
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*found, value])


def number(place, value):
    return varint(place << 3) + varint(value)


def part(place, content):
    content = content.encode() if isinstance(content, str) else content
    return varint(place << 3 | 2) + varint(len(content)) + content


def floats(place, values):
    """One by one, as a version 2 file has them."""
    return b"".join(varint(place << 3 | 5) + struct.pack("<f", each) for each in values)


def model(name="made up", weights=(0.5, 1.5), thresholds=(1.0, 2.0), modes=(1, -1), op="Tree", last=0.25):
    tree = part(1, "thresholds") + floats(7, thresholds)
    kinds = part(1, "modes") + b"".join(number(8, each) for each in modes)
    node = part(1, "x") + part(4, op) + part(5, tree) + part(5, kinds)
    packed = struct.pack(f"<{len(weights)}f", *weights)
    raw = number(1, len(weights)) + number(2, 1) + part(8, "w") + part(9, packed)
    listed = part(1, varint(1)) + number(2, 11) + part(10, struct.pack("<d", last)) + part(8, "d")
    graph = part(1, node) + part(2, name) + part(5, raw) + part(5, listed)
    return number(1, 8) + part(2, "here") + part(7, graph) + part(8, part(1, "") + number(2, 17))


def compared(expected, got, **tolerance):
    return compare(io.BytesIO(expected), io.BytesIO(got), Tolerance(**tolerance))


def test_it_is_what_onnx_is_compared_with():
    found = registry.find("application/x-onnx")(io.BytesIO(model("a")), io.BytesIO(model("b")), Tolerance())
    assert (found.same, found.exact, found.detail) == (True, False, "only graph names differ")


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"weights": (0.5, 1.75)}, "graph.initializers.0.raw"),
        ({"thresholds": (1.0, 2.25)}, "graph.nodes.0.attributes.0.floats"),
        ({"modes": (1, -2)}, "graph.nodes.0.attributes.1.ints"),
        ({"op": "Forest"}, "graph.nodes.0.op"),
        ({"last": 0.5}, "graph.initializers.1.doubles"),
        ({"weights": (0.5,)}, "graph.initializers.0"),
    ],
)
def test_what_differs_is_named(changes, place):
    found = compared(model(), model("other", **changes))
    assert not found.same
    assert place in found.detail


def test_numbers_may_be_near():
    found = compared(model(), model(weights=(0.5, 1.5000001), last=0.2500001), rtol=1e-6)
    assert found.same
    assert found.distance.differing == 2
    assert not compared(model(), model(op="x"), rtol=1).same


def test_another_order_of_fields_is_the_same_model():
    one = number(1, 8) + part(7, part(2, "n"))
    other = part(7, part(2, "n")) + number(1, 8)
    assert compared(one, other).detail == "the values are the same"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "it has no graph"),
        (number(1, 8), "it has no graph"),
        (b"\xff" * 20, "no ONNX"),
        (part(7, part(5, number(2, 1) + part(9, b"123"))), "another width"),
        (part(7, part(1, part(5, part(7, b"123")))), "another width"),
    ],
)
def test_what_is_no_model_is_compared_as_bytes(content, reason):
    found = compared(model(), content)
    assert not found.same
    assert "compared as bytes" in found.detail
    assert reason in found.detail


def test_deep_nesting_ends():
    content = part(2, "n")
    for _ in range(3000):
        content = part(1, part(5, part(6, content)))
    assert "nested too deep" in compared(part(7, content), part(7, content + part(2, "m"))).detail


def test_a_large_file_is_compared_as_bytes():
    class Large(io.RawIOBase):
        def __init__(self, last):
            self.place, self.last = 0, last

        def seekable(self):
            return True

        def seek(self, place, whence=0):
            self.place = place if whence == 0 else MOST_BYTES + 2 + place
            return self.place

        def read(self, size=-1):
            size = min(size, MOST_BYTES + 2 - self.place)
            self.place += size
            return bytes(size - 1) + self.last if size and self.place == MOST_BYTES + 2 else bytes(size)

    found = compare(Large(b"a"), Large(b"b"), Tolerance())
    assert "MiB of ONNX" in found.detail


def test_damaged_files_are_compared_as_bytes():
    hostile.check_damaged(compare, model())


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_any_bytes_are_compared(expected, got):
    assert compared(part(7, expected), part(7, got)).exact is (expected == got)
