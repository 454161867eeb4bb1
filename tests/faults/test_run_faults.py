"""A recorder that is killed, a ledger that cannot be written: the program lives on, nothing is told twice."""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from ledger.model import HealthState, Status, TrialLost
from ledger.ops import lost
from ledger.ops.query import load
from ledger.ops.verify import verify
from tests.patience import PATIENCE_S

REPOSITORY = str(Path(__file__).parents[2])

DRIVER = """
import sys
from pathlib import Path
from ledger import workspace
from ledger.errors import LedgerError
from ledger.ops.run import RunOptions, run
place = Path(sys.argv[1])
{before}
notes = []
try:
    result = run(workspace.find_or_make(place)[0], sys.argv[2:], RunOptions(), directory=place, forward=False,
                 notify=notes.append)
except LedgerError as error:
    print("refused", error.exit_code, error.message)
    sys.exit(error.exit_code)
print(result.outcome is not None, *notes, sep="\\n")
sys.exit(result.exit_code)
"""


def start(project, *command, before="", **options):
    """Run a command in a recording process of its own."""
    return subprocess.Popen(
        [sys.executable, "-c", DRIVER.format(before=before), str(project.path), *command],
        env={**os.environ, "PYTHONPATH": REPOSITORY},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def wait_for(condition):
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)


def lost_entries(project):
    entries = [each.entry.payload for each in project.workspace.journal.entries()]
    return [each for each in entries if isinstance(each, TrialLost)]


def released(project):
    """Whether no process holds the spool's lock any more."""
    from ledger.ops import spool

    for each in spool.abandoned(project.ledger):
        each.close()
        return True
    return False


SCRIPT = f"""
    import sys, time
    sys.path.insert(0, {REPOSITORY!r})
    import ledger
    from pathlib import Path
    print("printed", flush=True)
    ledger.log(step=1, loss=0.5)
    ledger.param("width", 3)
    Path("started").touch()
    while not Path("go").exists():
        time.sleep(0.005)
    print("and later", flush=True)
    ledger.log(step=2, loss=0.25)
    Path("ended").touch()
    """


def killed_while_running(project):
    """Kill the recorder while its program runs; the program ends later."""
    project.write(train=SCRIPT)
    recorder = start(project, sys.executable, "train.py")
    wait_for((project.path / "started").exists)
    recorder.kill()
    recorder.communicate()
    assert project.last.status is Status.RUNNING
    # While the program lives, nobody takes its trial for lost.
    assert lost.recover(project.workspace) == 0
    (project.path / "go").touch()
    wait_for((project.path / "ended").exists)
    wait_for(lambda: released(project))


def test_a_program_outlives_its_recorder_and_what_it_said_is_saved_once(project):
    killed_while_running(project)
    assert lost.recover(project.workspace) == 1
    trial = project.last
    assert trial.status is Status.LOST
    assert project.stdout() == b"printed\nand later\n"
    (loss,) = trial.outcome.metrics
    assert (loss.name, loss.count, loss.last) == ("loss", 2, 0.25)
    assert {each.name: each.value for each in trial.hyperparameters} == {"width": 3}
    assert project.health("outputs").state is HealthState.ABSENT
    assert not list((project.ledger / "spool").iterdir())
    assert lost.recover(project.workspace) == 0
    assert len(lost_entries(project)) == 1


def test_the_next_run_recovers_it(project):
    killed_while_running(project)
    project.run("true")
    assert [trial.status for trial in project.trials] == [Status.LOST, Status.OK]


def test_many_who_recover_at_once_record_it_once(project):
    killed_while_running(project)
    barrier = threading.Barrier(4)
    counts = []

    def recover():
        workspace = project.workspace
        barrier.wait()
        counts.append(lost.recover(workspace))

    threads = [threading.Thread(target=recover) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(counts) == [0, 0, 0, 1]
    assert len(lost_entries(project)) == 1


def test_a_finished_trial_whose_spool_stayed_is_not_lost(project):
    project.run("sh", "-c", "cp -r .ledger/spool kept")
    shutil.copytree(project.path / "kept", project.ledger / "spool", dirs_exist_ok=True)
    assert list((project.ledger / "spool").iterdir())
    assert lost.recover(project.workspace) == 0
    assert project.last.status is Status.OK
    assert not list((project.ledger / "spool").iterdir())


def test_a_spool_without_a_trial_is_cleared_away(project):
    project.run("true")
    stray = project.ledger / "spool" / "0123456789abcdef"
    stray.mkdir()
    assert lost.recover(project.workspace) == 0
    assert not stray.exists()


@pytest.mark.parametrize("delay_ms", [20, 60, 100, 150, 200, 260, 330, 400, 500])
def test_a_recorder_killed_at_any_moment_leaves_a_ledger_that_works(project, delay_ms):
    project.workspace  # noqa: B018 - makes it
    recorder = start(project, "sh", "-c", "echo x > made; sleep 0.05; echo y > later")
    time.sleep(delay_ms / 1000)
    recorder.kill()
    recorder.communicate()
    wait_for(lambda: not (project.path / "made").exists() or (project.path / "later").exists())
    wait_for(lambda: not list((project.ledger / "spool").glob("[!n]*")) or released(project))
    before = len(project.trials)
    project.run("true")
    statuses = [trial.status for trial in project.trials]
    assert len(statuses) == before + 1
    assert Status.RUNNING not in statuses
    assert statuses[-1] is Status.OK
    assert len(lost_entries(project)) <= 1
    assert not list((project.ledger / "spool").glob("[!n]*"))
    if (project.path / "made").exists():
        assert before == 1, "a program ran that the ledger knows nothing of"


WITHOUT_RIGHTS = """
import ctypes, os
if os.geteuid() == 0:  # without its capabilities root needs permissions as everybody does
    assert ctypes.CDLL(None).capset((ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()) == 0
"""


def finish(process):
    out, errors = process.communicate(timeout=PATIENCE_S)
    assert "Traceback" not in errors, errors
    return process.returncode, out


@pytest.mark.parametrize("where", [".ledger", ".ledger/journal", ".ledger/objects", ".ledger/spool"])
def test_a_ledger_that_cannot_be_written_is_refused_before_the_start(project, where):
    code, out = finish(start(project, "true", before=WITHOUT_RIGHTS))
    assert code == 0, out
    place = project.path / where
    modes = {path: path.stat().st_mode for path in (place, *place.rglob("*"))}
    for path, mode in modes.items():
        path.chmod(mode & 0o555)
    project.write(train="print('an object that is not there yet')")
    code, out = finish(start(project, "touch", "made", before=WITHOUT_RIGHTS))
    for path, mode in modes.items():
        path.chmod(mode)
    assert code == 125, out
    assert out.startswith("refused 125")
    assert not (project.path / "made").exists()
    code, out = finish(start(project, "true", before=WITHOUT_RIGHTS))
    assert code == 0, out


def test_a_ledger_that_cannot_be_written_any_more_costs_the_program_nothing(project):
    command = "echo x > made; chmod -R a-w .ledger; exit 7"
    code, out = finish(start(project, "sh", "-c", command, before=WITHOUT_RIGHTS))
    subprocess.run(["chmod", "-R", "u+w", str(project.ledger)], check=True)
    assert code == 7
    recorded, *notes = out.splitlines()
    # The journal's files are open, and take the end; there is no room for a new object.
    assert recorded == "True"
    assert notes[0].startswith("outputs: not recorded: cannot write ")
    (trial,) = project.trials
    assert (trial.status, trial.outcome.exit_code, trial.outcome.outputs) == (Status.FAILED, 7, ())
    assert [line.state for line in trial.health if line.part == "outputs"] == [HealthState.ABSENT]
    assert verify(project.workspace.journal, project.workspace.store, load(project.workspace.journal)).ok
    code, out = finish(start(project, "true", before=WITHOUT_RIGHTS))
    assert code == 0, out
    assert [trial.status for trial in project.trials] == [Status.FAILED, Status.OK]


def test_a_disk_that_is_full_costs_the_program_nothing(project):
    limit = "import resource, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)"
    project.run("true")
    # The limit holds for the recorder alone, and only once the program runs.
    script = """
        import os, resource
        resource.prlimit(os.getppid(), resource.RLIMIT_FSIZE, (64, 64))
        open("made", "w").write("x" * 50)
        raise SystemExit(9)
        """
    project.write(train=script)
    code, out = finish(start(project, sys.executable, "train.py", before=limit))
    assert code == 9
    recorded, *notes = out.splitlines()
    assert recorded == "False"
    assert notes
    project.run("true")
    assert project.last.status is Status.OK


def test_signals_reach_the_program(project):
    project.write(
        train="""
        import signal, sys, time
        from pathlib import Path
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(12))
        Path("started").touch()
        time.sleep(60)
        """
    )
    recorder = start(project, sys.executable, "train.py")
    wait_for((project.path / "started").exists)
    recorder.send_signal(signal.SIGTERM)
    code, out = finish(recorder)
    assert (code, out.splitlines()[0]) == (12, "True")
    assert project.last.outcome.exit_code == 12


def test_many_runs_at_once_are_all_recorded(project):
    project.workspace  # noqa: B018 - makes it
    recorders = [start(project, "sh", "-c", f"echo {number} > made-{number}") for number in range(6)]
    assert [finish(each)[0] for each in recorders] == [0] * 6
    trials = project.trials
    assert len(trials) == 6
    assert {trial.status for trial in trials} == {Status.OK}
    for trial in trials:
        number = trial.intent.argv[2].split()[1]
        assert project.outputs(trial)[f"made-{number}"] == number.encode() + b"\n"
