import io
import subprocess
import sys
from tempfile import TemporaryFile

import h5py
import numpy
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from ledger.compare.account import Account
from ledger.compare.base import Tolerance, Unfit
from ledger.compare.tables import hdf5, hdf5_tree

NUMBERS = numpy.random.default_rng(1).random((300, 70))


def made(fill, **options):
    file = io.BytesIO()
    with h5py.File(file, "w", **options) as target:
        fill(target)
    return file.getvalue()


def of(**datasets):
    return made(lambda file: [file.create_dataset(name, data=each) for name, each in datasets.items()])


@pytest.fixture(autouse=True)
def limits(monkeypatch):
    """Here, files can still be opened afterwards."""
    monkeypatch.setattr(hdf5_tree.resource, "setrlimit", lambda *_: None)


def compare(expected, got, **tolerance):
    """As in the process of its own, but here."""
    account = Account(Tolerance(**tolerance))
    with TemporaryFile() as one, TemporaryFile() as other:
        for file, content in ((one, expected), (other, got)):
            file.write(content)
            file.flush()
        hdf5_tree.compare_files(one.fileno(), other.fileno(), account)
    return account.comparison()


def test_numbers_are_compared_within_the_tolerance():
    one, other = of(x=NUMBERS), of(x=NUMBERS * (1 + 1e-9))
    apart, near = compare(one, other), compare(one, other, rtol=1e-8)
    assert not apart.same
    assert apart.detail.startswith("x: 21000 of 21000 numbers differ, by up to 1e-09, relatively 1e-09")
    assert (near.same, near.distance.compared) == (True, 21_000)


@pytest.mark.parametrize(
    "options",
    [
        {"chunks": (7, 9)},
        {"chunks": (300, 1)},
        {"compression": "gzip"},
        {"chunks": (50, 70), "shuffle": True},
    ],
)
def test_layouts_do_not_count(options, monkeypatch):
    monkeypatch.setattr(hdf5_tree, "_BLOCK", 8000)
    other = made(lambda file: file.create_dataset("x", data=NUMBERS, **options))
    result = compare(of(x=NUMBERS), other)
    assert (result.same, result.exact, result.detail) == (True, False, "only storage layouts differ")
    last = NUMBERS.copy()
    last[-1, -1] = 2
    assert compare(of(x=last), other).distance.differing == 1


def test_times_do_not_count():
    sides = [
        made(lambda file, on=on: file.create_dataset("x", data=1.0, track_times=on)) for on in (True, False)
    ]
    assert compare(*sides).detail == "the values are the same"


PAIR = numpy.dtype([("a", "f4"), ("b", "S2")])


@pytest.mark.parametrize(
    ("expected", "got", "detail"),
    [
        ({"x": 1.0}, {"y": 1.0}, "x: only the first has it; y: only the second has it"),
        ({"g/x": [1, 2]}, {"g/x": [1, 2, 3]}, "g/x: shapes (2,) and (3,)"),
        ({"x": numpy.float32(1)}, {"x": 1.0}, "x: types float32 and float64"),
        ({"x": "one"}, {"x": "two"}, "x: b'one' and b'two'"),
        ({"x": ["a", "b"]}, {"x": ["a", "c"]}, "x: b'b' and b'c'"),
        ({"x": numpy.array([b"a"])}, {"x": numpy.array([b"b"])}, "x: b'a' and b'b'"),
        ({"x": numpy.array([(1, b"a")], PAIR)}, {"x": numpy.array([(2, b"a")], PAIR)}, "x.a: 1.0 and 2.0"),
        ({"x": True}, {"x": False}, "x: True and False"),
        ({"x": h5py.Empty("f4")}, {"x": numpy.float32(0)}, "x: shapes None and ()"),
        ({"g/x": 1}, {"g": 1}, "g: a group or a dataset"),
    ],
)
def test_what_differs_is_said(expected, got, detail):
    result = compare(of(**expected), of(**got))
    assert (result.same, result.detail) == (False, detail)


def test_attributes_are_compared():
    one, other = (made(lambda file, each=each: file.attrs.update(n=each, k=1)) for each in (0.5, 0.75))
    assert compare(one, other).detail == "@n: 0.5 and 0.75"
    assert compare(one, other, atol=1).same


def linked(value, target="/g/x"):
    def fill(file):
        file["g/x"] = value
        file["g/up"] = file["g"]
        file["soft"] = h5py.SoftLink(target)
        file["broken"] = h5py.SoftLink("/nowhere")
        file["out"] = h5py.ExternalLink("/etc/hostname", "/")

    return made(fill)


def test_cycles_of_links_end_and_links_are_compared_by_their_targets():
    assert compare(linked(1), linked(2)).detail == "g/x: 1 and 2"
    assert compare(linked(1), linked(1, "/g")).detail == "soft: '/g/x' and '/g'"


def test_data_outside_of_the_file_is_not_looked_into(tmp_path):
    (tmp_path / "raw").write_bytes(b"secretsecret")
    place = [(str(tmp_path / "raw"), 0, 8)]
    sides = [
        made(
            lambda file, n=n: [
                file.create_dataset("x", (2,), "i4", external=place),
                file.create_dataset("n", data=n),
            ]
        )
        for n in (1, 2)
    ]
    assert compare(*sides).detail == "n: 1 and 2"
    assert compare(sides[0], sides[0]).detail == "only places of outside data (not looked into) differ"


def test_what_was_never_written_is_not_read_for_ever():
    sides = [
        made(lambda file, n=n: file.create_dataset("x", (1 << 50,), "i1", chunks=(n,))) for n in (10, 20)
    ]
    with pytest.raises(Unfit, match="x is larger than its file allows"):
        compare(*sides)


def test_without_h5py_bytes_are_compared(monkeypatch):
    monkeypatch.setattr(hdf5, "find_spec", lambda _: None)
    result = hdf5.compare(io.BytesIO(of(x=1)), io.BytesIO(of(x=2)), Tolerance())
    assert result.detail.endswith(
        "(compared as bytes: pip install 'replay-ledger[hdf5]' would compare the content)"
    )


def test_h5py_is_not_imported_here():
    code = "import sys, ledger.compare.tables.hdf5; print('h5py' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "False\n"
    assert hdf5.compare(io.BytesIO(b"a"), io.BytesIO(b"b"), Tolerance()).detail.endswith("no HDF5 file)")


def test_in_its_own_process_nothing_more_can_be_opened():
    one, other = of(x=NUMBERS, s=["a"]), of(x=NUMBERS + 1, s=["b"])
    result = hdf5.compare(io.BytesIO(one), io.BytesIO(other), Tolerance())
    assert result.detail.startswith("s: b'a' and b'b'; x: 21000 of 21000 numbers differ")


@pytest.mark.parametrize(
    "value",
    [b"text", numpy.array([b"a"]), numpy.array([(1, b"a")], PAIR)],
    ids=["text", "fixed", "compound"],
)
def test_in_its_own_process_what_is_written_in_ascii_can_be_read(value):
    one, other = of(s=value, x=1.0), of(s=value, x=2.0)
    assert hdf5.compare(io.BytesIO(one), io.BytesIO(other), Tolerance()).detail == "x: 1.0 and 2.0"


@pytest.mark.slow
@settings(max_examples=8, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_damaged_file_is_no_crash(data):
    whole = of(x=NUMBERS[:20], s=["a", "b"])
    content = bytearray(whole[: data.draw(st.sampled_from([len(whole), len(whole) - 1, len(whole) // 2]))])
    for place in data.draw(st.lists(st.integers(8, 2000), min_size=1, max_size=20)):
        content[place] = data.draw(st.integers(0, 255))
    result = hdf5.compare(io.BytesIO(whole), io.BytesIO(content), Tolerance())
    assert result.exact is (bytes(content) == whole)
