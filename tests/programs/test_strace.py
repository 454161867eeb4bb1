"""The judge is judged: lines that strace wrote, and what they mean."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from real import strace, truth

HERE = "/work"


def log(*lines, directory=HERE):
    return strace.read(list(lines), directory)


def test_an_open_is_named_by_the_kernel_not_by_its_spelling():
    found = log('12 openat(AT_FDCWD</work>, "../work/a", O_RDONLY|O_CLOEXEC) = 3</work/a>')
    assert list(found.touches) == ["/work/a"]
    assert found.touches["/work/a"].read
    assert not found.touches["/work/a"].written


@pytest.mark.parametrize(
    ("flags", "read", "written", "made"),
    [
        ("O_RDONLY", True, False, False),
        ("O_RDWR", True, True, False),
        ("O_WRONLY|O_CREAT|O_APPEND, 0666", True, True, False),
        ("O_WRONLY|O_CREAT|O_TRUNC, 0666", False, True, False),
        ("O_RDWR|O_CREAT|O_EXCL, 0600", True, True, True),
    ],
)
def test_flags_say_whether_content_could_come_out(flags, read, written, made):
    touch = log(f'1 openat(AT_FDCWD</work>, "a", {flags}) = 3</work/a>').touches["/work/a"]
    assert (touch.read, touch.written, touch.made) == (read, written, made)


def test_failures_directories_and_deleted_files_are_nothing():
    found = log(
        '1 openat(AT_FDCWD</work>, "a", O_RDONLY) = -1 ENOENT (No such file or directory)',
        '1 openat(AT_FDCWD</work>, ".", O_RDONLY|O_NONBLOCK|O_CLOEXEC|O_DIRECTORY) = 3</work>',
        '1 openat(AT_FDCWD</work>, "/proc/self/fd/4", O_RDONLY) = 5</tmp/x>(deleted)',
        '1 openat(AT_FDCWD</work>, "a", O_RDONLY|O_PATH) = 3</work/a>',
        '1 execve("/bin/nothing", ["nothing"], 0x7ffc /* 3 vars */) = -1 ENOENT (No such file or directory)',
        "1 +++ exited with 0 +++",
        "1 --- SIGCHLD {si_signo=SIGCHLD} ---",
    )
    assert found.touches == {}
    assert found.unread == []


def test_a_call_in_two_halves():
    found = log(
        '1 openat(AT_FDCWD</work>, "a", O_RDONLY <unfinished ...>',
        '2 openat(AT_FDCWD</work>, "b", O_RDONLY) = 4</work/b>',
        "1 <... openat resumed>) = 3</work/a>",
        '1 execve("/bin/ls", ["ls"], 0x1 /* 2 vars */ <unfinished ...>',
        "1 <... execve resumed>) = 0",
    )
    assert set(found.touches) == {"/work/a", "/work/b", "/bin/ls"}


def test_working_directories_are_followed_into_children():
    found = log(
        '1 chdir("sub") = 0',
        "1 clone(child_stack=NULL, flags=CLONE_CHILD_SETTID|SIGCHLD, child_tidptr=0x7f) = 2",
        '2 execve("./tool", ["./tool"], 0x1 /* 2 vars */) = 0',
        '1 chdir("/else") = 0',
        '2 rename("new", "old") = 0',
        "1 fchdir(3</work/third>) = 0",
        '1 unlink("gone") = 0',
    )
    assert found.touches["/work/sub/tool"].executed
    assert found.touches["/work/sub/old"].written
    assert found.touches["/work/sub/new"].removed
    assert found.touches["/work/third/gone"].removed


def test_renames_and_links_relative_to_directories():
    found = log(
        '1 renameat2(5</a>, "x", AT_FDCWD</b>, "y", RENAME_NOREPLACE) = 0',
        '1 linkat(AT_FDCWD</b>, "y", 6</c>, "z", 0) = 0',
    )
    assert found.touches["/a/x"].removed
    assert found.touches["/b/y"].written
    assert found.touches["/c/z"].written


def test_names_that_strace_escapes():
    name = "gr\\303\\274n \\74x\\76"
    found = log(f'1 openat(AT_FDCWD</work>, "{name}", O_RDONLY) = 3</work/{name}>')
    assert list(found.touches) == ["/work/grün <x>"]


def test_a_line_that_is_not_understood_is_not_passed_over():
    assert log("1 who knows").unread == ["1 who knows"]


SCRIPT = """
import os, subprocess, sys
open("data.csv").read()
open("new.txt", "w").write("x")
open("same.txt", "r+").read()
open("grown.txt", "a").write("x")
open("passing.txt", "w").close(); os.remove("passing.txt")
open("half.txt", "w").write("x"); os.replace("half.txt", "whole.txt")
os.chdir("sub")
subprocess.run(["sh", "-c", "cat < more.csv > ../copy.csv"], check=True)
"""


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_a_real_program(tmp_path):
    root, home = tmp_path / "root", tmp_path / "home"
    (root / "sub").mkdir(parents=True)
    home.mkdir()
    (root / "program.py").write_text(SCRIPT)
    for name in ("data.csv", "same.txt", "grown.txt", "unread.csv", "sub/more.csv"):
        (root / name).write_text(name)
    prefixes = tuple({sys.prefix, sys.base_prefix})
    before = truth.look(root, home, prefixes, started=2**40)
    command = [*strace.COMMAND, "-o", str(tmp_path / "log"), "--", sys.executable, "program.py"]
    subprocess.run(command, cwd=root, check=True, env={"PATH": "/usr/bin:/bin", "HOME": str(home)})
    found = strace.read((tmp_path / "log").read_text().splitlines(), str(root))
    assert found.unread == []

    def named(paths):
        return {str(Path(each).relative_to(root)) for each in paths}

    assert named(truth.inputs(found, before)) == {"data.csv", "same.txt", "grown.txt", "sub/more.csv"}
    assert named(truth.outputs(found, before)) == {"new.txt", "grown.txt", "whole.txt", "copy.csv"}
