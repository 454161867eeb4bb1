import pickle

import pytest
from blake3 import blake3

from ledger.errors import FormatError
from ledger.model import Digest

HEX = blake3(b"abc").hexdigest()


def test_a_digest_is_the_blake3_of_a_content():
    # From the reference test vectors of BLAKE3: the empty input.
    assert Digest.of(b"").hex() == "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262"
    assert Digest.of(b"abc").hex() == HEX
    assert Digest.of(bytearray(b"abc")) == Digest.of(memoryview(b"abc")) == Digest.of(b"abc")


def test_the_text_form_goes_there_and_back():
    digest = Digest.of(b"abc")
    assert str(digest) == f"b3:{HEX}"
    assert Digest.parse(str(digest)) == digest
    assert digest.short == HEX[:12]
    assert repr(digest) == f"Digest(b3:{HEX[:12]}…)"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "b3:",
        HEX,
        f"B3:{HEX}",
        f"b3:{HEX.upper()}",
        f"b3:{HEX[:-1]}",
        f"b3:{HEX}0",
        f"b3:{'g' * 64}",
        f"b3:{' ' * 64}",
        f"b3: {HEX[:62]} ",
        f"b3:b3:{HEX[:61]}",
        f"b3:{'٣' * 64}",
        f"sha256:{HEX}",
        f"b3:{HEX}\n",
    ],
)
def test_another_text_is_no_digest(text):
    with pytest.raises(FormatError, match="not a digest"):
        Digest.parse(text)


@pytest.mark.parametrize("size", [0, 31, 33])
def test_another_size_is_no_digest(size):
    with pytest.raises(FormatError, match=f"got {size}"):
        Digest(bytes(size))


def test_a_digest_is_a_value():
    digest = Digest.of(b"abc")
    assert {digest: 1}[Digest.of(b"abc")] == 1
    assert sorted([digest, Digest(bytes(32))])[0] == bytes(32)
    assert pickle.loads(pickle.dumps(digest)) == digest
    assert not hasattr(digest, "__dict__")
