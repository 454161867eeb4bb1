"""Push and pull between ledgers, through a directory."""

import random
import shutil
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ledger.errors import DamagedError, NotFoundError
from ledger.journal import copying
from ledger.model import Digest, layout
from ledger.ops import gc, keeping, query
from ledger.ops.verify import verify
from ledger.remotes import names
from ledger.remotes.directory import DirectoryTransport
from tests import segments, shared


def test_what_was_pushed_is_pulled_verbatim(ann, ben, remote):
    id = ann.trial("first")
    ann.trial("second", output=b"other")
    pushed = ann.push(remote)
    pulled = ben.pull(remote)
    assert pushed.ok
    assert pulled.ok
    assert pushed.entries == pulled.entries == 4
    assert pushed.objects == pulled.objects == len(ann.objects())
    assert ben.bodies() == ann.bodies()
    assert ben.objects() == ann.objects()
    assert ben.journal.head() == ann.journal.head()
    assert ben.journal.verify() == []
    assert next(iter(query.load(ben.journal))).id == id


def test_pulling_where_nobody_has_pushed(ben, remote):
    with pytest.raises(NotFoundError, match="no ledger"):
        ben.pull(remote)


def test_only_what_is_missing_travels(ann, ben, remote):
    ann.trial("first")
    ann.push(remote)
    ben.pull(remote)
    assert ann.push(remote).entries == 0
    assert ben.pull(remote).entries == 0
    before = set(ann.objects())
    ann.trial("second", output=b"other")
    pushed, pulled = ann.push(remote), ben.pull(remote)
    assert (pushed.entries, pulled.entries) == (2, 2)
    assert pushed.objects == pulled.objects == len(set(ann.objects()) - before)
    assert ben.bodies() == ann.bodies()


def test_two_machines_push_and_pull_in_turns(ann, ben, remote):
    for turn in range(4):
        ann.trial(f"ann {turn}")
        ben.trial(f"ben {turn}")
        ann.push(remote)
        ben.push(remote)
        ann.pull(remote)
        ben.pull(remote)
    assert ann.bodies() == ben.bodies()
    assert len(ann.bodies()) == 2
    names = [each.name for each in query.load(ann.journal)]
    assert names == [each.name for each in query.load(ben.journal)]
    assert len(names) == 8
    assert ann.journal.verify() == ben.journal.verify() == []


def test_a_copied_ledger_is_another_origin_and_both_push(ann, remote, tmp_path):
    ann.trial("first")
    shutil.copytree(ann.root, tmp_path / "copy")
    copy = shared.Shared(tmp_path / "copy")
    ann.trial("here")
    copy.trial("there")
    assert copy.origin != ann.origin
    for each in (ann, copy, ann):
        assert each.push(remote).ok
    for each in (ann, copy):
        assert each.pull(remote).ok
    assert ann.bodies() == copy.bodies()
    assert sorted(each.name for each in query.load(ann.journal)) == ["first", "here", "there"]


class Counted(DirectoryTransport):
    """Counts what is asked of it."""

    def __init__(self, path):
        super().__init__(path)
        self.calls = Counter()


for name in ("get", "blocks", "size", "put", "put_from", "create", "listed", "delete"):

    def _counted(self, *arguments, _name=name):
        self.calls[_name] += 1
        return getattr(DirectoryTransport, _name)(self, *arguments)

    setattr(Counted, name, _counted)


def test_a_push_with_nothing_new_asks_for_one_listing(ann, remote):
    for turn in range(3):
        ann.trial(f"trial {turn}", output=b"%d" % turn)
        ann.push(remote)
    counted = Counted(Path(remote))
    assert ann.again().push(counted).entries == 0
    assert counted.calls == {"get": 1, "listed": 1}  # the marker, and the heads
    counted = Counted(Path(remote))
    assert ann.again().pull(counted).entries == 0
    assert counted.calls == {"get": 1, "listed": 1}


def test_few_heads_are_left_of_many_pushes(ann, remote):
    for turn in range(10):
        ann.note(str(turn))
        ann.push(remote)
    assert len(list(DirectoryTransport(Path(remote)).listed("heads/"))) <= 2
    assert len(list(DirectoryTransport(Path(remote)).listed("logs/"))) == 10


def test_a_note_that_is_lost_costs_looking_only(ann, remote, ben):
    ann.trial("first", output=bytes(200_000))
    ann.push(remote)
    shutil.rmtree(layout.index(ann.ledger))
    ann.trial("second", output=bytes(200_000))
    counted = Counted(Path(remote))
    assert ann.again().push(counted).entries == 2
    assert counted.calls["size"] == 1  # the large one is asked for, small ones are sent
    assert counted.calls["put_from"] == 0
    ben.pull(remote)
    assert ben.objects() == ann.objects()


def test_a_full_push_mends_what_a_remote_has_lost(ann, ben, remote):
    ann.trial("first", output=b"true weights")
    ann.push(remote)
    for path in Path(remote).rglob("*"):
        if path.is_file() and path.relative_to(remote).parts[0] in ("objects", "logs"):
            path.unlink()
    assert ann.push(remote).objects == 0
    assert not ben.pull(remote).ok
    done = ann.push(remote, full=True)
    assert done.ok
    assert done.objects == len(ann.objects())
    assert ben.pull(remote).ok
    assert ben.objects() == ann.objects()
    assert ann.push(remote, full=True).objects == 0


def test_large_objects_travel_in_blocks(ann, ben, remote):
    ann.trial("first", output=random.Random(1).randbytes(20 << 20))
    counted = Counted(Path(remote))
    assert ann.push(counted).ok
    assert counted.calls["put_from"] == 1
    counted = Counted(Path(remote))
    assert ben.pull(counted).ok
    assert counted.calls["blocks"] == 1
    assert ben.objects() == ann.objects()
    assert list((ben.ledger / "tmp").iterdir()) == []


def test_a_write_that_a_remote_refuses_as_not_found_ends_the_push(ann, remote):
    class Missing(DirectoryTransport):
        def put_from(self, name, source, size):
            raise NotFoundError(f"no {name}")

    ann.trial("first", output=random.Random(1).randbytes(20 << 20))
    with pytest.raises(NotFoundError):
        ann.push(Missing(Path(remote)))
    assert list(DirectoryTransport(Path(remote)).listed("heads/")) == []
    assert ann.push(remote).objects > 0


def test_what_was_dropped_is_told_and_the_rest_travels(ann, ben, remote):
    ann.trial("first", output=b"dropped")
    layout.loose(ann.ledger / "objects", Digest.of(b"dropped")).unlink()
    done = ann.push(remote)
    assert done.ok
    assert [each.what for each in done.notices] == ["remote.absent"]
    assert Digest.of(b"dropped").short in done.notices[0].detail
    pulled = ben.pull(remote)
    assert pulled.ok
    assert [each.what for each in pulled.notices] == ["remote.absent"]
    assert ben.bodies() == ann.bodies()


def test_what_is_damaged_here_is_not_pushed(ann, ben, remote):
    ann.trial("first", output=b"true weights")
    path = layout.loose(ann.ledger / "objects", Digest.of(b"true weights"))
    path.chmod(0o644)
    path.write_bytes(b"bent weights")
    done = ann.push(remote)
    assert [each.what for each in done.notices] == ["remote.damaged"]
    assert not (Path(remote) / names.of_object(Digest.of(b"true weights"))).exists()


def test_what_was_left_out_follows_once_it_is_here_again(ann, ben, remote):
    """An output that was dropped, one that was damaged, and a list of files together with what it lists."""
    ann.trial("first", output=b"dropped", source=b"damaged", code=b"print(3)\n")
    whole = ann.objects()
    (tree,) = (
        each for each, content in whole.items() if b"train.py" in content and b"print(3)" not in content
    )
    gone = [Digest.of(b"dropped"), Digest.of(b"print(3)\n"), tree]
    for digest in gone:
        layout.loose(ann.ledger / "objects", digest).unlink()
    damaged = layout.loose(ann.ledger / "objects", Digest.of(b"damaged"))
    damaged.chmod(0o644)
    damaged.write_bytes(b"dameged")
    done = ann.again().push(remote)
    assert [each.what for each in done.notices] == ["remote.absent", "remote.damaged"]
    assert "a push sends them once" in done.notices[0].detail
    # What is gone may be meant to be: it is told of once.
    for _ in range(2):
        done = ann.again().push(remote)
        assert [each.what for each in done.notices] == ["remote.damaged"]
        assert done.objects == 0
    damaged.unlink()
    back = ann.again()
    for digest in (*gone, Digest.of(b"damaged")):
        back.store.put(whole[digest])
    back.store.flush()
    done = back.push(remote)
    assert (done.objects, done.entries, done.notices) == (4, 0, ())
    assert ben.pull(remote).notices == ()
    assert ben.objects() == whole
    assert ann.again().push(remote).objects == 0


def test_a_log_that_is_damaged_here_stays_here_and_others_travel(ann, ben, remote):
    ann.trial("first")
    ben.trial("hers")
    ben.push(remote)
    ann.pull(remote)
    (tail,) = layout.log(ann.ledger, ann.origin).glob("tail-*")
    content = bytearray(tail.read_bytes())
    content[10] ^= 1
    tail.write_bytes(content)
    done = ann.again().push(remote)
    assert "remote.left" in [each.what for each in done.notices]
    assert ann.origin.hex() in next(each.where for each in done.notices if each.what == "remote.left")
    assert done.entries == 0


@pytest.fixture
def damaged(ann, ben, remote):
    """A ledger whose copy of another log has one bad entry, in a sealed segment."""
    ann.note("a first one")
    ann.push(remote)
    ann.note("an entry that is damaged")
    ann.push(remote)
    ben.pull(remote)
    (path,) = layout.log(ben.ledger, ann.origin).glob("*.arrow")
    segments.decompress(path)
    path.write_bytes(path.read_bytes().replace(b"entry that is damaged", b"entry that is DAMAGED"))
    ben.trial("whole")
    return ben.again()


def test_an_entry_that_is_damaged_here_keeps_no_other_log_from_being_pushed(damaged, ann, tmp_path):
    done = damaged.push(str(tmp_path / "other"))
    assert [(each.what, each.where) for each in done.notices] == [
        ("remote.left", f"origin {ann.origin.hex()}")
    ]
    assert [each.origin for each in done.origins] == [damaged.origin]
    eve = shared.Shared(tmp_path / "eve")
    eve.pull(str(tmp_path / "other"))
    assert eve.bodies() == {damaged.origin: eve.bodies()[damaged.origin]}
    assert len(eve.bodies()[damaged.origin]) == 2


def test_an_entry_that_is_damaged_while_it_is_pushed_keeps_no_other_log_back(ann, ben, remote, tmp_path):
    ann.note("hers")
    ann.push(remote)
    ben.pull(remote)
    ben.trial("his")
    (path,) = layout.log(ben.ledger, ann.origin).glob("*.arrow")

    def damage(what, done, known):  # objects travel behind the first look, and in front of entries
        path.write_bytes(bytes(path.stat().st_size))

    done = ben.push(str(tmp_path / "other"), progress=damage)
    assert [each.what for each in done.notices] == ["remote.left"]
    assert [each.origin for each in done.origins] == [ben.origin]


def test_a_segment_that_is_damaged_here_keeps_no_other_log_from_coming(damaged, ann, remote, tmp_path):
    for name in ("eve", "joe", "sue"):  # in the order of origins, some come behind
        other = shared.Shared(tmp_path / name)
        other.trial(name)
        other.push(remote)
    (path,) = layout.log(damaged.ledger, ann.origin).glob("*.arrow")
    path.write_bytes(bytes(path.stat().st_size))  # leaves and all
    done = damaged.again().pull(remote)
    (finding,) = done.findings
    assert finding.what == "remote.left"
    assert ann.origin.hex() in finding.where
    assert len(done.origins) == 3


def test_a_log_that_cannot_go_on_here_keeps_no_other_log_from_coming(ann, ben, remote, tmp_path, monkeypatch):
    for each in (ann, ben):
        each.trial("first")
        each.push(remote)
    commit = copying.Adoption.commit

    def damaged(adoption, base):
        if adoption._log.name == ann.origin.hex():
            raise DamagedError("damaged meanwhile")
        return commit(adoption, base)

    monkeypatch.setattr(copying.Adoption, "commit", damaged)
    eve = shared.Shared(tmp_path / "eve")
    done = eve.pull(remote)
    assert [each.what for each in done.findings] == ["remote.left"]
    assert set(eve.bodies()) == {ben.origin}


def test_ones_own_entries_come_back_after_a_loss(ann, remote, tmp_path):
    """A backup that was put back: the remote has more of this machine's own log."""
    ann.trial("first")
    ann.push(remote)
    shutil.copytree(ann.ledger / "journal", tmp_path / "backup")
    ann.trial("second", output=b"other")
    ann.push(remote)
    all = ann.bodies()
    for path in (ann.ledger / "journal").rglob("*"):
        if path.is_file():
            path.unlink()
    shutil.copytree(tmp_path / "backup", ann.ledger / "journal", dirs_exist_ok=True)
    ledger = ann.again()
    assert ledger.origin == next(iter(all))
    assert len(ledger.bodies()[ledger.origin]) == 2
    done = ledger.pull(remote)
    assert done.ok
    assert ledger.bodies() == all
    ledger.trial("third")
    assert ledger.push(remote).ok
    assert len(ledger.bodies()[ledger.origin]) == 6
    assert ledger.journal.verify() == []


def test_foreign_logs_are_passed_on(ann, ben, tmp_path):
    ann.trial("first")
    ann.push(str(tmp_path / "one"))
    ben.pull(str(tmp_path / "one"))
    ben.trial("second")
    ben.push(str(tmp_path / "two"))
    eve = shared.Shared(tmp_path / "eve")
    eve.pull(str(tmp_path / "two"))
    assert eve.bodies() == ben.bodies()
    assert set(eve.bodies()) == {ann.origin, ben.origin}
    # Whoever pushes a log, in whatever pieces: the same content has the same name.
    ann.trial("third")
    ann.push(str(tmp_path / "one"))
    ben.pull(str(tmp_path / "one"))
    ben.push(str(tmp_path / "two"))
    ann.push(str(tmp_path / "two"))
    eve.pull(str(tmp_path / "two"))
    assert eve.bodies() == ben.bodies()


def test_a_pull_seals_a_copied_logs_tail_and_goes_on_behind_it(ann, remote, tmp_path):
    ann.trial("first")
    shutil.copytree(ann.root, tmp_path / "copy")
    copy = shared.Shared(tmp_path / "copy")
    ann.trial("second")
    ann.push(remote)
    assert copy.pull(remote).entries == 2
    assert copy.bodies() == ann.bodies()
    assert copy.journal.verify() == []


def test_pulls_at_once_are_one_pull(ann, ben, remote):
    for turn in range(20):
        ann.trial(f"trial {turn}", output=b"%d" % turn)
    ann.push(remote)
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda _: ben.again().pull(remote), range(4)))
    assert all(each.ok for each in done)
    assert sum(each.entries for each in done) == 40
    assert ben.bodies() == ann.bodies()
    assert ben.journal.verify() == []


def test_progress_tells_how_far_it_is(ann, ben, remote):
    ann.trial("first")
    told = []
    ann.push(remote, progress=lambda *each: told.append(each))
    count = len(ann.objects())
    assert [each for each in told if each[0] == "objects"] == [
        ("objects", number + 1, count) for number in range(count)
    ]
    assert told[-1] == ("entries", 2, 2)
    told.clear()
    ben.pull(remote, progress=lambda *each: told.append(each))
    assert ("entries", 2, 2) in told
    assert max(done for what, done, _ in told if what == "objects") == count


def test_what_was_let_go_of_here_is_not_fetched_again_and_missed_nowhere(ann, ben, remote, tmp_path):
    ann.trial("first", output=b"pushed and let go of")
    ann.push(remote)
    ann.trial("second", output=b"let go of before it was pushed")
    policy = keeping.Policy(keep_last=0, experiment=None)
    assert gc.gc(ann.workspace, policy).objects == 2
    # Of an earlier trial's content the remote's stays; nobody has the other one any more.
    done = ann.push(remote)
    assert done.ok
    assert ann.pull(remote).objects == 0
    found = ben.pull(remote)
    assert found.ok
    assert ben.bodies() == ann.bodies()
    for each in (ann, ben):
        assert verify(each.journal, each.store, query.load(each.journal)).ok
    assert Digest.of(b"let go of before it was pushed") not in ben.objects()
    assert len(query.load(ben.journal)) == 2
    gc.gc(ben.workspace, keeping.Policy())
    assert ben.again().journal.verify() == []
    assert verify(ben.journal, ben.store, query.load(ben.journal)).ok


def test_a_push_and_a_pull_let_go_of_what_they_held(ann, ben, remote):
    ann.trial("first")
    ann.push(remote)
    ben.pull(remote)
    for each in (ann, ben):
        assert not each.store._pins.held
