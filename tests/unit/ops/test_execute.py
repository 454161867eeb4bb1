import os
import resource
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from ledger.errors import CannotRecordError
from ledger.ops.execute import Exit, Launch, execute


def _launch(spool, *argv, **options):
    fields = {"directory": "/", "variables": dict(os.environ), "forward": False, "stdin": os.devnull}
    return Launch(argv=argv, spool=str(spool), **(fields | options))


def test_streams_are_forwarded_and_recorded(harness):
    ran = harness.run("sh", "-c", "echo out; echo err >&2; exit 3")
    assert (ran.code, ran.out, ran.err) == (3, b"out\n", b"err\n")
    assert (harness.recorded("stdout"), harness.recorded("stderr")) == (b"out\n", b"err\n")
    assert harness.exit()["exit_code"] == 3
    assert [(note["name"], note["complete"], note["reason"]) for note in harness.exit()["streams"]] == [
        ("stdout", True, None),
        ("stderr", True, None),
    ]


def test_only_recorded(tmp_path, capfd):
    ended = execute(_launch(tmp_path, "sh", "-c", "echo out; echo err >&2"))
    assert (tmp_path / "stdout").read_text() == "out\n"
    assert (tmp_path / "stderr").read_text() == "err\n"
    assert capfd.readouterr() == ("", "")
    assert isinstance(ended, Exit)
    assert abs(time.time_ns() - ended.started_ns) < 600e9
    assert 0 < ended.duration_s < 600


@pytest.mark.parametrize(
    ("make", "code", "words"),
    [
        (lambda path: None, 127, "No such file"),
        (lambda path: path.write_text("#!/nowhere/sh\n"), 127, "interpreter"),
        (lambda path: path.write_text("echo no interpreter\n"), 126, "Exec format error"),
        (lambda path: path.mkdir(), 126, "Permission denied"),
    ],
)
def test_what_cannot_be_executed(tmp_path, make, code, words):
    path = tmp_path / "program"
    make(path)
    if path.exists():
        path.chmod(0o755)
    started = []
    ended = execute(_launch(tmp_path, str(path)), started.append)
    assert (ended.exit_code, ended.signal, started) == (code, None, [])
    assert ended.error.startswith(f"{path}: ")
    assert words in ended.error


def test_not_permitted(tmp_path):
    (tmp_path / "program").write_text("#!/bin/sh\n")
    launch = _launch(tmp_path, "program", variables={"PATH": f"/nowhere:{tmp_path}"})
    assert (execute(launch).exit_code, execute(launch).error) == (126, "program: Permission denied")


def test_not_in_the_given_path(tmp_path):
    ended = execute(_launch(tmp_path, "sh", variables={"PATH": str(tmp_path)}))
    assert (ended.exit_code, ended.error) == (127, "sh: command not found")
    (tmp_path / "train.sh").write_text("#!/bin/sh\n")
    ended = execute(_launch(tmp_path, "train.sh", directory=str(tmp_path)))
    assert ended.error == "train.sh: command not found; for the file that is here: ./train.sh"


def test_directory_that_cannot_be_entered(tmp_path):
    ended = execute(_launch(tmp_path, "true", directory=str(tmp_path / "gone")))
    assert (ended.exit_code, ended.error) == (126, f"{tmp_path / 'gone'}: No such file or directory")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGSEGV])
def test_killed_by_a_signal(tmp_path, number):
    ended = execute(_launch(tmp_path, "sh", "-c", f"ulimit -c 0; kill -{number:d} $$"))
    assert (ended.exit_code, ended.signal) == (128 + number, number)


def test_cannot_be_recorded(tmp_path):
    with pytest.raises(CannotRecordError, match="gone"):
        execute(_launch(tmp_path / "gone", "touch", str(tmp_path / "started")))
    assert not (tmp_path / "started").exists()


def test_environment_and_directory_are_as_given(tmp_path):
    variables = {"A": "1", "B\udcff": "\udcfe"}
    execute(_launch(tmp_path, "/usr/bin/env", directory=str(tmp_path), variables=variables))
    assert (tmp_path / "stdout").read_bytes() == b"A=1\nB\xff=\xfe\n"
    execute(_launch(tmp_path, "/bin/pwd", directory=str(tmp_path), variables={}))
    assert (tmp_path / "stdout").read_bytes().splitlines()[-1] == os.fsencode(tmp_path)


def test_removed_working_directory(harness, tmp_path):
    gone = tmp_path / "gone"
    gone.mkdir()
    words = harness.words("sh", "-c", "test -d . && ls .. ; exit 5", directory=".")
    script = f'cd {gone} && rmdir {gone} && exec "$@"'
    ran = subprocess.run(["sh", "-c", script, "sh", *words], env=harness.variables, capture_output=True)
    assert ran.returncode == 5


def test_descriptors_are_the_users_own(harness, tmp_path):
    script = "ls /proc/self/fd; echo through >&7"
    shell = ["sh", "-c", f'exec "$@" 7>{tmp_path}/extra', "sh", *harness.words("sh", "-c", script)]
    ran = subprocess.run(shell, env=harness.variables, capture_output=True)
    seen = set(ran.stdout.split())
    assert {b"0", b"1", b"2", b"7"} <= seen
    assert len(seen) == 5  # and the one with which ls reads the list
    assert (tmp_path / "extra").read_text() == "through\n"


@pytest.mark.parametrize(("closed", "name"), [(">&-", "stdout"), ("2>&-", "stderr"), (">&- 2>&-", "stdout")])
def test_closed_streams_stay_closed(harness, tmp_path, closed, name):
    script = f"for n in 0 1 2; do test -e /proc/self/fd/$n && echo $n >>{tmp_path}/seen; done"
    shell = ["sh", "-c", f'exec "$@" {closed}', "sh", *harness.words("sh", "-c", script)]
    subprocess.run(shell, env=harness.variables, capture_output=True)
    expected = ["0"] + ["1"] * (not closed.startswith(">&-")) + ["2"] * ("2>&-" not in closed)
    assert (tmp_path / "seen").read_text().split() == expected
    assert harness.note(name) == {"name": name, "complete": True, "reason": "closed"}
    assert not (harness.spool / name).exists()


def test_closed_stdin_stays_closed(harness):
    shell = ["sh", "-c", 'exec "$@" <&-', "sh"]
    shell += harness.words("sh", "-c", "test -e /proc/self/fd/0 || echo closed")
    ran = subprocess.run(shell, env=harness.variables, capture_output=True)
    assert ran.stdout == b"closed\n"


def test_stdin_is_the_users_own(harness):
    words = harness.words("sh", "-c", 'read line; echo "child $line"')
    script = '"$@"; read rest; echo "shell $rest"'
    ran = subprocess.run(
        ["sh", "-c", script, "sh", *words], env=harness.variables, input=b"1\n2\n", capture_output=True
    )
    assert ran.stdout == b"child 1\nshell 2\n"


def test_stdin_from_a_file(tmp_path):
    (tmp_path / "in").write_bytes(b"given\0\n")
    execute(_launch(tmp_path, "cat", stdin=str(tmp_path / "in")))
    assert (tmp_path / "stdout").read_bytes() == b"given\0\n"


def test_limits_umask_and_niceness_are_inherited(harness):
    script = 'umask 027; ulimit -n 99; exec nice -n 3 "$@"'
    words = harness.words("sh", "-c", "umask; ulimit -n; nice")
    ran = subprocess.run(["sh", "-c", script, "sh", *words], env=harness.variables, capture_output=True)
    assert ran.stdout.split() == [b"0027", b"99", b"%d" % min(os.nice(0) + 3, 19)]


def test_what_it_used(tmp_path):
    script = "b = bytearray(300 << 20)\nimport time\nwhile time.process_time() < 0.3: pass"
    ended = execute(_launch(tmp_path, sys.executable, "-c", script))
    # What a forked process has taken begins with all that its parent has, before it becomes another program.
    parent = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10
    assert 300 << 20 < ended.peak_memory < max(500 << 20, parent + (100 << 20))
    assert 0.25 < ended.user_s + ended.system_s <= ended.duration_s * 1.1 + 0.1


def test_memory_is_that_of_the_largest_child(tmp_path):
    script = f"{sys.executable} -c 'b = bytearray(200 << 20)'; true"
    assert execute(_launch(tmp_path, "sh", "-c", script)).peak_memory > 200 << 20


def test_started_is_told_and_its_error_waits(tmp_path):
    seen = []

    def started(process):
        seen.append((process, os.readlink(f"/proc/{process}/exe")))
        raise RuntimeError("later")

    with pytest.raises(RuntimeError, match="later"):
        execute(_launch(tmp_path, sys.executable, "-c", "import os; print(os.getpid())"), started)
    assert seen == [(int((tmp_path / "stdout").read_text()), os.path.realpath(sys.executable))]


def _began_in_time(tmp_path, *argv):
    """Let it run for a time until it has said something: on a busy machine it takes a longer one."""
    for timeout in (0.5, 5.0, 50.0):
        ended = execute(_launch(tmp_path, *argv, timeout=timeout, new_session=True))
        assert ended.timed_out
        if (tmp_path / "stdout").read_text():
            break
        (tmp_path / "stdout").unlink()
    return ended


def test_timeout(tmp_path):
    script = "import time; print('on', flush=True); time.sleep(600)"
    ended = _began_in_time(tmp_path, sys.executable, "-c", script)
    assert ended.signal == signal.SIGTERM
    assert (tmp_path / "stdout").read_text() == "on\n"
    assert not execute(_launch(tmp_path, "true", timeout=600)).timed_out


@pytest.mark.slow
def test_timeout_of_one_that_does_not_listen(tmp_path):
    ended = _began_in_time(tmp_path, "sh", "-c", "trap '' TERM; echo on; while :; do sleep 1; done")
    assert ended.signal == signal.SIGKILL
    assert ended.duration_s > 5


def test_leftovers_are_killed(harness, tmp_path):
    script = "sleep 1000 & echo $!; set -m; sleep 1000 & echo $!"  # the second in a process group of its own
    ended = execute(_launch(tmp_path, "bash", "-c", script, new_session=True))
    left = [int(line) for line in (tmp_path / "stdout").read_text().split()]
    assert ended.exit_code == 0
    assert all(note.complete for note in ended.streams)
    assert len(left) == 2
    harness.wait_for(lambda: not any(_runs(process) for process in left), "their end")


def _runs(process):
    try:
        with open(f"/proc/{process}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def test_outside_the_main_thread(tmp_path):
    ended = []
    launch = _launch(tmp_path, "sh", "-c", "echo here; exit 6", timeout=600)
    thread = threading.Thread(target=lambda: ended.append(execute(launch)))
    thread.start()
    thread.join()
    assert ended[0].exit_code == 6
    assert (tmp_path / "stdout").read_text() == "here\n"


def test_many_at_once(tmp_path):
    codes = {}

    def one(number):
        spool = tmp_path / str(number)
        spool.mkdir()
        script = f"echo {number}; sleep 0.1; exit {number}"
        codes[number] = execute(_launch(spool, "sh", "-c", script)).exit_code

    threads = [threading.Thread(target=one, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    one(8)
    for thread in threads:
        thread.join()
    assert codes == {number: number for number in range(9)}
    assert [(tmp_path / str(n) / "stdout").read_text() for n in range(9)] == [f"{n}\n" for n in range(9)]


def test_nothing_is_left_open_or_changed(tmp_path):
    def state():
        handlers = [signal.getsignal(number) for number in sorted(signal.valid_signals())]
        # Other tests of this process may have left helpers of multiprocessing.
        children = {path.read_text() for path in Path("/proc/self/task").glob("*/children")}
        return (os.listdir("/proc/self/fd"), handlers, signal.pthread_sigmask(signal.SIG_BLOCK, ()), children)

    execute(_launch(tmp_path, "true"))
    before = state()
    execute(_launch(tmp_path, "true"))
    execute(_launch(tmp_path, "no such program"))
    assert state() == before


@pytest.mark.parametrize("forward", [False, True])
@pytest.mark.parametrize("passes_on", [False, True])
def test_a_signal_that_comes_too_late_for_the_program_is_ours_if_that_was_to_die_with_us(
    tmp_path, forward, passes_on
):
    came = []

    def ended(child):
        os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
        os.kill(os.getpid(), signal.SIGTERM)  # which is held back

    former = signal.signal(signal.SIGTERM, lambda number, _: came.append(number))
    try:
        launch = _launch(tmp_path, "true", new_session=True, passes_on=passes_on, forward=forward)
        assert execute(launch, ended).exit_code == 0
    finally:
        signal.signal(signal.SIGTERM, former)
    assert came == ([] if passes_on else [signal.SIGTERM])
