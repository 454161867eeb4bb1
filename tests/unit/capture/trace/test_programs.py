"""Which programs ran, and what is written down of it all."""

import os
import struct

import pytest

from ledger.capture.trace import read
from ledger.capture.trace.log import NAME


def test_programs(run, place):
    (place / "script").write_text("#!/bin/sh -e\ncat input\n")
    (place / "script").chmod(0o755)
    done = run("/bin/sh", "-c", "./script a b; cat input; exec cat input", directory=place)
    assert done.status == 0
    shell, script, inside, _, last = done.watched.programs
    assert shell.executable == "/bin/sh"
    assert shell.argv[0:2] == ("/bin/sh", "-c")
    assert shell.parent == os.getpid()
    assert script.executable == "/bin/sh"
    assert script.argv == ("/bin/sh", "-e", f"{place}/./script", "a", "b")
    assert script.parent == shell.pid
    assert inside.executable.endswith("/cat")
    assert inside.argv == ("cat", "input")
    assert inside.parent == script.pid
    assert last.pid == shell.pid
    found = done.accesses(place)["./script"]
    assert found.read
    assert found.executed
    (shell_file,) = [access for access in done.watched.accesses if access.path == "/bin/sh"]
    assert shell_file.executed


def test_a_program_executed_by_descriptor(run, python):
    text = "import os; os.execve(os.open('/bin/true', os.O_RDONLY), ['true', 'x'], {})"
    done = run(*python(text))
    assert done.status == 0
    assert done.watched.programs[-1].argv == ("true", "x")
    assert os.path.samefile(done.watched.programs[-1].executable, "/bin/true")


def test_long_command_lines_are_cut(run):
    words = ["/bin/true", *(f"{i}" * 3000 for i in range(100))]
    done = run(*words)
    (program,) = done.watched.programs
    assert 8 <= len(program.argv) <= 100
    assert all(len(word) <= 1024 for word in program.argv)


def test_the_log_says_the_same(run, place):
    done = run("/bin/sh", "-c", "cat input > out; cat out; rm input; mkdir d; mv out d/out", directory=place)
    assert read(done.tracer.spool) == done.watched


def test_a_torn_end(run, place):
    done = run("/bin/sh", "-c", "cat input > out; cat out", directory=place)
    path = done.tracer.spool / NAME
    data = path.read_bytes()
    whole = len(done.watched.accesses)
    counts = set()
    for end in range(len(data)):
        path.write_bytes(data[:end])
        seen = read(done.tracer.spool)
        assert seen is not None
        assert "killed" in " ".join(seen.gaps)
        counts.add(len(seen.accesses))
        assert seen.accesses == done.watched.accesses[: len(seen.accesses)] or end < len(data)
    assert {0, 1, whole} <= counts
    path.write_bytes(data + struct.pack("=BI", 0, 0) * 100)
    assert read(done.tracer.spool) == done.watched
    path.write_bytes(data + data)
    assert read(done.tracer.spool) == done.watched


def test_no_log(tmp_path):
    assert read(tmp_path) is None


def test_what_is_created_and_never_was_is_no_access(run, python, place):
    text = (
        "import os, sys; os.chdir(sys.argv[1])\ntry: open('absent/x', 'w')\nexcept OSError: pass\n"
        "open('gone', 'w'); os.unlink('gone')"
    )
    done = run(*python(text, place))
    assert set(done.accesses(place)) == {"gone"}
    assert not done.accesses(place)["gone"].existed


@pytest.mark.slow
def test_a_hundred_thousand_files(run, python, place):
    for i in range(100):
        (place / f"{i}").mkdir()
        for j in range(1000):
            os.close(os.open(f"{place}/{i}/{j}", os.O_WRONLY | os.O_CREAT, 0o600))
    text = (
        "import os, sys; os.chdir(sys.argv[1])\n"
        "for i in range(100000): os.close(os.open(f'{i % 100}/{i // 100}', os.O_RDONLY))"
    )
    for _ in range(3):
        done = run(*python(text, place))
        assert done.status == 0
        # On a busy machine, threads of the test's own process may keep the tracer from answering in time.
        if not any("threads of the recording process" in each for each in done.watched.gaps):
            break
    assert len(done.read(place)) == 100_000
    assert done.watched.gaps == ()
    assert read(done.tracer.spool) == done.watched
