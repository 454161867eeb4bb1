"""With a model of one split that CatBoost 1.2.10 wrote."""

import importlib.util
import lzma
import struct
from pathlib import Path

import pytest

from ledger.compare import registry
from ledger.compare.models import catboost

_SPEC = importlib.util.spec_from_file_location("hostile", Path(__file__).parents[3] / "hostile.py")
hostile = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(hostile)

MODEL = lzma.decompress((Path(__file__).parent / "data" / "catboost.cbm.xz").read_bytes())
GUID, TIME = b"a1a4202b-c31d6ba0-ef83c1b2-8b374453", b"2026-11-28T11:03:14Z"


def compare(expected, got):
    return hostile.compare(registry.find("application/x-catboost"), expected, got)


def changed(old, new):
    assert MODEL.count(old) == 1
    assert len(old) == len(new)
    return MODEL.replace(old, new)


@pytest.mark.parametrize(
    ("old", "new", "detail"),
    [
        (GUID, b"c5d695e3-36f98ed6-7c76a9a7-e605c217", "only model names differ"),
        (TIME, b"2027-01-01T00:00:00Z", "only time stamps differ"),
        (
            struct.pack("<I", 35) + GUID + b"\0",  # names are written without leading zeros
            struct.pack("<I", 33) + b"5d695e3-6f98ed6-7c76a9a7-e605c217" + bytes(3),
            "only model names differ",
        ),
    ],
)
def test_what_is_another_in_each_training_does_not_count(old, new, detail):
    result = compare(MODEL, changed(old, new))
    assert (result.same, result.exact, result.detail) == (True, False, detail)


def test_other_parameters_are_shown():
    result = compare(MODEL, changed(b'"random_seed":0,"depth":1', b'"random_seed":1,"depth":1'))
    assert not result.same
    assert result.detail.startswith("params: ")
    assert '"random_seed":0' in result.detail
    assert '"random_seed":1' in result.detail


@pytest.mark.parametrize("from_the_end", [40, 1000])
def test_another_tree_counts(from_the_end):
    places = [at for at in range(8, len(MODEL)) if MODEL[at : at + 1] not in b"\0"]
    inside, _ = catboost._without(bytearray(MODEL))
    trees = [at for at in places if inside[at] == MODEL[at]]
    other = bytearray(MODEL)
    other[trees[-from_the_end // 20]] ^= 1
    assert not compare(MODEL, bytes(other)).same


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"CBM2" + MODEL[4:], "it is no model of CatBoost"),
        (b"", "it is no model of CatBoost"),
        (MODEL[:3000], "it ends early"),
        (b"CBM1\xff\xff\xff\xff", "it ends early"),
        (b"CBM1\0\0\0\0\xff\xff\xff\xff", "its description is damaged"),
    ],
)
def test_what_is_no_whole_model_is_compared_as_bytes(content, reason):
    result = compare(MODEL, content)
    assert not result.same
    assert result.detail.endswith(f"(compared as bytes: {reason})")


def test_damaged_files_never_fail():
    hostile.check_damaged(catboost.compare, MODEL, MODEL[:100], examples=400)
