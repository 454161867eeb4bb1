import importlib.util
import math
import os
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from ledger.capture import metrics_tensorboard
from ledger.capture.metrics import from_files

_SPEC = importlib.util.spec_from_file_location("event_files", Path(__file__).parents[2] / "event_files.py")
made = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(made)
event, frame, scalar, tensor = made.event, made.frame, made.scalar, made.tensor
NAME = "events.out.tfevents.1700000000.host.1.0"


def flat(found):
    return {each.name: list(zip(each.steps, each.values, strict=True)) for each in found.points}


@pytest.fixture
def read(tmp_path):
    """Return a function: payloads of one event file, or its bytes → what is found in it."""

    def read(*payloads, content=None):
        content = b"".join(map(frame, payloads)) if content is None else content
        (tmp_path / NAME).write_bytes(content)
        return from_files(tmp_path, [NAME])

    return read


def test_scalars_of_every_step(read):
    steps = [0, 1, 127, 128, 300, 1 << 14, 1 << 40, (1 << 62) + 1, (1 << 63) - 1, -1, -(1 << 63), 5, 5, 0]
    found = read(
        made.version(), *(event(scalar("a/loss", place / 4), step=s) for place, s in enumerate(steps))
    )
    assert flat(found) == {"a/loss": [(step, place / 4) for place, step in enumerate(steps)]}
    assert found.problems == ()


@pytest.mark.parametrize("suffix", [b"", made.plugin("scalars")])
def test_what_looks_like_an_earlier_event_is_not_parsed_again(read, monkeypatch, suffix):
    parsed = []
    real = metrics_tensorboard.Reader._event
    monkeypatch.setattr(
        metrics_tensorboard.Reader, "_event", lambda self, payload: (parsed.append(1), real(self, payload))
    )
    values = [(name, step) for step in range(500) for name in ("a", "b", "bb")]
    found = read(*(event(scalar(name, step) + suffix, step=step) for name, step in values))
    assert flat(found) == {name: [(step, float(step)) for step in range(500)] for name in ("a", "b", "bb")}
    assert len(parsed) <= 6  # once without a step, which is how step 0 is written, and once with one


def bits(form, value):
    return struct.pack(form, value)


@pytest.mark.parametrize(
    ("kind", "content", "expected"),
    [
        (1, made.part(4, bits("<f", 0.5)), 0.5),
        (1, made.part(5, bits("<f", 0.5)), 0.5),
        (1, made.float32(5, 0.5), 0.5),
        (1, b"", 0.0),
        (2, made.part(4, bits("<d", 0.1)), 0.1),
        (2, made.part(6, bits("<d", 0.1)), 0.1),
        (2, made.float64(6, 0.1), 0.1),
        (3, made.part(4, bits("<i", -7)), -7.0),
        (3, made.integer(7, -7), -7.0),
        (3, made.part(7, made.varint(-7)), -7.0),
        (4, made.integer(7, 200), 200.0),
        (5, made.part(4, bits("<h", -2)), -2.0),
        (6, made.part(4, bits("<b", -2)), -2.0),
        (9, made.part(4, bits("<q", -(1 << 40))), -float(1 << 40)),
        (9, made.part(10, made.varint(-3)), -3.0),
        (10, made.integer(11, 1), 1.0),
        (14, made.integer(13, 0x3FC0), 1.5),
        (14, made.part(4, b"\xc0\x3f"), 1.5),
        (17, made.part(4, bits("<H", 65535)), 65535.0),
        (19, made.integer(13, 0x3E00), 1.5),
        (19, made.part(4, bits("<e", 1.5)), 1.5),
        (22, made.part(16, made.varint(1 << 31)), float(1 << 31)),
        (23, made.part(17, made.varint((1 << 64) - 1)), float((1 << 64) - 1)),
        (1, made.part(4, bits("<f", math.inf)), math.inf),
    ],
)
@pytest.mark.parametrize(
    "shape", [b"", made.part(2, made.integer(1, 1)), made.part(2, made.integer(1, 1)) * 2]
)
def test_tensors_of_one_number(read, kind, content, expected, shape):
    found = read(*(event(tensor("t", kind, content, shape), step=step) for step in (1, 2, 3)))
    assert flat(found) == {"t": [(step, expected) for step in (1, 2, 3)]}
    assert found.problems == ()


@pytest.mark.parametrize(
    "value",
    [
        tensor("t", 1, made.part(4, struct.pack("<ff", 1, 2))),
        tensor("t", 1, made.part(5, struct.pack("<ff", 1, 2)), made.part(2, made.integer(1, 2))),
        tensor("t", 1, made.part(5, struct.pack("<f", 1)), made.part(2, made.integer(1, 2))),
        tensor("t", 1, made.float32(5, 1) * 2),
        tensor("t", 1, made.part(5, b"abc")),
        tensor("t", 3, made.part(7, made.varint(1) * 2)),
        tensor("t", 7, made.part(8, "a text"), plugin_name="text"),
        tensor("t", 7, made.part(8, "a text")),
        tensor("t", 8, made.part(4, bytes(8))),
        tensor("t", 99, made.part(4, bytes(4))),
        tensor("t", 1, made.float32(5, 1), made.integer(3, 1)),
        tensor("t", 1, made.float32(5, 1), plugin_name="pr_curves"),
        made.part(1, "t") + made.part(5, made.float64(1, 0.5)),
        made.part(1, "t") + made.part(4, made.integer(1, 3)),
        made.part(1, "t"),
        scalar("hparam/x", 1) + made.plugin("hparams"),
    ],
)
def test_what_is_no_number_is_no_metric(read, value):
    found = read(event(value, step=3), event(scalar("loss", 1), step=3))
    assert flat(found) == {"loss": [(3, 1.0)]}
    assert found.problems == ()


def test_a_plugin_may_be_said_once_only(read):
    number = made.float32(5, 1)
    found = read(
        event(tensor("curve", 1, number, plugin_name="pr_curves")),
        event(tensor("curve", 1, number, plugin_name="")),
        event(tensor("loss", 1, number)),
        event(tensor("loss", 1, number, plugin_name="")),
    )
    assert flat(found) == {"loss": [(0, 1.0)] * 2}


def test_many_values_of_one_event(read):
    found = read(event(scalar("a", 1), scalar("b", 2), scalar("a", 3), step=7))
    assert flat(found) == {"a": [(7, 1.0), (7, 3.0)], "b": [(7, 2.0)]}


def test_other_orders_of_fields_mean_the_same(read):
    plain = made.part(5, made.part(1, made.float32(2, 0.5) + made.part(1, "a")))
    found = read(plain + made.integer(2, 4) + made.float64(1, 1.0), made.integer(2, 5) + plain, plain, plain)
    assert flat(found) == {"a": [(4, 0.5), (5, 0.5), (0, 0.5), (0, 0.5)]}


def test_hyperparameters_of_add_hparams(read):
    def entry(name, value):
        return made.part(1, made.part(1, name) + made.part(2, value))

    entries = (
        entry("lr", made.float64(2, 0.1))
        + entry("optimizer", made.part(3, "adam"))
        + entry("bias", made.integer(4, 1))
        + entry("none", made.integer(1, 0))
    )
    content = made.integer(1, 0) + made.part(3, entries)
    found = read(event(made.part(1, "_hparams_/session_start_info") + made.plugin("hparams", content)))
    assert found.hyperparameters == (("lr", 0.1), ("optimizer", "adam"), ("bias", True))
    assert found.points == ()


@pytest.mark.parametrize("size", [50_000, 150_000])
def test_images_are_jumped_over_and_scalars_beside_them_are_not(tmp_path, size, monkeypatch):
    image = made.part(1, "image") + made.part(4, made.part(4, bytes(size)))
    content = b"".join(
        frame(event(scalar("before", step), image, scalar("after", step), step=step)) for step in (1, 2)
    )
    content += frame(event(scalar("loss", 1), step=3))
    (tmp_path / NAME).write_bytes(content)
    found = from_files(tmp_path, [NAME])
    assert flat(found) == {"before": [(1, 1.0), (2, 2.0)], "after": [(1, 1.0), (2, 2.0)], "loss": [(3, 1.0)]}
    assert found.problems == ()


def test_a_file_of_gigabytes_takes_little_memory_and_time(tmp_path):
    payload = 1 << 31
    head = struct.pack("<Q", payload)
    with open(tmp_path / NAME, "wb") as file:
        file.write(frame(event(scalar("loss", 1), step=1)))
        # An event of an image of two gigabytes; its bytes are a hole.
        inner = made.part(1, "image") + made.varint(4 << 3 | 2) + made.varint(payload - 100)
        start = made.varint(5 << 3 | 2) + made.varint(payload - 50)
        start += made.varint(1 << 3 | 2) + made.varint(payload - 70)
        file.write(head + made.masked(head) + start + inner)
        file.seek(len(frame(event(scalar("loss", 1), step=1))) + 12 + payload + 4)
        file.write(frame(event(scalar("loss", 2), step=2)))
    script = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_AS, (300_000_000,) * 2)\n"
        "from pathlib import Path; from ledger.capture.metrics import from_files\n"
        "found = from_files(Path(sys.argv[1]), [sys.argv[2]])\n"
        "print([list(each.values) for each in found.points])"
    )
    words = [sys.executable, "-c", script, str(tmp_path), NAME]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout == "[[1.0, 2.0]]\n", done.stderr


def test_what_came_before_a_torn_record_counts_wherever_it_is_torn(read):
    first = frame(event(scalar("loss", 1), step=1))
    second = frame(event(scalar("loss", 2), step=2))
    for cut in range(1, len(second)):
        found = read(content=first + second[:cut])
        assert flat(found) == {"loss": [(1, 1.0)]}
        assert found.problems == (f"{NAME} was not read to its end: its record at byte {len(first)} is torn",)
    assert flat(read(content=first + second)) == {"loss": [(1, 1.0), (2, 2.0)]}


@pytest.mark.parametrize("length", [10_000, 150_000, 1 << 40, (1 << 63) - 1, (1 << 64) - 1])
def test_a_length_past_the_end_is_a_torn_record(read, length):
    first, head = frame(event(scalar("loss", 1), step=1)), struct.pack("<Q", length)
    found = read(content=first + head + made.masked(head) + bytes(9_000))
    assert flat(found) == {"loss": [(1, 1.0)]}
    assert found.problems == (f"{NAME} was not read to its end: its record at byte {len(first)} is torn",)


def test_what_came_before_a_damaged_record_counts_wherever_it_is_damaged(read):
    first, last = frame(event(scalar("loss", 1), step=1)), frame(event(scalar("loss", 3), step=3))
    second = bytearray(frame(event(scalar("loss", 2), step=2)))
    for place in range(len(second)):
        second[place] ^= 0x10
        found = read(content=first + second + last)
        second[place] ^= 0x10
        assert flat(found) == {"loss": [(1, 1.0)]}
        assert len(found.problems) == 1
        assert f"its record at byte {len(first)} is " in found.problems[0]


def test_zeros_that_a_crash_left_end_a_file(read):
    found = read(content=frame(event(scalar("loss", 1), step=1)) + bytes(4096))
    assert flat(found) == {"loss": [(1, 1.0)]}
    assert "damaged" in found.problems[0]


@pytest.mark.parametrize(
    "payload",
    [b"\xff" * 30, b"\x2a\x7f", b"\x0b", b"\x2a\x03\x0a\x05a", made.part(5, made.part(1, b"\x0a\x50a"))],
)
def test_a_record_that_is_no_event_is_counted(read, payload):
    found = read(payload, event(scalar("loss", 1), step=1), payload)
    assert flat(found) == {"loss": [(1, 1.0)]}
    assert found.problems == (f"{NAME}: 2 records are no events",)


def test_names_that_are_empty_or_long_are_left_out(read):
    found = read(event(scalar("", 1)), event(scalar("x" * 1001, 1)), event(scalar("loss", 1)))
    assert flat(found) == {"loss": [(0, 1.0)]}
    assert len(found.problems) == 1


def test_points_past_the_bound_are_left_out(read, monkeypatch):
    monkeypatch.setattr("ledger.capture.metric_sources.MOST_POINTS", 3000)
    found = read(*(event(scalar("loss", step), step=step) for step in range(9000)))
    assert 3000 <= len(found.points[0].steps) <= 4000
    assert found.problems == (f"{NAME} was not read to its end: there are too many points",)


def test_appended_records_alone_count(tmp_path, read):
    before = frame(made.version()) + frame(event(scalar("loss", 1), step=1))
    after = before + frame(event(scalar("loss", 2), step=2))
    read(content=after)
    assert flat(from_files(tmp_path, [NAME], former=lambda path: before)) == {"loss": [(2, 2.0)]}
    (tmp_path / "kept").write_bytes(before)
    assert flat(from_files(tmp_path, [NAME], former=lambda path: tmp_path / "kept")) == {"loss": [(2, 2.0)]}
    for other in (b"x" + before[1:], after, after + b"x", b"", None, tmp_path / "gone"):
        found = from_files(tmp_path, [NAME], former=lambda path, other=other: other)
        assert flat(found) == {"loss": [(1, 1.0), (2, 2.0)]}


def put(root, path, *payloads):
    file = root / path / NAME
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"".join(map(frame, payloads)))
    return str(file.relative_to(root))


@pytest.mark.parametrize(
    ("train", "validation", "fronts"),
    [
        ("logs/x/train", "logs/x/validation", ("train/", "validation/")),
        ("logs/a/tb", "logs/b/tb", ("a/", "b/")),
        ("logs", "logs/eval", ("", "eval/")),
        ("", "eval", ("", "eval/")),
    ],
)
def test_directories_that_share_a_metric_are_told_apart(tmp_path, train, validation, fronts):
    paths = [
        put(tmp_path, validation, event(scalar("loss", 2))),
        put(tmp_path, train, event(scalar("loss", 1)), event(scalar("lr", 3))),
        put(tmp_path, "elsewhere/far", event(scalar("speed", 4))),
    ]
    expected = {f"{fronts[0]}loss": [(0, 1.0)], "lr": [(0, 3.0)], f"{fronts[1]}loss": [(0, 2.0)]}
    assert flat(from_files(tmp_path, paths)) == expected | {"speed": [(0, 4.0)]}
    assert flat(from_files(tmp_path, paths[::-1])) == expected | {"speed": [(0, 4.0)]}


def test_files_of_one_directory_are_one(tmp_path):
    for place in (2, 1):
        (tmp_path / f"events.out.tfevents.{place}.h").write_bytes(
            frame(event(scalar("loss", place), step=place))
        )
    found = from_files(tmp_path, [f"events.out.tfevents.{place}.h" for place in (2, 1)])
    assert flat(found) == {"loss": [(1, 1.0), (2, 2.0)]}


def test_a_front_that_makes_a_name_of_another_metric(tmp_path):
    paths = [
        put(tmp_path, "a", event(scalar("loss", 1))),
        put(tmp_path, "b", event(scalar("loss", 2)), event(scalar("a/loss", 3))),
    ]
    found = flat(from_files(tmp_path, paths))
    assert sorted(values for ((_, values),) in found.values()) == [1.0, 2.0, 3.0]
    assert found["a/loss"] == [(0, 1.0)]


def test_a_table_with_the_same_points_counts_once(tmp_path):
    path = put(tmp_path, "runs", *(event(scalar("loss", 0.1 * step), step=step) for step in (1, 2)))
    (tmp_path / "progress.csv").write_text("step,loss\n1,0.1\n2,0.2\n")
    found = from_files(tmp_path, [path, "progress.csv"])
    assert flat(found) == {"loss": [(1, 0.1), (2, 0.2)]}
    assert found.points[0].otherwise == "progress.csv/loss"
    (tmp_path / "progress.csv").write_text("step,loss\n1,0.1\n2,0.3\n")
    assert list(flat(from_files(tmp_path, [path, "progress.csv"]))) == ["loss", "tensorboard/loss"]


def test_nothing_heavy_is_imported(tmp_path):
    put(tmp_path, "runs", event(scalar("loss", 1)))
    script = (
        "import sys; from pathlib import Path\n"
        "import ledger.ops.finish; from ledger.capture.metrics import from_files\n"
        "before = set(sys.modules); from_files(Path(sys.argv[1]), ['model.bin', 'a/metrics.txt'])\n"
        "assert set(sys.modules) == before, set(sys.modules) - before\n"
        f"from_files(Path(sys.argv[1]), ['runs/{NAME}'])\n"
        "print(sorted(set(sys.modules) - before))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert {each for each in eval(done.stdout) if not each.startswith("ledger.")} <= {"array"}


def test_what_tensorboardx_writes(tmp_path):
    tensorboardX = pytest.importorskip("tensorboardX")
    with tensorboardX.SummaryWriter(str(tmp_path / "runs"), flush_secs=1) as writer:
        for step in range(300):
            writer.add_scalar("train/loss", 1 / (step + 1), step)
            writer.add_scalar("tensor", step / 2, step, summary_description="told")
            writer.add_scalar("odd", np.float64("nan"), step)
        writer.add_histogram("weights", np.arange(100.0), 1)
        writer.add_text("note", "a text", 1)
        writer.add_scalars("pair", {"a": 1.0, "b": 2.0}, 3)
        writer.add_hparams({"lr": 0.1, "kind": "adam", "bias": True}, {"final": 0.5}, name="hp")
        writer.add_scalar("train/loss", 9.0, 300)
    paths = [
        str(Path(folder, name).relative_to(tmp_path))
        for folder, _, names in os.walk(tmp_path)
        for name in names
    ]
    found = from_files(tmp_path, paths)
    points = flat(found)
    assert found.problems == ()
    assert [step for step, _ in points["train/loss"]] == list(range(301))
    assert points["train/loss"][2][1] == np.float32(1 / 3)
    assert points["tensor"] == [(step, step / 2) for step in range(300)]
    assert len(points["odd"]) == 300
    assert math.isnan(points["odd"][0][1])
    assert set(points) == {"train/loss", "tensor", "odd", "a/pair", "b/pair", "final"}
    assert points["a/pair"] == [(3, 1.0)]
    assert dict(found.hyperparameters) == {"lr": 0.1, "kind": "adam", "bias": True}
