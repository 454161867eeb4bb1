import shutil

from ledger.journal import log, origins
from ledger.model import layout


def test_a_place_keeps_its_origin(ledger):
    assert origins.current(ledger) is None
    claimed = origins.claim(ledger)
    assert origins.claim(ledger) == origins.current(ledger) == claimed
    assert origins.logs(ledger) == [claimed]
    assert list(origins.named(ledger).values()) == [claimed]


def test_the_log_is_there_before_its_origin_is_named(ledger):
    claimed = origins.claim(ledger)
    assert log.standing(layout.log(ledger, claimed)).size == 0
    assert layout.log_head(layout.log(ledger, claimed)).exists()


def test_a_copy_starts_an_origin_of_its_own(ledger, tmp_path):
    first = origins.claim(ledger)
    copy = tmp_path / "copy"
    shutil.copytree(ledger, copy)
    assert origins.current(copy) is None
    second = origins.claim(copy)
    assert second != first
    assert origins.logs(copy) == sorted([first, second])
    assert origins.claim(ledger) == first


def test_a_copy_put_in_the_place_of_the_original_starts_an_origin_of_its_own(ledger, tmp_path):
    first = origins.claim(ledger)
    shutil.copytree(ledger, tmp_path / "copy")
    ledger.rename(tmp_path / "kept")  # keeps its inodes, so that they are not given to the copy
    (tmp_path / "copy").rename(ledger)
    assert origins.claim(ledger) != first


def test_another_machine_is_another_owner(ledger):
    layout.journal(ledger).mkdir()
    assert origins.owner(ledger, "one") != origins.owner(ledger, "two")
    assert origins.owner(ledger) == origins.owner(ledger)
    assert len(origins.owner(ledger)) == 16


def test_a_machine_without_an_id_goes_by_its_name(ledger, monkeypatch, tmp_path):
    layout.journal(ledger).mkdir()
    empty = tmp_path / "machine-id"
    empty.write_text("uninitialized\n")
    monkeypatch.setattr(origins, "_MACHINE", (empty, tmp_path / "missing"))
    import os

    assert origins.owner(ledger) == origins.owner(ledger, os.uname().nodename)


def test_an_origin_that_lost_something_is_replaced_once(ledger):
    first = origins.claim(ledger)
    second = origins.claim(ledger, unsound=first)
    assert second != first
    assert origins.claim(ledger, unsound=first) == second


def test_a_damaged_origin_file_is_replaced(ledger):
    first = origins.claim(ledger)
    path = layout.origin_file(ledger, origins.owner(ledger))
    path.write_text("z" * 32 + "\n")
    assert origins.current(ledger) is None
    assert origins.named(ledger) == {path.name: None}
    assert origins.claim(ledger) != first


def test_other_names_in_the_journal_are_no_origins(ledger):
    claimed = origins.claim(ledger)
    for name in ("lost+found", "A" * 32, "1" * 31, "0 " * 16):
        (layout.journal(ledger) / name).mkdir()
    assert origins.logs(ledger) == [claimed]
