import importlib.util
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import DamagedError, NotFoundError
from ledger.model import Digest, schema
from ledger.store.outside_pack import OutsidePack

_SPEC = importlib.util.spec_from_file_location("bundles", Path(__file__).parents[2] / "bundles.py")
bundles = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(bundles)
packs = bundles.packs

PIECES = [b"a" * 1000, b"b" * 2000]
WHOLE = b"".join(PIECES)
CHUNKS = [bundles.record(each, packs.CHUNK) for each in PIECES]
NAMED = [(digest, size) for digest, _, _, size, _ in CHUNKS]
LIST = bundles.list_record(packs.hashed(WHOLE), NAMED)
VECTORS = json.loads((schema.directory() / "vectors" / "packs.json").read_text("utf-8"))


def check(path, content, most=1 << 20):
    path.write_bytes(content)
    with OutsidePack(path, "x.ledger") as pack:
        pack.check_form(most)
        pack.check_contents()
        return {digest: pack.get(digest) for digest in pack.objects()}


def refused(path, content, **options):
    with pytest.raises(DamagedError) as caught:
        check(path, content, **options)
    assert caught.value.message == "x.ledger is refused"
    return caught.value.cause


@pytest.fixture
def path(tmp_path):
    return tmp_path / "x.ledger"


def test_what_is_whole_is_read(path):
    records = [bundles.record(b"first"), *CHUNKS, LIST, bundles.record(b"")]
    found = check(path, packs.pack(records))
    assert found == {Digest.of(each): each for each in (b"first", WHOLE, b"")}
    with OutsidePack(path, "x") as pack:
        pack.check_form(1 << 20)
        assert pack.first.digest == Digest.of(b"first")
    path.write_bytes(packs.pack([*CHUNKS, LIST]))
    with OutsidePack(path, "x") as pack:
        pack.check_form(1 << 20)
        assert pack.first is None
    with pytest.raises(NotFoundError):
        OutsidePack(path.with_name("gone"), "gone")


@pytest.mark.parametrize("vector", VECTORS["packs"], ids=lambda each: each["what"])
def test_the_vectors(path, vector):
    content = bytes.fromhex(vector["bytes"])
    objects = packs.reader.read_packs([content])
    assert check(path, content, most=1 << 30) == objects


@pytest.mark.parametrize("vector", VECTORS["damaged"], ids=lambda each: each["what"])
def test_damaged_vectors(path, vector):
    refused(path, bytes.fromhex(vector["bytes"]), most=1 << 30)


WRONG = {
    "nothing": (b"", "byte 0: expected the magic"),
    "no pack": (b"x" * 500, "byte 0: expected the magic"),
    "cut short": (packs.pack([LIST, *CHUNKS])[:-1], "expected the end of a pack"),
    "a byte behind it": (packs.pack([LIST, *CHUNKS]) + b"x", "expected the end of a pack"),
    "a record twice": (packs.pack([CHUNKS[0], CHUNKS[0]]), "byte 1072: expected no record twice"),
    "another content": (
        packs.pack([(packs.hashed(b"x"), packs.OBJECT, 0, 1, b"y")]),
        "byte 8: expected 1 bytes, b3:",
    ),
    "another chunk": (
        packs.pack([(packs.hashed(b"x"), packs.CHUNK, 0, 1, b"y")]),
        "byte 8: expected 1 bytes",
    ),
    "another size": (packs.pack([(packs.hashed(b"x"), packs.OBJECT, 0, 2, b"x")]), "cannot be decoded"),
    "an encoding that nobody knows": (
        packs.pack([(packs.hashed(b"x"), packs.OBJECT, 9, 1, b"x")]),
        "decoded",
    ),
    "no such kind": (packs.pack([(packs.hashed(b"x"), 7, 0, 1, b"x")]), "byte 8: expected a record"),
    "a piece that is missing": (packs.pack([LIST, CHUNKS[0]]), "piece 1: expected a record b3:"),
    "a list of another content": (
        packs.pack([bundles.list_record(packs.hashed(b"z"), NAMED), *CHUNKS]),
        "byte 8: expected 3000 bytes, b3:",
    ),
    "no list": (packs.pack([(packs.hashed(b"z"), packs.LIST, 0, 40, b"z" * 68)]), "byte 8: expected a list"),
    "a list in an encoding": (packs.pack([(*LIST[:2], 1, *LIST[3:]), *CHUNKS]), "byte 8: expected a list"),
    "a list of lists": (
        packs.pack([LIST, *CHUNKS, bundles.list_record(packs.hashed(WHOLE + WHOLE), [(LIST[0], 3000)] * 2)]),
        "piece 0: expected a record",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_named_with_its_place(path, name):
    content, cause = WRONG[name]
    assert cause in refused(path, content)


def test_more_than_is_allowed_is_refused_before_it_is_read(path):
    many = bundles.list_record(packs.hashed(b"never made"), [NAMED[1]] * 400)
    assert "at most 500,000 bytes, got 800,000 or more" in refused(
        path, packs.pack([*CHUNKS[1:], many, bundles.record(b"a" * 2000)]), most=500_000
    )
    content = packs.pack([bundles.record(b"a" * 4000, packs.CHUNK)])
    assert "at most 3,999 bytes, got 4,000" in refused(path, content, most=3_999)
    check(path, content, most=4_000)


def test_a_gap_between_records(path):
    whole = packs.pack([bundles.record(b"first"), bundles.record(b"second")])
    gap = 8 + 64 + len(b"first")
    assert f"byte {gap}: expected a record" in refused(path, _with_gap(whole, gap))


def _with_gap(content, place):
    """The same pack with bytes between two records that no index tells of; all digests hold."""
    count = int.from_bytes(content[-64:-56], "little")
    offset = int.from_bytes(content[-56:-48], "little")
    return b"".join(
        [
            content[:place],
            b"gap",
            content[place:-64],
            count.to_bytes(8, "little"),
            (offset + 3).to_bytes(8, "little"),
            content[-48:],
        ]
    )


SMALL = packs.pack([bundles.record(b"first"), LIST, *CHUNKS])


@given(st.integers(0, len(SMALL) - 1), st.integers(1, 255))
def test_no_byte_can_be_another_one(tmp_path_factory, place, difference):
    content = SMALL[:place] + bytes([SMALL[place] ^ difference]) + SMALL[place + 1 :]
    refused(tmp_path_factory.getbasetemp() / "tampered", content)
