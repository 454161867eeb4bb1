"""What every journal must do."""

import pytest

from ledger.errors import DamagedError
from ledger.journal import merkle
from ledger.journal.local import LocalJournal
from ledger.journal.memory import MemoryJournal
from ledger.journal.proven import ProvenJournal
from ledger.model import (
    Artifact,
    ArtifactRole,
    Digest,
    ExperimentCreated,
    Mode,
    Note,
    Observed,
    Outcome,
    Status,
    Tag,
    TrialFinished,
    Unknown,
)


def note(text="a note", **fields):
    return Note(text=text, author="ann", **fields)


def finished(*outputs):
    return TrialFinished(
        trial=Digest.of(b"trial"),
        recipe=Digest.of(b"recipe"),
        recipe_complete=True,
        hyperparameters=(),
        inputs=(),
        observed=Observed(affinity=1),
        outcome=Outcome(
            status=Status.OK,
            exit_code=0,
            outputs=tuple(
                Artifact(
                    role=ArtifactRole.OUTPUT,
                    path=path,
                    digest=digest,
                    size=1,
                    mode=Mode.FILE,
                    media_type="text/plain",
                )
                for path, digest in outputs
            ),
            started=0,
            duration_s=0.0,
            cpu_user_s=0.0,
            cpu_system_s=0.0,
            peak_memory=0,
        ),
        health=(),
    )


@pytest.fixture(params=["local", "local-sealed", "memory", "proven"])
def journal(request, tmp_path):
    if request.param == "memory":
        return MemoryJournal()
    if request.param == "proven":
        return ProvenJournal(LocalJournal(tmp_path / ".ledger"), tmp_path / ".ledger")
    if request.param == "local":
        return LocalJournal(tmp_path / ".ledger")

    class Sealing(LocalJournal):
        """Seals whenever it can: nothing that the contract says may change by it."""

        def append(self, payload, *, time=None):
            recorded = super().append(payload, time=time)
            self.seal()
            return recorded

    return Sealing(tmp_path / ".ledger")


def test_a_new_journal_is_empty(journal):
    assert list(journal.entries()) == []
    assert journal.head().origins == ()
    assert journal.head().size == 0
    assert journal.table().num_rows == 0
    assert journal.verify() == []


def test_entries_come_back_in_order(journal):
    appended = [journal.append(note(f"{place}")) for place in range(10)]
    assert list(journal.entries()) == appended
    assert [each.seq for each in appended] == list(range(10))


def test_entries_can_be_read_again(journal):
    journal.append(note())
    assert list(journal.entries()) == list(journal.entries())


def test_an_entry_carries_what_it_was_given(journal):
    payload = note("日本語\n", experiment="mnist")
    recorded = journal.append(payload, time=123)
    assert recorded.entry.payload == payload
    assert recorded.entry.time == 123
    assert recorded.entry.origin == journal.origin
    assert len(recorded.entry.nonce) == 16


def test_an_id_is_the_leaf_of_the_stored_bytes(journal):
    recorded = journal.append(note())
    assert recorded.id == merkle.leaf_hash(recorded.body)


def test_equal_facts_are_two_entries(journal):
    first, second = (journal.append(note(), time=1) for _ in range(2))
    assert first.id != second.id


def test_the_time_is_now_where_none_is_given(journal):
    from time import time_ns

    before = time_ns()
    assert before <= journal.append(note()).entry.time <= time_ns()


def test_an_entry_is_found_by_its_id(journal):
    appended = [journal.append(note(f"{place}")) for place in range(3)]
    for each in appended:
        assert journal.get(each.id) == each
    assert journal.get(Digest.of(b"nothing")) is None


def test_head_is_the_root_of_the_leaves(journal):
    leaves = []
    for place in range(9):
        leaves.append(journal.append(note(f"{place}")).id)
        (head,) = journal.head().origins
        assert (head.origin, head.size, head.root) == (journal.origin, place + 1, merkle.root(leaves))


def test_every_entry_is_proven_in_the_tree(journal):
    ids, heads = [], []
    for place in range(9):
        ids.append(journal.append(note(f"{place}")).id)
        heads += journal.head().origins
    with journal.tree(journal.origin) as tree:
        assert tree.roots(range(1, 10)) == {each.size: each.root for each in heads}
        for place, id in enumerate(ids):
            assert tree.inclusion(id, place, heads[-1]) == merkle.inclusion_proof(ids, place)
            assert tree.consistency(heads[place], heads[-1]) == merkle.consistency_proof(ids, place + 1)
        with pytest.raises(DamagedError, match="lost entries"):
            tree.root(10)
    with journal.tree(bytes(16)) as tree, pytest.raises(DamagedError):
        tree.root(1)


def test_sealing_changes_nothing_that_can_be_seen(journal):
    appended = [journal.append(note(f"{place}")) for place in range(5)]
    head = journal.head()
    journal.seal()
    assert list(journal.entries()) == appended
    assert journal.head() == head
    assert journal.append(note()).seq == 5
    assert journal.verify() == []


def test_outputs_are_known_by_path_and_content(journal):
    one, two = Digest.of(b"1"), Digest.of(b"2")
    assert not journal.is_output("model.bin", one)
    journal.append(finished(("model.bin", one), ("\udcff", two), ("unreadable", None)))
    assert journal.is_output("model.bin", one)
    assert journal.is_output("\udcff", two)
    assert not journal.is_output("model.bin", two)
    assert not journal.is_output("other.bin", one)


def test_a_kind_that_is_not_known_is_kept(journal):
    payload = Unknown(kind="trial.later", data={"trial": bytes(32), "step": 3})
    recorded = journal.append(payload)
    assert journal.get(recorded.id).entry.payload == payload


def test_a_table_shows_the_columns_of_every_entry(journal):
    trial = Digest.of(b"trial")
    appended = [
        journal.append(note("x", experiment="mnist"), time=1_000),
        journal.append(Tag(trial=trial, name="best"), time=2_000),
        journal.append(finished(), time=3_000),
        journal.append(ExperimentCreated(name="tuned", definition={"a": 1}), time=4_000),
    ]
    table = journal.table()
    names = ["seq", "origin", "kind", "trial", "experiment", "recipe", "time", "body", "leaf"]
    assert table.schema.names == names
    rows = {name: table.column(name).to_pylist() for name in names if name != "time"}
    assert rows["seq"] == [0, 1, 2, 3]
    assert rows["origin"] == [journal.origin] * 4
    assert rows["kind"] == ["note", "tag", "trial.finished", "experiment.created"]
    assert rows["trial"] == [None, trial, trial, None]
    assert rows["experiment"] == ["mnist", None, None, "tuned"]
    assert rows["recipe"] == [None, None, Digest.of(b"recipe"), None]
    assert rows["body"] == [each.body for each in appended]
    assert rows["leaf"] == [each.id for each in appended]
    assert str(table.schema.field("time").type) == "timestamp[ns, tz=UTC]"
    assert table.column("time").cast("int64").to_pylist() == [1_000, 2_000, 3_000, 4_000]


def test_a_reader_sees_a_prefix(journal):
    appended = [journal.append(note(f"{place}")) for place in range(3)]
    reader = journal.entries()
    assert next(reader) == appended[0]
    journal.append(note("later"))
    assert list(reader) in ([*appended[1:]], [*appended[1:], list(journal.entries())[-1]])


def test_a_large_entry_comes_back(journal):
    payload = note("x" * 5_000_000)
    recorded = journal.append(payload)
    journal.append(note())
    assert journal.get(recorded.id).entry.payload == payload
    assert journal.verify() == []
