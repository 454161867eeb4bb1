"""Which Python processes the probe meets, and how it makes way for the user's own sitecustomize."""

import os
import sys
import venv

import pytest

from ledger.capture.inject import PROBE

PYTHON = sys.executable
OTHERS = ("2.7", "3.6", "3.7", "3.8", "3.9", "3.10", "3.12", "3.13", "3.14")
"""Other Pythons that may be on this machine, on the path or where pyenv keeps them."""


def test_a_process_says_what_it_is(run):
    run("-O", "-c", "pass", "--lr", "ä\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16"))
    event = run.only("process")
    assert event["argv"] == ["-c", "--lr", "ä😀"]
    assert event["orig_argv"][1:] == ["-O", "-c", "pass", "--lr", "ä😀"]
    assert event["flags"]["optimize"] == 1
    assert "isolated" not in event["flags"]
    assert event["version"] == "{}.{}.{}".format(*sys.version_info[:3])
    assert event["implementation"] == sys.implementation.name
    assert (event["executable"], event["prefix"], event["base_prefix"]) == (
        PYTHON,
        sys.prefix,
        sys.base_prefix,
    )
    assert event["ppid"] == os.getpid()
    assert event["cwd"] == str(run.folder)
    assert event["pid"] > 0
    assert event["time"] > 1_600_000_000_000_000_000
    assert [path.name for path in run.spool.iterdir()] == [f"events-{event['pid']}-0.jsonl"]


def test_the_program_sees_its_own_world(run):
    run.write("lib/helper.py", "x = 1\n")
    script = run.write(
        "see.py",
        "import sys, site, os, warnings\n"
        "import argparse, random, helper\n"
        "print(sys.argv, sys.path, sys.flags, sys.warnoptions, sys.path_hooks)\n"
        "print('sitecustomize' in sys.modules, sys.excepthook, os.listdir('/proc/self/fd'))\n"
        "for module in argparse, random:\n"
        "    print(module.__spec__, module.__loader__, vars(module.__loader__), module.__file__)\n"
        "random.seed(3); print(random.random(), random.Random(5).random())\n"
        "random.seed('x', version=1); print(random.random())\n"
        "print(argparse.ArgumentParser().parse_args([]))\n",
    )
    assert "lib" in run.same(script, "a b", path=[run.folder / "lib"]).stdout


def test_without_a_spool_nothing_happens(run):
    done = run("-c", "import sys, random; print([e for e in sys.modules if 'ledger' in e])", LEDGER_SPOOL="")
    assert done.stdout == "[]\n"
    assert not list(run.spool.iterdir())


@pytest.mark.parametrize("flag", ["-I", "-E", "-S"])
def test_a_python_that_ignores_the_path_is_not_met(run, flag):
    assert run(flag, "-c", "print(1)").stdout == "1\n"
    assert run.events() == []


def test_the_users_sitecustomize_is_the_one(run):
    run.write("mine/sitecustomize.py", "import sys\nprint('mine', __name__)\nVALUE = 3\n")
    script = run.write(
        "see.py", "import sitecustomize as s\nprint(s.VALUE, s.__file__, s.__spec__, type(s.__loader__))\n"
    )
    assert run.same(script, path=[run.folder / "mine"]).stdout.startswith("mine sitecustomize\n3 ")
    assert run.events("process")


@pytest.mark.parametrize("version", ["3.8", "3.11", "3.13"])
def test_the_users_usercustomize_is_loaded_too(run, other_python, version):
    python = other_python(version)
    run.write("mine/sitecustomize.py", "print('site', __name__)\n")
    run.write(
        "mine/usercustomize.py", "import sys\nprint('user', __name__, 'sitecustomize' in sys.modules)\n"
    )
    done = run.same("-c", "import usercustomize", python=python, path=[run.folder / "mine"])
    assert done.stdout == "site sitecustomize\nuser usercustomize True\n"
    assert run.events("process")


def test_errors_of_the_users_usercustomize_are_shown_as_ever(run):
    python = f"{sys.base_prefix}/bin/python3"  # a virtual environment loads none
    run.write("mine/usercustomize.py", "raise ValueError('mine')\n")
    assert "ValueError: mine" in run.same("-c", "pass", python=python, path=[run.folder / "mine"]).stderr


@pytest.mark.parametrize("version", ["2.7", "3.6", "3.7"])
def test_an_old_python_as_a_child_is_skipped_in_silence(run, other_python, version):
    command = [other_python(version), "-c", "import sys; sys.stdout.write('old')"]
    script = run.write(
        "a.py", f"import subprocess\nprint(subprocess.run({command!r}, capture_output=True))\n"
    )
    done = run.same(script)
    assert done.stdout.endswith("returncode=0, stdout=b'old', stderr=b'')\n")
    assert len(run.events("process")) == 1
    assert len(list(run.spool.iterdir())) == 1


def test_errors_of_the_users_sitecustomize_are_shown_as_ever(run):
    run.write("mine/sitecustomize.py", "raise ValueError('mine')\n")
    assert "ValueError: mine" in run.same("-c", "pass", path=[run.folder / "mine"]).stderr


def test_a_foreign_chain_reaches_us(run):
    """Another tool in front of us takes itself away and imports the next one, as tracers do."""
    tool = (
        "import os, sys\n"
        "sys.path.remove(os.path.dirname(__file__))\n"
        "me = sys.modules.pop('sitecustomize')\n"
        "try:\n    import sitecustomize\nexcept ImportError:\n    pass\n"
        "sys.modules['sitecustomize'] = me\n"
    )
    run.write("tool/sitecustomize.py", tool)
    run.write("mine/sitecustomize.py", "print('mine')\n")
    path = os.pathsep.join(map(str, [run.folder / "tool", PROBE, run.folder / "mine"]))
    done = run("-c", "import sitecustomize; print(sitecustomize.__file__)", PYTHONPATH=path)
    assert done.stdout == f"mine\n{run.folder}/tool/sitecustomize.py\n"
    assert done.stderr == ""
    assert run.events("process")


@pytest.mark.parametrize("version", OTHERS)
def test_other_pythons(run, other_python, version):
    python = other_python(version)
    run.write("mine/sitecustomize.py", "import sys\nsys.stdout.write('mine %s\\n' % __name__)\nVALUE = 3\n")
    run.write("bad/sitecustomize.py", "raise ValueError('mine')\n")
    script = run.write(
        "see.py",
        "import sys, random, argparse\n"
        "sys.stdout.write('%s %s\\n' % ('sitecustomize' in sys.modules, sys.path))\n"
        "random.seed(1)\n"
        "parser = argparse.ArgumentParser()\n"
        "parser.add_argument('--lr', type=float, default=0.1)\n"
        "sys.stdout.write('%s %s\\n' % (random.random(), parser.parse_args()))\n",
    )
    for path in [[], [run.folder / "mine"], [run.folder / "bad"]]:
        done = run.same(script, "--l", "0.5", python=python, path=path)
        assert "Namespace(lr=0.5)" in done.stdout
    met = version not in ("2.7", "3.6", "3.7")
    assert len(run.events("process")) == 3 * met
    assert len(run.events("arguments")) == 3 * met
    assert len(run.events("seeded")) == 3 * met


def test_a_virtual_environment(run, tmp_path):
    venv.create(tmp_path / "env", symlinks=True)
    run("-c", "pass", python=tmp_path / "env" / "bin" / "python")
    event = run.only("process")
    assert event["prefix"] == str(tmp_path / "env")
    assert event["executable"] == str(tmp_path / "env" / "bin" / "python")
    assert event["base_prefix"] == sys.base_prefix


def test_children_are_met_until_one_hides(run):
    script = run.write(
        "tree.py",
        "import os, subprocess, sys\n"
        "subprocess.run([sys.executable, '-c', 'pass', 'kept'])\n"
        "subprocess.run([sys.executable, '-c', 'pass', 'hidden'], env={**os.environ, 'PYTHONPATH': '/x'})\n"
        "os.execv(sys.executable, [sys.executable, '-c', 'pass', 'exec'])\n",
    )
    run(script)
    assert {each["argv"][-1] for each in run.events("process")} == {"exec", "kept", str(script)}
    pids = [path.name.split("-")[1] for path in run.spool.iterdir()]
    assert len(pids) == 3
    assert len(set(pids)) == 2  # the one that called exec kept its number


@pytest.mark.parametrize("method", ["spawn", "forkserver", "fork"])
def test_multiprocessing(run, method):
    script = run.write(
        "pool.py",
        "import multiprocessing, random\n"
        "def work(n):\n"
        "    random.seed(n)\n"
        "    return random.random()\n"
        "if __name__ == '__main__':\n"
        f"    with multiprocessing.get_context('{method}').Pool(2) as pool:\n"
        "        print(pool.map(work, [5, 6], chunksize=1))\n",
    )
    run.same(script)
    assert {each["value"] for each in run.events("seeded")} == {5, 6}
    assert all(each["where"] == f"{script}:3" for each in run.events("seeded"))


def test_a_spool_that_is_gone_or_read_only_is_no_affair_of_the_program(run):
    script = run.write("a.py", "import random\nrandom.seed(1)\nprint(random.random())\n")
    bare = run(script, probe=False).stdout
    done = run(script, LEDGER_SPOOL=str(run.folder / "nowhere"))
    assert (done.stdout, done.stderr) == (bare, "")
    (run.folder / "file").touch()
    done = run(script, LEDGER_SPOOL=str(run.folder / "file"))
    assert (done.stdout, done.stderr) == (bare, "")


def test_a_probe_that_cannot_even_start_is_silent(run, tmp_path):
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "sitecustomize.py").write_text((PROBE / "sitecustomize.py").read_text())
    (broken / "_ledger_probe.py").write_text("raise RuntimeError('no')\n")
    run.write("mine/sitecustomize.py", "print('mine')\n")
    path = os.pathsep.join([str(broken), str(run.folder / "mine")])
    done = run("-c", "import sys; print('_ledger_probe' in sys.modules)", PYTHONPATH=path)
    assert (done.stdout, done.stderr) == ("mine\nFalse\n", "")
