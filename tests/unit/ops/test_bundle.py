import importlib.util
import os
import random
from pathlib import Path
from types import SimpleNamespace

import pytest

from ledger.errors import DamagedError, NotFoundError, UsageError
from ledger.model import (
    Allowance,
    ContentDropped,
    Digest,
    DroppedContent,
    ForeignLog,
    Note,
    Observed,
    Status,
    Tag,
    Tombstone,
    TrialLost,
    Unknown,
)
from ledger.model.codec import encode
from ledger.ops import bundle_check, pinned_heads
from ledger.ops.bundle import bundle
from ledger.ops.verify import Report
from ledger.store.local import LocalStore

_SPEC = importlib.util.spec_from_file_location("bundles", Path(__file__).parents[2] / "bundles.py")
bundles = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(bundles)


@pytest.fixture
def write(maker, tmp_path):
    """Bundle trials; return what was done, and the bundle's document, entries and objects."""
    workspace = SimpleNamespace(
        store=maker.store, journal=maker.journal, directory=maker.folder, root=tmp_path, git=False
    )

    def write(*ids, **options):
        path = tmp_path / "x.ledger"
        trials = maker.trials
        done = bundle(workspace, [trials.by_id[id] for id in ids], path, **options)
        checked = bundle_check.check(path)
        found, objects = bundles.unpacked(path.read_bytes())
        return SimpleNamespace(
            done=done,
            checked=checked,
            document=found,
            payloads=[each.entry.payload for each in checked.entries],
            ids=[each.id for each in checked.entries],
            objects={Digest(each): content for each, content in objects.items()},
        )

    write.workspace = workspace
    return write


def note(maker, text="x", **fields):
    return maker.journal.append(Note(text=text, author="ann", **fields)).id


def test_everything_about_a_trial_and_nothing_else(maker, write):
    other = maker.trial(experiment="other", outputs={"other.bin": b"other"})
    id = maker.trial(
        experiment="digits",
        params={"lr": 0.5},
        inputs={"data.csv": b"1,2"},
        outputs={"model.bin": b"weights"},
        metrics={"loss": 0.5},
    )
    journal = maker.journal
    sibling = maker.trial(experiment="digits", outputs={"sibling.bin": b"sibling"})
    about = [id, maker.trials.ends[id]]
    about += [maker.replay(id), note(maker, trial=id), note(maker, experiment="digits")]
    twin = maker.trial(experiment="digits")
    note(maker, trial=id, against=(twin,))  # on the diff with one that is not in it
    note(maker, experiment="digits", against_experiments=("other",))
    about += [note(maker, replaces=about[-2]), journal.append(Tag(trial=id, name="paper")).id]
    allowed = journal.append(
        Allowance(
            trial=sibling, experiment="digits", part="metrics", path="loss", rtol=0.1, atol=0.0, replays=()
        )
    ).id
    about += [allowed, journal.append(Tombstone(target=allowed, reason="too wide")).id]
    about += [journal.append(Unknown(kind="trial.later", data={"trial": bytes(id), "step": 3})).id]
    gone = DroppedContent(entry=about[1], digests=(Digest.of(b"weights"),))
    about += [journal.append(ContentDropped(contents=(gone,), reason="gc")).id]
    for each in (other, sibling):
        journal.append(Tag(trial=each, name="not this one"))
        note(maker, trial=each)
    journal.append(ForeignLog(source="optuna", content="{}"))
    found = write(id)
    assert found.ids == about
    assert [Digest(each) for each in found.document["trials"]] == [id]
    contents = set(found.objects.values())
    assert {b"weights", b"1,2", b"print(1)\n", encode(maker.environment), encode(maker.host)} <= contents
    assert not contents & {b"other", b"sibling"}
    assert (found.done.entries, found.done.objects) == (len(about), len(found.objects))
    assert found.checked.trials == (maker.trials.by_id[id],)
    assert (found.checked.missing, found.checked.left_out) == ((), ())


def test_several_trials_in_the_order_of_the_ledger(maker, write):
    first, second, third = (maker.trial(params={"lr": each}) for each in (0.1, 0.2, 0.3))
    found = write(third, first)
    assert [each.id for each in found.done.trials] == [first, third]
    assert found.document["trials"] == [bytes(first), bytes(third)]
    assert second not in found.ids
    assert not {first, third} - set(found.ids)


def test_without_outputs(maker, write):
    shared = b"read and written"
    id = maker.trial(inputs={"data.csv": shared}, outputs={"model.bin": b"weights", "copy.csv": shared})
    found = write(id, outputs=False)
    assert b"weights" not in found.objects.values()
    assert shared in found.objects.values()
    assert found.done.left_out == 1
    assert [(each.digest, each.what) for each in found.checked.left_out] == [
        (Digest.of(b"weights"), "output model.bin")
    ]
    assert found.checked.missing == ()
    assert b"weights" in write(id).objects.values()


def test_a_list_of_outputs_stays_and_their_contents_go(maker, write):
    id, digest = maker.trial_of_directory({"a": b"one", "b": b"two"})
    assert {b"one", b"two"} <= set(write(id).objects.values())
    found = write(id, outputs=False)
    assert digest in found.objects
    assert not {b"one", b"two"} & set(found.objects.values())
    assert found.done.left_out == len(found.checked.left_out) == 2


def test_products_that_no_replay_needs_go_with_the_outputs(maker, write):
    products = maker.put(maker.manifest({"old.bin": b"of an earlier trial"}))
    id = maker.trial(snapshot={"products": products})
    assert b"of an earlier trial" in write(id).objects.values()
    found = write(id, outputs=False)
    assert b"of an earlier trial" not in found.objects.values()
    assert products in found.objects
    lost, _ = maker.start(snapshot={"products": products})
    outcome = maker.outcome(status=Status.LOST)
    maker.store.flush()
    maker.journal.append(
        TrialLost(
            trial=lost,
            reason="x",
            hyperparameters=(),
            observed=Observed(affinity=2),
            outcome=outcome,
            health=(),
        )
    )
    assert b"of an earlier trial" in write(lost, outputs=False).objects.values()


def test_what_the_ledger_has_lost_is_said(maker, write):
    id = maker.trial(inputs={"data.csv": b"1,2"}, outputs={"model.bin": b"weights"})
    maker.lose(Digest.of(b"1,2"))
    found = write(id)
    assert [(each.digest, each.what) for each in found.done.missing] == [
        (Digest.of(b"1,2"), "input data.csv")
    ]
    assert [each.digest for each in found.checked.missing] == [Digest.of(b"1,2")]


def test_what_is_damaged_is_not_handed_on(maker, write, tmp_path):
    id = maker.trial(outputs={"model.bin": b"weights"})
    maker.damage(Digest.of(b"weights"))
    (tmp_path / "x.ledger").write_bytes(b"an earlier one")
    with pytest.raises(DamagedError):
        write(id)
    assert (tmp_path / "x.ledger").read_bytes() == b"an earlier one"
    assert sorted(each.name for each in tmp_path.iterdir()) == [".ledger", "x.ledger"]
    assert write(id, outputs=False).done.left_out == 1


def test_large_contents_are_lists_of_what_they_share(maker, write, monkeypatch):
    large = random.Random(0).randbytes(5 << 20)
    id = maker.trial(outputs={"a.bin": large, "b.bin": large[: 3 << 20] + b"x" + large[3 << 20 :]})
    found = write(id)
    assert {large, large[: 3 << 20] + b"x" + large[3 << 20 :]} <= set(found.objects.values())
    assert found.done.size < 6 << 20
    # The same from a store that keeps whole files.
    maker.store = LocalStore(maker.folder / "whole", maker.folder / "tmp", large="whole")
    for content in found.objects.values():
        maker.store.put(content)
    maker.store.flush()
    write.workspace.store = maker.store
    assert set(write(id).objects) == set(found.objects)


def test_a_document_of_any_size_comes_first(maker, write, tmp_path, monkeypatch):
    id = maker.trial()
    note(maker, "".join(random.Random(0).choices("abcdefgh", k=17 << 20)), trial=id)
    found = write(id)
    assert len(found.payloads) == 3
    assert (tmp_path / "x.ledger").read_bytes()[8 + 48] == bundles.packs.LIST


def test_the_head_is_the_newest_signed_one_that_has_all(maker, write, make_key):
    id = maker.trial(experiment="digits")
    report = Report(findings=(), notices=(), head=maker.journal.head(), trials=1, objects=0)
    signed = pinned_heads.sign(write.workspace, report, make_key())
    maker.trial(experiment="other")
    found = write(id)
    assert found.done.signed == signed
    assert found.checked.bundle.signed == signed
    assert len(found.checked.signers) == 1
    note(maker, trial=id)
    found = write(id)
    assert found.done.signed.signatures == ()
    assert found.done.signed.head == maker.journal.head()


def test_where_no_file_can_be(maker, write, tmp_path):
    id = maker.trial()
    trial = maker.trials.by_id[id]
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("pipe")
    for path in (tmp_path, tmp_path / "gone" / "x.ledger", tmp_path / "pipe", tmp_path / "link"):
        with pytest.raises(UsageError):
            bundle(write.workspace, [trial], path, progress=pytest.fail)
    assert (tmp_path / "link").is_symlink()
    (tmp_path / "link").unlink()
    (tmp_path / "link").symlink_to("x.ledger")
    bundle(write.workspace, [trial], tmp_path / "link")
    assert bundle_check.check(tmp_path / "x.ledger").trials == (trial,)
    assert (tmp_path / "link").is_symlink()
    with pytest.raises(NotFoundError):
        bundle_check.check(tmp_path / "gone")
