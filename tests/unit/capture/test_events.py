import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ledger.capture import events as module
from ledger.capture import spooled_lines
from ledger.capture.events import Declared, Parameter, read
from ledger.capture.inject import PROBE
from ledger.capture.observed import observed, stopped_at
from ledger.model import (
    Entropy,
    HyperparameterRole,
    HyperparameterType,
    Interpreter,
    SeededGenerator,
    ThreadPool,
)

ROOT = Path(__file__).resolve().parents[3]


def spool(directory, *events, process=1, number=0, tail=b""):
    lines = b"".join(json.dumps(each).encode() + b"\n" for each in events)
    (directory / f"events-{process}-{number}.jsonl").write_bytes(lines + tail)


def process(pid, time, **more):
    document = {
        "event": "process",
        "pid": pid,
        "ppid": 1,
        "time": time,
        "executable": "/venv/bin/python",
        "version": "3.11.7",
        "implementation": "cpython",
        "prefix": "/venv",
        "base_prefix": "/usr",
    }
    return document | more


def param(name, value, **more):
    return {"event": "param", "name": name, "value": value, "role": None, "where": "train.py:1", **more}


def test_nothing_said_is_nothing(tmp_path):
    assert read(tmp_path) == module.Events()


def test_a_spool_that_is_gone_is_a_problem(tmp_path):
    (problem,) = read(tmp_path / "gone").problems
    assert "could not be read" in problem


def test_every_kind_is_read(tmp_path):
    spool(
        tmp_path,
        process(1, 5),
        {
            "event": "arguments",
            "parser": "train.py",
            "where": "train.py:9",
            "values": [
                {"name": "lr", "value": 0.1, "type": "real", "given": True, "default": 1},
                {
                    "name": "f",
                    "value": "main.f",
                    "type": "categorical",
                    "given": False,
                    "default": None,
                    "opaque": True,
                },
                {"name": "e", "value": 1, "source": "environment"},
            ],
            "installed": True,
            "directories": ["/conf"],
        },
        param("depth", 3, type="integer", role="model"),
        {"event": "artifact", "path": "/x/model.bin", "name": "model"},
        {"event": "seed", "name": "main", "value": 7, "where": "a.py:1"},
        {"event": "seeded", "generator": "numpy", "value": [1, 2], "where": "a.py:2"},
        {"event": "enforced", "generator": "random", "value": 7},
        {"event": "entropy", "generator": "random", "where": None},
        {
            "event": "observed",
            "cpus": 2,
            "threads": [{"library": "libgomp.so", "api": "openmp", "threads": 2, "version": None}],
            "libraries": ["libgomp.so"],
            "numpy": {"version": "2.0", "features": ["AVX2", "FMA3"]},
            "torch": {"version": "2.5", "threads": 2, "deterministic": False},
        },
        {"event": "report", "step": 1, "value": 0.5},
        {"event": "stop", "step": 4},
        {"event": "stop", "step": 3},
        {"event": "probe_error", "where": "import torch", "error": "ValueError: x"},
        {"event": "record_error", "error": "No space left on device"},
    )
    found = read(tmp_path)
    assert [each.pid for each in found.processes] == [1]
    (parse,) = found.parses
    lr, function, variable = parse.values
    assert (lr.environment, variable.environment) == (False, True)
    assert (parse.installed, parse.directories) == (True, ("/conf",))
    assert (lr.name, lr.given, lr.opaque) == ("lr", True, False)
    assert (function.name, function.given, function.opaque) == ("f", False, True)
    assert lr.type is HyperparameterType.REAL
    assert found.parameters == (
        Parameter(
            process=1, name="depth", value=3, type=HyperparameterType.INTEGER, role=HyperparameterRole.MODEL
        ),
    )
    assert found.artifacts == (Declared(path="/x/model.bin", name="model"),)
    assert found.seeded == (
        SeededGenerator(generator="ledger.seed(main)", value="7", enforced=False, where="a.py:1"),
        SeededGenerator(generator="numpy", value="[1, 2]", enforced=False, where="a.py:2"),
        SeededGenerator(generator="random", value="7", enforced=True, where=None),
    )
    assert found.entropy == (Entropy(generator="random", where=None),)
    assert found.threads == (
        ThreadPool(library="libgomp.so", api="openmp", threads=2),
        ThreadPool(library="torch", api="torch", threads=2, version="2.5"),
    )
    assert ("numpy.features", "AVX2 FMA3") in found.settings
    assert ("torch.deterministic", "False") in found.settings
    assert (found.reports, found.stopped) == (1, 3)
    assert stopped_at(observed(found, affinity=1)) == 3
    assert stopped_at(observed(found._replace(stopped=None), affinity=1)) is None
    assert found.problems == ("import torch: ValueError: x", "No space left on device")


def test_what_does_not_fit_is_a_problem_and_the_rest_is_read(tmp_path):
    spool(
        tmp_path,
        param("lr", {"a": 1}),
        param("", 1),
        param(3, 1),
        param("x", [[1]]),
        {"event": "artifact", "path": "a\0b"},
        {"event": "arguments", "values": {}},
        {"event": "arguments", "values": [{"name": "a", "value": 1}, 7]},
        {"event": "observed", "threads": [{"library": "l", "api": "a", "threads": "2"}]},
        {"event": "entropy", "generator": 4},
        {"event": "process", "pid": 1 << 80, "version": "3"},
        {"event": "later", "x": 1},
        {"event": "later", "x": 2},
        {"event": ["param"]},
        {},
        [],
        "text",
        param("lr", 0.1, role=["model"], type={"a": 1}),
    )
    found = read(tmp_path)
    assert [each.name for each in found.parameters] == ["lr"]
    assert len(found.problems) > 8
    assert "an unknown event 'later' (2 times)" in found.problems
    assert found.parses == found.artifacts == found.entropy == found.processes == found.threads == ()


@pytest.mark.parametrize(
    "tail",
    [b'{"event": "param", "na', b"\xff\xfe{}", b"\0" * 40, b"[" * 100_000, b'{"a": ' * 5_000, b"9" * 9_000],
)
def test_a_torn_last_line_is_a_problem(tmp_path, tail):
    spool(tmp_path, param("lr", 0.1), tail=tail)
    found = read(tmp_path)
    assert [each.name for each in found.parameters] == ["lr"]
    assert found.problems == ("events-1-0.jsonl: its last line is torn",)


def test_a_whole_last_line_counts_without_its_newline(tmp_path):
    spool(tmp_path, tail=json.dumps(param("lr", 0.1)).encode())
    assert read(tmp_path).parameters[0].value == 0.1


def test_a_line_that_is_too_long_costs_only_itself(tmp_path, monkeypatch):
    monkeypatch.setattr(spooled_lines, "LONGEST_LINE", 1000)
    spool(tmp_path, param("a", 1), param("b", "x" * 5000), param("c", 3))
    found = read(tmp_path)
    assert [each.name for each in found.parameters] == ["a", "c"]
    assert found.problems == ("events-1-0.jsonl: a line is no event",)


def test_what_is_no_regular_file_is_not_read(tmp_path):
    os.mkfifo(tmp_path / "events-1-0.jsonl")
    (tmp_path / "events-2-0.jsonl").symlink_to("/dev/zero")
    (tmp_path / "events-3-0.jsonl").mkdir()
    (tmp_path / "elsewhere").write_text('{"event": "report"}\n')
    (tmp_path / "events-5-0.jsonl").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "events-x.jsonl").write_text("no")
    spool(tmp_path, param("lr", 0.1), process=4)
    found = read(tmp_path)
    assert [each.name for each in found.parameters] == ["lr"]
    assert found.reports == 0
    assert len(found.problems) == 4


def test_the_process_that_began_first_comes_first_whatever_its_number(tmp_path):
    spool(tmp_path, process(40, 100), param("rank", 0), param("lr", 0.1), process=40)
    spool(tmp_path, process(7, 200), param("rank", 1), param("lr", 0.1), process=7)
    spool(tmp_path, param("rank", 2), process=3)  # forked: no probe began in it
    found = read(tmp_path)
    assert [each.pid for each in found.processes] == [40, 7]
    assert {each.name: each.value for each in found.parameters} == {"rank": 0, "lr": 0.1}
    assert found.problems == (
        "parameter rank was given several values; that of the first process is recorded (2 times)",
    )


def test_the_last_value_of_one_process_counts(tmp_path):
    spool(tmp_path, param("lr", 0.1), param("lr", 0.1), param("lr", 0.2))
    found = read(tmp_path)
    assert found.parameters[0].value == 0.2
    assert found.problems == ("parameter lr was given several values; the last is recorded",)


def test_numbers_that_json_lacks_and_texts_that_look_like_them(tmp_path):
    spool(
        tmp_path,
        param("a", "NaN", type="real"),
        param("b", ["-Infinity", 1.0], type="real"),
        param("c", "NaN", type="categorical"),
        param("d", 1 << 70),
    )
    a, b, c, d = read(tmp_path).parameters
    assert a.value != a.value
    assert b.value == (float("-inf"), 1.0)
    assert c.value == "NaN"
    assert d.value == str(1 << 70)


def test_bytes_of_a_path_survive_and_other_lone_surrogates_do_not(tmp_path):
    spool(tmp_path, {"event": "artifact", "path": "/\udcff/\ud800"})
    assert read(tmp_path).artifacts[0].path == "/\udcff/\ufffd"


def test_the_same_said_by_many_processes_is_kept_once(tmp_path):
    event = {"event": "arguments", "parser": "p", "where": "w", "values": [{"name": "a", "value": 1}]}
    for number in range(5):
        spool(tmp_path, event, {"event": "entropy", "generator": "random", "where": "a.py:1"}, process=number)
    found = read(tmp_path)
    assert (len(found.parses), len(found.entropy)) == (1, 1)


def test_more_than_is_kept_is_counted(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "MOST", 3)
    spool(tmp_path, *({"event": "artifact", "path": f"/{number}", "name": None} for number in range(10)))
    found = read(tmp_path)
    assert len(found.artifacts) == 3
    assert found.problems == ("an event 'artifact' that does not fit: more than is kept (7 times)",)


def test_more_bytes_than_are_kept_are_counted(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "MOST_BYTES", 3_000)
    spool(tmp_path, *(param(f"p{number}", "x" * 1000) for number in range(5)))
    found = read(tmp_path)
    assert len(found.parameters) == 2
    assert len(found.problems) == 1


@pytest.mark.slow
def test_a_million_lines_take_bounded_memory(tmp_path):
    with open(tmp_path / "events-1-0.jsonl", "w") as file:
        for number in range(200_000):
            file.write('{"event": "report", "step": %d, "value": 1.5}\n' % number)  # noqa: UP031
            file.write('{"event": "huh", "step": %d}\n' % number)  # noqa: UP031
        for number in range(600_000):
            file.write('{"event": "odd%d", "step": 1}\n' % number)  # noqa: UP031
    script = (
        "import resource, sys; from pathlib import Path; from ledger.capture.events import read\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "found = read(Path(sys.argv[1]))\n"
        "print(found.reports, len(found.problems), end=' ')\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)"
    )
    output = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], cwd=ROOT, check=True, capture_output=True, text=True
    )
    reports, problems, kilobytes = map(int, output.stdout.split())
    assert reports == 200_000
    assert problems <= 60
    assert kilobytes < 4096


def test_what_a_real_child_says_is_read_without_a_problem(tmp_path):
    script = tmp_path / "train.py"
    script.write_text(
        "import argparse, random, ledger\n"
        "parser = argparse.ArgumentParser()\n"
        "parser.add_argument('--lr', type=float, default=1)\n"
        "parser.add_argument('--layers', type=int, nargs='+')\n"
        "parser.add_argument('--limit', type=float, default=float('inf'))\n"
        "parser.parse_known_args()\n"
        "random.seed(5)\n"
        "ledger.param('depth', 3, role='model')\n"
        "ledger.param('scale', float('nan'))\n"
        "ledger.artifact('model.bin')\n"
        "ledger.seed('data')\n"
        "ledger.report(1, 0.5)\n"
    )
    spooled = tmp_path / "spool"
    spooled.mkdir()
    variables = {
        **os.environ,
        "LEDGER_SPOOL": str(spooled),
        "LEDGER_SEED": "9",
        "PYTHONPATH": f"{PROBE}{os.pathsep}{ROOT}",
    }
    command = [sys.executable, str(script), "--lr", "0.5", "--layers", "64", "32", "--other=7"]
    subprocess.run(command, env=variables, check=True, cwd=tmp_path)
    found = read(spooled)
    assert found.problems == ()
    assert [each.executable for each in found.processes] == [sys.executable]
    (parse,) = found.parses
    assert parse.rest == ("--other=7",)
    values = {each.name: (each.value, each.given) for each in parse.values}
    assert values == {"lr": (0.5, True), "layers": ((64, 32), True), "limit": (float("inf"), False)}
    assert {each.name: each.role for each in found.parameters} == {
        "depth": HyperparameterRole.MODEL,
        "scale": None,
    }
    assert found.artifacts == (Declared(path=str(tmp_path / "model.bin"), name=None),)
    assert {(each.generator, each.enforced) for each in found.seeded} == {
        ("random", True),
        ("random", False),
        ("ledger.seed(data)", False),
    }
    assert found.reports == 1


def test_interpreters_are_told_once_with_the_one_beneath(tmp_path):
    spool(
        tmp_path, process(1, 1), process(2, 2), process(3, 3, executable="/usr/bin/python3.12", prefix="/usr")
    )
    known = Interpreter(
        executable="/usr/bin/python3.12", base="/usr/bin/python3.12", version="3.11.7", has_ledger=True
    )
    seen = observed(read(tmp_path), affinity=2, variables=(("RANK", "0"), ("LOCAL_RANK", "1")), known=known)
    first = Interpreter(
        executable="/venv/bin/python", base="/usr/bin/python3.11", version="3.11.7", has_ledger=False
    )
    assert seen.interpreters == (first, known)
    assert seen.processes == 3
    assert seen.variables == (("LOCAL_RANK", "1"), ("RANK", "0"))
