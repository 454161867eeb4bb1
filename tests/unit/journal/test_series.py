import importlib.util
import io
import json
import math
import os
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from ledger.compare.base import Tolerance
from ledger.errors import FormatError, NewerFormatError, StorageError
from ledger.journal import series, series_spool
from ledger.journal.series_spool import merge_spool
from ledger.model import MetricSummary, schema

ROOT = Path(__file__).resolve().parents[3]
TIME = 1_700_000_000_000_000_000
NUMBERS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def record(key, step, value, time=TIME):
    return struct.pack("<qqqd", key, step, time, value)


def spool(directory, process, names, records, *, number=0, tail=b""):
    (directory / f"series-{process}-{number}.bin").write_bytes(b"".join(records) + tail)
    lines = "".join(json.dumps(name) + "\n" for name in names)
    (directory / f"keys-{process}-{number}.jsonl").write_text(lines)


def merged(directory, **options):
    into = directory / "merged"
    result = merge_spool(directory, into, **options)
    return result, series.points(into.read_bytes()) if into.exists() else {}


def rows(points):
    return {name: list(zip(each.steps, each.values, strict=True)) for name, each in points.items()}


def written(*points):
    file = io.BytesIO()
    series.write(
        file,
        [
            series.Point(name=name, writer=writer, step=step, time=TIME, value=value)
            for name, writer, step, value in points
        ],
    )
    return file.getvalue()


# The object


def test_the_frozen_vectors_are_what_the_code_writes():
    path = ROOT / "tests" / "golden" / "series_vectors.py"
    spec = importlib.util.spec_from_file_location("series_vectors", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.main(check=True) == []


@pytest.mark.parametrize("vector", schema.load("vectors/series")["valid"], ids=lambda each: each["what"])
def test_valid_vectors_read_as_they_say(vector):
    content = bytes.fromhex(vector["bytes"])
    found = series.points(content)
    assert list(found) == list(vector["metrics"])
    for name, points in vector["metrics"].items():
        each = found[name]
        assert [str(step) for step in each.steps] == [point["step"] for point in points]
        assert [str(time) for time in each.times] == [point["time"] for point in points]
        assert list(each.writers) == [point["writer"] for point in points]
        expected = [NUMBERS.get(point["value"], point["value"]) for point in points]
        assert repr(list(each.values)) == repr([float(value) for value in expected])
    assert [each.name for each in series.summaries(content)] == [each["name"] for each in vector["summaries"]]


@pytest.mark.parametrize("vector", schema.load("vectors/series")["invalid"], ids=lambda each: each["what"])
def test_invalid_vectors_are_refused(vector):
    with pytest.raises(FormatError):
        series.points(bytes.fromhex(vector["bytes"]))


def test_a_later_format_says_to_upgrade():
    vector = next(each for each in schema.load("vectors/series")["invalid"] if "later" in each["what"])
    with pytest.raises(NewerFormatError, match="upgrade"):
        series.points(bytes.fromhex(vector["bytes"]))


def test_summaries_leave_nan_out_where_there_is_a_number():
    content = written(
        ("loss", 1, 0, math.nan),
        ("loss", 1, 1, 2.0),
        ("loss", 1, 2, -1.0),
        ("loss", 1, 3, math.nan),
        ("lost", 1, 0, math.nan),
        ("far", 1, 0, math.inf),
    )
    far, loss, lost = series.summaries(content)
    assert (loss.min, loss.max, loss.count) == (-1.0, 2.0, 4)
    assert math.isnan(loss.last)
    assert math.isnan(lost.min)
    assert math.isnan(lost.max)
    assert far == MetricSummary(name="far", last=math.inf, min=math.inf, max=math.inf, count=1)


# Merging


def test_a_spool_without_points_makes_no_file(tmp_path):
    spool(tmp_path, 4, [], [], tail=bytes(65536))
    result, points = merged(tmp_path)
    assert (result.summaries, result.problems, points) == ((), (), {})
    assert not (tmp_path / "merged").exists()


def test_a_spool_that_is_gone_is_a_problem(tmp_path):
    result = merge_spool(
        tmp_path / "gone",
        tmp_path / "merged",
        extra=[("accuracy", "m/accuracy", [0], [0.5])],
        extra_time=TIME,
    )
    assert [each.name for each in result.summaries] == ["accuracy"]
    assert len(result.problems) == 1


def test_one_process_keeps_its_order_and_its_zeros(tmp_path):
    spool(
        tmp_path,
        4,
        ["loss", "acc"],
        [record(1, 0, 0.0), record(0, 0, 0.0), record(1, 5, -1.0), record(0, 1, 0.0)],
        tail=bytes(9999),
    )
    result, points = merged(tmp_path)
    assert rows(points) == {"acc": [(0, 0.0), (5, -1.0)], "loss": [(0, 0.0), (1, 0.0)]}
    assert result.problems == ()
    assert result.summaries == (
        MetricSummary(name="acc", last=-1.0, min=-1.0, max=0.0, count=2),
        MetricSummary(name="loss", last=0.0, min=0.0, max=0.0, count=2),
    )


def test_a_clock_that_is_set_back_reorders_no_process(tmp_path):
    spool(tmp_path, 4, ["a"], [record(0, step, float(step), TIME - step) for step in range(5)])
    spool(tmp_path, 5, ["b"], [record(0, 0, 9.0, TIME + 1)])
    _, points = merged(tmp_path)
    assert list(points["a"].steps) == [0, 1, 2, 3, 4]


def test_processes_unite_by_time_and_by_name(tmp_path):
    spool(
        tmp_path,
        10,
        ["loss", "own"],
        [record(0, 0, 1.0, TIME), record(0, 1, 3.0, TIME + 20), record(1, 0, 7.0, TIME + 30)],
    )
    spool(tmp_path, 9, ["extra", "loss"], [record(1, 0, 2.0, TIME + 10), record(1, 1, 4.0, TIME + 20)])
    result, points = merged(tmp_path)
    assert rows(points) == {"loss": [(0, 1.0), (0, 2.0), (1, 4.0), (1, 3.0)], "own": [(0, 7.0)]}
    assert list(points["loss"].writers) == [0, 1, 1, 0]
    assert result.problems == ()


def test_two_files_of_one_process_are_one_writer(tmp_path):
    spool(tmp_path, 7, ["loss"], [record(0, 0, 1.0)])
    spool(tmp_path, 7, ["loss"], [record(0, 1, 2.0, TIME + 1)], number=1)
    _, points = merged(tmp_path)
    assert list(points["loss"].writers) == [0, 0]
    assert len(points["loss"].values) == 2


def test_holes_and_torn_ends_are_no_points(tmp_path):
    whole = [record(0, 0, 1.0), bytes(32), record(0, 1, 2.0, 0), record(0, 2, 3.0)]
    spool(tmp_path, 1, ["loss"], whole, tail=record(0, 3, 4.0)[:31])
    result, points = merged(tmp_path)
    assert rows(points) == {"loss": [(0, 1.0), (2, 3.0)]}
    assert result.problems == ()


def test_points_behind_a_long_hole_are_found(tmp_path):
    spool(tmp_path, 1, ["loss"], [record(0, 0, 1.0)])
    with open(tmp_path / "series-1-0.bin", "r+b") as file:
        file.seek(96 << 20)
        file.write(record(0, 1, 2.0))
        file.truncate(200 << 20)
    _, points = merged(tmp_path)
    assert rows(points) == {"loss": [(0, 1.0), (1, 2.0)]}


def test_keys_that_name_nothing_are_a_problem(tmp_path):
    records = [record(key, 0, 1.0) for key in (-1, 0, 1, 2, 3, 1 << 62)] + [record(0, 1, 2.0, -5)]
    spool(tmp_path, 1, ["loss", 7, ""], records)
    result, points = merged(tmp_path)
    assert rows(points) == {"loss": [(0, 1.0)]}
    assert result.problems == (
        "keys-1-0.jsonl: 2 names could not be read",
        "series-1-0.bin: 6 points name no metric",
    )


def test_a_torn_name_is_no_name(tmp_path):
    spool(tmp_path, 1, ["loss"], [record(0, 0, 1.0), record(1, 0, 2.0)])
    with open(tmp_path / "keys-1-0.jsonl", "a") as file:
        file.write('"accura')
    result, points = merged(tmp_path)
    assert list(points) == ["loss"]
    assert len(result.problems) == 2


def test_a_series_without_names_is_a_problem(tmp_path):
    (tmp_path / "series-1-0.bin").write_bytes(record(0, 0, 1.0))
    result, points = merged(tmp_path)
    assert points == {}
    assert any("keys-1-0.jsonl" in each for each in result.problems)


def test_what_is_no_regular_file_is_not_opened(tmp_path):
    os.mkfifo(tmp_path / "series-1-0.bin")
    (tmp_path / "series-2-0.bin").mkdir()
    (tmp_path / "series-3-0.bin").symlink_to("/dev/zero")
    spool(tmp_path, 4, ["loss"], [record(0, 0, 1.0)])
    (tmp_path / "keys-4-0.jsonl").unlink()
    os.mkfifo(tmp_path / "keys-4-0.jsonl")
    result, points = merged(tmp_path)
    assert points == {}
    assert result.problems


def test_names_beyond_bounds_are_left_out_and_counted(tmp_path, monkeypatch):
    monkeypatch.setattr(series_spool, "MAX_METRICS", 3)
    names = ["x" * (series_spool.MAX_NAME + 1), "a", "b", "c", "d"]
    spool(tmp_path, 1, names, [record(key, 0, 1.0) for key in range(5)])
    result, points = merged(tmp_path, extra=[("e", "m/e", [0], [1.0])])
    assert list(points) == ["a", "b", "c"]
    assert result.problems == (
        "keys-1-0.jsonl: 1 names could not be read",
        "keys-1-0.jsonl: 1 metrics past the first 3 were left out",
        "1 metrics past the first 3 were left out",
        "series-1-0.bin: 2 points name no metric",
    )


def test_a_lone_surrogate_in_a_name_is_replaced(tmp_path):
    spool(tmp_path, 1, ["\ud800loss\udc80"], [record(0, 0, 1.0)])
    _, points = merged(tmp_path)
    assert list(points) == ["?loss?"]


def test_extra_points_come_last(tmp_path):
    spool(tmp_path, 1, ["loss"], [record(0, 0, 1.0)])
    extra = [("accuracy", "m/accuracy", [0, 1], [0.5, 0.75])]
    result, points = merged(tmp_path, extra=extra, extra_time=TIME + 5)
    assert rows(points) == {"loss": [(0, 1.0)], "accuracy": [(0, 0.5), (1, 0.75)]}
    assert list(points["accuracy"].times) == [TIME + 5] * 2
    assert [each.name for each in result.summaries] == ["accuracy", "loss"]


def test_an_extra_metric_that_was_logged_too_takes_its_other_name(tmp_path):
    spool(tmp_path, 1, ["loss", "m/acc", "acc"], [record(key, 0, 1.0) for key in range(3)])
    extra = [("loss", "m/loss", [0], [9.0]), ("acc", "m/acc", [1], [1.0])]
    result, points = merged(tmp_path, extra=extra)
    assert rows(points) == {"loss": [(0, 1.0)], "m/acc": [(0, 1.0)], "acc": [(0, 1.0)], "m/loss": [(0, 9.0)]}
    assert result.problems == ("m/acc from a file was left out: another metric is named so",)


@pytest.mark.parametrize(
    ("steps", "values", "dropped"),
    [
        ([0, 1, 2, 3], [0.1, math.nan, 0.3, math.inf], True),
        ([0, 1, 2, 3], struct.unpack("4f", struct.pack("4f", 0.1, math.nan, 0.3, math.inf)), True),
        ([1, 3], [math.nan, math.inf], True),
        ([3, 1], [math.inf, math.nan], False),
        ([0, 2], [0.1, 0.3000001], False),
        ([0, 4], [0.1, 0.1], False),
    ],
)
def test_an_extra_metric_all_of_whose_points_were_logged_is_dropped(tmp_path, steps, values, dropped):
    logged = [(0, 0.1), (1, math.nan), (2, 0.3), (3, math.inf)]
    spool(tmp_path, 1, ["lr", "loss"], [record(place % 2, 9, 7.0) for place in (0,) * 3000])
    spool(tmp_path, 2, ["loss"], [record(0, *each) for each in logged])
    result, points = merged(tmp_path, extra=[("loss", "m/loss", steps, values)])
    assert ("m/loss" not in points) == dropped
    assert len(points["loss"].steps) == 4
    assert result.problems == ()


def test_extra_points_alone_make_a_series(tmp_path):
    result, points = merged(tmp_path, extra=[("accuracy", "m/accuracy", [0], [0.5])], extra_time=TIME)
    assert rows(points) == {"accuracy": [(0, 0.5)]}
    assert result.summaries[0].last == 0.5


def test_a_disk_that_refuses_is_a_storage_error(tmp_path):
    spool(tmp_path, 1, ["loss"], [record(0, step, 1.0) for step in range(10_000)])
    with pytest.raises(StorageError, match="/dev/full"):
        merge_spool(tmp_path, Path("/dev/full"))


def test_many_points_take_bounded_memory(tmp_path):
    block = b"".join(record(place & 1, place, float(place), TIME + place) for place in range(8192))
    for process in (1, 2):
        with open(tmp_path / f"series-{process}-0.bin", "wb") as file:
            for _ in range(64):
                file.write(block)
        (tmp_path / f"keys-{process}-0.jsonl").write_text('"loss"\n"acc"\n')
    # In a process of its own: the peak of this one knows other tests.
    script = (
        "import resource, sys; from pathlib import Path\n"
        "from ledger.journal.series_spool import merge_spool\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "result = merge_spool(Path(sys.argv[1]), Path(sys.argv[1]) / 'merged')\n"
        "print(sum(each.count for each in result.summaries), end=' ')\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)"
    )
    output = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], cwd=ROOT, check=True, capture_output=True, text=True
    )
    count, kilobytes = map(int, output.stdout.split())
    assert count == 2 * 64 * 8192
    assert kilobytes < 8192  # what was written is 32 MiB


def test_what_the_script_logs_is_what_is_read(tmp_path):
    script = (
        "import ledger, os\n"
        "for step in range(3000):\n"
        "    ledger.log(loss=1 / (step + 1), step=step)\n"
        "ledger.log({'val/acc': 0.5})\n"
        "if os.fork() == 0:\n"
        "    ledger.log(loss=-1.0, step=0)\n"
        "    os._exit(0)\n"
        "os.wait()\n"
        "ledger.log({'val/acc': float('nan')})\n"
    )
    spooled = tmp_path / "spool"
    spooled.mkdir()
    variables = {**os.environ, "LEDGER_SPOOL": str(spooled), "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", script], env=variables, check=True)
    result, points = merged(spooled)
    assert result.problems == ()
    assert len(points["loss"].steps) == 3001
    assert points["loss"].values[1] == 0.5
    assert list(points["loss"].writers) == [0] * 3000 + [1]
    assert list(points["val/acc"].steps) == [0, 1]


# Comparing


def test_equal_series_part_nowhere_whatever_their_times(tmp_path):
    a = written(("loss", 1, 0, 1.0), ("loss", 1, 1, math.nan), ("acc", 1, 0, 0.5))
    file = io.BytesIO()
    series.write(
        file,
        [
            series.Point(name=name, writer=5, step=step, time=place + 1, value=value)
            for place, (name, step, value) in enumerate(
                [("acc", 0, 0.5), ("loss", 0, 1.0), ("loss", 1, math.nan)]
            )
        ],
    )
    assert series.partings(a, file.getvalue()) == []


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ([(0, 1.0), (1, 2.0), (2, 3.0)], [(0, 1.0), (1, 2.5), (2, 9.0)], (1, 2.0, 2.5)),
        ([(0, 1.0), (1, 2.0)], [(0, 1.0)], (1, 2.0, None)),
        ([(0, 1.0)], [(0, 1.0), (1, 2.0)], (1, None, 2.0)),
        ([(0, 1.0), (1, 2.0)], [(0, 1.0), (2, 2.0)], (1, 2.0, None)),
        ([(0, 1.0), (2, 2.0)], [(0, 1.0), (1, 2.0)], (1, None, 2.0)),
        ([(0, 1.0), (0, 2.0)], [(0, 2.0), (0, 1.0)], (0, 1.0, 2.0)),
        ([(0, math.nan)], [(0, 1.0)], (0, "nan", 1.0)),
        ([(0, 1.0)], [], (0, 1.0, None)),
        ([], [(3, 1.0)], (3, None, 1.0)),
    ],
)
def test_a_parting_names_the_first_step(a, b, expected):
    left = written(("same", 1, 0, 1.0), *(("loss", 1, *row) for row in a))
    right = written(("same", 1, 0, 1.0), *(("loss", 1, *row) for row in b))
    (parting,) = series.partings(left, right)
    assert parting.metric == "loss"
    shown = tuple("nan" if each is not None and each != each else each for each in parting[1:])
    assert shown == expected


def test_what_processes_logged_in_a_race_is_compared_by_step():
    a = written(("loss", 1, 0, 1.0), ("loss", 2, 0, 2.0), ("loss", 1, 1, 3.0), ("loss", 2, 1, math.nan))
    b = written(("loss", 2, 0, 2.0), ("loss", 1, 0, 1.0), ("loss", 2, 1, math.nan), ("loss", 1, 1, 3.0))
    c = written(("loss", 2, 0, 2.0), ("loss", 1, 0, 1.0), ("loss", 2, 1, math.nan), ("loss", 1, 1, 3.5))
    assert series.partings(a, b) == []
    assert series.partings(a, c) == [series.Parting(metric="loss", step=1, expected=3.0, got=3.5)]


def test_a_tolerance_excuses_what_is_near():
    a, b = written(("loss", 1, 0, 1.0)), written(("loss", 1, 0, 1.0 + 1e-9))
    assert len(series.partings(a, b)) == 1
    assert series.partings(a, b, Tolerance(rtol=1e-6).allows) == []
