import io

import pytest

from ledger.compare import registry
from ledger.compare.base import Tolerance
from ledger.compare.bytes import compare

BLOCK = 1 << 20


def detail(expected, got):
    result = compare(io.BytesIO(expected), io.BytesIO(got), Tolerance())
    assert (result.same, result.exact) == (False, False)
    return result.detail


@pytest.mark.parametrize(
    ("expected", "got", "said"),
    [
        (b"abc", b"abd", "bytes differ from offset 2 on"),
        (b"abc", b"xbc", "bytes differ from offset 0 on"),
        (b"abc", b"xb", "bytes differ from offset 0 on; 3 and 2 bytes"),
        (b"abc", b"ab", "the first 2 bytes are the same; 3 and 2 bytes"),
        (b"", b"ab", "one is empty; 0 and 2 bytes"),
        (bytes(3 * BLOCK), bytes(3 * BLOCK - 1) + b"x", f"bytes differ from offset {3 * BLOCK - 1} on"),
        (
            bytes(BLOCK),
            bytes(2 * BLOCK),
            f"the first {BLOCK} bytes are the same; {BLOCK} and {2 * BLOCK} bytes",
        ),
        (b"x" * BLOCK, b"y" * 2 * BLOCK, f"bytes differ from offset 0 on; {BLOCK} and {2 * BLOCK} bytes"),
    ],
)
def test_where_contents_differ(expected, got, said):
    assert detail(expected, got) == said


def test_a_tolerance_means_nothing_to_bytes():
    assert not compare(io.BytesIO(b"1.0"), io.BytesIO(b"1.1"), Tolerance(atol=1.0)).same


class Dribble(io.RawIOBase):
    """Returns one byte at a time, as a raw stream may."""

    def __init__(self, content):
        self.content = io.BytesIO(content)

    def read(self, size=-1):
        return self.content.read(min(size, 1))


def test_short_reads_are_no_difference():
    assert compare(Dribble(b"abc"), io.BytesIO(b"abc"), Tolerance()).exact
    assert detail(b"abc", b"ab") == compare(Dribble(b"abc"), io.BytesIO(b"ab"), Tolerance()).detail


def test_unknown_media_types_are_compared_byte_for_byte():
    assert registry.find("application/octet-stream") is compare
    assert registry.find("application/octet-stream; charset=binary") is compare
    assert registry.find("") is compare


def test_a_media_types_own_comparator_is_found(monkeypatch):
    def own(expected, got, tolerance):
        raise NotImplementedError

    monkeypatch.setitem(registry.COMPARATORS, "text/csv", own)
    assert registry.find("Text/CSV; header=present") is own
