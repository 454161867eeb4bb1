"""Every spelling of a path, and every kind of open."""

import os
import sys
import time

import pytest


def test_what_is_read_and_written(run, python, place):
    done = run(*python("import sys; open(sys.argv[2], 'w').write(open(sys.argv[1]).read())"), place / "input")
    assert done.status == 1  # a missing word
    done = run(
        *python("import sys; open(sys.argv[2], 'w').write(open(sys.argv[1]).read())"),
        place / "input",
        place / "output",
    )
    assert done.status == 0
    assert done.tracer.attached
    assert done.watched.gaps == ()
    found = done.accesses(place)
    assert sorted(found) == ["input", "output"]
    assert found["input"].read
    assert found["input"].existed
    assert not found["input"].written
    assert found["input"].before.size == 6
    assert found["output"].written
    assert not found["output"].read
    assert not found["output"].existed
    assert found["output"].before is None


SPELLINGS = {
    "relative": "os.chdir(d); open('input')",
    "dot": "os.chdir(d); open('./input')",
    "directory descriptor": "os.open('input', os.O_RDONLY, dir_fd=os.open(d, os.O_RDONLY | os.O_DIRECTORY))",
    "path descriptor": "os.open('input', os.O_RDONLY, dir_fd=os.open(d, os.O_PATH))",
    "fchdir": "os.fchdir(os.open(d, os.O_RDONLY)); open('input')",
    "own descriptor": "f = os.open(d + '/input', os.O_PATH); open(f'/proc/self/fd/{f}')",
    "dev fd": "f = os.open(d + '/input', os.O_PATH); open(f'/dev/fd/{f}')",
    "own directory": "os.chdir(d); open('/proc/self/cwd/input')",
    "forked": "os.chdir(d)\nif os.fork() == 0: open('input'); os._exit(0)\nos.wait()",
    "thread": (
        "import threading; os.chdir(d)\n"
        "t = threading.Thread(target=lambda: open('input')); t.start(); t.join()"
    ),
    "non-blocking": "os.open(d + '/input', os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)",
    "read only, might create": "os.open(d + '/input', os.O_RDONLY | os.O_CREAT)",
    "twice": "open(d + '/input').read(); open(d + '/input').read()",
}


@pytest.mark.parametrize("text", SPELLINGS.values(), ids=SPELLINGS)
def test_a_file_is_read(run, python, place, text):
    done = run(*python(f"import os, sys; d = sys.argv[1]\n{text}", place))
    assert done.status == 0
    assert [os.path.normpath(path) for path in done.read(place)] == ["input"]
    assert done.written(place) == set()
    assert done.watched.gaps == ()


def test_dots_are_left_as_they_are_spelt(run, python, place):
    (place / "beneath").mkdir()
    done = run(*python("import os, sys; os.chdir(sys.argv[1]); open('../input')", place / "beneath"))
    assert done.read(place) == {"beneath/../input"}


def test_names_that_are_no_text(run, python, place):
    name = os.fsencode(place) + b"/\xff\xfe \n\t"
    with open(name, "w") as file:
        file.write("x")
    text = f"open({name!r}).read(); open({name + b'2'!r}, 'w')"
    done = run(*python(text))
    assert done.read(place) == {"\udcff\udcfe \n\t"}
    assert done.written(place) == {"\udcff\udcfe \n\t2"}


def test_the_longest_path(run, python, place):
    deep = place
    while len(os.fsencode(deep)) + 202 < 4000:
        deep = deep / ("d" * 200)
    deep.mkdir(parents=True)
    name = "f" * (4095 - len(os.fsencode(deep)) - 1)
    where = os.open(deep, os.O_RDONLY)
    os.close(os.open(name[:200], os.O_WRONLY | os.O_CREAT, dir_fd=where))
    os.close(where)
    path = f"{deep}/" + "/" * (4095 - len(os.fsencode(deep)) - 201) + name[:200]
    assert len(path) == 4095
    done = run(*python(f"open({path!r}).close()\ntry: open('/' + {path!r})\nexcept OSError: pass"))
    assert done.status == 0
    assert path in {access.path for access in done.watched.accesses}
    assert done.watched.gaps == ()


AT_THE_EDGE = """
import ctypes, mmap, os, sys
library = ctypes.CDLL(None, use_errno=True)
library.mmap.restype = ctypes.c_void_p
library.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long]
page = mmap.PAGESIZE
place = library.mmap(None, 3 * page, 3, 0x22, -1, 0)
library.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
library.munmap(place + 2 * page, page)
def opens(address):
    return library.open(ctypes.c_void_p(address), os.O_RDONLY)
path = os.fsencode(sys.argv[1]) + b"\\0"
for address in (place + 2 * page - len(path), place + page - 5, place + page - len(path) + 1):
    ctypes.memmove(address, path, len(path))
    assert opens(address) >= 0, ctypes.get_errno()
ctypes.memmove(place + 2 * page - len(path) + 1, path[:-1], len(path) - 1)  # its NUL is not mapped
assert opens(place + 2 * page - len(path) + 1) == -1
assert opens(8) == -1
assert opens(0) == -1
"""


def test_a_path_at_the_edge_of_its_page(run, place):
    done = run(sys.executable, "-I", "-B", "-c", AT_THE_EDGE, place / "input")
    assert done.status == 0
    assert done.read(place) == {"input"}
    assert done.watched.gaps == ()


FAILED = """
import os, sys
os.chdir(sys.argv[1])
def no(*words, **options):
    try: os.open(*words, **options)
    except OSError: return
    raise AssertionError(words)
no('absent', os.O_RDONLY)
no('absent', os.O_RDWR)
no('absent/beneath', os.O_WRONLY | os.O_CREAT)
no('input', os.O_WRONLY | os.O_CREAT | os.O_EXCL)
no('input/beneath', os.O_RDONLY)
no('input', os.O_RDONLY, dir_fd=99)
no('', os.O_RDONLY)
for call in (os.rename, os.link):
    try: call('absent', 'other')
    except OSError: pass
try: os.unlink('absent')
except OSError: pass
try: os.truncate('absent', 0)
except OSError: pass
try: os.execv('absent', ['absent'])
except OSError: pass
try: os.execv('input', ['input'])
except OSError: pass
"""


def test_what_fails_leaves_nothing(run, python, place):
    done = run(*python(FAILED, place))
    assert done.status == 0
    assert done.accesses(place) == {}
    assert len(done.watched.programs) == 1


def test_what_is_no_file(run, python, place):
    text = (
        "import os, sys; os.chdir(sys.argv[1]); os.mkfifo('pipe')\n"
        "os.open('.', os.O_RDONLY); os.open('pipe', os.O_RDWR)\n"
        "open('/dev/null', 'w'); open('/proc/self/maps')"
    )
    done = run(*python(text, place))
    assert done.status == 0
    assert done.accesses(place) == {}
    assert not any(access.path.startswith(("/dev", "/proc")) for access in done.watched.accesses)


@pytest.mark.parametrize("flags", [os.O_RDWR, os.O_RDONLY | os.O_NONBLOCK])
def test_a_pipe_that_was_there_may_bring_something(run, python, place, flags):
    os.mkfifo(place / "pipe")
    time.sleep(0.05)
    done = run(*python(f"import os, sys; os.open(sys.argv[1] + '/pipe', {flags})", place))
    assert done.status == 0
    assert done.read(place) == {"pipe"}
    assert done.written(place) == set()


def test_what_may_not_be_read(run, place, as_nobody):
    (place / "input").chmod(0o000)

    def check():
        done = run("/bin/sh", "-c", "cat input; echo >> input; exit 7", directory=place)
        assert done.status == 7
        assert done.tracer.attached
        assert done.tracer.privileges_dropped
        assert done.accesses(place) == {}
        assert done.watched.gaps == ()

    as_nobody(check)


def test_standard_input(run, place):
    descriptor = os.open(place / "input", os.O_RDONLY)
    done = run("/bin/cat", stdin=descriptor)
    os.close(descriptor)
    assert done.status == 0
    assert done.read(place) == {"input"}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may")
def test_another_root(run, python, place):
    (place / "jail").mkdir()
    (place / "jail" / "data").write_text("x")
    text = "import os, sys; os.chroot(sys.argv[1]); os.chdir('/'); open('/data').read(); open('/new', 'w')\n"
    text += "if os.fork() == 0: open('data').read(); os._exit(0)\nos.wait()"
    done = run(*python(text, place / "jail"))
    assert done.status == 0
    assert done.read(place) == {"jail/data"}
    assert done.written(place) == {"jail/new"}


IN_MOUNTS = """
import ctypes, os, sys
library = ctypes.CDLL(None, use_errno=True)
flags = 0x20000 if os.geteuid() == 0 else 0x10020000
assert library.unshare(flags) == 0
library.mount(None, b"/", None, ctypes.c_ulong(0x44000), None)
place = os.fsencode(sys.argv[1])
assert library.mount(place + b"/over", place + b"/under", None, ctypes.c_ulong(0x1000), None) == 0
open(place + b"/input").read()
open(place + b"/under/hidden").read()
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root surely may")
def test_other_mounts(run, place):
    for name in ("over", "under"):
        (place / name).mkdir()
        (place / name / "hidden").write_text(name)
    done = run(sys.executable, "-I", "-B", "-c", IN_MOUNTS, place)
    assert done.status == 0
    assert done.read(place) == {"input"}  # the same file by the same path
    assert "other mounts" in " ".join(done.watched.gaps)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root surely may")
def test_the_program_has_mounts_of_its_own_from_the_start(run, python, place):
    """As at a replay: paths mean what the program sees, and that is no gap."""
    from ledger.ops import namespace

    for name in ("over", "under"):
        (place / name).mkdir()
    (place / "over" / "data").write_text("longer")
    enter = namespace.prepare([namespace.Bind(source=str(place / "over"), target=str(place / "under"))])
    text = "import sys; d = sys.argv[1]; open(d + '/under/data').read(); open(d + '/under/new', 'w')"
    done = run(*python(text, place), before=enter)
    assert done.status == 0
    assert done.watched.gaps == ()
    assert done.read(place) == {"under/data"}
    assert done.written(place) == {"under/new"}
