"""What is let go of, what stays, what is said about it; that no writer loses anything is shown elsewhere."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from ledger.errors import DamagedError, LedgerError, NotFoundError, UsageError
from ledger.journal import kept_heads
from ledger.journal.local import LocalJournal
from ledger.model import (
    Artifact,
    ArtifactRole,
    ContentDropped,
    Digest,
    Mode,
    Status,
    Tag,
    Tombstone,
    TrialFinished,
    Unknown,
    Verdict,
    layout,
)
from ledger.ops import gc as gcs
from ledger.ops import keeping, lettings
from ledger.ops.gc import gc
from ledger.ops.keeping import Policy
from ledger.ops.verify import verify
from ledger.store.gc import collecting
from ledger.store.local import LocalStore
from ledger.store.pinned import PinnedStore

DAY = 86_400 * 10**9


def workspace(maker):
    store = PinnedStore(maker.store, maker.folder)
    return SimpleNamespace(store=store, journal=maker.journal, directory=maker.folder)


def writer_of(maker):
    return PinnedStore(LocalStore(layout.objects(maker.folder), layout.temporary(maker.folder)), maker.folder)


def collect(maker, *, dry_run=False, now=None, **policy):
    maker.store.flush()
    return gc(workspace(maker), Policy(**policy), dry_run=dry_run, now=now, patience=0)


def has(maker, content):
    return maker.store.has(Digest.of(content))


def row(done):
    return [(each.reason, each.experiment, each.trials, each.objects, each.size) for each in done.rows]


def drops(maker):
    return [
        each
        for each in (e.entry.payload for e in maker.journal.entries())
        if isinstance(each, ContentDropped)
    ]


def test_a_ledger_in_order_loses_nothing(maker):
    id = maker.trial(metrics={"loss": 1.0}, inputs={"data": b"rows"}, outputs={"model": b"weights"})
    maker.replay(id)
    before = set(maker.store.digests())
    done = collect(maker)
    assert (done.rows, done.kept, done.waiting) == ((), len(before), 0)
    assert set(maker.store.digests()) == before
    assert drops(maker) == []


def test_what_nothing_refers_to_goes(maker):
    maker.trial(outputs={"model": b"weights"})
    maker.store.put(b"orphan")
    maker.store.put(b"another")
    done = collect(maker)
    assert row(done) == [("unreferenced", None, 0, 2, 13)]
    assert not has(maker, b"orphan")
    assert has(maker, b"weights")


def test_a_dry_run_says_the_same_and_does_nothing(maker):
    maker.trial(experiment="e", outputs={"model": b"weights"})
    maker.trial(experiment="e", outputs={"model": b"others"})
    maker.store.put(b"orphan")
    would = collect(maker, dry_run=True, keep_last=1)
    assert would.dry_run
    assert has(maker, b"orphan")
    assert has(maker, b"weights")
    assert drops(maker) == []
    done = collect(maker, keep_last=1)
    assert row(done) == row(would) == [("dropped", "e", 1, 1, 7), ("unreferenced", None, 0, 1, 6)]
    assert (done.objects, done.size, done.kept) == (would.objects, would.size, would.kept)
    assert not has(maker, b"orphan")
    assert not has(maker, b"weights")
    assert has(maker, b"others")


class TestRemoved:
    def test_the_contents_of_a_trial_that_was_taken_back_go_its_lists_stay(self, maker):
        trial = maker.made(
            experiment="e", inputs={"d": b"rows"}, outputs={"m": b"weights"}, code={"a.py": b"only here"}
        )
        maker.trial(inputs={"d": b"rows"})
        maker.journal.append(Tombstone(target=trial.id, reason="wrong"))
        done = collect(maker)
        assert row(done) == [("removed", "e", 1, 2, 16)]
        assert not has(maker, b"weights")
        assert not has(maker, b"only here")
        assert has(maker, b"rows")  # another trial's
        assert has(maker, b"")  # the other trial's standard output is the same
        for digest in (trial.code[0].tree, trial.environment, trial.host):
            assert maker.store.has(digest)
        assert verify(maker.journal, maker.store, maker.trials).ok

    def test_its_replays_hold_nothing_either(self, maker):
        id = maker.trial(outputs={"m": b"weights"})
        maker.replay(id, outcome=maker.outcome(outputs={"m": b"again"}))
        maker.journal.append(Tombstone(target=id, reason="wrong"))
        maker.trial(code={"b.py": b"2"})
        collect(maker)
        assert not has(maker, b"again")

    def test_a_damaged_list_of_it_is_in_nobodys_way(self, maker):
        trial = maker.made(code={"a.py": b"only here"})
        maker.lose(trial.code[0].tree)
        with pytest.raises(DamagedError, match="what code holds is not known") as error:
            collect(maker)
        assert "ledger rm" in error.value.hint
        maker.journal.append(Tombstone(target=trial.id, reason="wrong"))
        collect(maker)
        assert not has(maker, b"only here")


class TestPolicies:
    @pytest.fixture
    def many(self, maker):
        """Five trials of one experiment, a day apart, the third one tagged; two of another."""
        self.ids = []
        for number in range(5):
            maker.clock += DAY
            self.ids.append(
                maker.trial(
                    experiment="e",
                    outputs={"m": b"e%d" % number},
                    metrics={"loss": number},
                    params={"n": number},
                )
            )
        maker.journal.append(Tag(trial=self.ids[2], name="paper"))
        for number in range(2):
            maker.trial(experiment="f", outputs={"m": b"f%d" % number})
        return maker

    def left(self, maker):
        names = ["e0", "e1", "e2", "e3", "e4", "f0", "f1"]
        return [name for name in names if has(maker, name.encode())]

    @pytest.mark.parametrize(
        ("policy", "left"),
        [
            ({}, "e0 e1 e2 e3 e4 f0 f1"),
            ({"keep_last": 2}, "e2 e3 e4 f0 f1"),
            ({"keep_last": 1}, "e2 e4 f1"),
            ({"keep_last": 0}, "e2"),
            ({"keep_last": 1, "experiment": "e"}, "e2 e4 f0 f1"),
            ({"experiment": "f"}, "e0 e1 e2 e3 e4"),
            ({"tag": "paper"}, "e0 e1 e3 e4 f0 f1"),
            ({"tag": "paper", "experiment": "f"}, "e0 e1 e2 e3 e4 f0 f1"),
            ({"tag": "paper", "keep_last": 3}, "e0 e1 e2 e3 e4 f0 f1"),
            ({"older_than": 2.5 * 86_400}, "e2 e3 e4 f0 f1"),
            ({"older_than": 2.5 * 86_400, "keep_last": 4}, "e1 e2 e3 e4 f0 f1"),
            ({"reproducible": True}, "e0 e1 e2 e3 e4 f0 f1"),
        ],
        ids=str,
    )
    def test_which_trials_lose_their_outputs(self, many, policy, left):
        collect(many, now=many.clock, **policy)
        assert self.left(many) == left.split()
        assert verify(many.journal, many.store, many.trials).ok

    def test_everything_but_outputs_stays(self, many):
        before = set(many.store.digests())
        done = collect(many, keep_last=0, experiment="e")
        gone = before - set(many.store.digests())
        assert gone == {Digest.of(b"e%d" % number) for number in (0, 1, 3, 4)}
        assert row(done) == [("dropped", "e", 4, 4, 8)]

    def test_what_was_let_go_of_is_recorded_with_its_digests(self, many):
        collect(many, keep_last=1)
        (entry,) = drops(many)
        assert entry.reason == "ledger gc --keep-last 1"
        ends = many.trials.ends
        assert {each.entry: each.digests for each in entry.contents} == {
            ends[self.ids[number]]: (Digest.of(b"e%d" % number),) for number in (0, 1, 3)
        } | {ends[many.trials.of_experiment("f")[0].id]: (Digest.of(b"f0"),)}
        again = collect(many, keep_last=1)
        assert again.rows == ()
        assert len(drops(many)) == 1

    def test_verify_tells_it_and_calls_it_no_damage(self, many):
        collect(many, keep_last=4, experiment="e")
        report = verify(many.journal, many.store, many.trials)
        assert report.ok
        (notice,) = (each for each in report.notices if each.what == "content.dropped")
        assert notice.where == str(self.ids[0])
        assert "1 output by ledger gc -x e --keep-last 4" in notice.detail
        many.lose(Digest.of(b"e4"))
        assert not verify(many.journal, many.store, many.trials).ok

    def test_why_it_is_gone(self, many):
        collect(many, keep_last=4, experiment="e")
        trials = many.trials
        why = lettings.why(trials.by_id[self.ids[0]], trials, Digest.of(b"e0"), many.store)
        assert why.startswith("let go of by ledger gc -x e --keep-last 4 on 20")
        assert lettings.why(trials.by_id[self.ids[1]], trials, Digest.of(b"e1"), many.store) is None

    def test_an_unknown_name_is_told(self, many):
        with pytest.raises(NotFoundError):
            collect(many, experiment="g")
        with pytest.raises(NotFoundError, match="no trial has the tag") as error:
            collect(many, tag="papers")
        assert "paper" in error.value.cause


def test_a_running_trial_keeps_all(maker):
    maker.start(experiment="e", inputs={"d": b"rows"})
    assert collect(maker, keep_last=0).rows == ()
    assert has(maker, b"rows")


@pytest.mark.parametrize(
    ("verdicts", "goes"),
    [
        ([Verdict.IDENTICAL], True),
        ([Verdict.DIVERGED, Verdict.IDENTICAL], True),
        ([Verdict.IDENTICAL, Verdict.DIVERGED], False),
        ([Verdict.IDENTICAL, Verdict.INCOMPARABLE], True),
        ([Verdict.EQUIVALENT], False),
        ([Verdict.INCOMPARABLE], False),
    ],
)
def test_reproducible_is_what_the_last_replay_has_shown(maker, verdicts, goes):
    id = maker.trial(outputs={"m": b"weights"})
    for verdict in verdicts:
        maker.replay(id, verdict)
    collect(maker, reproducible=True)
    assert has(maker, b"weights") is not goes


def test_a_replay_under_other_conditions_shows_nothing(maker):
    id = maker.trial(outputs={"m": b"weights"})
    maker.replay(id, varied=("locale: C → de",))
    collect(maker, reproducible=True)
    assert has(maker, b"weights")


class TestShared:
    def test_an_output_that_another_trial_holds_stays(self, maker):
        maker.trial(experiment="e", outputs={"m": b"weights"})
        maker.trial(experiment="f", inputs={"m": b"weights"})
        assert collect(maker, experiment="e").rows == ()
        assert has(maker, b"weights")
        assert drops(maker) == []

    def test_an_output_in_anothers_code_stays(self, maker):
        maker.trial(experiment="e", outputs={"m": b"weights"})
        maker.trial(experiment="f", code={"m": b"weights"})
        collect(maker, experiment="e")
        assert has(maker, b"weights")

    def test_an_output_that_is_an_input_of_the_same_trial_stays(self, maker):
        maker.trial(experiment="e", inputs={"m": b"weights"}, outputs={"m": b"weights"})
        collect(maker, experiment="e")
        assert has(maker, b"weights")

    def test_a_replays_outputs_go_with_those_of_its_trial(self, maker):
        id = maker.trial(experiment="e", outputs={"m": b"weights"})
        maker.replay(id, Verdict.DIVERGED, outcome=maker.outcome(outputs={"m": b"others"}))
        done = collect(maker, experiment="e")
        assert row(done) == [("dropped", "e", 1, 2, 13)]
        assert verify(maker.journal, maker.store, maker.trials).ok

    def test_what_a_later_replay_has_made_again_is_kept_again(self, maker):
        id = maker.trial(experiment="e", outputs={"m": b"weights"})
        collect(maker, experiment="e")
        assert not has(maker, b"weights")
        maker.replay(id, outcome=maker.outcome(outputs={"m": b"weights"}))
        assert collect(maker).rows == ()
        assert has(maker, b"weights")
        maker.lose(Digest.of(b"weights"))
        (finding,) = verify(maker.journal, maker.store, maker.trials).findings
        assert "output of a replay m" in finding.where
        maker.store.put(b"weights")
        assert row(collect(maker, experiment="e")) == [("dropped", "e", 1, 1, 7)]


class TestProducts:
    """What earlier trials had made, and lay there when a trial began."""

    def product(self, maker, *, complete):
        maker.trial(experiment="e", outputs={"m": b"weights"})
        products = maker.put(maker.manifest({"m": b"weights"}))
        id, started = maker.start(experiment="f", snapshot={"products": products})
        if complete is not None:
            maker.store.flush()
            whole = maker.trials.ordered[0]
            maker.journal.append(
                TrialFinished(
                    trial=id,
                    recipe=whole.recipe,
                    recipe_complete=complete,
                    hyperparameters=(),
                    inputs=(),
                    observed=whole.observed,
                    outcome=maker.outcome(),
                    health=started.health,
                )
            )
        return id

    def test_a_trial_that_is_known_not_to_have_read_it_does_not_hold_it(self, maker):
        id = self.product(maker, complete=True)
        assert collect(maker).rows == ()
        assert row(collect(maker, experiment="e")) == [("dropped", "e", 1, 1, 7)]
        assert verify(maker.journal, maker.store, maker.trials).ok
        trials = maker.trials
        why = lettings.why(trials.by_id[id], trials, Digest.of(b"weights"), maker.store)
        assert why.startswith("let go of by ledger gc -x e")

    @pytest.mark.parametrize("complete", [False, None], ids=["unknown", "running"])
    def test_a_trial_that_may_have_read_it_holds_it(self, maker, complete):
        self.product(maker, complete=complete)
        assert collect(maker, experiment="e").rows == ()
        assert has(maker, b"weights")

    def test_that_of_a_trial_that_was_taken_back_goes_too(self, maker):
        id = self.product(maker, complete=True)
        maker.journal.append(Tombstone(target=maker.trials.ordered[0].id, reason="wrong"))
        collect(maker)
        assert not has(maker, b"weights")
        trials = maker.trials
        assert verify(maker.journal, maker.store, trials).ok
        why = lettings.why(trials.by_id[id], trials, Digest.of(b"weights"), maker.store)
        assert why.endswith("which was taken back")


class TestDirectories:
    """One artifact that stands for the files of a directory."""

    @pytest.fixture
    def grouped(self, maker):
        listed = maker.manifest({"a": b"first", "b": b"second"})
        outcome = maker.outcome(outputs={"m": b"weights"})
        group = Artifact(
            role=ArtifactRole.OUTPUT,
            path="many",
            digest=maker.put(listed),
            size=11,
            mode=Mode.DIRECTORY,
            media_type="inode/directory",
        )
        id, started = maker.start(experiment="e")
        whole = maker.made(experiment="f", code={"x.py": b"second"})
        finished = TrialFinished(
            trial=id,
            recipe=whole.recipe,
            recipe_complete=True,
            hyperparameters=(),
            inputs=(),
            observed=whole.observed,
            outcome=replace(outcome, outputs=(*outcome.outputs, group)),
            health=started.health,
        )
        maker.store.flush()
        maker.journal.append(finished)
        return group.digest

    def test_its_files_go_and_its_list_stays(self, maker, grouped):
        done = collect(maker, experiment="e")
        assert row(done) == [("dropped", "e", 1, 2, 12)]
        assert not has(maker, b"first")
        assert has(maker, b"second")  # in another's code
        assert maker.store.has(grouped)
        assert verify(maker.journal, maker.store, maker.trials).ok
        trial = maker.trials.of_experiment("e")[0]
        assert lettings.why(trial, maker.trials, Digest.of(b"first"), maker.store)

    def test_it_is_held_like_all_else(self, maker, grouped):
        assert collect(maker).rows == ()


class TestCaution:
    def test_a_damaged_journal_is_refused(self, maker):
        maker.trial()
        maker.store.put(b"orphan")
        (path,) = maker.folder.glob("journal/*/tail-*")
        content = bytearray(path.read_bytes())
        content[len(content) // 3] ^= 1
        path.write_bytes(content)
        with pytest.raises(DamagedError, match="journal is damaged"):
            collect(maker)
        assert has(maker, b"orphan")

    def test_a_log_that_was_rolled_back_is_refused(self, maker):
        """It is whole in itself; only a head that was signed or pinned knows of more."""
        maker.trial(outputs={"a": b"first"})
        (log,) = maker.folder.glob("journal/*")
        before = {path.name: path.read_bytes() for path in log.iterdir()}
        maker.trial(outputs={"a": b"second"})
        kept_heads.keep(maker.folder, maker.journal.head())
        assert collect(maker).objects == 0
        for name, content in before.items():
            (log / name).unlink()
            (log / name).write_bytes(content)
        maker.journal = LocalJournal(maker.folder)
        assert maker.journal.verify() == []
        with pytest.raises(DamagedError, match="lost part") as raised:
            collect(maker)
        assert "head.rolled-back" in raised.value.cause
        assert has(maker, b"second")

    def test_a_damaged_list_is_refused(self, maker):
        trial = maker.made()
        maker.damage(trial.code[0].tree)
        maker.store.put(b"orphan")
        with pytest.raises(DamagedError):
            collect(maker)
        assert has(maker, b"orphan")

    def test_what_an_entry_of_a_later_release_may_refer_to_stays(self, maker):
        inner = maker.manifest({"a": b"listed"})
        tree = maker.put(inner)
        plain, text = maker.store.put(b"plain"), maker.store.put(b"by its text")
        data = {"tree": bytes(tree), "deep": [{"of": bytes(plain)}], "named": str(text), "no": "b3:digest"}
        maker.journal.append(Unknown(kind="trial.later", data=data))
        assert collect(maker).rows == ()

    def test_what_an_unknown_field_may_refer_to_stays(self, maker, monkeypatch):
        """An entry whose stored bytes hold more than this release reads."""
        maker.trial(experiment="e", outputs={"m": b"weights"})
        extra = maker.store.put(b"what a later release has put")
        maker.store.flush()
        from ledger.ops import holding

        known = holding.encode_entry

        class Later:
            """The journal as a later release would have written it."""

            def __init__(self, journal):
                self.journal = journal

            def __getattr__(self, name):
                return getattr(self.journal, name)

            def entries(self):
                import cbor2

                for each in self.journal.entries():
                    document = cbor2.loads(known(each.entry))
                    if isinstance(each.entry.payload, TrialFinished):
                        document["data"]["later"] = bytes(extra)
                    yield replace(each, body=cbor2.dumps(document, canonical=True))

        place = workspace(maker)
        place.journal = Later(maker.journal)
        done = gc(place, Policy(experiment="e"), patience=0)
        assert row(done) == [("dropped", "e", 1, 1, 7)]
        assert maker.store.has(extra)

    def test_two_at_once(self, maker):
        with collecting(maker.folder, maker.store), pytest.raises(LedgerError, match="already") as error:
            collect(maker)
        assert "run the command again" in error.value.hint


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90d", 90 * 86_400), ("12h", 43_200), ("1.5w", 907_200), ("5m", 300), ("0s", 0), (" 2d ", 172_800)],
)
def test_ages(text, seconds):
    assert keeping.age(text) == seconds


@pytest.mark.parametrize("text", ["", "90", "d", "-1d", "1y", "1 day", "1d2h"])
def test_what_is_no_age(text):
    with pytest.raises(UsageError) as error:
        keeping.age(text)
    assert repr(text) in error.value.cause


class TestWaiting:
    def test_who_writes_is_waited_for_and_the_next_one_goes_on(self, maker):
        orphan = maker.store.put(b"orphan")
        maker.store.flush()
        writer = writer_of(maker)
        assert writer.has(orphan)
        done = collect(maker)
        assert (done.waiting, done.rows) == (1, ())
        assert has(maker, b"orphan")
        assert collect(maker).waiting == 1
        writer.release()
        done = collect(maker)
        assert (done.waiting, row(done)) == (0, [("unreferenced", None, 0, 1, 6)])

    def test_what_was_recorded_meanwhile_stays(self, maker):
        maker.store.put(b"weights")
        maker.store.put(b"orphan")
        maker.store.flush()
        writer = writer_of(maker)
        writer.put(b"weights")
        assert collect(maker).waiting == 1
        maker.trial(outputs={"m": b"weights"})
        writer.release()
        assert row(collect(maker)) == [("unreferenced", None, 0, 1, 6)]
        assert has(maker, b"weights")

    def test_who_comes_later_is_not_waited_for(self, maker):
        maker.store.put(b"orphan")
        maker.store.flush()
        first, second = writer_of(maker), writer_of(maker)
        first.put(b"x")
        assert collect(maker).waiting == 1
        second.put(b"y")
        assert collect(maker).waiting == 1
        first.release()
        done = collect(maker)
        assert (done.waiting, row(done)) == (0, [("unreferenced", None, 0, 1, 6)])

    def test_it_waits_a_little(self, maker, monkeypatch):
        orphan = maker.store.put(b"orphan")
        maker.store.flush()
        writer = writer_of(maker)
        assert writer.has(orphan)
        said = []

        def sleep(_):
            writer.release()

        monkeypatch.setattr(gcs.time, "sleep", sleep)
        done = gc(workspace(maker), patience=60, progress=said.append)
        assert row(done) == [("unreferenced", None, 0, 1, 6)]
        assert said.count("waiting for a command that writes") == 1


def test_a_trial_that_was_killed_has_ended(maker):
    maker.trial(status=Status.KILLED, outputs={"m": b"weights"})
    collect(maker, keep_last=0)
    assert not has(maker, b"weights")


def test_what_the_same_process_has_not_let_go_of_is_not_waited_for(maker):
    maker.store.put(b"orphan")
    maker.store.flush()
    place = workspace(maker)
    assert place.store.has(Digest.of(b"orphan"))
    assert gc(place, patience=0).waiting == 0
    assert not has(maker, b"orphan")
