import json
import shutil
from dataclasses import replace

import pytest

from ledger.errors import DamagedError, MismatchError, NotFoundError
from ledger.journal import kept_heads, local
from ledger.journal.memory import MemoryJournal
from ledger.model import Digest, Note, Observed, Status, Tag, TrialLost, layout
from ledger.model.codec import encode
from ledger.model.proof import head_document, read_head, write_proof
from ledger.ops import proofs, prove, signing
from tests.segments import decompress


@pytest.fixture
def sign(maker, make_key):
    """Sign a head, that of now by default; each time with the same key."""
    key = make_key()

    def sign(head=None):
        head = head or maker.journal.head()
        signature = signing.sign(encode(head), key)
        kept_heads.keep_signature(maker.folder, head, signing.key_digest(signature), signature)
        return head

    sign.public = key.with_suffix(".pub")
    return sign


def made(maker, id, **options):
    return prove.prove(maker.journal, maker.folder, id, **options)


def checked(proof, **trusted):
    return proofs.check(write_proof(proof), proofs.trusted(**trusted))


@pytest.mark.parametrize("seal_at", [2, 256])
def test_every_trial_is_proven(maker, sign, seal_at, monkeypatch):
    monkeypatch.setattr(local, "SEAL_AT", seal_at)
    ids = [maker.trial(experiment="digits", params={"lr": place / 4}) for place in range(7)]
    head = sign()
    for place, id in enumerate(ids):
        found = checked(made(maker, id), key=sign.public)
        assert found.trial == maker.trials.by_id[id]
        assert [each.index for each in found.places] == [2 * place, 2 * place + 1]
        assert (found.signed.head, found.trials, found.vouched) == (head, 7, True)


def test_a_ledger_that_goes_on_is_proven_in_what_was_signed(maker, sign):
    first = maker.trial()
    head = sign()
    second = maker.trial()
    assert made(maker, first).signed.head == head
    later = made(maker, second)
    assert (later.signed.head, later.signed.signatures) == (maker.journal.head(), ())
    assert not checked(later).vouched
    newest = sign()
    assert {made(maker, id).signed.head for id in (first, second)} == {newest}


def test_a_head_that_has_the_start_alone_is_none(maker, sign):
    id, _ = maker.start()
    sign()
    running = made(maker, id)
    assert (len(running.entries), len(running.signed.signatures)) == (1, 1)
    lost = TrialLost(
        trial=id,
        reason="gone",
        hyperparameters=(),
        observed=Observed(affinity=1),
        outcome=maker.outcome(status=Status.LOST),
        health=(),
    )
    maker.journal.append(lost)
    ended = made(maker, id)
    assert (len(ended.entries), ended.signed.signatures) == (2, ())
    assert checked(ended).trial.status is Status.LOST


def test_an_end_that_another_machine_has_recorded(maker, sign, tmp_path):
    id, _ = maker.start()
    maker.trial()
    copy = tmp_path / "copy" / ".ledger"
    shutil.copytree(maker.folder, copy)
    lost = TrialLost(
        trial=id,
        reason="gone",
        hyperparameters=(),
        observed=Observed(affinity=1),
        outcome=maker.outcome(status=Status.LOST),
        health=(),
    )
    journal = local.LocalJournal(copy)
    journal.append(lost)
    found = checked(prove.prove(journal, copy, id))
    assert found.trial.status is Status.LOST
    assert [(each.index, each.size) for each in found.places] == [(0, 3), (0, 1)]
    assert len({each.origin for each in found.places}) == 2


def test_other_entries_about_a_trial_are_left_out(maker):
    id = maker.trial(tags=("a",))
    maker.journal.append(Note(trial=id, text="note", author="ann"))
    maker.journal.append(Tag(trial=id, name="b"))
    maker.replay(id)
    assert [each.kind for each in checked(made(maker, id)).places] == ["trial.started", "trial.finished"]


def test_it_goes_on_from_an_earlier_head(maker, sign):
    maker.trial()
    earlier = maker.journal.head()
    id = maker.trial()
    sign()
    found = checked(made(maker, id, since=earlier), since=Digest.of(encode(earlier)), key=sign.public)
    assert found.since == Digest.of(encode(earlier))
    (own,) = earlier.origins
    for head, error in (
        (replace(earlier, origins=(replace(own, size=9),)), MismatchError),
        (replace(earlier, origins=(replace(own, origin=bytes(16)),)), MismatchError),
        (replace(earlier, origins=(replace(own, root=Digest.of(b"x")),)), DamagedError),
    ):
        with pytest.raises(error):
            made(maker, id, since=head)


def test_a_log_that_is_not_what_was_signed_gives_no_proof(maker, sign):
    id = maker.trial()
    head = maker.journal.head()
    sign(replace(head, origins=(replace(head.origins[0], root=Digest.of(b"x")),)))
    with pytest.raises(DamagedError, match="is not what it was"):
        made(maker, id)


def test_a_damaged_signature_does_not_count(maker, sign):
    id = maker.trial()
    sign()
    (path,) = layout.heads(maker.folder).glob("*.sig")
    path.chmod(0o644)
    path.write_text("damaged")
    assert made(maker, id).signed.signatures == ()


def test_a_damaged_journal_is_read_entry_by_entry(maker, sign):
    first, second = maker.trial(), maker.trial()
    sign()
    maker.journal.seal()
    (path,) = layout.log(maker.folder, maker.journal.origin).glob("*.arrow")
    decompress(path)
    content = bytearray(path.read_bytes())
    body = next(each.body for each in maker.journal.entries() if each.id == second)
    content[content.index(body) + 50] ^= 1
    path.write_bytes(content)
    assert checked(made(maker, first), key=sign.public).trial.id == first
    with pytest.raises(NotFoundError):
        made(maker, second)


def test_what_is_no_trial(maker):
    id = maker.trial()
    note = maker.journal.append(Note(trial=id, text="x", author="ann"))
    for other in (Digest(bytes(32)), note.id):
        with pytest.raises(NotFoundError, match="no trial"):
            made(maker, other)


def test_a_journal_without_an_index(maker, tmp_path):
    journal = MemoryJournal()
    _, start = maker.start(experiment="digits")
    recorded = journal.append(start)
    proof = prove.prove(journal, tmp_path / "nothing", recorded.id)
    assert checked(proof).trial.id == recorded.id
    assert proof.trials == 1


def test_earlier_heads_are_named_by_digest_or_file(maker, sign, tmp_path):
    maker.trial()
    head = sign()
    (signed,) = prove.signed_heads(maker.folder)
    assert prove.earlier_head(maker.folder, str(signed.digest)) == head
    path = tmp_path / "head.json"
    path.write_text(json.dumps(head_document(signed)))
    assert prove.earlier_head(maker.folder, str(path)) == head
    assert read_head(path.read_bytes()) == signed
    for named in (str(Digest(bytes(32))), "gone.json", str(tmp_path)):
        with pytest.raises(NotFoundError):
            prove.earlier_head(maker.folder, named)
    for change in ({"size": 3}, {"digest": str(Digest(bytes(32)))}, {"origins": []}, {"more": 1}):
        path.write_text(json.dumps({**head_document(signed), **change}))
        with pytest.raises(DamagedError, match="is refused"):
            prove.earlier_head(maker.folder, str(path))
