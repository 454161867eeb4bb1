"""Wheels put together again from installed files, installed by the real uv without any index."""

import importlib.util
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import uv

from ledger.capture.environment import capture
from ledger.capture.interpreter import FoundInterpreter
from ledger.capture.wheel_file import NoWheel, build
from ledger.capture.wheels import keep
from ledger.model import HealthState, layout
from ledger.store.local import LocalStore

_SPEC = importlib.util.spec_from_file_location("odd_wheel", Path(__file__).parents[2] / "odd_wheel.py")
odd_wheel = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(odd_wheel)
digest, wheel = odd_wheel.digest, odd_wheel.wheel
BASE = Path(sys._base_executable)
UV = uv.find_uv_bin()
OFFLINE = {**os.environ, "UV_OFFLINE": "1", "UV_DEFAULT_INDEX": "http://127.0.0.1:9/simple"}


def venv(place, *wheels, installer="uv"):
    subprocess.run([UV, "venv", "-q", "--python", BASE, place], check=True, env=OFFLINE)
    python = place / "bin/python"
    if wheels and installer == "uv":
        words = [UV, "pip", "install", "-q", "--no-deps", "--no-index", "--no-cache", "--python", python]
        subprocess.run([*words, *wheels], check=True, env=OFFLINE)
    elif wheels:
        words = [sys.executable, "-m", "pip", "--python", python, "install", "-q", "--no-deps", "--no-index"]
        done = subprocess.run([*words, *wheels], env=OFFLINE, capture_output=True)
        if b"No module named pip" in done.stderr:
            pytest.skip("there is no pip here")
        assert done.returncode == 0, done.stderr
    return place


def captured(place, tmp_path):
    found = FoundInterpreter(executable=place / "bin/python", directory=tmp_path)
    return capture(found, variables={}, root=tmp_path, cache=tmp_path / "derived")


def site_of(place):
    return next(place.glob("lib/*/site-packages"))


def rebuilt(place, folder, info="odd-1.0.dist-info"):
    folder.mkdir()
    name = build(site_of(place), info, folder / "wheel")
    (folder / "wheel").rename(folder / name)
    return folder / name


@pytest.mark.parametrize("installer", ["uv", "pip"])
def test_what_it_installs_is_the_same(tmp_path, installer):
    first = venv(tmp_path / "first", wheel(tmp_path / "index"), installer=installer)
    again = venv(tmp_path / "again", rebuilt(first, tmp_path / "rebuilt"))
    a, b = (captured(place, tmp_path).environment.distributions for place in (first, again))
    assert [each.record for each in a] == [each.record for each in b]
    old, new = (
        {
            path.relative_to(place): (
                path.read_bytes().replace(os.fsencode(place), b"PLACE"),
                path.stat().st_mode,
            )
            for path in place.rglob("*")
            if path.is_file() and not path.is_symlink() and "__pycache__" not in path.parts
        }
        for place in (first, again)
    )
    own = {"INSTALLER", "REQUESTED", "RECORD", "direct_url.json", "uv_cache.json", "pyvenv.cfg", ".lock"}
    for each in {*old, *new}:
        if each.name not in own and not each.name.startswith("activate") and each.name != "odd-command":
            assert old.get(each) == new.get(each), each
    said = [
        subprocess.run([again / "bin" / f"odd-{each}"], capture_output=True, text=True, check=True).stdout
        for each in ("script", "shell", "command")
    ]
    assert said == [f"{again}\n", "shell\n", "called\n"]
    assert os.access(again / "bin/odd-binary", os.X_OK)


def test_the_archive_is_a_function_of_the_files(tmp_path):
    path = wheel(tmp_path / "index")
    first = rebuilt(venv(tmp_path / "first", path), tmp_path / "a")
    other = venv(tmp_path / "other" / "deeper", path)
    subprocess.run([other / "bin/python", "-c", "import odd"], check=True)  # bytecode is none of it
    second = rebuilt(other, tmp_path / "b")
    assert first.name == second.name == "odd-1.0-py3-none-any.whl"
    assert first.read_bytes() == second.read_bytes()
    by_pip = venv(tmp_path / "pip", path, installer="pip")
    assert rebuilt(by_pip, tmp_path / "d").read_bytes() == first.read_bytes()
    # And of a wheel that was made from it.
    third = rebuilt(venv(tmp_path / "third", first), tmp_path / "c")
    assert third.read_bytes() == first.read_bytes()


def test_its_record_tells_all_that_is_in_it(tmp_path):
    made = rebuilt(venv(tmp_path / "first", wheel(tmp_path / "index")), tmp_path / "a")
    import csv

    with zipfile.ZipFile(made) as archive:
        rows = {
            row[0]: row[1:]
            for row in csv.reader(archive.read("odd-1.0.dist-info/RECORD").decode().splitlines())
        }
        assert rows.keys() == set(archive.namelist())
        assert archive.namelist()[-1] == "odd-1.0.dist-info/RECORD"
        for name in archive.namelist()[:-1]:
            content = archive.read(name)
            assert rows[name] == [f"sha256={digest(content)}", str(len(content))], name


@pytest.mark.parametrize(
    ("tags", "name"),
    [
        (("py2-none-any", "py3-none-any"), "odd-1.0-py2.py3-none-any.whl"),
        (
            ("cp39-abi3-linux_x86_64", "cp39-abi3-manylinux_2_5_x86_64"),
            "odd-1.0-cp39-abi3-linux_x86_64.manylinux_2_5_x86_64.whl",
        ),
        (("py2-none-any", "py3-abi3-linux_x86_64"), "odd-1.0-py3-abi3-linux_x86_64.whl"),
    ],
)
def test_its_name_tells_what_it_runs_on(tmp_path, tags, name):
    place = venv(tmp_path / "first", wheel(tmp_path / "index"))
    info = site_of(place) / "odd-1.0.dist-info"
    text = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\n" + "".join(f"Tag: {each}\n" for each in tags)
    record = (info / "RECORD").read_text().splitlines()
    row = f"odd-1.0.dist-info/WHEEL,sha256={digest(text.encode())},{len(text)}"
    (info / "WHEEL").write_text(text)
    (info / "RECORD").write_text("\n".join([row, *(each for each in record if "/WHEEL," not in each)]) + "\n")
    assert rebuilt(place, tmp_path / "a").name == name


def edit(site):
    (site / "odd/__init__.py").write_text("VALUE = '6.6'\ndef main(): print('called')\n")


def lose(site):
    (site / "odd/native.so").unlink()


def outside(site):
    with open(site / "odd-1.0.dist-info/RECORD", "a") as file:
        file.write("../../../../elsewhere,sha256=abc,3\n")


def absolute(site):
    with open(site / "odd-1.0.dist-info/RECORD", "a") as file:
        file.write("/etc/passwd,sha256=abc,3\n")


def dotted(site):
    with open(site / "odd-1.0.dist-info/RECORD", "a") as file:
        file.write("odd/../../../../../etc/passwd,sha256=abc,3\n")


@pytest.mark.parametrize(
    ("damage", "why"),
    [
        (edit, r"edited after installation \(__init__.py\)"),
        (lose, r"a file is missing \(odd/native.so\)"),
        (outside, "outside of the environment"),
        (absolute, "odd place"),
        (dotted, "odd place"),
        (lambda site: (site / "odd-1.0.dist-info/RECORD").unlink(), "no RECORD"),
        (lambda site: (site / "odd-1.0.dist-info/WHEEL").unlink(), "no WHEEL"),
    ],
)
def test_what_makes_no_wheel_says_why(tmp_path, damage, why):
    place = venv(tmp_path / "first", wheel(tmp_path / "index"))
    damage(site_of(place))
    with pytest.raises(NoWheel, match=why):
        build(site_of(place), "odd-1.0.dist-info", tmp_path / "made")
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize("name", ["numpy", "cbor2", "click", "PyYAML"])
def test_of_a_real_package(tmp_path, name):
    own = Path(sys.prefix)
    infos = [
        each.name
        for each in site_of(own).glob("*.dist-info")
        if each.name.lower().startswith(f"{name.lower()}-")
    ]
    if not infos:
        pytest.skip(f"{name} is not installed here")
    again = venv(tmp_path / "again", rebuilt(own, tmp_path / "rebuilt", infos[0]))
    module = {"PyYAML": "yaml"}.get(name, name)
    code = f"import sys; sys.path.append({str(site_of(own))!r}); import {module}; print({module}.__file__)"
    done = subprocess.run([again / "bin/python", "-c", code], capture_output=True, text=True)
    assert done.stdout.startswith(str(again)), done.stderr
    records = []
    for place in (own, again):
        found = captured(place, tmp_path).environment.distributions
        records.append(next(each.record for each in found if each.name == name.lower()))
    assert records[0] == records[1]


class TestKeep:
    @pytest.fixture
    def store(self, tmp_path):
        return LocalStore(layout.objects(tmp_path / "ledger"), layout.temporary(tmp_path / "ledger"))

    def keep(self, place, tmp_path, store):
        found = captured(place, tmp_path)
        scratch = tmp_path / "scratch"
        scratch.mkdir(exist_ok=True)
        kept = keep(found.environment, found.sites, put=store, scratch=scratch, cache=tmp_path / "derived")
        store.flush()
        assert not list(scratch.iterdir())
        return kept

    def test_each_is_kept_once(self, tmp_path, store):
        index = tmp_path / "index"
        place = venv(tmp_path / "first", wheel(index), wheel(index, "two", "2.0+cpu"))
        first = self.keep(place, tmp_path, store)
        assert [each.distribution for each in first.wheels] == ["odd", "two"]
        assert first.wheels[1].file == "two-2.0+cpu-py3-none-any.whl"
        assert first.health.state is HealthState.COMPLETE
        assert all(store.size(each.digest) == each.size for each in first.wheels)
        # Known from before: the files are not even looked at.
        shutil.rmtree(site_of(place) / "odd")
        assert self.keep(place, tmp_path, store) == first

    def test_another_store_gets_its_own(self, tmp_path, store):
        place = venv(tmp_path / "first", wheel(tmp_path / "index"))
        first = self.keep(place, tmp_path, store)
        other = LocalStore(layout.objects(tmp_path / "other"), layout.temporary(tmp_path / "other"))
        assert self.keep(place, tmp_path, other) == first
        assert other.has(first.wheels[0].digest)

    def test_what_is_not_kept_is_named(self, tmp_path, store):
        index = tmp_path / "index"
        place = venv(
            tmp_path / "first", wheel(index), wheel(index, "two"), wheel(index, "three"), wheel(index, "four")
        )
        site = site_of(place)
        (site / "two-1.0.dist-info/RECORD").unlink()
        (site / "three-1.0.dist-info/INSTALLER").write_text("conda")
        edit(site)
        kept = self.keep(place, tmp_path, store)
        assert [each.distribution for each in kept.wheels] == ["four"]
        assert kept.health.state is HealthState.PARTIAL
        for each in (
            "odd: edited after installation",
            "three: installed by conda",
            "two: no RECORD",
        ):
            assert each in kept.health.reason

    def test_an_interrupt_costs_wheels_and_nothing_else(self, tmp_path, store, monkeypatch):
        index = tmp_path / "index"
        place = venv(tmp_path / "first", wheel(index), wheel(index, "two"))

        def interrupted(site, info, target):
            if info.startswith("two"):
                target.write_text("half")
                raise KeyboardInterrupt
            return build(site, info, target)

        monkeypatch.setattr("ledger.capture.wheels.build", interrupted)
        kept = self.keep(place, tmp_path, store)
        assert [each.distribution for each in kept.wheels] == ["odd"]
        assert kept.health.reason == "not kept: others: interrupted"

    def test_editable_installs_are_code(self, tmp_path, store):
        place = venv(tmp_path / "first", wheel(tmp_path / "index"))
        info = site_of(place) / "odd-1.0.dist-info"
        (info / "direct_url.json").write_text('{"url": "file:///x", "dir_info": {"editable": true}}')
        kept = self.keep(place, tmp_path, store)
        assert kept.wheels == ()
        assert kept.health.state is HealthState.COMPLETE
