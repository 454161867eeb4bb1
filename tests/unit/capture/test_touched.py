"""What audit hooks told of files, read as outside input."""

import json

import pytest

from ledger.capture import touched
from ledger.capture.events import read
from ledger.capture.observed_files import watched

OLD = [33188, 4, 1000, 2000, 7]


def told(tmp_path, *events, number=1):
    lines = "".join(json.dumps({"event": "files", **each}) + "\n" for each in events)
    (tmp_path / f"events-{number}-0.jsonl").write_text(lines)


def test_the_earliest_look_says_whether_it_existed(tmp_path):
    told(tmp_path, {"cwd": "/x", "seen": [["a", "w", 30, OLD], ["b", "w", 10, None]], "read": ["a", "c"]})
    told(tmp_path, {"cwd": "/x", "seen": [["a", "d", 20, None], ["b", "rw", 20, OLD]]}, number=2)
    found = {each.path: each for each in watched(read(tmp_path), is_there=lambda _: True).accesses}
    shown = {path: (each.existed, each.read, each.written) for path, each in found.items()}
    assert shown == {
        "/x/a": (False, True, True),
        "/x/b": (False, True, True),
        "/x/c": (True, True, False),
    }


def test_what_was_never_there_is_no_access(tmp_path):
    told(tmp_path, {"cwd": "/x", "read": ["a"]})
    assert watched(read(tmp_path), is_there=lambda _: False).accesses == ()


@pytest.mark.parametrize(
    "event",
    [
        {"cwd": 3},
        {"read": "a"},
        {"read": [1]},
        {"seen": {"a": 1}},
        {"seen": [["a", "w"]]},
        {"seen": [["a", "w", 1.5, None]]},
        {"seen": [["a", "w", 1, [1, 2]]]},
        {"seen": [["a", "w", 1, [1, 2, 3, 4, "5"]]]},
        {"seen": [[1, "w", 1, None]]},
        {"programs": [["a"]]},
        {"programs": [["a", "b"]]},
        {"network": [7]},
    ],
)
def test_what_does_not_fit_is_a_problem(tmp_path, event):
    told(tmp_path, event, {"cwd": "/x", "read": ["good"]})
    found = read(tmp_path)
    assert len(found.problems) == 1
    assert [each.path for each in found.touched] == ["/x/good"]


def test_more_than_is_kept_is_a_problem(tmp_path, monkeypatch):
    monkeypatch.setattr(touched, "MOST", 2)
    told(tmp_path, {"cwd": "/x", "read": ["a", "b", "c"]})
    found = read(tmp_path)
    assert len(found.touched) == 2
    assert found.problems == ("more files were touched than are told",)
