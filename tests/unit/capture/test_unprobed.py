"""Which Python processes the probe did not get into, and why."""

import os

import pytest

from ledger.capture.accesses import Program
from ledger.capture.events import Process
from ledger.capture.unprobed import unprobed

LOST = "it started without the PYTHONPATH that carries the probe, or ended before it was in"


def program(pid, *argv, executable=None):
    return Program(pid=pid, parent=1, executable=executable or f"/usr/bin/{argv[0]}", argv=argv)


def met(*pids):
    return [
        Process(
            pid=pid,
            ppid=1,
            executable="/usr/bin/python3",
            prefix=None,
            base_prefix=None,
            version="3.11.7",
            implementation="cpython",
        )
        for pid in pids
    ]


def test_where_the_probe_was_in_all_there_is_nothing_to_say():
    programs = [program(1, "bash", "-c", "x"), program(2, "python3", "a.py"), program(3, "gcc", "-E", "a.c")]
    assert unprobed(programs, met(2)) == []


@pytest.mark.parametrize(
    ("argv", "reason"),
    [
        (("python", "-I", "a.py"), "python -I a.py: python -I keeps the probe out"),
        (("python3.12", "-uE", "/x/a.py"), "python3.12 -uE a.py: python -E keeps the probe out"),
        (("python", "-S", "-c", "pass"), "python -S -c: python -S keeps the probe out"),
        (("python", "a.py", "-I"), f"python a.py: {LOST}"),
        (("pypy3.10", "a.py"), f"pypy3.10 a.py: {LOST}"),
        (("python2", "a.py"), "python2 a.py: the probe needs Python 3.8 or later"),
        (("python3.7", "a.py"), "python3.7 a.py: the probe needs Python 3.8 or later"),
        (("python", "login.py", "--password=hunter2"), f"python login.py: {LOST}"),
    ],
)
def test_the_reason(argv, reason):
    assert unprobed([program(7, *argv)], []) == [reason]


def test_an_interpreter_that_uv_asks_what_it_is():
    words = "import sys; from python.get_interpreter_info import main; main()"
    assert unprobed([program(7, "python", "-I", "-B", "-c", words)], []) == []


def test_a_link_to_an_old_python(tmp_path):
    (tmp_path / "python3.6").touch()
    os.symlink("python3.6", tmp_path / "python")
    (text,) = unprobed([program(7, "python", "a.py", executable=str(tmp_path / "python"))], [])
    assert text.endswith("needs Python 3.8 or later")


def test_what_a_process_was_before_does_not_count():
    wrapper = [program(7, "python", "wrapper"), program(7, "bash", "x.sh")]
    assert unprobed(wrapper, []) == []
    assert unprobed([program(7, "python", "-I", "shim"), program(7, "python3", "a.py")], met(7)) == []
    assert len(unprobed([program(7, "python3", "a.py"), program(7, "python3", "-I", "b.py")], met(7))) == 1


def test_many_are_one_text():
    programs = [program(number, "python", "-I", f"{number}.py") for number in range(1, 11)]
    assert unprobed(programs, []) == ["python -I 1.py and 9 more: python -I keeps the probe out"]
