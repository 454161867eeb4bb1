"""The files that a Python touches, from its audit events."""

import signal
import subprocess
import sys

import pytest

from ledger.capture.accesses import Watching
from ledger.capture.events import read
from ledger.capture.observed_files import watched

WATCH = {"LEDGER_WATCH": "probe"}


def accesses(run):
    events = read(run.spool)
    assert events.problems == ()
    return {each.path: each for each in watched(events).accesses}


def shown(run):
    """Path relative to the folder: letters of what was done, capital where it existed before."""
    found = {}
    for path, each in accesses(run).items():
        letters = "r" * each.read + "w" * each.written + "x" * each.executed
        found[path.removeprefix(f"{run.folder}/")] = letters.upper() if each.existed else letters
    return found


def test_nothing_is_watched_unless_it_is_asked_for(run):
    run("-c", "open('a.txt', 'w').close()")
    assert run.events("files") == []
    assert accesses(run) == {}


def test_what_is_done_to_files(run):
    for name in ("in.txt", "old.txt", "log.txt", "gone.txt", "short.txt", "from.txt", "linked.txt"):
        run.write(name, "text")
    text = (
        "import os, pathlib, sqlite3\n"
        "open('in.txt').read(); pathlib.Path('in.txt').read_bytes()\n"
        "open('new.txt', 'w').close(); open('old.txt', 'w').close(); open(b'log.txt', 'a').close()\n"
        "os.remove('gone.txt'); os.truncate('short.txt', 1); os.rename('from.txt', 'to.txt')\n"
        "os.link('linked.txt', 'link.txt'); os.symlink('in.txt', 'pointer.txt')\n"
        "sqlite3.connect('a.db').close(); sqlite3.connect(':memory:').close()\n"
        "sqlite3.connect('file:b.db?mode=rwc', uri=True).close()\n"
        "fd = os.open('.', os.O_RDONLY); os.mkdir('sub'); os.chdir('sub')\n"
        "os.unlink('to.txt', dir_fd=fd); open('inner.txt', 'x').close()\n"
        "try: open('never.txt')\nexcept OSError: pass\n"
    )
    script = run.write("a.py", text)
    run(script, **WATCH)
    found = shown(run)
    assert found.pop("a.py") == "R"
    assert {name: letters for name, letters in found.items() if not name.startswith("/")} == {
        ".": "R",
        "in.txt": "R",
        "new.txt": "w",
        "old.txt": "W",
        "log.txt": "RW",
        "gone.txt": "W",
        "short.txt": "RW",
        "from.txt": "RW",
        "to.txt": "w",
        "linked.txt": "R",
        "link.txt": "w",
        "pointer.txt": "w",
        "a.db": "rw",
        "b.db": "rw",
        "sub/inner.txt": "w",
    }


def test_what_a_file_was_before_is_kept(run):
    path = run.write("old.txt", "four")
    before = path.stat()
    run("-c", "open('old.txt', 'w').write('longer than four')", **WATCH)
    (access,) = accesses(run).values()
    assert access.before.size == 4
    assert access.before.mtime_ns == before.st_mtime_ns
    assert access.before.inode == before.st_ino


MULTIPROCESSING = """
import multiprocessing
child = multiprocessing.get_context("fork").Process(target=open, args=("child.txt", "w"))
child.start(); child.join()
"""


@pytest.mark.parametrize(
    ("ending", "name"),
    [
        ("import os; os._exit(0)", "mine.txt"),
        ("import os, sys; os.execv('/bin/true', ['true'])", "mine.txt"),
        ("raise SystemExit(0)", "mine.txt"),
        ("import os\nif not os.fork(): open('child.txt', 'w').close(); os._exit(0)\nos.wait()", "child.txt"),
        ("import os\nif not os.fork(): open('child.txt', 'w').close()\nelse: os.wait()", "child.txt"),
        (MULTIPROCESSING, "child.txt"),
        (
            "import sys, subprocess; subprocess.run([sys.executable, '-c', 'open(\"child.txt\", \"w\")'])",
            "child.txt",
        ),
    ],
)
def test_every_way_to_end_tells(run, ending, name):
    run("-c", f"open('mine.txt', 'w').close()\n{ending}", **WATCH)
    found = shown(run)
    assert found["mine.txt"] == "w"
    assert found[name] == "w"
    lines = [row[0] for event in run.events("files") for row in event.get("seen", ())]
    assert lines.count("mine.txt") == 1  # a fork does not tell again what its parent told


def test_a_process_that_is_killed_loses_little(run):
    text = (
        "import time\n"
        "for number in range(300): open('%d.txt' % number, 'w').close()\n"
        "time.sleep(0.6); open('late.txt', 'w').close()\n"
        "print('now', flush=True); time.sleep(60)\n"
    )
    environment = run.environment(probe=True, **WATCH)
    command = [sys.executable, "-c", text]
    process = subprocess.Popen(command, env=environment, cwd=run.folder, stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"now\n"
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert len(shown(run)) == 301


def test_many_files_are_told_once_and_within_bounds(run):
    text = (
        "import os, sys\n"
        "files = sys.modules['_ledger_probe_files']\n"
        "files.LONGEST_WAIT = 1000\n"  # else more are told where the machine is slow
        "for number in range(600): open('%d.txt' % (number % 300), 'a').close()\n"
    )
    run("-c", text, **WATCH)
    assert len(shown(run)) == 300
    assert len(run.events("files")) <= 4


def test_more_than_the_bound_is_a_problem(run):
    text = (
        "import gc, sys\n"
        "kind = sys.modules['_ledger_probe_files'].Watch\n"
        "(watch,) = [each for each in gc.get_objects() if type(each) is kind]\n"
        "watch.room = 10\n"
        "for number in range(20): open('%d.txt' % number, 'w').close()\n"
    )
    run("-c", text, **WATCH)
    events = read(run.spool)
    assert len([each for each in events.touched if "w" in each.flags]) <= 10
    assert events.problems == ("more files were touched than are told",)


def test_the_interpreters_own_files_are_left_out(run):
    run("-c", "import json, email, numpy; open('/proc/self/maps').read(); open('/dev/null', 'w')", **WATCH)
    assert shown(run) == {}


def test_programs_and_connections(run):
    text = (
        "import socket, subprocess\n"
        "subprocess.run(['/bin/true', 'a', 'b'])\n"
        "s = socket.socket()\n"
        "try: s.connect(('127.0.0.1', 9))\nexcept OSError: pass\n"
    )
    run("-c", text, **WATCH)
    seen = watched(read(run.spool), fallback="no seccomp here")
    assert [(each.executable, each.argv) for each in seen.programs if each.pid == 0] == [
        ("/bin/true", ("/bin/true", "a", "b"))
    ]
    assert seen.network == ("127.0.0.1:9",)
    assert (seen.by, seen.gaps, seen.fallback) == (Watching.PROBE, (), "no seccomp here")
    assert shown(run)["/bin/true"] == "RX"


def test_names_that_are_no_text_and_errors_of_the_program(run):
    text = (
        "import os\n"
        "open(b'\\xff.txt', 'w').close()\n"
        "for bad in (3.5, None, 'a\\0b', b'', 10**9):\n"
        "    try: open(bad)\n"
        "    except Exception as error: print(type(error), error)\n"
        "os.rename('nothere', 'elsewhere')\n"
    )
    done = run.same("-c", text, LEDGER_WATCH="probe")
    assert "FileNotFoundError" in done.stderr
    assert f"{run.folder}/\udcff.txt" in accesses(run)


def test_threads(run):
    text = (
        "import threading\n"
        "def work(n):\n    for i in range(300): open('%d-%d' % (n, i), 'w').close()\n"
        "threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]\n"
        "[t.start() for t in threads]; [t.join() for t in threads]\n"
    )
    run("-c", text, **WATCH)
    assert len(shown(run)) == 1200
    assert run.events("probe_error") == []


@pytest.mark.parametrize("version", ["3.8", "3.9", "3.12", "3.13"])
def test_other_pythons(run, other_python, version):
    run("-c", "open('a.txt', 'w').close(); open('a.txt').close()", python=other_python(version), **WATCH)
    assert shown(run)["a.txt"] == "rw"
    assert run.events("probe_error") == []
