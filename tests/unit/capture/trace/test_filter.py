"""The filter's program, run by a small machine of our own for every architecture."""

import os
import shutil
import struct
import subprocess

import pytest

from ledger.capture.trace import abi, bpf


def evaluate(program, arch, number, *words):
    """Run a classic BPF program over what the kernel would give it."""
    words = (*words, *(0,) * (6 - len(words)))
    data = struct.pack("=IIQ6Q", number, arch, 0, *(word & 0xFFFFFFFFFFFFFFFF for word in words))
    instructions = list(struct.iter_unpack("=HBBI", program))
    place = accumulator = 0
    while True:
        code, if_true, if_false, value = instructions[place]
        place += 1
        if code == bpf.LOAD:
            (accumulator,) = struct.unpack_from("=I", data, value)
        elif code == bpf.JUMP:
            place += value
        elif code == bpf.EQUAL:
            place += if_true if accumulator == value else if_false
        elif code == bpf.ANY_BIT:
            place += if_true if accumulator & value else if_false
        elif code == bpf.RETURN:
            return value == bpf.NOTIFY
        else:
            raise AssertionError(code)


MACHINES = ["x86_64", "aarch64"]


@pytest.mark.parametrize("name", MACHINES)
def test_what_is_asked_about(name):
    machine = abi.machine(name)
    program = bpf.build(machine)
    assert len(program) // 8 < 4096
    for (arch, number), call in machine.calls.items():
        words = (call.only,) if call.only >= 0 else (1, 1) if call.some >= 0 else ()
        assert evaluate(program, arch, number, *words), (hex(arch), number)
    seen = dict.fromkeys(arch for arch, _ in machine.calls)
    for arch in seen:
        for number in (*range(600), *range(abi.X32_BIT, abi.X32_BIT + 600)):
            if (arch, number) not in machine.calls:
                assert not evaluate(program, arch, number), (hex(arch), number)


@pytest.mark.parametrize("name", MACHINES)
def test_the_flags_are_looked_at(name):
    machine = abi.machine(name)
    program = bpf.build(machine)
    directory = 0o200000 if name == "x86_64" else 0o40000
    for (arch, number), call in machine.calls.items():
        if call.does != abi.OPEN:
            continue
        for flags, asked in (
            (0, True),
            (os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, True),
            (directory, False),
            (abi.O_PATH, False),
        ):
            words = [0] * 6
            words[call.flags] = flags
            assert evaluate(program, arch, number, *words) == asked


def test_a_foreign_architecture_is_always_asked_about():
    assert evaluate(bpf.build(abi.machine("x86_64")), 0x12345678, 1)


def test_socketcall_is_asked_about_for_connect_only():
    program = bpf.build(abi.machine("x86_64"))
    assert [n for n in range(21) if evaluate(program, abi.I386, 102, n)] == [3]


@pytest.mark.parametrize("name", MACHINES)
def test_work_that_is_not_submitted_is_not_asked_about(name):
    program = bpf.build(abi.machine(name))
    numbers = {(arch, n) for (arch, n), call in abi.machine(name).calls.items() if call.some >= 0}
    assert {number & ~abi.X32_BIT for _, number in numbers} == {426}  # io_uring_enter
    for arch, number in numbers:
        assert [n for n in range(3) if evaluate(program, arch, number, 7, n)] == [1, 2]


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="numbers of this machine's headers")
@pytest.mark.parametrize(
    ("header", "arch", "bit"),
    [("unistd_64.h", abi.X86_64, 0), ("unistd_32.h", abi.I386, 0), ("unistd_x32.h", abi.X86_64, abi.X32_BIT)],
)
def test_the_numbers_are_those_of_the_kernels_headers(header, arch, bit):
    places = [f"/usr/include/x86_64-linux-gnu/asm/{header}", f"/usr/include/asm/{header}"]
    path = next((path for path in places if os.path.exists(path)), None)
    if path is None:
        pytest.skip("the kernel's headers are not installed")
    numbers = {}
    with open(path) as file:
        for line in file:
            words = line.replace("(__X32_SYSCALL_BIT +", "").replace(")", "").split()
            if len(words) == 3 and words[0] == "#define" and words[2].isdigit():
                numbers[words[1].removeprefix("__NR_")] = int(words[2]) | bit
    names = abi._calls(0)
    expected = {numbers[name]: names[name] for name in names if name in numbers}
    found = {
        number: call
        for (each, number), call in abi.machine("x86_64").calls.items()
        if each == arch and bool(number & abi.X32_BIT) == bool(bit)
    }
    assert {n: c.does for n, c in found.items()} == {n: c.does for n, c in expected.items()}


OLD = r"""
#include <sys/mman.h>
#include <string.h>
static long old(long number, long a, long b, long c) {
    long result;
    __asm__ volatile("int $0x80" : "=a"(result) : "a"(number), "b"(a), "c"(b), "d"(c) : "memory");
    return result;
}
int main(int count, char **words) {
    char *low = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
    strcpy(low, words[1]);
    if (old(5, (long)low, 0, 0) < 0) return 77;       /* open */
    strcpy(low, words[2]);
    if (old(295, -100, (long)low, 01101) < 0) return 1; /* openat: write, create, truncate */
    return 0;
}
"""


@pytest.mark.skipif(
    os.uname().machine != "x86_64" or not shutil.which("cc"), reason="needs a compiler on x86-64"
)
def test_calls_of_32_bit_programs(run, place):
    (place / "old.c").write_text(OLD)
    subprocess.run(["cc", "-o", place / "old", place / "old.c"], check=True)
    done = run(place / "old", place / "input", place / "out")
    if done.status == 77:
        pytest.skip("this kernel runs no 32-bit calls")
    assert done.status == 0
    assert done.read(place) == {"old", "input"}
    assert done.written(place) == {"out"}
    assert done.watched.gaps == ()
