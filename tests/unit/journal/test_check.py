import os
import shutil

import cbor2
import pyarrow as pa
import pytest

from ledger.journal import arrow, origins, state
from ledger.journal import log as logs
from ledger.journal.local import LocalJournal
from ledger.journal.merkle import Frontier, leaf_hash
from ledger.journal.state import HeadRecord, SealedRecord
from ledger.journal.tail import encode_frame
from ledger.journal.writer import Writer
from ledger.model import Digest, Entry, Note, layout
from ledger.model.codec import encode_entry


@pytest.fixture
def found(journal):
    """What verify finds, as (what, file and place)."""
    return lambda: [(each.what, each.where.split("/", 2)[2]) for each in journal.verify()]


@pytest.fixture
def sealed(journal, log, note):
    """A log with a segment of five entries and a tail of two."""
    journal.seal()
    for place in range(2):
        journal.append(note(f"later {place}"))
    return log


def put(log, body):
    writer = Writer(log)
    writer.publish(writer.write(body, leaf_hash(body)).record)


SEGMENT = "00000000000000000000-00000000000000000005.arrow"
TAIL = "tail-00000000000000000005"


def test_a_whole_journal_has_no_findings(sealed, found):
    assert found() == []


def test_a_journal_that_is_not_there_has_no_findings(tmp_path):
    assert LocalJournal(tmp_path / "none").verify() == []


def test_verify_changes_nothing(sealed, journal, flip):
    flip(sealed / TAIL, 70)
    with open(sealed / TAIL, "ab") as file:
        file.write(b"torn")
    before = {name: (sealed / name).read_bytes() for name in os.listdir(sealed)}
    journal.verify()
    assert {name: (sealed / name).read_bytes() for name in os.listdir(sealed)} == before


def test_a_torn_end_is_no_finding(sealed, found):
    with open(sealed / TAIL, "ab") as file:
        file.write(b"LDGF torn")
    assert found() == []


@pytest.mark.parametrize("name", ["head", "sealed"])
def test_a_damaged_sheet_is_named(sealed, found, flip, name):
    flip(sealed / name, 20)
    assert (f"journal.{name}", name) in found()


@pytest.mark.parametrize("name", ["head", "sealed"])
def test_a_missing_sheet_is_named(sealed, found, name):
    (sealed / name).unlink()
    assert (f"journal.{name}", name) in found()


def test_a_log_that_was_never_sealed_needs_no_sealed(log, found):
    assert not (log / "sealed").exists()
    assert found() == []


def test_a_damaged_body_is_named_with_its_id(sealed, journal, flip):
    entry = list(journal.entries())[5]
    flip(sealed / TAIL, 70)
    (finding,) = journal.verify()
    assert finding.what == "journal.entry"
    assert finding.where == f"journal/{sealed.name}/{TAIL}@5"
    assert finding.expected == str(entry.id)


def test_a_damaged_header_is_named_by_its_place(sealed, found, flip):
    flip(sealed / TAIL, 0)
    assert ("journal.frame", f"{TAIL}@0") in found()
    assert ("journal.missing", f"{TAIL}@5-5") in found()


def test_a_damaged_last_frame_is_no_torn_end_where_head_tells_of_it(sealed, found, flip):
    size = (sealed / TAIL).stat().st_size
    flip(sealed / TAIL, size - 1)
    assert found() == [("journal.entry", f"{TAIL}@6")]


def test_a_damaged_last_header_is_no_torn_end_where_head_tells_of_it(sealed, found, flip):
    size = (sealed / TAIL).stat().st_size
    flip(sealed / TAIL, size // 2)
    assert [what for what, _ in found()] == ["journal.frame"]


def test_garbage_between_frames_is_named(log, journal, note, found):
    put(log, b"x")
    with open(layout.tail(log, 0), "ab") as file:
        file.write(b"garbage")
    size = layout.tail(log, 0).stat().st_size
    body = b"y"
    with open(layout.tail(log, 0), "ab") as file:
        file.write(encode_frame(6, leaf_hash(body), body))
    assert ("journal.frame", f"tail-{0:020d}@{size - 7}") in found()


def test_a_repeated_frame_is_named(log, found):
    content = layout.tail(log, 0).read_bytes()
    length = len(content) // 5
    layout.tail(log, 0).write_bytes(content[:length] + content)
    assert ("journal.frame", f"tail-{0:020d}@{length}") in found()


def test_a_cut_tail_is_named(sealed, found):
    os.truncate(sealed / TAIL, (sealed / TAIL).stat().st_size - 1)
    assert [what for what, _ in found()] == ["journal.frame", "journal.truncated"]
    os.truncate(sealed / TAIL, 0)
    assert found() == [("journal.truncated", f"{TAIL}@0")]
    (sealed / TAIL).unlink()
    assert found() == [("journal.truncated", f"{TAIL}@0")]


def test_a_missing_segment_is_named(sealed, found):
    (sealed / SEGMENT).unlink()
    assert found() == [("journal.segment", SEGMENT)]


def test_every_flipped_byte_of_a_segment_is_named(sealed, journal, flip):
    size = (sealed / SEGMENT).stat().st_size
    for place in range(0, size, 7):
        flip(sealed / SEGMENT, place, 0x20)
        assert ("journal.segment", f"journal/{sealed.name}/{SEGMENT}") in {
            (each.what, each.where) for each in journal.verify()
        }
        flip(sealed / SEGMENT, place, 0x20)
    assert journal.verify() == []


def test_a_damaged_entry_of_a_segment_is_named_by_its_place(sealed, journal, found, flip):
    body = list(journal.entries())[2].body
    reseal(sealed, lambda table: table, compression=None)
    flip(sealed / SEGMENT, (sealed / SEGMENT).read_bytes().find(body))
    assert ("journal.entry", f"{SEGMENT}@2") in found()
    assert [each.seq for each in journal.entries()] == [0, 1, 3, 4, 5, 6]


def reseal(log, change, compression="zstd"):
    """Put a forged segment in the place of the first, with a `sealed` that fits."""
    path = log / SEGMENT
    forged = change(pa.ipc.open_file(path.read_bytes()).read_all())
    options = pa.ipc.IpcWriteOptions(compression=compression)
    with pa.ipc.new_file(path, forged.schema, options=options) as writer:
        writer.write_table(forged)
    refit(log)


def refit(log):
    """Have `sealed` tell of the first segment as it is now."""
    path = log / SEGMENT
    sealed = state.read_sealed(log)
    record = sealed.segments[0]._replace(digest=Digest.of(path.read_bytes()))
    layout.log_sealed(log).write_bytes(state.encode_sealed(sealed._replace(segments=(record,))))


def test_a_forged_column_is_named(sealed, found):
    reseal(sealed, lambda table: table.set_column(1, "kind", pa.array(["note"] * 4 + ["tag"])))
    assert found() == [("journal.column", f"{SEGMENT}@4")]


def test_a_forged_description_is_named(sealed, found):
    def change(table):
        return table.replace_schema_metadata(table.schema.metadata | {b"ledger.root": b"0" * 64})

    reseal(sealed, change)
    assert found() == [("journal.segment", f"{SEGMENT}@ledger.root")]


def test_a_rewritten_entry_breaks_the_root(sealed, found):
    def change(table):
        rows = [row for batch in table.to_batches() for row in arrow.rows(batch)]
        body = rows[1].body.replace(b"note 1", b"NOTE 1")
        assert body != rows[1].body
        rows[1] = rows[1]._replace(body=body, leaf=leaf_hash(body))
        return pa.Table.from_batches(arrow.batches(rows)).replace_schema_metadata(table.schema.metadata)

    reseal(sealed, change)
    assert ("journal.root", "sealed@5") in found()
    assert ("journal.root", "head@7") in found()


def test_a_head_with_another_root_is_named(sealed, found):
    head = state.read_head(sealed)
    forged = Frontier().extend([bytes(32)] * head.frontier.size)
    state.write_head(sealed, head._replace(frontier=forged))
    assert found() == [("journal.root", "head@7")]


def test_a_sealed_that_lags_behind_head_is_named(sealed, journal, note, found):
    older = layout.log_sealed(sealed).read_bytes()
    journal.seal()
    layout.log_sealed(sealed).write_bytes(older)
    assert ("journal.sealed", "sealed") in found()


def test_a_log_whose_files_were_all_lost_is_named(sealed, found):
    for name in (SEGMENT, TAIL, "sealed"):
        (sealed / name).unlink()
    assert ("journal.truncated", f"{TAIL}@0") in found()
    head = HeadRecord(frontier=state.read_head(sealed).frontier, first=7, offset=0)
    state.write_head(sealed, head)
    assert found()


def test_a_segment_with_the_wrong_range_is_named(sealed, found):
    sealed_record = state.read_sealed(sealed)
    layout.log_sealed(sealed).write_bytes(
        state.encode_sealed(SealedRecord(frontier=sealed_record.frontier, segments=()))
    )
    assert ("journal.sealed", "sealed") in found()


def test_a_newer_entry_is_named_and_does_not_stop_reading(log, journal, note, found):
    put(log, cbor2.dumps({"v": 2, "kind": "x"}, canonical=True))
    journal.append(note("after"))
    assert found() == [("journal.newer", f"tail-{0:020d}@5")]
    assert [each.seq for each in journal.entries()] == [0, 1, 2, 3, 4, 6]


def test_an_undecodable_entry_is_named_and_does_not_stop_reading(log, journal, note, found):
    put(log, b"\xff\xff")
    journal.append(note("after"))
    journal.seal()
    assert [what for what, _ in found()] == ["journal.undecodable"]
    assert [each.seq for each in journal.entries()] == [0, 1, 2, 3, 4, 6]
    assert journal.table().num_rows == 7


def test_a_newer_log_is_named(log, found):
    layout.log_head(log).write_bytes(state.encode_sheet(state.HEAD, {"v": 2}))
    (finding,) = LocalJournal(log.parents[1]).verify()
    assert (finding.what, finding.where) == ("journal.newer", f"journal/{log.name}")


def test_an_entry_of_another_origin_is_named(log, journal, found, tmp_path, note):
    other = LocalJournal(tmp_path / "other")
    put(log, other.append(note()).body)
    assert found() == [("journal.origin", f"tail-{0:020d}@5")]


def test_a_damaged_origin_file_is_named(ledger, log, journal):
    owner = origins.owner(ledger)
    layout.origin_file(ledger, owner).write_text("nonsense")
    assert [(each.what, each.where) for each in journal.verify()] == [("journal.origin", f"origins/{owner}")]


def test_a_deleted_log_is_named(ledger, log, journal):
    shutil.rmtree(log)
    assert [(each.what, each.where) for each in journal.verify()] == [
        ("journal.missing", f"journal/{log.name}")
    ]


@pytest.fixture
def two(ledger, log, tmp_path, note):
    """A copied ledger: its own origin has seen five entries of the first."""
    copy = tmp_path / "copy"
    shutil.copytree(ledger, copy)
    journal = LocalJournal(copy)
    journal.append(note("in the copy"))
    return journal, copy / "journal" / log.name


def test_what_was_seen_of_another_log_is_checked(two, note):
    journal, _ = two
    assert journal.verify() == []
    entry = list(journal.entries())[-1].entry
    assert [seen.size for seen in entry.seen] == [5]


def test_another_history_of_a_log_that_was_seen_is_named(two, note):
    journal, other = two
    shutil.rmtree(other)
    logs.create(other)
    origin = bytes.fromhex(other.name)
    for place in range(5):
        payload = Note(text=f"other {place}", author="eve")
        put(other, encode_entry(Entry(time=0, nonce=bytes(16), origin=origin, payload=payload)))
    (finding,) = [each for each in journal.verify() if each.what == "journal.seen"]
    assert finding.where.endswith("@0")
    assert f"5 entries of {other.name}" in finding.expected


def test_a_log_that_was_seen_and_is_gone_is_named(two):
    journal, other = two
    shutil.rmtree(other)
    assert {each.what for each in journal.verify()} >= {"journal.seen"}
