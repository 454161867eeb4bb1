"""Real studies of Optuna on a real ledger."""

import json
import pickle
import subprocess
import sys

import pytest

optuna = pytest.importorskip("optuna")

from optuna.storages import JournalStorage  # noqa: E402

from ledger import workspace  # noqa: E402
from ledger.errors import AmbiguousError, DamagedError, UsageError  # noqa: E402
from ledger.integrations.optuna import LedgerBackend  # noqa: E402
from ledger.model import ForeignLog, Note, layout  # noqa: E402


@pytest.fixture(autouse=True)
def quiet():
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    yield
    optuna.logging.set_verbosity(before)


def study_in(folder, name="s", **more):
    return optuna.create_study(
        study_name=name, storage=JournalStorage(LedgerBackend(folder, **more)), load_if_exists=True
    )


def objective(trial):
    x = trial.suggest_float("x", -3, 3)
    kind = trial.suggest_categorical("kind", ["a", "b"])
    trial.set_user_attr("note", "ü")
    trial.report(x, step=1)
    return x**2 + (kind == "b")


def told(study):
    return [
        (each.number, each.state, each.value, each.params, each.user_attrs, each.intermediate_values)
        for each in study.get_trials()
    ]


def test_a_study_goes_on_where_it_was(tmp_path):
    first = study_in(tmp_path)
    first.optimize(objective, n_trials=5)
    again = study_in(tmp_path)
    assert told(again) == told(first)
    again.optimize(objective, n_trials=3)
    assert [each.number for each in study_in(tmp_path).get_trials()] == list(range(8))
    assert again.best_value == min(each.value for each in again.get_trials())


def test_it_is_the_study_that_a_file_of_optuna_holds(tmp_path):
    backend = optuna.storages.journal.JournalFileBackend(str(tmp_path / "theirs.log"))
    found = []
    for storage in (JournalStorage(backend), JournalStorage(LedgerBackend(tmp_path))):
        sampler = optuna.samplers.TPESampler(seed=1)
        study = optuna.create_study(study_name="s", storage=storage, sampler=sampler)
        study.optimize(objective, n_trials=15)
        found.append(told(study))
    assert found[0] == found[1]


def test_each_line_is_an_entry_among_others(tmp_path):
    study_in(tmp_path).optimize(objective, n_trials=1)
    ledger = workspace.find(tmp_path)
    ledger.journal.append(Note(experiment="x", text="in between", author="ann"))
    ledger.journal.append(ForeignLog(source="other", content="no JSON, and none of our business"))
    study_in(tmp_path).optimize(objective, n_trials=1)
    entries = [each.entry.payload for each in ledger.journal.entries()]
    lines = [json.loads(each.content) for each in entries if getattr(each, "source", "") == "optuna"]
    assert len(lines) == len(entries) - 2
    assert lines[0]["study_name"] == "s"
    assert ledger.journal.verify() == []


def test_sources_are_apart(tmp_path):
    study_in(tmp_path, source="one").optimize(objective, n_trials=2)
    study_in(tmp_path, source="two").optimize(objective, n_trials=1)
    assert len(study_in(tmp_path, source="one").get_trials()) == 2
    assert len(study_in(tmp_path, source="two").get_trials()) == 1


def test_any_line_can_be_read_from(tmp_path):
    backend = LedgerBackend(tmp_path)
    lines = [{"number": each} for each in range(7)]
    for each in range(0, 7, 2):
        backend.append_logs(lines[each : each + 2])
        for number in range(9):
            assert list(backend.read_logs(number)) == lines[: each + 2][number:]
            assert list(LedgerBackend(tmp_path).read_logs(number)) == lines[: each + 2][number:]


def test_sealing_changes_nothing(tmp_path):
    backend, other = LedgerBackend(tmp_path), LedgerBackend(tmp_path)
    lines = [{"number": each} for each in range(600)]
    for begin in range(0, 600, 150):
        backend.append_logs(lines[begin : begin + 150])
        assert list(other.read_logs(begin)) == lines[begin : begin + 150]
        workspace.find(tmp_path).journal.seal()
        assert list(other.read_logs(begin + 100)) == lines[begin + 100 : begin + 150]
    assert list(backend.read_logs(0)) == lines


WORKER = """
import sys
import optuna
from ledger.integrations.optuna import LedgerBackend

optuna.logging.set_verbosity(optuna.logging.WARNING)
storage = optuna.storages.JournalStorage(LedgerBackend(sys.argv[1]))
study = optuna.create_study(study_name="s", storage=storage, load_if_exists=True)
study.optimize(lambda trial: trial.suggest_float("x", -3, 3) ** 2, n_trials=20)
"""


def test_two_processes_write_at_once(tmp_path):
    workers = [
        subprocess.Popen([sys.executable, "-W", "ignore", "-c", WORKER, str(tmp_path)]) for _ in range(2)
    ]
    assert [each.wait() for each in workers] == [0, 0]
    trials = study_in(tmp_path).get_trials()
    assert [each.number for each in trials] == list(range(40))
    assert all(each.state is optuna.trial.TrialState.COMPLETE for each in trials)
    assert all(each.value == each.params["x"] ** 2 for each in trials)
    assert workspace.find(tmp_path).journal.verify() == []


def test_threads_of_one_study(tmp_path):
    study = study_in(tmp_path)
    study.optimize(objective, n_trials=12, n_jobs=3)
    assert sorted(each.number for each in study_in(tmp_path).get_trials()) == list(range(12))


def test_it_can_be_sent_to_another_process(tmp_path):
    study = study_in(tmp_path)
    study.optimize(objective, n_trials=1)
    copy = pickle.loads(pickle.dumps(study))
    copy.optimize(objective, n_trials=1)
    assert len(study.get_trials()) == 2


def other_machine(folder, logs):
    """A ledger with the logs of another one, as after a pull."""
    ledger, _ = workspace.find_or_make(folder)
    layout.journal(ledger.directory).mkdir(exist_ok=True)
    for log in logs:
        here = layout.journal(ledger.directory) / log.name
        here.mkdir()
        for each in log.iterdir():
            (here / each.name).write_bytes(each.read_bytes())
    return ledger


def log_of(folder):
    ledger = workspace.find(folder)
    return layout.log(ledger.directory, ledger.journal.origin)


def test_on_another_machine_it_is_read_and_goes_on_in_a_copy(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    study = study_in(tmp_path / "a")
    study.optimize(objective, n_trials=3)
    other_machine(tmp_path / "b", [log_of(tmp_path / "a")])
    backend = LedgerBackend(tmp_path / "b")
    assert told(optuna.load_study(study_name="s", storage=JournalStorage(backend))) == told(study)
    with pytest.raises(UsageError) as error:
        backend.append_logs([{}])
    assert 'copied("optuna-2")' in error.value.hint
    storage = JournalStorage(backend.copied("optuna-2"))
    copy = optuna.load_study(study_name="s", storage=storage)
    copy.optimize(objective, n_trials=2)
    assert told(study_in(tmp_path / "b", source="optuna-2"))[:3] == told(study)
    assert len(copy.get_trials()) == 5
    with pytest.raises(UsageError, match="there is a log optuna-2 already"):
        backend.copied("optuna-2")


def test_lines_of_several_other_machines_are_not_mixed(tmp_path):
    for name in ("a", "b", "c"):
        (tmp_path / name).mkdir()
    for name in ("a", "b"):
        study_in(tmp_path / name).optimize(objective, n_trials=1)
    other_machine(tmp_path / "c", [log_of(tmp_path / "a"), log_of(tmp_path / "b")])
    with pytest.raises(AmbiguousError, match="several machines"):
        LedgerBackend(tmp_path / "c").read_logs(0)


def test_damage_and_what_is_no_line_are_told(tmp_path):
    backend = LedgerBackend(tmp_path)
    backend.append_logs([{"a": 1}, {"a": 2}, {"a": 3}])
    ledger = workspace.find(tmp_path)
    ledger.journal.append(ForeignLog(source="optuna", content="[1]"))
    with pytest.raises(DamagedError, match="no JSON object"):
        LedgerBackend(tmp_path).read_logs(0)
    tail = next(each for each in log_of(tmp_path).iterdir() if each.name.startswith("tail"))
    content = bytearray(tail.read_bytes())
    content[len(content) // 2] ^= 1
    tail.write_bytes(content)
    with pytest.raises(DamagedError, match="cannot be read"):
        LedgerBackend(tmp_path).read_logs(0)


def test_a_source_has_a_name(tmp_path):
    with pytest.raises(UsageError, match="needs a source"):
        LedgerBackend(tmp_path, source="")
