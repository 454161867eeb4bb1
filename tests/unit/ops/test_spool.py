import os
import time

import pytest

from ledger import fs
from ledger.errors import StorageError
from ledger.ops import spool


def names(ledger):
    return sorted(os.listdir(ledger / "spool"))


def test_a_spool_is_locked_until_it_is_let_go_of(tmp_path):
    made = spool.create(tmp_path)
    assert fs.try_lock(made.path / "lock") is None
    assert list(spool.abandoned(tmp_path)) == []
    made.close()
    (found,) = spool.abandoned(tmp_path)
    assert found.path == made.path
    # Who recovers it holds the lock: nobody else does.
    assert list(spool.abandoned(tmp_path)) == []
    found.remove()
    assert names(tmp_path) == []


def test_a_removed_spool_leaves_nothing(tmp_path):
    made = spool.create(tmp_path)
    (made.path / "stdout").write_text("x")
    made.remove()
    assert names(tmp_path) == []


def test_one_that_is_just_being_made_is_left_alone_and_an_old_one_cleared_away(tmp_path):
    place = tmp_path / "spool"
    for name in ("new-fresh", "new-old"):
        (place / name).mkdir(parents=True)
    long_ago = time.time() - 7200
    os.utime(place / "new-old", (long_ago, long_ago))
    assert list(spool.abandoned(tmp_path)) == []
    assert names(tmp_path) == ["new-fresh"]


def test_one_that_gets_its_name_meanwhile_disturbs_nobody(tmp_path, monkeypatch):
    made = spool.create(tmp_path)
    real = os.listdir
    # As listed a moment ago, before it was renamed.
    monkeypatch.setattr(spool.os, "listdir", lambda place: ["new-" + made.path.name, "gone", *real(place)])
    assert list(spool.abandoned(tmp_path)) == []
    made.close()


def test_a_place_that_is_no_directory_is_explained(tmp_path):
    (tmp_path / "spool").write_text("")
    with pytest.raises(StorageError):
        spool.create(tmp_path)
    assert list(spool.abandoned(tmp_path)) == []


def test_around_are_those_that_live_in_place(tmp_path):
    mine, dead = spool.create(tmp_path), spool.create(tmp_path)
    dead.close()
    apart, other = spool.create(tmp_path, apart=True), spool.create(tmp_path)
    mark, others = spool.around(mine)
    assert others == {other.path.name}
    assert not spool.in_place(apart.path.name)
    assert spool.in_place(other.path.name)
    assert spool.around(mine) == (mark, others)
    time.sleep(0.02)
    other.remove()
    later, others = spool.around(mine)
    assert others == set()
    assert later != mark
    for each in (mine, apart):
        each.close()
