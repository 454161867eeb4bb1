import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import FormatError
from ledger.model import items
from ledger.model.items import check_items

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**64), 2**64 - 1) | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.integers(-1000, 1000), inner),
)


def values(document):
    if isinstance(document, list):
        return 1 + sum(map(values, document))
    if isinstance(document, dict):
        return 1 + sum(values(key) + values(value) for key, value in document.items())
    return 1


@given(VALUES)
def test_values_are_counted_without_making_them(document):
    content, count = cbor2.dumps(document, canonical=True), values(document)
    assert items._count(content, count) == count
    assert items._count(content, count - 1) is None


@given(VALUES, st.data())
def test_what_is_cut_short(document, data):
    content = cbor2.dumps(document, canonical=True)
    short = content[: data.draw(st.integers(0, len(content) - 1))]
    with pytest.raises(FormatError) as caught:
        items._count(short, 1 << 20)
    assert "cut short" in caught.value.cause


@pytest.mark.parametrize("byte", [b"\x9f", b"\xbf", b"\x5f", b"\x7f", b"\xff", b"\x1c"])
def test_lengths_that_are_not_said(byte):
    with pytest.raises(FormatError, match="not canonical"):
        items._count(byte + bytes(9), 1 << 20)


def test_bounds():
    few = b"\x80" * (1 << 20)
    check_items(few)
    check_items(cbor2.dumps(["x" * 10] * (1 << 19)))
    row = ["a/file/of/some/name", 0o100644, 1000, bytes(32)]
    check_items(cbor2.dumps({"entries": [row] * 300_000}))
    for contents in (
        (b"\x9a\x00\x10\x00\x00" + few,),
        (b"\x99\xff\xf0" + b"\x80" * 0xFFF0,) * 20,
        (b"\x9a\xff\xff\xff\xff" + few,),
        (b"\xbb" + b"\xff" * 8 + few,),
    ):
        with pytest.raises(FormatError, match="too many values"):
            check_items(*contents)
