import importlib.util
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest

from ledger.compare import registry
from ledger.compare.tables import event_files


def _loaded(name):
    spec = importlib.util.spec_from_file_location(name, Path(__file__).parents[3] / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


hostile, made = _loaded("hostile"), _loaded("event_files")
event, scalar = made.event, made.scalar


def compare(expected, got, **tolerance):
    sides = (each if isinstance(each, bytes) else b"".join(map(made.frame, each)) for each in (expected, got))
    return hostile.compare(registry.find("application/x-tfevents"), *sides, **tolerance)


def losses(*values, time=1.7e9):
    return [
        made.version(),
        *(event(scalar("loss", each), step=step, time=time + step) for step, each in enumerate(values)),
    ]


def test_wall_times_do_not_count():
    result = compare(losses(3, 2, 1), losses(3, 2, 1, time=1.8e9))
    assert (result.same, result.exact, result.detail) == (True, False, "only wall times differ")


def test_values_that_differ_are_told_from_their_first_step():
    result = compare(losses(3, 2, 1), losses(3, 2.5, 1.5))
    assert (result.same, result.exact) == (False, False)
    assert (
        result.detail
        == "loss from step 1 on: 2 of 3 numbers differ, by up to 0.5, relatively 0.5, 4194304 ULP".replace(
            ", 4194304 ULP", ""
        )
    )
    assert (result.distance.differing, result.distance.compared) == (2, 3)
    near = compare(losses(3, 2, 1), losses(3, 2.5, 1.5), atol=0.5)
    assert (near.same, near.detail[:25]) == (True, "within rtol 0, atol 0.5: ")


def test_units_in_the_last_place_are_those_of_32_bits():
    one = np.float32(1)
    assert compare(losses(one), losses(np.nextafter(one, np.float32(2)))).distance.ulp == 1


def test_nan_is_nan():
    assert compare(losses(np.nan), losses(np.nan, time=0)).same
    assert not compare(losses(np.nan, 1), losses(1, np.nan)).same


def test_other_tags_steps_and_counts_are_said():
    other = [made.version(), event(scalar("a", 1.0), step=5)]
    assert compare([event(scalar("b", 1.0))], other[1:]).detail == (
        "b: only the first has it; a: only the second has it"
    )
    assert compare([event(scalar("a", 1.0), step=4)], other[1:]).detail == "a: steps 4 and 5"
    assert compare(losses(1, 2), losses(1, 2, 3)).detail == "loss: 2 and 3 points"


def test_how_values_are_spread_over_events_does_not_count():
    apart = [event(scalar("a", 1.0), step=1), event(scalar("b", 2.0), step=1)]
    together = [event(scalar("b", 2.0), scalar("a", 1.0), step=1)]
    assert compare(apart, together).detail == "only times or the order of events differ"
    assert not compare(apart, [event(scalar("b", 2.0), scalar("a", 1.0), step=2)]).same


def histogram(tag, content):
    return made.part(1, tag) + made.part(5, content)


def test_what_is_no_number_is_equal_or_not():
    one, other = ([event(histogram("weights", each), step=7)] for each in (b"abc", b"abd"))
    later = [event(histogram("weights", b"abc"), step=7, time=0), event(scalar("x", 1.0))]
    assert compare(one, other).detail == "weights at step 7: its content differs"
    assert compare([*one, event(scalar("x", 1.0))], later).same


def test_tensors_of_one_number_are_numbers():
    one, other = ([event(made.tensor("a", 2, made.float64(6, each)))] for each in (1.0, 1.25))
    assert compare(one, other, atol=0.25).same
    assert compare(one, other).detail.startswith("a from step 0 on: 1.0 and 1.25")


def test_a_large_record_is_looked_at():
    one, other = (
        [event(histogram("big", bytes(1 << 20)), time=time), event(scalar("a", 1.0), time=time)]
        for time in (1.0, 2.0)
    )
    assert compare(one, other).detail == "only wall times differ"
    changed = [event(histogram("big", bytes((1 << 20) - 1) + b"x")), other[1]]
    assert compare(one, changed).detail == "big at step 0: its content differs"


def test_order_of_graphs_does_not_count_and_their_content_does():
    graphs = [made.float64(1, 1.0) + made.part(4, each) for each in (b"a", b"b")]
    assert compare(graphs, [graphs[1], graphs[0]]).same
    assert compare(graphs, [graphs[0], graphs[0]]).detail == "graph: its content differs"


def written(directory, clock, seed=0, histograms=True):
    """What tensorboardX writes, at a time of its own."""
    tensorboardx = pytest.importorskip("tensorboardX")
    rng = np.random.default_rng(seed)
    with patch("time.time", lambda: clock), tensorboardx.SummaryWriter(str(directory)) as writer:
        for step in range(5):
            writer.add_scalar("loss", rng.random(), step)
            if histograms:
                writer.add_histogram("weights", rng.random(100), step)
        if histograms:
            writer.add_image("picture", rng.random((3, 200, 300)), 0)
        writer.add_text("note", "hello", 1)
        writer.add_hparams({"lr": 0.1, "kind": "adam", "seed": seed}, {"best": 1.0})
    return [path.read_bytes() for path in sorted(directory.rglob("*tfevents*"))]


def test_what_tensorboardx_writes_at_two_times_is_the_same(tmp_path):
    one, other = written(tmp_path / "a", 1.7e9), written(tmp_path / "b", 1.8e9)
    assert len(one) == len(other) == 2
    for pair in zip(one, other, strict=True):
        result = compare(*pair)
        assert (result.same, result.exact) == (True, False)
        assert result.detail in ("only wall times differ", "only times or the order of events differ")


def test_what_tensorboardx_writes_of_another_seed_differs(tmp_path):
    one, other = (written(tmp_path / str(seed), 1.7e9, seed=seed, histograms=False) for seed in (0, 1))
    details = [compare(*pair).detail for pair in zip(one, other, strict=True)]
    assert any("loss from step 0 on: 5 of 5 numbers differ" in each for each in details)
    assert any("hyperparameter seed: 0.0 and 1.0" in each for each in details)


def test_damaged_files_are_compared_as_bytes(tmp_path):
    hostile.check_damaged(
        event_files.compare, *written(tmp_path, 1.7e9), b"".join(map(made.frame, losses(1, 2, 3)))
    )
    whole = b"".join(map(made.frame, losses(1, 2, 3)))
    assert compare(whole, whole[:-5]).detail.endswith("(compared as bytes: its record at byte 122 is torn)")


def test_a_huge_record_takes_little_memory():
    huge = made.frame(event(scalar("a", 1.0)))
    length = (1 << 40).to_bytes(8, "little")
    huge += length + made.masked(length)
    grown, result = hostile.memory_grown(event_files.compare, huge, huge + b"x")
    assert grown < 50 << 10
    assert "torn" in result.detail


def test_what_is_too_much_is_compared_as_bytes(monkeypatch):
    monkeypatch.setattr(event_files, "_MOST_POINTS", 3)
    assert compare(losses(1, 2), losses(1, 3)).detail.startswith("loss from step 1")
    assert "it has more than 3 values" in compare(losses(1, 2, 3), losses(1, 2, 4)).detail
