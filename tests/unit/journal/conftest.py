import os
import traceback
import warnings

import pytest

from ledger.journal import origins
from ledger.journal.local import LocalJournal
from ledger.model import (
    Artifact,
    ArtifactRole,
    Digest,
    Mode,
    Note,
    Observed,
    Outcome,
    Status,
    TrialFinished,
    layout,
)


def make_note(text="a note"):
    return Note(text=text, author="ann")


def make_finished(*outputs):
    """A finished trial with outputs of (path, content)."""
    artifacts = tuple(
        Artifact(
            role=ArtifactRole.OUTPUT,
            path=path,
            digest=Digest.of(content),
            size=len(content),
            mode=Mode.FILE,
            media_type="text/plain",
        )
        for path, content in outputs
    )
    return TrialFinished(
        trial=Digest.of(b"trial"),
        recipe=Digest.of(b"recipe"),
        recipe_complete=True,
        hyperparameters=(),
        inputs=(),
        observed=Observed(affinity=1),
        outcome=Outcome(
            status=Status.OK,
            exit_code=0,
            outputs=artifacts,
            started=0,
            duration_s=0.0,
            cpu_user_s=0.0,
            cpu_system_s=0.0,
            peak_memory=0,
        ),
        health=(),
    )


@pytest.fixture
def note():
    return make_note


@pytest.fixture
def finished():
    return make_finished


@pytest.fixture
def ledger(tmp_path):
    path = tmp_path / ".ledger"
    path.mkdir()
    return path


@pytest.fixture
def journal(ledger):
    return LocalJournal(ledger)


@pytest.fixture
def log(ledger, journal):
    """The directory of the log that `journal` writes, with some entries."""
    for place in range(5):
        journal.append(make_note(f"note {place}"))
    return layout.log(ledger, origins.current(ledger))


@pytest.fixture
def flip():
    """Flip one bit of a file."""

    def flip(path, offset, mask=1):
        with open(path, "r+b") as file:
            file.seek(offset)
            byte = file.read(1)[0]
            file.seek(offset)
            file.write(bytes([byte ^ mask]))

    return flip


@pytest.fixture
def texts():
    """The notes of a journal, in order."""
    return lambda journal: [each.entry.payload.text for each in journal.entries()]


@pytest.fixture
def forked():
    """Run something in a forked process; returns what waits for it and says whether it went well."""

    def forked(work):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # forking beside threads
            child = os.fork()
        if child == 0:
            try:
                work()
                os._exit(0)
            except BaseException:
                traceback.print_exc()  # nobody else will tell
            finally:
                os._exit(1)
        return lambda: os.waitpid(child, 0)[1] == 0

    return forked
