from dataclasses import replace

import pytest

from ledger.errors import StorageError
from ledger.model import (
    Artifact,
    ArtifactRole,
    Digest,
    HealthLine,
    HealthState,
    Manifest,
    ManifestEntry,
    Mode,
    Observed,
    Status,
    Stream,
    Tombstone,
    TrialLost,
)
from ledger.ops.sampling import Sampling
from ledger.ops.verify import verify

PARTS = {
    "environment": lambda trial, maker: trial.environment,
    "host": lambda trial, maker: trial.host,
    "code": lambda trial, maker: trial.code[0].tree,
    "code train.py": lambda trial, maker: Digest.of(b"print(1)\n"),
    "input data": lambda trial, maker: trial.inputs[0].digest,
    "output model": lambda trial, maker: trial.outcome.outputs[0].digest,
    "metric series": lambda trial, maker: trial.outcome.series,
    "stdout": lambda trial, maker: trial.outcome.stdout.digest,
}


def checked(maker, scope=None, **options):
    trials = maker.trials
    return verify(maker.journal, maker.store, trials, scope=scope, **options)


def full(maker):
    id = maker.trial(metrics={"loss": 1.0}, inputs={"data": b"rows"}, outputs={"model": b"weights"})
    return maker.trials.by_id[id]


def test_a_whole_ledger(maker):
    full(maker)
    maker.replay(maker.trials.ordered[0].id)
    seen = []
    report = checked(maker, progress=lambda done, known: seen.append((done, known)))
    assert report.ok
    assert (report.findings, report.notices) == ((), ())
    assert report.head == maker.journal.head()
    assert (report.trials, report.objects) == (1, len(PARTS))
    assert seen[-1] == (report.objects, report.objects)


def test_nothing_recorded(maker):
    report = checked(maker)
    assert report.ok
    assert (report.trials, report.objects, report.head.size) == (0, 0, 0)


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize(("break_it", "what"), [("damage", "object.damaged"), ("lose", "object.missing")])
def test_every_part_is_looked_at(maker, part, break_it, what):
    trial = full(maker)
    if part == "stdout":
        outcome = replace(trial.outcome, stdout=Stream(digest=maker.store.put(b"out"), size=3))
        maker.store.flush()
        trial = replace(trial, outcome=outcome)
    digest = PARTS[part](trial, maker)
    getattr(maker, break_it)(digest)
    report = checked(maker, scope=[trial])
    (finding,) = report.findings
    assert not report.ok
    assert (finding.what, finding.where) == (what, f"{digest} ({part})")
    assert finding.expected == str(digest)
    assert str(digest) not in finding.got
    assert finding.trials == (str(trial.id),)


def test_an_object_of_many_trials_names_them_all_once(maker):
    ids = [maker.trial() for _ in range(3)]
    maker.damage(Digest.of(b"print(1)\n"))
    (finding,) = checked(maker).findings
    assert finding.trials == tuple(map(str, ids))


def test_an_object_that_is_no_noun_is_found(maker):
    id = maker.trial()
    trial = maker.trials.by_id[id]
    wrong = replace(trial, host=maker.store.put(b"nonsense"))
    maker.store.flush()
    (finding,) = checked(maker, scope=[wrong]).findings
    assert (finding.what, finding.expected) == ("object.format", "of the form Host")


def test_the_journals_own_findings_are_there(maker):
    full(maker)
    (path,) = maker.folder.glob("journal/*/tail-*")
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 1
    path.write_bytes(content)
    report = checked(maker)
    assert not report.ok
    assert {finding.what.split(".")[0] for finding in report.findings} == {"journal"}


def test_the_objects_of_replays_count(maker):
    id = maker.trial()
    environment = maker.put(replace(maker.environment, python="3.12.0"))
    maker.replay(id, environment=environment)
    maker.lose(environment)
    (finding,) = checked(maker).findings
    assert finding.where == f"{environment} (environment of a replay)"


def test_standard_input_counts(maker):
    id = maker.trial()
    trial = maker.trials.by_id[id]
    piped = replace(trial, intent=replace(trial.intent, stdin=str(Digest.of(b"piped"))))
    (finding,) = checked(maker, scope=[piped]).findings
    assert "(standard input)" in finding.where


def test_omitted_contents_and_orphans_are_no_damage(maker):
    trial = full(maker)
    orphan = maker.store.put(b"orphan")
    maker.store.flush()
    maker.damage(orphan)
    big = Artifact(
        role=ArtifactRole.INPUT,
        path="big",
        digest=Digest.of(b"never stored"),
        size=12,
        mode=Mode.FILE,
        media_type="x/y",
        omitted="size",
    )
    unread = replace(big, path="unread", digest=None, omitted=None)
    assert checked(maker, scope=[replace(trial, inputs=(big, unread))]).ok


def test_removed_trials_may_have_lost_their_objects(maker):
    trial = full(maker)
    maker.journal.append(Tombstone(target=trial.id, reason="big"))
    maker.lose(trial.outcome.outputs[0].digest)
    assert checked(maker).ok


def test_a_scope_leaves_others_alone(maker):
    first = maker.made(outputs={"a": b"1"})
    second = maker.made(outputs={"a": b"2"})
    maker.lose(Digest.of(b"1"))
    assert checked(maker, scope=[second]).ok
    assert not checked(maker, scope=[first]).ok


def test_notices_change_nothing(maker):
    lines = (
        HealthLine(part="code", state=HealthState.COMPLETE),
        HealthLine(part="inputs", state=HealthState.ABSENT, reason="no tracer"),
        HealthLine(part="probe", state=HealthState.PARTIAL, reason="-I"),
    )
    first = maker.trial(outputs={"a": b"1"}, health=lines)
    second = maker.trial(outputs={"a": b"2"})
    lost, _ = maker.start(argv=("python", "other.py"))
    maker.journal.append(
        TrialLost(
            trial=lost,
            reason="died",
            hyperparameters=(),
            observed=Observed(affinity=1),
            outcome=maker.outcome(status=Status.KILLED),
            health=(),
        )
    )
    report = checked(maker)
    assert report.ok
    assert [(notice.what, notice.detail) for notice in report.notices] == [
        ("record.partial", "inputs absent (no tracer); probe partial (-I)"),
        ("trial.lost", "its recorder died before it ended"),
        (
            "recipe.nondeterministic",
            f"2 trials of this recipe have 2 results: {first.short}, {second.short}",
        ),
    ]
    assert report.notices[2].where == str(maker.trials.by_id[first].recipe)


def test_killed_trials_do_not_make_a_recipe_nondeterministic(maker):
    maker.trial(outputs={"a": b"1"})
    maker.trial(outputs={"a": b"2"}, status=Status.KILLED)
    assert checked(maker).notices == ()


def test_code_without_content_or_beside_the_root(maker):
    trial = maker.made()
    entries = [
        ManifestEntry(path="big", mode=Mode.FILE, size=9, digest=Digest.of(b"never stored"), omitted="size"),
        ManifestEntry(path="empty", mode=Mode.DIRECTORY, size=0, digest=None),
        ManifestEntry(path="lib.py", mode=Mode.FILE, size=3, digest=maker.store.put(b"lib")),
    ]
    beside = replace(trial.code[0], name="mylib", tree=maker.put(Manifest.of(entries)))
    maker.store.flush()
    trial = replace(trial, code=(*trial.code, beside))
    assert checked(maker, scope=[trial]).ok
    maker.lose(Digest.of(b"lib"))
    (finding,) = checked(maker, scope=[trial]).findings
    assert finding.where == f"{Digest.of(b'lib')} (code of mylib lib.py)"


def test_an_object_with_two_meanings_is_looked_at_in_both(maker):
    """A list of files that a trial also has as an input: damage inside the list still shows."""
    trial = maker.made()
    tree = trial.code[0].tree
    listed = Artifact(
        role=ArtifactRole.INPUT, path="list", digest=tree, size=1, mode=Mode.FILE, media_type="x/y"
    )
    nonsense = maker.store.put(b"nonsense")
    maker.store.flush()
    broken = replace(trial, inputs=(listed, replace(listed, path="n", digest=nonsense)), host=nonsense)
    maker.lose(Digest.of(b"print(1)\n"))
    whats = {finding.what for finding in checked(maker, scope=[broken]).findings}
    assert whats == {"object.missing", "object.format"}


class Refusing:
    """A store whose disk does not give one object."""

    def __init__(self, store, digest, error):
        self.store, self.digest, self.error = store, digest, error

    def __getattr__(self, name):
        def call(digest):
            if digest == self.digest:
                raise self.error
            return getattr(self.store, name)(digest)

        return call


def test_an_object_that_cannot_be_read_is_found(maker):
    trial = full(maker)
    store = Refusing(
        maker.store, trial.outcome.series, StorageError("cannot read x", cause="Input/output error")
    )
    (finding,) = verify(maker.journal, store, maker.trials).findings
    assert (finding.what, finding.got) == ("object.unreadable", "Input/output error")


def test_trials_that_did_not_finish_share_no_recipe(maker):
    for reason in ("a", "b"):
        id, _ = maker.start()
        maker.journal.append(
            TrialLost(
                trial=id,
                reason=reason,
                hyperparameters=(),
                observed=Observed(affinity=1),
                outcome=maker.outcome(status=Status.KILLED, outputs={"a": reason.encode()}),
                health=(HealthLine(part="outputs", state=HealthState.ABSENT),),
            )
        )
    maker.start()
    notices = checked(maker).notices
    assert [notice.what for notice in notices] == ["trial.lost", "record.partial"] * 2
    assert notices[1].detail == "outputs absent"


def test_an_incomplete_recipe_says_so(maker):
    first, second = (maker.made(outputs={"a": content}) for content in (b"1", b"2"))
    partly = [replace(each, recipe_complete=False) for each in (first, second)]
    (notice,) = checked(maker, scope=partly).notices
    assert "its list of inputs is not known to be complete" in notice.detail


def test_a_lock_file_is_looked_at(maker):
    (lock,) = maker.artifacts(ArtifactRole.INPUT, {"uv.lock": b"locked"})
    maker.trial(locks=(lock,))
    maker.lose(lock.digest)
    (finding,) = verify(maker.journal, maker.store, maker.trials).findings
    assert finding.what == "object.missing"
    assert finding.where.endswith("(lock file uv.lock)")


def test_every_place_of_an_object_is_named(maker):
    first = maker.made(outputs={"model": b"weights"})
    second = maker.made(inputs={"start": b"weights"}, code={"lib/w.bin": b"weights", "a.py": b"1"})
    other = maker.made(outputs={"model": b"others"})
    maker.damage(Digest.of(b"weights"))
    (finding,) = checked(maker).findings
    assert finding.where == f"{Digest.of(b'weights')} (output model; code lib/w.bin; input start)"
    assert finding.trials == (str(first.id), str(second.id))
    assert str(other.id) not in finding.trials


def test_of_very_many_places_some_are_named(maker):
    maker.trial(outputs={f"{number}": b"same" for number in range(8)})
    maker.lose(Digest.of(b"same"))
    (finding,) = checked(maker).findings
    assert finding.where.endswith("(output 0; output 1; output 2; output 3; output 4; 3 more)")


def test_large_objects_are_hashed_too(maker, monkeypatch):
    monkeypatch.setattr("ledger.processors.allowed", lambda: 3)
    contents = {f"{number}": bytes([number]) * (1 << 20) for number in range(6)}
    maker.trial(outputs=contents)
    maker.damage(Digest.of(contents["4"]))
    maker.lose(Digest.of(contents["2"]))
    seen = []
    report = checked(maker, progress=lambda done, known: seen.append((done, known)))
    assert [finding.what for finding in report.findings] == ["object.missing", "object.damaged"]
    assert [done for done, _ in seen] == list(range(1, report.objects + 1))
    assert seen[-1] == (report.objects, report.objects)


class TestSample:
    @pytest.fixture
    def many(self, maker):
        maker.trial(outputs={f"{number:03}": b"%d" % number for number in range(200)})
        return maker

    def test_some_are_hashed_and_the_rest_is_bounded(self, many):
        report = checked(many, sample=Sampling(count=50, seed=3))
        assert report.ok
        assert report.objects == 50 + 3  # the environment, the host and the code's list are always read
        assert (report.sample.objects, report.sample.of, report.sample.damaged) == (50, 202, 0)
        assert 0.04 < report.sample.most < 0.06

    def test_a_seed_is_told_and_chooses_the_same(self, many):
        first = checked(many, sample=Sampling(share=0.25)).sample
        assert first.objects == 50
        for number in range(200):
            many.damage(Digest.of(b"%d" % number))
        again, twice = (checked(many, sample=Sampling(count=50, seed=first.seed)) for _ in range(2))
        assert again.findings == twice.findings
        assert again.sample.damaged == len(again.findings) >= 48
        assert again.sample.most > 0.9
        others = checked(many, sample=Sampling(count=50, seed=first.seed + 1))
        assert others.findings != again.findings

    def test_what_is_missing_is_found_whatever_is_drawn(self, many):
        many.lose(Digest.of(b"7"))
        many.damage(Digest.of(b"print(1)\n"))
        whats = [checked(many, sample=Sampling(count=1, seed=seed)).findings[-1].what for seed in range(5)]
        assert whats == ["object.missing"] * 5

    def test_what_is_missing_is_none_of_those_that_may_be_damaged(self, many):
        many.lose(Digest.of(b"7"))
        assert checked(many, sample=Sampling(count=50)).sample.of == 201

    def test_a_damaged_list_is_found_whatever_is_drawn(self, many):
        trial = many.trials.ordered[0]
        many.damage(trial.code[0].tree)
        report = checked(many, sample=Sampling(count=1, seed=0))
        assert [finding.where for finding in report.findings] == [f"{trial.code[0].tree} (code)"]

    def test_a_sample_of_all_is_no_sample(self, many):
        report = checked(many, sample=Sampling(count=1000))
        assert report.sample is None
        assert report.objects == checked(many).objects
