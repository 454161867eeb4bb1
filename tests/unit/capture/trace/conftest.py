import contextlib
import ctypes
import importlib
import os
import select
import sys
import time
import traceback
from typing import NamedTuple

import pytest

from ledger.capture.accesses import Watched
from ledger.capture.trace import Tracer, TraceUnavailable


class Traced(NamedTuple):
    """What came out of a traced program."""

    status: int
    """Its exit code; minus the signal that killed it."""
    watched: Watched
    tracer: Tracer

    def accesses(self, beneath):
        """Path relative to `beneath` → access."""
        start = f"{beneath}/"
        return {
            access.path.removeprefix(start): access
            for access in self.watched.accesses
            if access.path.startswith(start)
        }

    def read(self, beneath):
        return {path for path, access in self.accesses(beneath).items() if access.read}

    def written(self, beneath):
        return {path for path, access in self.accesses(beneath).items() if access.written}


def start(tracer, argv, *, before=None, after=None, variables=None, directory=None, stdin=None):
    """Fork and execute; returns the child's process id, attached."""
    child = os.fork()
    if child == 0:
        try:
            if directory is not None:
                os.chdir(directory)
            if stdin is not None:
                os.dup2(stdin, 0)
            if before is not None:
                before()
            tracer.install()
            if after is not None:
                after()
                os._exit(0)
            os.execve(argv[0], [os.fspath(word) for word in argv], dict(variables or os.environ))
        finally:
            os._exit(126)
    tracer.attach()
    return child


def serve(tracer, child, seconds=60.0):
    """Answer until the child has ended; returns its exit code."""
    process = os.pidfd_open(child)
    poll = select.poll()
    poll.register(process, select.POLLIN)
    if tracer.attached:
        poll.register(tracer.fileno(), select.POLLIN)
    end = time.monotonic() + seconds
    try:
        while True:
            ready = {descriptor for descriptor, _ in poll.poll(1000)}
            if tracer.attached and tracer.fileno() in ready and not tracer.ended:
                tracer.serve()
            if process in ready:
                break
            assert time.monotonic() < end, "the program hangs"
    finally:
        os.close(process)
        with contextlib.suppress(ProcessLookupError):
            if time.monotonic() >= end:
                os.kill(child, 9)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


@pytest.fixture
def spool(tmp_path):
    place = tmp_path / "spool"
    place.mkdir()
    return place


@pytest.fixture
def run(spool):
    """Return a function: (words of a command) → what was traced of it."""
    tracers = []

    def run(
        *argv, keep=lambda path, status: True, most=1 << 30, seconds=60.0, spool=spool, outer=None, **options
    ):
        tracer = Tracer.prepare(spool, keep=keep, max_copy_bytes=most, outer_spool=outer, trial="inner")
        tracers.append(tracer)
        child = start(tracer, argv, **options)
        status = serve(tracer, child, seconds)
        tracer.hand_over()
        return Traced(status, tracer.watched(), tracer)

    try:
        probe = Tracer.prepare(spool, keep=lambda path, status: True, max_copy_bytes=0)
    except TraceUnavailable as error:
        pytest.skip(f"no tracing here: {error}")
    probe.close()
    (spool / "files").unlink()
    yield run
    for tracer in tracers:
        tracer.close()


@pytest.fixture
def place(tmp_path):
    """A directory with an input."""
    place = tmp_path / "place"
    place.mkdir()
    (place / "input").write_text("former")
    return place


@pytest.fixture
def python():
    """Return a function: text → words of a command, an isolated Python that runs it."""
    return lambda text, *words: (sys.executable, "-I", "-S", "-B", "-c", text, *map(os.fspath, words))


@pytest.fixture
def begin():
    """Return the function that forks, and the one that answers to the end."""
    return start, serve


@pytest.fixture
def as_nobody(tmp_path):
    """Return a function: (function) → call it in a forked process as a user without rights."""
    if os.geteuid() != 0:
        pytest.skip("only root becomes another user")
    for module in ("calls", "copies", "guard", "listener", "memory", "native", "bpf"):
        importlib.import_module(f"ledger.capture.trace.{module}")  # it may not be able to read them

    def as_nobody(function):
        for each in (tmp_path, *tmp_path.parents):
            each.chmod(each.stat().st_mode | 0o055)
        for each in (tmp_path, *tmp_path.rglob("*")):
            os.chown(each, 65534, 65534, follow_symlinks=False)
        process = os.fork()
        if process == 0:
            code = 1
            try:
                os.setgroups([])
                os.setresgid(65534, 65534, 65534)
                os.setresuid(65534, 65534, 65534)
                ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)  # as any program that this user starts: not hidden
                function()
                code = 0
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(code)
        assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == 0

    return as_nobody
