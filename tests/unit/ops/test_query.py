from ledger.model import (
    Digest,
    HealthLine,
    HealthState,
    Note,
    Observed,
    Status,
    Tag,
    Tombstone,
    TrialFinished,
    TrialLost,
    Unknown,
    Verdict,
)
from ledger.ops import query


def test_nothing_recorded(maker):
    trials = query.load(maker.journal)
    assert (len(trials), list(trials), trials.tagged) == (0, [], {})


def test_a_running_trial_has_what_its_start_says(maker):
    id, started = maker.start(name="a", experiment="x", params={"lr": 0.1}, message="why")
    (trial,) = maker.trials
    assert (trial.id, trial.name, trial.experiment, trial.message) == (id, "a", "x", "why")
    assert trial.status is Status.RUNNING
    assert trial.outcome is None
    assert trial.recipe is None
    assert trial.observed is None
    assert trial.hyperparameters == started.hyperparameters
    assert trial.started == maker.clock


def test_the_end_replaces_hyperparameters_inputs_and_health(maker):
    id, started = maker.start(params={"lr": 0.1})
    line = HealthLine(part="inputs", state=HealthState.PARTIAL, reason="why")
    finished = TrialFinished(
        trial=id,
        recipe=Digest.of(b"r"),
        recipe_complete=False,
        hyperparameters=maker.hyperparameters({"lr": 0.1, "depth": 3}),
        inputs=maker.artifacts("input", {"data": b"1"}),
        observed=Observed(affinity=1),
        outcome=maker.outcome(),
        health=(line,),
    )
    maker.journal.append(finished)
    (trial,) = maker.trials
    assert trial.hyperparameters == finished.hyperparameters != started.hyperparameters
    assert (trial.inputs, trial.health, trial.outcome) == (finished.inputs, (line,), finished.outcome)
    assert (trial.recipe, trial.recipe_complete) == (finished.recipe, False)


def lost(maker, id, **fields):
    values = {
        "reason": "died",
        "hyperparameters": (),
        "observed": Observed(affinity=1),
        "outcome": maker.outcome(status=Status.KILLED),
        "health": (),
    }
    return TrialLost(trial=id, **(values | fields))


def test_a_lost_trial_keeps_what_its_start_says(maker):
    id, started = maker.start(params={"lr": 0.1})
    maker.journal.append(lost(maker, id))
    (trial,) = maker.trials
    assert trial.status is Status.LOST
    assert trial.hyperparameters == started.hyperparameters
    assert not trial.recipe_complete


def test_what_could_be_saved_of_a_lost_trial_replaces_its_start(maker):
    id, _ = maker.start(params={"lr": 0.1})
    saved = maker.hyperparameters({"lr": 0.1, "depth": 3})
    maker.journal.append(lost(maker, id, hyperparameters=saved))
    (trial,) = maker.trials
    assert trial.hyperparameters == saved


def test_an_end_beats_lost_whichever_comes_first(maker):
    first = maker.trial()
    maker.journal.append(lost(maker, first))
    second, _start = maker.start()
    maker.journal.append(lost(maker, second))
    finished = next(
        each.entry.payload
        for each in maker.journal.entries()
        if isinstance(each.entry.payload, TrialFinished)
    )
    maker.journal.append(
        TrialFinished(**{name: getattr(finished, name) for name in finished.__slots__} | {"trial": second})
    )
    assert [trial.status for trial in maker.trials] == [Status.OK, Status.OK]


def test_trials_stand_in_the_order_of_their_starts(maker):
    first, _ = maker.start()
    second = maker.trial()
    third = maker.trial(parent=first, experiment="x")
    trials = maker.trials
    assert [trial.id for trial in trials] == [first, second, third]
    assert [trial.id for trial in trials.children(first)] == [third]
    assert [trial.id for trial in trials.of_experiment("x")] == [third]


def test_tags_go_on_and_off(maker):
    first, second = maker.trial(tags=("best", "old")), maker.trial()
    maker.journal.append(Tag(trial=second, name="best"))
    maker.journal.append(Tag(trial=first, name="old", removed=True))
    trials = maker.trials
    assert trials.tagged == {"best": (first, second)}
    assert [trial.tags for trial in trials] == [("best",), ("best",)]


def test_a_tag_put_on_again_is_the_newest(maker):
    first, second = maker.trial(tags=("best",)), maker.trial(tags=("best",))
    maker.journal.append(Tag(trial=first, name="best"))
    assert maker.trials.tagged["best"] == (second, first)


def test_receipts_and_notes_belong_to_their_trials(maker):
    first, second = maker.trial(experiment="x"), maker.trial()
    receipts = [maker.replay(first), maker.replay(first, Verdict.DIVERGED)]
    note = maker.journal.append(Note(trial=second, text="wrong", author="ann"))
    maker.journal.append(Note(trial=second, text="right", author="ann", replaces=note.id))
    maker.journal.append(Note(experiment="x", text="all of them", author="ann"))
    trials = maker.trials
    assert [receipt.id for receipt in trials.receipts[first]] == receipts
    assert second not in trials.receipts
    assert [remark.note.text for remark in trials.notes[second]] == ["right"]
    assert [remark.note.text for remark in trials.experiment_notes["x"]] == ["all of them"]


def test_a_tombstone_hides(maker):
    first, second = maker.trial(tags=("best",)), maker.trial()
    maker.journal.append(Tombstone(target=first, reason="a mistake"))
    maker.journal.append(Tombstone(target=Digest.of(b"an object"), reason="too large"))
    trials = maker.trials
    assert set(trials.removed) == {first}
    assert [trial.id for trial in trials] == [second]
    assert trials.tagged == {}
    assert trials.removed[first][1].reason == "a mistake"


def test_facts_about_unknown_trials_and_of_unknown_kinds_are_passed_over(maker):
    stranger = Digest.of(b"stranger")
    maker.journal.append(Tag(trial=stranger, name="best"))
    maker.journal.append(lost(maker, stranger))
    maker.journal.append(Unknown(kind="trial.later", data={"number": 1}))
    id = maker.trial()
    trials = maker.trials
    assert [trial.id for trial in trials] == [id]
    assert trials.tagged == {}
