import os
import socket
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest

import ledger
from ledger.errors import CannotRecordError, DamagedError, LedgerError, NotFoundError, UsageError
from ledger.model import Status, Verdict
from ledger.store.pins import held_leases

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


def test_vary_names_what_a_result_depends_on(opened, project):
    project.write(mask="import os; open('mask', 'w').write(str(os.umask(0)))")
    trial = opened.run([sys.executable, "mask.py"], forward=False)
    assert opened.vary(trial, conditions=["umask", "home"], env="current").depends == ("umask",)
    with pytest.raises(UsageError, match="no condition"):
        opened.vary(trial, conditions=["weather"])


def test_a_replay_without_network_reaches_no_other_loopback(opened):
    connecting = "import socket, sys; socket.create_connection(('127.0.0.1', int(sys.argv[1])))"
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
        trial = opened.run([sys.executable, "-c", connecting, port], forward=False)
        assert opened.replay(trial, env="current").verdict is Verdict.IDENTICAL
        assert opened.replay(trial, env="current", network=False).verdict is Verdict.DIVERGED


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


def test_tables_are_what_can_be_asked(opened, train):
    train(0.25, name="a", params={"many": [1, "é"], "flag": True, "word": "x"})
    opened.run(["false"], forward=False)
    tables = opened.tables()
    assert list(tables) == ["trials", "hyperparameters", "metrics", "entries"]
    for each in tables.values():
        each.validate(full=True)
    ids = tables["trials"].column("id").to_pylist()
    assert tables["trials"] == opened.trials()
    rows = {row["name"]: row for row in tables["hyperparameters"].to_pylist()}
    assert {row["trial"] for row in rows.values()} == {ids[0]}
    assert {name: (row["value"], row["number"], row["source"]) for name, row in rows.items()} == {
        "lr": ("0.25", 0.25, "argument"),
        "many": ('[1, "é"]', None, "option"),
        "flag": ("true", None, "option"),
        "word": ("x", None, "option"),
    }
    metrics = {row["name"]: row for row in tables["metrics"].to_pylist()}
    assert metrics["accuracy"] == {
        "trial": ids[0],
        "name": "accuracy",
        "last": 0.75,
        "min": 0.75,
        "max": 0.75,
        "count": 1,
    }
    assert tables["entries"].column("kind").to_pylist() == ["trial.started", "trial.finished"] * 2


def test_sealed_entries_are_decompressed_once(opened):
    for _ in range(2):
        opened.run(["true"], forward=False)
    entries = opened.tables()["entries"]
    before = pa.total_allocated_bytes()
    again = opened.tables()["entries"]
    assert again == entries
    # What the columns take, and the 64 bytes to which each of their buffers is rounded up.
    assert pa.total_allocated_bytes() - before < again.nbytes + 64 * 3 * again.num_columns


def test_polars_and_pandas_read_the_tables(opened, train):
    polars = pytest.importorskip("polars")
    train(0.25, name="a")
    for name, each in opened.tables().items():
        frame = polars.from_arrow(each)
        assert (frame.columns, frame.height) == (each.column_names, each.num_rows), name
        assert list(each.to_pandas().columns) == each.column_names
    kinds = polars.from_arrow(opened.tables()["entries"])["kind"].to_list()
    assert kinds == ["trial.started", "trial.finished"]


def test_sql_asks_the_tables(opened, train):
    pytest.importorskip("duckdb")
    for lr in (0.5, 0.25):
        train(lr)
    found = opened.sql("SELECT last FROM metrics WHERE name = 'accuracy' ORDER BY last")
    assert found.column("last").to_pylist() == [0.5, 0.75]
    with pytest.raises(UsageError, match="the query failed"):
        opened.sql("SELECT nope FROM metrics")
    with pytest.raises(UsageError, match="not a query"):
        opened.sql("CREATE TABLE mine AS SELECT 1")


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


def test_a_note_on_a_diff_is_corrected_and_taken_back(opened, train):
    first, second = train(0.25), train(0.5)
    one = opened.note(first, "only lr", against=[second], author="Ann")
    two = opened.note(None, "lr alone", replaces=str(one)[:12], author="Ann")
    (found,) = opened.notes()
    assert (found.id, found.trials, found.note.text) == (two, (first.id, second.id), "lr alone")
    for wrong in ({"metric": "loss"}, {"experiment": "e"}, {"against": [first]}):
        with pytest.raises(LedgerError):
            opened.note(None, "x", replaces=two, **wrong)
    opened.take_back(two, "a mistake", author="Ann")
    assert opened.notes() == ()


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


def test_a_ledger_is_shared_and_cloned(project, tmp_path):
    project.write(train="open('model.txt', 'w').write('weights')")
    project.run("python", "train.py", name="first")
    mine = ledger.open(project.path)
    mine.add_remote("lab", tmp_path / "lab")
    assert mine.remotes() == {"lab": str(tmp_path / "lab")}
    assert mine.push().entries == 2
    assert mine.push("lab").entries == 0
    assert mine.push("lab", full=True).objects == 0
    theirs = ledger.clone(tmp_path / "lab", tmp_path / "clone")
    assert theirs.trial("first").id == mine.trial("first").id
    assert theirs.verify().ok
    project.run("python", "train.py", name="second")
    mine.push()
    assert theirs.pull().entries == 2
    mine.remove_remote("lab")
    assert mine.remotes() == {}


def test_a_clone_of_what_is_not_believed_is_an_error(project, tmp_path):
    project.write(train="open('model.txt', 'w').write('weights')")
    project.run("python", "train.py")
    mine = ledger.open(project.path)
    mine.add_remote("lab", tmp_path / "lab")
    mine.push()
    (segment,) = [path for path in (tmp_path / "lab" / "logs").rglob("*") if path.is_file()]
    segment.write_bytes(segment.read_bytes()[:-1])
    with pytest.raises(DamagedError, match=r"remote\.damaged"):
        ledger.clone(tmp_path / "lab", tmp_path / "clone")


def test_importance_and_ablation(opened, train):
    for lr in range(1, 11):
        train(lr / 16, experiment="digits")
    found = opened.importance("digits", maximize="accuracy", costs=False)
    assert [(each.name, each.share) for each in found.metric.preferences.found] == [("lr", 1.0)]
    assert opened.importance(where="lr > 0", maximize="accuracy", quantile=0.3).metric.preferences.best == 3
    gone = opened.ablation("digits", maximize="accuracy", start="@", end="@~9")
    assert [(each.names, len(each.trials)) for each in gone.points] == [((), 1), (("lr",), 1)]


def test_best(opened, train):
    train(0.25, experiment="digits")
    second = train(0.5, experiment="digits")
    found = opened.best("digits", minimize="accuracy")
    assert ([each.id for each in found.ranked], found.now.trials) == ([second.id], 2)
    assert len(opened.best("digits", maximize="accuracy", count=5).values) == 2
    for wrong in ({}, {"minimize": "accuracy", "maximize": "accuracy"}):
        with pytest.raises(UsageError):
            opened.best("digits", **wrong)


def test_experiments_are_compared(opened, train):
    for name, lr in (("slow", 0.25), ("fast", 0.5)):
        for seed in (1, 2):
            train(lr, experiment=name, seed=seed)
    found = opened.diff("slow", "fast", maximize="accuracy")
    assert found.experiments.quality[0].better is False
    assert found.experiments.sentences[0].startswith("slow is better by 0.25 in accuracy")
    filtered = opened.diff_where("lr < 0.3", "lr > 0.3", maximize="accuracy", ignore=["lr"])
    assert (filtered.kind, filtered.experiments.quality[0].difference) == ("selections", -0.25)
    table = opened.compare("slow", "fast", minimize="accuracy")
    assert [row.label for row in table.rows] == ["fast", "slow"]
    with pytest.raises(UsageError, match="two sides are needed"):
        opened.compare("slow", minimize="accuracy")


def test_gc(opened, train):
    first = train(0.25)
    train(0.5)
    would = opened.gc(keep_last=1, dry_run=True)
    assert would.dry_run
    done = opened.gc(keep_last=1)
    assert done.rows == would.rows
    assert done.objects == len(first.outcome.outputs) > 0
    assert (
        opened.gc(older_than="90d").objects == opened.gc(older_than=0.0, tag=None, keep_last=5).objects == 0
    )
    assert opened.verify().ok
    assert "lr" in opened.show(first)["hyperparameters"]


def test_a_trial_is_proven_to_those_without_the_ledger(opened, train, tmp_path, make_key):
    key = make_key()
    trial = train(0.25, experiment="digits")
    earlier = opened.head
    signed = opened.sign(key)
    assert signed.head == opened.head
    assert opened.verify().ok
    path = tmp_path / "proof.json"
    path.write_bytes(opened.prove(trial, since=earlier))
    found = ledger.check_proof(path, key=key.with_suffix(".pub"), head=signed.digest)
    assert found.trial == opened.trial("@")
    assert (found.vouched, found.trials) == (True, 1)
    assert not ledger.check_proof(path).vouched
    with pytest.raises(NotFoundError):
        ledger.check_proof(tmp_path / "gone.json")
    train(0.5, experiment="digits")
    assert opened.denominator("digits").trials == 2
    assert opened.denominator("digits", signed.head).trials == 1


def test_a_bundle_is_opened_elsewhere(opened, train, tmp_path, make_key):
    trial = train(0.25, experiment="digits")
    key = make_key()
    opened.sign(key)
    path = tmp_path / "x.ledger"
    done = opened.bundle(["@"], path)
    assert (done.trials, done.missing, done.path) == ((trial,), (), path)
    with pytest.raises(UsageError):
        opened.bundle([], path)
    found = ledger.open_bundle(path, tmp_path / "x", key=key.with_suffix(".pub"))
    assert found.trial("@") == trial
    assert found.replay("@", env="current").verdict == "identical"
    assert found.verify().ok
    assert found.trials().to_pydict()["id"] == opened.trials().to_pydict()["id"]


def test_secrets_that_a_command_of_a_bundle_is_given(opened, tmp_path, monkeypatch):
    monkeypatch.setenv("API_TOKEN", "sk-0123456789abcdef0123456789abcdef")
    code = "import sys; sys.exit(not sys.argv[1].endswith('89abcdef'))"
    opened.run([sys.executable, "-c", code, os.environ["API_TOKEN"]], forward=False)
    opened.bundle(["@"], path := tmp_path / "s.ledger")
    found = ledger.open_bundle(path, tmp_path / "x")
    refused = found.replay("@", env="current")
    assert (refused.verdict, refused.causes[0].cause) == (
        "incomparable",
        "the command asks for secrets of yours",
    )
    assert found.replay("@", env="current", secrets=["API_TOKEN"]).verdict == "identical"
    varied = found.vary("@", conditions=["umask"], env="current", secrets=["API_TOKEN"])
    assert varied.depends == ()


def test_what_breaks_off_lets_go_of_what_it_held(opened, train, monkeypatch):
    """Or who removes objects would wait for as long as this process lives."""
    trial = train(0.25)

    def broken(self, *_):
        opened._workspace.store.put(b"held")
        raise KeyboardInterrupt

    monkeypatch.setattr("ledger.ops.replay._Replay.judged", broken)
    with pytest.raises(KeyboardInterrupt):
        opened.replay(trial)
    assert held_leases(opened.directory) == ()
    monkeypatch.setattr("ledger.ops.run._prepare", broken)
    with pytest.raises(KeyboardInterrupt):
        train(0.5)
    assert held_leases(opened.directory) == ()


def test_seeds_and_robustness(opened, project):
    project.write(
        train="import json, sys; json.dump({'loss': float(sys.argv[2])}, open('metrics.json', 'w'))"
    )
    for lr in ("0.5", "0.52"):
        opened.run([sys.executable, "train.py", "--lr", lr], experiment="x", forward=False)
    planned = opened.seeds("@", count=3, minimize="loss", dry_run=True)
    assert [len(each.runs) for each in planned.groups] == [3]
    found = opened.seeds("@", count=1, minimize="loss", env="current")
    assert found.summary[0].startswith("loss over 1 seed: 0.52")
    (moved,) = opened.robustness("x", minimize="loss").moves
    assert (moved.name, moved.pairs, moved.change) == ("lr", 1, pytest.approx(0.02))
    planned = opened.robustness("x", minimize="loss", run=True, into="around", dry_run=True)
    assert {each.wanted.experiment for each in planned.runs} == {"around"}
    with pytest.raises(UsageError, match="a bad environment"):
        opened.seeds("@", env="today")
    with pytest.raises(UsageError, match="one metric is needed"):
        opened.seeds("@", minimize="a", maximize="b")


def test_seeds_of_names(opened, project):
    project.write(train="import ledger; ledger.log(data=ledger.seed('data'), all=ledger.seed())")
    trial = opened.run([sys.executable, "train.py"], seed=3, seeds={"data": 7}, forward=False)
    assert {each.name: each.last for each in trial.outcome.metrics} == {"all": 3, "data": 7}
    with pytest.raises(UsageError, match="a bad seed"):
        opened.run([sys.executable, "train.py"], seeds={"main": 7}, forward=False)


def test_trials_are_pushed_where_that_is_wanted(project, tmp_path):
    project.write(
        train="import ledger; ledger.log(loss=ledger.seed() % 7)",
        inner="""
        import ledger
        here = ledger.open()
        here.run(["true"])
        open("pushed.txt", "w").write(str(here.push("lab").entries))
        """,
    )
    (project.path / "ledger.toml").write_text("[remote]\nauto_push = true\n")
    here, said = ledger.open(project.path, create=True), []
    here.run(["true"], notify=said.append)
    assert said == ["not pushed: auto_push is set, and the ledger has no remote: ledger remote add NAME URL"]
    here.add_remote("lab", tmp_path / "lab")
    trial = here.run([sys.executable, "train.py"])
    assert here.push("lab").entries == 0
    here.seeds(trial, count=1, env="current")
    assert here.push("lab").entries == 0
    assert len(here.trials()) == 3
    here.run([sys.executable, "inner.py"])
    assert (project.path / "pushed.txt").read_text() == "3"  # the inner trial, and the outer one's start
    assert here.push("lab").entries == 0
    (tmp_path / "lab").rename(tmp_path / "away")
    said.clear()
    assert here.run(["true"], notify=said.append).status is Status.OK
    assert [each.partition(":")[0] for each in said] == ["not pushed to lab"]
