"""Decisions on trials, made again from their reports; the entries are real, their trials are not run."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import model
from ledger.model import Digest, Status
from ledger.ops import searches
from ledger.ops.tune import decisions as tune_decisions
from ledger.ops.tune.entries import Entries
from ledger.ops.tune.facts import Proposed, Reported, Started
from ledger.tune import racing
from ledger.tune.schedulers import registry
from tests.searches import search


class Story:
    """A search with a scheduler in a journal, told entry by entry."""

    def __init__(self, maker, **defined):
        self.journal, self.maker = maker.journal, maker
        self.search = search(**{"scheduler": "asha:factor=2,min=1", "scheduler_version": 1} | defined)
        self.id = self.journal.append(searches.created("x", self.search)).id
        self.count = 0

    def trial(self, seed=None, source=model.ProposalSource.SAMPLER):
        proposed = model.TrialProposed(
            experiment="x",
            search=self.id,
            number=self.count,
            values=(("lr", 0.5),),
            point=(0.5,),
            head=self.journal.head(),
            source=source,
            seed=seed,
        )
        self.count += 1
        return self.maker.start(experiment="x", proposal=self.journal.append(proposed).id)[0]

    def stopped(self, value, rung=1, outputs=None):
        """A trial that was stopped at a rung."""
        trial = self.trial()
        self.decide(trial, self.report(trial, value, rung), stop=True, rung=rung)
        self.end(trial, Status.PRUNED, outputs)
        return trial

    def goes_on(self, trial, **more):
        """Another trial of a trial's proposal."""
        started = next(each for each in self.journal.entries() if each.id == trial).entry.payload
        return self.maker.start(experiment="x", proposal=started.proposal, **more)[0]

    def report(self, trial, value, rung=1):
        self.journal.append(model.TrialReported(trial=trial, rung=rung, step=rung, value=value))
        return self.journal.head()

    def decide(self, trial, head, *, stop, rung=1):
        self.journal.append(model.TrialDecided(trial=trial, rung=rung, stop=stop, head=head))

    def end(self, trial, status, outputs=None):
        self.journal.append(
            model.TrialFinished(
                trial=trial,
                recipe=trial,
                recipe_complete=True,
                hyperparameters=(),
                inputs=(),
                observed=model.Observed(affinity=1),
                outcome=self.maker.outcome(status=status, exit_code=0, outputs=outputs),
                health=(),
            )
        )

    def said(self):
        history = Entries(self.id, self.search)
        for each in self.journal.entries():
            history.add(each)
        return list(tune_decisions.check(history, self.maker.store.get))


@pytest.fixture
def story(maker):
    return Story(maker)


def test_a_decision_follows_from_what_it_has_seen_and_not_from_what_came_later(story):
    first, second, third = (story.trial() for _ in range(3))
    story.decide(first, story.report(first, 2.0), stop=False)
    before = story.report(second, 3.0)
    story.report(third, 9.0)
    story.report(third, 9.0, rung=2)
    story.decide(second, before, stop=True)
    story.end(second, Status.PRUNED)
    assert story.said() == []


def test_what_is_wrong_is_named(story):
    first, second, third = (story.trial() for _ in range(3))
    story.decide(first, story.report(first, 2.0), stop=True)
    story.decide(second, story.journal.head(), stop=True)
    story.end(third, Status.PRUNED)
    found = story.said()
    assert [(each.what, each.expected, each.got) for each in found] == [
        ("trial.decided", "go on", "stop"),
        ("trial.decided", "a report in front of it", "stop"),
        ("trial.decided", "a decision to stop it", "pruned without one"),
    ]
    assert [each.trials for each in found] == [(str(each),) for each in (first, second, third)]


@pytest.mark.parametrize(
    ("defined", "told"),
    [
        ({"scheduler_version": 3}, "the scheduler asha has no version 3 here: known: 1, 2"),
        ({"scheduler_version": None}, "the scheduler asha has no version 0 here: known: 1, 2"),
        ({"scheduler": "later:x=1"}, "no scheduler 'later': there are asha, hyperband, median"),
        ({"scheduler": None, "scheduler_version": None}, "the search has no scheduler"),
    ],
)
def test_what_this_release_cannot_decide_is_a_notice(maker, defined, told):
    story = Story(maker, **defined)
    assert story.said() == []
    trial = story.trial()
    story.decide(trial, story.report(trial, 2.0), stop=True)
    (notice,) = story.said()
    assert (notice.what, notice.detail) == ("search.scheduler", f"its decisions are not made again: {told}")


def test_of_several_seeds_only_the_first_is_compared_and_stopped(maker):
    story = Story(maker, seeds=3, racing=racing.VERSION)
    first, second = (racing.seed(story.search.seed, place) for place in range(2))
    one, again, other = (
        story.trial(first),
        story.trial(second, model.ProposalSource.REPEAT),
        story.trial(first),
    )
    story.decide(one, story.report(one, 2.0), stop=False)
    story.report(again, 1.0)
    story.decide(other, story.report(other, 1.5), stop=False)  # the best of two, and not of three
    assert story.said() == []
    story.decide(again, story.journal.head(), stop=True)
    story.end(again, Status.PRUNED)
    (found,) = story.said()
    assert (found.what, found.expected, found.got) == (
        "trial.decided",
        "none: its seed is not the one that is compared",
        "stop",
    )
    assert found.trials == (str(again),)


LOGS = (b"a" * 16, b"b" * 16)


@given(
    st.lists(
        st.tuples(st.integers(0, 1), st.integers(0, 3), st.integers(1, 2), st.floats(0, 3)), max_size=20
    ),
    st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12), st.integers(0, 3), st.integers(1, 2))),
    st.sampled_from(["asha:factor=2,min=1", "median:startup=1"]),
)
def test_decisions_in_any_order_and_of_any_heads_are_made_of_what_they_saw(told, asked, scheduler):
    """Trials 2 and 3 are of one proposal; reports are of two logs, in whatever order those are merged."""
    id, one = Digest.of(b"search"), Digest.of(b"1")
    history = Entries(id, search(scheduler=scheduler, scheduler_version=1))
    trials = [Digest.of(bytes([place])) for place in range(4)]
    for place, trial in enumerate(trials):
        proposal = Digest.of(bytes([min(place, 2), 0]))
        fact = Proposed(
            0, LOGS[0], proposal, id, min(place, 2), (), model.ProposalSource.SAMPLER, None, None, b""
        )
        if place < 3:
            history.take([fact])
        history.take([Started(0, LOGS[0], trial, proposal, b"")])
    counts = [0, 0]
    for log, trial, rung, value in told:
        history.take([Reported(counts[log], LOGS[log], trials[trial], rung, rung, value)])
        counts[log] += 1
    chosen = registry.make(scheduler)
    seen = tune_decisions.Seen(history, chosen)
    for *sizes, trial, rung in asked:
        heads = zip(LOGS, sizes, strict=True)
        head = model.Head(
            origins=tuple(model.OriginHead(origin=log, size=size, root=one) for log, size in heads)
        )
        own = history.rungs.by(trials[trial], rung, head)
        goes_on = own is not None and chosen.goes_on(own, history.rungs.reported(head))
        expected = "a report in front of it" if own is None else "go on" if goes_on else "stop"
        decided = model.TrialDecided(trial=trials[trial], rung=rung, stop=False, head=head)
        assert seen.expected(decided) == expected


def test_a_search_without_a_scheduler_is_defined_as_it_was_before_there_were_any():
    assert not {"scheduler", "scheduler_version"} & searches.created("x", search()).definition.keys()


# --- of trials that go on later -----------------------------------------------------------------------------

CHECKPOINT = {"state.json": b"{}", "other.txt": b""}


@pytest.fixture
def going(maker):
    """A search in which the second of four, with a checkpoint, is the one to go on."""
    story = Story(maker, scheduler="asha:factor=2,min=1,promote=1", checkpoints=("state.json",))
    first = story.trial()
    story.decide(first, story.report(first, 0.5), stop=False)
    story.second = story.stopped(1.0, outputs=CHECKPOINT)
    story.third = story.stopped(3.0)
    story.fourth = story.stopped(2.0)
    return story


def test_who_goes_on_does_so_with_the_whole_checkpoint_or_with_nothing(going):
    going.decide(going.second, going.journal.head(), stop=False)
    given = {"state.json": b"{}"}
    going.goes_on(going.second, continues=going.second, inputs=given)
    going.goes_on(going.second, continues=going.second)
    assert going.said() == []


def test_a_promotion_that_is_not_due_is_named(going):
    before = going.journal.head()
    going.decide(going.fourth, before, stop=False)
    (found,) = going.said()
    assert (found.what, found.got) == ("trial.decided", "go on")
    assert found.expected == f"trial {going.second} to go on at 1"
    going.decide(going.second, before, stop=False)  # as another machine would have done
    going.decide(going.second, going.journal.head(), stop=False)
    assert [each.expected for each in going.said()][1:] == ["all that were stopped to stay so"]


def test_something_new_while_one_is_to_go_on_is_named(going):
    going.trial()
    (found,) = going.said()
    assert (found.what, found.got) == ("proposal.early", "something new")
    assert found.expected == f"trial {going.second} to go on at 1"


def test_where_a_trial_goes_on_from_is_held_against_the_decision(going):
    early = going.goes_on(going.second, continues=going.second)
    going.decide(going.second, going.journal.head(), stop=False)
    anew = going.goes_on(going.second)
    other = going.goes_on(going.second, continues=going.third)
    assert [(each.where, each.expected, each.got) for each in going.said()] == [
        (f"trial {early}: continues", "None", str(going.second)),
        (f"trial {anew}: continues", str(going.second), "None"),
        (f"trial {other}: continues", str(going.second), str(going.third)),
    ]


def test_another_checkpoint_is_named(going):
    going.decide(going.second, going.journal.head(), stop=False)
    trial = going.goes_on(going.second, continues=going.second, inputs={"state.json": b"[]"})
    new = going.goes_on(going.third, inputs={"state.json": b"{}"})
    found = going.said()
    assert [each.where for each in found] == [f"trial {trial}: checkpoint", f"trial {new}: checkpoint"]
    assert [each.expected for each in found] == [f"state.json {model.Digest.of(b'{}')}", "none"]
