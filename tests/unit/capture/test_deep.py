"""Installed files against their RECORDs, with packages that real installers unpacked."""

import os
import subprocess
import sysconfig
from pathlib import Path

import pytest

from ledger.capture import deep
from ledger.capture.deep import deep_check
from ledger.capture.put import hash_file

SITE = Path(sysconfig.get_path("purelib"))


def hashed(path):
    import base64

    done = subprocess.run(["sha256sum", path], check=True, capture_output=True, text=True)
    digest = bytes.fromhex(done.stdout.partition(" ")[0].lstrip("\\"))
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


@pytest.fixture
def site(tmp_path):
    """A directory with a distribution, as an installer leaves it."""
    place = tmp_path / "lib/site-packages"
    names = ["pkg/__init__.py", "pkg/a,b.py", "pkg/new\nline.py", "pkg/__pycache__/a.pyc", "../../bin/tool"]
    rows = []
    for name in names:
        file = place / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"# {name!r}\n")
        size = file.stat().st_size
        rows.append(f'"{name}",{"" if name.endswith("pyc") else "sha256=" + hashed(file)},{size}')
    info = place / "My_Pkg-1.0.dist-info"
    info.mkdir()
    (info / "RECORD").write_text("\n".join([*rows, "My_Pkg-1.0.dist-info/RECORD,,", ""]))
    return place


def test_all_as_installed(site):
    found = deep_check([site, str(site), site.parent / "none"])
    assert (found.edited, found.checked, found.problem, found.reason) == ((), 4, None, None)


@pytest.mark.parametrize("name", ["pkg/__init__.py", "pkg/a,b.py", "pkg/new\nline.py", "../../bin/tool"])
def test_an_edit_that_keeps_size_and_times(site, name):
    file = site / name
    status = file.stat()
    file.write_text(file.read_text().replace("#", "!"))
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    found = deep_check([site])
    (edited,) = found.edited
    path = Path(os.path.normpath(file))
    assert edited == ("my-pkg", str(path), hash_file(path)[0], status.st_size)
    assert found.reason.startswith("installed files that differ from what was installed: ")
    assert found.reason.endswith(" of my-pkg")


def test_other_sizes_and_missing_files(site):
    (site / "pkg/__init__.py").write_text("longer than it was")
    (site / "pkg/a,b.py").unlink()
    (site / "pkg/__pycache__/a.pyc").unlink()
    found = deep_check([site])
    assert [(each.path, each.digest is None) for each in found.edited] == [
        (str(site / "pkg/__init__.py"), False),
        (str(site / "pkg/a,b.py"), True),
    ]
    assert found.reason == (
        "installed files that differ from what was installed: __init__.py of my-pkg; "
        "installed files that are missing: a,b.py of my-pkg"
    )


def test_without_the_tool(site, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    (site / "pkg/__init__.py").write_text("longer than it was")
    found = deep_check([site])
    assert len(found.edited) == 1
    assert "installed files were compared by size only: sha256sum: No such file" in found.reason


def test_many_batches(site, monkeypatch):
    monkeypatch.setattr(deep, "_BATCH", 1)
    (site / "pkg/a,b.py").write_text("! 'pkg/a,b.py'\n")
    assert [each.path for each in deep_check([site]).edited] == [str(site / "pkg/a,b.py")]


def test_a_real_package():
    """What pip or uv installed here: every file of pluggy is as it was."""
    found = deep_check([SITE / "nowhere"])
    assert found.checked == 0
    rows = deep._installed(str(SITE))
    ours = [path for path, each in rows.items() if each.distribution == "pluggy"]
    assert len(ours) > 5
    assert all(digest == rows[path].digest for path, digest in deep.hashed(ours))
