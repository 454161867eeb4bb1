import contextlib
import fcntl
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.patience import PATIENCE_S


def test_bytes_are_neither_lost_nor_changed(harness, tmp_path):
    content = random.Random(1).randbytes(3 << 20) + bytes(100_000) + b"\r\n\n\r no end of line"
    (tmp_path / "content").write_bytes(content)
    ran = harness.run("sh", "-c", f"cat {tmp_path}/content; cat {tmp_path}/content >&2")
    assert ran.out == ran.err == content
    assert harness.recorded("stdout") == harness.recorded("stderr") == content


def test_order_is_kept_where_both_go_to_one_pipe(harness):
    script = "import os\nfor i in range(3000): os.write(1 + i % 2, b'%d\\n' % i)"
    words = harness.words(sys.executable, "-c", script)
    ran = subprocess.run(words, env=harness.variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    expected = b"".join(b"%d\n" % i for i in range(3000))
    assert ran.stdout == expected
    assert harness.recorded("stdout") == expected
    assert harness.note("stderr") == {"name": "stderr", "complete": True, "reason": "same as stdout"}
    assert not (harness.spool / "stderr").exists()


def test_null_device_does_not_make_them_one(harness):
    words = harness.words("sh", "-c", "echo out; echo err >&2")
    subprocess.run(words, env=harness.variables, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT)
    assert (harness.recorded("stdout"), harness.recorded("stderr")) == (b"out\n", b"err\n")


def test_one_channel_on_request(harness):
    harness.run("sh", "-c", "for i in 1 2 3; do echo o$i; echo e$i >&2; done", forward=False, together=True)
    assert harness.recorded("stdout") == b"o1\ne1\no2\ne2\no3\ne3\n"


def test_into_a_file_that_the_shell_goes_on_writing(harness, tmp_path):
    shell = ["sh", "-c", f'{{ echo before; "$@"; echo after; }} >{tmp_path}/log', "sh"]
    subprocess.run([*shell, *harness.words("echo", "here")], env=harness.variables)
    assert (tmp_path / "log").read_text() == "before\nhere\nafter\n"


def test_reader_that_leaves_ends_the_program(harness):
    writer = harness.start(harness.words("yes"), stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
    assert writer.stdout.read(2) == b"y\n"
    writer.stdout.close()
    assert writer.wait(timeout=PATIENCE_S) == 128 + signal.SIGPIPE
    assert harness.note("stdout")["reason"] == "the reader of stdout closed it"


def test_reader_that_leaves_is_seen_without_writing(harness):
    script = "import select; p = select.poll(); p.register(1, 0); print('on', flush=True); p.poll()"
    waiting = harness.start(harness.words(sys.executable, "-c", script), stdout=subprocess.PIPE)
    assert waiting.stdout.readline() == b"on\n"
    waiting.stdout.close()
    assert waiting.wait(timeout=PATIENCE_S) == 0


def test_what_was_written_before_the_reader_left_is_recorded(harness):
    shell = [
        "sh",
        "-c",
        '"$@" | true',
        "sh",
        *harness.words("sh", "-c", "sleep 0.3; echo last >&2; echo last"),
    ]
    subprocess.run(shell, env=harness.variables, stderr=subprocess.DEVNULL)
    assert harness.recorded("stderr") == b"last\n"
    assert harness.exit()["exit_code"] in (0, 128 + signal.SIGPIPE)


def test_background_process_that_holds_the_streams(harness):
    script = "echo first; (while ! test -e go; do sleep 0.01; done; echo later) & exit 4"
    process = harness.start(harness.words("sh", "-c", script), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.wait(timeout=PATIENCE_S) == 4  # though nothing lets the other one go
    assert harness.recorded() == b"first\n"
    for name in ("stdout", "stderr"):
        reason = f"a background process still holds {name}"
        assert harness.note(name) == {"name": name, "complete": False, "reason": reason}
    assert process.stdout.readline() == b"first\n"
    (harness.folder / "go").touch()
    assert process.stdout.read() == b"later\n"  # forwarded on, to its end
    assert harness.recorded() == b"first\n"  # a record that has been closed stays as it is


def test_background_process_that_never_falls_silent(harness):
    process = harness.start(harness.words("sh", "-c", "yes & exit 2"), stdout=subprocess.DEVNULL)
    assert process.wait(timeout=PATIENCE_S) == 2
    assert not harness.note("stdout")["complete"]
    for folder in Path("/proc").glob("[0-9]*"):
        if _name(folder) == "yes" and f"LEDGER_TEST={harness.folder}".encode() in _variables(folder):
            os.kill(int(folder.name), signal.SIGKILL)


def _name(folder):
    try:
        return (folder / "comm").read_text().strip()
    except OSError:
        return ""


def _variables(folder):
    try:
        return (folder / "environ").read_bytes().split(b"\0")
    except OSError:
        return []


def _pump_of(process):
    for folder in Path("/proc").glob("[0-9]*"):
        if _name(folder) == "stream-pump":
            try:
                parent = (folder / "stat").read_text().rpartition(")")[2].split()[1]
            except OSError:  # that of another test, which has ended
                continue
            if int(parent) == process.pid:
                return int(folder.name)
    return None


def test_killed_parent_costs_the_program_nothing(harness, tmp_path):
    script = "echo first; while ! test -e go; do sleep 0.01; done; seq 20000; echo err >&2; echo $? >done"
    lock = tmp_path / "lock"
    process = harness.start(harness.words("sh", "-c", script, lock=lock), stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"first\n"
    process.kill()
    process.wait()
    with open(lock) as file:
        with pytest.raises(BlockingIOError):  # whoever looks sees that the trial still runs
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        (tmp_path / "go").touch()
        expected = b"".join(b"%d\n" % i for i in range(1, 20001))
        assert process.stdout.read() == expected
        assert (tmp_path / "done").read_text() == "0\n"
        harness.wait_for(lambda: _locks(file), "the lock")
    assert harness.recorded("stdout") == b"first\n" + expected
    assert harness.recorded("stderr") == b"err\n"


def _locks(file):
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def test_signals_to_the_pump_do_not_end_it(harness):
    process = harness.start(harness.words("sh", "-c", "echo a; read line; echo b"), **_pipes())
    assert process.stdout.readline() == b"a\n"
    pump = harness.wait_for(lambda: _pump_of(process), "the pump")
    for number in (
        signal.SIGINT,
        signal.SIGTERM,
        signal.SIGHUP,
        signal.SIGQUIT,
        signal.SIGPIPE,
        signal.SIGUSR1,
    ):
        os.kill(pump, number)
    assert os.getsid(pump) == pump
    assert process.communicate(b"\n", timeout=PATIENCE_S)[0] == b"b\n"
    assert harness.note("stdout")["complete"]


def _pipes():
    return {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}


def test_pump_holds_nothing_but_its_streams(harness):
    process = harness.start(harness.words("sh", "-c", "echo a; read line", forward=False), **_pipes())
    pump = harness.wait_for(lambda: _pump_of(process), "the pump")
    expected = [
        str(harness.spool / "stderr"),
        str(harness.spool / "stdout"),
        *["pipe"] * 4,  # both streams, the parent's word, and the report
    ]
    harness.wait_for(lambda: _held(pump) == expected, f"closing of the rest of {_held(pump)}")
    process.communicate(b"\n", timeout=PATIENCE_S)


def _held(process):
    """Kinds of what a process has open; what it closes meanwhile is left out."""
    found = []
    for name in os.listdir(f"/proc/{process}/fd"):
        with contextlib.suppress(FileNotFoundError):
            found.append(os.readlink(f"/proc/{process}/fd/{name}").partition(":")[0])
    return sorted(found)


def test_dead_pump_is_said(harness):
    process = harness.start(harness.words("sh", "-c", "read line; exit 7"), **_pipes())
    os.kill(harness.wait_for(lambda: _pump_of(process), "the pump"), signal.SIGKILL)
    process.communicate(b"\n", timeout=PATIENCE_S)
    assert process.returncode == 7
    assert harness.note("stdout")["reason"] == "the process that records stdout died"


def test_full_disk_beneath_the_spool(harness):
    (harness.spool / "stdout").symlink_to("/dev/full")
    ran = harness.run("sh", "-c", "seq 5000; echo err >&2")
    assert ran.code == 0
    assert ran.out == b"".join(b"%d\n" % i for i in range(1, 5001))
    reason = "recording stdout failed: No space left on device"
    assert harness.note("stdout") == {"name": "stdout", "complete": False, "reason": reason}
    assert harness.note("stderr")["complete"]
    assert harness.recorded("stderr") == b"err\n"


def test_full_disk_beneath_the_target(harness):
    with open("/dev/full", "wb") as full:
        process = harness.start(harness.words("sh", "-c", "seq 5000; seq 5000"), stdout=full)
        assert process.wait(timeout=PATIENCE_S) == 0
    assert len(harness.recorded().splitlines()) == 10000
    reason = "forwarding stdout failed: No space left on device"
    assert harness.note("stdout") == {"name": "stdout", "complete": True, "reason": reason}


def test_slow_reader_slows_the_program_only(harness):
    script = (
        "import os\nfor i in range(1000):\n"
        " os.write(1, b'x' * 10000); open('next', 'w').write(str(i)); os.replace('next', 'n')"
    )
    process = harness.start(harness.words(sys.executable, "-c", script), stdout=subprocess.PIPE)
    written = harness.folder / "n"
    harness.wait_for(lambda: written.exists() and _stands_still(written), "a standstill")
    assert int(written.read_text()) < 40  # 400 kB lie in pipes and in the pump, not 10 MB
    assert len(process.stdout.read()) == 10_000_000
    assert process.wait(timeout=PATIENCE_S) == 0
    assert len(harness.recorded()) == 10_000_000


def _stands_still(path):
    before = path.read_text()
    time.sleep(0.3)
    return before and path.read_text() == before


def test_stalled_stream_does_not_hold_up_the_other(harness):
    script = "yes | head -c 1000000 & echo through >&2; wait"
    process = harness.start(harness.words("sh", "-c", script), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stderr.readline() == b"through\n"
    assert len(process.communicate(timeout=PATIENCE_S)[0]) == 1_000_000


def test_target_that_does_not_block(harness):
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    process = harness.start(harness.words("head", "-c", "3000000", "/dev/zero"), stdout=writer)
    os.close(writer)
    time.sleep(0.2)
    with open(reader, "rb") as pipe:
        assert len(pipe.read()) == 3_000_000
    assert process.wait(timeout=PATIENCE_S) == 0


def test_much_output_in_little_memory(harness):
    process = harness.start(harness.words("head", "-c", "100M", "/dev/zero"), stdout=subprocess.PIPE)
    pump = harness.wait_for(lambda: _pump_of(process), "the pump")
    assert len(process.stdout.read(90 << 20)) == 90 << 20
    peak = next(
        line for line in Path(f"/proc/{pump}/status").read_text().splitlines() if line.startswith("VmHWM")
    )
    assert int(peak.split()[1]) < 60 << 10
    process.stdout.read()
    assert process.wait(timeout=PATIENCE_S) == 0
    assert len(harness.recorded()) == 100 << 20
    assert harness.note("stdout")["complete"]
