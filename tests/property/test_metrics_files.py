import importlib.util
import json
import math
import struct
import tempfile
from pathlib import Path

from hypothesis import example, given
from hypothesis import strategies as st

from ledger.capture.metrics import from_files

_SPEC = importlib.util.spec_from_file_location("event_files", Path(__file__).parents[1] / "event_files.py")
made = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(made)

STEPS = st.integers(-(1 << 63), (1 << 63) - 1) | st.integers(0, 300)
FLOATS = st.floats(width=32)
TAGS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=6) | st.sampled_from(
    ["a", "b", "aa", "a/b"]
)
FORMS = {
    "simple": lambda tag, value: made.scalar(tag, value),
    "told": lambda tag, value: made.scalar(tag, value) + made.plugin("scalars"),
    "torch": lambda tag, value: made.tensor(tag, 1, made.float32(5, value)),
    "packed": lambda tag, value: made.tensor(tag, 1, made.part(5, struct.pack("<f", value))),
    "double": lambda tag, value: made.tensor(tag, 2, made.part(4, struct.pack("<d", value)), plugin_name=""),
}
POINTS = st.lists(st.tuples(TAGS, STEPS, FLOATS, st.sampled_from(sorted(FORMS))), max_size=30)


def read(name, content, **options):
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / name).write_bytes(content)
        return from_files(Path(folder), [name], **options)


def same(left, right):
    return left == right or (math.isnan(left) and math.isnan(right))


def well_formed(found):
    for each in found.points:
        each.name.encode()
        assert each.name
        assert len(each.steps) == len(each.values) > 0


@given(POINTS)
def test_scalars_come_back_in_order(points):
    payloads = [made.event(FORMS[form](tag, value), step=step) for tag, step, value, form in points]
    found = read("x.tfevents.1", b"".join(map(made.frame, payloads)))
    assert found.problems == ()
    expected = {}
    for tag, step, value, _ in points:
        expected.setdefault(tag, []).append((step, value))
    assert [each.name for each in found.points] == list(expected)
    for each in found.points:
        wanted = expected[each.name]
        assert list(each.steps) == [step for step, _ in wanted]
        assert all(same(left, right) for left, (_, right) in zip(each.values, wanted, strict=True))


@given(POINTS, st.data())
def test_a_file_cut_anywhere_gives_the_whole_records_before(points, data):
    frames = [made.frame(made.event(FORMS[form](tag, value), step=step)) for tag, step, value, form in points]
    content = b"".join(frames)
    cut = data.draw(st.integers(0, len(content)))
    found = read("x.tfevents.1", content[:cut])
    ends, end = [0], 0
    for each in frames:
        end += len(each)
        ends.append(end)
    assert sum(len(each.steps) for each in found.points) == sum(each <= cut for each in ends) - 1
    assert len(found.problems) == (cut not in ends)


@given(st.lists(st.binary(max_size=80) | st.integers(0, (1 << 64) - 1), max_size=6))
@example([(1 << 64) - 1])
@example([1 << 63])
@example([200_000])
def test_any_event_file_becomes_points_or_a_problem(parts):
    """Payloads of any bytes, and lengths (with their right checksum) of any size."""
    content = b""
    for each in parts:
        head = struct.pack("<Q", each) if isinstance(each, int) else b""
        content += head + made.masked(head) if head else made.frame(each)
    well_formed(read("x.tfevents.1", content))


@given(st.binary(max_size=200))
def test_any_bytes_of_an_event_become_points_or_a_problem(noise):
    payload = made.event(made.part(1, "a") + noise, made.part(1, "b") + made.part(8, noise), step=1)
    found = read("x.tfevents.1", made.frame(payload) + made.frame(made.event(made.scalar("last", 1))))
    assert found.points[-1].name == "last"
    well_formed(found)


@given(
    st.binary(max_size=300) | st.text('0123456789,;\n"e.-#aep\t ', max_size=300).map(str.encode),
    st.booleans(),
)
@example(b"\r\x01\n", False)
def test_any_table_becomes_points_or_a_problem(noise, cut):
    for name in ("metrics.csv", "results.csv", "metrics.jsonl", "log.jsonl", "trainer_state.json", "out"):
        well_formed(read(name, noise, patterns=["out"], cut=cut))
        for front in (b"step,loss\n", b'{"step": 1, "loss": 1}\n'):
            well_formed(read(name, front + noise, patterns=["out"], cut=cut))


CELLS = st.floats() | st.none()


@given(st.lists(st.tuples(st.integers(-(1 << 62), (1 << 62) - 1), CELLS, CELLS), max_size=20), st.data())
def test_rows_that_were_there_and_rows_that_were_appended(rows, data):
    """What was there, wherever it ended, and what is there now, both ways of writing."""
    before = data.draw(st.integers(0, len(rows)))
    table = [",".join("" if cell is None else repr(cell) for cell in row) + "\r\n" for row in rows]
    lines = [json.dumps({"step": step, "a": a, "b": b}) + "\n" for step, a, b in rows]
    for name, written, head in (("metrics.csv", table, "step,a,b\r\n"), ("metrics.jsonl", lines, "")):
        content = head + "".join(written)
        whole = len(head) + sum(map(len, written[:before]))
        next_row = written[before] if before < len(rows) else ""
        torn = data.draw(st.integers(0, max(0, len(next_row) - 1)))
        end = whole + torn
        lacks_its_end = 0 < len(next_row.rstrip("\r\n")) <= torn
        former = content[:end].encode()
        found = read(name, content.encode(), former=lambda path, former=former: former)
        assert found.problems == ()
        kept = rows if end == len(content) or end == 0 else rows[before + lacks_its_end :]
        for place, metric in ((1, "a"), (2, "b")):
            wanted = [(row[0], row[place]) for row in kept if row[place] is not None]
            got = next((each for each in found.points if each.name == metric), None)
            assert (got is None) == (not wanted)
            if got is not None:
                assert list(got.steps) == [step for step, _ in wanted]
                assert all(same(left, right) for left, (_, right) in zip(got.values, wanted, strict=True))
