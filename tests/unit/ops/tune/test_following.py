"""Following a trial's reports, against what a program may write into the pipe."""

import os
import time

import pytest

from ledger import model
from ledger.ops import query, searches
from ledger.ops.run_options import Scheduled
from ledger.ops.tune.following import PIPE, Following
from tests.patience import PATIENCE_S
from tests.searches import search


@pytest.fixture
def following(git_project, tmp_path):
    """A trial of a search that is followed, though no program runs."""
    workspace, defined = git_project.workspace, search(scheduler="asha", scheduler_version=1)
    id = workspace.journal.append(searches.created("x", defined)).id
    spool = tmp_path / "spool"
    spool.mkdir()
    trial = model.Digest.of(b"a trial that has not started")
    scheduled = Scheduled(id=id, search=defined, number=0, proposal=id, rungs="1,3,9")
    return Following(workspace, trial, spool, scheduled, git_project.notes.append)


def answer(following, rung):
    until = time.monotonic() + PATIENCE_S
    path = following.spool / f"decision-{rung}"
    while not path.exists():
        assert time.monotonic() < until, "no answer"
        time.sleep(0.01)
    return path.read_text()


def test_what_cannot_be_decided_lets_the_trial_go_on(following, git_project):
    with following as begin:
        begin(0)
        pipe = os.open(following.spool / PIPE, os.O_WRONLY)
        junk = (b"", b"x", b"1 2", b"2 2 0.5", b"3 1 0.5", b"1 1 x", b"\xff 1 1", b"0" * 5000 + b"9")
        os.write(pipe, b"\n".join(junk) + b"\n3 4 0.5\n3 4 0.25\n")
        assert answer(following, 3) == "go"
        os.close(pipe)
    assert sorted(path.name for path in following.spool.iterdir()) == ["decision-3", PIPE]
    assert len(git_project.notes) == 1
    assert "goes on at step 4, as nothing was decided" in git_project.notes[0]
    assert query.load(git_project.workspace.journal).decisions == {}


def test_where_there_can_be_no_pipe_nobody_is_stopped(following, git_project):
    (following.spool / PIPE).mkdir()
    with following as begin:
        begin(0)
    assert "whose reports cannot be followed" in git_project.notes[0]
