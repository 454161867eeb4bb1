import os
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest

import ledger
from ledger.errors import CannotRecordError, NotFoundError, UsageError
from ledger.model import Status, Verdict

ROOT = Path(__file__).parents[2]
TRAIN = """
import json, sys
lr = float(sys.argv[sys.argv.index("--lr") + 1])
open("metrics.json", "w").write(json.dumps({"accuracy": 1 - lr, "steps": 3}))
open("model.txt", "w").write(str(lr))
print("trained")
"""


@pytest.fixture
def opened(project):
    project.write(train=TRAIN)
    return ledger.open(project.path, create=True)


@pytest.fixture
def train(opened):
    return lambda lr, **options: opened.run(
        [sys.executable, "train.py", "--lr", str(lr)], forward=False, **options
    )


def test_a_ledger_is_found_from_beneath_and_by_itself(opened, project, monkeypatch):
    beneath = project.path / "a" / "b"
    beneath.mkdir(parents=True)
    monkeypatch.chdir(beneath)
    places = [ledger.open(), ledger.open(beneath), ledger.open(str(opened.directory))]
    assert {each.directory for each in places} == {opened.directory} == {project.ledger}
    assert {each.root for each in places} == {project.path}
    assert repr(opened) == f"Ledger({str(project.ledger)!r})"


def test_where_there_is_none(project, tmp_path, monkeypatch):
    with pytest.raises(NotFoundError, match="no ledger in"):
        ledger.open(project.path)
    with pytest.raises(NotFoundError, match="no directory"):
        ledger.open(tmp_path / "gone")
    monkeypatch.setenv("LEDGER_DIR", str(tmp_path / "elsewhere"))
    monkeypatch.chdir(project.path)
    assert ledger.open(create=True).directory == tmp_path / "elsewhere"


def test_run_gives_the_trial(train, project):
    trial = train(0.25, name="a", experiment="e", tags=["t"], params={"depth": [1, 2]}, message="why")
    assert (trial.name, trial.experiment, trial.tags, trial.message) == ("a", "e", ("t",), "why")
    assert trial.status is Status.OK
    assert {each.name: each.value for each in trial.hyperparameters} == {"lr": 0.25, "depth": (1, 2)}
    assert sorted(each.path for each in trial.outcome.outputs) == ["metrics.json", "model.txt"]


def test_a_command_that_fails_is_no_error(opened):
    trial = opened.run([sys.executable, "-c", "raise SystemExit(3)"], forward=False)
    assert (trial.status, trial.outcome.exit_code) == (Status.FAILED, 3)
    with pytest.raises(UsageError, match="a bad seed"):
        opened.run(["true"], seed=-1)
    with pytest.raises(CannotRecordError):
        opened.run(["true"], inputs=["gone.csv"])
    assert len(opened.log()) == 1


def test_it_runs_where_it_is_told(opened, project):
    (project.path / "sub").mkdir()
    trial = opened.run(["pwd"], directory=project.path / "sub", forward=False)
    assert trial.intent.directory == "sub"


def test_replay_judges_and_records(opened, train):
    trial = train(0.25)
    steps = []
    assert opened.replay(trial, env="current", progress=steps.append).verdict is Verdict.IDENTICAL
    assert steps
    assert opened.show()["replays"][0]["verdict"] == "identical"
    with pytest.raises(UsageError, match="a bad environment"):
        opened.replay(trial, env="recreated")


def test_references(opened, train):
    first, second = train(0.25, name="a"), train(0.5)
    for ref in ("@~1", "a", first.id, first, str(first.id), first.id.hex()[:10]):
        assert opened.trial(ref).id == first.id
    assert opened.trial().id == second.id
    with pytest.raises(NotFoundError):
        opened.trial("nobody")


def test_log_filters_sorts_and_limits(opened, train):
    ids = [train(lr, experiment="e").id for lr in (0.5, 0.25, 0.75)]
    assert [each.id for each in opened.log()] == ids[::-1]
    assert [each.id for each in opened.log(where="lr >= 0.5", sort="accuracy", limit=1)] == [ids[2]]
    assert len(opened.log(experiment="e")) == 3
    with pytest.raises(NotFoundError):
        opened.log(experiment="f")


def test_trials_are_an_arrow_table(opened, train):
    train(0.25, name="a", params={"mixed": 1})
    train(0.5, params={"mixed": "two", "many": [1, 2], "flag": True, "note": None})
    opened.run(["false"], forward=False)
    table = opened.trials()
    assert table.num_rows == 3
    assert table.schema.field("started").type == pa.timestamp("us", tz="UTC")
    columns = table.to_pydict()
    assert columns["name"] == ["a", None, None]
    assert columns["status"] == ["ok", "ok", "failed"]
    assert columns["exit_code"] == [0, 0, 1]
    assert columns["param.lr"] == [0.25, 0.5, None]
    assert columns["param.mixed"] == ["1", '"two"', None]
    assert columns["param.many"] == [None, "[1, 2]", None]
    assert columns["param.flag"] == [None, True, None]
    assert columns["metric.accuracy"] == [0.75, 0.5, None]
    assert all(each > 0 for each in columns["duration_s"] + columns["peak_memory"])
    frame = table.to_pandas()
    assert frame["param.lr"].sum() == 0.75
    assert str(frame["started"].dtype).endswith("UTC]")


def test_a_table_of_no_trials(opened):
    assert opened.trials().num_rows == 0
    assert opened.trials().column_names[0] == "id"


def test_the_table_needs_no_pandas(opened):
    opened.run(["true"], forward=False)
    code = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r}); import ledger\n"
        f"ledger.open({str(opened.directory)!r}).trials(); assert 'pandas' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=os.sep)


def test_diff_verify_notes_tags_and_files(opened, train, project, tmp_path):
    first = train(0.25)
    train(0.5)
    compared = opened.diff(first, "@")
    assert not compared.diff.same
    assert [each.path for each in compared.diff.sections["hyperparameters"] if each.counted] == ["lr"]
    assert opened.verify().ok
    assert opened.verify(first).trials == 1
    opened.note(first, "good", author="Ann")
    assert [each["text"] for each in opened.show(first)["notes"]] == ["good"]
    opened.tag(first, "paper")
    assert opened.trial("paper").id == first.id
    opened.tag("paper", "paper", remove=True)
    assert opened.trial(first).tags == ()
    done = opened.checkout(first, tmp_path / "again", parts=["outputs"], paths=["model.txt"])
    assert done.paths == ("model.txt",)
    assert (tmp_path / "again" / "model.txt").read_text() == "0.25"


def test_a_note_on_an_experiment(opened, train):
    train(0.25, experiment="e")
    assert opened.note(None, "all of it", experiment="e", author="Ann")
    with pytest.raises(NotFoundError):
        opened.note(None, "none", experiment="f")


def test_show_is_the_document(opened, train, accept):
    train(0.25)
    accept("trial.v1", opened.show())


def test_the_head_grows(opened, train):
    assert opened.head.size == 0
    train(0.25)
    assert opened.head.size == 2


def test_every_public_function_shows_how():
    for name in vars(ledger.Ledger):
        if not name.startswith("_") and name not in ("directory", "root"):
            assert ">>> " in getattr(ledger.Ledger, name).__doc__, name
