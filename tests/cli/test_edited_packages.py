"""A hand-edited package, as the record of a run tells it: by size and time, and with `--deep` by content."""

import base64
import os
import subprocess
import sys

import pytest


@pytest.fixture
def python(tool, tmp_path):
    """An interpreter with a package; (its file, interpreter)."""
    place = tmp_path / "environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", place], check=True)
    site = next(place.glob("lib/python*/site-packages"))
    module, info = site / "package.py", site / "package-1.0.dist-info"
    module.write_text("VALUE = 1\n")
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: package\nVersion: 1.0\n")
    summed = subprocess.run(["sha256sum", module], check=True, capture_output=True, text=True).stdout
    digest = base64.urlsafe_b64encode(bytes.fromhex(summed.split()[0])).decode().rstrip("=")
    rows = [
        f"package.py,sha256={digest},10",
        "package-1.0.dist-info/METADATA,,",
        "package-1.0.dist-info/RECORD,,",
    ]
    (info / "RECORD").write_text("\n".join(rows) + "\n")
    for each in (module, info / "METADATA", info / "RECORD"):
        os.utime(each, (1_700_000_000, 1_700_000_000))
    (tool.path / "train.py").write_text("import package\nprint(package.VALUE)\n")
    return module, place / "bin/python"


def recorded(tool, python, *options):
    """What the program printed; state and reason of the environment; inputs by path; the recipe."""
    done = tool("run", "-q", *options, python, "-B", "train.py")
    document = tool.document("show", "@")
    line = next(each for each in document["health"] if each["part"] == "environment")
    inputs = {each["path"]: each["digest"] for each in document["inputs"]}
    return done.out, (line["state"], line["reason"]), inputs, document["recipe"]


def test_an_edit_shows(tool, python):
    module, interpreter = python
    _, as_installed, inputs, recipe = recorded(tool, interpreter)
    assert (as_installed, inputs) == (("complete", None), {})
    module.write_text("VALUE = 20\n")
    printed, state, inputs, edited_recipe = recorded(tool, interpreter)
    assert printed == "20\n"
    assert state == ("partial", "edited after installation: package.py")
    assert list(inputs) == [str(module)]
    assert edited_recipe != recipe


def test_an_edit_that_keeps_size_and_time_shows_with_deep(tool, python):
    module, interpreter = python
    status = module.stat()
    module.write_text("VALUE = 2\n")
    os.utime(module, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert recorded(tool, interpreter)[1] == ("complete", None)
    printed, (state, reason), inputs, _ = recorded(tool, interpreter, "--deep")
    assert (printed, state) == ("2\n", "partial")
    assert reason == "installed files that differ from what was installed: package.py of package"
    assert list(inputs) == [str(module)]
