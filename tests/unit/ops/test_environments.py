"""Environments made again by the real uv, from wheels in a directory that is their only index."""

import base64
import dataclasses
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest
import uv

import ledger
from ledger.capture.environment import EditableInstall, capture
from ledger.capture.interpreter import FoundInterpreter
from ledger.errors import IncomparableError
from ledger.model import CodeSnapshot, Digest, Distribution, Environment, Interpreter
from ledger.ops.activation import activated
from ledger.ops.drift import differences
from ledger.ops.environments import Recreated, current, recreate
from ledger.ops.indexes import from_configuration
from ledger.ops.layer import editable_installs
from ledger.ops.requirements import requirement

BASE = Path(sys._base_executable)  # type: ignore[attr-defined]
UV = uv.find_uv_bin()


def record_hash(text):
    """SHA-256 as a wheel's RECORD wants it, by the system's tool."""
    done = subprocess.run(["sha256sum"], input=text.encode(), capture_output=True, check=True)
    return base64.urlsafe_b64encode(bytes.fromhex(done.stdout[:64].decode())).rstrip(b"=").decode()


def wheel(directory: Path, name: str, version: str = "1.0", text: str | None = None) -> Path:
    info = f"{name}-{version}.dist-info"
    content = {
        f"{name}.py": text or f"VALUE = {version!r}\ndef main(): print(__import__('sys').executable)\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": f"[console_scripts]\n{name} = {name}:main\n",
    }
    rows = ""
    for path, each in content.items():
        digest = record_hash(each)
        rows += f"{path},sha256={digest},{len(each)}\n"
    content[f"{info}/RECORD"] = f"{rows}{info}/RECORD,,\n"
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for each, each_text in content.items():
            archive.writestr(each, each_text)
    return path


class World:
    """An index of wheels, a user's environment, and a place for what is made again."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.index = root / "index"
        self.index.mkdir()
        self.cache = root / "cache"
        self.told: list[str] = []
        self.variables = {
            "PATH": os.environ["PATH"],
            "HOME": str(root),
            "UV_NO_INDEX": "1",
            "UV_FIND_LINKS": str(self.index),
            "UV_CACHE_DIR": str(root / "uv"),
        }

    def venv(self, *requirements: str | Path, name: str = "venv", options: tuple[str, ...] = ()) -> Path:
        place = self.root / name
        subprocess.run([UV, "venv", "-q", "--python", BASE, *options, place], check=True, env=self.variables)
        if requirements:
            words = [
                UV,
                "pip",
                "install",
                "-q",
                "--no-index",
                "--python",
                place / "bin/python",
                *requirements,
            ]
            subprocess.run(words, check=True, env=self.variables, cwd=self.root)
        return place

    def captured(self, place: Path, **variables: str) -> Any:
        found = FoundInterpreter(executable=place / "bin/python", directory=self.root)
        return capture(found, variables=variables, root=self.root, cache=self.root / "derived")

    def recreate(self, captured: Any, **options: Any) -> Recreated:
        return recreate(
            captured.environment,
            captured.interpreter,
            cache=self.cache,
            variables=options.pop("variables", self.variables),
            directory=self.root,
            progress=self.told.append,
            **options,
        )


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def value(python: Path | None, code: str) -> str:
    assert python is not None
    return subprocess.run(
        [python, "-E", "-c", code], check=True, capture_output=True, text=True, cwd="/"
    ).stdout.strip()


def test_the_same_comes_back(world: World) -> None:
    wheel(world.index, "one")
    wheel(world.index, "two", "2.0")
    wheel(world.index, "two", "2.1")
    captured = world.captured(world.venv("one", "two==2.0"), OMP_NUM_THREADS="2")
    again = world.recreate(captured)
    assert again.environment == captured.environment
    assert again.differences == ()
    assert value(again.python, "import two; print(two.VALUE)") == "2.0"
    assert again.python is not None
    assert again.python.is_relative_to(world.cache)
    assert world.told == [f"making an environment: Python {captured.environment.python}, 2 packages"]


def test_it_is_made_once_whatever_the_variables(world: World) -> None:
    wheel(world.index, "one")
    place = world.venv("one")
    first = world.recreate(world.captured(place, OMP_NUM_THREADS="2"))
    shutil.rmtree(world.index)  # nothing could be installed now
    captured = world.captured(place, OMP_NUM_THREADS="4")
    second = world.recreate(captured)
    assert second.python == first.python
    assert second.environment == captured.environment
    assert len(world.told) == 1


def test_a_version_is_exact(world: World) -> None:
    wheel(world.index, "one", "1.0")
    place = world.venv("one")
    wheel(world.index, "one", "1.0+cpu")
    wheel(world.index, "one", "1.1")
    assert value(world.recreate(world.captured(place)).python, "import one; print(one.VALUE)") == "1.0"


def test_no_environment_shares_files_with_uvs_cache(world: World) -> None:
    wheel(world.index, "one")
    again = world.recreate(world.captured(world.venv("one")))
    assert value(again.python, "import one, os; print(os.stat(one.__file__).st_nlink)") == "1"


def test_a_cache_of_uv_that_was_changed_is_noticed(world: World) -> None:
    wheel(world.index, "one")
    wheel(world.index, "two")
    captured = world.captured(world.venv("one", "two"))
    changed = [each for each in (world.root / "uv").rglob("one.py") if each.is_file()]
    assert changed
    for each in changed:
        content = each.read_text()
        each.write_text(content.replace("1.0", "6.6"))  # of the same size: only its content tells
    again = world.recreate(captured)
    assert value(again.python, "import one; print(one.VALUE)") == "1.0"
    assert any("fetching one anew" in each for each in world.told)


class TestReuse:
    @pytest.mark.parametrize(
        "damage", ["cut", "gone", "marker", "package", "python", "other marker", "not text"]
    )
    def test_what_is_damaged_is_made_again(self, world: World, damage: str) -> None:
        wheel(world.index, "one")
        captured = world.captured(world.venv("one"))
        first = world.recreate(captured)
        assert first.python is not None
        place = first.python.parent.parent
        module = Path(value(first.python, "import one; print(one.__file__)"))
        if damage == "cut":
            module.write_text("")
        elif damage == "gone":
            module.unlink()
        elif damage == "marker":
            (place / "complete").unlink()
            module.write_text("raise SystemExit(1)")
        elif damage == "package":
            shutil.rmtree(module.parent / "one-1.0.dist-info")
        elif damage == "python":
            first.python.unlink()
        elif damage == "other marker":
            (place / "complete").write_text("b3:00")
        else:
            (place / "complete").write_bytes(b"\xff")
        again = world.recreate(captured)
        assert again == first
        assert len(world.told) == 2
        assert value(again.python, "import one; print(one.VALUE)") == "1.0"

    def test_one_that_is_whole_is_left_alone(self, world: World) -> None:
        wheel(world.index, "one")
        captured = world.captured(world.venv("one"))
        first = world.recreate(captured)
        value(first.python, "import one")  # bytecode is written
        assert world.recreate(captured) == first
        assert len(world.told) == 1

    def test_a_build_that_was_killed_is_never_taken_for_whole(self, world: World, tmp_path: Path) -> None:
        for name in ("one", "two", "three"):
            wheel(world.index, name)
        captured = world.captured(world.venv("one", "two", "three"))
        script = tmp_path / "make.py"
        script.write_text(
            "import sys, pickle\nfrom pathlib import Path\nfrom ledger.ops.environments import recreate\n"
            "environment, interpreter, cache, variables, root = pickle.load(open(sys.argv[1], 'rb'))\n"
            "recreate(environment, interpreter, cache=cache, variables=variables, directory=root,\n"
            "         progress=lambda text: print('began', flush=True))\n"
        )
        import pickle

        with open(tmp_path / "world", "wb") as file:
            pickle.dump(
                (captured.environment, captured.interpreter, world.cache, world.variables, world.root), file
            )
        for wait in (0.0, 0.02, 0.05, 0.1):
            child = subprocess.Popen(
                [sys.executable, script, tmp_path / "world"],
                stdout=subprocess.PIPE,
                start_new_session=True,
                env={**os.environ, "PYTHONPATH": str(Path(ledger.__file__).parent.parent)},
            )
            assert child.stdout is not None
            child.stdout.readline()
            time.sleep(wait)
            os.killpg(child.pid, signal.SIGKILL)
            child.communicate()
            shutil.rmtree(world.root / "derived", ignore_errors=True)
        again = world.recreate(captured)
        assert again.environment == captured.environment
        assert value(again.python, "import one, two, three; print(3)") == "3"

    def test_a_build_that_was_killed_before_it_was_an_environment_is_cleared(self, world: World) -> None:
        wheel(world.index, "one")
        captured = world.captured(world.venv("one"))
        first = world.recreate(captured)
        assert first.python is not None
        for each in first.python.parent.parent.iterdir():
            if each.is_file():
                each.unlink()
        assert world.recreate(captured) == first
        assert value(first.python, "import one; print(one.VALUE)") == "1.0"

    def test_many_at_once_share_one(self, world: World) -> None:
        wheel(world.index, "one")
        captured = world.captured(world.venv("one"))
        results: list[Recreated] = []
        threads = [
            threading.Thread(target=lambda: results.append(world.recreate(captured))) for _ in range(4)
        ]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        assert results == [results[0]] * 4
        assert len([each for each in world.told if each.startswith("making")]) == 1


class TestErrors:
    def test_all_that_is_missing_is_named(self, world: World) -> None:
        for name in ("one", "two", "three"):
            wheel(world.index, name)
        captured = world.captured(world.venv("one", "two", "three"))
        (world.index / "one-1.0-py3-none-any.whl").unlink()
        (world.index / "three-1.0-py3-none-any.whl").unlink()
        wheel(world.index, "three", "3.0")
        shutil.rmtree(world.root / "uv")
        with pytest.raises(IncomparableError) as caught:
            world.recreate(captured)
        assert caught.value.cause == (
            "no index has one==1.0, three==1.0; the nearest that there are: three 3.0"
        )
        assert "--env current" in str(caught.value.hint)
        assert caught.value.exit_code == 5
        with pytest.raises(IncomparableError):  # nor is what was left of it taken
            world.recreate(captured)

    def test_a_version_that_is_none(self, world: World) -> None:
        wheel(world.index, "one")
        captured = world.captured(world.venv("one"))
        odd = dataclasses.replace(captured.environment.distributions[0], version="unknown")
        environment = dataclasses.replace(captured.environment, distributions=(odd,))
        with pytest.raises(IncomparableError) as caught:
            world.recreate(dataclasses.replace(captured, environment=environment))
        assert "one==unknown" in str(caught.value.cause)

    def test_no_network(self, world: World) -> None:
        wheel(world.index, "six", "1.16.0")
        captured = world.captured(world.venv("six"))
        variables = {name: each for name, each in world.variables.items() if name not in ("UV_NO_INDEX",)}
        variables |= {"UV_FIND_LINKS": str(world.root), "UV_CACHE_DIR": str(world.root / "empty")}
        for blocked in (
            {"UV_OFFLINE": "1"},
            {"UV_DEFAULT_INDEX": "http://127.0.0.1:9/simple", "UV_HTTP_RETRIES": "0"},
        ):
            with pytest.raises(IncomparableError) as caught:
                world.recreate(captured, variables=variables | blocked)
            assert caught.value.message == "the package index cannot be reached"
            assert "--env current" in str(caught.value.hint)

    def test_no_such_python(self, world: World) -> None:
        captured = world.captured(world.venv())
        environment = dataclasses.replace(captured.environment, python="3.11.99")
        with pytest.raises(IncomparableError) as caught:
            world.recreate(dataclasses.replace(captured, environment=environment))
        assert "3.11.99" in str(caught.value.cause)
        assert str(captured.environment.python) in str(caught.value.cause)
        assert "uv python install 3.11.99" in str(caught.value.hint)

    def test_no_python_was_used(self, world: World) -> None:
        environment = Environment(
            python=None, implementation=None, platform="linux-x86_64", distributions=(), variables=()
        )
        again = recreate(environment, None, cache=world.cache, variables={}, directory=world.root)
        assert again == Recreated(python=None, environment=environment, differences=())


class TestBase:
    def test_the_recorded_interpreter_may_be_gone(self, world: World) -> None:
        captured = world.captured(world.venv())
        assert captured.interpreter is not None
        moved = Interpreter(
            executable="/gone/bin/python", base="/gone/bin/python", version="3", has_ledger=False
        )
        variables = world.variables | {"PATH": f"{BASE.parent}:/usr/bin:/bin"}
        again = world.recreate(dataclasses.replace(captured, interpreter=moved), variables=variables)
        assert again.differences == ()

    def test_what_the_system_installed_comes_from_it(self, world: World) -> None:
        """An interpreter with packages that no index has: they are seen through, the others installed."""
        wheel(world.index, "one")
        version = f"python3.{sys.version_info.minor}"
        own = world.root / f".local/lib/{version}/site-packages/own-5.dist-info"
        own.mkdir(parents=True)
        (own / "METADATA").write_text("Name: own\nVersion: 5\n")
        (own.parent / "own.py").write_text("VALUE = 'system'\n")
        place = world.venv("one", options=("--system-site-packages",))
        captured = world.captured(place, HOME=str(world.root))
        names = {each.name: each.origin for each in captured.environment.distributions}
        assert names["own"] == "system"
        again = world.recreate(captured)
        assert again.differences == ()
        assert value(again.python, "import one; print(one.VALUE)") == "1.0"
        assert again.python is not None
        kept = sorted(
            each.name for each in again.python.parent.parent.glob("lib/*/site-packages/*.dist-info")
        )
        assert kept == ["one-1.0.dist-info"]
        shutil.rmtree(own)
        with pytest.raises(IncomparableError) as caught:  # now nobody has it
            world.recreate(captured)
        assert "own==5" in str(caught.value.cause)


class TestLocal:
    def project(self, world: World) -> Path:
        source = world.root / "project"
        (source / "src").mkdir(parents=True)
        (source / "src/proj.py").write_text(
            "import sys\nVALUE = 'mine'\ndef main(): print(sys.executable, VALUE)\n"
        )
        (source / "pyproject.toml").write_text(
            '[project]\nname = "proj"\nversion = "0.1"\nscripts = {train = "proj:main"}\n'
            '[project.entry-points.plugins]\nmine = "proj:VALUE"\n'
            '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
        )
        (source / "backend.py").write_text(
            "import os, zipfile\n"
            "def get_requires_for_build_wheel(config_settings=None): return []\n"
            "get_requires_for_build_editable = get_requires_for_build_wheel\n"
            "def make(directory, files):\n"
            "    info = 'proj-0.1.dist-info/'\n"
            "    files[info + 'METADATA'] = 'Metadata-Version: 2.1\\nName: proj\\nVersion: 0.1\\n'\n"
            "    files[info + 'WHEEL'] = 'Wheel-Version: 1.0\\nGenerator: x\\nRoot-Is-Purelib: true\\n'\n"
            "    files[info + 'WHEEL'] += 'Tag: py3-none-any\\n'\n"
            "    files[info + 'RECORD'] = ''.join(each + ',,\\n' for each in files)\n"
            "    with zipfile.ZipFile(directory + '/proj-0.1-py3-none-any.whl', 'w') as archive:\n"
            "        for each, text in files.items(): archive.writestr(each, text)\n"
            "    return 'proj-0.1-py3-none-any.whl'\n"
            "def build_wheel(directory, config_settings=None, metadata_directory=None):\n"
            "    return make(directory, {'proj.py': open('src/proj.py').read()})\n"
            "def build_editable(directory, config_settings=None, metadata_directory=None):\n"
            "    return make(directory, {'_proj.pth': os.getcwd() + '/src\\n'})\n"
        )
        return source

    def test_what_lies_in_a_directory_is_missing_without_it(self, world: World) -> None:
        captured = world.captured(world.venv("--editable", self.project(world)))
        (difference,) = world.recreate(captured).differences
        assert difference.path == "package proj"
        assert (difference.expected, difference.got) == ("0.1", None)
        assert "directory" in str(difference.detail)
        assert not difference.counted

    def test_an_editable_install_at_its_new_place(self, world: World) -> None:
        wheel(world.index, "one")
        source = self.project(world)
        captured = world.captured(world.venv("one", "--editable", source))
        new = world.root / "scratch/project"
        shutil.copytree(source, new)
        (new / "src/proj.py").write_text((source / "src/proj.py").read_text().replace("mine", "restored"))
        shutil.rmtree(new / "__pycache__", ignore_errors=True)
        before = sorted(each.relative_to(new) for each in new.rglob("*"))
        install = EditableInstall(name="proj", version="0.1", path=new, paths=(new / "src",))
        layer = world.root / "scratch/layer"
        again = world.recreate(captured, editable=[install], layer=layer)
        assert again.differences == ()
        assert again.environment == captured.environment
        code = "import one, proj; print(one.VALUE, proj.VALUE)"
        assert value(again.python, code) == "1.0 restored"
        assert (
            sorted(each.relative_to(new) for each in new.rglob("*") if "__pycache__" not in each.parts)
            == before
        )
        run = subprocess.run([layer / "bin/train"], check=True, capture_output=True, text=True)
        assert run.stdout.split() == [str(layer / "bin/python"), "restored"]
        run = subprocess.run([layer / "bin/one"], check=True, capture_output=True, text=True)
        assert run.stdout.split() == [str(layer / "bin/python")]
        plugin = "from importlib.metadata import entry_points, version as v\n"
        plugin += "print(v('proj'), [each.load() for each in entry_points(group='plugins')])"
        assert value(again.python, plugin) == "0.1 ['restored']"

    def test_a_directory_is_built_where_it_is_given(self, world: World) -> None:
        source = self.project(world)
        captured = world.captured(world.venv(source))
        again = world.recreate(captured, sources={"proj": source}, layer=world.root / "layer")
        assert again.differences == ()
        assert value(again.python, "import proj; print(proj.VALUE)") == "mine"

    def test_where_the_editable_installs_of_a_trial_lie(self, world: World) -> None:
        tree = Digest.of(b"")
        environment = Environment(
            python="3",
            implementation="cpython",
            platform="x",
            distributions=tuple(
                Distribution(name=name, version="1", origin=origin, record=None)
                for name, origin in (("mine", "editable"), ("one", "index"), ("other", "editable"))
            ),
            variables=(),
        )
        code = [
            CodeSnapshot(name=".", tree=tree, paths=("src", ".")),
            CodeSnapshot(name="other", tree=tree, paths=("lib",)),
        ]
        scratch = world.root
        found = editable_installs(environment, code, {".": scratch / "a", "other": scratch / "b"})
        assert [(each.name, each.path, each.paths) for each in found] == [
            ("mine", scratch / "a", (scratch / "a/src", scratch / "a")),
            ("other", scratch / "b", (scratch / "b/lib",)),
        ]
        assert [each.name for each in editable_installs(environment, code, {".": scratch})] == ["mine"]


class TestOurs:
    def test_import_ledger_works_where_it_did(self, world: World) -> None:
        captured = world.captured(world.venv())
        assert captured.interpreter is not None
        without = world.recreate(captured)
        interpreter = dataclasses.replace(captured.interpreter, has_ledger=True)
        again = world.recreate(dataclasses.replace(captured, interpreter=interpreter))
        assert again.differences == ()
        assert again.python != without.python
        assert value(again.python, "import ledger; print(ledger.__file__)").endswith(
            "/site-packages/ledger/__init__.py"
        )
        tried = "import importlib.util as u; print(u.find_spec('ledger'), u.find_spec('pyarrow'))"
        assert value(without.python, tried) == "None None"
        assert value(again.python, "import importlib.util as u; print(u.find_spec('pyarrow'))") == "None"


class TestCurrent:
    def test_drift(self, world: World) -> None:
        wheel(world.index, "one", "1.0")
        wheel(world.index, "two")
        place = world.venv("one", "two")
        recorded = world.captured(place, OMP_NUM_THREADS="2", TZ="UTC").environment
        wheel(world.index, "one", "1.1")
        wheel(world.index, "three")
        words = [UV, "pip", "install", "-q", "--no-index", "--python", place / "bin/python"]
        subprocess.run([*words, "one==1.1", "three"], check=True, env=world.variables)
        subprocess.run([*words[:2], "uninstall", "-q", "--python", place / "bin/python", "two"], check=True)
        now = current(
            recorded,
            FoundInterpreter(executable=place / "bin/python", directory=world.root),
            variables={"OMP_NUM_THREADS": "4", "LANG": "C"},
            root=world.root,
            cache=world.root / "derived",
        )
        assert [(each.path, each.expected, each.got) for each in now.differences] == [
            ("package one", "1.0", "1.1"),
            ("package three", None, "1.0"),
            ("package two", "1.0", None),
        ]
        assert all(each.part == "environment" for each in now.differences)
        assert now.environment.variables == recorded.variables  # which the command is given
        assert differences(recorded, recorded) == ()

    def test_the_same_version_with_other_files(self, world: World) -> None:
        wheel(world.index, "one")
        recorded = world.captured(world.venv("one")).environment
        wheel(world.root / "patched", "one", text="VALUE = 'patched'\n")
        other = world.venv(world.root / "patched/one-1.0-py3-none-any.whl", name="other")
        (difference,) = differences(recorded, world.captured(other).environment)
        assert difference.detail == "the same version with other files"
        same = world.venv(world.index / "one-1.0-py3-none-any.whl", name="same")
        (difference,) = differences(recorded, world.captured(same).environment)
        assert str(difference.detail).startswith("the same files from another origin")


class TestRequirements:
    @pytest.mark.parametrize(
        ("origin", "expected"),
        [
            ("index", "one===1.0+cpu"),
            ("system", "one===1.0+cpu"),
            ("git+https://h/one@abc", "one @ git+https://h/one@abc"),
            ("git+https://h/one@abc#subdirectory=x", "one @ git+https://h/one@abc#subdirectory=x"),
            ("archive+https://h/one.whl#sha256=ab", "one @ https://h/one.whl#sha256=ab"),
            ("archive+file:///gone/one.whl#sha256=ab", "one===1.0+cpu"),
            ("hg+https://h/one@abc", None),
            ("path", None),
            ("editable", None),
        ],
    )
    def test_one_distribution(self, origin: str, expected: str | None) -> None:
        each = Distribution(name="one", version="1.0+cpu", origin=origin, record=Digest.of(b""))
        assert requirement(each) == expected

    @pytest.mark.parametrize(
        ("name", "version", "origin"),
        [
            ("one", "1\n--index-url=http://evil", "index"),
            ("one @ http://evil", "1", "index"),
            ("one", "1", "git+http://h/x@y\nevil"),
        ],
    )
    def test_a_record_that_would_smuggle_one_in(self, name: str, version: str, origin: str) -> None:
        with pytest.raises(IncomparableError):
            requirement(Distribution(name=name, version=version, origin=origin, record=None))

    def test_archives_and_repositories(self, world: World) -> None:
        package = wheel(world.root / "files", "one")
        captured = world.captured(world.venv(package))
        assert world.recreate(captured).differences == ()
        repository = TestLocal().project(world)
        git = ["git", "-C", str(repository), "-c", "user.name=a", "-c", "user.email=a@b"]
        for words in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "x"]):
            subprocess.run([*git, *words], check=True)
        captured = world.captured(world.venv(f"git+file://{repository}", name="git"))
        (repository / "src/proj.py").write_text("VALUE = 'later'\n")
        subprocess.run([*git, "commit", "-q", "-a", "-m", "y"], check=True)
        again = world.recreate(captured)
        assert again.differences == ()
        assert value(again.python, "import proj; print(proj.VALUE)") == "mine"


class TestIndexes:
    def test_pip_and_uv_are_read_for_where_packages_come_from(self, tmp_path: Path) -> None:
        (tmp_path / "home/.config/pip").mkdir(parents=True)
        (tmp_path / "home/.config/pip/pip.conf").write_text(
            f"[global]\nextra-index-url = https://me:pw@pip/a\n https://pip/b\nfind-links = {tmp_path}/none\n"
            "index-url = https://pip/simple\n[install]\nno-compile = true\n"
        )
        (tmp_path / "home/.config/uv").mkdir()
        (tmp_path / "home/.config/uv/uv.toml").write_text(
            '[[index]]\nurl = "https://user/"\n[pip]\nindex-strategy = "unsafe-best-match"\n'
        )
        (tmp_path / "work/wheels").mkdir(parents=True)
        (tmp_path / "work/pyproject.toml").write_text(
            '[tool.uv]\nfind-links = ["wheels"]\nexclude-newer = "2020-01-01"\n'
            '[[tool.uv.index]]\nname = "torch"\nurl = "https://torch/"\nexplicit = true\n'
            '[[tool.uv.index]]\nurl = "https://project/"\n'
        )
        found = from_configuration({"HOME": str(tmp_path / "home")}, tmp_path / "work", None)
        assert found["UV_INDEX"].split() == [
            *(
                "https://project/",
                "https://user/",
                "https://me:pw@pip/a",
                "https://pip/b",
                "torch=https://torch/",
            ),
        ]
        assert found["UV_DEFAULT_INDEX"] == "https://pip/simple"
        assert found["UV_FIND_LINKS"] == str(tmp_path / "work/wheels")
        assert found["UV_INDEX_STRATEGY"] == "unsafe-best-match"
        assert "UV_EXCLUDE_NEWER" not in found

    def test_pips_variables_come_last(self, tmp_path: Path) -> None:
        variables = {"HOME": str(tmp_path), "PIP_INDEX_URL": "https://variable/", "PIP_NO_INDEX": "1"}
        found = from_configuration(variables, tmp_path, None)
        assert found["UV_DEFAULT_INDEX"] == "https://variable/"
        assert found["UV_NO_INDEX"] == "1"

    def test_files_that_are_none(self, tmp_path: Path) -> None:
        (tmp_path / "uv.toml").write_text("= 3")
        (tmp_path / ".pip").mkdir()
        (tmp_path / ".pip/pip.conf").write_bytes(b"\xff\xfe")
        assert "UV_INDEX" not in from_configuration({"HOME": str(tmp_path)}, tmp_path, None)

    def test_what_is_installed_is_not_configured(self, world: World) -> None:
        """Settings that would choose other versions have no say."""
        wheel(world.index, "one", "1.0")
        captured = world.captured(world.venv("one"))
        (world.root / "uv.toml").write_text(
            'override-dependencies = ["one==2.0"]\nlink-mode = "symlink"\n[pip]\nprefix = "none"\n'
        )
        wheel(world.index, "one", "2.0")
        variables = world.variables | {
            "UV_OVERRIDE": f"{world.root}/none",
            "UV_TARGET": f"{world.root}/none",
            "UV_PYTHON": "2.7",
        }
        again = world.recreate(captured, variables=variables)
        assert again.differences == ()


class TestActivation:
    def test_words_and_variables(self, tmp_path: Path) -> None:
        new = tmp_path / "new/bin"
        new.mkdir(parents=True)
        for name in ("python", "torchrun"):
            (new / name).touch()
        recorded = Interpreter(
            executable=str(tmp_path / "p/.venv/bin/python3"), base="/b", version="3", has_ledger=False
        )
        words = [
            "nice",
            ".venv/bin/python3",
            "train.py",
            f"{tmp_path}/p/.venv/bin/torchrun",
            "/usr/bin/env",
            "a/b",
        ]
        argv, variables = activated(
            words,
            {"PATH": "/usr/bin", "PYTHONHOME": "/x", "VIRTUAL_ENV": "/old", "A": "1"},
            recorded=recorded,
            directory=tmp_path / "p",
            python=new / "python",
        )
        expected = ("nice", str(new / "python"), "train.py", str(new / "torchrun"), "/usr/bin/env", "a/b")
        assert argv == expected
        assert variables["PATH"] == f"{new}:/usr/bin"
        assert variables["VIRTUAL_ENV"] == str(tmp_path / "new")
        assert variables["A"] == "1"
        assert "PYTHONHOME" not in variables

    def test_a_command_is_started_in_it(self, world: World) -> None:
        wheel(world.index, "one")
        place = world.venv("one")
        captured = world.captured(place)
        again = world.recreate(captured)
        assert again.python is not None
        for command in (
            ["python", "-c", "import one; one.main()"],
            ["one"],
            [f"{place}/bin/one"],
            ["venv/bin/one"],
        ):
            argv, variables = activated(
                command,
                {"PATH": f"{place}/bin:/usr/bin:/bin"},
                recorded=captured.interpreter,
                directory=world.root,
                python=again.python,
            )
            done = subprocess.run(
                argv, env=variables, cwd=world.root, check=True, capture_output=True, text=True
            )
            assert Path(done.stdout.strip()).parent == again.python.parent


@pytest.mark.network
@pytest.mark.slow
def test_packages_from_the_index(world: World) -> None:
    variables = {name: each for name, each in os.environ.items() if not name.startswith(("UV_", "PIP_"))}
    subprocess.run([UV, "venv", "-q", "--python", BASE, world.root / "venv"], check=True)
    words = [UV, "pip", "install", "-q", "--python", world.root / "venv/bin/python", "six", "numpy==2.1.3"]
    subprocess.run(words, check=True)
    captured = world.captured(world.root / "venv")
    again = world.recreate(captured, variables=variables)
    assert again.differences == ()
    assert value(again.python, "import numpy; print(numpy.__version__)") == "2.1.3"
