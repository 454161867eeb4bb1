"""What a replay keeps from the rest of the machine, and what is left of one that was killed."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ledger.ops import abandoned, attempt, namespace
from tests.patience import PATIENCE_S

REPOSITORY = str(Path(__file__).parents[3])
DRIVER = """
import sys
from pathlib import Path
from ledger import workspace
from ledger.ops import query, replay
place = workspace.find_or_make(Path(sys.argv[1]))[0]
trial = query.load(place.journal).ordered[-1]
options = replay.ReplayOptions(env="current", **eval(sys.argv[2]))
receipt = replay.replay(place, trial, options).result
print(receipt.verdict)
for each in receipt.causes:
    print(each.cause, each.evidence, each.hint, sep=" | ")
"""


def cause(receipt):
    return "\n".join(f"{each.cause}: {each.evidence} ({each.hint})" for each in receipt.causes)


def start(project, scratch, *before, options="{}", **more):
    """Replay the last trial in a process of its own, with its scratch directory in `scratch`."""
    return subprocess.Popen(
        [*before, sys.executable, "-c", DRIVER, str(project.path), options],
        env={**os.environ, "PYTHONPATH": REPOSITORY, "TMPDIR": str(scratch)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **more,
    )


def running(word):
    found = []
    for path in Path("/proc").iterdir():
        if path.name.isdigit():
            try:
                if word.encode() in (path / "cmdline").read_bytes().split(b"\0"):
                    found.append(int(path.name))
            except OSError:
                continue
    return found


def until(condition, process=None):
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end
        assert process is None or process.poll() is None, process.stderr.read()
        time.sleep(0.01)


# --- the network --------------------------------------------------------------------------------------------

CONNECTING = """
    import socket, sys
    with socket.create_server(("127.0.0.1", 0)) as own, socket.create_connection(own.getsockname()):
        open("own", "w").write("reached")
    with socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=10):
        open("other", "w").write("reached")
    """


def own_address():
    """An address of this machine that is not its loopback's."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        try:
            any_socket.connect(("192.0.2.1", 9))  # sends nothing
        except OSError:
            pytest.skip("this machine has no address but the loopback's")
        return any_socket.getsockname()[0]


def test_without_network_only_the_loopback_is_reached(project):
    project.write(train=CONNECTING)
    with socket.create_server((own_address(), 0)) as server:
        project.run("python", "train.py", *server.getsockname())
        assert project.last.outcome.exit_code == 0
        assert project.replay().verdict == "identical"
        receipt = project.replay(network=False)
        address = "{}:{}".format(*server.getsockname())
    assert receipt.verdict == "diverged"
    assert [each.path for each in receipt.outcome.outputs] == ["own"]
    assert address in receipt.causes[0].evidence
    assert "--no-network" in receipt.causes[0].hint


def test_a_program_that_needs_no_network_is_identical_without(project):
    project.run("sh", "-c", "echo 1 > made")
    assert project.replay(network=False).verdict == "identical"


def test_a_kernel_that_refuses_makes_it_incomparable(project, tmp_path):
    before = limited("net")
    project.run("sh", "-c", "echo 1 > made")
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    out, err = start(project, scratch, *before, options="{'network': False}").communicate(timeout=PATIENCE_S)
    assert out.startswith("incomparable\n"), err
    assert "leave --no-network out" in out
    assert "make a user namespace" in out
    assert not list(scratch.iterdir())


def limited(*limits):
    """Words before a command that let the kernel refuse it namespaces."""
    settings = " && ".join(f"echo 0 > /proc/sys/user/max_{each}_namespaces" for each in limits)
    before = ("unshare", "--user", "--map-root-user", "sh", "-c", f'{settings} && exec "$@"', "sh")
    if not shutil.which("unshare") or subprocess.run([*before, "true"], capture_output=True).returncode:
        pytest.skip("this machine does not let namespaces be limited")
    return before


def test_where_nothing_can_be_mounted_paths_are_written_anew(project, tmp_path):
    project.write(
        train="""
        import os, sys
        here = os.path.dirname(os.path.abspath(__file__))
        open(os.path.join(here, "made"), "w").write(open(os.path.join(here, "train.py")).read())
        open(sys.argv[1], "w").write(os.environ["LC_ALL"])
        """
    )
    named = project.path / "named"
    project.run("python", str(project.path / "train.py"), str(named), variables={"LC_ALL": "C"})
    assert sorted(project.outputs()) == ["made", "named"]
    for each in ("made", "named"):
        (project.path / each).write_text("the user's own")
    (tmp_path / "scratch").mkdir()
    out, err = start(project, tmp_path / "scratch", *limited("mnt")).communicate(timeout=PATIENCE_S)
    assert out.startswith("identical\n"), out + err
    assert (project.path / "made").read_text() == named.read_text() == "the user's own"


# --- killed midway ------------------------------------------------------------------------------------------

LEFT, APART, ALONE = (f"{seconds}.{os.getpid()}" for seconds in (4545, 4646, 4747))
"""How long programs sleep: by this they are found, and told from those of other tests of this machine."""


def test_what_a_killed_replay_left_is_cleared_by_the_next(project, tmp_path, monkeypatch):
    flag, scratch = tmp_path / "flag", tmp_path / "scratch"
    scratch.mkdir()
    program = f"test -e {flag} && {{ sleep {LEFT} & touch {flag}.up; setsid sleep {APART}; }}; echo 1 > made"
    project.run("sh", "-c", program)
    flag.touch()
    process = start(project, scratch)
    until(Path(f"{flag}.up").exists, process)
    until(lambda: running(LEFT) and running(APART))
    process.kill()
    process.communicate()
    flag.unlink()
    assert len(list(scratch.iterdir())) == 1
    monkeypatch.setenv("TMPDIR", str(scratch))
    monkeypatch.setattr("tempfile.tempdir", None)
    try:
        assert project.replay().verdict == "identical"
        until(lambda: not running(LEFT) and not running(APART))
    finally:
        for each in running(LEFT) + running(APART):
            os.kill(each, signal.SIGKILL)
    assert not list(scratch.iterdir())
    assert len(list(project.workspace.journal.entries())) == 3  # the killed one left no receipt


def test_the_command_dies_with_its_replay(project, tmp_path):
    flag, scratch = tmp_path / "flag", tmp_path / "scratch"
    scratch.mkdir()
    project.run("sh", "-c", f"test -e {flag} && {{ touch {flag}.up; exec sleep {ALONE}; }}; exit 0")
    flag.touch()
    process = start(project, scratch)
    until(lambda: running(ALONE), process)
    process.kill()
    process.communicate()
    try:
        until(lambda: not running(ALONE))
    finally:
        for each in running(ALONE):
            os.kill(each, signal.SIGKILL)


def test_what_is_in_use_or_nobody_knows_is_left_alone(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    young, old, other = (tmp_path / name for name in ("ledger-replay-a", "ledger-replay-b", "ledger-other"))
    for each in (young, old, other):
        each.mkdir()
        (each / "file").write_text("x")
    os.utime(old, (0, 0))
    os.utime(other, (0, 0))
    link = tmp_path / "ledger-replay-link"
    link.symlink_to(other)
    with abandoned.directory() as place:
        (place / "file").write_text("x")
        assert not old.exists()  # made before locks were taken, or killed right then
        assert abandoned.sweep(tmp_path) == []
        assert (place / "file").exists()
    assert not place.exists()
    assert (young / "file").exists()
    assert (other / "file").exists()


@pytest.mark.skipif(os.getuid() != 0, reason="only root can make files of others")
def test_those_of_other_users_are_left_alone(tmp_path):
    theirs = tmp_path / "ledger-replay-a"
    theirs.mkdir()
    (theirs / "lock").touch()
    os.chown(theirs, 12345, 12345)
    assert abandoned.sweep(tmp_path) == []
    assert theirs.exists()


# --- a full disk --------------------------------------------------------------------------------------------


def on_small_disk(size, place):
    """Words before a command that let it find a file system of `size` at `place`."""
    if os.getuid() != 0 or not shutil.which("unshare"):
        pytest.skip("only root can mount a small file system")
    mounting = f'mount -t tmpfs -o size={size} none {place} && exec "$@"'
    before = ("unshare", "--mount", "sh", "-c", mounting, "sh")
    if subprocess.run([*before, "true"], capture_output=True).returncode:
        pytest.skip("no file system can be mounted here")
    return before


@pytest.fixture
def small(tmp_path):
    place = tmp_path / "small"
    place.mkdir()
    return place


def test_a_disk_that_fills_up_while_it_runs(project, small):
    before = on_small_disk("2m", small)
    project.write(train="open('made', 'wb').write(bytes(4 << 20))")
    project.run("python", "train.py")
    out, err = start(project, small, *before).communicate(timeout=PATIENCE_S)
    assert out.startswith("incomparable\nthe disk was full while it ran"), out + err
    assert "TMPDIR" in out
    assert project.replay().verdict == "identical"  # the ledger is as good as before


def test_a_program_that_hides_that_the_disk_was_full(project, small):
    before = on_small_disk("2m", small)
    project.run("sh", "-c", "head -c 4000000 /dev/zero > made 2>/dev/null; exit 0")
    out, err = start(project, small, *before).communicate(timeout=PATIENCE_S)
    assert out.startswith("incomparable\nthe disk was full while it ran"), out + err


def test_a_disk_that_has_no_room_for_the_code(project, small):
    before = on_small_disk("64k", small)
    (project.path / "data.bin").write_bytes(os.urandom(1 << 20))
    project.run("sh", "-c", "echo 1 > made")
    out, err = start(project, small, *before).communicate(timeout=PATIENCE_S)
    assert out.startswith("incomparable\n"), out + err
    assert "No space left on device" in out
    assert "verify" not in out  # nothing is damaged
    assert project.replay().verdict == "identical"


def test_a_ledger_whose_disk_is_full_is_unharmed(project, tmp_path):
    project.write(
        train="""
        import os
        open("made", "wb").write(os.urandom(4 << 20) if os.path.exists("/tmp") else b"")
        """
    )
    project.run("python", "train.py")
    limiting = 'ulimit -f 2048 && exec "$@"'  # files of 1 MiB at most, scratch and ledger alike
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    out, err = start(project, scratch, "bash", "-c", limiting, "bash").communicate(timeout=PATIENCE_S)
    assert "Traceback" not in err or "StorageError" in err, err
    assert out.startswith("incomparable\n") or "StorageError" in err, out + err
    from ledger.ops import query, verify

    place = project.workspace
    report = verify.verify(place.journal, place.store, query.load(place.journal))
    assert report.ok, report
    assert not list(scratch.iterdir())


@pytest.mark.skipif(namespace.available() is not None, reason="nothing can be mounted here")
@pytest.mark.parametrize("trace", [False, True])
def test_what_a_trial_may_have_written_unseen_outside_of_its_root_is_not_overwritten(
    project, tmp_path, monkeypatch, trace
):
    monkeypatch.setattr(attempt, "_SHARED", ("/dev", "/proc"))
    monkeypatch.setenv("TMPDIR", str(tmp_path / "scratch"))
    monkeypatch.setattr("tempfile.tempdir", None)
    (tmp_path / "scratch").mkdir()
    file = tmp_path / "mine"
    file.write_text("precious")
    command = f"[ -w {file} ] && echo lost > {file}; echo done > out"
    project.run("sh", "-c", command, trace=trace)
    file.write_text("precious again")
    receipt = project.replay()
    assert file.read_text() == "precious again"
    if trace:
        assert receipt.verdict == "incomparable"  # it is known to write there: nothing runs
    else:
        assert receipt.verdict == "identical"


@pytest.mark.skipif(namespace.available() is not None, reason="nothing can be mounted here")
def test_a_write_that_was_refused_is_a_cause(project, tmp_path, monkeypatch):
    monkeypatch.setattr(attempt, "_SHARED", ("/dev", "/proc"))
    monkeypatch.setenv("TMPDIR", str(tmp_path / "scratch"))
    monkeypatch.setattr("tempfile.tempdir", None)
    (tmp_path / "scratch").mkdir()
    project.run("sh", "-c", f"echo 1 > {tmp_path}/new && echo done > out", trace=False)
    (tmp_path / "new").unlink()
    receipt = project.replay()
    assert receipt.verdict == "diverged"
    assert "without seeing what every program wrote" in cause(receipt)
    assert not (tmp_path / "new").exists()
