"""Python programs into which the probe cannot go, or in which it meets what it did not expect."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.fixture
def data(tmp_path):
    place = tmp_path / "data"
    place.mkdir()
    for name in ("one", "two"):
        (place / name).write_text(name)
    return place


def reads(path):
    return f"print(open({str(path)!r}).read())"


@pytest.mark.parametrize("flag", ["-I", "-E", "-S", "-IS"])
def test_flags_that_keep_the_probe_out(show, data, flag):
    found = show(sys.executable, flag, "-c", reads(data / "one"))
    assert found.out == "one\n"
    assert set(found.inputs) == {str(data / "one")}
    assert found.health["inputs"][0] == "complete"
    assert found.health["probe"][0] != "complete"
    assert flag[:2] in found.health["probe"][1]
    assert found.health["seeds"][0] != "complete"


def test_an_empty_environment(show, data):
    found = show("env", "-i", sys.executable, "-c", reads(data / "one"))
    assert found.out == "one\n"
    assert str(data / "one") in found.inputs
    assert found.health["inputs"][0] == "complete"
    assert "PYTHONPATH" in found.health["probe"][1]


@pytest.mark.parametrize(
    "change", ["del os.environ['PYTHONPATH']", "os.environ['PYTHONPATH'] = '/nowhere'", "os.environ.clear()"]
)
def test_a_script_that_changes_pythonpath_for_its_child(show, script, data, change):
    script(
        f"""
        import os, subprocess, sys
        {change}
        subprocess.run([sys.executable, "-c", {reads(data / "two")!r}], check=True)
        {reads(data / "one")}
        """
    )
    found = show(sys.executable, "job.py")
    assert found.out == "two\none\n"
    assert {str(data / "one"), str(data / "two")} == set(found.inputs)
    assert found.health["inputs"][0] == "complete"
    state, reason = found.health["probe"]
    assert state == "partial"
    assert "PYTHONPATH" in reason
    assert " -c" in reason, "it names the process"


@pytest.mark.parametrize("name", ["sitecustomize", "usercustomize"])
def test_the_users_own_customization(tool, show, tmp_path, data, name):
    place = tmp_path / "own"
    place.mkdir()
    text = f"import sys, os\nsys.stderr.write('customized\\n')\nopen({str(data / 'two')!r}).read()\n"
    (place / f"{name}.py").write_text(text)
    variables = {"PYTHONPATH": str(place)}
    program = reads(data / "one") + f"; import {name}; print({name}.__file__)"
    if name == "usercustomize" and sys.prefix != sys.base_prefix:
        text = Path(sys.prefix, "pyvenv.cfg").read_text()
        if "include-system-site-packages = true" not in text:
            # A virtual environment without the user's site imports none by itself.
            program = f"import {name}; " + program
    found = show(sys.executable, "-c", program, variables=variables)
    # Where `ledger` itself is run by such a Python, the first time is its own.
    assert found.err.count("customized") == (2 if name == "sitecustomize" else 1)
    assert found.out == f"one\n{place / name}.py\n"
    assert {str(data / "one"), str(data / "two")} <= set(found.inputs)
    assert found.health["probe"][0] == "complete", found.health["probe"]


@pytest.mark.parametrize("text", ["raise RuntimeError('mine')", "1 +"])
def test_a_users_sitecustomize_that_fails_fails_as_it_would(tool, show, tmp_path, text):
    place = tmp_path / "own"
    place.mkdir()
    (place / "sitecustomize.py").write_text(text + "\n")
    words = [sys.executable, "-c", "print('ran')"]
    bare = subprocess.run(
        words,
        env={**os.environ, "PYTHONPATH": str(place)},
        cwd=tool.path,
        capture_output=True,
        text=True,
        check=False,
    )
    found = show(*words, variables={"PYTHONPATH": str(place)}, code=bare.returncode)
    assert found.out == bare.stdout
    last = [line for line in bare.stderr.splitlines() if line][-1:]
    assert [line for line in found.err.splitlines() if line][-1:] == last


IMPOSTORS = {
    "argparse": "parse_args = None\nclass ArgumentParser: pass\nNamespace = 3\n",
    "numpy": "class random: pass\n__version__ = 4\n",
    "torch": "import sys\nmanual_seed = property()\n",
    "click": "Command = 'not a class'\nContext = None\n",
    "wandb": "def __getattr__(name):\n    raise RuntimeError(name)\n",
    "random": "seed = 1\nRandom = None\n",
    "absl": "flags = None\n",
    "omegaconf": "OmegaConf = []\n",
    "yaml": "def safe_load(*_): raise SystemExit(9)\n",
    "tensorboardX": "SummaryWriter = object()\n",
}


@pytest.mark.parametrize("name", IMPOSTORS)
def test_a_module_that_only_looks_like_one(show, script, data, name):
    script(IMPOSTORS[name], f"{name}.py")
    rest = f"print({name}.__file__)\nopen('out', 'w').write('1')"
    script(f"import {name}\n{reads(data / 'one')}\n{rest}")
    found = show(sys.executable, "job.py")
    assert found.out.startswith("one\n")
    assert found.out.endswith(f"/{name}.py\n")
    assert found.err == ""
    assert set(found.inputs) == {str(data / "one")}
    assert "out" in found.outputs


@pytest.mark.parametrize("version", ["2.7", "3.6", "3.7", "3.8", "3.13"])
def test_other_pythons(show, data, version):
    versions = Path(os.environ.get("PYENV_ROOT", "/nowhere")) / "versions"
    there = sorted(versions.glob(f"{version}*/bin/python{version}"))
    other = there[0] if there else shutil.which(f"python{version}")
    if other is None:
        pytest.skip(f"there is no Python {version} here")
    found = show("sh", "-c", f'{other} -c "{reads(data / "one").replace(chr(39), chr(92) + chr(34))}"')
    assert found.out == "one\n"
    assert found.err == ""
    assert set(found.inputs) == {str(data / "one")}
    assert found.health["inputs"][0] == "complete"
    state, reason = found.health["probe"]
    if tuple(map(int, version.split("."))) < (3, 8):
        assert state != "complete"
        assert f"python{version}" in reason
        assert "3.8" in reason
    else:
        assert state == "complete", reason


def test_a_probe_that_is_broken_breaks_nothing(show, script, data):
    """A program that takes from Python what the probe stands on."""
    script(
        f"""
        import builtins, os, sys
        os.getpid = None
        os.write = None
        os.open = os.close = None
        builtins.isinstance = None
        {reads(data / "one")}
        sys.exit(4)
        """
    )
    found = show(sys.executable, "job.py", code=4)
    assert found.out == "one\n"
    assert set(found.inputs) == {str(data / "one")}
