"""What a network file system does to a journal: locks that are none, machines with one id."""

import errno
import fcntl
import os

import pytest

from ledger.errors import StorageError
from ledger.journal import network
from ledger.journal.local import LocalJournal
from ledger.model import Note, layout

FACT = Note(text="x", author="ann")


@pytest.fixture
def far(monkeypatch):
    """Let every directory lie on NFS."""
    monkeypatch.setattr(network, "kind", lambda _: "nfs4")


def test_where_every_call_for_a_lock_succeeds_nothing_is_appended(tmp_path, monkeypatch, far):
    monkeypatch.setattr(fcntl, "flock", lambda *_: None)
    with pytest.raises(StorageError) as caught:
        LocalJournal(tmp_path / ".ledger").append(FACT)
    assert "nfs4" in caught.value.cause
    assert "got two" in caught.value.cause
    assert "LEDGER_DIR" in caught.value.hint
    assert os.listdir(layout.journal(tmp_path / ".ledger")) == []


def test_where_there_are_no_locks_nothing_is_appended(tmp_path, monkeypatch, far):
    def refuse(*_):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", refuse)
    with pytest.raises(StorageError) as caught:
        LocalJournal(tmp_path / ".ledger").append(FACT)
    assert caught.value.cause == os.strerror(errno.ENOLCK)
    assert "local disk" in caught.value.hint
    assert os.listdir(layout.journal(tmp_path / ".ledger")) == []


def test_locks_that_fail_later_refuse_and_lose_nothing(tmp_path, monkeypatch, far):
    journal = LocalJournal(tmp_path / ".ledger")
    journal.append(FACT)

    def refuse(*_):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    with monkeypatch.context() as patched:
        patched.setattr(fcntl, "flock", refuse)
        with pytest.raises(StorageError, match="cannot write"):
            journal.append(FACT)
    assert journal.append(FACT).seq == 1
    assert journal.verify() == []


def test_two_machines_with_one_id_never_write_to_one_log(tmp_path, monkeypatch, far):
    origins = []
    for boot in ("one", "two", "one"):
        monkeypatch.setattr(network, "kernel", lambda boot=boot: boot)
        origins.append(LocalJournal(tmp_path / ".ledger").append(FACT).entry.origin)
    assert origins[0] == origins[2] != origins[1]
    journal = LocalJournal(tmp_path / ".ledger")
    assert len(list(journal.entries())) == 3
    assert journal.verify() == []
