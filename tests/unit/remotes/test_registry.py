from threading import Thread

import pytest

from ledger import fs
from ledger.errors import DamagedError, NotFoundError, UsageError
from ledger.model import layout
from ledger.remotes import registry
from ledger.remotes.registry import Known

LAB = Known(name="lab", url="s3://bucket/project", id="0" * 32)
ODD = Known(name="a.b-c_d", url='/media/Änn\'s "disk"/\n\\x\U0001f4c1\x7f', id="f" * 32)


def test_what_was_added_is_known_by_name(tmp_path):
    assert registry.known(tmp_path) == ()
    for each in (LAB, ODD):
        registry.add(tmp_path, each)
    assert registry.known(tmp_path) == (ODD, LAB)
    assert registry.named(tmp_path, "lab") == LAB
    assert registry.remove(tmp_path, "lab") == LAB
    assert registry.named(tmp_path, None) == ODD


def test_remotes_that_are_added_at_once_are_all_kept(tmp_path, monkeypatch):
    replace, others = fs.replace, [Thread(target=registry.add, args=(tmp_path, ODD))]

    def late(path, content):
        while others:  # between what the first one has read and what it writes
            other = others.pop()
            other.start()
            other.join(0.3)
        replace(path, content)

    monkeypatch.setattr(fs, "replace", late)
    (other,) = others
    registry.add(tmp_path, LAB)
    other.join()
    assert registry.known(tmp_path) == (ODD, LAB)


def test_a_name_that_was_taken_meanwhile_is_refused(tmp_path):
    registry.add(tmp_path, LAB)
    with pytest.raises(UsageError, match="already"):
        registry.add(tmp_path, Known(name="lab", url="/elsewhere", id="1" * 32))
    assert registry.known(tmp_path) == (LAB,)


def test_what_is_not_known_is_an_error_with_what_is(tmp_path):
    with pytest.raises(NotFoundError, match="has no remote"):
        registry.named(tmp_path, None)
    for each in (LAB, ODD):
        registry.add(tmp_path, each)
    with pytest.raises(NotFoundError) as raised:
        registry.named(tmp_path, "lap")
    assert "lab" in raised.value.cause
    with pytest.raises(UsageError, match="which remote"):
        registry.named(tmp_path, None)


@pytest.mark.parametrize("name", ["", "-x", ".", "a/b", "a b", "x" * 65, "ä"])
def test_a_bad_name_is_refused(tmp_path, name):
    with pytest.raises(UsageError, match="bad name"):
        registry.check_name(tmp_path, name)


def test_a_name_that_is_taken_is_refused(tmp_path):
    registry.add(tmp_path, LAB)
    with pytest.raises(UsageError, match="already"):
        registry.check_name(tmp_path, "lab")
    registry.check_name(tmp_path, "lab2")


@pytest.mark.parametrize(
    "text",
    [
        "[",
        "remote = 3",
        "[remote.lab]",
        f"[remote.lab]\nurl = 1\nid = '{LAB.id}'",
        "[remote.lab]\nurl = '/lab'\nid = 'x'",
        "remote.lab = 'x'",
    ],
)
def test_a_damaged_file_is_named(tmp_path, text):
    layout.remotes_file(tmp_path).write_text(text)
    with pytest.raises(DamagedError, match="names no remotes"):
        registry.known(tmp_path)


def test_one_takes_the_place_of_another(tmp_path):
    moved = Known(name="lab", url="/media/disk", id=LAB.id)
    for each in (LAB, ODD, moved):
        registry.put(tmp_path, each)
    assert registry.known(tmp_path) == (ODD, moved)
