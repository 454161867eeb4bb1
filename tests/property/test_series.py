"""A series object holds for whatever a child leaves behind."""

import io
import itertools
import json
import math
import struct
import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import FormatError
from ledger.journal import series, series_format
from ledger.journal.series_spool import merge_spool

NAMES = st.sampled_from(["loss", "acc", "größe", "a.b/c"])
STEPS = st.integers(-(1 << 63), (1 << 63) - 1)
TIMES = st.integers(1, (1 << 63) - 1)
RECORDS = st.lists(st.tuples(NAMES, STEPS, TIMES, st.floats()), max_size=20)


def write_spool(directory, processes):
    """Write what `ledger.record` would."""
    for place, points in enumerate(processes):
        names = list(dict.fromkeys(name for name, _, _, _ in points))
        packed = [
            struct.pack("<qqqd", names.index(name), step, time, value) for name, step, time, value in points
        ]
        (directory / f"series-{place + 5}-0.bin").write_bytes(b"".join(packed) + bytes(64))
        lines = "".join(json.dumps(name) + "\n" for name in names)
        (directory / f"keys-{place + 5}-0.jsonl").write_text(lines)


@given(st.lists(RECORDS, min_size=1, max_size=3))
def test_no_point_is_lost_or_made_up_and_each_process_keeps_its_order(processes):
    with tempfile.TemporaryDirectory() as folder:
        directory, into = Path(folder), Path(folder) / "merged"
        write_spool(directory, processes)
        result = merge_spool(directory, into)
        assert result.problems == ()
        content = into.read_bytes() if into.exists() else b""
    if not any(processes):
        assert content == b""
        return
    found = series.points(content)
    assert result.summaries == () or repr(result.summaries) == repr(series.summaries(content))
    for name in {name for points in processes for name, _, _, _ in points}:
        each = found[name]
        rows = list(zip(each.writers, each.steps, each.times, map(repr, each.values), strict=True))
        left = []
        for points in processes:
            own = [(step, time, repr(value)) for other, step, time, value in points if other == name]
            if own:
                left.append(own)
        by_writer = {}
        for writer, *row in rows:
            by_writer.setdefault(writer, []).append(tuple(row))
        assert sorted(by_writer.values()) == sorted(left)
    for points in processes:
        ordered = all(a[2] <= b[2] for a, b in itertools.pairwise(points))
        if not ordered:
            return
    for each in found.values():
        assert list(each.times) == sorted(each.times)


@given(RECORDS, RECORDS)
def test_series_part_exactly_where_their_sequences_do(a, b):
    def sequences(points):
        found = {}
        for name, step, _, value in points:
            found.setdefault(name, []).append((step, "nan" if math.isnan(value) else value))
        return found

    def content(points):
        file = io.BytesIO()
        series.write(
            file,
            [
                series.Point(name=name, writer=1, step=step, time=time, value=value)
                for name, step, time, value in points
            ],
        )
        return file.getvalue()

    left, right = sequences(a), sequences(b)
    differing = sorted(name for name in left.keys() | right.keys() if left.get(name) != right.get(name))
    assert [each.metric for each in series.partings(content(a), content(b))] == differing


@given(st.binary(max_size=400), st.binary(max_size=80))
def test_garbage_is_merged_without_an_error_and_leaves_a_valid_object(records, keys):
    with tempfile.TemporaryDirectory() as folder:
        directory, into = Path(folder), Path(folder) / "merged"
        (directory / "series-1-0.bin").write_bytes(records)
        (directory / "keys-1-0.jsonl").write_bytes(keys)
        write_spool(directory, [[("loss", 0, 1, 1.0)]])
        merge_spool(directory, into)
        assert "loss" in series.points(into.read_bytes())


@given(st.binary(max_size=200), st.integers(0, 120), st.integers(0, 255))
def test_a_damaged_object_is_refused_or_read_but_never_an_error_of_another_kind(noise, place, byte):
    whole = bytearray(
        b"".join(struct.pack("<qqqd", 0, step, 1, 0.5) for step in range(2))
        + bytes.fromhex("a2617601646b6579738182646c6f7373001100000000000000")
        + series_format.MAGIC
    )
    series.points(bytes(whole))
    whole[place % len(whole)] = byte
    for content in (noise, noise + bytes(whole), bytes(whole)):
        try:
            series.points(content)
        except FormatError:
            continue
