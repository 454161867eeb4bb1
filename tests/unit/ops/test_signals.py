import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from ledger.ops import signals
from tests.patience import PATIENCE_S

_CLASSIC = (1 << 31) - 1  # the C library has its own way with some of those above

# Counts what it gets until it is told to end, by SIGUSR2 or by itself.
_COUNTER = """
import os, signal, sys, time
seen = []
for number in (2, 15, 10, 28):
    signal.signal(number, lambda number, frame: seen.append(number))
print("ready", flush=True)
end = time.monotonic() + 120
while not seen and time.monotonic() < end: time.sleep(0.01)
time.sleep(0.4)
print(*seen, flush=True)
"""

_IGNORANT = """
import os, signal, sys
signal.signal(signal.SIGHUP, signal.SIG_IGN)
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
signal.signal(signal.SIGPIPE, signal.SIG_DFL)
signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
os.execv(sys.argv[1], sys.argv[1:])
"""


# Again and again; the next is sent once the one before has come, since two at once may fall into one.
_ROUNDS = 15
_REPEATED = """
import os, signal, subprocess, sys, time
count = 0
heard, told = os.pipe()
os.set_inheritable(heard, True)
def on_signal(number, frame):
    global count
    count += 1
    os.write(told, b".")
signal.signal(2, on_signal), signal.signal(10, on_signal)
%s
time.sleep(0.1)
print("count", count, flush=True)
"""


@pytest.fixture(params=[False, True], ids=["untraced", "traced"])
def harness(harness, request):
    harness.traced = request.param
    return harness


def _counter(harness):
    return harness.words(sys.executable, "-c", _COUNTER)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGUSR1, signal.SIGWINCH])
def test_signal_sent_to_us_reaches_the_program_once(harness, number):
    process = harness.start(_counter(harness), stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"ready\n"
    os.kill(process.pid, number)
    assert process.stdout.read() == b"%d\n" % number
    assert process.wait(timeout=PATIENCE_S) == 0


@pytest.mark.parametrize(
    "number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGUSR2]
)
def test_program_that_dies_of_it_decides_our_end(harness, number):
    words = harness.words("sh", "-c", "ulimit -c 0; echo ready; exec sleep 100")
    process = harness.start(words, stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"ready\n"
    os.kill(process.pid, number)
    assert process.wait(timeout=PATIENCE_S) == 128 + number
    assert harness.exit()["signal"] == number
    assert harness.recorded() == b"ready\n"


def test_key_that_interrupts_reaches_the_program_once(harness):
    act = f"""
for number in range({_ROUNDS}):
    print(f"at {{number}}.", flush=True)
    while count <= number: pass
    time.sleep(0.03)
"""
    terminal = harness.terminal(harness.words(sys.executable, "-c", _REPEATED % act))
    for number in range(_ROUNDS):
        terminal.expect(b"at %d." % number)
        terminal.type(b"\x03")
    assert terminal.finish() == 0
    assert harness.recorded().splitlines()[-1] == b"count %d" % _ROUNDS


def test_key_that_interrupts_ends_both(harness):
    terminal = harness.terminal(harness.words("sh", "-c", "echo ready; exec sleep 100"))
    terminal.expect(b"ready")
    terminal.type(b"\x03")
    assert terminal.finish() == 128 + signal.SIGINT
    assert harness.note("stdout")["complete"]


_TO_GROUP = f"for _ in range({_ROUNDS}): os.kill(0, 10); os.read(heard, 1)"


def test_what_the_program_sends_to_its_group_does_not_come_back(harness):
    harness.run(sys.executable, "-c", _REPEATED % _TO_GROUP)
    assert harness.recorded() == b"count %d\n" % _ROUNDS


# Of a sender that has gone nobody can tell whether it was the program's: it stays until we have looked at it.
_UNTIL_TAKEN = """
import os, re, signal as s, sys, time
s.signal(10, s.SIG_IGN)
heard, recorder = map(int, sys.argv[1:])
%s
def waits():
    with open(f"/proc/{recorder}/status") as status:
        return any(int(mask, 16) >> 9 & 1 for mask in re.findall("^S[ih][gd]Pnd:(.*)", status.read(), re.M))
while waits(): time.sleep(0.01)
time.sleep(1)
"""


def test_nor_what_its_children_send(harness):
    words = f"[sys.executable, '-c', {_UNTIL_TAKEN % _TO_GROUP!r}, str(heard), str(os.getppid())]"
    harness.run(sys.executable, "-c", _REPEATED % f"subprocess.run({words}, pass_fds=[heard])")
    assert harness.recorded() == b"count %d\n" % _ROUNDS


def test_ignored_signals_stay_ignored(harness):
    words = harness.words("sh", "-c", "echo ready; read line; echo over")
    process = harness.start(
        [sys.executable, "-c", _IGNORANT, *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout.readline() == b"ready\n"
    os.kill(process.pid, signal.SIGHUP)
    assert process.communicate(b"\n", timeout=PATIENCE_S)[0] == b"over\n"
    assert process.returncode == 0


def test_program_inherits_what_is_ignored(harness):
    words = harness.words("grep", "SigIgn", "/proc/self/status")
    process = harness.start([sys.executable, "-c", _IGNORANT, *words], stdout=subprocess.PIPE)
    ignored = int(process.stdout.read().split()[1], 16)
    assert ignored & _CLASSIC == 1 << signal.SIGHUP - 1 | 1 << signal.SIGCHLD - 1
    assert process.wait(timeout=PATIENCE_S) == 0


def test_dispositions_and_mask_are_those_of_a_shell(harness):
    ran = harness.run("grep", "-E", "Sig(Ign|Blk)", "/proc/self/status")
    masks = {line.split()[0]: int(line.split()[1], 16) & _CLASSIC for line in ran.out.splitlines()}
    assert masks == {b"SigIgn:": 0, b"SigBlk:": 0}


def test_stop_and_continue_from_a_shell(harness):
    terminal = harness.terminal(["bash", "--norc", "--noprofile", "--noediting", "-i"])
    script = (
        "echo begun; i=0; while test $i -lt 6000 && ! test -e go; do sleep 0.02; i=$((i+1)); done; echo over"
    )
    line = " ".join(f"'{word}'" for word in harness.words("sh", "-c", script))
    terminal.type(f"PS1='$ '; {line}; echo code $?\n".encode())
    terminal.expect(b"begun\r\n")
    terminal.type(b"\x1a")
    terminal.expect(b"Stopped")
    (harness.folder / "go").touch()
    time.sleep(0.2)
    assert b"over\r\n" not in terminal.read()
    terminal.type(b"fg\n")
    terminal.expect(b"over\r\n")
    terminal.type(b"exit\n")
    terminal.finish()
    assert harness.recorded() == b"begun\nover\n"
    assert harness.exit()["exit_code"] == 0


@pytest.mark.parametrize("key", [True, False])
def test_interrupted_replay_leaves_nothing_behind(harness, key):
    script = "sleep 1000 & echo $!; wait"
    words = harness.words("sh", "-c", script, new_session=True, stdin=os.devnull)
    if key:
        terminal = harness.terminal(words)
        terminal.expect(b"\n")
        terminal.type(b"\x03")
        assert terminal.finish() == 130
    else:
        process = harness.start(words, stdout=subprocess.PIPE)
        process.stdout.readline()
        os.kill(process.pid, signal.SIGINT)
        assert process.wait(timeout=PATIENCE_S) == 130
    assert harness.exit() == "KeyboardInterrupt"
    left = int(harness.recorded())
    harness.wait_for(lambda: not _runs(left), "the end of what was left")


def test_terminated_replay_dies_of_it_and_leaves_nothing_behind(harness):
    words = harness.words("sh", "-c", "sleep 1000 & echo $!; wait", new_session=True, stdin=os.devnull)
    process = harness.start(words, stdout=subprocess.PIPE)
    left = int(process.stdout.readline())
    process.terminate()
    assert process.wait(timeout=PATIENCE_S) == -signal.SIGTERM
    harness.wait_for(lambda: not _runs(left), "the end of what was left")


def _runs(process):
    try:
        with open(f"/proc/{process}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


_GATE = """
import os, signal
from ledger.ops import signals
with signals.Gate() as gate:
    os.kill(os.getpid(), signal.SIGUSR1)
    assert gate.pending() == {signal.SIGUSR1}
    got = gate.next(5, None)
    assert got == signals.Received(number=signal.SIGUSR1, from_kernel=False, sender=os.getpid()), got
    assert gate.next(0, None) is None
    os.kill(os.getpid(), signal.SIGTERM)  # too late for anybody: dropped at the end
"""


def test_gate_tells_where_a_signal_came_from(harness):
    # In an interpreter of its own, for there must be no other thread.
    assert harness.start([sys.executable, "-c", _GATE]).wait(timeout=PATIENCE_S) == 0


def test_gate_beside_another_thread():
    stop = threading.Event()
    thread = threading.Thread(target=stop.wait)
    thread.start()
    try:
        with signals.Gate() as gate:
            signal.pthread_kill(thread.ident, signal.SIGUSR1)  # caught where it is not held back
            got = gate.next(30, None)
            assert got == signals.Received(number=signal.SIGUSR1, from_kernel=False, sender=0)
    finally:
        stop.set()
        thread.join()


def test_gate_outside_the_main_thread_does_nothing():
    seen = []

    def enter():
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, ())
        with signals.Gate() as gate:
            seen.append((gate.active, signal.pthread_sigmask(signal.SIG_BLOCK, ()) == mask))

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    assert seen == [(False, True)]
