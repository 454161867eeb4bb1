"""The calls of a training script, in real processes and against what they leave in the spool."""

import json
import math
import os
import shutil
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest

import ledger
from ledger import record

PACKAGE = Path(record.__file__).parent
NUMBERS = "import ledger\nfor i in range(%d):\n    ledger.log(loss=i / 2, step=i)\n"


@pytest.fixture
def spool(tmp_path, monkeypatch):
    """Make this process write into a spool, as if a trial had just begun."""
    folder = tmp_path / "spool"
    folder.mkdir()
    monkeypatch.setenv("LEDGER_SPOOL", str(folder))
    monkeypatch.setattr(record, "_spool", None)
    return folder


@pytest.fixture
def nowhere(monkeypatch):
    """Make this process run outside a trial."""
    monkeypatch.delenv("LEDGER_SPOOL", raising=False)
    monkeypatch.setattr(record, "_spool", None)


def events(folder):
    lines = [
        line for path in sorted(folder.glob("events-*")) for line in path.read_text("ascii").splitlines()
    ]
    return [json.loads(line) for line in lines]


def points(folder):
    """Return what each series file holds: (name, step, value), with the time checked."""
    found = []
    for path in sorted(folder.glob("series-*.bin")):
        keys = path.with_name(path.name.replace("series", "keys")).with_suffix(".jsonl")
        names = [json.loads(line) for line in keys.read_text("ascii").splitlines()]
        for key, step, moment, value in struct.iter_unpack("<qqqd", path.read_bytes()):
            if moment:
                assert abs(time.time_ns() - moment) < 600 * 10**9
                found.append((names[key], step, value))
    return found


def script(folder, text, **variables):
    """Run a script in a trial whose spool is `folder`."""
    environment = {**os.environ, "PYTHONPATH": str(PACKAGE.parent), "LEDGER_SPOOL": str(folder), **variables}
    return subprocess.run(
        [sys.executable, "-c", text], env=environment, capture_output=True, text=True, timeout=120
    )


# --- the same in and out of a trial -------------------------------------------------------------------------


@pytest.fixture(params=["spool", "nowhere"])
def anywhere(request):
    request.getfixturevalue(request.param)


@pytest.mark.usefixtures("anywhere")
class TestAnywhere:
    def test_values_come_back_as_they_are(self, tmp_path):
        values = [0.1, 1, True, None, "adam", [1, 2.5, None], (0.9, 0.999), float("nan"), -(2**63), 2**64 - 1]
        for value in values:
            assert ledger.param("x", value) is value
        assert ledger.artifact(tmp_path) is tmp_path
        assert ledger.artifact("a", name="b") == "a"
        assert ledger.artifact(b"\xff") == b"\xff"
        assert ledger.report(3, 0.5) is False
        assert ledger.log({"a": 1}, b=2) is None
        assert ledger.log() is None

    @pytest.mark.parametrize(
        ("value", "words"),
        [
            ({"a": 1}, "got dict"),
            ([[1]], "got list"),
            (object(), "str(value)"),
            (1j, "got complex"),
            (b"x", "got bytes"),
        ],
    )
    def test_a_hyperparameter_that_is_none(self, value, words):
        with pytest.raises(TypeError, match="hyperparameter 'lr': expected a bool") as caught:
            ledger.param("lr", value)
        assert words in str(caught.value)

    def test_a_numpy_hyperparameter_is_told_the_way_out(self):
        numpy = pytest.importorskip("numpy")
        with pytest.raises(TypeError, match=r"value\.item\(\)"):
            ledger.param("lr", numpy.float32(0.5))
        assert ledger.param("lr", numpy.float64(0.5)) == 0.5

    def test_names_roles_and_integers_are_checked(self):
        with pytest.raises(TypeError, match="must be a string, got int"):
            ledger.param(1, 2)
        with pytest.raises(ValueError, match="must not be empty"):
            ledger.param("", 2)
        with pytest.raises(ValueError, match="one of model, algorithm, seed, got 'hyper'"):
            ledger.param("a", 2, role="hyper")
        with pytest.raises(ValueError, match="beyond 64 bits"):
            ledger.param("a", 2**64)
        with pytest.raises(TypeError, match="must be a string"):
            ledger.seed(3)
        with pytest.raises(TypeError):
            ledger.artifact(3)
        with pytest.raises(TypeError, match="must be a string"):
            ledger.artifact("a", name=3)

    @pytest.mark.parametrize("value", ["1", b"1", None, [1], 1j, {}, object()])
    def test_a_metric_that_is_no_number(self, value):
        with pytest.raises(TypeError, match="metric 'loss': expected one number"):
            ledger.log(loss=value)
        with pytest.raises(TypeError, match="metric 'metric': expected one number"):
            ledger.report(1, value)

    def test_other_ways_to_log_nonsense(self):
        with pytest.raises(ValueError, match="64 bits of floating point"):
            ledger.log(loss=10**400)
        with pytest.raises(TypeError, match="a mapping such as"):
            ledger.log(0.5)
        with pytest.raises(TypeError, match="name of a metric must be a string"):
            ledger.log({1: 2})
        with pytest.raises(ValueError, match="name of a metric must not be empty"):
            ledger.log({"": 2})
        with pytest.raises(TypeError, match="step must be an integer, got float"):
            ledger.log(loss=1, step=1.5)
        with pytest.raises(ValueError, match="63 bits"):
            ledger.log(loss=1, step=2**62)

    def test_a_mapping_of_the_caller_stays_as_it_is(self):
        mine = {"a": 1, "b": True}
        ledger.log(mine)
        assert mine == {"a": 1, "b": True}
        assert [type(each) for each in mine.values()] == [int, bool]

    def test_seeds(self, monkeypatch):
        monkeypatch.delenv("LEDGER_SEED", raising=False)
        assert ledger.seed() == 0
        without = ledger.seed("data")
        monkeypatch.setenv("LEDGER_SEED", "0")
        assert ledger.seed("data") == without
        monkeypatch.setenv("LEDGER_SEED", "12345678901")
        assert ledger.seed("main") == 12345678901
        names = ["data", "split", "ä", "\udc80", ""[1:] or "x"]
        assert len({ledger.seed(name) for name in names}) == len(names)
        assert all(0 <= ledger.seed(name) < 2**32 for name in names)
        monkeypatch.setenv("LEDGER_SEED", "-1")
        assert ledger.seed() == -1
        assert 0 <= ledger.seed("data") < 2**32
        monkeypatch.setenv("LEDGER_SEED", "many")
        with pytest.raises(ValueError, match="must be an integer, got 'many'"):
            ledger.seed()


def test_a_seed_that_was_given_for_a_name_counts_before_what_would_be_derived(monkeypatch):
    monkeypatch.setenv("LEDGER_SEED", "3")
    derived = ledger.seed("init")
    monkeypatch.setenv("LEDGER_SEEDS", '{"data": 7, "main": 9}')
    assert [ledger.seed(name) for name in ("data", "init", "main")] == [7, derived, 3]


@pytest.mark.parametrize("text", ["", "7", "[1]", '{"data": 1.5}', '{"data": "7"}'])
def test_seeds_that_are_no_integers_are_refused(monkeypatch, text):
    monkeypatch.setenv("LEDGER_SEEDS", text)
    with pytest.raises(ValueError, match="LEDGER_SEEDS must be an object of integers"):
        ledger.seed("data")


def test_the_seed_formula_is_frozen(monkeypatch):
    """FNV-1a's and SplitMix64's published values, then the formula made of them."""
    assert record.derived("", 0) == splitmix(0xCBF29CE484222325) & 0xFFFFFFFF
    assert record.derived("a", 0) == splitmix(0xAF63DC4C8601EC8C) & 0xFFFFFFFF
    assert record.derived("foobar", 9) == splitmix(0x85944171F73967E8 ^ 9) & 0xFFFFFFFF
    assert splitmix(0x9E3779B97F4A7C15) == 0xE220A8397B1DCDAF  # first output of SplitMix64 seeded with 0
    monkeypatch.setenv("LEDGER_SEED", "42")
    assert [ledger.seed(name) for name in ("data", "model", "ä")] == FROZEN


FROZEN = [2578662998, 794043287, 4178622494]


def splitmix(z):
    mask = 2**64 - 1
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & mask
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
    return z ^ (z >> 31)


def test_nothing_is_written_outside_a_trial(tmp_path, nowhere, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ledger.param("a", 1)
    ledger.log(a=1)
    ledger.artifact("a")
    ledger.seed()
    ledger.report(1, 1)
    assert list(tmp_path.iterdir()) == []


# --- events -------------------------------------------------------------------------------------------------


def here(lines):
    frame = sys._getframe(1)
    return f"{frame.f_code.co_filename}:{frame.f_lineno + lines}"


def test_events(spool, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LEDGER_SEED", "7")
    where = here(1)
    ledger.param("lr", float("nan"), role="algorithm")
    ledger.param("names", ["a", None])
    ledger.param("rates", (1, 0.5, float("-inf")))
    ledger.param("on", True)
    ledger.artifact("sub/ä\udcff")
    ledger.artifact(b"/x/y", name="model")
    ledger.report(3, float("inf"))
    ledger.seed()
    found = events(spool)
    assert found[0] == {
        "event": "param",
        "name": "lr",
        "value": "NaN",
        "type": "real",
        "role": "algorithm",
        "where": where,
    }
    assert [(each["value"], each["type"], each["role"]) for each in found[1:4]] == [
        (["a", None], "categorical", None),
        ([1, 0.5, "-Infinity"], "real", None),
        (True, "boolean", None),
    ]
    assert found[4] == {"event": "artifact", "path": f"{tmp_path}/sub/ä\udcff", "name": None}
    assert found[5] == {"event": "artifact", "path": "/x/y", "name": "model"}
    assert found[6] == {"event": "report", "step": 3, "value": "Infinity"}
    assert {**found[7], "where": None} == {"event": "seed", "name": "main", "value": 7, "where": None}


def test_what_is_said_again_is_written_once(spool):
    for _ in range(5):
        ledger.param("lr", 0.1)
        ledger.seed("a")
        ledger.param("nan", float("nan"))
    ledger.param("lr", 0.2)
    ledger.param("lr", 0.1)
    assert [each["name"] for each in events(spool)] == ["lr", "a", "nan", "lr", "lr"]


def test_an_artifact_in_a_directory_that_is_gone(spool, tmp_path, monkeypatch):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert ledger.artifact("a") == "a"
    ledger.log(a=1)
    assert events(spool) == [{"event": "artifact", "path": "a", "name": None}]
    assert points(spool) == [("a", 0, 1.0)]


# --- series -------------------------------------------------------------------------------------------------


def test_points(spool):
    numpy = pytest.importorskip("numpy")
    ledger.log({"loss": 0.5, "val/acc é\n": numpy.float32(0.25)}, step=10)
    ledger.log(loss=numpy.array(3), other=True)
    ledger.log(loss=numpy.array([[4]]), other=2, step=numpy.int64(-5))
    ledger.log(loss=float("nan"), other=float("inf"))
    ledger.log({"loss": 1}, loss=2)
    found = points(spool)
    assert math.isnan(found[6][2])
    found[6] = (*found[6][:2], None)
    assert found == [
        ("loss", 10, 0.5),
        ("val/acc é\n", 10, 0.25),
        ("loss", 11, 3.0),
        ("other", 0, 1.0),
        ("loss", -5, 4.0),
        ("other", -5, 2.0),
        ("loss", -4, None),
        ("other", -4, math.inf),
        ("loss", -3, 2.0),
    ]
    (series,) = spool.glob("series-*")
    assert series.name == f"series-{os.getpid()}-0.bin"
    assert series.stat().st_size % 32 == 0


def test_a_call_that_is_refused_writes_nothing(spool):
    with pytest.raises(TypeError):
        ledger.log({"a": 1, "b": "x"})
    assert list(spool.iterdir()) == []


def test_a_file_that_grows_over_many_chunks(spool):
    assert script(spool, NUMBERS % 70_000).stderr == ""
    assert points(spool) == [("loss", i, i / 2) for i in range(70_000)]
    (series,) = spool.glob("series-*")
    assert series.stat().st_blocks * 512 >= series.stat().st_size  # no page that a full disk could refuse


def test_kill_loses_nothing(spool):
    text = NUMBERS % 3000 + "import os, signal\nledger.param('lr', 1)\nos.kill(os.getpid(), signal.SIGKILL)\n"
    assert script(spool, text).returncode == -signal.SIGKILL
    assert [step for _, step, _ in points(spool)] == list(range(3000))
    assert events(spool)[0]["name"] == "lr"


def test_threads(spool):
    text = (
        "import ledger, threading\n"
        "def work(n):\n"
        "    for i in range(3000):\n"
        "        ledger.log({f'm{n}': i, 'shared': n})\n"
        "        if i % 1000 == 0: ledger.log({f'k{n}-{i}': i}); ledger.param(f'p{n}', i)\n"
        "threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]\n"
        "[t.start() for t in threads]; [t.join() for t in threads]\n"
    )
    assert script(spool, text).stderr == ""
    found = points(spool)
    for n in range(8):
        assert [value for name, _, value in found if name == f"m{n}"] == list(range(3000))
        assert [value for name, _, value in found if name.startswith(f"k{n}-")] == [0, 1000, 2000]
    assert sorted(step for name, step, _ in found if name == "shared") == list(range(24_000))
    assert len(events(spool)) == 24


def test_forks_write_files_of_their_own(spool):
    text = (
        "import ledger, os\n"
        "ledger.log(a=1); ledger.param('x', 1)\n"
        "for n in range(3):\n"
        "    if not os.fork():\n"
        "        ledger.log(a=10 + n, step=n); ledger.param('x', n); os._exit(0)\n"
        "    os.wait()\n"
        "ledger.log(a=2)\n"
    )
    assert script(spool, text).stderr == ""
    assert sorted(points(spool)) == [("a", 0, 1), ("a", 0, 10), ("a", 1, 2), ("a", 1, 11), ("a", 2, 12)]
    assert len(list(spool.glob("series-*"))) == len(list(spool.glob("events-*"))) == 4


def test_a_fork_while_another_thread_logs_does_not_hang(spool):
    text = (
        "import ledger, os, threading\n"
        "stop = threading.Event()\n"
        "def work():\n"
        "    while not stop.is_set(): ledger.log(a=1); ledger.log({str(os.urandom(2)): 1})\n"
        "thread = threading.Thread(target=work); thread.start()\n"
        "for _ in range(30):\n"
        "    child = os.fork()\n"
        "    if not child: ledger.log(b=2); os._exit(0)\n"
        "    assert os.waitpid(child, 0)[1] == 0\n"
        "stop.set(); thread.join()\n"
    )
    done = script(spool, text)
    assert done.returncode == 0, done.stderr
    assert sum(name == "b" for name, _, _ in points(spool)) == 30


def test_the_descriptors_of_the_program_are_left_alone(spool, tmp_path):
    """A program that closes every descriptor and opens files of its own, as a daemon does."""
    text = (
        "import ledger, os\n"
        "ledger.log(a=1); ledger.param('x', 1)\n"
        "os.closerange(3, 100)\n"
        f"mine = [os.open({str(tmp_path)!r} + f'/mine{{n}}', os.O_RDWR | os.O_CREAT) for n in range(5)]\n"
        "if os.fork(): os.wait()\n"
        "for i in range(20000): ledger.log(a=i)\n"
        "ledger.param('x', 2)\n"
        "import gc; gc.collect()\n"
        "assert [os.fstat(each).st_size for each in mine] == [0] * 5\n"
    )
    done = script(spool, text)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(points(spool)) == 1 + 2 * 20_000


def test_a_signal_handler_that_logs_in_the_middle_of_a_log(spool):
    text = (
        "import ledger, signal, time\n"
        "calls = 0\n"
        "def handler(*_):\n"
        "    global calls\n"
        "    calls += 1\n"
        "    ledger.log({f'handler{calls}': calls, 'handled': calls})\n"
        "    signal.setitimer(signal.ITIMER_REAL, 0.0005)\n"
        "signal.signal(signal.SIGALRM, handler)\n"
        "signal.setitimer(signal.ITIMER_REAL, 0.0005)\n"
        "logged = 0\n"
        "end = time.monotonic() + 1.5\n"
        "while time.monotonic() < end or calls < 20:\n"
        "    ledger.log({f'main{logged}': logged, 'logged': logged}); logged += 1\n"
        "signal.signal(signal.SIGALRM, signal.SIG_IGN)\n"
        "print(logged, calls)\n"
    )
    done = script(spool, text)
    assert done.stderr == ""
    logged, calls = map(int, done.stdout.split())
    found = points(spool)
    assert sorted(value for name, _, value in found if name == "logged") == list(range(logged))
    assert sorted(value for name, _, value in found if name == "handled") == list(range(1, calls + 1))
    assert all(name.removeprefix("main") == str(int(value)) for name, _, value in found if "main" in name)
    assert {name for name, _, _ in found if name[-1].isdigit() and "handler" in name} == {
        f"handler{n}" for n in range(1, calls + 1)
    }


def test_an_interrupt_in_the_middle_of_a_log(spool):
    text = (
        "import ledger, signal, time\n"
        "def handler(*_): raise KeyboardInterrupt\n"
        "signal.signal(signal.SIGALRM, handler)\n"
        "n = 0\n"
        "end = time.monotonic() + 1.5\n"
        "while time.monotonic() < end or n < 1000:\n"
        "    try:\n"
        "        signal.setitimer(signal.ITIMER_REAL, 0.0003 * (1 + n % 25))\n"  # some early, some late
        "        while True: n += 1; ledger.log({f'm{n}': n})\n"
        "    except KeyboardInterrupt: pass\n"
        "signal.setitimer(signal.ITIMER_REAL, 0)\n"
    )
    assert script(spool, text).stderr == ""
    found = points(spool)
    assert len(found) > 100
    assert all(name == f"m{int(value)}" for name, _, value in found)


# --- a spool that refuses -----------------------------------------------------------------------------------

LIMITED = (
    "import ledger, resource, sys\n"
    "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
    "ledger.param('before', 1)\n"
    "for i in range(5000): ledger.log(a=i)\n"
    "ledger.param('after', 1)\n"
    "print('done')\n"
)


def test_a_limit_on_file_sizes_warns_once_and_stops_no_training(spool):
    done = script(spool, LIMITED)
    assert (done.returncode, done.stdout) == (0, "done\n")
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("ledger: warning: nothing more of this process is recorded: File too large")
    assert [step for _, step, _ in points(spool)] == list(range(2048))
    assert [each["event"] for each in events(spool)] == ["param", "record_error"]


@pytest.mark.skipif(not os.path.isdir("/dev/shm"), reason="no small file system to fill")
def test_a_full_file_system(spool, tmp_path):
    small = tmp_path / "small"
    small.mkdir()
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=192k", "none", small], capture_output=True
    ).returncode:
        pytest.skip("may not mount")
    try:
        done = script(small, NUMBERS % 20_000 + "print('done')\n")
        assert (done.returncode, done.stdout) == (0, "done\n")
        assert "No space left on device" in done.stderr
        found = points(small)
        assert found
        assert [step for _, step, _ in found] == list(range(len(found)))
    finally:
        subprocess.run(["umount", small], check=True)


def test_a_file_system_without_allocation_is_written_full(spool, monkeypatch):
    def refuse(*_):
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(os, "posix_fallocate", refuse)
    ledger.log(a=1)
    (series,) = spool.glob("series-*")
    assert series.stat().st_blocks * 512 >= series.stat().st_size == 65536
    assert points(spool) == [("a", 0, 1.0)]


@pytest.mark.parametrize("call", ["ledger.log(a=1)", "ledger.param('a', 1)", "ledger.artifact('a')"])
def test_a_spool_that_is_gone(tmp_path, call):
    done = script(tmp_path / "gone", f"import ledger\n{call}\n{call}\nledger.log(b=1)\nprint('done')\n")
    assert (done.returncode, done.stdout) == (0, "done\n")
    assert done.stderr.count("\n") == 1
    assert "No such file or directory" in done.stderr


def test_a_spool_that_vanishes_midway(spool):
    text = f"import shutil\n{NUMBERS % 10}shutil.rmtree({str(spool)!r})\n{NUMBERS % 5000}print('done')\n"
    done = script(spool, text)
    assert (done.returncode, done.stdout) == (0, "done\n")
    assert done.stderr.count("\n") == 1


def test_no_standard_error_either(tmp_path):
    text = "import sys, ledger\nsys.stderr.close()\nledger.log(a=1)\nprint('done')\nsys.stderr = None\n"
    assert script(tmp_path / "gone", text).stdout == "done\n"


# --- the package --------------------------------------------------------------------------------------------


def test_importing_costs_the_standard_library_only():
    text = "import sys; before = set(sys.modules); import ledger; print(*(set(sys.modules) - before))"
    command = [sys.executable, "-S", "-c", text]
    environment = {"PYTHONPATH": str(PACKAGE.parent)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    heavy = {"json", "re", "typing", "mmap", "threading", "importlib", "enum", "collections"}
    assert not heavy & set(done.stdout.split())


def test_the_two_files_work_alone(tmp_path):
    """At replay only these two are put into an environment that has no ledger."""
    (tmp_path / "alone" / "ledger").mkdir(parents=True)
    for name in ("__init__.py", "record.py"):
        shutil.copy(PACKAGE / name, tmp_path / "alone" / "ledger")
    (tmp_path / "spool").mkdir()
    text = (
        "import ledger\n"
        "ledger.log(a=ledger.param('x', 2)); ledger.artifact('y'); ledger.seed('z'); ledger.report(1, 2)\n"
        "print(hasattr(ledger, 'open'), ledger.__version__, sorted(ledger.__all__))\n"
        "try:\n    ledger.open\nexcept AttributeError as error:\n    print(error)\n"
    )
    command = [sys.executable, "-I", "-S", "-c", f"import sys; sys.path.insert(0, 'alone')\n{text}"]
    environment = {"LEDGER_SPOOL": str(tmp_path / "spool")}
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.stderr == ""
    first, second = done.stdout.splitlines()
    assert first == "False unknown ['artifact', 'log', 'param', 'report', 'seed']"
    assert second == "ledger.open is not here: this copy holds only a script's calls"
    assert points(tmp_path / "spool") == [("a", 0, 2.0)]


@pytest.mark.parametrize("version", ["3.8", "3.9", "3.10", "3.12", "3.13"])
def test_other_pythons(spool, version):
    home = Path.home() / ".pyenv" / "versions"
    candidates = [f"python{version}", *sorted(map(str, home.glob(f"{version}.*/bin/python")))]
    environment = {**os.environ, "PYTHONPATH": str(PACKAGE.parent), "LEDGER_SPOOL": str(spool)}
    text = NUMBERS % 5000 + "ledger.param('x', [1, 2.5]); ledger.artifact('y'); print(ledger.seed('data'))\n"
    for candidate in candidates:
        try:
            done = subprocess.run(
                [candidate, "-c", text], env=environment, capture_output=True, text=True, timeout=60
            )
        except OSError:
            continue
        if "ledger" in done.stderr or done.returncode == 0:
            assert (done.stdout, done.stderr) == (f"{record.derived('data', 0)}\n", "")
            assert len(points(spool)) == 5000
            assert len(events(spool)) == 3
            return
    pytest.skip(f"no Python {version} here")


def test_the_operators_side_is_loaded_when_used():
    assert ledger.LedgerError.__module__ == "ledger.errors"
    assert isinstance(ledger.__version__, str)
    assert {"open", "Ledger", "LedgerError", "__version__", "log"} <= set(dir(ledger))
    assert "open" not in ledger.__all__
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = ledger.nothing
