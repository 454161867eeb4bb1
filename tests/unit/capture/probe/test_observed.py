"""What is only known when a process ends."""

import os
import sys
from pathlib import Path

import ledger
from ledger.capture import events


def test_threads_and_libraries_are_observed(run):
    text = "import ctypes, numpy; numpy.ones((64, 64)) @ numpy.ones((64, 64))"
    run("-c", text, OPENBLAS_NUM_THREADS="1")
    event = run.only("observed")
    assert event["cpus"] == len(os.sched_getaffinity(0))
    assert event["numpy"]["version"]
    assert event["numpy"]["features"] == sorted(event["numpy"]["features"])
    assert any("blas" in name for name in event["libraries"])
    (pool,) = [each for each in event["threads"] if each["api"] == "openblas"]
    assert pool["threads"] == 1
    assert "OpenBLAS" in pool["version"]


def test_a_thread_limit_of_openmp_is_observed(run):
    run("-c", "import sklearn.ensemble", OMP_NUM_THREADS="1")
    pools = {each["api"]: each["threads"] for each in run.only("observed")["threads"]}
    assert pools["openmp"] == 1
    assert run.events("probe_error") == []


def test_a_program_without_numeric_libraries_observes_nothing(run):
    run("-c", "import random, json")
    assert run.events("observed") == []


def test_a_hard_exit_costs_nothing(run):
    script = run.write(
        "a.py",
        "import os, random, numpy\nrandom.seed(1)\nif os.fork():\n    os.wait()\nos._exit(0)\n",
    )
    run(script)
    assert [each["event"] for each in run.events()] == ["process", "seeded", "observed"]


def test_a_forked_child_that_ends_like_a_process_does_not_speak_for_it(run):
    run("-c", "import os, numpy\nif os.fork(): os.wait()")
    assert len(run.events("observed")) == 1
    assert len(list(run.spool.iterdir())) == 1


def test_the_recorder_reads_all_that_is_told(run):
    script = run.write(
        "train.py",
        "import argparse, random, sys\n"
        "sys.path.insert(0, sys.argv[2])\n"
        "import ledger, numpy\n"
        "parser = argparse.ArgumentParser()\n"
        "parser.add_argument('--lr', type=float, default=0.1)\n"
        "parser.add_argument('--odd', default=object())\n"
        "parser.add_argument('path')\n"
        "parser.parse_args(['p', '--lr', 'nan'])\n"
        "random.seed(1); numpy.random.default_rng(); ledger.seed('data'); random.Random()\n"
        "ledger.param('x', float('inf'), role='model'); ledger.artifact('out'); ledger.report(1, 2.0)\n",
    )
    run(script, "--", Path(ledger.__file__).parent.parent)
    read = events.read(run.spool)
    assert read.problems == ()
    (parse,) = read.parses
    assert [each.name for each in parse.values] == ["lr", "odd", "path"]
    assert repr(parse.values[0].value) == "nan"
    assert parse.values[1].opaque
    assert parse.rest == ()
    assert [each.name for each in read.parameters] == ["x"]
    assert [each.path for each in read.artifacts] == [f"{run.folder}/out"]
    assert [each.generator for each in read.seeded] == ["random", "ledger.seed(data)"]
    assert [each.generator for each in read.entropy] == ["numpy", "random.Random"]
    assert read.threads
    assert read.libraries
    assert read.processes[0].executable == sys.executable
    assert dict(read.settings)["numpy.version"]
