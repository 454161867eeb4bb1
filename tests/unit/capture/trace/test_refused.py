"""Where the kernel says no, the program runs as ever and the reason is known; trials within trials."""

import os
import shutil
import sys
import textwrap

import pytest

from ledger.capture.trace import Tracer, TraceUnavailable, abi, starts_privileged

FORBID = """
import ctypes, os, struct, sys
code = int(sys.argv[1]); syscalls = {"x86_64": 317, "aarch64": 277}
program = b"".join(struct.pack("=HBBI", *each) for each in (
    (0x20, 0, 0, 0), (0x15, 0, 1, syscalls[os.uname().machine]),
    (0x06, 0, 0, 0x50000 | code), (0x06, 0, 0, 0x7FFF0000),
))
buffer = ctypes.create_string_buffer(program)
header = struct.pack("=HxxxxxxQ", 4, ctypes.addressof(buffer))
library = ctypes.CDLL(None)
assert library.prctl(38, 1, 0, 0, 0) == 0
assert library.prctl(22, 2, ctypes.c_char_p(header), 0, 0) == 0
"""

TRACE = """
import os, sys
from pathlib import Path
sys.path[:0] = {path!r}
spec = __import__("importlib.util").util.spec_from_file_location("helpers", {helpers!r})
helpers = __import__("importlib.util").util.module_from_spec(spec); spec.loader.exec_module(helpers)
from ledger.capture.trace import Tracer, TraceUnavailable
outer = {outer!r}
try:
    tracer = Tracer.prepare(
        Path({spool!r}), keep=lambda path, status: True, max_copy_bytes=1 << 30,
        outer_spool=Path(outer) if outer else None, trial={trial!r},
    )
except TraceUnavailable as error:
    print("unavailable:", error, flush=True)
    sys.exit(3)
{early}
child = helpers.start(tracer, {argv!r}, variables=os.environ | {{"LEDGER_TRIAL": {trial!r}}})
print(tracer.attached, tracer.outer, tracer.refused, flush=True)
status = helpers.serve(tracer, child)
tracer.hand_over()
seen = tracer.watched()
print(seen.by.value, len(seen.programs), seen.gaps, flush=True)
for access in sorted(seen.accesses):
    if access.path.startswith({place!r}):
        name = access.path.removeprefix({place!r} + "/")
        print(name, access.read, access.written, access.existed, access.saved is not None)
tracer.close()
sys.exit(status)
"""


@pytest.fixture
def script(place, spool):
    """Return a function: (argv) → text of a Python program that traces it and prints what it saw."""

    def script(argv, *, spool=spool, outer=None, early="", trial="inner"):
        return TRACE.format(
            path=[path for path in sys.path if path],
            helpers=os.path.join(os.path.dirname(__file__), "conftest.py"),
            spool=str(spool),
            outer=str(outer) if outer else None,
            argv=[str(word) for word in argv],
            place=str(place),
            early=early,
            trial=trial,
        )

    return script


def output(*words):
    import subprocess

    done = subprocess.run(words, capture_output=True, text=True, timeout=60)
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, done.stdout


@pytest.mark.parametrize("code", [1, 13, 22, 38], ids=["EPERM", "EACCES", "EINVAL", "ENOSYS"])
def test_refused_from_the_start(script, place, code):
    text = textwrap.dedent(FORBID) + script(["/bin/sh", "-c", "exit 9"])
    status, said = output(sys.executable, "-B", "-c", text, str(code))
    assert status == 3
    assert "unavailable: " in said


@pytest.mark.parametrize("code", [1, 22, 38], ids=["EPERM", "EINVAL", "ENOSYS"])
def test_refused_when_it_comes_to_it(script, place, code):
    command = f"cat {place}/input > {place}/copy; exit 9"
    text = script(["/bin/sh", "-c", command], early=textwrap.dedent(FORBID))
    status, said = output(sys.executable, "-B", "-c", text, str(code))
    assert status == 9
    first, *rest = said.splitlines()
    assert first.startswith("False False ")
    assert rest == ["none 0 ()"]
    assert (place / "copy").read_text() == (place / "input").read_text()


def test_a_machine_that_is_not_known(spool, monkeypatch):
    monkeypatch.setattr(abi, "machine", lambda: None)
    with pytest.raises(TraceUnavailable, match="not traced on"):
        Tracer.prepare(spool, keep=lambda path, status: True, max_copy_bytes=0)


def test_an_old_kernel(spool, monkeypatch):
    monkeypatch.setattr(abi, "CONTINUE_SINCE", (99, 0))
    with pytest.raises(TraceUnavailable, match="too old"):
        Tracer.prepare(spool, keep=lambda path, status: True, max_copy_bytes=0)


def test_a_trial_within_one(run, script, place, spool, tmp_path):
    inner = tmp_path / "inner"
    inner.mkdir()
    (place / "made").write_text("x")
    text = script(
        [
            "/bin/sh",
            "-c",
            f"cd {place}; cat input made > out; echo x > input; cat input > /dev/null & wait; exit 4",
        ],
        spool=inner,
        outer=spool,
    )
    made, before = str(place / "made"), str(place / "before")
    start = f"open({made!r}, 'w').write('by the outer one'); open({before!r}, 'w')\n"
    report = place / "report"
    done = run("/bin/sh", "-c", '"$0" -B -c "$1" > "$2"; exit $?', sys.executable, start + text, report)
    assert done.status == 4
    first, second, *rest = report.read_text().splitlines()
    assert first == "False True another tracer watches this program already"
    assert second.startswith("outer ")
    assert sorted(rest)[-3:] == [
        "input True True True True",
        "made True False True False",
        "out False True False False",
    ]
    assert len(rest) == 3
    assert int(second.split()[1]) >= 3
    # The outer one sees it all, and what it made itself is no input.
    assert {"input"} == done.read(place)
    assert {"input", "out", "made", "before", "report"} <= done.written(place)
    assert done.watched.gaps == ()


def test_a_trial_within_one_whose_tracer_is_gone(run, script, place, spool, tmp_path):
    inner, nowhere = tmp_path / "inner", tmp_path / "nowhere"
    inner.mkdir()
    report = place / "report"
    text = script(["/bin/cat", place / "input"], spool=inner, outer=nowhere)
    run("/bin/sh", "-c", '"$0" -B -c "$1" > "$2"', sys.executable, text, report)
    assert "none 0 ()" in report.read_text()


def test_a_program_that_loses_its_rights(run, place, as_nobody):
    shutil.copy("/bin/true", place / "privileged")
    owned = []

    def check():
        assert starts_privileged([str(place / "privileged")], {})
        assert "set-user-id" in starts_privileged(["env", "A=b", "nice", "privileged"], {"PATH": str(place)})
        assert starts_privileged(["/bin/true"], {}) is None
        assert starts_privileged(["absent"], {"PATH": "/bin"}) is None
        done = run("/bin/sh", "-c", "./privileged", directory=place)
        assert done.status == 0
        assert done.tracer.privileges_dropped
        assert "--no-trace" in " ".join(done.watched.gaps)
        done = run("/bin/true", directory=place)
        assert done.watched.gaps == ()

    del owned
    original = os.chown

    def chown(path, *words, **options):
        if not str(path).endswith("privileged"):
            original(path, *words, **options)

    os.chown = chown
    try:
        os.chmod(place / "privileged", 0o4755)
        as_nobody(check)
    finally:
        os.chown = original


def test_root_loses_nothing(run, place):
    if os.geteuid() != 0:
        pytest.skip("only for root")
    shutil.copy("/bin/true", place / "privileged")
    os.chown(place / "privileged", 65534, 65534)
    os.chmod(place / "privileged", 0o4755)
    done = run(place / "privileged")
    assert not done.tracer.privileges_dropped
    assert done.watched.gaps == ()
    assert starts_privileged([str(place / "privileged")], {}) is None


CONNECT = """
import socket
for family, kind, address in (
    (socket.AF_INET, socket.SOCK_DGRAM, ("192.0.2.7", 8080)),
    (socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 9)),
    (socket.AF_INET6, socket.SOCK_DGRAM, ("2001:db8::1", 80)),
    (socket.AF_INET, socket.SOCK_DGRAM, ("192.0.2.9", 53)),
    (socket.AF_INET6, socket.SOCK_DGRAM, ("2001:db8::1", 53)),
    (socket.AF_INET6, socket.SOCK_DGRAM, ("::1", 53)),
    (socket.AF_INET, socket.SOCK_DGRAM, ("169.254.1.1", 1)), (socket.AF_UNIX, socket.SOCK_STREAM, "/nowhere"),
):
    with socket.socket(family, kind) as s:
        try: s.connect(address)
        except OSError: pass
"""


def test_the_network(run):
    done = run(sys.executable, "-I", "-B", "-c", CONNECT)
    assert done.status == 0
    assert done.watched.network == ("192.0.2.7:8080", "[2001:db8::1]:80")  # names are asked of port 53
