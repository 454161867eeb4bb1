"""Environments of real interpreters, filled by real installers."""

import base64
import json
import os
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import uv

from ledger.capture.environment import CapturedEnvironment, capture
from ledger.capture.interpreter import FoundInterpreter
from ledger.capture.metadata import normalised, record_digest, without_credentials
from ledger.capture.variables import absolute, recorded, relative
from ledger.model import Distribution, HealthState
from ledger.model.codec import digest_of

BASE = Path(sys._base_executable)  # type: ignore[attr-defined]
UV = uv.find_uv_bin()


def record_hash(text):
    """SHA-256 as a wheel's RECORD wants it, by the system's tool."""
    done = subprocess.run(["sha256sum"], input=text.encode(), capture_output=True, check=True)
    return base64.urlsafe_b64encode(bytes.fromhex(done.stdout[:64].decode())).rstrip(b"=").decode()


def wheel(directory: Path, name: str, version: str = "1.0", files: dict[str, str] | None = None) -> Path:
    """A wheel as a build back end writes it, a script and a data file included."""
    stem = f"{name}-{version}"
    info = f"{stem}.dist-info"
    content = {
        f"{name}.py": f"VALUE = {version!r}\n",
        f"{stem}.data/scripts/{name}-script": "#!python\nprint('hi')\n",
        f"{stem}.data/data/share/{name}/data.txt": "data\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n\nAbout.\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": f"[console_scripts]\n{name} = {name}:main\n",
        **(files or {}),
    }
    rows = []
    for path, text in content.items():
        digest = record_hash(text)
        rows.append(f"{f'{chr(34)}{path}{chr(34)}' if ',' in path else path},sha256={digest},{len(text)}")
    content[f"{info}/RECORD"] = "\n".join([*rows, f"{info}/RECORD,,"]) + "\n"
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"{stem}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for each, text in content.items():
            archive.writestr(each, text)
    return path


def make(place: Path, *packages: str | Path, options: tuple[str, ...] = ()) -> Path:
    subprocess.run([UV, "venv", "-q", "--python", BASE, *options, place], check=True)
    if packages:
        install(place, *packages)
    return place


def install(place: Path, *packages: str | Path, options: tuple[str, ...] = ("--no-index",)) -> None:
    subprocess.run(
        [UV, "pip", "install", "-q", "--python", place / "bin/python", *options, *packages],
        check=True,
        cwd=place,
    )


def site_of(place: Path) -> Path:
    return place / f"lib/python3.{sys.version_info.minor}/site-packages"


@pytest.fixture
def look(tmp_path: Path) -> Callable[..., CapturedEnvironment]:
    def function(place: Path, *, flags: tuple[str, ...] = (), **variables: str) -> CapturedEnvironment:
        executable = place if place.is_file() else place / "bin/python"
        found = FoundInterpreter(executable=executable, flags=flags, directory=tmp_path)
        return capture(found, variables=variables, root=tmp_path, cache=tmp_path / "cache")

    return function


def settle(*places: Path) -> None:
    """Make changes look old, as they are in life, so that what is derived from them is kept."""
    past = time.time_ns() - 3_600_000_000_000
    for place in places:
        for each in (place, *place.iterdir()):
            os.utime(each, ns=(past, past), follow_symlinks=False)


def freshen(*places: Path) -> None:
    """Make changes look as if they were made just now, however long it takes to look at them."""
    ahead = time.time_ns() + 3_600_000_000_000
    for place in places:
        for each in (place, *place.iterdir()):
            os.utime(each, ns=(ahead, ahead), follow_symlinks=False)


def by_name(captured: CapturedEnvironment) -> dict[str, Distribution]:
    return {each.name: each for each in captured.environment.distributions}


def test_an_environment(tmp_path: Path, look: Callable[..., CapturedEnvironment]) -> None:
    place = make(tmp_path / "venv", wheel(tmp_path, "two"), wheel(tmp_path, "One_A.b", "2.1"))
    captured = look(place)
    environment = captured.environment
    assert environment.python == ".".join(map(str, sys.version_info[:3]))
    assert environment.implementation == sys.implementation.name
    assert environment.platform.startswith("linux-")
    assert [(each.name, each.version) for each in environment.distributions] == [
        ("one-a-b", "2.1"),
        ("two", "1.0"),
    ]
    assert all(each.record for each in environment.distributions)
    assert captured.health.state is HealthState.COMPLETE
    assert captured.interpreter is not None
    assert captured.interpreter.executable == str(place / "bin/python")
    assert Path(captured.interpreter.base).resolve() == BASE.resolve()
    assert not captured.interpreter.has_ledger
    assert site_of(place) in captured.sites


def test_ours_is_left_out(tmp_path: Path, look: Callable[..., CapturedEnvironment]) -> None:
    package = wheel(tmp_path, "replay_ledger", files={"ledger/__init__.py": "", "ledger/record.py": ""})
    captured = look(make(tmp_path / "venv", package))
    assert captured.environment.distributions == ()
    assert captured.interpreter is not None
    assert captured.interpreter.has_ledger


def test_where_ours_is_imported_from_is_left_out(
    tmp_path: Path, look: Callable[..., CapturedEnvironment]
) -> None:
    checkout = tmp_path / "checkout"
    place = make(checkout / ".venv")
    site = site_of(place)
    package = wheel(tmp_path, "replay_ledger", files={"_editable.pth": f"{checkout}\n"})
    install(place, package)
    assert (site / "_editable.pth").exists()
    info = next(site.glob("replay_ledger-*.dist-info"))
    (info / "direct_url.json").write_text(f'{{"url": "file://{checkout}", "dir_info": {{"editable": true}}}}')
    captured = look(place)
    assert captured.health.state is HealthState.COMPLETE, captured.health.reason
    assert captured.editable == ()


class TestKeeping:
    def count(self, place: Path) -> Callable[[], int]:
        """How many times the interpreter started: a site hook counts."""
        log = place / "log"
        (site_of(place) / "count.pth").write_text(
            f"import os; open({str(log)!r}, 'a').write('%d ' % os.getpid())\n"
        )
        # A virtual environment runs its hooks twice in one process.
        return lambda: len(set(log.read_text().split())) if log.exists() else 0

    def test_the_interpreter_is_asked_once(
        self, tmp_path: Path, look: Callable[..., CapturedEnvironment]
    ) -> None:
        place = make(tmp_path / "venv", wheel(tmp_path, "two"))
        asked = self.count(place)
        settle(site_of(place))
        first = look(place)
        assert asked() == 1
        assert [look(place), look(place)] == [first, first]
        assert asked() == 1

    @pytest.mark.parametrize(
        "change", ["install", "pth", "pth in place", "configuration", "PYTHONPATH", "flags"]
    )
    def test_it_is_asked_again_after(
        self, tmp_path: Path, look: Callable[..., CapturedEnvironment], change: str
    ) -> None:
        place = make(tmp_path / "venv", wheel(tmp_path, "two"))
        asked = self.count(place)
        other = site_of(place) / "other.pth"
        other.write_text(f"{tmp_path}\n")
        settle(site_of(place))
        look(place)
        variables = {}
        flags: tuple[str, ...] = ()
        if change == "install":
            install(place, wheel(tmp_path, "three"))
        elif change == "pth":
            (site_of(place) / "new.pth").write_text("\n")
        elif change == "pth in place":
            stamp = site_of(place).stat().st_mtime_ns
            other.write_text(f"{tmp_path / 'venv'}\n")
            assert site_of(place).stat().st_mtime_ns == stamp
        elif change == "configuration":
            with open(place / "pyvenv.cfg", "a") as file:
                file.write("# changed\n")
        elif change == "PYTHONPATH":
            variables = {"PYTHONPATH": str(tmp_path)}
        else:
            flags = ("-s",)
        look(place, flags=flags, **variables)
        assert asked() == 2

    def test_the_same_with_and_without_what_was_kept(
        self, tmp_path: Path, look: Callable[..., CapturedEnvironment]
    ) -> None:
        place = make(tmp_path / "venv", wheel(tmp_path, "two"), wheel(tmp_path, "three"))
        settle(site_of(place))
        first = look(place)
        kept = [each for each in (tmp_path / "cache").rglob("*") if each.is_file()]
        assert kept
        for each in kept:
            content = bytearray(each.read_bytes())
            content[len(content) // 2] ^= 1
            each.write_bytes(content)
        assert look(place) == first
        for each in kept:
            each.write_bytes(b"")
        assert look(place) == first

    def test_a_record_that_changes_shows(
        self, tmp_path: Path, look: Callable[..., CapturedEnvironment]
    ) -> None:
        place = make(tmp_path / "venv", wheel(tmp_path, "two"), wheel(tmp_path, "three"))
        settle(site_of(place))
        before = by_name(look(place))
        install(place, wheel(tmp_path / "b", "two", files={"two.py": "VALUE = 'patched'\n"}), "--reinstall")
        after = by_name(look(place))
        assert after["two"].version == before["two"].version
        assert after["two"].record != before["two"].record
        assert after["three"] == before["three"]

    def test_two_changes_in_one_moment(
        self, tmp_path: Path, look: Callable[..., CapturedEnvironment]
    ) -> None:
        """A file system's clock may stand still between them: a fresh time stamp proves nothing."""
        place = make(tmp_path / "venv", wheel(tmp_path, "two"))
        settle(site_of(place))
        info = site_of(place) / "two-1.0.dist-info"
        moment = time.time_ns() + 3_600_000_000_000  # that is recent, however long it takes to look
        seen = []
        for size in ("1", "2"):
            (info / "RECORD").write_text(f"two.py,sha256=x,{size}\n")
            os.utime(info, ns=(moment, moment))
            seen.append(by_name(look(place))["two"].record)
        assert seen[0] != seen[1]

    def test_what_changed_a_moment_ago_is_not_kept(
        self, tmp_path: Path, look: Callable[..., CapturedEnvironment]
    ) -> None:
        place = make(tmp_path / "venv", wheel(tmp_path, "two"))
        asked = self.count(place)
        freshen(site_of(place))
        look(place)
        look(place)
        assert asked() == 2

    def test_a_cache_that_cannot_be_written(
        self, tmp_path: Path, look: Callable[..., CapturedEnvironment]
    ) -> None:
        place = make(tmp_path / "venv", wheel(tmp_path, "two"))
        settle(site_of(place))
        (tmp_path / "cache").write_text("a file in the way\n")
        assert "two" in by_name(look(place))


class TestInstallers:
    @pytest.mark.slow
    def test_uv_and_pip_give_one_digest(
        self, tmp_path: Path, look: Callable[..., CapturedEnvironment]
    ) -> None:
        packages = [
            wheel(tmp_path, "two", files={"a,b.txt": "comma\n", "sub/dir/é.txt": "e\n"}),
            wheel(tmp_path, "three"),
        ]
        links = ("--no-index", "--find-links", str(tmp_path))
        by_uv = make(tmp_path / "uv")
        install(by_uv, "two", "three", options=links)
        subprocess.run([sys.executable, "-m", "venv", tmp_path / "pip"], check=True)
        pip = [tmp_path / "pip/bin/python", "-m", "pip", "-q", "--disable-pip-version-check"]
        subprocess.run([*pip, "install", *links, "two", "three"], check=True)
        subprocess.run([*pip, "uninstall", "-y", "setuptools", "wheel", "pip"], check=True)
        one, other = look(by_uv).environment, look(tmp_path / "pip").environment
        assert len(packages) == len(one.distributions)
        assert one == other
        assert digest_of(one) == digest_of(other)
        texts = [
            (site_of(place) / "two-1.0.dist-info/RECORD").read_text() for place in (by_uv, tmp_path / "pip")
        ]
        assert texts[0] != texts[1]  # the digests agree although the files do not

    @pytest.mark.network
    @pytest.mark.slow
    def test_uv_and_pip_give_one_digest_for_packages_from_the_index(
        self, tmp_path: Path, look: Callable[..., CapturedEnvironment]
    ) -> None:
        packages = ["six==1.16.0", "numpy==2.1.3", "greenlet==3.1.1"]
        by_uv = make(tmp_path / "uv")
        install(by_uv, *packages, options=())
        subprocess.run([sys.executable, "-m", "venv", tmp_path / "pip"], check=True)
        pip = [tmp_path / "pip/bin/python", "-m", "pip", "-q", "--disable-pip-version-check"]
        subprocess.run([*pip, "install", *packages], check=True)
        one, other = by_name(look(by_uv)), by_name(look(tmp_path / "pip"))
        for name in ("six", "numpy", "greenlet"):
            assert one[name] == other[name]
            assert one[name].record is not None

    def test_a_wheel_from_a_file(self, tmp_path: Path, look: Callable[..., CapturedEnvironment]) -> None:
        package = wheel(tmp_path, "two")
        by_file = by_name(look(make(tmp_path / "venv", package)))["two"]
        assert by_file.origin.startswith(f"archive+file://{package}")
        other = make(tmp_path / "other")
        install(other, "two", options=("--no-index", "--find-links", str(tmp_path)))
        by_index = by_name(look(other))["two"]
        assert by_index.origin == "index"
        assert by_file.record == by_index.record

    def test_a_directory(self, tmp_path: Path, look: Callable[..., CapturedEnvironment]) -> None:
        place = make(tmp_path / "venv", project(tmp_path / "project"))
        captured = look(place)
        assert by_name(captured)["proj"].origin == "path"
        assert by_name(captured)["proj"].record is not None
        assert captured.editable == ()

    def test_a_git_repository(self, tmp_path: Path, look: Callable[..., CapturedEnvironment]) -> None:
        source = project(tmp_path / "project")
        git = ["git", "-C", str(source), "-c", "user.name=a", "-c", "user.email=a@b"]
        for command in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "first"]):
            subprocess.run([*git, *command], check=True)
        head = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True)
        place = make(tmp_path / "venv", f"git+file://{source}")
        expected = f"git+file://{source}@{head.stdout.strip()}"
        assert by_name(look(place))["proj"].origin == expected


BACKEND = """
import os, zipfile
def get_requires_for_build_wheel(config_settings=None): return []
def get_requires_for_build_editable(config_settings=None): return []
def build(directory, files):
    info = "proj-0.1.dist-info/"
    files = dict(files)
    files[info + "METADATA"] = "Metadata-Version: 2.1\\nName: proj\\nVersion: 0.1\\n"
    files[info + "WHEEL"] = "Wheel-Version: 1.0\\nGenerator: x\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"
    rows = "".join(each + ",,\\n" for each in files)
    with zipfile.ZipFile(directory + "/proj-0.1-py3-none-any.whl", "w") as archive:
        for each, text in files.items():
            archive.writestr(each, text)
        archive.writestr(info + "RECORD", rows)
    return "proj-0.1-py3-none-any.whl"
def build_wheel(directory, config_settings=None, metadata_directory=None):
    return build(directory, {"proj.py": "A = 1\\n"})
def build_editable(directory, config_settings=None, metadata_directory=None):
    here = os.getcwd()
    if os.path.exists("finder"):
        mapping = {"proj": here + "/src/proj", "single": here + "/lib/single.py"}
        text = "import sys\\nMAPPING: dict[str, str] = %r\\nraise SystemExit('never run')\\n" % mapping
        return build(directory, {"__editable___proj_0_1_finder.py": text, "__editable__.proj.pth": "#\\n"})
    return build(directory, {"_proj.pth": here + "/src\\n"})
"""


def project(directory: Path) -> Path:
    (directory / "src/proj").mkdir(parents=True)
    (directory / "src/proj/__init__.py").write_text("A = 1\n")
    (directory / "backend.py").write_text(BACKEND)
    (directory / "pyproject.toml").write_text(
        '[project]\nname = "proj"\nversion = "0.1"\n'
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    )
    return directory


class TestEditable:
    @pytest.mark.parametrize("finder", [False, True])
    def test_an_editable_install(
        self, tmp_path: Path, look: Callable[..., CapturedEnvironment], finder: bool
    ) -> None:
        source = project(tmp_path / "a project")
        if finder:
            (source / "finder").touch()
        captured = look(make(tmp_path / "venv", "--editable", source))
        assert by_name(captured)["proj"] == Distribution(
            name="proj", version="0.1", origin="editable", record=None
        )
        (install_,) = captured.editable
        assert (install_.name, install_.path) == ("proj", source)
        expected = (source / "src", source / "lib") if finder else (source / "src",)
        assert install_.paths == expected
        assert captured.health.state is HealthState.COMPLETE

    def test_where_it_lies_is_not_in_the_digest(
        self, tmp_path: Path, look: Callable[..., CapturedEnvironment]
    ) -> None:
        places = [
            make(tmp_path / name, "--editable", project(tmp_path / f"project-{name}")) for name in ("a", "b")
        ]
        assert look(places[0]).environment == look(places[1]).environment

    def test_the_old_way(self, tmp_path: Path, look: Callable[..., CapturedEnvironment]) -> None:
        """What `setup.py develop` leaves behind."""
        place = make(tmp_path / "venv")
        source = tmp_path / "old"
        (source / "old.egg-info").mkdir(parents=True)
        (source / "old.egg-info/PKG-INFO").write_text("Metadata-Version: 1.0\nName: old\nVersion: 3\n")
        (site_of(place) / "easy-install.pth").write_text(f"{source}\n")
        captured = look(place)
        assert by_name(captured)["old"].origin == "editable"
        assert [(each.name, each.path, each.paths) for each in captured.editable] == [
            ("old", source, (source,))
        ]

    def test_a_source_tree_on_pythonpath_is_code(
        self, tmp_path: Path, look: Callable[..., CapturedEnvironment]
    ) -> None:
        place = make(tmp_path / "venv")
        source = tmp_path / "src"
        (source / "old.egg-info").mkdir(parents=True)
        (source / "old.egg-info/PKG-INFO").write_text("Metadata-Version: 1.0\nName: old\nVersion: 3\n")
        for path in (str(source), "src"):
            captured = look(place, PYTHONPATH=path)
            assert captured.environment.distributions == ()
            assert captured.editable == ()

    def test_another_repository_on_pythonpath(
        self,
        tmp_path: Path,
        tmp_path_factory: pytest.TempPathFactory,
        look: Callable[..., CapturedEnvironment],
    ) -> None:
        other = tmp_path_factory.mktemp("other")
        (other / ".git").mkdir()
        (other / "lib").mkdir()
        captured = look(make(tmp_path / "venv"), PYTHONPATH=f"{other}/lib:{tmp_path}")
        assert [(each.name, each.path, each.paths) for each in captured.editable] == [
            (f"PYTHONPATH/{other.name}", other, (other / "lib",))
        ]


class TestPath:
    def test_the_first_of_a_name_counts(
        self, tmp_path: Path, look: Callable[..., CapturedEnvironment]
    ) -> None:
        place = make(tmp_path / "venv", wheel(tmp_path, "two", "1.0"))
        other = make(tmp_path / "other", wheel(tmp_path, "two", "2.0"))
        captured = look(place, PYTHONPATH=str(site_of(other)))
        assert by_name(captured)["two"].version == "2.0"
        assert captured.health.state is HealthState.COMPLETE
        isolated = look(place, flags=("-I",), PYTHONPATH=str(site_of(other)))
        assert by_name(isolated)["two"].version == "1.0"
        assert look(place, flags=("-S",)).environment.distributions == ()

    def test_two_versions_in_one_directory(
        self, tmp_path: Path, look: Callable[..., CapturedEnvironment]
    ) -> None:
        place = make(tmp_path / "venv", wheel(tmp_path, "two", "1.0"))
        other = make(tmp_path / "other", wheel(tmp_path, "two", "2.0"))
        (site_of(other) / "two-2.0.dist-info").rename(site_of(place) / "two-2.0.dist-info")
        captured = look(place)
        assert captured.health.state is HealthState.PARTIAL
        assert "installed twice in one directory: two" in str(captured.health.reason)

    def test_an_outer_probe_is_no_entry(
        self, tmp_path: Path, look: Callable[..., CapturedEnvironment]
    ) -> None:
        probe = tmp_path / "probe"
        probe.mkdir()
        (probe / "_ledger_probe.py").touch()
        place = make(tmp_path / "venv")
        assert look(place, PYTHONPATH=str(probe)) == look(place)
        both = look(place, PYTHONPATH=f"{probe}:{tmp_path}/src", LEDGER_SPOOL="/x")
        assert both.environment.variables == (("PYTHONPATH", "{root}/src"),)


class TestOddMetadata:
    def test_system_packages(self, tmp_path: Path, look: Callable[..., CapturedEnvironment]) -> None:
        place = make(tmp_path / "venv")
        packages = tmp_path / "dist-packages"
        (packages / "apt-2.6.egg-info").mkdir(parents=True)
        (packages / "apt-2.6.egg-info/PKG-INFO").write_text(
            "Metadata-Version: 1.2\nName: python-apt\nVersion: 2.6\n"
        )
        (packages / "distro-1.8.dist-info").mkdir()
        long = "Summary: " + "x" * 5000
        (packages / "distro-1.8.dist-info/METADATA").write_text(
            f"{long}\nName: distro\nVersion: 1.8\n\nName: no\n"
        )
        (packages / "broken-1.dist-info").mkdir()
        (packages / "file.egg-info").write_text("Metadata-Version: 1.0\nName: single\nVersion: 4\n")
        (packages / "~umpy-1.dist-info").mkdir()
        (site_of(place) / "system.pth").write_text(f"{packages}\n")
        captured = look(place, PYTHONPATH="")
        found = by_name(captured)
        assert found["distro"].origin == "system"
        assert found["distro"].record is None
        assert captured.health.state is HealthState.PARTIAL
        assert "broken-1.dist-info" in str(captured.health.reason)
        assert "without a RECORD" in str(captured.health.reason)

    def test_conda(self, tmp_path: Path, look: Callable[..., CapturedEnvironment]) -> None:
        place = make(tmp_path / "venv", wheel(tmp_path, "two"))
        info = site_of(place) / "two-1.0.dist-info"
        (info / "INSTALLER").write_text("conda\n")
        (info / "direct_url.json").write_text(
            '{"dir_info": {}, "url": "file:///home/conda/feedstock_root/x"}'
        )
        (place / "conda-meta").mkdir()
        captured = look(place)
        assert by_name(captured)["two"].origin == "conda"
        assert captured.health.state is HealthState.PARTIAL

    @pytest.mark.parametrize("text", ["", "{", "[]", '{"url": 3}', "null", "\udcff"])
    def test_a_direct_url_that_says_nothing(
        self, tmp_path: Path, look: Callable[..., CapturedEnvironment], text: str
    ) -> None:
        place = make(tmp_path / "venv", wheel(tmp_path, "two"))
        path = site_of(place) / "two-1.0.dist-info/direct_url.json"
        path.write_text(text, errors="surrogateescape")
        assert by_name(look(place))["two"].origin in ("index", "path")

    def test_an_archive_with_old_hashes_and_a_password(
        self, tmp_path: Path, look: Callable[..., CapturedEnvironment]
    ) -> None:
        place = make(tmp_path / "venv", wheel(tmp_path, "two"))
        path = site_of(place) / "two-1.0.dist-info/direct_url.json"
        path.write_text(
            json.dumps({"url": "https://me:pw@host/two.whl", "archive_info": {"hash": "sha256=abc"}})
        )
        assert by_name(look(place))["two"].origin == "archive+https://host/two.whl#sha256=abc"


class TestNoPython:
    def test_none_found(self, tmp_path: Path) -> None:
        found = FoundInterpreter(executable=None, directory=tmp_path, reason="nothing is on PATH")
        captured = capture(found, variables={"LANG": "C"}, root=tmp_path, cache=tmp_path / "cache")
        assert captured.environment.python is None
        assert captured.environment.variables == (("LANG", "C"),)
        assert captured.interpreter is None
        assert captured.health.state is HealthState.ABSENT
        assert captured.health.reason == "nothing is on PATH"

    @pytest.mark.parametrize("text", ["#!/bin/sh\nexit 3\n", "#!/bin/sh\necho hello\n", "not a program"])
    def test_one_that_does_not_run(
        self, tmp_path: Path, look: Callable[..., CapturedEnvironment], text: str
    ) -> None:
        broken = tmp_path / "python"
        broken.write_text(text)
        broken.chmod(0o755)
        captured = look(broken)
        assert captured.health.state is HealthState.ABSENT
        assert str(broken) in str(captured.health.reason)

    def test_a_noisy_start(self, tmp_path: Path, look: Callable[..., CapturedEnvironment]) -> None:
        place = make(tmp_path / "venv", wheel(tmp_path, "two"))
        (site_of(place) / "sitecustomize.py").write_text(
            "import atexit; print('{\"version\": 1}'); atexit.register(print, 'bye')\n"
        )
        assert "two" in by_name(look(place))

    def test_an_assumed_python_is_said_to_be_one(self, tmp_path: Path) -> None:
        place = make(tmp_path / "venv")
        found = FoundInterpreter(
            executable=place / "bin/python",
            directory=tmp_path,
            assumed=True,
            reason="make is no Python program",
        )
        captured = capture(found, variables={}, root=tmp_path, cache=tmp_path / "cache")
        assert captured.health.state is HealthState.PARTIAL
        assert captured.health.reason == "make is no Python program"


class TestVariables:
    def test_the_allow_list(self) -> None:
        names = (
            "OMP_NUM_THREADS HOME PATH VIRTUAL_ENV TZ LC_ALL PYTHONHASHSEED CUDA_VISIBLE_DEVICES TORCH_HOME"
        )
        names += " TF_DETERMINISTIC_OPS TF_CLI_CONFIG_FILE MYLAB_MODE LEDGER_DIR CUBLAS_WORKSPACE_CONFIG"
        variables = dict.fromkeys([*names.split(), "TORCHELASTIC_RUN_ID", "XLA_FLAGS"], "value")
        kept = [name for name, _ in recorded(variables, "/root", ("MYLAB_*",))]
        assert kept == [
            *("CUBLAS_WORKSPACE_CONFIG", "LC_ALL", "MYLAB_MODE", "OMP_NUM_THREADS", "PYTHONHASHSEED"),
            *("TF_DETERMINISTIC_OPS", "TZ", "XLA_FLAGS"),
        ]

    def test_secrets_are_masked(self) -> None:
        assert recorded({"MYLAB_TOKEN": "abcdefgh"}, "/r", ("MYLAB_*",)) == (
            ("MYLAB_TOKEN", "secret:MYLAB_TOKEN"),
        )

    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            ("/home/u/p", "{root}"),
            ("/home/u/p/src:/home/u/p2:/home/u/p", "{root}/src:/home/u/p2:{root}"),
            ("/mnt/home/u/p/x", "/mnt/home/u/p/x"),
            ("--dump=/home/u/p/out --x", "--dump={root}/out --x"),
            ("/home/u/p.old", "/home/u/p.old"),
            ("elsewhere", "elsewhere"),
        ],
    )
    def test_the_root(self, value: str, expected: str) -> None:
        assert relative(value, "/home/u/p") == expected
        assert absolute(expected, "/home/u/p") == value

    def test_a_root_at_the_top(self) -> None:
        assert relative("/a:/b", "/") == "/a:/b"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://me:pw@host/a", "https://host/a"),
        ("https://token@host/a", "https://host/a"),
        ("ssh://git@host/a", "ssh://git@host/a"),
        ("ssh://git:pw@host/a", "ssh://git@host/a"),
        ("https://host/a?X-Amz-Signature=abc", "https://host/a"),
        ("https://host/a?ref=1", "https://host/a?ref=1"),
        ("file:///a@b/c", "file:///a@b/c"),
        ("/a/b", "/a/b"),
    ],
)
def test_credentials_leave_a_url(url: str, expected: str) -> None:
    assert without_credentials(url) == expected


def test_names() -> None:
    assert normalised("Foo__Bar.-baz") == "foo-bar-baz"


def test_the_digest_of_a_record_is_of_its_sorted_rows() -> None:
    rows = [
        *(
            "b.py,sha256=B,2",
            "a.py,sha256=A,1",
            "__pycache__/a.cpython-311.pyc,,",
            "../../../bin/x,sha256=X,3",
        ),
        *(
            "x-1.dist-info/RECORD,,",
            "x-1.dist-info/INSTALLER,sha256=I,4",
            "x-1.dist-info/METADATA,sha256=M,5",
        ),
        *(
            "x-1.dist-info/REQUESTED,,",
            "x-1.dist-info/direct_url.json,sha256=D,6",
            "../../../share/x,sha256=S,7",
        ),
    ]
    expected = "../share/x,sha256=S,7\na.py,sha256=A,1\nb.py,sha256=B,2\nx-1.dist-info/METADATA,sha256=M,5\n"
    from ledger.model import Digest

    assert record_digest("\n".join(rows), "x-1.dist-info") == Digest.of(expected.encode())
    assert record_digest("\r\n".join(reversed(rows)), "x-1.dist-info") == Digest.of(expected.encode())
    lines = [*expected.splitlines(keepends=True), "x,y.py,sha256=Q,8\n"]
    quoted = "\n".join([*rows, '"x,y.py",sha256=Q,8'])
    assert record_digest(quoted, "x-1.dist-info") == Digest.of("".join(sorted(lines)).encode())


BACKENDS = {
    "setuptools, src": ("setuptools", "setuptools.build_meta", "src/proj", ("src",)),
    "setuptools, flat": ("setuptools", "setuptools.build_meta", "proj", (".",)),
    "setuptools, namespace": ("setuptools", "setuptools.build_meta", "acme/proj", (".",)),
    "setuptools, renamed": ("setuptools", "setuptools.build_meta", "lib", ()),
    "hatchling": ("hatchling", "hatchling.build", "src/proj", ("src",)),
    "uv_build": ("uv_build", "uv_build", "src/proj", ("src",)),
    "poetry-core": ("poetry-core", "poetry.core.masonry.api", "src/proj", ("src",)),
}


@pytest.mark.network
@pytest.mark.parametrize("name", BACKENDS)
def test_editable_installs_of_real_back_ends(
    name: str, tmp_path: Path, look: Callable[..., CapturedEnvironment]
) -> None:
    requirement, backend, package, paths = BACKENDS[name]
    source = tmp_path / "elsewhere/project"
    (source / package).mkdir(parents=True)
    (source / package / "__init__.py").touch()
    more = ""
    if name == "setuptools, renamed":
        more = '[tool.setuptools]\npackages = ["proj"]\npackage-dir = {proj = "lib"}\n'
    elif name in ("setuptools, flat", "setuptools, namespace"):
        more = f'[tool.setuptools]\npackages = ["{package.replace("/", ".")}"]\n'
    (source / "pyproject.toml").write_text(
        '[project]\nname = "proj"\nversion = "0.1"\n'
        f'[build-system]\nrequires = ["{requirement}"]\nbuild-backend = "{backend}"\n{more}'
    )
    place = make(tmp_path / "venv")
    install(place, "--editable", source, options=())
    captured = look(place)
    (editable,) = captured.editable
    assert (editable.name, editable.path) == ("proj", source)
    assert editable.paths == tuple(source / path for path in paths)
    expected = "editable installs by an import finder of their own, which a replay lacks: proj"
    assert captured.health.reason == (None if paths else expected)
