"""Programs that a launcher starts: the launcher itself, not a stand-in."""

import shutil
import subprocess
import sys
from pathlib import Path

PROGRAM = """
import argparse, random
parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float, default=0.5)
parser.add_argument("--epochs", type=int, default=3)
print(parser.parse_args().lr, random.random() < 1)
open("out", "w").write("1")
"""
PROJECT = """
[project]
name = "project"
version = "0"
requires-python = ">=3.11"
"""


def test_uv_run(tool):
    uv = shutil.which("uv", path=str(Path(sys.executable).parent)) or "uv"
    (tool.path / "pyproject.toml").write_text(PROJECT)
    (tool.path / "train.py").write_text(PROGRAM)
    subprocess.run([uv, "venv", "-q", "--python", sys.executable, ".venv"], cwd=tool.path, check=True)
    done = tool("run", "-q", uv, "run", "--offline", "--no-sync", "train.py", "--lr", "1")
    assert done.out == "1.0 True\n"
    document = tool.document("show", "@")
    assert document["hyperparameters"] == {"epochs": 3, "lr": 1.0}
    assert [each["path"] for each in document["outputs"]] == ["out"]
    assert document["interpreter"]["executable"].startswith(f"{tool.path}/.venv/bin/python")
    health = {each["part"]: (each["state"], each["reason"]) for each in document["health"]}
    assert health["probe"] == health["seeds"] == health["environment"] == ("complete", None)
    (entropy,) = document["seeds"]["entropy"]
    assert entropy["where"] == f"{tool.path}/train.py:6"
