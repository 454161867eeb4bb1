"""Files that are hard to watch: by their number or size, their names, or what happens to them meanwhile."""

import os
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from ledger.model import Digest, layout
from tests.patience import PATIENCE_S


def of(content):
    return str(Digest.of(content if isinstance(content, bytes) else content.encode()))


def wait_for(condition, seconds=PATIENCE_S):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come in time"
        time.sleep(0.01)


@pytest.fixture
def data(tmp_path):
    place = tmp_path / "data"
    place.mkdir()
    (place / "one").write_text("one")
    return place


@pytest.fixture
def python(show, script):
    """Record a Python program, given by its text; nothing but `os` is imported."""

    def python(text, **options):
        script("import os\n" + text if not text.startswith("\n") else text)
        return show(sys.executable, "-S", "job.py", **options)

    return python


MEANS = {
    "sendfile": "a = os.open({0!r}, 0); b = os.open('out', 65, 0o644); os.sendfile(b, a, 0, 100)",
    "copy_file_range": "a = os.open({0!r}, 0); b = os.open('out', 65, 0o644); os.copy_file_range(a, b, 100)",
    "mmap": "import mmap; f = open({0!r}, 'rb'); open('out', 'wb').write(mmap.mmap(f.fileno(), 0, prot=1))",
    "pread": "a = os.open({0!r}, 0); open('out', 'wb').write(os.pread(a, 100, 0))",
    "relative to a directory": (
        "d = os.open(os.path.dirname({0!r}), os.O_DIRECTORY); a = os.open('one', 0, dir_fd=d); "
        "open('out', 'wb').write(os.read(a, 100))"
    ),
    "a descriptor opened anew": (
        "d = os.open({0!r}, os.O_PATH); open('out', 'wb').write(open('/proc/self/fd/%d' % d, 'rb').read())"
    ),
    "a link beside it": "os.symlink({0!r}, 'link'); open('out', 'wb').write(open('link', 'rb').read())",
    "after chdir": (
        "here = os.getcwd(); os.chdir(os.path.dirname({0!r})); t = open('one').read(); os.chdir(here); "
        "open('out', 'w').write(t)"
    ),
    "a thread": (
        "import threading; t = threading.Thread(target=lambda: open('out', 'w').write(open({0!r}).read())); "
        "t.start(); t.join()"
    ),
    "removed after it was read": "t = open({0!r}).read(); os.remove({0!r}); open('out', 'w').write(t)",
    "replaced after it was read": (
        "t = open({0!r}).read(); open({0!r} + 'x', 'w').write('other'); os.rename({0!r} + 'x', {0!r}); "
        "open('out', 'w').write(t)"
    ),
    "moved away and read": "os.rename({0!r}, {0!r} + '2'); open('out', 'w').write(open({0!r} + '2').read())",
    "by two names": (
        "os.link({0!r}, {0!r} + '2'); open({0!r} + '2').read(); open('out', 'w').write(open({0!r}).read())"
    ),
    "by two spellings": (
        "d, n = os.path.split({0!r}); t = open(d + '/../data/./' + n).read(); open('out', 'w').write(t); "
        "open({0!r}).read()"
    ),
}


@pytest.mark.parametrize("means", MEANS)
def test_ways_to_read(python, data, means):
    found = python(MEANS[means].format(str(data / "one")))
    assert found.inputs == {str(data / "one"): of("one")}
    assert found.outputs["out"] == of("one")
    assert found.health["inputs"] == ("complete", "")


def test_a_directory_that_is_only_listed_is_no_input(python, data):
    found = python(
        f"os.listdir({str(data)!r}); os.close(os.open({str(data)!r}, os.O_DIRECTORY)); os.scandir('.')"
    )
    assert (found.inputs, found.outputs) == ({}, {})


def test_what_is_no_file(python, tool, data):
    os.mkfifo(data / "pipe")
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(data / "socket"))
    server.listen()
    with server:
        found = python(
            f"""
import os, socket
a = os.open({str(data / "pipe")!r}, os.O_RDWR); os.write(a, b"x"); os.read(a, 1)
socket.socket(socket.AF_UNIX).connect({str(data / "socket")!r})
os.close(os.open("/dev/null", 0)); open("/dev/urandom", "rb").read(1)
try:
    open({str(data / "socket")!r})
except OSError:
    pass
"""
        )
    assert (found.inputs, found.outputs) == ({}, {})
    assert "named pipes" in found.health["inputs"][1]
    assert "pipe" in found.health["inputs"][1]


STRANGE = [
    b"a name\nof two lines",
    b"\xff\xfe no text",
    b" ",
    b"-rf",
    "ü€😀".encode(),
    b"tab\tquote'\"",
    b"\\x41",
    b"n" * 255,
]


@pytest.mark.parametrize("name", STRANGE)
def test_names(tool, python, data, name):
    place = os.fsencode(data) + b"/" + name
    Path(os.fsdecode(place)).write_bytes(b"x")
    found = python(f"t = open({place!r}, 'rb').read(); open(b'out-' + {name[:200]!r}, 'wb').write(t)")
    assert list(found.inputs.values()) == [of("x")]
    assert list(found.outputs.values()) == [of("x")]
    assert found.health["inputs"] == ("complete", "")
    tool("show", "@")
    tool("verify")


def test_the_longest_path(python, data):
    piece = "d" * 200
    os.chdir(data)
    here, length = os.open(data, os.O_DIRECTORY), len(str(data))
    names = []
    while length + 201 < 4090:
        os.mkdir(piece, dir_fd=here)
        below = os.open(piece, os.O_DIRECTORY, dir_fd=here)
        os.close(here)
        here, length = below, length + 201
        names.append(piece)
    last = "f" * (4094 - length)
    descriptor = os.open(last, os.O_CREAT | os.O_WRONLY, dir_fd=here)
    os.write(descriptor, b"deep")
    os.close(descriptor)
    os.close(here)
    path = "/".join([str(data), *names, last])
    assert len(path) == 4095
    found = python(f"print(open({path!r}).read())")
    assert found.out == "deep\n"
    assert found.inputs == {path: of("deep")}, found.health["inputs"]


def test_through_a_directory_that_is_a_link(tool, python, data):
    (tool.path / "near").symlink_to(data)
    found = python("print(open('near/one').read())")
    assert found.inputs["near/one"] == of("one") or found.inputs[str(data / "one")] == of("one")
    assert found.health["inputs"] == ("complete", "")
    assert len(found.inputs) <= 2


@pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts")
def test_a_bind_mount(tool, python, data, tmp_path):
    target = tmp_path / "mounted"
    target.mkdir()
    if subprocess.run(["mount", "--bind", data, target], capture_output=True, check=False).returncode:
        pytest.skip("nothing can be mounted here")
    try:
        found = python(f"print(open({str(target / 'one')!r}).read()); open({str(target / 'new')!r}, 'w')")
        assert found.inputs == {str(target / "one"): of("one")}
        assert set(found.outputs) == {str(target / "new")}
    finally:
        subprocess.run(["umount", "-l", target], check=True)


@pytest.mark.parametrize("mode", ["delete", "wal"])
def test_a_database_that_is_only_read(python, tool, data, mode):
    database = data / "table.db"
    made = sqlite3.connect(database)
    made.execute(f"pragma journal_mode={mode}")
    made.execute("create table t (x)")
    made.execute("insert into t values (1)")
    made.commit()
    made.close()
    former = of(database.read_bytes())
    query = f"""
import sqlite3
base = sqlite3.connect({str(database)!r})
print(base.execute("select x from t").fetchall())
base.close()
"""
    found = python(query)
    assert found.out == "[(1,)]\n"
    assert found.inputs == {str(database): former}
    assert found.outputs == {}, "its -wal and -shm are gone again"
    assert found.health["inputs"] == ("complete", "")
    changed = python(
        query.replace("select x from t", "insert into t values (2)").replace(
            "base.close", "base.commit(); base.close"
        )
    )
    assert changed.inputs == {str(database): former}
    assert changed.outputs == {str(database): of(database.read_bytes())}
    assert changed.health["inputs"] == ("complete", "")


def test_a_database_whose_log_is_left(python, data):
    """Another program has the database open: what it holds is in the log beside it."""
    database = data / "table.db"
    other = sqlite3.connect(database)
    other.execute("pragma journal_mode=wal")
    other.execute("create table t (x)")
    other.execute("insert into t values (1)")
    other.commit()
    try:
        assert (data / "table.db-wal").stat().st_size > 0
        found = python(
            f"import sqlite3; base = sqlite3.connect({str(database)!r}); "
            "print(base.execute('select x from t').fetchall())"
        )
        assert found.out == "[(1,)]\n"
        assert {str(database), str(database) + "-wal"} <= set(found.inputs)
        assert str(database) not in found.outputs
        assert str(database) + "-wal" not in found.outputs
    finally:
        other.close()


def test_an_array_that_is_mapped(show, script, data):
    numpy = pytest.importorskip("numpy")
    numpy.save(data / "a.npy", numpy.arange(1000.0))
    former = of((data / "a.npy").read_bytes())
    script(
        f"""
        import numpy, sys
        mode = sys.argv[1]
        array = numpy.load({str(data / "a.npy")!r}, mmap_mode=mode)
        print(array.sum())
        if mode == "r+":
            array[0] = 1.0
            array.flush()
        """
    )
    found = show(sys.executable, "job.py", "r")
    assert found.inputs == {str(data / "a.npy"): former}
    assert found.outputs == {}
    found = show(sys.executable, "job.py", "r+")
    assert found.inputs == {str(data / "a.npy"): former}
    assert found.outputs == {str(data / "a.npy"): of((data / "a.npy").read_bytes())}


def test_changed_by_another_process(tool, script, data):
    """What the program read is not there any more when it is to be stored: that is said."""
    script(
        f"""
        import os, time
        open({str(data / "one")!r}).read()
        open("began", "w").close()
        while not os.path.exists("go"):
            time.sleep(0.01)
        """
    )
    process = subprocess.Popen(
        [*tool.words, "run", "-q", sys.executable, "-S", "job.py"], cwd=tool.path, stdin=subprocess.DEVNULL
    )
    wait_for((tool.path / "began").exists)
    (data / "one").write_text("by somebody else")
    (tool.path / "go").touch()
    assert process.wait(PATIENCE_S) == 0
    document = tool.document("show", "@")
    (found,) = document["inputs"]
    assert (found["path"], found["digest"]) == (str(data / "one"), None)
    line = next(each for each in document["health"] if each["part"] == "inputs")
    assert line["state"] == "partial"
    assert "changed while the trial ran" in line["reason"]
    assert str(data / "one") in line["reason"]
    assert document["recipe_complete"] is False


@pytest.mark.parametrize("where", ["out", "in"])
def test_a_file_that_changes_while_it_is_hashed(tool, script, data, where):
    """Another process goes on writing: it has once the program has read, and while the end is recorded."""
    path = data / "log" if where == "in" else tool.path / "log"
    path.write_bytes(b"x" * 3_000_000)
    writer = subprocess.Popen(
        [
            sys.executable,
            "-c",
            (
                "import sys, time\nend = time.monotonic() + 1000\nwith open(sys.argv[1], 'ab', 0) as f:\n"
                " while time.monotonic() < end:\n  f.write(b'y' * 100); time.sleep(0.0002)"
            ),
            str(path),
        ]
    )
    read = f"cat {path} > /dev/null; size=$(stat -c %s {path})"
    grown = f"while [ $(stat -c %s {path}) = $size ]; do sleep 0.01; done"
    try:
        tool("run", "-q", "sh", "-c", f"{read}; {grown}; echo 1 > made")
    finally:
        writer.kill()
        writer.wait()
    document = tool.document("show", "@")
    assert "made" in {each["path"] for each in document["outputs"]}
    states = {each["part"]: (each["state"], each["reason"]) for each in document["health"]}
    assert states["inputs"][0] == "partial"
    assert "log" in states["inputs"][1]
    assert document["recipe_complete"] is False
    tool("verify")


@pytest.mark.slow
def test_a_large_file_that_is_changed_after_it_was_read(tool, python, data):
    (tool.path / "ledger.toml").write_text("[store]\nmax_input_bytes = 1000000\n")
    with open(data / "large", "wb") as file:
        file.truncate(1_000_000_000)
    found = python(f"f = open({str(data / 'large')!r}, 'r+b'); f.read(10); f.seek(0, 2); f.write(b'more')")
    assert found.inputs == {str(data / "large"): None}
    state, reason = found.health["inputs"]
    assert state == "partial"
    assert "could not be copied" in reason
    assert "1000000" in reason
    assert set(found.outputs) == {str(data / "large")}
    (data / "large").unlink()


TEMPORARY = """
    import os, subprocess, sys, tempfile
    place = tempfile.gettempdir()
    def write(*words):
        with open(os.path.join(*words), "w") as file:
            file.write("x" * len(words))
    # Nobody chose these names: two of those that it makes, the rarer kind among them.
    tempfile._get_candidate_names = iter(["_4upl78l", "k3x_9abz"]).__iter__
    os.write(tempfile.mkstemp(suffix=".json")[0], b"scratch")
    write(tempfile.mkdtemp(), "scratch")
    subprocess.run("echo scratch > $(mktemp); echo scratch > $(mktemp -d)/scratch", shell=True, check=True)
    # Somebody chose these, though they look like it; the last two were given to the program.
    write(place, "tmpabcdefgh.csv")
    os.mkdir(os.path.join(place, "tmpresults"))
    write(place, "tmpresults", "a")
    os.mkdir(os.path.join(place, "tmp2024run1"))
    write(place, "tmp2024run1", "b")
    write(sys.argv[1], "model")
    write(sys.argv[2])
    """


@pytest.mark.parametrize("options", [(), ("--no-trace",)])
@pytest.mark.parametrize("umask", [0o022, 0o077])
def test_what_was_left_under_a_made_up_name(show, script, tmp_path, options, umask):
    place = tmp_path / "t"
    place.mkdir()
    given, file = Path(tempfile.mkdtemp(dir=place)), Path(tempfile.mkstemp(dir=place)[1])
    variables = {"TMPDIR": str(place)}
    words = (sys.executable, script(TEMPORARY), given, file)
    found = show(*words, options=options, variables=variables, umask=umask)
    expected = {place / "tmpabcdefgh.csv", place / "tmpresults/a", place / "tmp2024run1/b"}
    if umask == 0o077:
        # Then nothing tells their directories from those of `tempfile`, and only O_EXCL their files.
        expected = {place / "tmpabcdefgh.csv"} if not options else set()
        expected |= {place / "tmpresults/a"}  # no name that `tempfile` makes
    assert {Path(each) for each in found.outputs} == {*expected, given / "model", file}
    assert len([each for each in place.rglob("*") if "scratch" in each.name]) == 2


@pytest.mark.slow
def test_eight_trials_at_once(tool, script, data):
    for number in range(8):
        (data / str(number)).write_text(str(number))
    script(
        f"""
        import os, sys, time
        name = sys.argv[1]
        open("began-" + name, "w").close()
        while sum(each.startswith("began-") for each in os.listdir(".")) < 8:
            time.sleep(0.02)
        text = open({str(data)!r} + "/" + name).read()
        open("out-" + name, "w").write(text * 3)
        """
    )
    started = [
        subprocess.Popen(
            [*tool.words, "run", "-q", "--name", f"n{number}", sys.executable, "-S", "job.py", str(number)],
            cwd=tool.path,
            stdin=subprocess.DEVNULL,
        )
        for number in range(8)
    ]
    assert [each.wait(PATIENCE_S) for each in started] == [0] * 8
    for number in range(8):
        document = tool.document("show", f"n{number}")
        assert {each["path"] for each in document["outputs"]} == {f"began-{number}", f"out-{number}"}
        assert [each["path"] for each in document["inputs"]] == [str(data / str(number))]
    assert len(tool.document("ls")) == 8
    tool("verify")


MEASURED = """
import os, subprocess, sys
process = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
_, status, usage = os.wait4(process.pid, 0)
print(usage.ru_maxrss, file=sys.stderr)
sys.exit(os.waitstatus_to_exitcode(status))
"""


@pytest.mark.slow
def test_a_hundred_thousand_files(tool, script, data, tmp_path):
    many = tmp_path / "many"
    for directory in range(100):
        (many / str(directory)).mkdir(parents=True)
        for number in range(1000):
            with open(f"{many}/{directory}/{number}", "w") as file:
                file.write(f"{directory} {number}")
    # Files that have just changed are hashed each time.
    time.sleep(2.5)
    script(
        f"""
        total = 0
        for directory in range(100):
            for number in range(1000):
                with open({str(many)!r} + "/%d/%d" % (directory, number)) as file:
                    total += len(file.read())
        print(total)
        """
    )

    def timed(*words):
        # Started by a small process: the largest size of one counts that of the process that started it.
        began = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-S", "-c", MEASURED, *words], cwd=tool.path, stdin=subprocess.DEVNULL, stderr=-1
        )
        assert done.returncode == 0, done.stderr
        return time.monotonic() - began, int(done.stderr.split()[-1]) << 10

    bare, _ = timed(sys.executable, "-S", "job.py")
    words = [*tool.words, "run", "-q", sys.executable, "-S", "job.py"]
    first, memory = timed(*words)
    document = tool.document("show", "@")
    assert {each["path"] for each in document["inputs"]} == {str(many)}
    assert next(each for each in document["health"] if each["part"] == "inputs")["state"] == "complete"
    assert document["recipe_complete"] is True
    digests = layout.index(tool.path / ".ledger") / "digests-outside"

    def written():
        return {path.name: (path.stat().st_ino, path.stat().st_mtime_ns) for path in digests.iterdir()}

    assert sum(path.stat().st_size for path in digests.iterdir()) > 100_000 * 32
    before = written()
    second, memory_again = timed(*words)
    # What is hashed again is written again: nothing was.
    assert written() == before
    again = tool.document("show", "@")
    assert [each["digest"] for each in again["inputs"]] == [document["inputs"][0]["digest"]], again["health"]
    print(f"seconds: {bare:.1f} bare, {first:.1f}, {second:.1f}; MB: {memory >> 20}, {memory_again >> 20}")
    assert max(memory, memory_again) < 500 << 20
