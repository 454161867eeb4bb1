"""What is captured is shown: short where it is ordinary, with a way to see all of it."""

import json
import os
import re
import subprocess
import sys
import textwrap

import pytest

from ledger.cli.trial_page import trial_page
from ledger.model import layout
from ledger.store import packing

COUNT = 1_100
MANY = f"""
    import os
    os.makedirs("made", exist_ok=True)
    for number in range({COUNT}):
        open(f"made/{{number}}", "w").write(open(f"data/{{number}}").read() * 2)
"""


def script(tool, text):
    (tool.path / "job.py").write_text(textwrap.dedent(text))
    tool("run", "-q", sys.executable, "job.py")


@pytest.fixture
def many(tool):
    (tool.path / "data").mkdir()
    for number in range(COUNT):
        (tool.path / "data" / str(number)).write_text(f"{number}\n")
    script(tool, MANY)
    return tool


def test_directories_that_stand_for_many_files(many, tmp_path):
    page = many("show", "@").out
    for title, name in (("Inputs", "data"), ("Outputs", "made")):
        assert re.search(rf"^{title} \(1,100, [\d.]+ kB\)$", page, re.MULTILINE)
        assert re.search(rf"^  {name}/ .* 1,100 files$", page, re.MULTILINE)
    everything = many("show", "@", "--all").out
    assert all(f"  data/{number} " in everything for number in range(COUNT))
    assert len(many.document("show", "@")["inputs"]) == 1
    assert len(many.document("show", "@", "--all")["inputs"]) == COUNT

    (many.path / "data" / "7").write_text("another")
    assert many("cat", "@", "data/7").raw == b"7\n"
    assert many("cat", "@", "made/7").raw == b"7\n7\n"
    assert "the nearest are" in many("cat", "@", "data/seven", code=3).err
    assert "'data' is a directory" in many("cat", "@", "data", code=3).err
    many("checkout", "@", "--inputs", "--to", tmp_path / "before")
    assert (tmp_path / "before" / "data" / "7").read_bytes() == b"7\n"

    digest = many.project.last.inputs[0].digest
    objects, temporary = layout.objects(many.path / ".ledger"), layout.temporary(many.path / ".ledger")
    for pack in packing.packs_of(objects):
        packing.rewrite(objects, temporary, pack, lambda entry: entry if entry.digest != digest else None)
    for options in ([], ["--all"]):
        page = many("show", "@", *options).out
        assert re.search(r"^  data/ .* the list of its files cannot be read$", page, re.MULTILINE)


def test_a_long_list_is_cut_and_told(tool):
    script(tool, "for n in range(25): open(f'out{n:02}', 'w').write('x')")
    page = tool("show", "@")
    assert sum(each.startswith("  out") for each in page.lines) == 20
    assert "  … and 5 more: --all, --json" in page.lines
    page = tool("show", "@", "--all")
    assert sum(each.startswith("  out") for each in page.lines) == 25
    assert "more: --all" not in page.out


def test_paths_are_short(tool):
    home = os.environ["HOME"]
    with open(f"{home}/far.csv", "w") as file:
        file.write("1")
    script(tool, f"import uuid\nopen({home + '/far.csv'!r}).read()\nuuid.uuid4()\n")
    page = tool("show", "@").out
    assert re.search(r"^  ~/far.csv ", page, re.MULTILINE)
    assert re.search(r"^  unseeded draws  uuid.uuid4 at job.py:3$", page, re.MULTILINE)
    document = tool.document("show", "@")
    assert [each["path"] for each in document["inputs"]] == [f"{home}/far.csv"]
    assert tool("cat", "@", f"{home}/far.csv").raw == b"1"


def test_a_notebook_that_was_executed_out_of_order(tool):
    cells = [
        {"cell_type": "code", "source": "1", "execution_count": count, "outputs": [], "metadata": {}}
        for count in (2, 1)
    ]
    notebook = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}
    (tool.path / "look.ipynb").write_text(json.dumps(notebook))
    tool("run", "-q", "cat", "look.ipynb")
    assert re.search(
        r"^  notebook +look.ipynb was last executed out of order: \[2, 1\]$", tool("show", "@").out, re.M
    )


def test_lock_files(git_project, tool):
    (tool.path / ".gitignore").write_text("uv.lock\n")
    (tool.path / "uv.lock").write_text("locked")
    tool("run", "-q", "true")
    assert re.search(r"^  lock files +uv.lock$", tool("show", "@").out, re.MULTILINE)
    assert tool("cat", "@", "uv.lock").raw == b"locked"


def test_how_files_were_watched_is_said_where_it_was_not_the_usual_way(tool):
    tool("run", "-q", "--no-trace", "true")
    assert re.search(r"^  files watched +inside of Python only$", tool("show", "@").out, re.MULTILINE)
    tool("run", "-q", "true")
    document = tool.document("show", "@")
    names = {each.split()[0] for each in trial_page(document).plain().splitlines() if each.startswith("  ")}
    # Nothing that is empty has a line.
    assert not names & {"files", "network", "lock", "container", "notebook", "settings"} - _here(document)
    document["observed"] |= {"network": [f"10.0.0.{n}:443" for n in range(9)], "watching": "outer"}
    document["observed"]["settings"] = [["torch.deterministic", "true"], ["numpy.features", "AVX " * 50]]
    document["host"] |= {"container": "docker", "container_image": "app@sha256:1"}
    page = trial_page(document).plain()
    for expected in (
        r"files watched +by the tracer of the trial around it",
        r"network +10.0.0.0:443, .*10.0.0.5:443, … and 3 more: --all",
        r"settings +torch.deterministic true",
        r"container +docker, app@sha256:1",
    ):
        assert re.search(rf"^  {expected}$", page, re.MULTILINE)
    page = trial_page(document, every=True).plain()
    assert "10.0.0.8:443" in page
    assert "numpy.features" in page


def _here(document):
    return {"container"} if document["host"]["container"] else set()


def test_the_line_at_the_end_counts_inputs(tool):
    (tool.path / "data.csv").write_text("1")
    done = tool("run", "cp", "data.csv", "copy.csv", input=None, stdin=subprocess.DEVNULL)
    assert re.search(r" s · 1 input · 1 output \(1 B\) · replay it", done.err)
    assert "warning" not in done.err
    assert " input" not in tool("run", "true", input=None, stdin=subprocess.DEVNULL).err


def test_an_input_without_its_content_says_why(tool, tmp_path):
    (tool.path / "ledger.toml").write_text("[store]\nmax_input_bytes = 3\n")
    (tmp_path / "data.txt").write_text("1234")
    (tmp_path / "id_rsa").write_text("-----BEGIN OPENSSH PRIVATE KEY-----\n")
    script(tool, "".join(f"open({str(tmp_path / name)!r}).read()\n" for name in ("data.txt", "id_rsa")))
    page = tool("show", "@").out
    assert re.search(r"data.txt .* not kept: too large$", page, re.MULTILINE)
    assert re.search(r"id_rsa .* not kept: it looks like credentials$", page, re.MULTILINE)


def test_wheels_that_were_kept(tool, tmp_path, monkeypatch, accept):
    python = tmp_path / "venv/bin/python"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", python.parents[1]], check=True)
    site = next(python.parents[1].glob("lib/*/site-packages"))
    for name in ("one", "two"):
        info = site / f"{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (info / "WHEEL").write_text("Wheel-Version: 1.0\nTag: py3-none-any\n")
        rows = [f"{info.name}/{each},,\n" for each in ("METADATA", "WHEEL", "RECORD")]
        (info / "RECORD").write_text("".join(rows))
    (site / "two-1.0.dist-info/WHEEL").unlink()
    (tool.path / "ledger.toml").write_text("[environment]\nkeep_wheels = true\n")
    tool("run", "-q", python, "-c", "print(1)")
    page = tool("show", "@").out
    assert re.search(r"  wheels +1 kept \(\d+ B\)\n", page)
    assert re.search(r"\n  wheels +partial +not kept: two: no WHEEL\n", page), page
    document = tool.document("show", "@")
    accept("trial.v1", document)
    assert [each["distribution"] for each in document["wheels"]] == ["one"]


@pytest.mark.slow
def test_what_overfits_in_the_experiment_is_shown(tool):
    code = (
        "import json, sys; d = int(sys.argv[2]); "
        "json.dump({'train_loss': 1 / d, 'val_loss': d / 10}, open('metrics.json', 'w'))"
    )
    for degree in range(1, 11):
        tool("run", "-q", "-x", "degrees", sys.executable, "-c", code, "--degree", degree)
    shown = tool("show", "@").out
    assert "Overfitting in degrees" in shown
    assert re.search(r"degree: as it grows, train_loss falls .* and val_loss rises", shown)
    assert "Overfitting" not in tool("show", "@", "--json").out
