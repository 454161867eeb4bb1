import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

from ledger.capture import trace
from ledger.model import HealthState, Status, TrialStarted, layout
from ledger.ops import lost, spool
from tests.patience import PATIENCE_S


def abandon(project, change=lambda started: started, **files):
    """Record the start of a trial whose recorder has died, with that in its spool."""
    project.run("true")
    started = next(
        each.entry.payload
        for each in project.workspace.journal.entries()
        if isinstance(each.entry.payload, TrialStarted)
    )
    made = spool.create(project.ledger)
    for name, content in files.items():
        (made.path / name).write_bytes(content)
    recorded = project.workspace.journal.append(replace(change(started), spool=made.path.name))
    made.close()
    return recorded.id, made.path


def test_streams_and_whatever_else_there_is_are_saved(project):
    trial, path = abandon(project, stdout=b"said", stderr=b"")
    assert lost.recover(project.workspace) == 1
    assert (project.last.id, project.last.status) == (trial, Status.LOST)
    assert project.stdout() == b"said"
    assert project.last.outcome.exit_code is None
    assert not path.exists()


def test_one_without_a_file_is_recorded_too(project):
    abandon(project)
    assert lost.recover(project.workspace) == 1
    assert project.last.status is Status.LOST
    assert project.health("outputs").state is HealthState.ABSENT


def test_a_ledger_that_cannot_be_written_keeps_the_spool(project):
    trial, path = abandon(project, stdout=b"said")
    workspace = project.workspace
    log = project.ledger / "journal"
    log.rename(project.ledger / "away")
    log.write_text("")
    lost.recover_quietly(workspace)
    log.unlink()
    (project.ledger / "away").rename(log)
    assert path.exists()
    assert lost.recover(project.workspace) == 1
    assert (project.last.id, project.stdout()) == (trial, b"said")


def test_nothing_to_recover(project):
    assert lost.recover(project.workspace) == 0


def test_a_secret_of_todays_variables_stays_hidden(project, monkeypatch):
    monkeypatch.setenv("API_TOKEN", "hunter2-very-secret")
    abandon(project, stdout=b"my token is hunter2-very-secret")
    lost.recover(project.workspace)
    assert project.stdout() == b"my token is secret:API_TOKEN"


def test_streams_are_not_kept_if_the_commands_secret_is_not_known_any_more(project, monkeypatch):
    def mask(started):
        argv = (*started.intent.argv, "--api-token", "secret:API_TOKEN")
        return replace(started, intent=replace(started.intent, argv=argv))

    abandon(project, mask, stdout=b"my token is hunter2-very-secret")
    lost.recover(project.workspace)
    assert project.last.outcome.stdout is None
    line = project.health("streams")
    assert line.state is HealthState.ABSENT
    assert "API_TOKEN" in line.reason
    monkeypatch.setenv("API_TOKEN", "hunter2-very-secret")
    abandon(project, mask, stdout=b"my token is hunter2-very-secret")
    lost.recover(project.workspace)
    assert project.stdout() == b"my token is secret:API_TOKEN"


def watched(place):
    """What the log of the files says by now."""
    found = trace.read(place)
    return () if found is None else found.accesses


def test_what_a_lost_trial_had_read_is_saved(project, tmp_path):
    data = tmp_path / "data"
    data.write_text("1")
    program = f"open({str(data)!r}).read(); open('ready', 'w').close(); import time; time.sleep(60)"
    driver = f"""
from pathlib import Path
from ledger import workspace
from ledger.ops.run import run
place = Path({str(project.path)!r})
run(workspace.find_or_make(place)[0], [{sys.executable!r}, "-c", {program!r}], directory=place, forward=False)
"""
    process = subprocess.Popen([sys.executable, "-c", driver], start_new_session=True)
    deadline = time.monotonic() + PATIENCE_S
    while not (project.path / "ready").exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    (place,) = layout.spool(project.workspace.directory).iterdir()
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    while not any(each.path == str(data) for each in watched(place)):  # the guard writes it
        assert time.monotonic() < deadline
        time.sleep(0.01)
    deadline = time.monotonic() + PATIENCE_S
    while not lost.recover(project.workspace):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    trial = project.last
    assert [(each.path, project.read(each.digest)) for each in trial.inputs] == [(str(data), b"1")]
    line = next(each for each in trial.health if each.part == "inputs")
    assert line.state == "partial"
