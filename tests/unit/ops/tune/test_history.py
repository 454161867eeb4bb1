"""What a search's entries come to, up to any Head; the entries are real, their trials are not run."""

import pytest

from ledger import model
from ledger.cli.tune_page import tune_page
from ledger.cli.tune_progress import ended, status
from ledger.model import ProposalSource, Status
from ledger.model.space import Objective
from ledger.ops import searches
from ledger.ops.tune.document import tune_document
from ledger.ops.tune.entries import Entries
from ledger.ops.tune.history import History, observations
from ledger.ops.tune.reading import Reading
from ledger.ops.tune.standing import Tuned, TuneOptions, standing
from ledger.tune.base import State
from tests.searches import search


class Story:
    """A search in a journal, told entry by entry."""

    def __init__(self, maker):
        self.maker, self.search = maker, search()
        self.id = maker.journal.append(searches.created("x", self.search)).id

    def propose(self, number, **more):
        return self.maker.journal.append(
            model.TrialProposed(
                experiment="x",
                search=self.id,
                number=number,
                values=(("lr", 0.5),),
                point=(0.5,),
                head=self.maker.journal.head(),
                source=ProposalSource.SAMPLER,
                **more,
            )
        ).id

    def start(self, proposal, **more):
        return self.maker.start(experiment="x", proposal=proposal, **more)[0]

    def stop(self, trial, rung=1, value=0.75, **more):
        """Let a trial be stopped at a rung."""
        journal = self.maker.journal
        journal.append(model.TrialReported(trial=trial, rung=rung, step=rung, value=value))
        journal.append(model.TrialDecided(trial=trial, rung=rung, stop=True, head=journal.head()))
        self.end(trial, **{"status": Status.PRUNED, "exit_code": 0} | more)

    def promote(self, trial, rung=1):
        journal = self.maker.journal
        journal.append(model.TrialDecided(trial=trial, rung=rung, stop=False, head=journal.head()))

    def end(self, trial, status=Status.OK, loss=0.5, **more):
        self.finish(trial, self.maker.outcome(status=status, metrics={"loss": loss}, **more))

    def finish(self, trial, outcome):
        self.maker.journal.append(
            model.TrialFinished(
                trial=trial,
                recipe=trial,
                recipe_complete=True,
                hyperparameters=(),
                inputs=(),
                observed=model.Observed(affinity=1),
                outcome=outcome,
                health=(),
            )
        )

    def lose(self, trial):
        self.maker.journal.append(
            model.TrialLost(
                trial=trial,
                reason="died",
                hyperparameters=(),
                observed=model.Observed(affinity=1),
                outcome=self.maker.outcome(status=Status.LOST, exit_code=None),
                health=(),
            )
        )

    @property
    def history(self):
        found = Entries(self.id, self.search)
        for each in self.maker.journal.entries():
            found.add(each)
        return found

    def state(self, head=None):
        return [(each.number, each.state, each.running) for each in self.history.at(head)]


@pytest.fixture
def story(maker):
    return Story(maker)


def test_a_proposal_is_pending_until_its_trial_has_ended(story):
    first = story.propose(0)
    proposed = story.maker.journal.head()
    trial = story.start(first)
    running = story.maker.journal.head()
    story.end(trial, loss=0.25)
    assert story.state() == [(0, State.DONE, False)]
    assert story.state(running) == [(0, State.PENDING, True)]
    assert story.state(proposed) == [(0, State.PENDING, False)]
    (known,) = observations(story.search, story.history.at())
    assert (known.losses, known.point, known.number) == ((0.25,), (0.5,), 0)
    (known,) = observations(story.search, story.history.at(running))
    assert (known.losses, known.state) == ((), State.PENDING)


def test_what_was_lost_is_tried_again_once(story):
    proposal = story.propose(0)
    story.lose(story.start(proposal))
    assert story.state() == [(0, State.PENDING, False)]
    story.lose(story.start(proposal))
    assert story.state() == [(0, State.FAILED, False)]


def test_what_was_lost_and_then_done_counts(story):
    proposal = story.propose(0)
    story.lose(story.start(proposal))
    again = story.start(proposal)
    story.end(again)
    (tried,) = story.history.at()
    assert (tried.state, tried.trial) == (State.DONE, again)


def test_an_interrupted_trial_waits_to_be_run_again(story):
    proposal = story.propose(0)
    story.end(story.start(proposal), status=Status.KILLED, exit_code=130, signal=2)
    assert story.state() == [(0, State.PENDING, False)]


def test_one_that_was_taken_back_has_failed(story):
    proposal = story.propose(0)
    trial = story.start(proposal)
    story.end(trial)
    story.maker.journal.append(model.Tombstone(target=trial, reason="wrong data"))
    (tried,) = story.history.at()
    assert (tried.state, tried.measured.reason) == (State.FAILED, "it was taken back")


def test_an_adopted_trial_stands_for_its_proposal(story):
    first = story.propose(0)
    trial = story.start(first)
    story.end(trial, loss=0.75)
    story.propose(1, adopted=trial)
    assert story.state() == [(0, State.DONE, False), (1, State.DONE, False)]
    assert story.history.at()[1].measured.values == (0.75,)


def test_proposals_of_other_searches_are_left_aside(story, maker):
    other = Story(maker)
    other.propose(0)
    assert story.state() == []
    assert other.state() == [(0, State.PENDING, False)]


def test_reading_on_knows_what_reading_all_knows(story):
    directory = story.maker.folder
    reading = Reading(story.maker.journal, directory, lambda: History(story.id, story.search))
    for number in range(5):
        trial = story.start(story.propose(number))
        history, head = reading.up_to_now()
        assert history.at() == story.history.at(head)
        story.end(trial, loss=float(number))
        if number == 2:
            story.maker.journal.seal()
    history, head = reading.up_to_now()
    assert history.at() == story.history.at()
    assert head == story.maker.journal.head()


def test_a_trial_that_was_stopped_counts_by_its_last_report(story):
    proposal = story.propose(0)
    trial = story.start(proposal)
    for rung, value in ((1, 0.75), (3, 0.5)):
        story.maker.journal.append(model.TrialReported(trial=trial, rung=rung, step=rung, value=value))
    middle = story.maker.journal.head()
    story.end(trial, status=Status.PRUNED, exit_code=0, loss=0.1)
    assert story.state() == [(0, State.PRUNED, False)]
    assert story.state(middle) == [(0, State.PENDING, True)]
    (known,) = observations(story.search, story.history.at())
    assert (known.state, known.losses, known.resource) == (State.PRUNED, (0.5,), 3.0)
    found = story.history
    assert [(each.rung, each.loss, each.number) for each in found.rungs.reported()] == [
        (1, 0.75, 0),
        (3, 0.5, 0),
    ]
    assert [each.rung for each in found.rungs.reported(middle)] == [1, 3]
    assert found.rungs.by(trial, 3, middle).loss == 0.5
    assert found.rungs.by(trial, 9) is None


def test_a_report_behind_the_end_changes_nothing(story):
    trial = story.start(story.propose(0))
    story.maker.journal.append(model.TrialReported(trial=trial, rung=1, step=1, value=0.75))
    story.end(trial, status=Status.PRUNED, exit_code=0)
    whole = story.history
    before = whole.at()
    whole.add(story.maker.journal.append(model.TrialReported(trial=trial, rung=3, step=3, value=0.5)))
    assert before == whole.at() == story.history.at()
    assert before[0].measured.reported == 0.75


def test_a_report_that_is_no_number_is_no_loss(story):
    trial = story.start(story.propose(0))
    story.maker.journal.append(model.TrialReported(trial=trial, rung=1, step=1, value=float("nan")))
    story.end(trial, status=Status.PRUNED, exit_code=0)
    (known,) = observations(story.search, story.history.at())
    assert (known.state, known.losses) == (State.PRUNED, ())


@pytest.mark.parametrize("losses", [(0.25, 0.75), (0.75, 0.25), (None, 0.5), (0.5, None)])
def test_two_machines_that_proposed_one_number_are_both_there(story, losses):
    twins = [(story.propose(0), loss) for loss in losses]
    for proposal, loss in twins:
        if loss is None:
            story.end(story.start(proposal), status=Status.FAILED, exit_code=1)
        else:
            story.end(story.start(proposal), loss=loss)
    now = standing("x", story.id, story.search, story.history.at())
    least, wanted = min((loss, proposal) for proposal, loss in twins if loss is not None)
    assert [each.id for each in now.best] == [wanted]
    assert len(observations(story.search, now.tried)) == 2
    tuned = Tuned(standing=now, stopped="", interrupted=False, begun=False)
    assert tune_document(tuned)["best"]["value"] == least
    tune_page(tuned)
    options = TuneOptions()
    said = [ended(each, now, options) for each in now.own]
    assert [each.partition(" ")[2].partition(" ")[0] for each in said] == ["1", "2"]
    assert [each.id for each, text in zip(now.own, said, strict=True) if "best so far" in text] == [wanted]
    assert f"best loss {least}" in "\n".join(status(now, options, 1.0, 1))


def test_an_end_behind_a_loss_changes_nothing_of_what_was_before(story):
    proposal = story.propose(0)
    first, second = story.start(proposal), story.start(proposal)
    heads, told = [], []
    for step in (lambda: story.lose(first), lambda: story.lose(second), lambda: story.end(first)):
        heads.append(story.maker.journal.head())
        told.append((story.state(), observations(story.search, story.history.at())))
        step()
    assert [states[0][1:] for states, _ in told] == [
        (State.PENDING, True),
        (State.PENDING, True),
        (State.FAILED, False),
    ]
    assert story.state() == [(0, State.DONE, False)]
    for head, (states, known) in zip(heads, told, strict=True):
        assert story.state(head) == states
        assert observations(story.search, story.history.at(head)) == known


def test_one_that_was_stopped_waits_to_go_on_once_that_is_decided(story):
    proposal = story.propose(0)
    first = story.start(proposal)
    story.stop(first)
    stopped = story.maker.journal.head()
    assert [
        (part.trial, part.rung, report.loss) for part, report in story.history.stopped(story.history.at())
    ] == [(first, 1, 0.75)]
    story.promote(first)
    promoted = story.maker.journal.head()
    assert story.state() == [(0, State.PENDING, False)]
    (tried,) = story.history.at()
    assert ([part.trial for part in tried.parts], tried.trial) == ([first], first)
    assert story.history.stopped(story.history.at()) == []

    lost = story.start(proposal, continues=first)
    assert story.state() == [(0, State.PENDING, True)]
    story.lose(lost)
    assert story.state() == [(0, State.PENDING, False)]
    interrupted = story.start(proposal, continues=first)
    story.end(interrupted, status=Status.KILLED, exit_code=130, signal=2)
    second = story.start(proposal, continues=first)
    story.stop(second, 3, 0.5)
    assert story.state() == [(0, State.PRUNED, False)]
    assert [(part.trial, report.rung) for part, report in story.history.stopped(story.history.at())] == [
        (second, 3)
    ]
    story.promote(second, 3)
    last = story.start(proposal, continues=second)
    story.end(last, loss=0.25)
    (tried,) = story.history.at()
    assert (tried.state, tried.trial) == (State.DONE, last)
    assert [(part.trial, part.rung) for part in tried.parts] == [(first, 1), (second, 3)]

    found = story.history
    assert [(each.state, each.running) for each in found.at(stopped)] == [(State.PRUNED, False)]
    assert [(each.state, each.running) for each in found.at(promoted)] == [(State.PENDING, False)]
    assert [found.goes_on_from(each) for each in (first, lost, interrupted, second, last)] == [
        *(None, first, first, first),
        second,
    ]


def test_one_that_goes_on_and_is_lost_twice_has_failed(story):
    proposal = story.propose(0)
    story.lose(story.start(proposal))
    first = story.start(proposal)
    story.stop(first)
    story.promote(first)
    story.lose(story.start(proposal, continues=first))
    assert story.state() == [(0, State.PENDING, False)]
    story.lose(story.start(proposal, continues=first))
    assert story.state() == [(0, State.FAILED, False)]


def test_the_parts_of_a_trial_that_went_on_count_together(story):
    story.search = search(Objective(metric="duration_s"), requirements=("seen > 0", "loss < 1"))
    proposal = story.propose(0)
    first = story.start(proposal)
    story.maker.journal.append(
        model.TrialDecided(trial=first, rung=1, stop=True, head=story.maker.journal.head())
    )
    outcome = story.maker.outcome(
        status=Status.PRUNED, metrics={"loss": 2.0, "seen": 1.0}, exit_code=0, duration_s=2.0
    )
    story.finish(first, outcome)
    story.promote(first)
    story.end(story.start(proposal, continues=first), loss=0.25, duration_s=0.5)
    (tried,) = story.history.at()
    assert (tried.state, tried.measured.values, tried.measured.violation) == (State.DONE, (2.5,), 0.0)


def test_of_two_machines_that_let_a_trial_go_on_the_one_that_came_further_counts(story):
    proposal = story.propose(0)
    first = story.start(proposal)
    story.stop(first)
    story.promote(first)
    faster, slower = (story.start(proposal, continues=first) for _ in range(2))
    story.stop(faster, 3, 0.5)
    story.promote(faster, 3)
    last = story.start(proposal, continues=faster)
    story.stop(slower, 3, 0.5)
    assert story.state() == [(0, State.PENDING, True)]
    story.end(last, loss=0.25)
    (tried,) = story.history.at()
    assert (tried.state, tried.trial) == (State.DONE, last)
    assert [part.trial for part in tried.parts] == [first, faster]


def test_a_trial_from_which_one_went_on_may_be_taken_back(story):
    proposal = story.propose(0)
    first = story.start(proposal)
    story.stop(first)
    story.promote(first)
    story.maker.journal.append(model.Tombstone(target=first, reason="tidy"))
    assert story.state() == [(0, State.FAILED, False)]
    last = story.start(proposal, continues=first)
    story.end(last)
    (tried,) = story.history.at()
    assert (tried.state, tried.trial) == (State.DONE, last)


def test_a_decision_that_knew_of_no_stop_lets_nothing_go_on(story):
    proposal = story.propose(0)
    first = story.start(proposal)
    before = story.maker.journal.head()
    story.stop(first)
    for rung, head in ((1, before), (3, story.maker.journal.head())):
        story.maker.journal.append(model.TrialDecided(trial=first, rung=rung, stop=False, head=head))
    assert story.state() == [(0, State.PRUNED, False)]


def test_what_is_read_on_knows_of_what_goes_on(story):
    reading = Reading(story.maker.journal, story.maker.folder, lambda: History(story.id, story.search))
    proposal = story.propose(0)
    first = story.start(proposal)
    steps = (
        lambda: story.stop(first),
        lambda: story.promote(first),
        lambda: story.start(proposal, continues=first),
    )
    for step in steps:
        step()
        history, head = reading.up_to_now()
        assert history.at() == story.history.at(head) == story.history.at()
