"""What is opened through io_uring is not seen, and that is said; what opens nothing by it is not doubted."""

import sys
from pathlib import Path

import pytest

SWITCH = Path("/proc/sys/kernel/io_uring_disabled")

RING = """
import ctypes, mmap, os, struct
SETUP, ENTER = 425, 426
NOP, OPENAT, NEWER = 0, 18, 200
library = ctypes.CDLL(None, use_errno=True)

class Ring:
    def __init__(self, flags=0):
        given = ctypes.create_string_buffer(struct.pack("=II", 0, 0) + struct.pack("=I", flags), 120)
        self.number = library.syscall(SETUP, 4, given)
        assert self.number >= 0, os.strerror(ctypes.get_errno())
        filled = struct.unpack("=30I", given.raw)
        head, tail, mask, _, _, _, array = filled[10:17]
        self.queue = mmap.mmap(self.number, array + 4 * 4, offset=0)
        self.entries = mmap.mmap(self.number, 64 * 4, offset=0x10000000)
        self.tail, self.array = tail, array

    def put(self, operation, address=0):
        entry = struct.pack("=BBHiQQIIQHHiQQ", operation, 0, 0, -100, 0, address, 0, 0, 0, 0, 0, 0, 0, 0)
        last, = struct.unpack_from("=I", self.queue, self.tail)
        place = last % 4
        self.entries[64 * place : 64 * place + 64] = entry
        struct.pack_into("=I", self.queue, self.array + 4 * place, place)
        struct.pack_into("=I", self.queue, self.tail, last + 1)
        return self

    def enter(self, many=1):
        assert library.syscall(ENTER, self.number, many, many, 1, 0, 0) == many, ctypes.get_errno()
        return self

    def close(self):
        self.queue.close()
        self.entries.close()
        os.close(self.number)

name = ctypes.create_string_buffer(b"input")
opened = lambda ring: ring.put(OPENAT, ctypes.addressof(name)).enter()
"""


@pytest.fixture(autouse=True)
def allowed():
    if SWITCH.exists() and SWITCH.read_text().strip() != "0":
        pytest.skip("not everybody may use io_uring here")


@pytest.fixture
def gaps(run, place):
    """Return a function: (text) → what is said of a program that has a ring."""
    (place / "input").write_text("1")

    def gaps(text):
        done = run(sys.executable, "-I", "-B", "-c", RING + text, directory=place)
        assert done.status == 0
        return done.watched.gaps

    return gaps


@pytest.mark.parametrize(
    "text",
    [
        "Ring()",
        "Ring().put(NOP).enter()",
        "Ring().put(NOP).put(NOP).enter(2).put(NOP).enter()",
        "[Ring().put(NOP).enter() for _ in range(3)]",
        "for _ in range(3): Ring().put(NOP).enter().close()",
        "library.syscall(SETUP, 4, None)",
    ],
    ids=["unused", "one", "several", "rings", "one after another", "failed"],
)
def test_what_opens_nothing_hides_nothing(gaps, text):
    assert gaps(text) == ()


@pytest.mark.parametrize(
    "text",
    [
        "opened(Ring())",
        "opened(Ring().put(NOP).enter())",
        "first, second = Ring().put(NOP).enter(), Ring(); opened(second)",
        "ring = Ring().put(NOP).enter(); ring.close(); opened(Ring())",
        "Ring().put(NEWER).enter()",
        "pid = os.fork()\nif not pid: opened(Ring()); os._exit(0)\nassert os.waitpid(pid, 0)[1] == 0",
        "ring = Ring().put(NOP).enter(); os.fork() or opened(Ring())",
    ],
    ids=[
        "first",
        "later",
        "second ring",
        "after another",
        "unknown",
        "in a child",
        "in a child with its parent's",
    ],
)
def test_what_opens_is_told(gaps, text):
    (reason,) = gaps(text)
    assert "io_uring" in reason
    assert "python" in reason


def test_a_ring_that_the_kernel_polls_is_told(gaps):
    (reason,) = gaps("Ring(flags=1 << 1)")
    assert "UV_USE_IO_URING=0" in reason
