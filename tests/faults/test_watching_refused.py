"""Where programs cannot be traced, or must not be: the run works the same, and its record says why."""

import errno
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.patience import PATIENCE_S

NOBODY = 65534
root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes another user, or mounts")

# A process that lets seccomp() fail from here on, and becomes the command.
REFUSING = """
import ctypes, os, struct, sys
number, answer = int(sys.argv[1]), int(sys.argv[2])
program = b"".join(struct.pack("=HBBI", *each) for each in (
    (0x20, 0, 0, 0), (0x15, 0, 1, number), (0x06, 0, 0, 0x50000 | answer), (0x06, 0, 0, 0x7FFF0000)))
place = ctypes.create_string_buffer(program)
header = struct.pack("=HxxxxxxQ", 4, ctypes.addressof(place))
library = ctypes.CDLL(None, use_errno=True)
if os.geteuid() != 0:
    assert library.prctl(38, 1, 0, 0, 0) == 0
assert library.prctl(22, 2, header, 0, 0) == 0, os.strerror(ctypes.get_errno())
os.execvp(sys.argv[3], sys.argv[3:])
"""
SECCOMP = {"x86_64": 317, "aarch64": 277}


def inputs_line(document):
    return next(each for each in document["health"] if each["part"] == "inputs")


def paths(artifacts):
    return {each["path"] for each in artifacts}


@pytest.fixture
def data(tmp_path):
    place = tmp_path / "data"
    place.write_text("data")
    return place


@pytest.mark.parametrize("code", [errno.EPERM, errno.ENOSYS, errno.EINVAL, errno.EACCES])
def test_seccomp_is_refused(tool, script, data, code):
    number = SECCOMP.get(os.uname().machine)
    if number is None:
        pytest.skip("the number of seccomp() is not known here")
    script(f"import sys; print(open({str(data)!r}).read()); print('e', file=sys.stderr); sys.exit(7)")
    words = [*tool.words, "run", "-q", sys.executable, "job.py"]
    done = subprocess.run(
        [sys.executable, "-c", REFUSING, str(number), str(code), *words],
        cwd=tool.path,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    assert (done.returncode, done.stdout, done.stderr.splitlines()[0]) == (7, "data\n", "e")
    assert all(each.startswith("ledger: warning: ") for each in done.stderr.splitlines()[1:]), done.stderr
    document = tool.document("show", "@")
    assert document["observed"]["watching"] == "probe"
    assert paths(document["inputs"]) == {str(data)}
    line = inputs_line(document)
    assert line["state"] == "partial"
    assert "seccomp" in line["reason"] or "forbids" in line["reason"]
    assert document["recipe_complete"] is False


class User:
    """The command line as a user without rights, save that of reading this Python."""

    words = (
        *("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"),
        *("--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"),
    )

    def __init__(self, tool, place):
        self.path, self.home, self.data = place / "project", place / "home", place / "data"
        self.command = [*self.words, *tool.words]

    def __call__(self, *words):
        return subprocess.run(
            [*self.command, *map(str, words)],
            cwd=self.path,
            env={**os.environ, "HOME": str(self.home), "XDG_CACHE_HOME": str(self.home / ".cache")},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
        )

    def show(self):
        done = self("show", "--json", "@")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


@pytest.fixture
def user(tool):
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("only root becomes another user, by setpriv")
    # Not in the tests' own directory, which is root's alone.
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        place.chmod(0o755)
        yield _user(tool, place)


def _user(tool, place):
    user = User(tool, place)
    user.data.write_text("data")
    for each in (user.path, user.home):
        each.mkdir()
        os.chown(each, NOBODY, NOBODY)
    privileged = user.path / "who"
    shutil.copy(shutil.which("id") or "", privileged)
    privileged.chmod(0o4755)
    bare = subprocess.run([*User.words, privileged, "-u"], capture_output=True, text=True, check=False)
    if bare.stdout != "0\n":
        pytest.skip("set-user-id programs gain nothing here")
    return user


def test_a_user_without_rights_is_served(user):
    done = user("run", "-q", "sh", "-c", f"cat {user.data}; exit 3")
    assert (done.returncode, done.stdout, done.stderr) == (3, "data", "")
    document = user.show()
    assert document["observed"]["watching"] == "tracer"
    assert paths(document["inputs"]) == {str(user.data)}
    assert inputs_line(document)["state"] == "complete", inputs_line(document)


def test_rights_by_capabilities_count(user):
    """A file of root's, which this user reads by a capability alone."""
    data = user.data
    data.chmod(0o600)
    done = user("run", "-q", "cat", data)
    assert (done.returncode, done.stdout) == (0, "data")
    document = user.show()
    assert paths(document["inputs"]) == {str(data)}, document["health"]


@pytest.mark.parametrize("before", [[], ["env", "A=1"], ["nice"]])
def test_a_set_user_id_program_keeps_its_rights(user, before):
    done = user("run", "-q", *before, "./who", "-u")
    assert (done.returncode, done.stdout) == (0, "0\n")
    assert all(each.startswith("ledger: warning: ") for each in done.stderr.splitlines()), done.stderr
    document = user.show()
    assert document["observed"]["watching"] in ("none", "probe")
    line = inputs_line(document)
    assert line["state"] == "partial"
    assert "set-user-id" in line["reason"]
    assert "rights" in line["reason"]


def test_one_that_is_started_deeper_is_told_of(user):
    done = user("run", "-q", "sh", "-c", "./who -u; echo after")
    assert done.stdout == f"{NOBODY}\nafter\n"
    line = inputs_line(user.show())
    assert line["state"] == "partial"
    assert "set-user-id" in line["reason"]
    assert "--no-trace" in line["reason"]


def test_without_tracing_it_keeps_its_rights(user):
    done = user("run", "-q", "--no-trace", "sh", "-c", "./who -u")
    assert (done.returncode, done.stdout) == (0, "0\n")
    assert "asked not to" in inputs_line(user.show())["reason"]


# A ring that the kernel polls: what is asked of it takes no call at all.
IO_URING = """
import ctypes
library = ctypes.CDLL(None, use_errno=True)
parameters = (ctypes.c_uint32 * 30)(0, 0, 1 << 1)
assert library.syscall(425, 4, parameters) >= 0, ctypes.get_errno()
"""


def test_io_uring_is_told_of(show):
    switch = Path("/proc/sys/kernel/io_uring_disabled")
    if switch.exists() and switch.read_text().strip() != "0":
        pytest.skip("not everybody may use io_uring here")
    found = show(sys.executable, "-c", IO_URING)
    assert found.health["inputs"][0] == "partial"
    assert "io_uring" in found.health["inputs"][1]
    assert found.complete is False


@pytest.mark.parametrize(
    ("limit", "value"),
    [("NOFILE", 64), ("NOFILE", 24), ("NOFILE", 18), ("NOFILE", 14), ("FSIZE", 100_000), ("DATA", 400 << 20)],
)
def test_low_limits(tool, script, data, limit, value):
    script(f"print(open({str(data)!r}).read()); open('out', 'w').write('1')")

    def lower():
        number = getattr(resource, f"RLIMIT_{limit}")
        resource.setrlimit(number, (value, value))

    done = subprocess.run(
        [*tool.words, "run", "-q", sys.executable, "job.py"],
        cwd=tool.path,
        preexec_fn=lower,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    assert "Traceback" not in done.stderr, done.stderr
    if done.returncode == 5 or "not started" in done.stderr:
        assert not (tool.path / "out").exists(), "it says that it did not start"
        assert limit == "NOFILE"
        assert value < 64
        return
    assert (done.returncode, done.stdout) == (0, "data\n")
    document = tool.document("show", "@")
    line = inputs_line(document)
    assert document["status"] == "ok"
    assert document["observed"]["watching"] == "tracer" or line["state"] == "partial"


@pytest.mark.parametrize("spare", [0, 1, 2, 3, 4, 6])
def test_few_processes(user, spare):
    """The pump, the guard and the program: one of them may be one too many."""
    words = [*user.command, "run", "-q", "cat", str(user.data)]
    wrapped = ["prlimit", f"--nproc={spare}", *words]
    # Root's own number is not limited; the user's is from the moment when it becomes the user.
    if shutil.which("prlimit") is None:
        pytest.skip("there is no prlimit")
    done = subprocess.run(
        wrapped,
        cwd=user.path,
        env={**os.environ, "HOME": str(user.home), "XDG_CACHE_HOME": str(user.home / ".cache")},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    assert "Traceback" not in done.stderr, done.stderr
    if done.returncode != 0:
        # Other tests may run as this user at the same time: then `ledger` itself may be one too many.
        assert "not started" in done.stderr or done.stderr.startswith("setpriv: failed to execute")
        assert done.stdout == ""
        return
    assert done.stdout == "data"
    document = user.show()
    line = inputs_line(document)
    assert document["observed"]["watching"] == "tracer" or line["state"] == "partial", line


def tmpfs(place, size):
    place.mkdir(exist_ok=True)
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)], capture_output=True, check=False
    )
    if done.returncode != 0:
        pytest.skip("no tmpfs can be mounted here")


@pytest.fixture
def small(tmp_path):
    """A file system of 1 MB, for the ledger; (size) → its path."""
    place = tmp_path / "small"

    def small(size="1m"):
        tmpfs(place, size)
        return place

    yield small
    if place.exists():
        subprocess.run(["umount", "-l", str(place)], check=False, capture_output=True)


@root_only
@pytest.mark.parametrize("what", ["many paths", "copies", "streams"])
def test_a_full_disk(tool, script, small, tmp_path, what):
    place = small()
    ledger = place / ".ledger"
    many = tmp_path / "many"
    many.mkdir()
    for number in range(20):
        (many / f"in{number}").write_bytes(os.urandom(200_000))
    script(
        f"""
        import os, sys
        what, many = sys.argv[1], {str(many)!r}
        if what == "many paths":
            os.makedirs(many + "/" + "d" * 200, exist_ok=True)
            for number in range(4000):
                open(many + "/" + "d" * 200 + "/" + "n" * 100 + str(number), "w").close()
        elif what == "copies":
            for number in range(20):
                with open(many + "/in%d" % number, "r+b") as file:
                    file.read()
                    file.seek(0)
                    file.write(b"changed")
        else:
            for number in range(20000):
                print("x" * 100)
        print("the end")
        open(many + "/end", "w").write("end")
        sys.exit(9)
        """
    )
    words = [*tool.words, "run", sys.executable, "job.py", what]
    done = subprocess.run(
        words,
        cwd=tool.path,
        env={**os.environ, "LEDGER_DIR": str(ledger)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    assert "Traceback" not in done.stderr, done.stderr
    assert done.returncode == 9, done.stderr
    assert done.stdout.endswith("the end\n")
    assert (many / "end").read_text() == "end"
    shown = subprocess.run(
        [*tool.words, "show", "--json", "@"],
        cwd=tool.path,
        env={**os.environ, "LEDGER_DIR": str(ledger)},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    said = done.stderr
    if shown.returncode == 0:
        document = json.loads(shown.stdout)
        said += " ".join(each["reason"] or "" for each in document["health"])
    assert any(word in said for word in ("No space left", "not be written", "not recorded", "full")), said
    again = tool("ls", variables={"LEDGER_DIR": str(ledger)})
    assert again.out
