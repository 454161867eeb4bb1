"""A copy of a remote, and what it asks the remote for."""

import pytest

from ledger import workspace as workspaces
from ledger.errors import DamagedError, NotFoundError, RemoteError, UsageError
from ledger.model import Digest, layout
from ledger.ops import copies, mentions
from ledger.ops.upstream import Upstream, plain
from ledger.remotes import names, registry
from tests import shared

OUTPUT = b"weights" * 20


@pytest.fixture
def lab(tmp_path):
    """A remote with one trial."""
    ledger = shared.Shared(tmp_path / "ann")
    ledger.trial(output=OUTPUT)
    ledger.push(str(tmp_path / "lab"))
    return tmp_path / "lab"


@pytest.fixture
def warned():
    return []


@pytest.fixture
def copy(ledger_environment, tmp_path, lab):
    return copies.find(tmp_path, lab.as_uri())


@pytest.fixture
def upstream(copy, warned):
    found = Upstream(copy, warned.append)
    found.refresh()
    assert warned == []
    return found


def test_entries_come_at_once_and_contents_when_they_are_read(upstream, copy):
    assert copy.journal.head().size == 2
    assert not copy.store.has(Digest.of(OUTPUT))
    fetching = upstream.workspace()
    assert fetching.store.get(Digest.of(OUTPUT)) == OUTPUT
    assert copy.store.get(Digest.of(OUTPUT)) == OUTPUT
    assert plain(fetching).store is copy.store
    assert plain(copy) is copy


def test_a_large_content_is_fetched_up_to_what_its_entry_says(upstream, lab, monkeypatch):
    monkeypatch.setattr(mentions, "MOST_NOUN", 10)
    store = upstream.workspace().store
    assert store.get(Digest.of(OUTPUT)) == OUTPUT


def test_one_that_is_larger_than_its_entry_says_is_refused(upstream, lab, monkeypatch):
    monkeypatch.setattr(mentions, "MOST_NOUN", 10)
    blob = lab / names.of_object(Digest.of(OUTPUT))
    blob.write_bytes(bytes(1 << 20))
    with pytest.raises(DamagedError, match="damaged object") as raised:
        upstream.workspace().store.get(Digest.of(OUTPUT))
    assert "at most" in raised.value.cause
    assert not upstream.workspace().store.has(Digest.of(OUTPUT))


def test_what_no_entry_names_is_not_there(upstream):
    with pytest.raises(NotFoundError, match="no object"):
        upstream.workspace().store.get(Digest.of(b"nobody has it"))


def test_a_remote_that_is_gone_is_asked_once(upstream, lab, monkeypatch):
    asked = []

    def reach(*_, **__):
        asked.append(1)
        raise RemoteError("cannot reach it", cause="the line is dead")

    found = Upstream(plain(upstream.workspace()), lambda _: None)
    monkeypatch.setattr("ledger.remotes.locate.reach", reach)
    store = found.workspace().store
    for content in (OUTPUT, b"another"):
        with pytest.raises(NotFoundError, match="is not here yet") as raised:
            store.get(Digest.of(content))
        assert "the line is dead" in raised.value.cause
    assert asked == [1]


def test_what_failed_is_closed_before_it_is_reached_anew(upstream, monkeypatch):
    closed = []
    transport = upstream.remote().transport
    again = Upstream(plain(upstream.workspace()), lambda _: None)
    monkeypatch.setattr("ledger.remotes.locate.reach", lambda *_, **__: transport)
    monkeypatch.setattr(transport, "close", lambda: closed.append(1))
    again.remote()
    again.let_go(RemoteError("the line is dead"))
    assert closed == [1]
    again.let_go(RemoteError("the line is dead"))
    assert closed == [1]


def test_a_copy_that_was_half_made_is_made_anew(tmp_path, ledger_environment, lab):
    for name in ("upstream", "remotes.toml", "format"):
        copy = copies.find(tmp_path, lab.as_uri())
        (copy.directory / name).unlink()
        again = copies.find(tmp_path, lab.as_uri())
        assert again.directory == copy.directory
        assert registry.known(again.directory)[0].url == str(lab)


def test_a_copy_that_forgot_its_remote_is_told_by_who_names_it(copy, lab, tmp_path):
    (copy.directory / "remotes.toml").unlink()
    with pytest.raises(DamagedError, match="does not say of which") as raised:
        copies.upstream_of(copy)
    assert "--ledger URL" in raised.value.hint
    assert copies.upstream_of(copies.find(tmp_path, lab.as_uri())).url == str(lab)
    assert copies.upstream_of(copy).url == str(lab)


@pytest.mark.parametrize("content", [b"", b"zz", b"00" * 16 + b"\n", b"../../x\n"])
def test_a_note_of_where_the_copy_is_that_is_damaged_is_written_anew(copy, lab, tmp_path, content):
    (note,) = (layout.copies(workspaces.cache_directory()) / "urls").iterdir()
    note.write_bytes(content)
    assert copies.find(tmp_path, lab.as_uri()).directory == copy.directory
    assert note.read_text().splitlines() == [copy.directory.name.partition("-")[0], str(lab)]


def test_the_first_write_tries_the_remote(copy, lab, warned, monkeypatch):
    assert not copies.is_tried(copy, bytes.fromhex(copies.upstream_of(copy).id))
    tried = []
    monkeypatch.setattr("ledger.ops.upstream.probe", tried.append)
    upstream = Upstream(copy, warned.append)
    upstream.refresh()
    upstream.share()
    assert tried == []  # nothing was to be shared
    shared_note(copy)
    upstream.share()
    shared_note(copy)
    Upstream(copy, warned.append).share()
    assert len(tried) == 1
    assert not upstream.is_behind()
    assert warned == []


def test_a_remote_that_lies_is_not_shared_with(copy, warned, monkeypatch):
    def probe(_transport):
        raise RemoteError("it is refused", cause="two of 8 succeeded")

    monkeypatch.setattr("ledger.ops.upstream.probe", probe)
    shared_note(copy)
    upstream = Upstream(copy, warned.append)
    upstream.share_quietly()
    (said,) = warned
    assert "two of 8 succeeded" in said
    assert upstream.is_behind()


def test_another_remote_cannot_be_added(copy, tmp_path):
    from ledger.ops import sharing

    with pytest.raises(UsageError, match="a remote itself"):
        sharing.refuse_a_copy(copy)
    sharing.refuse_a_copy(shared.Shared(tmp_path / "ben").workspace)


def shared_note(copy):
    from ledger.ops import notes
    from ledger.ops.note_subject import Subject

    notes.note(copy.journal, "a note", author="ann", subject=Subject(experiments=("x",)))
