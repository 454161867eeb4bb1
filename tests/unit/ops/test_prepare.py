import os
import sys
from pathlib import Path

import pytest

from ledger.errors import CannotRecordError, LedgerError
from ledger.model import HealthState
from ledger.model.codec import digest_of
from ledger.ops.prepare import RunOptions, prepare, relative


@pytest.fixture
def prepared(project, monkeypatch):
    """Return a function that prepares a trial of the project."""
    spool = project.path.parent / "spool"
    spool.mkdir()

    def make(*command, directory=None, variables=None, parent=None, **options):
        return prepare(
            project.workspace,
            command or (sys.executable, "train.py"),
            RunOptions(**options),
            directory=directory or project.path,
            variables=dict(os.environ) | (variables or {}),
            parent=parent,
            spool=spool,
        )

    project.write(train="print(1)")
    return make


def intent(found):
    return digest_of(found.started.intent)


def test_the_same_twice_is_one_intent(prepared):
    assert intent(prepared()) == intent(prepared())


def test_what_only_describes_a_trial_is_no_part_of_its_intent(prepared):
    assert intent(prepared(name="a", experiment="x", message="m", tags=("t",))) == intent(prepared())


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 1},
        {"parameters": (("lr", 0.1),)},
        {"inputs": ("train.py",)},
        {"variables": {"OMP_NUM_THREADS": "3"}},
    ],
    ids=lambda change: next(iter(change)),
)
def test_what_a_result_depends_on_is_part_of_the_intent(prepared, change):
    assert intent(prepared(**change)) != intent(prepared())


def test_command_directory_and_code_are_part_of_the_intent(prepared, project):
    first = intent(prepared())
    assert intent(prepared(sys.executable, "train.py", "-v")) != first
    (project.path / "inside").mkdir()
    assert intent(prepared(directory=project.path / "inside")) != first
    project.write(train="print(2)")
    assert intent(prepared()) != first


@pytest.mark.parametrize("field", ["name", "experiment"])
@pytest.mark.parametrize("bad", ["", "a b", "@", "x~1"])
def test_bad_names_are_refused(prepared, field, bad):
    with pytest.raises(LedgerError):
        prepared(**{field: bad})


def test_a_secret_is_hidden_in_parameters_too(prepared):
    found = prepared(
        "train", "--api-token", "hunter2-very-secret", parameters=(("note", "is hunter2-very-secret"),)
    )
    assert found.started.intent.parameters == (("note", "is secret:API_TOKEN"),)
    assert "hunter2" not in repr(found.started)


def test_inputs_are_named_from_the_root_or_absolute(prepared, project, tmp_path):
    outside = tmp_path / "outside"
    outside.write_text("x")
    inside = project.path / "inside"
    inside.mkdir()
    (inside / "data").write_text("y")
    found = prepared(directory=inside, inputs=("data", str(outside), "../train.py"))
    assert [each.path for each in found.started.inputs] == [str(outside), "inside/data", "train.py"]


def test_all_missing_inputs_are_named(prepared):
    with pytest.raises(CannotRecordError) as raised:
        prepared(inputs=("a", "train.py", "b"))
    assert "a:" in raised.value.cause
    assert "b:" in raised.value.cause


def test_an_interpreter_without_the_probe_is_said(prepared):
    found = prepared(sys.executable, "-I", "train.py")
    line = next(line for line in found.started.health if line.part == "probe")
    assert (line.state, "-I" in line.reason) == (HealthState.ABSENT, True)


def test_relative():
    assert relative(Path("/usr"), Path("/usr")) == "."
    assert relative(Path("/usr/lib"), Path("/usr")).startswith("lib")
    assert relative(Path("/etc"), Path("/usr")) == "/etc"
