"""What the bytes of entries tell of who had a content is what reading every trial tells."""

import pytest

from ledger.capture.directories import expanded, is_group
from ledger.journal.passages import passages
from ledger.model import (
    Artifact,
    ArtifactRole,
    Digest,
    Mode,
    Observed,
    Status,
    Tombstone,
    TrialFinished,
    TrialLost,
)
from ledger.ops import readers, uses
from ledger.ops.indexed import asked
from ledger.ops.scope import Scope

CONTENT, OTHER = b"a,b\n1,2\n", b"other"
WANTED, GONE = Digest.of(CONTENT), Digest.of(b"gone")


def input_of(path, digest, mode=Mode.FILE):
    return Artifact(
        role=ArtifactRole.INPUT, path=path, digest=digest, size=8, mode=mode, media_type="text/csv"
    )


def ended(maker, start, kind=TrialFinished, inputs=(), **fields):
    id, started = start
    own = {"recipe": WANTED, "recipe_complete": True} if kind is TrialFinished else {"reason": "gone"}
    status = Status.OK if kind is TrialFinished else Status.LOST
    end = kind(
        trial=id,
        hyperparameters=(),
        inputs=inputs,
        observed=Observed(affinity=2),
        outcome=maker.outcome(status=status, **fields),
        health=started.health,
        **own,
    )
    maker.store.flush()
    maker.journal.append(end, time=maker.clock)
    return id


@pytest.fixture
def ledger(maker):
    """Trials that had the content, in each way in which one can, and trials that only seem to."""
    files = {f"{place:03d}.csv": CONTENT if place == 7 else b"%d" % place for place in range(9)}
    inside, none = maker.put(maker.manifest(files)), maker.put(maker.manifest({"x": OTHER}))
    maker.trial(inputs={"data.csv": CONTENT}, experiment="digits")
    maker.trial(inputs={"fdigest dmode.csv": CONTENT, "a": OTHER, "dmode": CONTENT})
    maker.trial(outputs={"made.csv": CONTENT}, inputs={"z": OTHER})
    ended(maker, maker.start(), inputs=(input_of("d", inside, Mode.DIRECTORY),))
    ended(maker, maker.start(), inputs=(input_of("d", none, Mode.DIRECTORY), input_of("e", None)))
    ended(maker, maker.start(), inputs=(input_of("e", None, Mode.DIRECTORY),), stdout=CONTENT)
    ended(maker, maker.start(), inputs=(input_of("m", GONE, Mode.DIRECTORY),))
    # A start that declared it counts while it runs, and where a recorder was lost without a word of inputs.
    maker.start(inputs={"data.csv": CONTENT}, experiment="digits")
    ended(maker, maker.start(inputs={"data.csv": CONTENT}), TrialLost)
    ended(maker, maker.start(inputs={"data.csv": CONTENT}), TrialLost, inputs=(input_of("o", None),))
    ended(maker, maker.start(inputs={"data.csv": CONTENT}))
    gone = maker.trial(inputs={"data.csv": CONTENT})
    maker.journal.append(Tombstone(target=gone, reason="by mistake"), time=maker.clock)
    maker.replay(maker.trial(outputs={"m": OTHER}), outcome=maker.outcome(outputs={"made.csv": CONTENT}))
    return maker


def by_index(maker, content):
    def ask(held, logs):
        found = readers.find(held, logs, content, maker.store.get)
        ids = Scope(held, logs, None).ids()
        return [
            {Digest(ids[n].tobytes()): own for n, own in each.items()}
            for each in (found.readers, found.makers)
        ]

    return asked(maker.journal, ask)


def by_reading(maker, content):
    """The same, one trial after the other."""
    trials, get = maker.trials, maker.store.get
    having = uses.users(trials, content, get)
    read = {each.id: had(each.inputs, content, get) for each in trials if each.id in having}
    made = {each.id: had(each.outcome.outputs, content, get) for each in trials if each.outcome}
    return [read, {id: own for id, own in made.items() if own}]


def had(artifacts, content, get):
    whole = [each for each in artifacts if each.digest == content]
    groups = [each for each in artifacts if is_group(each) and each.digest not in (content, GONE)]
    return (*whole, *(one for one in expanded(groups, get) if one.digest == content))


@pytest.mark.parametrize("sealed", [False, True])
def test_it_is_what_reading_all_trials_tells(ledger, sealed):
    if sealed:
        ledger.journal.seal()
    counts = []
    for content in (WANTED, Digest.of(OTHER), Digest.of(b"3"), Digest.of(b"nobody")):
        found = by_index(ledger, content)
        assert found == by_reading(ledger, content)
        counts.append(tuple(map(len, found)))
    assert counts == [(5, 1), (3, 1), (1, 0), (0, 0)]


def test_an_artifact_that_is_written_otherwise_is_left_to_who_reads_all(ledger, monkeypatch):
    monkeypatch.setattr(readers, "encode", lambda noun: b"")
    assert by_index(ledger, WANTED) is None


def test_bytes_that_lie_across_two_entries_are_in_neither(ledger):
    ledger.journal.seal()

    def ask(held, logs):
        (log,) = logs.by_origin.values()
        bodies = [row.body for row in log.rows(0)]
        across = bodies[0][-8:] + bodies[1][:8]
        return [list(passages(log, (across,))), [each.seq for each in passages(log, (bodies[1],))]]

    assert asked(ledger.journal, ask) == [[], [1]]
