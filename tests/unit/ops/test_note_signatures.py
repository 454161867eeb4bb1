import subprocess

import cbor2
import pytest

from ledger.errors import LedgerError, NotFoundError
from ledger.model.frozen import replace
from ledger.ops import note_signatures, notes, signing
from ledger.ops.note_signatures import Signing, State
from ledger.ops.note_subject import Subject

pytestmark = pytest.mark.usefixtures("ledger_environment", "ssh_keygen")


@pytest.fixture
def signed(maker, make_key):
    by = Signing(key=make_key())
    subject = Subject(trials=(maker.trial(),))
    notes.note(maker.journal, "mine", author="ann", subject=subject, signing=by)
    return by


def states(maker):
    return [str(note_signatures.check(each).state) for each in maker.trials.standing_notes]


def test_a_signed_note(maker, signed):
    (found,) = maker.trials.standing_notes
    told = subprocess.run(["ssh-keygen", "-lf", signed.key], capture_output=True, check=True, text=True)
    assert found.note.key in told.stdout.split()
    assert note_signatures.check(found).state is State.GOOD
    (unsigned,) = (replace(found, note=replace(found.note, key=None, signature=None)),)
    assert note_signatures.check(unsigned).state is State.UNSIGNED


def test_ssh_keygen_alone_says_so_of_what_the_readme_says_is_signed(maker, signed, tmp_path):
    (found,) = maker.trials.standing_notes
    document = cbor2.loads(found.body)
    data = {name: each for name, each in document["data"].items() if name not in ("key", "signature")}
    told = {name: document[name] for name in ("v", "kind", "time")} | {"data": data}
    (tmp_path / "signature").write_text(document["data"]["signature"])
    words = ["ssh-keygen", "-Y", "check-novalidate", "-n", "ledger-note", "-s", tmp_path / "signature"]
    message = cbor2.dumps(told, canonical=True)
    assert subprocess.run(words, input=message, capture_output=True, check=False).returncode == 0
    assert subprocess.run(words, input=message + b"x", capture_output=True, check=False).returncode


def test_what_was_changed_does_not_hold(maker, signed):
    (found,) = maker.trials.standing_notes
    for changed in ({"text": "yours"}, {"author": "ben"}, {"key": "SHA256:other"}, {"step": 1}):
        maker.journal.append(replace(found.note, **changed), time=found.time)
    maker.journal.append(found.note, time=found.time + 1)
    assert states(maker) == ["good", *["bad"] * 5]


def test_a_head_signature_is_none_of_a_note(maker, signed):
    (found,) = maker.trials.standing_notes
    signature = signing.sign(note_signatures.statement(found.body), signed.key)
    maker.journal.append(replace(found.note, signature=signature), time=found.time)
    assert states(maker) == ["good", "bad"]


def test_a_copy_of_a_statement_is_that_statement(maker, signed):
    (found,) = maker.trials.standing_notes
    maker.journal.append(found.note, time=found.time)
    assert states(maker) == ["good"]
    notes.take_back(maker.journal, found, author="ann", signing=signed)
    maker.journal.append(found.note, time=found.time)
    assert states(maker) == []


def test_a_field_of_a_later_release_is_part_of_what_is_signed(signed, maker):
    (found,) = maker.trials.standing_notes
    document = cbor2.loads(found.body)
    document["data"]["mood"] = "good"
    body = cbor2.dumps(document, canonical=True)
    assert note_signatures.statement(body) != note_signatures.statement(found.body)
    assert note_signatures.check(replace(found, body=body)).state is State.BAD


def test_without_ssh_keygen_it_is_not_checked(maker, signed, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    note_signatures._checked.cache_clear()
    assert states(maker) == ["unchecked"]
    note_signatures._checked.cache_clear()


def test_which_key_signs(git_repository, make_key):
    repository, key = git_repository(), make_key()
    here = repository.path
    assert note_signatures.chosen(here, None, None) is None
    with pytest.raises(NotFoundError, match="no SSH key"):
        note_signatures.chosen(here, None, True)
    assert note_signatures.chosen(here, key, None) == Signing(key=key)
    repository.git("config", "user.signingkey", str(key))
    assert note_signatures.chosen(here, None, None) is None  # git signs with GnuPG
    repository.git("config", "gpg.format", "ssh")
    assert note_signatures.chosen(here, None, None) == Signing(key=key)
    assert note_signatures.chosen(here, None, False) is None
    assert note_signatures.chosen(here, key, False) is None


def test_a_note_that_cannot_be_signed_is_not_written(maker, tmp_path):
    subject = Subject(trials=(maker.trial(),))
    with pytest.raises(NotFoundError):
        notes.note(maker.journal, "x", author="ann", subject=subject, signing=Signing(key=tmp_path / "none"))
    assert maker.trials.standing_notes == ()


def test_nobody_is_asked_for_a_passphrase(maker, tmp_path, ssh_keygen):
    key = tmp_path / "key"
    subprocess.run([ssh_keygen, "-q", "-t", "ed25519", "-N", "secret", "-f", key], check=True)
    with pytest.raises(LedgerError, match="the note is not signed"):
        signing.sign(b"x", key, namespace=signing.NOTES, ask=False)
