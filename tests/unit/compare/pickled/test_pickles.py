import io
import pickle
import zipfile
import zlib

import joblib
import numpy
import pytest
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier

from ledger.compare import registry
from ledger.compare.base import Tolerance


def compare(expected, got, kind="application/x-pickle", **tolerance):
    return registry.find(kind)(io.BytesIO(expected), io.BytesIO(got), Tolerance(**tolerance))


class Runs:
    def __init__(self, command):
        self.command = command

    def __reduce__(self):
        import os

        return os.system, (self.command,)


def test_nothing_in_a_pickle_is_executed(tmp_path):
    hostile = [pickle.dumps(Runs(f"touch {tmp_path}/{name}")) for name in "ab"]
    found = compare(*hostile)
    assert not found.same
    assert found.detail.startswith("(0): 'touch ")
    assert not list(tmp_path.iterdir())
    pickle.loads(hostile[0])
    assert list(tmp_path.iterdir())  # it would have been


def test_order_of_sets_and_keys_does_not_count():
    one = b"\x80\x04(\x8f(K\x01K\x02\x90\x8c\x01a\x8c\x01bt."
    other = b"\x80\x04(\x8f(K\x02K\x01\x90\x8c\x01a\x8c\x01bt."
    assert pickle.loads(one) == pickle.loads(other)
    assert compare(one, other).detail == "the values are the same"
    maps = [pickle.dumps(each) for each in ({"a": 1, 2: "b"}, {2: "b", "a": 1})]
    assert compare(*maps).same
    assert not compare(pickle.dumps({1: "a"}), pickle.dumps({"1": "a"})).same


def test_a_value_that_holds_itself():
    sides = []
    for number in (1, 2):
        value = [number]
        value.append(value)
        sides.append(pickle.dumps(value))
    assert compare(*sides).detail == "0: 1 and 2"


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"(" * 10_000 + b"l" * 9_000 + b".", None),
        (b"\x80\x04" + b"]" * 300 + b"a" * 299 + b".", "nested too deep"),
        (b"\x80\x04\x8e" + b"\xff" * 7 + b"\x7f.", "ends early"),
        (b"\x80\x04N" * 700_000 + b".", "more than 600000 values"),
        (b"\x80\x04)" + b"\x94h\x00h\x00\x86" * 3 + b"h\x63.", "KeyError"),
        (b"\x80\x04}(NN\x90.", "a member without a key"),
    ],
    ids=["marks", "deep", "huge", "many", "memo", "map"],
)
def test_hostile_pickles_are_compared_as_bytes(content, why):
    found = compare(content, content[:-1] + b"0.")
    assert not found.same or why is None
    assert why is None or why in found.detail


def test_estimators_compare_by_their_numbers():
    data, target = load_iris(return_X_y=True)
    models = [RandomForestClassifier(3, random_state=0).fit(data + more, target) for more in (0, 1e-7)]
    for dump in (pickle.dumps, lambda each: _dumped(each, 0), lambda each: _dumped(each, 3)):
        one, other = map(dump, models)
        found = compare(one, other, "application/x-joblib")
        assert ".threshold: " in found.detail
        assert found.distance.absolute < 1e-6
        assert compare(one, other, atol=1e-6).same


def _dumped(value, compress):
    file = io.BytesIO()
    joblib.dump(value, file, compress=compress)
    return file.getvalue()


@pytest.mark.slow
def test_bombs_are_compared_as_bytes():
    zipped = []
    for letter in (b"a", b"b"):
        file = io.BytesIO()
        with (
            zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made,
            made.open("x", "w", force_zip64=True) as out,
        ):
            for _ in range(1100):
                out.write(letter * (1 << 20))
        zipped.append(file.getvalue())
    found = compare(*zipped, "application/zip")
    assert "(compared as bytes: an archive of " in found.detail


def test_time_stamps_and_order_of_members_do_not_count():
    sides = []
    for day, names in ((1, "ab"), (2, "ba")):
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as made:
            for name in names:
                made.writestr(zipfile.ZipInfo(f"{name}.txt", (2020, 1, day, 0, 0, 0)), name)
        sides.append(file.getvalue())
    found = compare(*sides, "application/zip")
    assert (found.same, found.detail) == (True, "only time stamps, order and packing of members differ")


def test_the_kind_of_compression_does_not_count():
    plain = _dumped({"a": numpy.arange(3.0)}, 0)
    assert compare(
        zlib.compress(plain), _dumped({"a": numpy.arange(3.0)}, ("gzip", 3)), "application/x-joblib"
    ).same


@pytest.mark.parametrize("packed", ["xz", "bz2", "lzma", "zlib", "gzip"])
def test_what_is_compressed_is_compared_by_its_values(packed):
    one, other = (_dumped({"a": numpy.arange(3.0) + more}, (packed, 3)) for more in (0, 1e-9))
    found = compare(one, other, "application/x-joblib")
    assert found.detail == "a: 3 of 3 numbers differ, by up to 1e-09"
    cut = compare(one, other[:-20], "application/x-joblib")
    assert "(compared as bytes: it cannot be unpacked: " in cut.detail


def test_zeros_may_stand_behind_xz():
    one, other = (_dumped({"a": numpy.arange(3.0) + more}, ("xz", 3)) + bytes(1002) for more in (0, 1))
    assert compare(one, other, "application/x-joblib").detail.startswith("a: 3 of 3 numbers differ")
