import json

import pytest

from ledger.capture import files
from ledger.capture.hyperparameters import Raw
from ledger.capture.secrets import Secrets
from ledger.errors import StorageError
from ledger.model import HealthLine, HealthState, Status
from ledger.ops.execute import Exit, StreamNote
from ledger.ops.finish import Leavings, absolute, collect, ended_by, status_of, united
from ledger.store.memory import MemoryStore


class Full(MemoryStore):
    """A store on a disk that has no room for what is named."""

    def __init__(self, *refused):
        super().__init__()
        self.refused = refused

    def put(self, content):
        if content in self.refused:
            raise StorageError("no room", cause="the disk is full")
        return super().put(content)

    def put_file(self, path):
        if path.read_bytes() in self.refused:
            raise StorageError("no room", cause="the disk is full")
        return super().put_file(path)


@pytest.fixture
def leavings(tmp_path):
    """Return a function: what a program left in its spool and its tree → Leavings."""

    def make(spool=None, tree=None, secrets=None, **fields):
        place, root = tmp_path / "spool", tmp_path / "root"
        place.mkdir()
        root.mkdir()
        before = files.scan(root, frozenset())
        for directory, contents in ((place, spool), (root, tree)):
            for name, content in (contents or {}).items():
                (directory / name).write_bytes(content)
        defaults = {
            "spool": place,
            "root": root,
            "skip": frozenset(),
            "before": before,
            "secrets": Secrets.find(("python",), secrets or {}),
            "raw": Raw(),
        }
        return Leavings(**defaults | fields)

    return make


def states(collected):
    return {line.part: str(line.state) for line in collected.health}


def test_everything_is_collected(leavings):
    store = MemoryStore()
    event = json.dumps({"event": "param", "name": "lr", "value": 0.1, "role": None}).encode() + b"\n"
    left = leavings(
        {"stdout": b"out", "stderr": b"", "events-1-1.jsonl": event},
        {"model": b"x", "metrics.json": b'{"loss": 0.5}'},
    )
    found = collect(store, left)
    assert [each.path for each in found.outputs] == ["metrics.json", "model"]
    assert [(each.name, each.last) for each in found.metrics] == [("loss", 0.5)]
    assert store.get(found.stdout.digest) == b"out"
    assert store.get(found.stderr.digest) == b""
    assert store.get(found.series)
    assert states(found)["outputs"] == states(found)["streams"] == "complete"


@pytest.mark.parametrize("killed", [False, True])
def test_what_drew_without_a_seed_is_told_at_the_end_only(leavings, killed):
    process = {"event": "process", "pid": 7, "executable": "/usr/bin/python3", "version": "3.11.7"}
    spool = {"events-7-0.jsonl": json.dumps(process).encode() + b"\n"}
    found = collect(MemoryStore(), leavings(spool=spool, killed=killed))
    assert states(found)["probe"] == "complete"
    assert states(found)["seeds"] == ("partial" if killed else "complete")


def test_an_empty_spool_is_no_error(leavings):
    found = collect(MemoryStore(), leavings())
    assert (found.outputs, found.metrics, found.series, found.stdout) == ((), (), None, None)
    assert states(found)["probe"] == "absent"


def test_a_part_that_cannot_be_stored_costs_only_itself(leavings):
    left = leavings({"stdout": b"out", "stderr": b"err"}, {"model": b"x"})
    found = collect(Full(b"out"), left)
    assert states(found)["streams"] == "absent"
    assert "disk is full" in next(line.reason for line in found.health if line.part == "streams")
    assert [each.path for each in found.outputs] == ["model"]


def test_a_fault_of_ours_costs_only_its_part(leavings):
    class Faulty(MemoryStore):
        def put_file(self, path):
            raise AssertionError("a bug\nin two lines")

    found = collect(Faulty(), leavings({"stdout": b"out"}))
    line = next(line for line in found.health if line.part == "streams")
    assert (line.state, line.reason) == (HealthState.ABSENT, "AssertionError: a bug in two lines")


def test_outputs_that_cannot_be_stored_leave_metrics_and_streams(leavings):
    left = leavings({"stdout": b"out"}, {"model": b"x"})
    found = collect(Full(b"x"), left)
    assert (states(found)["outputs"], states(found)["streams"]) == ("absent", "complete")
    assert found.outputs == ()


def test_a_root_that_is_gone(leavings, tmp_path):
    found = collect(MemoryStore(), leavings(root=tmp_path / "gone"))
    line = next(line for line in found.health if line.part == "outputs")
    assert (line.state, "is gone" in line.reason) == (HealthState.ABSENT, True)


def test_streams_are_masked(leavings):
    store = MemoryStore()
    left = leavings({"stdout": b"key hunter2-secret!"}, secrets={"API_TOKEN": "hunter2-secret"})
    assert store.get(collect(store, left).stdout.digest) == b"key secret:API_TOKEN!"


def test_a_stream_whose_file_is_gone_or_that_was_not_complete_is_said(leavings):
    notes = (
        StreamNote(name="stdout", complete=True),
        StreamNote(name="stderr", complete=False, reason="why"),
    )
    found = collect(MemoryStore(), leavings({"stderr": b""}, streams=notes))
    line = next(line for line in found.health if line.part == "streams")
    assert line.state is HealthState.PARTIAL
    assert "stderr: why" in line.reason
    assert "stdout: its file" in line.reason


def test_streams_are_withheld(leavings):
    found = collect(MemoryStore(), leavings({"stdout": b"x"}, withheld="because"))
    assert found.stdout is None
    assert states(found)["streams"] == "absent"


@pytest.mark.parametrize(
    ("code", "signal", "status"),
    [(0, None, Status.OK), (3, None, Status.FAILED), (137, 9, Status.KILLED), (137, None, Status.FAILED)],
)
def test_status(code, signal, status):
    end = Exit(
        exit_code=code,
        signal=signal,
        started_ns=0,
        duration_s=1.0,
        user_s=0.0,
        system_s=0.0,
        peak_memory=1,
        error=None,
        timed_out=False,
        streams=(),
    )
    assert status_of(end) is status


@pytest.mark.parametrize(
    ("number", "passed_on", "expected"),
    [(None, None, None), (9, None, 9), (2, 2, 2), (None, 2, None), (9, 2, 2), (11, 2, 11)],
)
def test_a_kill_that_followed_a_signal_is_told_as_that_signal(number, passed_on, expected):
    code = 0 if number is None else 128 + number
    fields = {"started_ns": 0, "duration_s": 1.0, "user_s": 0.0, "system_s": 0.0, "peak_memory": 0}
    end = Exit(
        exit_code=code, signal=number, error=None, timed_out=False, passed_on=passed_on, streams=(), **fields
    )
    assert ended_by(end) == expected


def line(part, state, reason=None):
    return HealthLine(part=part, state=HealthState(state), reason=reason)


def test_what_was_not_whole_stays_so():
    before = [line("code", "partial", "a"), line("host", "complete")]
    after = [line("code", "complete"), line("host", "absent", "b"), line("outputs", "complete")]
    assert united(before, after) == (
        line("code", "partial", "a"),
        line("host", "absent", "b"),
        line("outputs", "complete"),
    )
    partial, other = line("code", "partial", "a"), line("code", "partial", "b")
    assert united([partial], [other])[0].reason == "a; b"
    assert united([partial], [line("code", "absent", "c")]) == (line("code", "absent", "a; c"),)


def test_paths_are_made_absolute(tmp_path):
    assert absolute(["a", "/b"], tmp_path) == (f"{tmp_path}/a", "/b")
