"""Whatever becomes of the recorder, the program goes on and ends as it would have."""

import contextlib
import os
import random
import select
import signal
import sys
import textwrap
import time

import pytest

from ledger.capture.trace import Tracer, guard, read
from tests.patience import PATIENCE_S

RECORDER = """
import os, sys
sys.path[:0] = {path!r}
spec = __import__("importlib.util").util.spec_from_file_location("helpers", {helpers!r})
helpers = __import__("importlib.util").util.module_from_spec(spec); spec.loader.exec_module(helpers)
from pathlib import Path
from ledger.capture.trace import Tracer, listener
{inject}
tracer = Tracer.prepare(Path({spool!r}), keep=lambda path, status: True, max_copy_bytes=1 << 30)
child = helpers.start(tracer, sys.argv[1:])
os.write(1, b"%d\\n" % child)
status = helpers.serve(tracer, child)
tracer.hand_over()
tracer.close()
os._exit(status)
"""

PROGRAM = """
import os, sys, time
directory, count = sys.argv[1], int(sys.argv[2])
os.chdir(directory)
for i in range(count):
    open(f"in{i % 10}").read()
    with open("out", "a") as file:
        file.write("x")
while os.path.exists("hold"):
    open("in0").read()
    time.sleep(0.001)
open("done", "w").write("done")
sys.exit(23)
"""


@pytest.fixture
def recorded(spool, place, python):
    """Return a function that starts a recorder of its own with a program; (recorder, program, wait)."""
    for i in range(10):
        (place / f"in{i}").write_text("x")
    started = []

    def recorded(count, inject="", argv=None):
        code = RECORDER.format(
            path=[path for path in sys.path if path],
            helpers=os.path.join(os.path.dirname(__file__), "conftest.py"),
            spool=str(spool),
            inject=textwrap.dedent(inject),
        )
        reader, writer = os.pipe()
        recorder = os.posix_spawn(
            sys.executable,
            [sys.executable, "-B", "-c", code, *(argv or python(PROGRAM, str(place), str(count)))],
            os.environ,
            file_actions=[(os.POSIX_SPAWN_DUP2, writer, 1), (os.POSIX_SPAWN_CLOSE, reader)],
            setpgroup=0,
        )
        os.close(writer)
        line = b""
        while not line.endswith(b"\n"):
            piece = os.read(reader, 1)
            assert piece, "the recorder did not start"
            line += piece
        os.close(reader)
        started.append(recorder)
        return recorder, int(line)

    yield recorded
    for recorder in started:
        try:
            os.kill(recorder, signal.SIGKILL)
            os.waitpid(recorder, 0)
        except (ProcessLookupError, ChildProcessError):
            pass


def wait_for(path, seconds=PATIENCE_S):
    end = time.monotonic() + seconds
    while not path.exists():
        assert time.monotonic() < end, f"{path.name} did not come: the program hangs"
        time.sleep(0.02)


def gone(process, seconds=PATIENCE_S):
    """Wait until a process that is not our child is gone."""
    try:
        descriptor = os.pidfd_open(process)
    except ProcessLookupError:
        return
    assert select.select([descriptor], [], [], seconds)[0], "it still runs"
    os.close(descriptor)


@pytest.fixture
def hold(place):
    """The program goes on until this file is gone: it runs when its recorder meets its fate."""
    path = place / "hold"
    path.touch()
    return path


def guards(spool):
    """Processes that have the log open."""
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                opened = {os.readlink(f"/proc/{name}/fd/{each}") for each in os.listdir(f"/proc/{name}/fd")}
            except OSError:
                continue
            if str(spool / "files") in opened:
                found.append(int(name))
    return found


def no_guard(spool, seconds=PATIENCE_S):
    end = time.monotonic() + seconds
    while (left := guards(spool)) != []:
        assert time.monotonic() < end, left
        time.sleep(0.02)


@pytest.mark.parametrize("delay", [0.0, *(random.Random(3).uniform(0.001, 0.15) for _ in range(5))])
def test_killed_at_any_moment(recorded, place, spool, hold, delay):
    recorder, program = recorded(3000)
    time.sleep(delay)
    os.kill(recorder, signal.SIGKILL)
    os.waitpid(recorder, 0)
    hold.unlink()
    wait_for(place / "done")
    gone(program)
    assert (place / "out").stat().st_size == 3000
    seen = read(spool)
    assert seen is not None
    assert "killed" in " ".join(seen.gaps)


POINTS = {
    "received, not answered": ("_one", "def hit(self, *words): os.kill(os.getpid(), 9)"),
    "looked, not received": (
        "_one",
        "def hit(self, *words): former(self, *words); self._shared.receiving(True); os.kill(os.getpid(), 9)",
    ),
    "answered": ("_let_through", "def hit(self):\n former(self)\n os.kill(os.getpid(), 9)"),
    "before the answer": ("_let_through", "def hit(self): os.kill(os.getpid(), 9)"),
}


@pytest.mark.parametrize("after", [1, 40])
@pytest.mark.parametrize(("name", "hit"), POINTS.values(), ids=POINTS)
def test_killed_at_a_point(recorded, place, name, hit, after):
    inject = f"former = listener.Listener.{name}\n{hit}\nleft = [{after}]\n" + textwrap.dedent(f"""
        def once(self, *words):
            left[0] -= 1
            return (hit if left[0] == 0 else former)(self, *words)
        listener.Listener.{name} = once
    """)
    recorder, program = recorded(50, inject)
    assert os.waitstatus_to_exitcode(os.waitpid(recorder, 0)[1]) == -9
    wait_for(place / "done")
    gone(program)


def test_killed_with_its_whole_group(recorded, place, spool, python):
    """What is in a session of its own lives on, and so does the guard."""
    text = "import os, sys\nif os.fork(): os._exit(0)\nos.setsid()\n" + PROGRAM
    recorder, _ = recorded(3000, argv=python(text, str(place), "3000"))
    wait_for(place / "out")
    os.killpg(recorder, signal.SIGKILL)
    os.waitpid(recorder, 0)
    wait_for(place / "done")
    assert (place / "out").stat().st_size == 3000


def test_nothing_that_was_seen_is_lost_with_the_recorder(recorded, place, spool, python):
    text = (
        "import sys, time\nfor i in range(10): open(f'{sys.argv[1]}/in{i}')\n"
        "open(sys.argv[1] + '/done', 'w'); time.sleep(60)"
    )
    recorder, program = recorded(0, argv=python(text, str(place)))
    wait_for(place / "done")
    os.kill(recorder, signal.SIGKILL)
    os.waitpid(recorder, 0)
    end = time.monotonic() + PATIENCE_S
    while (seen := read(spool)) is None or not any(a.path.endswith("/done") for a in seen.accesses):
        assert time.monotonic() < end
        time.sleep(0.02)
    assert {f"{place}/in{i}" for i in range(10)} <= {access.path for access in seen.accesses}
    os.kill(program, signal.SIGKILL)


def test_stopped(recorded, place, spool, hold):
    recorder, _ = recorded(2000)
    wait_for(place / "out")
    os.kill(recorder, signal.SIGSTOP)
    hold.unlink()
    wait_for(place / "done")
    os.kill(recorder, signal.SIGCONT)
    assert os.waitstatus_to_exitcode(os.waitpid(recorder, 0)[1]) == 23
    seen = read(spool)
    assert "stopped" in " ".join(seen.gaps)
    no_guard(spool)


@pytest.mark.slow
def test_stopped_again_and_again(recorded, place, spool):
    recorder, _ = recorded(20000)
    moments = random.Random(7)
    for _ in range(4):
        time.sleep(moments.uniform(0.0, 0.05))
        os.kill(recorder, signal.SIGSTOP)
        time.sleep(moments.uniform(1.2, 1.8))
        os.kill(recorder, signal.SIGCONT)
    assert os.waitstatus_to_exitcode(os.waitpid(recorder, 0)[1]) == 23
    assert (place / "out").stat().st_size == 20000


def test_stopped_for_a_moment_nothing_is_missed(recorded, place, spool):
    """For less than the guard waits; here it waits for long, as a moment may last on a busy machine."""
    assert guard._TICK_MS * (guard._PATIENCE - 1) > 200
    recorder, _ = recorded(2000, "from ledger.capture.trace import guard\nguard._TICK_MS = 120_000")
    wait_for(place / "out")
    os.kill(recorder, signal.SIGSTOP)
    time.sleep(0.2)
    os.kill(recorder, signal.SIGCONT)
    assert os.waitstatus_to_exitcode(os.waitpid(recorder, 0)[1]) == 23
    assert read(spool).gaps == ()


def test_a_daemon_outlives_it(run, python, place, spool):
    text = """
        import os, sys, time
        if os.fork(): os._exit(5)
        os.setsid()
        while not os.path.exists(sys.argv[1] + '/go'): time.sleep(0.02)
        for i in range(100): open(sys.argv[1] + '/input').read()
        open(sys.argv[1] + '/done', 'w').write('x')
    """
    done = run(*python(textwrap.dedent(text), place))
    assert done.status == 5
    assert not done.tracer.ended
    assert "outlives" in " ".join(done.watched.gaps)
    done.tracer.close()
    (place / "go").touch()
    wait_for(place / "done")


def test_no_guard_stays_and_it_holds_nothing_of_the_users(run, python, place, spool, begin):
    start, serve = begin
    reader, writer = os.pipe()
    os.set_inheritable(writer, True)
    tracer = Tracer.prepare(spool, keep=lambda path, status: True, max_copy_bytes=0)
    end = time.monotonic() + PATIENCE_S
    while not (found := [each for each in guards(spool) if each != os.getpid()]):
        assert time.monotonic() < end
        time.sleep(0.01)
    (guard,) = found
    while any("pipe" in target for target in opened(guard)):
        assert time.monotonic() < end
        time.sleep(0.01)
    assert os.getsid(guard) == guard
    assert len(opened(guard)) <= 4
    child = start(tracer, ["/bin/true"])
    assert serve(tracer, child) == 0
    tracer.hand_over()
    tracer.close()
    os.close(reader)
    os.close(writer)
    no_guard(spool)


def opened(process):
    """What a process has open; what it closes meanwhile is left out."""
    found = []
    for each in os.listdir(f"/proc/{process}/fd"):
        with contextlib.suppress(FileNotFoundError):
            found.append(os.readlink(f"/proc/{process}/fd/{each}"))
    return found


def test_the_guard_sleeps(recorded, spool, place, python):
    text = "import os, sys, time\nwhile not os.path.exists(sys.argv[1]): time.sleep(0.02)"
    recorder, program = recorded(0, argv=python(text, place / "go"))
    (guard,) = [each for each in guards(spool) if each not in (recorder, program)]

    def ticks():
        with open(f"/proc/{guard}/stat") as file:
            return sum(map(int, file.read().rpartition(")")[2].split()[11:13]))

    before = ticks()
    time.sleep(2)
    assert ticks() - before <= 2
    (place / "go").touch()
    assert os.waitstatus_to_exitcode(os.waitpid(recorder, 0)[1]) == 0
    assert read(spool).gaps == ()


def test_a_child_that_never_starts(spool):
    tracer = Tracer.prepare(spool, keep=lambda path, status: True, max_copy_bytes=0)
    child = os.fork()
    if child == 0:
        os._exit(3)
    tracer.attach()
    os.waitpid(child, 0)
    assert not tracer.attached
    assert tracer.refused == "the program was not started"
    tracer.close()
    tracer.close()


SIGNALS = """
import os, signal, sys
count = 0
def tick(*_):
    global count
    count += 1
signal.signal(signal.SIGALRM, tick)
signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
os.chdir(sys.argv[1])
for i in range(3000):
    open('input').read()
    with open(f'out{i % 7}', 'w'): pass
signal.setitimer(signal.ITIMER_REAL, 0)
assert count > 10
"""


def test_signals_during_opens(run, python, place):
    done = run(*python(SIGNALS, place))
    assert done.status == 0
    assert done.read(place) == {"input"}
    assert done.written(place) == {f"out{i}" for i in range(7)}
    assert done.watched.gaps == ()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV])
def test_a_program_killed_among_its_opens(run, python, place, number):
    text = (
        "import os, signal, sys, threading\n"
        f"threading.Timer(0.1, lambda: os.kill(os.getpid(), {int(number)})).start()\n"
        "while True: open(sys.argv[1])"
    )
    done = run(*python(text, place / "input"))
    assert done.status == -number
    assert done.tracer.ended
    assert done.watched.gaps == ()


THREADS = """
import os, sys, threading
os.chdir(sys.argv[1])
def work(k):
    for i in range(200):
        with open(f'{k}-{i}', 'w') as file: file.write('x')
        open(f'{k}-{i}').read()
        open(f'in{(k + i) % 10}').read()
threads = [threading.Thread(target=work, args=(k,)) for k in range(8)]
[t.start() for t in threads]; [t.join() for t in threads]
"""


def test_many_threads(run, python, place):
    for i in range(10):
        (place / f"in{i}").write_text("x")
    done = run(*python(THREADS, place))
    assert done.status == 0
    assert done.read(place) == {f"in{i}" for i in range(10)}
    assert done.written(place) == {f"{k}-{i}" for k in range(8) for i in range(200)}
    assert done.watched.gaps == ()


def test_many_processes(run, place):
    script = "i=0; while [ $i -lt 200 ]; do cat input > out$((i % 5)) & i=$((i + 1)); done; wait"
    done = run("/bin/sh", "-c", script, directory=place)
    assert done.status == 0
    assert done.read(place) == {"input"}
    assert done.written(place) == {f"out{i}" for i in range(5)}
    assert len(done.watched.programs) == 201
    parents = {program.parent for program in done.watched.programs[1:]}
    assert parents == {done.watched.programs[0].pid}
