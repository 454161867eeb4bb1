"""Which Python a command uses: real shims, real scripts, real virtual environments."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ledger.capture.interpreter import find
from ledger.capture.launchers import is_python

BASE = Path(sys._base_executable)  # type: ignore[attr-defined]


@pytest.fixture
def venv(tmp_path: Path) -> Path:
    prefix = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", prefix], check=True)
    return prefix


def script(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


def on_path(*directories: Path) -> dict[str, str]:
    return {"PATH": os.pathsep.join([*map(str, directories), "/usr/bin", "/bin"])}


def test_a_name_is_looked_up_on_the_childs_path(venv: Path, tmp_path: Path) -> None:
    found = find(["python", "train.py"], tmp_path, on_path(venv / "bin"))
    assert found.executable == venv / "bin/python"
    assert not found.assumed
    assert found.hiding is None
    assert found.reason is None


def test_a_virtual_environment_is_not_resolved_to_its_base(venv: Path, tmp_path: Path) -> None:
    assert (venv / "bin/python").is_symlink()
    found = find([str(venv / "bin/python3"), "x.py"], tmp_path, {})
    assert found.executable == venv / "bin/python3"


def test_relative_paths_and_relative_path_entries_start_at_the_directory(venv: Path, tmp_path: Path) -> None:
    assert find(["./venv/bin/python"], tmp_path, {}).executable == venv / "bin/python"
    assert find(["python"], tmp_path, {"PATH": "venv/bin"}).executable == venv / "bin/python"


@pytest.mark.parametrize(
    ("arguments", "flags"),
    [
        (["train.py", "-I"], ()),
        (["-I", "train.py"], ("-I",)),
        (["-BEsu", "train.py"], ("-E", "-s")),
        (["-X", "-I", "train.py"], ()),
        (["-XI", "train.py"], ()),
        (["-W", "error", "-S", "train.py"], ("-S",)),
        (["-c", "pass", "-E"], ()),
        (["-um", "mod", "-S"], ()),
        (["--check-hash-based-pycs", "always", "-I", "x"], ("-I",)),
    ],
)
def test_flags_before_the_script_count(
    venv: Path, tmp_path: Path, arguments: list[str], flags: tuple[str, ...]
) -> None:
    found = find(["python", *arguments], tmp_path, on_path(venv / "bin"))
    assert found.flags == flags
    assert bool(found.hiding) == bool({"-I", "-E", "-S"} & set(flags))


@pytest.mark.parametrize(
    "command",
    [
        "env python x.py",
        "env -u HOME LR=1 python x.py",
        "env -S python x.py",
        "/usr/bin/env --unset=HOME python x.py",
        "nice -n 5 python x.py",
        "time -f %e python x.py",
        "nohup python x.py",
        "stdbuf -oL -e L python x.py",
        "timeout -k 3 10 python x.py",
        "taskset -c 0,1 python x.py",
        "nice timeout 5 env A=b stdbuf -oL python x.py",
        "mpirun -np 4 --bind-to core python x.py",
    ],
)
def test_launchers_are_followed(venv: Path, tmp_path: Path, command: str) -> None:
    script(tmp_path / "tools/mpirun", "#!/bin/sh\n")
    found = find(command.split(), tmp_path, on_path(venv / "bin", tmp_path / "tools"))
    assert found.executable == venv / "bin/python"
    assert not found.assumed


def test_what_env_sets_counts(venv: Path, tmp_path: Path) -> None:
    other = venv.rename(tmp_path / "other")
    found = find(["env", f"PATH={other}/bin", "-u", "A", "PYTHONPATH=src", "python"], tmp_path, {"A": "1"})
    assert found.executable == other / "bin/python"
    assert found.variables({"A": "1", "B": "2"}) == {"B": "2", "PATH": f"{other}/bin", "PYTHONPATH": "src"}
    clean = find(["env", "-i", "X=1", str(other / "bin/python")], tmp_path, {"A": "1"})
    assert clean.variables({"A": "1"}) == {"X": "1"}


@pytest.mark.parametrize(
    ("first", "flags"),
    [
        ("#!{python}", ()),
        ("#!{python} -I", ("-I",)),
        ("#! /usr/bin/env python3", ()),
        ("#!/usr/bin/env -S python3 -u -E", ("-E",)),
        ("#!/usr/bin/env -S FOO=bar python3", ()),
        ("#!/bin/sh\n'''exec' {python} \"$0\" \"$@\"\n' '''", ()),
        ("#!/bin/sh\n'''exec' \"{python}\" \"$0\" \"$@\"\n' '''", ()),
    ],
)
def test_first_lines(venv: Path, tmp_path: Path, first: str, flags: tuple[str, ...]) -> None:
    tool = script(tmp_path / "tool", first.format(python=venv / "bin/python3") + "\nprint('hello')\n")
    found = find(["./tool", "--lr", "1"], tmp_path, on_path(venv / "bin"))
    assert found.executable == venv / "bin/python3"
    assert found.flags == flags
    done = subprocess.run([tool], env=on_path(venv / "bin"), capture_output=True, text=True, check=False)
    assert done.stdout == "hello\n"  # the script is one that the system starts, too


def test_a_console_script_that_pip_or_uv_wrote(venv: Path, tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 100) / ("e" * 100)
    package = tmp_path / "package"
    script(package / "tool.py", "import sys\ndef main() -> None: print(sys.executable)\n")
    (package / "pyproject.toml").write_text(
        '[project]\nname = "tool"\nversion = "1"\nscripts = {tool = "tool:main"}\n'
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    )
    script(
        package / "backend.py",
        "import zipfile\n"
        "def get_requires_for_build_wheel(config_settings=None): return []\n"
        "def build_wheel(directory, config_settings=None, metadata_directory=None):\n"
        "    with zipfile.ZipFile(directory + '/tool-1-py3-none-any.whl', 'w') as wheel:\n"
        "        info = 'tool-1.dist-info/'\n"
        "        wheel.writestr('tool.py', open('tool.py').read())\n"
        "        wheel.writestr(info + 'METADATA', 'Metadata-Version: 2.1\\nName: tool\\nVersion: 1\\n')\n"
        "        wheel.writestr(info + 'WHEEL',\n"
        "            'Wheel-Version: 1.0\\nGenerator: x\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n')\n"
        "        wheel.writestr(info + 'entry_points.txt', '[console_scripts]\\ntool = tool:main\\n')\n"
        "        wheel.writestr(info + 'RECORD', 'tool.py,,\\n')\n"
        "    return 'tool-1-py3-none-any.whl'\n",
    )
    uv = shutil.which("uv", path=str(Path(sys.executable).parent)) or "uv"
    for place, options in ((tmp_path / "short", []), (deep, []), (tmp_path / "moving", ["--relocatable"])):
        subprocess.run([uv, "venv", "-q", *options, "--python", BASE, place], check=True)
        install = [uv, "pip", "install", "-q", "--offline", "--python", place / "bin/python", package]
        subprocess.run(install, check=True, cwd=tmp_path)
        found = find([str(place / "bin/tool")], tmp_path, {})
        assert found.executable is not None
        real = subprocess.run([place / "bin/tool"], capture_output=True, text=True, check=True).stdout.strip()
        assert found.executable.parent == Path(real).parent == place / "bin"


def test_a_script_whose_python_is_gone(tmp_path: Path) -> None:
    script(tmp_path / "tool", "#!/nowhere/bin/python3\n")
    found = find(["./tool"], tmp_path, {})
    assert found.executable is None
    assert found.reason is not None
    assert "/nowhere/bin/python3" in found.reason


@pytest.mark.parametrize("command", ["bash x.sh", "make all", "./x.sh", "not-there --lr 1"])
def test_other_programs_get_the_paths_python(venv: Path, tmp_path: Path, command: str) -> None:
    script(tmp_path / "x.sh", "#!/bin/bash\necho hi\n")
    found = find(command.split(), tmp_path, on_path(venv / "bin"))
    assert found.executable == venv / "bin/python3"
    assert found.assumed
    assert found.reason is not None


def test_no_python_at_all(tmp_path: Path) -> None:
    assert find(["make"], tmp_path, {"PATH": str(tmp_path)}).executable is None
    assert find(["python"], tmp_path, {"PATH": str(tmp_path)}).executable is None
    assert find([], tmp_path, {"PATH": str(tmp_path)}).executable is None


def shims(root: Path, venvs: dict[str, Path]) -> Path:
    """Shims as pyenv writes them: a version chosen by PYENV_VERSION, else by the nearest .python-version."""
    choose = script(
        root / "libexec/choose",
        '#!/bin/sh\necho asked >> "$0.log"\nversion="$PYENV_VERSION"\nplace="$PWD"\n'
        'while [ -z "$version" ] && [ -n "$place" ]; do\n'
        '  [ -f "$place/.python-version" ] && version="$(cat "$place/.python-version")"\n'
        '  place="${place%/*}"\ndone\n'
        'program="$2"; shift 2\nexec "' + str(root) + '/versions/$version/bin/$program" "$@"\n',
    )
    for version, venv in venvs.items():
        (root / "versions").mkdir(exist_ok=True)
        (root / "versions" / version).symlink_to(venv)
    for name in ("python", "python3", "torchrun"):
        text = f'#!/usr/bin/env bash\nset -e\nprogram="${{0##*/}}"\nexec "{choose}" exec "$program" "$@"\n'
        script(root / "shims" / name, text)
    return root / "shims"


def test_shims_are_asked_once(venv: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", other], check=True)
    root = tmp_path / "pyenv"
    variables = on_path(shims(root, {"a": venv, "b": other})) | {"PYENV_ROOT": str(root)}
    (tmp_path / "work").mkdir()
    chosen = tmp_path / "work/.python-version"
    chosen.write_text("a\n")
    log = root / "libexec/choose.log"
    cache = tmp_path / "cache"

    for _ in range(3):
        found = find(["python", "x.py"], tmp_path / "work", variables, cache=cache)
        assert found.executable == root / "versions/a/bin/python"
    assert len(log.read_text().split()) == 1

    chosen.write_text("b\n")
    os.utime(chosen, ns=(1, 1))
    found = find(["python", "x.py"], tmp_path / "work", variables, cache=cache)
    assert found.executable == root / "versions/b/bin/python"
    found = find(["env", "PYENV_VERSION=a", "python"], tmp_path / "work", variables, cache=cache)
    assert found.executable == root / "versions/a/bin/python"
    assert find(["torchrun"], tmp_path / "work", variables, cache=cache).executable == (
        root / "versions/b/bin/python"
    )


def test_a_shim_that_fails_is_no_python(tmp_path: Path) -> None:
    script(tmp_path / "python", "#!/bin/sh\nexit 127\n")
    found = find(["python", "x.py"], tmp_path, {"PATH": str(tmp_path)})
    assert found.executable is None
    assert found.reason is not None


def test_a_damaged_cache_is_none(venv: Path, tmp_path: Path) -> None:
    root = tmp_path / "pyenv"
    variables = on_path(shims(root, {"a": venv})) | {"PYENV_ROOT": str(root), "PYENV_VERSION": "a"}
    cache = tmp_path / "cache"
    expected = find(["python"], tmp_path, variables, cache=cache)
    (kept,) = (cache / "shims").iterdir()
    content = kept.read_bytes()
    for damaged in (b"", content[:40], content[:-1] + bytes([content[-1] ^ 1])):
        kept.write_bytes(damaged)
        assert find(["python"], tmp_path, variables, cache=cache) == expected
        assert kept.read_bytes() == content


class TestProjects:
    def test_uv_run_uses_the_projects_environment(self, venv: Path, tmp_path: Path) -> None:
        (tmp_path / "pyproject.toml").write_text("[project]\nname = 'p'\nversion = '1'\n")
        venv.rename(tmp_path / ".venv")
        (tmp_path / "deep/er").mkdir(parents=True)
        for command in (
            "uv run python x.py",
            "uv run x.py",
            "uv run --frozen -p 3.12 -- pytest -x",
            "uv run -m pytest",
        ):
            found = find(command.split(), tmp_path / "deep/er", on_path())
            assert found.executable == tmp_path / ".venv/bin/python"

    def test_uv_run_with_packages_of_its_own(self, venv: Path, tmp_path: Path) -> None:
        (tmp_path / "pyproject.toml").write_text("[project]\nname = 'p'\nversion = '1'\n")
        venv.rename(tmp_path / ".venv")
        (tmp_path / "alone.py").write_text("# /// script\n# dependencies = []\n# ///\n")
        for command in ("uv run --with six python", "uv run alone.py", "uvx ruff", "uv tool run ruff"):
            found = find(command.split(), tmp_path, on_path())
            assert found.executable is None
            assert found.reason is not None

    def test_uv_run_before_the_environment_is_made(self, tmp_path: Path) -> None:
        (tmp_path / "pyproject.toml").write_text("[project]\nname = 'p'\nversion = '1'\n")
        assert find(["uv", "run", "python"], tmp_path, on_path()).executable is None

    def test_uv_members_share_the_workspaces_environment(self, venv: Path, tmp_path: Path) -> None:
        (tmp_path / "pyproject.toml").write_text("[tool.uv.workspace]\nmembers = ['m/*']\n")
        venv.rename(tmp_path / ".venv")
        (tmp_path / "m/one").mkdir(parents=True)
        (tmp_path / "m/one/pyproject.toml").write_text("[project]\nname = 'one'\nversion = '1'\n")
        found = find(["uv", "run", "python"], tmp_path / "m/one", on_path())
        assert found.executable == tmp_path / ".venv/bin/python"

    def test_conda_run(self, venv: Path, tmp_path: Path) -> None:
        home = tmp_path / "conda"
        (home / "envs").mkdir(parents=True)
        venv.rename(home / "envs/train")
        variables = on_path() | {"CONDA_EXE": str(home / "bin/conda")}
        expected = home / "envs/train/bin/python"
        assert find(["conda", "run", "-n", "train", "python"], tmp_path, variables).executable == expected
        by_path = ["conda", "run", "-p", str(home / "envs/train"), "python"]
        assert find(by_path, tmp_path, variables).executable == expected
        assert find(["conda", "run", "-n", "gone", "python"], tmp_path, variables).executable is None


@pytest.mark.parametrize("name", ["python", "python3", "/usr/bin/python3.12", "pypy3.10", "python3.13t"])
def test_names_of_python(name: str) -> None:
    assert is_python(name)


@pytest.mark.parametrize("name", ["python-config", "pythonista", "ipython", "cpython", "torchrun", ""])
def test_names_of_other_programs(name: str) -> None:
    assert not is_python(name)
