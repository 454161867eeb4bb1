import json

import pytest

from ledger.errors import NotFoundError
from ledger.model import (
    Artifact,
    ArtifactRole,
    Difference,
    Entropy,
    MetricSummary,
    Observed,
    Outcome,
    Status,
    Stream,
)
from ledger.model.config import ReplayConfig
from ledger.ops.judge import judge
from ledger.store.memory import MemoryStore

TIMING = ReplayConfig().timing


@pytest.fixture
def store():
    return MemoryStore()


@pytest.fixture
def verdict(store):
    """Return a function that judges two outcomes made of metrics, files and streams."""

    def outcome(code=0, metrics=None, files=None, stdout=None):
        return Outcome(
            status=Status.OK,
            exit_code=code,
            outputs=tuple(
                Artifact(
                    role=ArtifactRole.OUTPUT,
                    path=path,
                    digest=store.put(content),
                    size=len(content),
                    mode=0o100644,
                    media_type="application/json" if path.endswith(".json") else "text/plain",
                )
                for path, content in (files or {}).items()
            ),
            metrics=tuple(
                MetricSummary(name=name, last=value, min=value, max=value, count=1)
                for name, value in (metrics or {}).items()
            ),
            stdout=None if stdout is None else Stream(digest=store.put(stdout), size=len(stdout)),
            started=0,
            duration_s=1,
            cpu_user_s=1,
            cpu_system_s=1,
            peak_memory=1,
        )

    def judged(recorded, got, **options):
        defaults = {
            "rtol": 0.0,
            "atol": 0.0,
            "strict": False,
            "timing": TIMING,
            "drift": (),
            "seen": None,
            "now": None,
            "absent": (),
        }
        return judge(outcome(**recorded), outcome(**got), store, **defaults | options)

    return judged


def document(**values):
    return json.dumps(values).encode()


@pytest.mark.parametrize(
    ("recorded", "got", "options", "expected"),
    [
        ({}, {}, {}, "identical"),
        ({"code": 0}, {"code": 1}, {}, "diverged"),
        ({"metrics": {"a": 1}}, {"metrics": {"a": 1.1}}, {}, "diverged"),
        ({"metrics": {"a": 1}}, {"metrics": {"a": 1.1}}, {"atol": 0.2}, "equivalent"),
        ({"metrics": {"a": 1}}, {"metrics": {}}, {"atol": 9}, "diverged"),
        ({"metrics": {"train_time": 1}}, {"metrics": {"train_time": 2}}, {}, "identical"),
        ({"metrics": {"charts/SPS": 1}}, {"metrics": {"charts/SPS": 2}}, {}, "identical"),
        ({"files": {"a": b"1"}}, {"files": {"a": b"2"}}, {}, "diverged"),
        ({"files": {"a": b"1"}}, {"files": {}}, {}, "diverged"),
        ({"files": {}}, {"files": {"a": b"1"}}, {}, "diverged"),
        ({"files": {"a.json": b"[1]"}}, {"files": {"a.json": b"[ 1]"}}, {}, "equivalent"),
        ({"files": {"a.json": b"[1]"}}, {"files": {"a.json": b"[1.1]"}}, {"rtol": 0.5}, "equivalent"),
        ({"stdout": b"a"}, {"stdout": b"b"}, {}, "identical"),
        ({"stdout": b"a"}, {"stdout": b"b"}, {"strict": True}, "diverged"),
        ({"stdout": b"12:00:01"}, {"stdout": b"13:00:02"}, {"strict": True}, "identical"),
        ({"stdout": b"a"}, {}, {"strict": True}, "diverged"),
    ],
)
def test_verdicts(verdict, recorded, got, options, expected):
    assert verdict(recorded, got, **options).verdict == expected


@pytest.mark.parametrize(
    ("recorded", "got", "evidence"),
    [
        ({}, {"code": 1, "stdout": b"Traceback\nKeyError: 'x'\n\n"}, "exit code 1: KeyError: 'x'"),
        ({"code": 137}, {"code": 1}, "exit code 1"),
        ({}, {"code": 2, "stdout": b"early\n" + b"x" * 5000 + b"\nlate"}, "exit code 2: late"),
        ({"code": 1}, {}, None),
        ({"code": 1, "files": {"a": b"1"}}, {"code": 1, "files": {"a": b"2"}}, None),
    ],
)
def test_what_a_command_says_when_it_fails_is_its_cause(verdict, recorded, got, evidence):
    judged = verdict(recorded, got)
    assert judged.verdict == "diverged"
    said = [each.evidence for each in judged.causes if each.cause == "the command failed this time"]
    assert said == ([evidence] if evidence else [])


CLOCK = document(accuracy=0.5, train_time=1.5, nested={"elapsed_s": 3})


@pytest.mark.parametrize(
    ("name", "got", "expected"),
    [
        ("metrics.json", document(accuracy=0.5, train_time=9.5, nested={"elapsed_s": 4}), "equivalent"),
        ("a/metrics.json", document(accuracy=0.5, train_time=9.5, nested={"elapsed_s": 3}), "equivalent"),
        ("metrics.json", document(accuracy=0.6, train_time=9.5, nested={"elapsed_s": 3}), "diverged"),
        ("metrics.json", document(accuracy=0.5, nested={"elapsed_s": 3}), "equivalent"),
        ("metrics.json", document(accuracy=0.5, train_time=1.5), "diverged"),
        ("metrics.json", b'{"accuracy": 0.5, "train_time": ', "diverged"),
        ("other.json", document(accuracy=0.5, train_time=9.5, nested={"elapsed_s": 4}), "diverged"),
        ("a/trainer_state.json", document(accuracy=0.5, train_time=9, nested={"elapsed_s": 3}), "equivalent"),
    ],
)
def test_the_clock_in_a_metrics_file_does_not_count(verdict, name, got, expected):
    judged = verdict({"files": {name: CLOCK}}, {"files": {name: got}})
    assert judged.verdict == expected
    (difference,) = judged.differences
    assert (difference.path, difference.counted) == (name, expected == "diverged")
    if expected == "equivalent":
        assert difference.detail.endswith("measures the clock")


def test_what_holds_metrics_can_be_said(verdict):
    left, right = ({"files": {"log.json": document(train_time=value, loss=1)}} for value in (1, 2))
    assert verdict(left, right).verdict == "diverged"
    assert verdict(left, right, holds_metrics=lambda path: path == "log.json").verdict == "equivalent"


def test_places_in_a_list_are_no_part_of_a_name(verdict):
    left, right = ({"files": {"metrics.json": document(epochs=[{"s": value}])}} for value in (1, 2))
    assert verdict(left, right, timing=("epochs.s",)).verdict == "equivalent"
    assert verdict(left, right, timing=("epochs",)).verdict == "diverged"


def test_a_content_that_is_missing_is_said(verdict, store, monkeypatch):
    missing = store.put(b"{}")
    real = store.open

    def open_(digest):
        if digest == missing:
            raise NotFoundError("it is gone")
        return real(digest)

    monkeypatch.setattr(store, "open", open_)
    judged = verdict({"files": {"metrics.json": b"{}"}}, {"files": {"metrics.json": b"{ }"}})
    assert judged.verdict == "diverged"
    assert "it is gone" in judged.differences[0].detail
    assert causes(judged)[0].startswith("a record is damaged: it is gone")


def causes(judged):
    return [f"{each.cause}: {each.evidence}" for each in judged.causes]


def observed(**fields):
    return Observed(**{"affinity": 2} | fields)


def test_causes_are_named_only_where_something_counts(verdict):
    drift = (Difference(part="environment", path="numpy", expected="1", got="2", counted=False),)
    same = verdict({}, {}, drift=drift, absent=("a",), seen=observed(), now=observed(affinity=3))
    assert (same.verdict, same.causes, same.differences) == ("identical", (), drift)
    other = verdict({"code": 1}, {}, drift=drift, absent=("a",), seen=observed(), now=observed(affinity=3))
    said = causes(other)
    assert "numpy: 1 → 2" in said[0]
    assert "2 then, 3 now" in said[1]
    assert said[2].endswith("content: a")


def test_a_draw_is_a_cause_with_its_place_or_the_line_that_may_be_it(verdict):
    draws = (Entropy(generator="numpy", where="/home/a.py:3"), Entropy(generator="random", where=None))
    options = {"seen": observed(entropy=draws), "now": observed(), "root": "/home"}
    said = causes(verdict({"code": 1}, {}, suspect=lambda name: f"{name}.py:7", **options))
    first, second = said
    assert first == "a generator without a seed: numpy drew fresh entropy at a.py:3"
    assert "the global generator of random was never seeded" in second
    assert second.endswith("the first line that uses it is random.py:7")


def test_what_seed_would_not_change_is_not_to_be_recorded_with_one(verdict):
    names = ("uuid.uuid4", "random.Random", "random (seeded from the clock)")
    draws = tuple(Entropy(generator=name, where="a.py:3") for name in names)
    found = verdict({"code": 1}, {}, seen=observed(entropy=draws), now=observed()).causes
    assert [(each.cause, "--seed" in each.hint) for each in found] == [
        ("randomness that no seed governs", False),
        ("a generator without a seed", True),
        ("a generator with another seed each time", False),
    ]


def test_a_file_that_is_named_by_the_clock_is_the_same_one(verdict):
    found = verdict({"files": {"run-1764321000.txt": b"a"}}, {"files": {"run-1764329999.txt": b"a"}})
    (difference,) = found.differences
    assert found.verdict == "equivalent"
    assert (difference.path, difference.counted) == ("run-1764321000.txt", False)
    assert difference.detail == "it is run-1764329999.txt there; the same content"


def test_a_file_that_is_named_by_the_clock_is_compared(verdict):
    found = verdict({"files": {"run-1764321000.json": b"1"}}, {"files": {"run-1764329999.json": b"2"}})
    (difference,) = found.differences
    assert found.verdict == "diverged"
    assert difference.detail.startswith("it is run-1764329999.json there; ")
    assert difference.counted


def test_a_file_that_is_missing_and_another_one_that_is_new_are_two_differences(verdict):
    found = verdict({"files": {"fold_1.txt": b"a"}}, {"files": {"fold_2.txt": b"a"}})
    assert [each.path for each in found.differences] == ["fold_1.txt", "fold_2.txt"]
    assert found.verdict == "diverged"
