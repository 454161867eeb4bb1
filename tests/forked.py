"""``ledger`` without its start: in a fork of a process that has its imports behind it.

Only what starts no program is run so. With what does, the start and all that is in memory are tested, too.
"""

import atexit
import os
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from json import dumps  # by itself: a test may put another in its place
from pathlib import Path

_ROOT = Path(__file__).parents[1]
STARTS_PROGRAMS = frozenset(
    ("run", "replay", "tune", "why", "seeds", "robustness", "ablation", "ui", "report", "--version")
)
_READ_AT_START = ("PYTHON", "LC_", "LANG", "LD_", "TZ", "MALLOC", "OMP_", "OPENBLAS_", "MKL_", "GLIBC_")


class Forked:
    """A program in a fork.

    Parameters
    ----------
    words
        Those after ``ledger``.
    directory
        Where it is started.
    variables
        Its environment.
    streams
        Descriptors of its three streams; they are still the caller's.
    session
        Whether it begins a session of its own.
    """

    def __init__(self, words, directory, variables, streams, *, session=False):
        self.words = words
        request = {
            "words": words,
            "directory": os.fspath(directory),
            "variables": dict(variables),
            "session": session,
        }
        self._answers, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            socket.send_fds(_server()[0], [dumps(request).encode()], [*streams, theirs.fileno()])
        said = self._answers.recv(64)
        assert said, "tests/fork_server.py has ended"
        self.pid = int(said)

    def wait(self, timeout):
        """Wait so many seconds for its end; return its exit code, or what `subprocess.Popen` has for it."""
        with self._answers:
            self._answers.settimeout(timeout)
            try:
                return int(self._answers.recv(64))
            except TimeoutError:
                os.kill(self.pid, signal.SIGKILL)
                raise subprocess.TimeoutExpired(self.words, timeout) from None


def possible(words, variables):
    """Whether a command can be run so: it starts no program, and Python would start with these settings."""
    if STARTS_PROGRAMS.intersection(words):
        return False
    return _settings(variables) == _server()[1]


def run(words, *, cwd, env, input, timeout):
    """Do as `subprocess.run` does, its output captured."""
    pipes = [os.pipe() for _ in range(3)]
    (stdin, given), (out, stdout), (err, stderr) = pipes
    try:
        process = Forked(words, cwd, env, (stdin, stdout, stderr))
    finally:
        for each in (stdin, stdout, stderr):
            os.close(each)
    with ThreadPoolExecutor(3) as pool:
        said = [pool.submit(_all_of, each) for each in (out, err)]
        pool.submit(_give, given, input)
        code = process.wait(timeout)
        return subprocess.CompletedProcess(words, code, *(each.result() for each in said))


def _all_of(descriptor):
    with open(descriptor, "rb") as file:
        return file.read()


def _give(descriptor, content):
    try:
        with open(descriptor, "wb") as file:
            file.write(content)
    except BrokenPipeError:  # it does not read what it is given
        return


@cache
def _server():
    """Start the server; return the socket that it is asked over, and what it was started with."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        process = subprocess.Popen(
            [sys.executable, _ROOT / "tests" / "fork_server.py"], stdin=theirs, stdout=subprocess.DEVNULL
        )

    def end():
        ours.close()
        process.wait()

    atexit.register(end)
    return ours, _settings(os.environ)


def _settings(variables):
    return {name: value for name, value in variables.items() if name.startswith(_READ_AT_START)}
