import os
import signal
import sys

import pytest

from ledger.errors import CannotRecordError
from ledger.model import HealthState, Status
from ledger.model.codec import digest_of


def test_a_run_records_what_it_was_and_what_came_of_it(project):
    project.write(train="""
        import sys
        open("model.bin", "wb").write(b"weights")
        print("out")
        print("error", file=sys.stderr)
        """)
    result = project.run("python", "train.py", "--lr", "0.1", name="first", experiment="x", tags=("a",))
    trial = project.last
    assert (result.trial, result.exit_code, result.reused) == (trial.id, 0, False)
    assert (trial.status, trial.name, trial.experiment, trial.tags) == (Status.OK, "first", "x", ("a",))
    assert trial.intent.argv == (sys.executable, "train.py", "--lr", "0.1")
    assert {each.name: each.value for each in trial.hyperparameters} == {"lr": 0.1}
    assert project.outputs() == {"model.bin": b"weights"}
    assert project.stdout() == b"out\n"
    assert project.read(trial.outcome.stderr.digest) == b"error\n"
    assert trial.outcome.duration_s > 0
    assert trial.outcome.peak_memory > 0
    assert not list((project.ledger / "spool").iterdir())
    assert not project.notes
