import pytest

from ledger.errors import DamagedError, NotFoundError, StorageError
from ledger.journal import kept_heads
from ledger.model import Digest, Head, OriginHead, layout
from ledger.model.codec import encode

HEAD = Head(origins=(OriginHead(origin=bytes(16), size=3, root=Digest.of(b"root")),))
KEY, OTHER = Digest.of(b"a key"), Digest.of(b"another")


def test_a_head_is_kept_as_the_bytes_that_are_signed(ledger):
    digest = kept_heads.keep(ledger, HEAD)
    assert digest == Digest.of(encode(HEAD))
    assert kept_heads.keep(ledger, HEAD) == digest
    assert kept_heads.digests(ledger) == [digest]
    assert layout.kept_head(ledger, digest).read_bytes() == encode(HEAD)
    assert kept_heads.get(ledger, digest).head == HEAD
    assert kept_heads.get(ledger, digest).signatures == ()


def test_each_key_has_one_signature(ledger):
    for key, text in ((KEY, "first\n"), (OTHER, "other\n"), (KEY, "again\n")):
        digest = kept_heads.keep_signature(ledger, HEAD, key, text)
    assert sorted(kept_heads.get(ledger, digest).signatures) == ["again\n", "other\n"]
    assert kept_heads.alone(ledger) == []


def test_where_nothing_is_kept(ledger):
    assert kept_heads.digests(ledger) == []
    assert kept_heads.alone(ledger) == []
    with pytest.raises(NotFoundError, match="is kept here"):
        kept_heads.get(ledger, KEY)


def test_names_that_are_no_head_are_nobodys(ledger):
    kept_heads.keep(ledger, HEAD)
    for name in (".x", "readme", "ABC", "a" * 63):
        (layout.heads(ledger) / name).write_text("x")
    assert len(kept_heads.digests(ledger)) == 1
    assert kept_heads.alone(ledger) == []


def test_a_damaged_head_is_refused(ledger):
    digest = kept_heads.keep(ledger, HEAD)
    path = layout.kept_head(ledger, digest)
    path.chmod(0o644)
    path.write_bytes(b"x")
    with pytest.raises(DamagedError, match="is damaged"):
        kept_heads.get(ledger, digest)
    # The right name of bytes that are no head.
    wrong = Digest.of(b"x")
    layout.kept_head(ledger, wrong).write_bytes(b"x")
    with pytest.raises(DamagedError, match="is damaged"):
        kept_heads.get(ledger, wrong)


def test_a_signature_whose_head_is_gone(ledger):
    digest = kept_heads.keep_signature(ledger, HEAD, KEY, "text\n")
    layout.kept_head(ledger, digest).unlink()
    assert kept_heads.alone(ledger) == [layout.head_signature(ledger, digest, KEY).name]


def test_a_disk_that_refuses(ledger):
    layout.heads(ledger).write_text("a file where the directory should be")
    with pytest.raises(StorageError):
        kept_heads.keep(ledger, HEAD)


def test_what_a_head_tells_of_is_durable_before_it_is_kept(ledger, journal, note, monkeypatch):
    journal.append(note())
    head = journal.head()
    (tail,) = layout.log(ledger, journal.origin).glob("tail-*")
    done = []
    sync = kept_heads.fs.sync_file

    def watched(path):
        done.append((path, layout.kept_head(ledger, Digest.of(encode(head))).exists()))
        sync(path)

    monkeypatch.setattr(kept_heads.fs, "sync_file", watched)
    kept_heads.keep(ledger, head)
    assert done == [(tail, False)]
    journal.seal()
    kept_heads.keep(ledger, head)
    assert done == [(tail, False)]
