import os
import subprocess
import sys

from ledger.ops import descendants


def test_all_generations_are_killed_also_in_sessions_of_their_own():
    code = """
import subprocess
subprocess.Popen(["setsid", "sh", "-c", "echo up; sleep 4711 & wait"])
subprocess.Popen(["sh", "-c", "echo up; sleep 4711 & wait"]).wait()
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as process:
        assert [process.stdout.readline() for _ in range(2)] == [b"up\n", b"up\n"]
        descendants.kill(process.pid)
        assert process.stdout.read() == b""  # it ends as soon as nobody is left who has it open
    assert process.returncode == -9


def test_a_child_that_is_gone_already():
    process = subprocess.Popen(["true"])
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    descendants.kill(process.pid)
    assert process.wait() == 0
