import bz2
import gzip
import io
import lzma

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.compare import nested
from ledger.compare.archives import compressed
from ledger.compare.base import Tolerance

PACKS = [gzip.compress, bz2.compress, lzma.compress, zstandard.compress]


def compare(expected, got, **tolerance):
    return compressed.compare(io.BytesIO(expected), io.BytesIO(got), Tolerance(**tolerance))


def zipped(content, name="", time=0, level=9):
    file = io.BytesIO()
    with gzip.GzipFile(name, "wb", level, file, time) as target:
        target.write(content)
    return file.getvalue()


@pytest.mark.parametrize(
    ("other", "ignored"),
    [
        ({"time": 7}, "time stamps"),
        ({"name": "b"}, "names"),
        ({"name": "b", "time": 7}, "time stamps and names"),
        ({"level": 1}, "compressions"),
    ],
)
def test_the_header_does_not_count(other, ignored):
    result = compare(zipped(b"x" * 9999, name="a"), zipped(b"x" * 9999, **{"name": "a", **other}))
    assert (result.same, result.exact, result.detail) == (True, False, f"only {ignored} differ")


@pytest.mark.parametrize("pack", PACKS)
def test_what_is_inside_is_compared_by_what_it_is(pack):
    one, other = pack(b'{"loss": 0.5}'), pack(b'{"loss": 0.5000001}')
    assert compare(one, other).detail == "unpacked: loss: 0.5 and 0.5000001"
    assert compare(one, other, rtol=1e-6).same
    text = [pack(b"loss 0.5\n"), pack(b"loss 0.75\n")]
    assert compare(*text).distance.absolute == 0.25


@pytest.mark.parametrize("pack", PACKS)
def test_several_streams_are_one_content(pack):
    content = [b"a" * 300_000, b"b" * 300_000]
    assert compare(pack(content[0]) + pack(content[1]), pack(content[0] + content[1])).same
    assert not compare(pack(content[0]) + pack(content[1]), pack(content[0])).same


def test_zeros_behind_a_stream_are_none():
    assert compare(lzma.compress(b"a"), lzma.compress(b"a") + bytes(8)).detail == "only compressions differ"


@pytest.mark.parametrize("pack", PACKS)
def test_a_bomb_is_compared_as_bytes(pack, monkeypatch):
    monkeypatch.setattr(nested, "_FREE", 1 << 20)
    result = compare(pack(bytes(4 << 20)), pack(bytes((4 << 20) + 1)))
    assert not result.same
    assert "compared as bytes: it unpacks to more than 1 MiB from " in result.detail


def test_what_asks_for_too_much_memory_is_compared_as_bytes():
    filters = [{"id": lzma.FILTER_LZMA2, "dict_size": 256 << 20}]
    one, other = (lzma.compress(each, filters=filters) for each in (b"a", b"b"))
    assert "compared as bytes: it cannot be unpacked: Memory usage limit" in compare(one, other).detail


def test_layers_end(monkeypatch):
    one, other = b"a", b"b"
    for _ in range(6):
        one, other = gzip.compress(one), gzip.compress(other)
    assert "compared as bytes: more than 4 layers" in compare(one, other).detail


def test_what_is_not_compressed_is_compared_as_bytes():
    assert compare(b"a", b"b").detail.endswith("(compared as bytes: neither gzip, bzip2, xz nor zstd)")


PACKED = {pack: pack(bytes(range(256)) * 8) for pack in (gzip.compress, bz2.compress, lzma.compress)}


@pytest.mark.parametrize("pack", PACKED)
@settings(max_examples=60)
@given(data=st.data())
def test_damage_is_no_crash(pack, data):
    content = bytearray(PACKED[pack])
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    assert compare(PACKED[pack], bytes(content)).exact is False
    assert not compare(PACKED[pack], PACKED[pack][:place]).same
