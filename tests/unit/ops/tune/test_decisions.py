"""Decisions on trials, made again from their reports; the entries are real, their trials are not run."""

import pytest

from ledger import model
from ledger.model import Status
from ledger.ops import searches
from ledger.ops.tune import decisions as tune_decisions
from ledger.ops.tune.history import History
from tests.searches import search


class Story:
    """A search with a scheduler in a journal, told entry by entry."""

    def __init__(self, maker, **defined):
        self.journal, self.maker = maker.journal, maker
        self.search = search(**{"scheduler": "asha:factor=2,min=1", "scheduler_version": 1} | defined)
        self.id = self.journal.append(searches.created("x", self.search)).id
        self.count = 0

    def trial(self):
        proposed = model.TrialProposed(
            experiment="x",
            search=self.id,
            number=self.count,
            values=(("lr", 0.5),),
            point=(0.5,),
            head=self.journal.head(),
            source=model.ProposalSource.SAMPLER,
        )
        self.count += 1
        return self.maker.start(experiment="x", proposal=self.journal.append(proposed).id)[0]

    def report(self, trial, value, rung=1):
        self.journal.append(model.TrialReported(trial=trial, rung=rung, step=rung, value=value))
        return self.journal.head()

    def decide(self, trial, head, *, stop, rung=1):
        self.journal.append(model.TrialDecided(trial=trial, rung=rung, stop=stop, head=head))

    def end(self, trial, status):
        self.journal.append(
            model.TrialFinished(
                trial=trial,
                recipe=trial,
                recipe_complete=True,
                hyperparameters=(),
                inputs=(),
                observed=model.Observed(affinity=1),
                outcome=self.maker.outcome(status=status, exit_code=0),
                health=(),
            )
        )

    def said(self):
        history = History(self.id, self.search)
        for each in self.journal.entries():
            history.add(each)
        return list(tune_decisions.check(history))


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
        ({"scheduler_version": 2}, "its scheduler asha is of version 2, here is 1"),
        ({"scheduler": "later:x=1"}, "no scheduler 'later'"),
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


def test_a_search_without_a_scheduler_is_defined_as_it_was_before_there_were_any():
    assert not {"scheduler", "scheduler_version"} & searches.created("x", search()).definition.keys()
