import io
from tempfile import TemporaryFile

import numpy
import pandas
import polars
import pyarrow
import pyarrow.feather
import pyarrow.orc
import pyarrow.parquet
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from ledger.compare import fenced as fenced_readers
from ledger.compare import registry
from ledger.compare.account import Account
from ledger.compare.base import Tolerance
from ledger.compare.tables import arrow, columnar, tables
from ledger.compare.tables.columns import Columns
from ledger.model.media import media_type

pytestmark = pytest.mark.filterwarnings("ignore:Feather V1 files are deprecated")


def parquet(table, **options):
    file = io.BytesIO()
    pyarrow.parquet.write_table(table, file, **options)
    return file.getvalue()


def feather(table, **options):
    file = io.BytesIO()
    pyarrow.feather.write_feather(table, file, **options)
    return file.getvalue()


def orc(table, **options):
    file = io.BytesIO()
    pyarrow.orc.write_table(table, file, **options)
    return file.getvalue()


def stream(table, chunksize=None, **options):
    file = io.BytesIO()
    options = pyarrow.ipc.IpcWriteOptions(**options)
    with pyarrow.ipc.new_stream(file, table.schema, options=options) as writer:
        writer.write_table(table, chunksize)
    return file.getvalue()


def early_stream(table):
    return stream(table, use_legacy_format=True)


def early_feather(table):
    return feather(table, version=1)


COMPARE = {
    parquet: tables.compare_parquet,
    feather: tables.compare_arrow,
    stream: tables.compare_arrow,
    early_stream: tables.compare_arrow,
    early_feather: tables.compare_arrow,
    orc: tables.compare_orc,
}
every = pytest.mark.parametrize("write", COMPARE)
NUMBERS = numpy.random.default_rng(1).random(70_000)
PLAIN = {"x": NUMBERS, "who": [f"name {each % 9}" for each in range(70_000)]}
TABLE = pyarrow.table(PLAIN)


def compare(write, expected, got, **tolerance):
    """As in the process of its own, but here."""
    account = Account(Tolerance(**tolerance))
    with TemporaryFile() as one, TemporaryFile() as other:
        for file, content in ((one, expected), (other, got)):
            file.write(content)
            file.flush()
        columnar.compare_files(one.fileno(), other.fileno(), account)
    return account.comparison()


def fenced(write, expected, got):
    return COMPARE[write](io.BytesIO(expected), io.BytesIO(got), Tolerance())


@every
def test_numbers_are_compared_within_the_tolerance(write):
    one, other = write(TABLE), write(pyarrow.table({**PLAIN, "x": NUMBERS * (1 + 1e-9)}))
    apart, near = compare(write, one, other), compare(write, one, other, rtol=1e-8)
    assert not apart.same
    assert apart.detail.startswith("x: 70000 of 70000 numbers differ, by up to 1e-09, relatively 1e-09")
    assert (near.same, near.distance.differing, near.distance.compared) == (True, 70_000, 70_000)


@pytest.mark.parametrize(
    ("write", "options", "ignored"),
    [
        (parquet, {"row_group_size": 12_345}, "row groups"),
        (parquet, {"row_group_size": 12_345, "compression": "zstd", "use_dictionary": False}, "row groups"),
        (feather, {"chunksize": 12_345}, "batches"),
        (feather, {"chunksize": 12_345, "compression": "uncompressed"}, "batches"),
        (stream, {"chunksize": 12_345}, "batches"),
        (stream, {"chunksize": 12_345, "compression": "zstd"}, "batches"),
        (orc, {"compression": "zlib", "stripe_size": 1024, "batch_size": 1000}, "stripes"),
    ],
)
def test_how_it_is_written_does_not_count(write, options, ignored):
    result = compare(write, write(TABLE), write(TABLE, **options))
    assert (result.same, result.exact, result.detail) == (True, False, f"only {ignored} differ")


def test_metadata_and_writers_do_not_count():
    one, other = (parquet(TABLE.replace_schema_metadata({"made": each})) for each in ("then", "now"))
    assert compare(parquet, one, other).detail == "only schema metadata differ"
    older = parquet(TABLE).replace(b"parquet-cpp-arrow version 2", b"parquet-cpp-arrow version 1")
    assert compare(parquet, parquet(TABLE), older).detail == "only writers differ"


def test_frames_of_pandas_are_compared():
    frame = pandas.DataFrame(
        {"kind": pandas.Categorical(["a", "b", "a"]), "at": pandas.Timestamp("2026-01-31")}
    )
    sides = []
    for each in (frame, frame.assign(kind=pandas.Categorical(["a", "b", "b"]))):
        file = io.BytesIO()
        each.to_parquet(file)
        sides.append(file.getvalue())
    assert compare(parquet, *sides).detail == "kind: row 3: 'a' and 'b'"


@pytest.mark.parametrize(
    ("expected", "got", "detail"),
    [
        ({"a": [1, 2]}, {"a": [1, 2, 3]}, "rows: 2 and 3"),
        ({"a": [1], "b": [2]}, {"a": [1]}, "b: only the first has it"),
        ({"a": [1], "b": [2]}, {"b": [2], "a": [1]}, "columns: another order"),
        ({"a": [1]}, {"a": [1.5]}, "a: types int64 and double; a: 1 and 1.5"),
    ],
)
def test_another_layout_is_said(expected, got, detail):
    result = compare(parquet, parquet(pyarrow.table(expected)), parquet(pyarrow.table(got)))
    assert (result.same, result.detail) == (False, detail)


def arrays(expected, got, kind=None, other_kind=None, **tolerance):
    account = Account(Tolerance(**tolerance))
    columns = Columns(account)
    sides = pyarrow.array(expected, kind), pyarrow.array(got, other_kind or kind)
    arrow.compare("c", 1, *sides, columns)
    columns.close()
    return account.comparison()


FLOATS = pyarrow.list_(pyarrow.float64())
NESTED = pyarrow.struct({"x": pyarrow.list_(pyarrow.float64()), "y": pyarrow.string()})
TEXT = pyarrow.dictionary(pyarrow.int8(), pyarrow.string())


@pytest.mark.parametrize(
    ("expected", "got", "kind", "detail"),
    [
        (
            [[1.0, 2.0], None, []],
            [[1.0, 2.5], None, []],
            pyarrow.list_(pyarrow.float64()),
            "c[]: 1 of 2 numbers",
        ),
        (
            [[1.0], [2.0]],
            [[1.0, 3.0], [2.0]],
            pyarrow.list_(pyarrow.float64()),
            "c: row 1: [1.0] and [1.0, 3.0]",
        ),
        ([{"x": [1.0], "y": "a"}], [{"x": [1.5], "y": "a"}], NESTED, "c.x[]: 1.0 and 1.5"),
        ([None, {"x": [], "y": "a"}], [None, {"x": [], "y": "b"}], NESTED, "c.y: row 1: 'a' and 'b'"),
        ([1, None], [1, 2], None, "c: row 2: None and 2"),
        (["a", None, "b"], ["a", None, "c"], TEXT, "c: row 3: 'b' and 'c'"),
        ([[("k", 1)]], [[("k", 2)]], pyarrow.map_(pyarrow.string(), pyarrow.int64()), "c[].value: 1 and 2"),
        ([1.5], [2.5], pyarrow.float16(), "c: 1.5 and 2.5"),
        ([[1, 2]], [[1, 3]], pyarrow.list_(pyarrow.int8(), 2), "c[]: 1 of 2 numbers differ"),
        ([b"a"], [b"b"], None, "c: row 1: b'a' and b'b'"),
        ([True], [False], None, "c: row 1: True and False"),
        (
            [0],
            [1],
            pyarrow.timestamp("ns", "UTC"),
            "c: row 1: '1970-01-01 00:00:00.000000000' and '197",
        ),
        ([0], [1], pyarrow.date32(), "c: row 1: '1970-01-01' and '1970-01-02'"),
    ],
)
def test_values_of_any_type_are_compared(expected, got, kind, detail):
    result = arrays(expected, got, kind)
    assert not result.same
    assert result.detail.startswith(detail)
    assert arrays(expected, expected, kind).detail == "the values are the same"


@pytest.mark.parametrize("other", [TEXT, pyarrow.large_string(), pyarrow.string_view()])
def test_the_layout_of_text_does_not_count(other):
    assert arrays(["a", None, "b"], ["a", None, "b"], pyarrow.string(), other).same
    assert not arrays(["a", None, "b"], ["a", None, "c"], pyarrow.string(), other).same


@pytest.mark.parametrize("write", ["write_ipc", "write_ipc_stream"])
def test_categories_of_polars_are_compared(write):
    sides = []
    for last in "cd":
        file = io.BytesIO()
        kinds = polars.Series(["a", None, "b", last], dtype=polars.Categorical)
        getattr(polars.DataFrame({"k": kinds, "x": [1.0] * 4}), write)(file)
        sides.append(file.getvalue())
    assert compare(stream, *sides).detail == "k: row 4: 'c' and 'd'"


def test_nan_is_equal_to_nan():
    assert arrays([float("nan"), 1.0], [float("nan"), 1.5], atol=1).distance.differing == 1


LISTS = st.lists(st.none() | st.lists(st.none() | st.floats(width=32)))


@given(LISTS, LISTS)
def test_lists_are_the_same_if_their_values_are(one, other):
    length = min(len(one), len(other))
    sides = one[:length], other[:length]
    found = arrays(*sides, pyarrow.list_(pyarrow.float64()))
    assert found.same is (str(sides[0]).replace("-0.0", "0.0") == str(sides[1]).replace("-0.0", "0.0"))


SIZES = st.lists(st.integers(0, 5))


@given(SIZES, SIZES)
def test_blocks_of_any_size_lie_side_by_side(left, right):
    def blocks(sizes):
        start = 0
        for size in sizes:
            yield list(range(start, start + size))
            start += size

    pairs = list(columnar._side_by_side(blocks(left), blocks(right)))
    assert [each for one, _ in pairs for each in one or ()] == list(range(sum(left)))
    assert [each for _, other in pairs for each in other or ()] == list(range(sum(right)))
    assert all(one == other for one, other in pairs if one is not None and other is not None)


@every
def test_what_is_none_is_compared_as_bytes(write):
    result = fenced(write, write(TABLE), b"x")
    assert not result.same
    assert "(compared as bytes: no " in result.detail


@pytest.mark.parametrize("name", ["data-00000-of-00001.arrow", "a.arrows"])
def test_a_stream_is_compared_whatever_its_file_is_called(name):
    sides = [io.BytesIO(stream(pyarrow.table({"x": [each]}))) for each in (1.0, 1.5)]
    assert registry.find(media_type(name))(*sides, Tolerance()).detail == "x: 1.0 and 1.5"


@pytest.mark.parametrize("write", [stream, early_stream, early_feather])
def test_another_format_of_the_same_values_is_said(write):
    result = fenced(feather, feather(SMALL_PLAIN), write(SMALL_PLAIN))
    assert not result.same
    names = {stream: "Arrow stream", early_stream: "Arrow stream", early_feather: "Feather 1"}
    assert result.detail == f"the whole: formats Arrow and {names[write]}"


def test_what_lies_behind_the_end_of_a_stream_is_not_passed_over():
    one, more = stream(SMALL_PLAIN), stream(pyarrow.table({"y": [1]}))
    result = fenced(stream, one, one + more)
    assert not result.same
    assert result.detail.endswith("(compared as bytes: more behind its end)")


@pytest.mark.parametrize("compression", [None, "lz4"])
def test_dictionaries_of_a_stream_may_change_between_batches(compression):
    def batches(last):
        return [
            pyarrow.record_batch({"x": [1.0, 2.0], "k": pyarrow.array(each).dictionary_encode(), "y": [3, 4]})
            for each in (["a", "b"], ["c", last])
        ]

    sides = []
    for last in "de":
        file = io.BytesIO()
        options = pyarrow.ipc.IpcWriteOptions(compression=compression)
        made = batches(last)
        with pyarrow.ipc.new_stream(file, made[0].schema, options=options) as writer:
            for each in made:
                writer.write_batch(each)
        sides.append(file.getvalue())
    assert compare(stream, *sides).detail == "k: row 4: 'd' and 'e'"


SMALL_PLAIN = pyarrow.table({"x": NUMBERS[:50], "who": PLAIN["who"][:50]})
SMALL = SMALL_PLAIN.append_column("l", [[[1.0, 2.0]] * 50])


@pytest.mark.slow
@every
@settings(
    max_examples=8, deadline=None, phases=[Phase.generate], suppress_health_check=[HealthCheck.too_slow]
)
@given(data=st.data())
def test_a_damaged_file_is_no_crash(write, data):
    whole = write(SMALL_PLAIN if write is early_feather else SMALL)  # which has no lists
    content = bytearray(whole[: data.draw(st.sampled_from([len(whole), len(whole) - 1, len(whole) // 2]))])
    for place in data.draw(st.lists(st.integers(8, len(content) - 1), min_size=1, max_size=20)):
        content[place] = data.draw(st.integers(0, 255))
    result = fenced(write, whole, bytes(content))
    assert result.exact is (bytes(content) == whole)


def test_a_feather_file_that_lies_about_its_offsets_is_compared_as_bytes():
    content = feather(pyarrow.table({"a": ["ab", "cd"]}), compression="uncompressed")
    offsets = numpy.array([0, 2, 4], "i4").tobytes()
    assert content.count(offsets) == 1
    lies = content.replace(offsets, numpy.array([0, 2, 2**30], "i4").tobytes())
    assert "compared as bytes: no readable table: " in fenced(feather, content, lies).detail


def test_a_stream_that_ends_early_is_compared_as_bytes():
    whole = stream(SMALL)
    result = fenced(stream, whole, whole[:-100])
    assert not result.same
    assert "(compared as bytes: no readable table: " in result.detail


def test_a_stream_that_unpacks_to_more_than_the_memory_is_compared_as_bytes():
    zeros = numpy.zeros(80 << 20)
    one, other = (
        stream(pyarrow.table({"x": zeros[: len(zeros) - each]}), compression="zstd") for each in (0, 1)
    )
    assert len(one) < 1 << 20
    assert "(compared as bytes: reading it takes more than 500 MiB)" in fenced(stream, one, other).detail


def save_stream(table, path):
    with (
        pyarrow.OSFile(str(path), "wb") as file,
        pyarrow.ipc.new_stream(file, table.schema) as writer,
    ):
        writer.write_table(table)


def save_feather(table, path):
    pyarrow.feather.write_feather(table, path, compression="uncompressed", chunksize=len(table))


@pytest.mark.slow
@pytest.mark.parametrize("save", [save_feather, save_stream])
def test_one_uncompressed_batch_that_is_larger_than_the_memory_is_compared_where_it_lies(save, tmp_path):
    numbers = numpy.arange(70 << 20, dtype="f8")
    paths = tmp_path / "one", tmp_path / "other"
    for path in paths:
        save(pyarrow.table({"x": numbers}), path)
        numbers[-1] += 1
    with paths[0].open("rb") as one, paths[1].open("rb") as other:
        assert paths[0].stat().st_size > fenced_readers.MEMORY
        result = tables.compare_arrow(one, other, Tolerance())
    assert (result.distance.absolute, result.distance.differing) == (1.0, 1)
