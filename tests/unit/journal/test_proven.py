import pytest

from ledger.errors import DamagedError
from ledger.journal import merkle, proven
from ledger.journal.local import LocalJournal
from ledger.journal.memory import MemoryJournal
from ledger.journal.proven import ProvenJournal, entries_of, get, keep
from ledger.journal.rows import outputs
from ledger.model import Digest, Head, Note, OriginHead, Tag, layout
from ledger.model.bundle import read_bundle, write_bundle
from ledger.model.frozen import replace
from ledger.model.proof import ProvenEntry, SignedHead


@pytest.fixture
def ledger(tmp_path):
    path = tmp_path / "opened" / ".ledger"
    path.mkdir(parents=True)
    return path


@pytest.fixture
def source():
    """A log that is elsewhere, of seven entries."""
    journal = MemoryJournal()
    for place in range(7):
        journal.append(Note(text=f"{place}", author="ann"))
    return journal


def document(journal, places, head=None):
    """The document of a bundle of some entries of a log, in this order."""
    entries = list(journal.entries())
    (own,) = (head or journal.head()).origins
    leaves = [each.id for each in entries][: own.size]
    found = tuple(
        ProvenEntry(index=place, body=entries[place].body, path=merkle.inclusion_proof(leaves, place))
        for place in places
    )
    return write_bundle(SignedHead(head=Head(origins=(own,)), signatures=()), (Digest.of(b"t"),), found)


def journal_of(ledger, *documents):
    for each in documents:
        keep(ledger, each)
    return ProvenJournal(LocalJournal(ledger), ledger)


def texts(journal):
    return [each.entry.payload.text for each in journal.entries()]


def test_proven_entries_come_before_the_own_ones(ledger, source):
    journal = journal_of(ledger, document(source, [1, 4]))
    own = journal.append(Note(text="own", author="bob"))
    assert texts(journal) == ["1", "4", "own"]
    first = next(journal.entries())
    assert journal.get(first.id) == first
    assert journal.get(own.id) == own
    assert journal.get(Digest.of(b"nothing")) is None
    assert (first.seq, own.seq) == (1, 0)
    assert [each.origin for each in journal.head().origins] == [journal.origin]
    assert journal.verify() == []
    rows = journal.table().to_pydict()
    assert rows["seq"] == [1, 4, 0]
    assert rows["origin"] == [source.origin, source.origin, journal.origin]
    assert journal.trial_index() is None


def test_several_bundles_are_one_past(ledger, source):
    head = source.head()
    source.append(Note(text="7", author="ann"))
    other = MemoryJournal()
    other.append(Note(text="other", author="bob"))
    journal = journal_of(
        ledger,
        document(source, [1, 5], head),
        document(source, [0, 1, 4, 7]),
        document(other, [0]),
        document(source, [1, 5], head),
    )
    found = texts(journal)
    assert sorted(found) == ["0", "1", "4", "5", "7", "other"]
    found.remove("other")
    assert found == ["0", "1", "4", "5", "7"]
    assert journal.verify() == []
    before = list(journal.entries())
    keep(ledger, document(source, [6]))
    assert len(list(journal.entries())) == len(before) + 1


def test_what_is_here_and_in_a_bundle_is_told_once(ledger):
    own = LocalJournal(ledger)
    recorded = own.append(Note(text="mine", author="ann"))
    (head,) = own.head().origins
    entry = ProvenEntry(index=0, body=recorded.body, path=())
    signed = SignedHead(head=Head(origins=(head,)), signatures=())
    journal = journal_of(ledger, write_bundle(signed, (Digest.of(b"t"),), (entry,)))
    assert texts(journal) == ["mine"]
    journal.append(Note(text="another", author="ann"))
    assert journal.table().to_pydict()["seq"] == [0, 1]


def test_the_order_of_a_bundle_is_kept_across_logs(ledger):
    """Which log came first is told by an entry that need not be in the bundle: its maker has seen it."""
    logs = sorted((MemoryJournal() for _ in range(2)), key=lambda each: each.origin)
    for each in logs:
        each.append(Tag(trial=Digest.of(b"t"), name=each.origin.hex()))
    heads = tuple(each.head().origins[0] for each in logs)
    signed = SignedHead(head=Head(origins=heads), signatures=())
    for order in (logs, logs[::-1]):
        entries = tuple(ProvenEntry(index=0, body=next(each.entries()).body, path=()) for each in order)
        bundle = read_bundle(write_bundle(signed, (Digest.of(b"t"),), entries), "x")
        assert [each.entry.origin for each in entries_of(bundle, "x")] == [each.origin for each in order]


def changed(source, **fields):
    bundle = read_bundle(document(source, [1, 4]), "x")
    return replace(bundle, **fields)


def test_what_is_not_proven_is_refused(source):
    bundle = changed(source)
    first, second = bundle.entries
    (head,) = bundle.head.origins
    short = Head(origins=(replace(head, size=6),))
    elsewhere = Head(origins=(OriginHead(origin=bytes(16), size=7, root=head.root),))
    wrong = {
        "entries[0]: expected a path from entry 2": {"entries": (replace(first, index=2), second)},
        "entries[0]: expected a path from entry 7": {"entries": (replace(first, index=7), second)},
        "entries[1]: expected a path": {"entries": (first, replace(second, path=second.path[:-1]))},
        "entries[0]: expected a path": {"entries": (replace(first, path=second.path), second)},
        "entries[1]: expected a path from entry 4 of 6": {"head": short},
        "is not in the head": {"head": elsewhere},
        "entries[1]: expected one behind entry 4": {"entries": (second, first)},
        "entries[1]: expected one behind entry 1": {"entries": (first, first)},
        "entries[0].body: not canonical CBOR": {"entries": (replace(first, body=b"\xff"),)},
        "entries[0].body: not an entry": {"entries": (replace(first, body=b"\x01"),)},
    }
    for cause, fields in wrong.items():
        with pytest.raises(DamagedError) as caught:
            entries_of(replace(bundle, **fields), "x")
        assert cause in caught.value.cause


def test_what_has_been_seen_comes_first(tmp_path):
    journal = LocalJournal(tmp_path / "two" / ".ledger")
    (tmp_path / "two" / ".ledger").mkdir(parents=True)
    first = journal.append(Note(text="cause", author="ann"))
    (tmp_path / "two").rename(tmp_path / "moved")  # what is moved begins a log of its own
    later = LocalJournal(tmp_path / "moved" / ".ledger")
    second = later.append(Note(text="effect", author="ann"))
    assert second.entry.seen[0].origin == first.entry.origin
    heads = later.head()
    entries = [ProvenEntry(index=0, body=each.body, path=()) for each in (second, first)]
    signed = SignedHead(head=heads, signatures=())
    wrong = read_bundle(write_bundle(signed, (Digest.of(b"t"),), tuple(entries)), "x")
    with pytest.raises(DamagedError, match="is refused") as caught:
        entries_of(wrong, "x")
    assert "entries[0]: expected it behind what it has seen" in caught.value.cause
    right = read_bundle(write_bundle(signed, (Digest.of(b"t"),), tuple(entries[::-1])), "x")
    assert [each.id for each in entries_of(right, "x")] == [first.id, second.id]


def test_damage_is_named_and_the_rest_is_read(ledger, source):
    journal = journal_of(ledger, document(source, [1]), document(source, [4]))
    assert texts(journal) == ["1", "4"]
    digest = Digest.of(document(source, [1]))
    path = layout.proven_file(ledger, digest)
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[:-1])
    journal = ProvenJournal(LocalJournal(ledger), ledger)
    assert texts(journal) == ["4"]
    (finding,) = journal.verify()
    assert (finding.what, finding.where) == ("proven.damaged", f"proven/{digest.hex()}")
    with pytest.raises(DamagedError):
        get(ledger, digest)


def test_two_pasts_of_one_log_are_named(ledger, source):
    forged = MemoryJournal()
    forged._origin = source.origin
    for place in range(7):
        forged.append(Note(text=f"forged {place}", author="ann"))
    journal = journal_of(ledger, document(source, [1]), document(forged, [1]))
    assert [each.what for each in journal.verify()] == ["proven.split"]


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        ({"format": "ledger.proof"}, "expected a map with format ledger.bundle"),
        ({"version": 0}, "version: expected 1"),
        ({"version": True}, "version: expected 1"),
        ({"surprise": 1}, "expected canonical bytes of the fields of a bundle"),
        ({"trials": 3}, "bundle.trials: expected an array"),
        ({"signatures": [{"key": "k", "signature": "s"}] * 17}, "at most 16, got 17"),
        ({"head": {"origins": [{"origin": b"x", "size": 1, "root": bytes(32)}]}}, "expected 16 bytes"),
        ({"head": {"origins": [{"origin": bytes(16), "size": 0, "root": bytes(32)}]}}, "or more"),
        ({"head": {"origins": [{"origin": bytes(16), "size": 1, "root": bytes(32)}] * 2}}, "ascending"),
        ({"entries": [{"index": 0, "body": b"", "path": [bytes(32)] * 65}]}, "at most 64 nodes"),
        ({"entries": [{"index": -1, "body": b"", "path": []}]}, "expected an index"),
        ({"entries": [{"index": 0, "body": b"", "path": [b"short"]}]}, "bundle.entries[0].path[0]"),
    ],
)
def test_documents_that_are_none(source, change, cause):
    import cbor2

    found = cbor2.loads(document(source, [1])) | change
    with pytest.raises(DamagedError) as caught:
        read_bundle(cbor2.dumps(found, canonical=True), "x")
    assert cause in caught.value.cause


def test_nesting_and_later_versions(source):
    import cbor2

    from ledger.errors import NewerFormatError

    for content in (b"\x81" * 200_000, b"", b"\xbb" + b"\xff" * 8, document(source, [1]) + b"x"):
        with pytest.raises(DamagedError):
            read_bundle(content, "x")
    found = cbor2.loads(document(source, [1])) | {"version": 2, "more": 1}
    with pytest.raises(NewerFormatError, match="x has format 2"):
        read_bundle(cbor2.dumps(found, canonical=True), "x")


def test_outputs_of_a_bundle_are_known(ledger, maker_finished, monkeypatch):
    source = MemoryJournal()
    source.append(maker_finished)
    journal = journal_of(ledger, document(source, [0]))
    content = maker_finished.outcome.outputs[0].digest
    assert journal.is_output("model.bin", content)
    assert journal.is_output("model.bin", None)
    assert not journal.is_output("model.bin", Digest.of(b"another"))
    assert journal.outputs()("model.bin", content)
    other = MemoryJournal()
    other.append(replace(maker_finished, trial=Digest.of(b"another")))
    keep(ledger, document(other, [0]))
    read = []
    monkeypatch.setattr(proven, "outputs", lambda body: read.append(body) or outputs(body))
    for known in (journal.outputs(), journal.outputs(), journal.is_output):
        assert known("model.bin", content)
        assert known("model.bin", None)
        assert not known("other.bin", None)
    assert len(read) == 2  # each entry once, however many ask


@pytest.fixture
def maker_finished(maker):
    maker.trial(outputs={"model.bin": b"weights"})
    return list(maker.journal.entries())[-1].entry.payload


def test_keeping_is_told(ledger, source):
    content = document(source, [1])
    assert not proven.keeps(ledger, content)
    keep(ledger, content)
    assert proven.keeps(ledger, content)
    (layout.proven(ledger) / "README").write_text("nobody's")
    assert proven.digests(ledger) == [Digest.of(content)]
