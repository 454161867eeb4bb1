"""What the program changes: what it read is kept as it was, what it made is no input."""

import os
import subprocess

import pytest

from ledger.capture.trace import read

READS = "open('input').read()\n"


def saved(access):
    with open(access.saved) as file:
        return file.read()


CHANGES = {
    "rename over": "open('new', 'w').write('x'); os.rename('new', 'input')",
    "replace": "open('new', 'w').write('x'); os.replace('new', 'input')",
    "unlink": "os.unlink('input')",
    "unlink at": "os.unlink('input', dir_fd=os.open('.', os.O_RDONLY))",
    "truncating open": "open('input', 'w').write('x')",
    "truncate": "os.truncate('input', 2)",
    "truncate to nothing": "os.truncate('input', 0)",
    "append": "open('input', 'a').write('x')",
    "in place": "open('input', 'r+').write('x')",
    "moved away": "os.rename('input', 'elsewhere')",
    "moved, then changed": "os.rename('input', 'elsewhere'); open('elsewhere', 'w').write('x')",
    "changed by another name": "os.link('input', 'second'); open('second', 'w').write('x')",
    "changed by a link": "os.symlink('input', 'second'); open('second', 'w').write('x')",
    "changed with dots": "os.mkdir('d'); open('d/../input', 'w').write('x')",
    "directory moved": "os.mkdir('d'); os.rename('input', 'd/x'); os.rename('d', 'e'); open('e/x', 'w')",
}


@pytest.mark.parametrize("text", CHANGES.values(), ids=CHANGES)
def test_what_was_read_is_kept(run, python, place, text):
    done = run(*python(f"import os, sys; os.chdir(sys.argv[1])\n{READS}{text}", place))
    assert done.status == 0
    assert done.watched.gaps == ()
    found = done.accesses(place)["input"]
    assert found.read
    assert found.existed
    assert found.before.size == 6
    assert saved(found) == "former"
    assert read(done.tracer.spool) == done.watched


UNREAD = {
    "truncated": ("open('input', 'w').write('x'); open('input').read()", True),
    "unlinked": ("os.unlink('input')", None),
    "renamed over": ("open('new', 'w').write('x'); os.rename('new', 'input'); open('input').read()", True),
    "unlinked, then made": ("os.unlink('input'); open('input', 'w').write('x'); open('input').read()", True),
}


@pytest.mark.parametrize(("text", "listed"), UNREAD.values(), ids=UNREAD)
def test_what_was_only_replaced_is_no_input(run, python, place, text, listed):
    done = run(*python(f"import os, sys; os.chdir(sys.argv[1])\n{text}", place))
    assert done.status == 0
    assert done.read(place) == set()
    found = done.accesses(place).get("input")
    assert (found is not None) == bool(listed)
    assert not (done.tracer.spool / "before").exists()
    if found is not None:
        assert found.written


UPDATES = {
    "r+": "open('input', 'r+').close()",
    "append": "open('input', 'a').close()",
    "write only": "os.open('input', os.O_WRONLY)",
    "may create": "os.open('input', os.O_RDWR | os.O_CREAT)",
}


@pytest.mark.parametrize("text", UPDATES.values(), ids=UPDATES)
def test_what_is_opened_to_be_updated_may_be_read(run, python, place, text):
    done = run(*python(f"import os, sys; os.chdir(sys.argv[1])\n{text}", place))
    found = done.accesses(place)["input"]
    assert found.read
    assert found.written
    assert saved(found) == "former"


OWN = {
    "made": "write('a'); open('a')",
    "renamed": "write('a'); os.rename('a', 'b'); open('b')",
    "renamed twice": "write('a'); os.rename('a', 'b'); os.rename('b', 'c'); open('c')",
    "linked": "write('a'); os.link('a', 'b'); open('b')",
    "linked, unlinked": "write('a'); os.link('a', 'b'); os.unlink('a'); open('b')",
    "symbolic link": "write('a'); os.symlink('a', 'b'); open('b')",
    "dots": "os.mkdir('d'); write('a'); open('d/../a')",
    "directory renamed": "os.makedirs('d/e'); write('d/e/a'); os.rename('d', 'f'); open('f/e/a')",
    "directory renamed twice": (
        "os.mkdir('d'); write('d/a'); os.rename('d', 'e'); os.rename('e', 'f'); open('f/a')"
    ),
    "made in a process": (
        "if os.fork() == 0:\n write('a'); os.rename('a', 'b'); os._exit(0)\nos.wait(); open('b')"
    ),
    "truncated input": "open('input', 'w'); os.rename('input', 'b'); open('b')",
    "executed": "write('a', '#!/bin/true\\n'); os.chmod('a', 0o755); assert os.system('./a') == 0",
    "removed and made again": "write('a'); os.unlink('a'); write('b'); open('b'); write('a'); open('a')",
    "by a nameless file": (
        "f = os.open('.', os.O_TMPFILE | os.O_RDWR); os.write(f, b'x')\n"
        "os.link(f'/proc/self/fd/{f}', 'b', src_dir_fd=f, follow_symlinks=True); open('b')"
    ),
}


@pytest.mark.parametrize("text", OWN.values(), ids=OWN)
def test_what_it_made_is_no_input(run, python, place, text):
    start = "import os, sys; os.chdir(sys.argv[1])\ndef write(p, t='x'):\n open(p, 'w').write(t)\n"
    if "TMPFILE" in text:
        try:
            os.close(os.open(place, os.O_TMPFILE | os.O_RDWR))
        except OSError:
            pytest.skip("this file system has no nameless files")
    done = run(*python(start + text, place))
    assert done.status == 0
    assert done.read(place) == set()
    assert done.watched.gaps == ()
    made = {path for path in os.listdir(place) if path != "input" and (place / path).is_file()}
    assert made - {path for path in made if (place / path).is_symlink()} <= done.written(place)


MOVED = {
    "file": ("os.rename('input', 'b'); open('b').read()", "input"),
    "linked": ("os.link('input', 'b'); open('b').read()", "input"),
    "directory": ("os.rename('data', 'b'); open('b/deep/x').read()", "data/deep/x"),
    "directory twice": (
        "os.rename('data', 'b'); os.rename('b/deep', 'c'); open('c/x').read()",
        "data/deep/x",
    ),
    "exchanged": ("exchange(b'input', b'other'); open('other').read()", "input"),
}


@pytest.mark.parametrize(("text", "expected"), MOVED.values(), ids=MOVED)
def test_what_is_moved_and_read_is_an_input_where_it_was(run, python, place, text, expected):
    (place / "data" / "deep").mkdir(parents=True)
    (place / "data" / "deep" / "x").write_text("former")
    (place / "other").write_text("another")
    start = "import os, sys; os.chdir(sys.argv[1])\n"
    if "exchange" in text:
        start += (
            "import ctypes\ndef exchange(a, b):\n"
            " assert ctypes.CDLL(None).renameat2(-100, a, -100, b, 2) == 0\n"
        )
    words = python(start + text, place)
    done = run(*(word for word in words if word != "-S"))
    assert done.status == 0
    assert done.read(place) == {expected}
    found = done.accesses(place)[expected]
    assert found.existed
    assert saved(found) == "former"


SWAPPED = {
    "unlinked": "os.unlink('latest'); os.symlink('second', 'latest')",
    "renamed over": "os.symlink('second', 'l'); os.rename('l', 'latest')",
}


@pytest.mark.parametrize("text", SWAPPED.values(), ids=SWAPPED)
def test_a_link_that_leads_elsewhere(run, python, place, text):
    """The same path then is another file, which has to be kept as well."""
    for name in ("first", "second"):
        (place / name).mkdir()
        (place / name / "x").write_text(name)
    (place / "latest").symlink_to("first")
    start = "import os, sys; os.chdir(sys.argv[1]); open('latest/x').read()\n"
    done = run(*python(f"{start}{text}; open('latest/x').read(); os.unlink('second/x')", place))
    assert done.status == 0
    found = done.accesses(place)
    assert found["latest/x"].read
    assert found["second/x"].read
    assert saved(found["second/x"]) == "second"


def test_a_move_to_another_file_system_fails_and_changes_nothing(run, python, place):
    other = "/dev/shm"
    if not os.path.isdir(other) or os.stat(other).st_dev == place.stat().st_dev:
        pytest.skip("there is no second file system")
    text = f"import os, sys; os.chdir(sys.argv[1])\ntry: os.rename('input', '{other}/ledger-test')\n"
    done = run(*python(text + "except OSError: pass\nopen('input').read()", place))
    assert done.status == 0
    assert done.read(place) == {"input"}
    assert not any(access.path.startswith(other) for access in done.watched.accesses)


def test_nobody_asks_for_a_copy_of_what_is_kept_already(run, python, place):
    asked = []

    def keep(path, status):
        asked.append((path, status.st_size))
        return False

    done = run(*python(f"import os, sys; os.chdir(sys.argv[1])\n{READS}os.unlink('input')", place), keep=keep)
    assert asked == [(f"{place}/input", 6)]
    assert done.accesses(place)["input"].saved is None
    assert done.watched.gaps == ()


def test_a_file_too_large_to_copy_is_a_gap(run, python, place):
    done = run(*python(f"import os, sys; os.chdir(sys.argv[1])\n{READS}os.unlink('input')", place), most=5)
    assert done.accesses(place)["input"].saved is None
    assert [gap for gap in done.watched.gaps if "input" in gap and "limit" in gap]


def test_a_keep_that_raises_is_a_gap_and_the_program_goes_on(run, python, place):
    def keep(path, status):
        raise KeyError("x")

    done = run(*python(f"import os, sys; os.chdir(sys.argv[1])\n{READS}os.unlink('input')", place), keep=keep)
    assert done.status == 0
    assert done.watched.gaps


def test_a_database_that_is_only_read(run, place):
    sqlite3 = pytest.importorskip("sqlite3")
    with sqlite3.connect(place / "data.db") as connection:
        connection.execute("create table t (x)")
    connection.close()
    before = (place / "data.db").read_bytes()
    text = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); print(list(c.execute('select * from t')))"
    import sys

    done = run(sys.executable, "-I", "-B", "-c", text, place / "data.db")
    assert done.status == 0
    found = done.accesses(place)["data.db"]
    assert found.read
    assert found.written  # by its flags; its digest says that nothing changed
    with open(found.saved, "rb") as copy:
        assert copy.read() == before


def test_tools_that_replace_files(run, place):
    subprocess.run(["sed", "--version"], check=True, capture_output=True)
    done = run(
        "/bin/sh", "-c", "sed -i s/former/x/ input; cp input copy; mv copy moved; cat moved", directory=place
    )
    assert done.status == 0
    assert done.read(place) == {"input"}
    assert saved(done.accesses(place)["input"]) == "former"
    assert {"input", "moved"} <= done.written(place)


def test_many_renames_of_directories(run, python, place):
    text = (
        "import os, sys; os.chdir(sys.argv[1])\n"
        "for i in range(300):\n os.mkdir('t'); open('t/a', 'w').write('x'); os.rename('t', f'd{i}')\n"
        "for i in range(300): open(f'd{i}/a').read()"
    )
    done = run(*python(text, place))
    assert done.read(place) == set()
    assert {f"d{i}/a" for i in range(300)} <= done.written(place)
