"""The journal's pages, read from the end."""

import shutil

from ledger.journal.local import LocalJournal
from ledger.journal.positions import Log
from ledger.model import Tag


def order(found):
    return [(each["origin"], each["seq"]) for each in found["entries"]]


def test_entries_of_several_origins_are_paged_by_time_and_none_is_missed(
    served, project, tmp_path, monkeypatch
):
    project.run("python", "-c", "", name="a")
    own = project.workspace.journal
    trial = project.last.id
    shutil.copytree(project.ledger, tmp_path / "copy")
    other = LocalJournal(tmp_path / "copy")
    moment = 2 * 10**18
    for place in range(4):
        other.append(Tag(trial=trial, name=f"there{place}"), time=moment + 10 * place)
        own.append(Tag(trial=trial, name=f"here{place}"), time=moment + 10 * place + 5)
    own.append(Tag(trial=trial, name="back"), time=moment - 7)  # by a clock that was set back
    theirs = tmp_path / "copy" / "journal" / other.origin.hex()
    shutil.copytree(theirs, project.ledger / "journal" / theirs.name)
    server = served()
    monkeypatch.setattr("ledger.ui.data.journal.PAGE", 4)
    pages = [server.data(f"journal?skip={skip}") for skip in (0, 4, 8)]
    told = [each for page in pages for each in order(page)]
    here, there = own.origin.hex(), other.origin.hex()
    expected = [(here, 6), (here, 5), (there, 3), (here, 4), (there, 2), (here, 3), (there, 1), (here, 2)]
    assert told == [*expected, (there, 0), (here, 1), (here, 0)]
    own.seal()
    assert [each for skip in (0, 4, 8) for each in order(server.data(f"journal?skip={skip}"))] == told


def test_only_what_is_shown_is_read_and_all_of_a_damaged_one(served, project, monkeypatch):
    project.run("python", "-c", "")
    journal = project.workspace.journal
    for place in range(20):
        journal.append(Tag(trial=project.last.id, name=f"t{place}"))
    journal.seal()
    monkeypatch.setattr("ledger.ui.data.journal.PAGE", 3)
    server = served()
    whole = server.data("journal?skip=5")
    read, entry = [], Log.entry
    monkeypatch.setattr(Log, "entry", lambda log, seq: read.append(seq) or entry(log, seq))
    assert server.data("journal?skip=5") == whole
    assert read == [14, 15, 16]
    (project.ledger / "journal" / journal.origin.hex() / "head").write_bytes(b"")
    found = server.ask("/data/journal?skip=0")
    assert found.status == 200
    assert len(read) == 3
