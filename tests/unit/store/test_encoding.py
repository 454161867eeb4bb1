import os
import random
import struct

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from ledger.store import encoding
from ledger.store.encoding import PLAIN, SAMPLE, ZSTD

choose = random.Random(1)
FLOATS = struct.pack("<20000f", *(choose.gauss(0, 0.02) for _ in range(20_000)))
DOUBLES = struct.pack("<20000d", *(choose.gauss(0, 1) for _ in range(20_000)))
BFLOATS = b"".join(FLOATS[at + 2 : at + 4] for at in range(0, len(FLOATS), 4))


@given(st.binary(max_size=3000), st.sampled_from([PLAIN, ZSTD, 2, 4, 8]), st.integers(1, 40))
def test_what_is_encoded_decodes(content, how, times):
    content *= times
    used, stored = encoding.encode(content, how)
    assert used in (how, PLAIN)
    assert len(stored) <= len(content)
    assert encoding.decode(bytes(stored), used, len(content)) == content


@pytest.mark.parametrize(
    ("content", "how", "ratio"),
    [
        (os.urandom(80_000), PLAIN, 1),
        (b"all alike\n" * 8_000, ZSTD, 0.01),
        (FLOATS, 4, 0.86),
        (DOUBLES, 8, 0.9),
        (BFLOATS, 2, 0.72),
        (b"short", PLAIN, 1),
        (b"", PLAIN, 1),
    ],
    ids=["random", "text", "floats", "doubles", "bfloats", "short", "empty"],
)
def test_a_sample_tells_what_suits(content, how, ratio):
    assert encoding.choose(content[:SAMPLE]) == how
    assert len(encoding.encode(content, how)[1]) <= ratio * len(content)


@pytest.mark.parametrize(
    "damage", ["cut", "longer", "flipped", "other size", "two frames", "no frame", "empty"]
)
def test_what_is_no_frame_of_that_size_is_refused(damage):
    content = b"content " * 1000
    _, stored = encoding.encode(content, ZSTD)
    wrong = {
        "cut": stored[:-1],
        "longer": stored + b"a",
        "flipped": b"!" + stored[1:],
        "other size": encoding.encode(content + b"a", ZSTD)[1],
        "two frames": stored + stored,
        "no frame": os.urandom(50),
        "empty": b"",
    }[damage]
    assert encoding.decode(wrong, ZSTD, len(content)) is None


def test_a_frame_that_hides_its_size_is_refused():
    frame = zstandard.ZstdCompressor(write_content_size=False).compress(bytes(1 << 20))
    assert encoding.decode(frame, ZSTD, 1 << 20) is None


@pytest.mark.parametrize("how", [3, 5, 16, 255])
def test_an_encoding_that_is_not_known_is_refused(how):
    assert encoding.decode(b"content", how, 7) is None
