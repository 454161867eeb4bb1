"""Signatures of heads go where the entries go, and only those that hold are kept."""

from pathlib import Path

import pytest

from ledger.errors import IncomparableError
from ledger.journal import kept_heads
from ledger.model import Digest, Head, OriginHead, layout
from ledger.model.codec import encode
from ledger.ops import pinned_heads, query, shared_signatures, signing
from ledger.ops.verify import verify
from ledger.remotes import forms, names
from ledger.remotes.directory import DirectoryTransport
from tests import shared


@pytest.fixture
def key(make_key):
    return make_key("ann")


def checked(machine):
    trials = query.load(machine.journal)
    return pinned_heads.checked(machine.workspace, verify(machine.journal, machine.store, trials))


def sign(machine, key):
    return pinned_heads.sign(machine.workspace, checked(machine), key)


def forge(remote, head, key, content=None):
    """Somebody puts a signed head there that nobody here has signed."""
    if content is None:
        content = forms.encode_signature(head, signing.sign(encode(head), key))
    transport = DirectoryTransport(Path(remote))
    assert transport.create(names.of_signature(Digest.of(content)), content)
    transport.close()


def kept(machine):
    return {each: kept_heads.get(machine.ledger, each) for each in kept_heads.digests(machine.ledger)}


def test_a_signature_goes_where_its_entries_go(ann, ben, remote, key):
    ann.trial("first")
    signed = sign(ann, key)
    pushed, pulled = ann.push(remote), ben.pull(remote)
    assert (pushed.signatures, pulled.signatures) == (1, 1)
    assert kept(ben) == kept(ann)
    assert kept(ben)[signed.digest].signatures == (signed.signatures[0].signature,)
    assert checked(ben).ok
    for again in (ann.push(remote), ben.pull(remote), ben.push(remote)):
        assert (again.ok, again.signatures) == (True, 0)
    # From then on it binds what is there, as if it had been signed here.
    other = make_other(ben)
    assert "head.rewritten" in [each.what for each in checked(other).findings]


def make_other(machine):
    """The same ledger with a log that tells another story."""
    for origin in [each.origin for each in machine.journal.head().origins]:
        for path in layout.log(machine.ledger, origin).iterdir():
            path.unlink()
        layout.log(machine.ledger, origin).rmdir()
    liar = shared.Shared(machine.root.parent / "liar")
    liar.trial("another")
    (folder,) = [layout.log(liar.ledger, each.origin) for each in liar.journal.head().origins]
    folder.rename(layout.log(machine.ledger, origin))
    return machine.again()


def test_one_whose_entries_are_not_here_waits_for_them(ann, ben, remote, key):
    ann.trial("first")
    ann.push(remote)
    (there,) = ann.journal.head().origins
    ann.trial("second")
    sign(ann, key)
    content = dict(shared_signatures._kept(ann.workspace))
    forge(remote, None, key, *content.values())
    early = ben.pull(remote)
    assert (early.ok, early.signatures, kept(ben)) == (True, 0, {})
    assert "which are not here" in early.notices[-1].detail
    assert there.size == 2
    ann.push(remote)
    assert ben.pull(remote).signatures == 1


def test_a_signed_head_that_tells_another_story_is_a_split_view(ann, ben, remote, key):
    ann.trial("first")
    ann.push(remote)
    (mine,) = ann.journal.head().origins
    forge(remote, Head(origins=(OriginHead(origin=mine.origin, size=1, root=Digest.of(b"x")),)), key)
    pulled = ben.pull(remote)
    (found,) = pulled.findings
    assert found.what == "remote.split"
    assert "signed by SHA256:" in found.got
    assert pulled.entries == 2, "the true entries come"
    assert kept(ben) == {}
    assert checked(ben).ok


def test_what_is_no_signature_is_named_and_not_kept(ann, ben, remote, key, make_key):
    ann.trial("first")
    ann.push(remote)
    head = ann.journal.head()
    true = forms.encode_signature(head, signing.sign(encode(head), key))
    other = Head(origins=(OriginHead(origin=head.origins[0].origin, size=1, root=Digest.of(b"x")),))
    length = len(encode(head))
    bad = [
        b"",
        true[:3],
        true[:-1],
        true[: length - 1],
        true + b"x",
        (1 << 31).to_bytes(4, "little") + true[4:],
        forms.encode_signature(other, signing.sign(encode(head), key)),
        forms.encode_signature(Head(origins=()), signing.sign(encode(Head(origins=())), key)),
        forms.encode_signature(Head(origins=head.origins * 2), signing.sign(encode(head), key)),
        true[:-40] + b"\xff" * 40,
    ]
    for content in bad:
        forge(remote, None, key, content)
    pulled = ben.pull(remote)
    assert [each.what for each in pulled.findings] == ["remote.signature"] * len(bad)
    assert (pulled.entries, kept(ben)) == (2, {})


def test_a_blob_with_another_name_is_not_believed(ann, ben, remote, key):
    ann.trial("first")
    sign(ann, key)
    ann.push(remote)
    (path,) = Path(remote).glob("heads/signed/*")
    path.rename(path.with_name("0" * 64))
    (found,) = ben.pull(remote).findings
    assert (found.what, kept(ben)) == ("remote.signature", {})


def test_without_ssh_keygen_they_stay_where_they_are(ann, ben, remote, key, monkeypatch):
    ann.trial("first")
    sign(ann, key)
    ann.push(remote)

    def missing(*_):
        raise IncomparableError("no ssh-keygen")

    monkeypatch.setattr(signing, "signer", missing)
    pulled = ben.pull(remote)
    assert pulled.ok
    assert [each.detail for each in pulled.notices] == ["signatures were left there: no ssh-keygen"]
    assert kept(ben) == {}
    monkeypatch.undo()
    assert ben.pull(remote).signatures == 1


def test_of_very_many_some_are_looked_at(ann, ben, remote, key, monkeypatch):
    ann.trial("first")
    ann.push(remote)
    for number in range(3):
        forge(remote, None, key, b"%d" % number)
    monkeypatch.setattr(shared_signatures, "_MOST", 2)
    pulled = ben.pull(remote)
    assert len(pulled.findings) == 2
    assert "3 signatures, of which 2 are looked at" in pulled.notices[0].detail
