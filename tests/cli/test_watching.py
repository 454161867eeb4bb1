"""What a program reads and writes is recorded without being declared, and what cannot be seen is said."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from ledger.model import Digest
from tests.patience import PATIENCE_S


def wait_for(condition):
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.02)


def paths(artifacts):
    return [each["path"] for each in artifacts]


def of(text):
    return str(Digest.of(text.encode()))


@pytest.fixture
def show(tool):
    """Run a command and return its trial as ``show --json`` tells it."""

    def show(*words, options=()):
        tool("run", "-q", *options, "--", *words, input=None, stdin=subprocess.DEVNULL)
        return tool.document("show", "@")

    return show


def script(tool, text, name="job.py"):
    (tool.path / name).write_text(textwrap.dedent(text))
    return name


def health(document, part):
    return next(each for each in document["health"] if each["part"] == part)


def test_a_python_program(tool, show, tmp_path):
    outside, written = tmp_path / "data.txt", tmp_path / "result.txt"
    outside.write_text("far")
    (tool.path / "data").mkdir()
    (tool.path / "data" / "near.csv").write_text("near")
    (tool.path / "helper.py").write_text("VALUE = 1\n")
    script(
        tool,
        f"""
        import helper, json, csv
        text = open("data/near.csv").read() + open({str(outside)!r}).read()
        open("out.txt", "w").write(text)
        open({str(written)!r}, "w").write(text)
        """,
    )
    document = show(sys.executable, "job.py")
    assert {each["path"]: each["digest"] for each in document["inputs"]} == {
        "data/near.csv": of("near"),
        str(outside): of("far"),
    }
    assert {each["path"]: each["digest"] for each in document["outputs"]} == {
        "out.txt": of("nearfar"),
        str(written): of("nearfar"),
    }
    assert health(document, "inputs")["state"] == "complete"
    assert document["recipe_complete"] is True
    assert document["observed"]["watching"] == "tracer"


def test_a_shell_pipeline_and_what_it_starts(tool, show, tmp_path):
    outside = tmp_path / "words"
    outside.write_text("b\na\nb\n")
    script(tool, f"sort {outside} | uniq > sorted\ncat sorted > copy\nrm sorted\n", "job.sh")
    document = show("sh", "job.sh")
    assert paths(document["inputs"]) == [str(outside)]
    assert paths(document["outputs"]) == ["copy"]


def test_what_c_opens_is_seen(tool, show, tmp_path):
    database = tmp_path / "table.db"
    with sqlite3.connect(database) as made:
        made.execute("create table t (x)")
        made.execute("insert into t values (1)")
    made.close()
    query = f"import sqlite3; print(sqlite3.connect({str(database)!r}).execute('select x from t').fetchall())"
    document = show(sys.executable, "-c", query)
    # SQLite opens to read and write, whatever it is for: the content tells.
    assert (paths(document["inputs"]), paths(document["outputs"])) == ([str(database)], [])
    former = document["inputs"][0]["digest"]
    change = query.replace(
        "execute('select x from t').fetchall()", "executescript('insert into t values (2)')"
    )
    document = show(sys.executable, "-c", change)
    assert (paths(document["inputs"]), paths(document["outputs"])) == ([str(database)], [str(database)])
    assert document["inputs"][0]["digest"] == former != document["outputs"][0]["digest"]


@pytest.mark.parametrize(
    "change",
    [
        "open('state', 'w').write('new')",
        "open('state', 'a').write('new')",
        "open('new', 'w').write('new'); os.rename('new', 'state')",
        "os.remove('state')",
        "os.truncate('state', 1)",
        "os.link('state', 'other'); os.remove('state')",
    ],
)
def test_an_input_that_is_changed_is_what_it_was(tool, show, change):
    subprocess.run(["git", "init", "-q"], cwd=tool.path, check=True)
    (tool.path / ".gitignore").write_text("state\nnew\nother\n")
    (tool.path / "state").write_text("former")
    document = show(sys.executable, "-c", f"import os; open('state').read(); {change}")
    assert [(each["path"], each["digest"]) for each in document["inputs"]] == [("state", of("former"))]
    assert health(document, "inputs")["state"] == "complete"


def test_what_the_trial_made_itself_is_no_input(tool, show):
    document = show(
        "sh", "-c", "echo 1 > a; mv a b; mkdir d; cp b d/c; mv d e; cat b e/c > out; ln b twin; cat twin"
    )
    assert document["inputs"] == []
    assert paths(document["outputs"]) == ["b", "e/c", "out", "twin"]


def test_touched_is_not_written_but_what_is_made_anew_is_made(tool, show):
    (tool.path / "same").write_text("1")
    assert show("sh", "-c", "touch same")["outputs"] == []
    assert paths(show("sh", "-c", "printf 1 > same")["outputs"]) == ["same"]


def test_a_trial_inside_a_trial(tool, show, tmp_path):
    for name in ("inner", "outer"):
        (tmp_path / name).write_text(name)
    inner = [*tool.words, "run", "-q", "cat", str(tmp_path / "inner")]
    script(
        tool,
        f"""
        import subprocess
        open({str(tmp_path / "outer")!r}).read()
        subprocess.run({inner!r}, check=True)
        """,
    )
    tool("run", "-q", sys.executable, "job.py")
    first, second = (tool.document("show", ref) for ref in ("@~1", "@"))
    if second["parent"] is None:
        first, second = second, first
    assert second["parent"] == first["id"]
    assert paths(second["inputs"]) == [str(tmp_path / "inner")]
    assert second["observed"]["watching"] == "outer"
    assert health(second, "inputs")["state"] == "complete"
    assert str(tmp_path / "outer") in paths(first["inputs"])


def test_without_tracer(tool, show, tmp_path):
    (tmp_path / "data").write_text("1")
    words = ("-c", f"open({str(tmp_path / 'data')!r}).read()")
    document = show(sys.executable, *words, options=["--no-trace"])
    assert paths(document["inputs"]) == [str(tmp_path / "data")]
    line = health(document, "inputs")
    assert line["state"] == "partial"
    assert "Python" in line["reason"]
    assert "asked not to" in line["reason"]
    assert document["recipe_complete"] is False
    assert document["observed"]["watching"] == "probe"
    (tool.path / "ledger.toml").write_text("[inputs]\ntrace = false\n")
    assert show(sys.executable, *words)["observed"]["watching"] == "probe"


def test_without_tracer_outputs_outside_may_be_missing(tool, show, tmp_path):
    outside = tmp_path / "outside"
    command = ("sh", "-c", f"echo 1 > {outside}; echo 1 > inside")
    document = show(*command)
    assert paths(document["outputs"]) == [str(outside), "inside"]
    assert health(document, "outputs")["state"] == "complete"
    document = show(*command, options=["--no-trace"])
    assert paths(document["outputs"]) == ["inside"]
    line = health(document, "outputs")
    assert line["state"] == "partial"
    assert "outside" in line["reason"]
    assert "asked not to" in line["reason"]


def test_a_pattern_of_what_is_ignored(tool, show, tmp_path):
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "file").write_text("1")
    (tool.path / "ledger.toml").write_text(f'[inputs]\nignore = ["{tmp_path}/cache/*"]\n')
    document = show("sh", "-c", f"cat {tmp_path}/cache/file; echo 1 > {tmp_path}/cache/new")
    assert (document["inputs"], document["outputs"]) == ([], [])


def test_python_that_keeps_the_probe_out(tool, show):
    document = show("sh", "-c", f"{sys.executable} -I -c 'print(1)'; {sys.executable} -c 'print(2)'")
    line = health(document, "probe")
    assert line["state"] != "complete"
    assert "-I" in line["reason"]
    line = health(show(sys.executable, "-I", "-S", "-c", "print(1)"), "probe")
    name = Path(sys.executable).name
    assert (line["state"], line["reason"]) == ("absent", f"{name} -I -S -c: python -I keeps the probe out")
    line = health(show(sys.executable, "-I", "-c", "print(1)", options=["--no-trace"]), "probe")
    assert line["reason"] == "python -I keeps the probe out; no Python process reported itself"


@pytest.mark.parametrize("version", ["2.7", "3.6", "3.7"])
def test_an_old_python_child(tool, show, version):
    versions = Path(os.environ.get("PYENV_ROOT", "/nowhere")) / "versions"
    found = sorted(versions.glob(f"{version}*/bin/python{version}"))
    old = found[0] if found else shutil.which(f"python{version}")
    if old is None:
        pytest.skip(f"there is no Python {version} here")
    document = show("sh", "-c", f"{old} -c 'print(1)'; {sys.executable} -c 'print(2)'")
    assert "probe" in [each["part"] for each in document["health"] if each["state"] != "complete"]


def test_a_daemon_outlives_the_command(tool, show, tmp_path):
    program = f"""
        import os, sys, time
        if os.fork() == 0:
            os.setsid()
            for descriptor in (0, 1, 2):
                os.close(descriptor)
            while not os.path.exists({str(tmp_path / "go")!r}):
                time.sleep(0.02)
            for number in range(50):
                open({str(tmp_path)!r} + "/late%d" % number, "w").write("1")
            os._exit(0)
        """
    script(tool, program)
    document = show(sys.executable, "job.py")
    assert document["status"] == "ok"
    line = health(document, "outputs")
    assert line["state"] == "partial", "what it writes from then on is not among them"
    assert "outlives" in line["reason"]
    (tmp_path / "go").touch()
    wait_for((tmp_path / "late49").exists)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_a_recorder_that_is_gone_or_stopped_does_not_hold_the_program(tool, tmp_path, number):
    program = f"""
        import os, time
        open({str(tmp_path / "began")!r}, "w").close()
        count = 0
        while not os.path.exists({str(tmp_path / "go")!r}) or count < 100:
            open("/etc/hostname").close()
            count += os.path.exists({str(tmp_path / "go")!r})
            time.sleep(0.01)
        open({str(tmp_path / "ended")!r}, "w").write(str(count))
        """
    script(tool, program)
    process = subprocess.Popen(
        [*tool.words, "run", "-q", sys.executable, "job.py"], cwd=tool.path, start_new_session=True
    )
    wait_for((tmp_path / "began").exists)
    os.kill(process.pid, number)
    (tmp_path / "go").touch()
    wait_for((tmp_path / "ended").exists)
    if number == signal.SIGSTOP:
        os.kill(process.pid, signal.SIGCONT)
        assert process.wait(PATIENCE_S) == 0
        assert tool.document("show", "@")["status"] == "ok"
    else:
        process.wait(PATIENCE_S)
        wait_for(lambda: tool.document("show", "@")["status"] == "lost")


def test_two_trials_at_once_in_one_directory(tool, tmp_path):
    program = """
        import os, sys, time
        name, other = sys.argv[1:]
        open("out-" + name, "w").write(name)
        open("began-" + name, "w").close()
        while not os.path.exists("began-" + other):
            time.sleep(0.01)
        time.sleep(0.2)
        """
    script(tool, program)
    started = [
        subprocess.Popen(
            [*tool.words, "run", "-q", "--name", one, sys.executable, "job.py", one, other], cwd=tool.path
        )
        for one, other in (("a", "b"), ("b", "a"))
    ]
    assert [each.wait(PATIENCE_S) for each in started] == [0, 0]
    for name in ("a", "b"):
        document = tool.document("show", name)
        assert paths(document["outputs"]) == [f"began-{name}", f"out-{name}"]
        assert "overlapped" in health(document, "outputs")["reason"]


def test_what_came_over_the_network_is_not_claimed(tool, show):
    connect = (
        "import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.connect(('192.0.2.7', 443))"
    )
    document = show(sys.executable, "-c", connect)
    line = health(document, "inputs")
    if document["observed"]["network"]:
        assert document["observed"]["network"] == ["192.0.2.7:443"]
        assert line["state"] == "partial"
        assert "192.0.2.7:443" in line["reason"]
        assert document["recipe_complete"] is False


def test_local_connections_say_nothing(tool, show):
    program = """
        import socket
        server = socket.socket()
        server.bind(("127.0.0.1", 0))
        server.listen()
        client = socket.create_connection(server.getsockname())
        """
    script(tool, program)
    document = show(sys.executable, "job.py")
    assert document["observed"]["network"] == []
    assert document["recipe_complete"] is True


@pytest.mark.slow
def test_what_was_found_is_what_a_replay_needs(tool, tmp_path):
    subprocess.run(["git", "init", "-q"], cwd=tool.path, check=True)
    (tool.path / ".gitignore").write_text("data/\n")
    (tool.path / "data").mkdir()
    (tool.path / "data" / "x").write_text("ignored by git, read by the program")
    outside = tmp_path / "outside"
    outside.write_text("elsewhere")
    script(tool, f"cat data/x {outside} > out", "job.sh")
    tool("run", "-q", "sh", "job.sh")
    (tool.path / "data" / "x").write_text("changed since")
    outside.write_text("changed too")
    replayed = tool.document("replay", "@")
    assert replayed["verdict"] == "identical", replayed
    assert outside.read_text() == "changed too"


def test_reuse_now_knows_when_nothing_has_changed(tool, tmp_path):
    outside = tmp_path / "data"
    outside.write_text("1")
    words = ("run", "--reuse", "sh", "-c", f"cat {outside} > out")
    tool(*words)
    assert "stands in" in tool(*words).err
    outside.write_text("2")
    assert "stands in" not in tool(*words).err
