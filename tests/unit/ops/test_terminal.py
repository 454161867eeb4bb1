import os
import subprocess
import sys
import termios

import pytest

from tests.patience import PATIENCE_S

_LOCAL, _KEYS = 3, 6


@pytest.mark.parametrize("piped", [(), ("stdin",), ("stdout",), ("stderr",), ("stdout", "stderr")])
def test_program_sees_a_terminal_where_there_is_one(harness, piped):
    script = "for n in 0 1 2; do test -t $n && echo $n >>seen; done; exit 5"
    given = dict.fromkeys(piped, subprocess.DEVNULL)
    assert harness.terminal(harness.words("sh", "-c", script), **given).finish() == 5
    expected = [str(n) for n, name in enumerate(("stdin", "stdout", "stderr")) if name not in piped]
    assert (harness.folder / "seen").read_text().split() == expected


def test_terminal_shows_what_it_would_show_and_the_record_is_what_was_written(harness):
    script = "printf 'a\\nb\\r\\n\\tc\\033[1md\\0'"
    terminal = harness.terminal(harness.words("sh", "-c", script))
    assert terminal.finish() == 0
    assert terminal.shown == b"a\r\nb\r\r\n\tc\x1b[1md\0"  # translated once, as without us
    assert harness.recorded() == b"a\nb\r\n\tc\x1b[1md\0"


def test_order_on_a_terminal(harness):
    # What a progress bar on standard error does around each line that is printed.
    script = (
        "import os\nfor i in range(1500): os.write(2, b'clear %d\\n' % i); os.write(1, b'text %d\\n' % i)"
    )
    terminal = harness.terminal(harness.words(sys.executable, "-c", script))
    assert terminal.finish() == 0
    expected = b"".join(b"clear %d\ntext %d\n" % (i, i) for i in range(1500))
    assert terminal.shown == expected.replace(b"\n", b"\r\n")
    assert harness.recorded() == expected
    assert harness.note("stderr")["reason"] == "same as stdout"


def test_two_terminals_on_request(harness):
    script = "test -t 1 && test -t 2 && echo out && echo err >&2"
    terminal = harness.terminal(harness.words("sh", "-c", script, together=False))
    assert terminal.finish() == 0
    assert sorted(terminal.shown.split()) == [b"err", b"out"]
    assert (harness.recorded("stdout"), harness.recorded("stderr")) == (b"out\n", b"err\n")


def test_much_output_on_a_terminal(harness):
    terminal = harness.terminal(harness.words("seq", "200000"))
    assert terminal.finish() == 0
    expected = b"".join(b"%d\n" % i for i in range(1, 200001))
    assert harness.recorded() == expected
    assert terminal.shown == expected.replace(b"\n", b"\r\n")


def test_window_size(harness):
    script = (
        "import os, signal\n"
        "signal.signal(signal.SIGWINCH, lambda *_: None)\n"
        "print(*os.get_terminal_size(1), flush=True)\n"
        "while os.get_terminal_size(1).lines != 40: signal.pause()\n"
        "print(*os.get_terminal_size(1))"
    )
    terminal = harness.terminal(harness.words(sys.executable, "-c", script), rows=31, columns=97)
    terminal.expect(b"97 31")
    terminal.resize(40, 132)
    terminal.expect(b"132 40")
    assert terminal.finish() == 0


def test_what_the_program_sets_is_set_for_the_user_too(harness):
    script = (
        "import os, sys, termios, tty\n"
        "before = termios.tcgetattr(1)\n"
        "tty.setcbreak(1)\n"
        "os.read(0, 1)\n"
        "termios.tcsetattr(1, termios.TCSANOW, before)\n"
        "os.read(0, 1)"
    )
    terminal = harness.terminal(harness.words(sys.executable, "-c", script))
    before = terminal.flags()
    assert before[_LOCAL] & termios.ECHO
    harness.wait_for(lambda: not terminal.flags()[_LOCAL] & (termios.ECHO | termios.ICANON), "no echo")
    terminal.type(b"x")
    harness.wait_for(lambda: terminal.flags() == before, "the echo")
    terminal.type(b"\n")
    assert terminal.finish() == 0


def test_terminal_is_restored_after_a_program_that_could_not(harness):
    script = "import os, tty; tty.setraw(1); os.read(0, 1); os.kill(os.getpid(), 9)"
    terminal = harness.terminal(harness.words(sys.executable, "-c", script))
    before = terminal.flags()
    harness.wait_for(lambda: terminal.flags() != before, "raw mode")
    terminal.type(b"x")
    assert terminal.finish() == 128 + 9
    assert terminal.flags() == before


def test_what_is_set_through_stdin_is_left_alone(harness):
    script = "stty -echo intr ^E; tput cols >/dev/null; echo prompt; read line; echo got $line"
    terminal = harness.terminal(harness.words("sh", "-c", script))
    terminal.expect(b"prompt")
    terminal.type(b"secret\n")
    assert terminal.finish() == 0
    assert terminal.shown == b"prompt\r\ngot secret\r\n"
    assert not terminal.flags()[_LOCAL] & termios.ECHO  # as it would be without us
    assert terminal.flags()[_KEYS][termios.VINTR] == b"\x05"


def test_terminal_of_the_session_is_the_users(harness):
    terminal = harness.terminal(harness.words("sh", "-c", "read line </dev/tty; echo got $line >/dev/tty"))
    terminal.type(b"this\n")
    terminal.expect(b"got this")
    assert terminal.finish() == 0
    assert harness.recorded() == b""


def test_terminal_that_is_hung_up(harness):
    script = "trap '' HUP; echo on; while echo more; do sleep 0.01; done; touch ended"
    terminal = harness.terminal(harness.words("sh", "-c", script))
    terminal.expect(b"on")
    os.close(terminal.master)
    terminal.master = os.open(os.devnull, os.O_RDWR)
    harness.wait_for((harness.folder / "ended").exists, "the error that it would have met without us")
    terminal.process.wait(timeout=PATIENCE_S)
    assert harness.recorded().startswith(b"on\n")
