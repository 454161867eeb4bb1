"""Trials within trials, and programs that outlive their command."""

import os
import signal
import subprocess
import sys
import time

import pytest

from tests.patience import PATIENCE_S


def paths(artifacts):
    return {each["path"] for each in artifacts}


def inputs_line(document):
    return next(each for each in document["health"] if each["part"] == "inputs")


def by_name(tool, *names):
    return [tool.document("show", name) for name in names]


def wait_for(condition, seconds=PATIENCE_S):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come in time"
        time.sleep(0.02)


@pytest.fixture
def data(tmp_path):
    """Files outside of the project."""
    place = tmp_path / "data"
    place.mkdir()
    for name in ("one", "two", "three", "late"):
        (place / name).write_text(name)
    return place


@pytest.mark.parametrize("keeps", [False, True], ids=["closed streams", "open streams"])
def test_a_daemon_that_forks_twice(tool, show, script, data, keeps):
    script(
        f"""
        import os, sys, time
        open({str(data / "one")!r}).read()
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                if not {keeps}:
                    for descriptor in (0, 1, 2):
                        os.close(descriptor)
                while not os.path.exists("go"):
                    time.sleep(0.05)
                for number in range(200):
                    open({str(data / "late")!r}).read()
                if {keeps}:
                    print("from the daemon", flush=True)
                open("done", "w").write("200")
            os._exit(0)
        print("from the program")
        sys.exit(3)
        """
    )
    with open(tool.path.parent / "printed", "wb") as out:
        done = subprocess.run(
            [*tool.words, "run", "-q", sys.executable, "job.py"],
            cwd=tool.path,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            timeout=PATIENCE_S,
        )
    assert done.returncode == 3
    assert not (tool.path / "done").exists(), "it waited for the daemon"
    document = tool.document("show", "@")
    (tool.path / "go").touch()
    wait_for((tool.path / "done").exists)
    assert str(data / "one") in paths(document["inputs"])
    line = inputs_line(document)
    assert line["state"] == "partial"
    assert "outlives" in line["reason"]
    assert document["recipe_complete"] is False
    if keeps:
        wait_for(lambda: b"from the daemon" in (tool.path.parent / "printed").read_bytes())
    tool("verify")


def test_three_deep(tool, script, data):
    words = list(tool.words)
    script(
        f"""
        import subprocess, sys
        level = int(sys.argv[1])
        names = ["one", "two", "three"]
        open({str(data)!r} + "/" + names[level]).read()
        if level < 2:
            run = {words!r} + ["run", "-q", "--name", "level%d" % (level + 1)]
            subprocess.run(run + [sys.executable, "job.py", str(level + 1)], check=True)
        open("out%d" % level, "w").write(str(level))
        """
    )
    tool("run", "-q", "--name", "level0", sys.executable, "job.py", "0")
    top, middle, bottom = by_name(tool, "level0", "level1", "level2")
    assert (middle["parent"], bottom["parent"]) == (top["id"], middle["id"])
    assert [each["observed"]["watching"] for each in (top, middle, bottom)] == ["tracer", "outer", "outer"]
    everything = {str(data / name) for name in ("one", "two", "three")}
    assert paths(top["inputs"]) >= everything
    assert paths(middle["inputs"]) & everything == {str(data / "two"), str(data / "three")}
    assert paths(bottom["inputs"]) & everything == {str(data / "three")}
    assert "out2" in paths(bottom["outputs"])
    assert paths(bottom["outputs"]) == {"out2"}
    for each in (middle, bottom):
        assert inputs_line(each)["state"] == "complete", inputs_line(each)


def test_two_inner_trials_beside_each_other(tool, script, data):
    words = list(tool.words)
    script(
        f"""
        import subprocess, sys
        started = [
            subprocess.Popen({words!r} + ["run", "-q", "--name", name, "sh", "-c",
                             "sleep 0.3; cat {data}/" + name + " > out-" + name])
            for name in ("one", "two")
        ]
        sys.exit(sum(each.wait() for each in started))
        """
    )
    tool("run", "-q", "--name", "outer", sys.executable, "job.py")
    for name in ("one", "two"):
        document = tool.document("show", name)
        assert document["observed"]["watching"] == "outer"
        assert paths(document["inputs"]) == {str(data / name)}
        assert paths(document["outputs"]) == {f"out-{name}"}
    assert {str(data / name) for name in ("one", "two")} <= paths(tool.document("show", "outer")["inputs"])
    tool("verify")


def git(tool):
    subprocess.run(["git", "init", "-q"], cwd=tool.path, check=True)
    (tool.path / ".gitignore").write_text("ignored\n")
    (tool.path / "ignored").write_text("kept from git")
    (tool.path / "near").write_text("near")


def test_isolated(tool, show, data):
    git(tool)
    found = show("sh", "-c", f"cat near ignored {data}/one > out; cat near > sub", options=["--isolate"])
    assert found.watching == "tracer"
    assert set(found.inputs) == {"near", "ignored", str(data / "one")}
    assert set(found.outputs) == {"out", "sub"}
    assert found.health["inputs"][0] == "complete", found.health["inputs"]


def test_an_isolated_trial_inside_a_trial(tool, script, data):
    git(tool)
    command = [*tool.words, "run", "-q", "--isolate", "--name", "inner", "--"]
    command += ["sh", "-c", f"cat near {data}/one > out"]
    script(f"import subprocess; subprocess.run({command!r}, check=True); open('own', 'w').close()")
    tool("run", "-q", "--name", "outer", sys.executable, "job.py")
    outer, inner = by_name(tool, "outer", "inner")
    assert inner["observed"]["watching"] == "outer"
    assert paths(inner["inputs"]) == {"near", str(data / "one")}
    assert paths(inner["outputs"]) == {"out"}
    assert inputs_line(inner)["state"] == "complete", inputs_line(inner)
    assert str(data / "one") in paths(outer["inputs"])
    assert paths(outer["outputs"]) == {"own"}, "the scratch tree is nobody's output"


def test_a_replay_inside_a_trial(tool, script, data):
    git(tool)
    tool("run", "-q", "--name", "first", "sh", "-c", f"cat near {data}/one > out")
    command = [*tool.words, "replay", "--env", "current", "first"]
    script(f"import subprocess; subprocess.run({command!r}, check=True); open('own', 'w').close()")
    tool("run", "-q", "--name", "outer", sys.executable, "job.py")
    outer = tool.document("show", "outer")
    assert outer["status"] == "ok"
    assert paths(outer["outputs"]) == {"own"}
    assert not [each for each in paths(outer["inputs"]) if "scratch" in each or ".ledger" in each]
    tool("verify")


def test_the_outer_tracer_is_gone(tool, script, data):
    """The inner trial falls back to what the probe sees, and says why."""
    command = [*tool.words, "run", "-q", "--name", "inner", sys.executable, "-c"]
    command.append(f"print(open({str(data / 'one')!r}).read())")
    script(
        f"""
        import os, subprocess, sys, time
        open("began", "w").close()
        while not os.path.exists("go"):
            time.sleep(0.02)
        done = subprocess.run({command!r})
        open("code", "w").write(str(done.returncode))
        """
    )
    process = subprocess.Popen(
        [*tool.words, "run", "-q", "--name", "outer", sys.executable, "job.py"],
        cwd=tool.path,
        start_new_session=True,
        stdout=subprocess.DEVNULL,
    )
    wait_for((tool.path / "began").exists)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    (tool.path / "go").touch()
    wait_for(lambda: (tool.path / "code").exists() and (tool.path / "code").read_text())
    assert (tool.path / "code").read_text() == "0"
    outer, inner = by_name(tool, "outer", "inner")
    wait_for(lambda: tool.document("show", "outer")["status"] == "lost")
    assert inner["status"] == "ok"
    assert inner["observed"]["watching"] == "probe"
    assert paths(inner["inputs"]) == {str(data / "one")}
    assert "gone" in inputs_line(inner)["reason"]
    assert outer["id"] == inner["parent"]
