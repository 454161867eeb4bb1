"""The same files as strace sees, for programs that we did not write."""

import os
import re
import shutil
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed")

_OPENED = re.compile(rb"^\d+ +(?:openat|openat2|open|creat)\((.*)\) = \d+(<.*>)?$")
_EXECUTED = re.compile(rb'^\d+ +execve\("((?:[^"\\]|\\.)*)".*\) = 0$')


def strace(words, directory, log):
    """Absolute real paths of the regular files that a command opened or executed."""
    command = [
        "strace",
        "-f",
        "-y",
        "-s",
        "4096",
        "-o",
        str(log),
        "-e",
        "trace=open,openat,openat2,creat,execve",
    ]
    done = subprocess.run([*command, *map(str, words)], cwd=directory, capture_output=True)
    found = set()
    unfinished = {}
    for line in log.read_bytes().splitlines():
        process, _, rest = line.partition(b" ")
        if b"<unfinished ...>" in rest:
            unfinished[process] = rest.strip().removesuffix(b"<unfinished ...>").rstrip()
            continue
        resumed = re.match(rb"^ *<\.\.\. \w+ resumed>(.*)$", rest)
        if resumed and process in unfinished:
            rest = unfinished.pop(process) + resumed[1]
            line = process + b" " + rest
        line = re.sub(rb"\) += ", b") = ", line)
        if (match := _OPENED.match(line)) and match[2]:
            found.add(match[2][1:-1])
        elif match := _EXECUTED.match(line):
            found.add(os.path.join(os.fsencode(directory), match[1]))
    return done, {path for path in map(os.path.realpath, found) if wanted(path)}


def wanted(path):
    return not path.startswith((b"/proc", b"/dev", b"/sys")) and os.path.isfile(path)


WORKLOADS = {
    "pipeline": [
        "/bin/sh",
        "-c",
        "cat input | sort | tee out | wc -l > count; grep -r x . | head -2; ls > names",
    ],
    "tree": [
        "/bin/sh",
        "-c",
        "for i in 1 2 3; do (sh -c 'cat input > out$0; env A=b cat out$0' $i) & done; wait; cp input b",
    ],
    "imports": [
        sys.executable,
        "-I",
        "-B",
        "-c",
        "import json, decimal, sqlite3, ssl, email.message, asyncio",
    ],
    "children": [
        sys.executable,
        "-I",
        "-B",
        "-c",
        """if 1:
            import subprocess, multiprocessing.pool as p
            subprocess.run(['cat', 'input']); subprocess.run('cat input', shell=True)
            print(p.ThreadPool(4).map(lambda i: open('input').read(), range(20)))
        """,
    ],
    "posix_spawn": [
        sys.executable,
        "-I",
        "-B",
        "-c",
        "import os; p = os.posix_spawnp('cat', ['cat', 'input'], os.environ); os.waitpid(p, 0)",
    ],
    "perl": [
        "perl",
        "-e",
        "use POSIX; use File::Spec; open(F, '<', 'input'); open(G, '>', 'out'); print G <F>;",
    ],
    "git": ["/bin/sh", "-c", "git init -q g && cd g && cp ../input . && git add input && git status"],
    "archive": ["/bin/sh", "-c", "tar cf a.tar input && mkdir x && tar xf a.tar -C x && gzip a.tar"],
}

# What is moved into its place is not opened there; the C library opens libgcc when a thread ends by
# `pthread_exit`, which those of a pool do if the interpreter ends first.
NOT_EACH_TIME = {b"HEAD", b"config", b"index", b"a.tar.gz", b"libgcc_s.so.1"}


@pytest.mark.parametrize("words", WORKLOADS.values(), ids=WORKLOADS)
def test_the_same_files(run, place, tmp_path, words):
    if not shutil.which(words[0]):
        pytest.skip(f"{words[0]} is not installed")
    other = tmp_path / "other"
    shutil.copytree(place, other)
    by_strace, expected = strace(words, other, tmp_path / "log")
    full = [shutil.which(words[0]), *words[1:]]
    done = run(*full, directory=place)
    assert done.status == by_strace.returncode
    assert done.watched.gaps == ()
    found = {
        path for access in done.watched.accesses if wanted(path := os.path.realpath(os.fsencode(access.path)))
    }
    expected = {path.replace(os.fsencode(other), os.fsencode(place)) for path in expected}
    expected = {path for path in expected if os.path.isfile(path)}
    changing = re.compile(rb"/\.git/objects/|\.lock$|tmp_obj")
    missing = {path for path in expected - found if not changing.search(path)}
    assert {path for path in missing if not path.endswith(b"/libgcc_s.so.1")} == set()
    more = {path for path in found - expected if not changing.search(path)}
    assert {os.path.basename(path) for path in more} <= NOT_EACH_TIME


STATIC = r"""
#include <fcntl.h>
#include <unistd.h>
int main(void) { char text[9]; int f = open("input", O_RDONLY); int g = creat("out", 0600);
    return write(g, text, read(f, text, 6)) != 6; }
"""


@pytest.mark.skipif(not shutil.which("cc"), reason="there is no compiler")
def test_a_static_program(run, place):
    (place / "static.c").write_text(STATIC)
    made = subprocess.run(["cc", "-static", "-o", place / "static", place / "static.c"], capture_output=True)
    if made.returncode:
        pytest.skip("nothing can be linked statically here")
    done = run(place / "static", directory=place)
    assert done.status == 0
    assert done.read(place) == {"static", "input"}
    assert done.written(place) == {"out"}
    (program,) = done.watched.programs
    assert program.executable == f"{place}/static"
