import importlib.util
import os
import shutil
import threading
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger import workspace as workspaces
from ledger.errors import (
    DamagedError,
    IncomparableError,
    LedgerError,
    MismatchError,
    NewerFormatError,
    UsageError,
)
from ledger.model import (
    NOT_BUNDLED,
    Allowance,
    ContentDropped,
    Digest,
    DroppedContent,
    Note,
    Tag,
    Tombstone,
    TrialStarted,
    layout,
)
from ledger.ops import bundle_check, pinned_heads, proofs, query, signing
from ledger.ops.bundle import bundle
from ledger.ops.checkout import checkout
from ledger.ops.gc import gc
from ledger.ops.keeping import Policy
from ledger.ops.open_bundle import open_bundle, open_in_cache
from ledger.ops.verify import Report, verify

_SPEC = importlib.util.spec_from_file_location("bundles", Path(__file__).parents[2] / "bundles.py")
bundles = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(bundles)


@pytest.fixture
def source(maker, tmp_path, ledger_environment):
    return SimpleNamespace(
        store=maker.store, journal=maker.journal, directory=maker.folder, root=tmp_path, git=False
    )


@pytest.fixture
def write(maker, source, tmp_path):
    """Bundle trials into a file of that name."""

    def write(*ids, name="x.ledger", **options):
        path = tmp_path / name
        trials = maker.trials
        bundle(source, [trials.by_id[id] for id in ids], path, **options)
        return path

    return write


@pytest.fixture
def place(tmp_path):
    path = tmp_path / "elsewhere"
    path.mkdir()
    return path


@pytest.fixture
def trial(maker):
    return maker.trial(
        experiment="digits",
        params={"lr": 0.5},
        inputs={"data.csv": b"1,2"},
        outputs={"model.bin": b"weights"},
        metrics={"loss": 0.5},
    )


def found(opened):
    return workspaces.find(opened.directory)


def whole(workspace):
    trials = query.load(workspace.journal)
    report = verify(workspace.journal, workspace.store, trials)
    return pinned_heads.checked(workspace, report)


def everything(path):
    """Every path beneath, and what is in it."""
    return {
        each.relative_to(path): each.read_bytes() if each.is_file() else None
        for each in path.rglob("*")
        if "gc" not in each.parts
    }


def test_it_is_a_ledger_like_any_other(maker, write, trial, place):
    maker.journal.append(Tag(trial=trial, name="paper"))
    expected = maker.trials.by_id[trial]
    opened = open_bundle(write(trial), place / "paper")
    assert opened.added
    workspace = found(opened)
    shutil.rmtree(maker.folder)
    assert query.load(workspace.journal).ordered == (expected,)
    assert whole(workspace).ok
    assert (workspace.root, workspace.foreign) == (place / "paper", True)
    done = checkout(expected, place / "files", workspace.store)
    assert done.paths == ("data.csv", "model.bin", "train.py")
    assert (place / "files" / "model.bin").read_bytes() == b"weights"
    assert layout.format_file(workspace.directory).read_text() == "2\n"


def test_the_name_of_the_file_is_where_it_goes(write, trial, place, monkeypatch):
    monkeypatch.chdir(place)
    assert open_bundle(write(trial)).directory == place / "x"
    assert sorted(each.name for each in place.iterdir()) == ["x"]


def test_into_a_directory_that_has_something(write, trial, place):
    (place / "notes.txt").write_text("mine")
    open_bundle(write(trial), place)
    assert sorted(each.name for each in place.iterdir()) == [".ledger", "notes.txt"]


def test_twice_is_once(write, trial, place):
    path = write(trial)
    open_bundle(path, place / "x")
    before = everything(place)
    assert not open_bundle(path, place / "x").added
    assert everything(place) == before


def test_a_second_bundle_adds_to_the_first(maker, write, trial, place):
    other = maker.trial(outputs={"other.bin": b"other"})
    open_bundle(write(trial), place / "x")
    opened = open_bundle(write(other, trial, name="y.ledger"), place / "x")
    assert opened.added
    workspace = found(opened)
    assert [each.id for each in query.load(workspace.journal)] == [trial, other]
    assert whole(workspace).ok


def test_what_it_has_not_is_let_go_of(maker, write, trial, place):
    opened = open_bundle(write(trial, outputs=False), place / "x")
    workspace = found(opened)
    trials = query.load(workspace.journal)
    dropped = trials.dropped_from(trials.ends[trial], Digest.of(b"weights"))
    assert dropped.reason == NOT_BUNDLED
    report = whole(workspace)
    assert report.ok
    assert "content.dropped" in [each.what for each in report.notices]
    before = everything(place)
    open_bundle(write(trial, outputs=False), place / "x")
    assert everything(place) == before


def test_what_is_missing_beside_outputs_is_a_finding(maker, write, trial, place):
    maker.lose(Digest.of(b"1,2"))
    report = whole(found(open_bundle(write(trial), place / "x")))
    assert [each.what for each in report.findings] == ["object.missing"]


def test_garbage_is_collected_as_everywhere(maker, write, trial, place):
    workspace = found(open_bundle(write(trial), place / "x"))
    gc(workspace)
    assert whole(workspace).ok
    assert query.load(workspace.journal).ordered == (maker.trials.by_id[trial],)


def test_outputs_that_come_later_are_kept(maker, write, trial, place):
    open_bundle(write(trial, outputs=False), place / "x")
    workspace = found(open_bundle(write(trial, name="y.ledger"), place / "x"))
    gc(workspace)
    assert workspace.store.get(Digest.of(b"weights")) == b"weights"
    assert whole(workspace).ok
    gc(workspace, Policy(experiment="digits"))  # now somebody chose
    assert not workspace.store.present([Digest.of(b"weights")])


def test_a_list_of_outputs_that_nobody_has_keeps_nothing_from_being_collected(maker, write, place):
    id, lists = maker.trial_of_directory({"a": b"one"})
    maker.lose(lists)
    workspace = found(open_bundle(write(id), place / "x"))
    trials = query.load(workspace.journal)
    assert trials.dropped_from(trials.ends[id], lists).reason == NOT_BUNDLED
    gc(workspace)


def test_where_no_bundle_is_opened(maker, write, trial, place, monkeypatch, tmp_path):
    path = write(trial)
    with pytest.raises(UsageError, match="has a ledger of its own"):
        open_bundle(path, tmp_path)
    monkeypatch.setenv("HOME", str(place))
    for target in (place, Path("/"), path, place / "gone" / "x"):
        with pytest.raises(UsageError):
            open_bundle(path, target)
    assert everything(place) == {}


class TestTrust:
    @pytest.fixture
    def key(self, make_key):
        return make_key("ann")

    @pytest.fixture
    def signed(self, source, trial, write, key):
        report = Report(findings=(), notices=(), head=source.journal.head(), trials=1, objects=0)
        pinned_heads.sign(source, report, key)
        return write(trial)

    def test_a_key(self, signed, key, place):
        opened = open_bundle(signed, place / "x", proofs.trusted(key=key.with_suffix(".pub")))
        assert opened.checked.vouched
        assert [each.name for each in opened.checked.signers] == ["--key"]
        report = whole(found(opened))
        (notice,) = (each for each in report.notices if each.what == "proven.entries")
        assert "signed by SHA256:" in notice.detail

    def test_another_key(self, signed, make_key, place):
        with pytest.raises(MismatchError, match="not signed by a key that you named") as caught:
            open_bundle(signed, place / "x", proofs.trusted(key=make_key("bob").with_suffix(".pub")))
        assert "ledger bundle REF" in caught.value.hint
        assert everything(place) == {}

    def test_a_head(self, signed, source, place):
        digest = proofs.digest_of(source.journal.head())
        assert open_bundle(signed, place / "x", proofs.trusted(head=digest)).checked.vouched
        with pytest.raises(MismatchError, match="another head"):
            open_bundle(signed, place / "y", proofs.trusted(head=Digest.of(b"x")))
        assert [each.name for each in place.iterdir()] == ["x"]

    def test_nothing_named(self, signed, place):
        checked = open_bundle(signed, place / "x").checked
        assert (checked.vouched, len(checked.signers), checked.unchecked) == (False, 1, None)

    def test_a_signature_of_something_else(self, signed, place):
        content = signed.read_bytes()
        document, objects = bundles.unpacked(content)
        document["head"]["origins"][0]["size"] += 1
        with pytest.raises(DamagedError):
            self._open(signed, document, objects, place)
        document, objects = bundles.unpacked(content)
        document["signatures"][0]["key"] = "SHA256:another"
        with pytest.raises(MismatchError, match="does not hold"):
            self._open(signed, document, objects, place)
        assert everything(place) == {}

    def _open(self, path, document, objects, place):
        path.write_bytes(bundles.packed(document, *map(bundles.record, objects.values())))
        open_bundle(path, place / "x")

    def test_without_ssh_keygen(self, signed, key, place, monkeypatch):
        monkeypatch.setattr(signing, "_PROGRAM", "no-such-program")
        checked = open_bundle(signed, place / "x").checked
        assert "no-such-program" in checked.unchecked
        with pytest.raises(IncomparableError):
            open_bundle(signed, place / "y", proofs.trusted(key=key.with_suffix(".pub")))
        notices = whole(workspaces.find(place / "x")).notices
        assert any("signatures are not checked" in each.detail for each in notices)

    def test_a_signature_that_was_changed_afterwards(self, signed, place, monkeypatch):
        workspace = found(open_bundle(signed, place / "x"))

        def deny(*_):
            raise DamagedError("a signature does not hold", cause="it is of another head")

        monkeypatch.setattr(signing, "signer", deny)
        assert [each.what for each in whole(workspace).findings] == ["proven.signature"]


def test_another_past_is_refused(maker, source, write, trial, place, tmp_path):
    first = write(trial)
    open_bundle(first, place / "x")
    bodies = [each["body"] for each in bundles.unpacked(first.read_bytes())[0]["entries"]]
    forged = bundles.changed(first.read_bytes(), lambda place, entry: entry | {"time": entry["time"] + 1})
    path = tmp_path / "forged.ledger"
    path.write_bytes(forged)
    assert bodies != [each["body"] for each in bundles.unpacked(forged)[0]["entries"]]
    before = everything(place)
    with pytest.raises(MismatchError, match="another past") as caught:
        open_bundle(path, place / "x")
    assert "entry 0 of origin" in caught.value.cause
    assert everything(place) == before


def test_another_root_of_the_same_size_is_refused(maker, source, write, trial, place, tmp_path):
    first = write(trial)
    open_bundle(first, place / "x")
    found, objects = bundles.unpacked(first.read_bytes())
    only = bundles.document([each["body"] for each in found["entries"]][:1])
    split = bundles.reader.hashed(b"\x01" + bundles.reader.leaf_of(found["entries"][0]["body"]) + bytes(32))
    only["head"]["origins"][0] |= {"size": 2, "root": split}
    only["entries"][0]["path"] = [bytes(32)]
    path = tmp_path / "split.ledger"
    path.write_bytes(bundles.packed(only, *map(bundles.record, objects.values())))
    with pytest.raises(MismatchError) as caught:
        open_bundle(path, place / "x")
    assert "2 entries of origin" in caught.value.cause


def test_in_the_cache(write, trial, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    path = write(trial)
    opened = open_in_cache(path)
    assert opened.added
    assert opened.directory.parent == tmp_path / "cache" / "ledger" / "bundles"
    workspace = found(opened)
    workspace.journal.append(Note(trial=trial, text="replayed", author="bob"))
    again = open_in_cache(path)
    assert (again.directory, again.added) == (opened.directory, False)
    assert len(query.load(found(again).journal).notes[trial]) == 1
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(DamagedError):
        open_in_cache(path)


def test_two_open_one_bundle_in_the_cache_at_once(write, trial, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    path, real, both = write(trial, outputs=False), bundle_check.check, threading.Barrier(2, timeout=60)

    def check(*words, **options):
        checked = real(*words, **options)
        both.wait()
        return checked

    monkeypatch.setattr(bundle_check, "check", check)
    with ThreadPoolExecutor(2) as pool:
        first, second = (each.result() for each in [pool.submit(open_in_cache, path) for _ in range(2)])
    assert (first.directory, first.checked) == (second.directory, second.checked)
    assert {first.added, second.added} == {True, False}
    assert list((tmp_path / "cache" / "ledger" / "bundles").iterdir()) == [first.directory]
    assert whole(found(first)).ok


@pytest.mark.parametrize("there", [False, True])
def test_of_two_that_open_in_one_directory_at_once_one_wins(maker, write, trial, place, there):
    other = maker.trial(outputs={"other.bin": b"other"})
    first, second, target = write(trial), write(other, name="y.ledger"), place / "x"
    if there:
        target.mkdir()

    def meanwhile(text):
        if text.startswith("hashing"):
            open_bundle(second, target)

    with pytest.raises(LedgerError, match="another process made") as caught:
        open_bundle(first, target, progress=meanwhile)
    assert caught.value.hint.endswith(f"ledger open FILE {target}")
    assert [each.name for each in place.iterdir()] == ["x"]
    assert [each.name for each in target.iterdir()] == [".ledger"]
    workspace = workspaces.find(target)
    assert [each.id for each in query.load(workspace.journal)] == [other]
    assert whole(workspace).ok
    assert open_bundle(first, target).added
    assert [each.id for each in query.load(workspace.journal)] == [trial, other]


def test_a_directory_that_somebody_makes_meanwhile_is_taken_or_left_as_it_is(write, trial, place):
    path = write(trial)
    open_bundle(path, place / "x", progress=lambda _: (place / "x").mkdir(exist_ok=True))
    assert [each.name for each in (place / "x").iterdir()] == [".ledger"]

    def fill(_):
        (place / "y").mkdir(exist_ok=True)
        (place / "y" / "notes.txt").write_text("mine")

    with pytest.raises(LedgerError, match="another process made"):
        open_bundle(path, place / "y", progress=fill)
    assert {each.relative_to(place / "y") for each in (place / "y").iterdir()} == {Path("notes.txt")}


def test_two_that_tell_of_another_past_are_not_both_added_at_once(maker, write, trial, place, monkeypatch):
    path, both, real = write(trial), threading.Barrier(2, timeout=60), bundle_check.check
    split = path.with_name("split.ledger")
    later = bundles.changed(path.read_bytes(), lambda _, entry: entry | {"time": entry["time"] + 1})
    split.write_bytes(later)
    open_bundle(write(maker.trial(outputs={"other.bin": b"other"}), name="y.ledger"), place / "x")

    def check(*words, **options):
        checked = real(*words, **options)
        both.wait()
        return checked

    monkeypatch.setattr(bundle_check, "check", check)
    with ThreadPoolExecutor(2) as pool:
        opening = [pool.submit(open_bundle, each, place / "x") for each in (path, split)]
        errors = [each.exception() for each in opening]
    assert [type(each) for each in errors if each] == [MismatchError]
    assert whole(workspaces.find(place / "x")).ok


def test_in_the_cache_it_is_named_by_what_is_in_it(maker, write, trial, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    other = write(maker.trial(params={"lr": 0.7}), name="y.ledger")
    path, real = write(trial), bundle_check.check

    def check(*words, **options):
        checked = real(*words, **options)
        shutil.copyfile(other, path)
        return checked

    monkeypatch.setattr(bundle_check, "check", check)
    opened = open_in_cache(path)
    packs = layout.packs(layout.objects(opened.directory / layout.DIRECTORY))
    assert [each.name for each in packs.iterdir()] == [f"{opened.directory.name}.pack"]
    assert [each.id for each in query.load(found(opened).journal)] == [trial]


def refused(path, content, place, **options):
    """Why a bundle is not opened; nothing of it is there then."""
    path.write_bytes(content)
    before = everything(place)
    with pytest.raises((DamagedError, MismatchError)) as caught:
        open_bundle(path, place / "x", **options)
    assert everything(place) == before
    assert caught.value.message.startswith(str(path))
    return caught.value.cause


class TestHostile:
    @pytest.mark.parametrize(
        "path", ["../../evil", "/etc/../root/evil", "a/../../evil", "a//b", "", "/", "a\0b"]
    )
    @pytest.mark.parametrize("role", ["inputs", "outputs"])
    def test_paths_of_files(self, maker, write, place, path, role):
        id = maker.trial(**{role: {path: b"evil"}})
        file = write(id)
        assert "a path that leaves its root" in refused(file, file.read_bytes(), place)

    @pytest.mark.parametrize(
        "change",
        [
            {"root": "/home/../../etc"},
            {"intent": {"directory": "../.."}},
            {"intent": {"inputs": [["../evil", None]]}},
            {"code": [{"name": ".."}]},
            {"code": [{"paths": ["../../site-packages"]}]},
            {"code": [{"nested": [{"path": "../x", "commit": None, "remote": None, "dirty": False}]}]},
        ],
        ids=str,
    )
    def test_other_paths(self, write, trial, place, change):
        def hostile(number, entry):
            return _merged(entry, {"data": change}) if number == 0 else entry

        content = bundles.changed((path := write(trial)).read_bytes(), hostile)
        assert "a path that leaves its root" in refused(path, content, place)

    def test_a_device(self, write, trial, place):
        def hostile(number, entry):
            if number == 1:
                entry["data"]["inputs"][0]["mode"] = 0o020666
            return entry

        content = bundles.changed((path := write(trial)).read_bytes(), hostile)
        assert "an unknown mode" in refused(path, content, place)

    @pytest.mark.parametrize(
        ("rows", "cause"),
        [
            ([["../evil", 0o100644, 1, bytes(32)]], "a path that leaves its root"),
            ([["/etc/passwd", 0o100644, 1, bytes(32)]], "a path that leaves its root"),
            (
                [["a", 0o120000, 4, bytes(32)], ["a/b", 0o100644, 1, bytes(32)]],
                "a path beneath a file",
            ),
            ([["a", 0o100644, 1, bytes(32)]] * 2, "a manifest out of order"),
            ([["b", 0o100644, 1, bytes(32)], ["a", 0o100644, 1, bytes(32)]], "a manifest out of order"),
            ([["sda", 0o060666, 1, bytes(32)]], "an unknown mode"),
            ([["a", "x", 1, bytes(32)]], "manifest"),
        ],
        ids=str,
    )
    def test_lists_of_files(self, write, trial, place, rows, cause):
        tree = bundles.reader.encode({"entries": rows})
        digest = bundles.packs.hashed(tree)

        def hostile(number, entry):
            if number == 0:
                entry["data"]["code"][0]["tree"] = digest
            return entry

        content = bundles.changed((path := write(trial)).read_bytes(), hostile, [tree])
        assert cause in refused(path, content, place)

    def test_an_environment_that_is_none(self, write, trial, place):
        junk = b"\xa1\x61x\x01"

        def hostile(number, entry):
            if number == 0:
                entry["data"]["environment"] = bundles.packs.hashed(junk)
            return entry

        content = bundles.changed((path := write(trial)).read_bytes(), hostile, [junk])
        assert "environment (b3:" in refused(path, content, place)

    def test_small_values_that_fill_the_memory(self, write, trial, place):
        """Without a bound each byte costs seventy."""
        many = b"\x9a\x00\x40\x00\x00" + b"\x80" * (1 << 22)
        digest = bundles.packs.hashed(many)

        def environment(number, entry):
            if number == 0:
                entry["data"]["environment"] = digest
            return entry

        def tree(number, entry):
            if number == 0:
                entry["data"]["code"][0]["tree"] = digest
            return entry

        path = write(trial)
        content = path.read_bytes()
        document, objects = bundles.unpacked(content)
        records = [bundles.record(each) for each in objects.values()]
        last = document["entries"][-1] | {"body": many}
        half = document["entries"][-1] | {"body": b"\x9a\x00\x20\x00\x00" + b"\x80" * (1 << 21)}
        hostile = [
            bundles.changed(content, environment, [many]),
            bundles.changed(content, tree, [many]),
            bundles.packed(many, *records),
            bundles.packed(document | {"entries": [*document["entries"], last]}, *records),
            bundles.packed(document | {"entries": [*document["entries"], half, half]}, *records),
        ]
        for each in hostile:
            tracemalloc.start()
            assert "too many values" in refused(path, each, place)
            assert tracemalloc.get_traced_memory()[1] < 60 << 20
            tracemalloc.stop()

    def test_few_bytes_that_are_many_files(self, maker, write, place):
        id = maker.trial(code={f"{number:04}": b"x" * 1000 for number in range(500)})
        path = write(id)
        content = path.read_bytes()
        assert "expected files of at most 100,000 bytes" in refused(path, content, place, max_size=100_000)
        open_bundle(path, place / "x", max_size=600_000)

    def test_few_bytes_that_are_many(self, maker, write, place):
        path = write(maker.trial(outputs={"zeros": bytes(3 << 20)}))
        content = path.read_bytes()
        assert len(content) < 10_000
        cause = refused(path, content, place, max_size=3 << 20)
        assert "expected contents of at most 3,145,728 bytes" in cause
        open_bundle(path, place / "x")

    def test_documents(self, write, trial, place):
        path = write(trial)
        document, objects = bundles.unpacked(path.read_bytes())
        records = [bundles.record(each) for each in objects.values()]
        extra = document["entries"] + document["entries"][:1]
        for fields, cause in (
            ({"trials": []}, "trials: expected"),
            ({"trials": [bytes(32)]}, "trials: expected"),
            ({"trials": document["trials"] * 2}, "trials: expected"),
            ({"entries": document["entries"][1:]}, "trials: expected"),
            ({"entries": extra}, "entries[2]: expected one behind"),
            ({"surprise": 1}, "canonical"),
        ):
            assert cause in refused(path, bundles.packed(document | fields, *records), place)
        later = bundles.packed(document | {"version": 2}, *records)
        path.write_bytes(later)
        with pytest.raises(NewerFormatError, match="format 2"):
            open_bundle(path, place / "x")
        for first in (b"\x00", b"\xff", b"\x81" * 100_000, os.urandom(100)):
            assert "its first object" in refused(path, bundles.packed(first, *records), place)
        pack = bundles.packs.pack([(*records[0][:1], bundles.packs.CHUNK, *records[0][2:]), *records[1:]])
        assert "expected its document" in refused(path, pack, place)

    @pytest.mark.parametrize(
        "kind", ["end", "tombstone", "tag", "dropped", "allowance", "note", "replaced", "diff"]
    )
    def test_entries_about_other_trials(self, maker, write, trial, place, kind):
        other = maker.trial(experiment="other")
        path = write(trial)
        end, mine = maker.trials.ends[other], maker.journal.append(Note(text="x", author="ann", trial=other))
        gone = DroppedContent(entry=end, digests=(Digest.of(b"weights"),))
        allowed = {"part": "metrics", "path": "loss", "rtol": 0.1, "atol": 0.0, "replays": ()}
        maker.journal.append(
            {
                "end": maker.journal.get(end).entry.payload,
                "tombstone": Tombstone(target=other, reason="x"),
                "tag": Tag(trial=other, name="x"),
                "dropped": ContentDropped(contents=(gone,), reason="x"),
                "allowance": Allowance(trial=other, experiment=None, **allowed),
                "note": Note(trial=other, experiment="digits", text="x", author="ann"),
                "diff": Note(trial=trial, against=(other,), text="x", author="ann"),
                "replaced": Note(trial=trial, replaces=mine.id, text="x", author="ann"),
            }[kind]
        )
        last = list(maker.journal.entries())[-1]
        found, objects = bundles.unpacked(path.read_bytes())
        bodies = [*(each["body"] for each in found["entries"]), last.body]
        records = map(bundles.record, objects.values())
        content = bundles.packed(bundles.document(bodies), *records)
        assert "entries[2]: expected one about its trials" in refused(path, content, place)

    def test_a_bundle_lets_go_of_nothing_that_another_one_has(self, maker, write, trial, place):
        other = maker.trial(outputs={"other.bin": b"other"})
        first = write(trial)
        contents = tuple(
            DroppedContent(entry=maker.trials.ends[id], digests=(Digest.of(content),))
            for id, content in ((trial, b"weights"), (other, b"other"))
        )
        maker.journal.append(ContentDropped(contents=contents, reason="gc"))
        second, third = write(other, name="y.ledger"), write(trial, name="z.ledger")
        for place_, before, after in ((place / "x", first, second), (place / "y", second, first)):
            open_bundle(before, place_)
            with pytest.raises(MismatchError, match="do not go together"):
                open_bundle(after, place_)
        open_bundle(third, place / "y")  # it says so itself

    def test_an_entry_of_a_later_release_says_so(self, write, trial, place):
        content = bundles.changed((path := write(trial)).read_bytes(), lambda _, entry: entry | {"v": 2})
        path.write_bytes(content)
        with pytest.raises(NewerFormatError):
            open_bundle(path, place / "x")
        assert everything(place) == {}

    def test_a_pipe_is_not_waited_for(self, place, tmp_path):
        os.mkfifo(tmp_path / "pipe")
        assert not bundle_check.is_bundle(tmp_path / "pipe")
        with pytest.raises(Exception, match="cannot read"):
            open_bundle(tmp_path / "pipe", place / "x")
        assert everything(place) == {}

    def test_damage_of_every_kind(self, maker, write, tmp_path):
        """Cut, overwritten, repeated, put together anew: only what is whole is opened."""
        first, second = (write(maker.trial(params={"lr": lr}), name=f"{lr}") for lr in (0.1, 0.2))
        contents = [each.read_bytes() for each in (first, second)]
        path = tmp_path / "damaged.ledger"

        @settings(max_examples=300, deadline=None)
        @given(data=st.data())
        def check(data):
            content = data.draw(st.sampled_from(contents))
            start = data.draw(st.integers(0, len(content)))
            stop = data.draw(st.integers(start, min(len(content), start + 100)))
            other = data.draw(st.sampled_from(contents))
            damaged = data.draw(
                st.sampled_from(
                    [
                        content[:start],
                        content[:start] + os.urandom(stop - start) + content[stop:],
                        content[:stop] + content[start:],
                        content[:start] + content[stop:],
                        content[:start] + other[start:],
                        content + other,
                    ]
                )
            )
            path.write_bytes(damaged)
            try:
                bundle_check.check(path)
            except DamagedError:
                assert damaged not in contents
            else:
                assert damaged in contents

        check()


def _merged(entry, change):
    for key, value in change.items():
        if isinstance(value, dict):
            _merged(entry[key], value)
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            entry[key][0] |= value[0]
        else:
            entry[key] = value
    return entry


@pytest.mark.parametrize(
    ("text", "expected"), [("20GB", 20 * 10**9), ("500 MB", 500 * 10**6), ("7", 7), ("3k", 3000)]
)
def test_sizes(text, expected):
    assert bundle_check.size(text) == expected


@pytest.mark.parametrize("text", ["", "GB", "-1", "1.5GB", "1PB", "9" * 16])
def test_sizes_that_are_none(text):
    with pytest.raises(UsageError):
        bundle_check.size(text)


def test_started_only(maker, write, place):
    id, started = maker.start()
    assert isinstance(started, TrialStarted)
    opened = open_bundle(write(id), place / "x")
    assert [replace(each, tags=()).id for each in query.load(found(opened).journal)] == [id]
