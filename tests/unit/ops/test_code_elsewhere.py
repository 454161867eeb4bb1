"""Code outside of the root that no installer knows: recorded, and what a replay imports."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

UV = str(Path(sys.executable).parent / "uv")


@pytest.fixture
def elsewhere(project, tmp_path):
    """An environment with a directory added by a ``.pth`` file, and another for PYTHONPATH."""
    prefix = tmp_path / "environment"
    subprocess.run([UV, "venv", "-q", "--python", sys._base_executable, prefix], check=True)
    for name in ("listed", "added"):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{name}_module.py").write_text("VALUE = 1\n")
    (site,) = prefix.glob("lib/*/site-packages")
    (site / "local.pth").write_text(f"{tmp_path}/added\n")
    project.write(
        train="""
        import added_module, listed_module
        open("model.txt", "w").write(f"{added_module.VALUE} {listed_module.VALUE}")
        """
    )
    (project.path / "go.sh").write_text("python train.py\n")
    path = os.pathsep.join([f"{prefix}/bin", os.environ["PATH"]])
    return {"PATH": path, "PYTHONPATH": str(tmp_path / "listed")}


@pytest.mark.parametrize("command", [["{prefix}/python", "train.py"], ["bash", "go.sh"]])
def test_a_replay_uses_what_was_recorded(project, elsewhere, tmp_path, command):
    words = [word.format(prefix=tmp_path / "environment/bin") for word in command]
    project.run(*words, variables=elsewhere)
    assert [each.name for each in project.last.code] == [".", "PYTHONPATH/listed", "pth/added"]
    assert project.health("code").reason is None
    assert project.health("environment").reason is None
    for name in ("listed", "added"):
        (tmp_path / name / f"{name}_module.py").write_text("VALUE = 2\n")
    assert project.replay(variables=elsewhere, env="recreate").verdict == "identical"


def test_a_home_directory_is_left_alone(project, elsewhere, ledger_environment):
    variables = elsewhere | {"PYTHONPATH": f"{elsewhere['PYTHONPATH']}{os.pathsep}{ledger_environment}"}
    project.run("bash", "go.sh", variables=variables)
    assert [each.name for each in project.last.code] == [".", "PYTHONPATH/listed", "pth/added"]
    assert project.health("environment").reason == (
        f"{ledger_environment} is not recorded as code, though it is imported from: it holds a home directory"
    )
