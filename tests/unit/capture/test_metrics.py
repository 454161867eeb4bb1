import json
import math
import os

import pytest

from ledger.capture import metric_sources, metrics_json
from ledger.capture.metrics import from_files


def flat(points):
    return {each.name: list(zip(each.steps, each.values, strict=True)) for each in points}


@pytest.fixture
def found(tmp_path):
    """Return a function: what ``metrics.json`` holds → {name: [(step, value)]} and problems."""

    def found(content):
        text = content if isinstance(content, bytes) else json.dumps(content).encode()
        (tmp_path / "metrics.json").write_bytes(text)
        result = from_files(tmp_path, ["metrics.json", "model.bin", "my-metrics.json"])
        return flat(result.points), result.problems

    return found


def test_maps_become_dotted_names(found):
    points, problems = found(
        {"accuracy": 0.5, "val": {"loss": 1, "by": {"a": 2.5}}, "model": "mlp", "none": None}
    )
    assert points == {"accuracy": [(0, 0.5)], "val.loss": [(0, 1.0)], "val.by.a": [(0, 2.5)]}
    assert problems == ()
    assert all(type(value) is float for ((_, value),) in points.values())


def test_lists_become_steps(found):
    points, _ = found({"loss": [1.0, None, 0.5], "confusion": [[5, 1], [0, 7]]})
    assert points == {
        "loss": [(0, 1.0), (2, 0.5)],
        "confusion.0": [(0, 5.0), (1, 1.0)],
        "confusion.1": [(0, 0.0), (1, 7.0)],
    }


def test_maps_with_steps_keep_them(found):
    points, _ = found(
        {"history": [{"step": 10, "loss": 1.0, "class": [1, 2]}, {"loss": 0.5}, {"epoch": 3, "acc": 1}]}
    )
    assert points == {
        "history.loss": [(10, 1.0), (1, 0.5)],
        "history.class.0": [(10, 1.0)],
        "history.class.1": [(10, 2.0)],
        "history.acc": [(3, 1.0)],
    }


def test_a_step_that_is_none_is_a_metric(found):
    assert found([{"step": 1.5, "loss": 1.0}])[0] == {"step": [(0, 1.5)], "loss": [(0, 1.0)]}
    assert found([{"step": 1 << 70, "loss": 1.0}])[0]["loss"] == [(0, 1.0)]


def test_one_map_a_line_is_a_list(found):
    content = b'{"iteration": 20, "loss": 1.0}\n\n{"iteration": 40, "loss": NaN}\n'
    points, problems = found(content)
    (first, (step, value)) = points["loss"]
    assert first == (20, 1.0)
    assert step == 40
    assert math.isnan(value)
    assert problems == ()


def test_what_json_lacks_is_accepted_as_words_and_as_literals(found):
    points, _ = found(
        b'{"a": NaN, "b": -Infinity, "c": "NaN", "d": "Infinity", "e": "-inf", "f": "-", "g": true}'
    )
    values = {name: value for name, ((_, value),) in points.items()}
    assert math.isnan(values.pop("a"))
    assert math.isnan(values.pop("c"))
    assert values == {"b": -math.inf, "d": math.inf, "e": -math.inf, "g": 1.0}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"7",
        b'"text"',
        b"[1, 2]",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"a":' * 40 + b"1" + b"}" * 40,
        b'{"a": 1' + b"0" * 400 + b"}",
        b'{"a": ' + b"9" * 5000 + b"}",
        b'{"' + b"x" * 2000 + b'": 1}',
    ],
)
def test_what_is_no_metrics_file_is_a_problem(found, content):
    points, problems = found(content)
    assert points == {}
    assert len(problems) == 1
    assert problems[0].startswith("metrics.json")


def test_a_line_that_is_torn_costs_no_other(found):
    points, problems = found(b'{"a": 1}\n{"b": ')
    assert points == {"a": [(0, 1.0)]}
    assert problems == ("metrics.json: 1 lines are no JSON",)


def test_large_files_are_a_problem(found, monkeypatch):
    monkeypatch.setattr(metrics_json, "MOST_BYTES", 10)
    assert "larger than" in found({"accuracy": 0.5})[1][0]


def test_many_values_are_a_problem(found, monkeypatch):
    monkeypatch.setattr(metric_sources, "MOST_POINTS", 10)
    points, problems = found(list(({"loss": 1},) * 11))
    assert points == {}
    assert problems == ("metrics.json was not read: there are too many points",)


def test_files_that_are_gone_or_pipes_are_a_problem(tmp_path):
    os.mkfifo(tmp_path / "metrics.json")
    problems = from_files(tmp_path, ["metrics.json", "gone/metrics.json"]).problems
    assert len(problems) == 2


def test_the_file_nearest_to_the_root_keeps_its_names(tmp_path):
    for path, value in (("runs/b/metrics.json", 1), ("runs/a/metrics.json", 2), ("metrics.json", 3)):
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps({"accuracy": value, path[5:6]: 0}))
    result = from_files(tmp_path, ["runs/b/metrics.json", "metrics.json", "runs/a/metrics.json"])
    assert result.problems == ()
    assert flat(result.points) == {
        "accuracy": [(0, 3.0)],
        "c": [(0, 0.0)],
        "runs/a/accuracy": [(0, 2.0)],
        "a": [(0, 0.0)],
        "runs/b/accuracy": [(0, 1.0)],
        "b": [(0, 0.0)],
    }
