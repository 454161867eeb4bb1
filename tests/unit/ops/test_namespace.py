import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest

from ledger.ops import namespace
from ledger.ops.execute import Bind, Launch, execute
from ledger.ops.namespace import NamespaceError

pytestmark = pytest.mark.skipif(namespace.available() is not None, reason=str(namespace.available()))


@pytest.fixture
def places(tmp_path):
    """A root, as a program knows it, and a scratch copy to be mounted over it."""
    for name in ("root", "scratch", "spool"):
        (tmp_path / name).mkdir()
    for name in ("root", "scratch"):
        (tmp_path / name / "kept").write_text(name)
    return tmp_path


def _launch(places, *argv, binds, directory=None):
    return Launch(
        argv=argv,
        directory=str(directory or places / "root"),
        variables=dict(os.environ),
        spool=str(places / "spool"),
        forward=False,
        stdin=os.devnull,
        binds=tuple(Bind(source=str(source), target=str(target)) for source, target in binds),
        new_session=True,
    )


def test_program_writes_to_its_old_path_and_only_scratch_changes(places):
    root, scratch = places / "root", places / "scratch"
    script = f"cat {root}/kept; pwd; echo new >{root}/kept; echo made >{root}/made; rm -f {root}/other"
    ended = execute(_launch(places, "sh", "-c", script, binds=[(scratch, root)]))
    assert (ended.exit_code, ended.error) == (0, None)
    assert (places / "spool/stdout").read_text() == f"scratch{root}\n"
    assert {path.name: path.read_text() for path in root.iterdir()} == {"kept": "root"}
    assert {path.name: path.read_text() for path in scratch.iterdir()} == {"kept": "new\n", "made": "made\n"}


def test_working_directory_is_the_mounted_one(places, monkeypatch):
    root = places / "root"
    (root / "sub").mkdir()
    monkeypatch.chdir(root)
    # The same directory, but what is mounted in it can only be seen from above.
    execute(_launch(places, "cat", "sub/kept", binds=[(root, root), (places / "scratch", root / "sub")]))
    assert (places / "spool/stdout").read_text() == "scratch"


def test_program_itself_is_found_inside(places):
    (places / "scratch/program").write_text("#!/bin/sh\necho from scratch\n")
    (places / "scratch/program").chmod(0o755)
    program = str(places / "root/program")
    ended = execute(_launch(places, program, binds=[(places / "scratch", places / "root")]))
    assert ended.exit_code == 0
    assert (places / "spool/stdout").read_text() == "from scratch\n"


def test_source_beneath_a_target(places):
    root = places / "root"
    scratch, cache = root / ".hidden/scratch", root / ".hidden/cache"
    for folder in (scratch, cache, scratch / "data"):
        folder.mkdir(parents=True)
    (cache / "file").write_text("cached")
    # The second source is out of sight once the first is mounted, and its target is found inside the first.
    script = f"cat {root}/data/file; ls -A {root}"
    ended = execute(_launch(places, "sh", "-c", script, binds=[(scratch, root), (cache, root / "data")]))
    assert ended.exit_code == 0
    assert (places / "spool/stdout").read_text() == "cacheddata\n"


def test_single_file(places):
    ended = execute(_launch(places, "cat", "kept", binds=[(places / "scratch/kept", places / "root/kept")]))
    assert ended.exit_code == 0
    assert (places / "spool/stdout").read_text() == "scratch"


def test_ids_stay_and_nobody_else_sees_a_thing(places):
    seen = []

    def started(process):
        seen.append((places / "root/kept").read_text())
        seen.append(Path(f"/proc/{process}/root{places}/root/kept").read_text())
        (places / "go").touch()

    binds = [(places / "scratch", places / "root")]
    script = f"id -u; id -g; while ! test -e {places}/go; do sleep 0.02; done"
    execute(_launch(places, "sh", "-c", script, binds=binds), started)
    assert seen == ["root", "scratch"]
    assert (places / "spool/stdout").read_text().split() == [str(os.getuid()), str(os.getgid())]


@pytest.mark.parametrize(
    ("source", "target"), [("gone", "root"), ("scratch", "gone"), ("scratch", "root/kept")]
)
def test_what_cannot_be_mounted(places, source, target):
    launch = _launch(places, "touch", str(places / "ran"), binds=[(places / source, places / target)])
    with pytest.raises(NamespaceError) as caught:
        execute(launch)
    assert str(places / source) in caught.value.cause
    assert not (places / "ran").exists()


def test_directory_that_scratch_lacks(places):
    (places / "root/sub").mkdir()
    binds = [(places / "scratch", places / "root")]
    ended = execute(_launch(places, "true", binds=binds, directory=places / "root/sub"))
    assert (ended.exit_code, ended.error) == (126, f"{places}/root/sub: No such file or directory")


_SHARED = """
import os, sys
sys.path.insert(0, sys.argv[1])
from ledger.ops.execute import Bind, Launch, execute
places = sys.argv[2]
root = places + "/root"
binds = (Bind(source=places + "/scratch", target=root),)
launch = Launch(argv=("cat", "kept"), directory=root, variables=dict(os.environ), spool=places + "/spool",
                forward=False, stdin=os.devnull, binds=binds)
seen = []
execute(launch, lambda process: seen.append(open(root + "/kept").read()))
os._exit(seen != ["root"])
"""


@pytest.mark.skipif(os.getuid() != 0 or not shutil.which("unshare"), reason="only root can share mounts")
def test_mounts_that_are_shared_outside(places):
    command = ["unshare", "--mount", "--propagation", "shared", sys.executable, "-c", _SHARED]
    package = str(Path(namespace.__file__).parents[2])
    assert subprocess.run([*command, package, str(places)], env=os.environ).returncode == 0
    assert (places / "spool/stdout").read_text() == "scratch"


_AS_NOBODY = """
import ctypes, os, sys
sys.path.insert(0, sys.argv[1])
from ledger.ops import namespace
from ledger.ops.execute import Bind, Launch, execute
os.setgroups([]); os.setgid(65534); os.setuid(65534)
ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)  # PR_SET_DUMPABLE, as after an exec: /proc/self is one's own
reason = namespace.available()
if reason is not None:
    print(reason); os._exit(77)
places = sys.argv[2]
root, spool = places + "/root", places + "/spool"
script = f"id -u; id -g; cat kept; echo new >{root}/kept; grep CapEff /proc/self/status"
binds = (Bind(source=places + "/scratch", target=root),)
ended = execute(Launch(argv=("sh", "-c", script), directory=root, variables=dict(os.environ), spool=spool,
                       forward=False, stdin=os.devnull, binds=binds))
print(ended, flush=True)
os._exit(ended.exit_code)
"""


@pytest.mark.skipif(os.getuid() != 0, reason="the other tests run as an ordinary user already")
def test_ordinary_user(tmp_path):
    package = str(Path(namespace.__file__).parents[2])
    with tempfile.TemporaryDirectory() as folder:  # the parents of tmp_path are closed to others
        places = Path(folder)
        for name in ("root", "scratch", "spool"):
            (places / name).mkdir()
            (places / name / "kept").write_text(name)
        for path in (places, *places.rglob("*")):
            os.chown(path, 65534, 65534)
        command = [sys.executable, "-c", _AS_NOBODY, package, folder]
        ran = subprocess.run(command, capture_output=True, text=True)
        if ran.returncode == 77:
            pytest.skip(ran.stdout)
        assert ran.returncode == 0, ran.stdout + ran.stderr
        lines = (places / "spool/stdout").read_text().split()
        assert lines == ["65534", "65534", "scratchCapEff:", "0000000000000000"]
        assert (places / "root/kept").read_text() == "root"
        assert (places / "scratch/kept").read_text() == "new\n"


def test_reason_is_found_out_once(monkeypatch):
    monkeypatch.setattr(namespace, "_reason", [])
    assert namespace.available() is None
    monkeypatch.setattr(namespace, "_try", lambda: "asked twice")
    assert namespace.available() is None


def _changed(places, *argv, **changes):
    return replace(_launch(places, *argv, binds=[]), **changes)


def test_another_host_name(places):
    own = os.uname().nodename
    ended = execute(_changed(places, "uname", "-n", hostname="elsewhere"))
    assert ended.exit_code == 0
    assert (places / "spool/stdout").read_text() == "elsewhere\n"
    assert os.uname().nodename == own


NETWORK = """
import socket
with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()):
    print(sorted(name for _, name in socket.if_nameindex()))
try:
    socket.create_connection(("192.0.2.1", 9), timeout=5)
except OSError as error:
    print(error.strerror)
"""


def test_no_network_but_the_loopback(places):
    ended = execute(_changed(places, sys.executable, "-I", "-c", NETWORK, network=False))
    assert (ended.exit_code, ended.error) == (0, None)
    interfaces, refused = (places / "spool/stdout").read_text().splitlines()
    assert "lo" in interfaces
    assert "eth" not in interfaces
    assert refused == "Network is unreachable"
