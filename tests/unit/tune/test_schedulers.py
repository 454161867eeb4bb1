"""Schedulers: what they decide follows from the reports alone."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import UsageError
from ledger.tune.schedulers import registry
from ledger.tune.schedulers.base import Report, Rungs

PROMOTING = ("asha:factor=2,min=1,max=16,promote=1", "hyperband:factor=2,max=8,promote=1")
ALL = ("asha:factor=2,min=1,max=16", "hyperband:factor=2,max=8", "median:startup=2")
losses = st.one_of(st.floats(-10, 10), st.sampled_from([math.nan, math.inf, -math.inf]))
searches = st.lists(st.tuples(st.integers(0, 6), st.sampled_from([1, 2, 4, 8]), losses), max_size=30)


def reports(*told):
    return [Report(proposal=number, number=number, rung=rung, loss=loss) for number, rung, loss in told]


def goes_on(scheduler, *told):
    """Whether the last of these goes on."""
    found = reports(*told)
    return registry.make(scheduler).goes_on(found[-1], found)


# --- where they look ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "number", "rungs"),
    [
        ("asha:factor=3,min=1,max=81", 0, "1,3,9,27"),
        ("asha:factor=4,min=5,max=100", 7, "5,20,80"),
        ("median:warmup=10,interval=5", 0, "10,+5"),
        ("median", 0, "1,+1"),
    ],
)
def test_rungs(text, number, rungs):
    assert registry.make(text).rungs(number).text == rungs


def test_without_a_largest_step_there_is_always_one_more_rung():
    steps = registry.make("asha").rungs(0).steps
    assert steps[:5] == (1, 3, 9, 27, 81)
    assert 1 << 60 < steps[-1] < 1 << 62


def test_a_report_is_at_the_last_rung_that_it_has_reached():
    some, more = Rungs(steps=(1, 3, 9)), Rungs(steps=(10,), every=5)
    assert [some.at(step) for step in (-1, 0, 1, 2, 3, 8, 9, 100)] == [None, None, 1, 1, 3, 3, 9, 9]
    assert [more.at(step) for step in (9, 10, 14, 15, 22)] == [None, 10, 10, 15, 20]
    assert Rungs(steps=()).at(5) is None


def test_brackets_share_a_round_as_in_the_paper():
    """R = 81 and η = 3: 81, 34, 15, 8 and 5 trials that begin at 1, 3, 9, 27 and 81."""
    scheduler = registry.make("hyperband:factor=3,max=81")
    brackets = [scheduler.bracket(number) for number in range(143)]
    assert [brackets.count(each) for each in range(5)] == [81, 34, 15, 8, 5]
    assert brackets == [scheduler.bracket(number + 143) for number in range(143)]
    assert set(brackets[:15]) == {0, 1, 2, 3, 4}
    first = [scheduler.rungs(brackets.index(each)).text for each in range(5)]
    assert first == ["1,3,9,27", "3,9,27", "9,27", "27", ""]


# --- what they decide ---------------------------------------------------------------------------------------


def test_asha_lets_the_best_share_go_on():
    told = [(0, 1, 5.0)]
    assert goes_on("asha", *told)  # the first has nobody to compare with
    assert not goes_on("asha", *told, (1, 1, 6.0))
    assert goes_on("asha", *told, (1, 1, 4.0))
    six = [(number, 1, float(number)) for number in range(5)]
    assert goes_on("asha", *six, (5, 1, 0.5))  # two of six
    assert not goes_on("asha", *six, (5, 1, 1.5))
    assert goes_on("asha", *six, (5, 3, 99.0))  # the first at its rung
    assert not goes_on("asha", (0, 1, 1.0), (1, 1, 1.0))  # of equal ones the smaller number


def test_of_two_trials_of_one_proposal_the_later_counts():
    assert goes_on("asha", (0, 1, 1.0), (0, 1, 3.0), (1, 1, 2.0))


def test_hyperband_compares_within_a_bracket():
    scheduler = registry.make("hyperband:factor=2,max=8")
    other = next(number for number in range(99) if scheduler.bracket(number) != scheduler.bracket(0))
    found = reports((other, 4, 0.0), (0, 4, 9.0))
    assert scheduler.goes_on(found[-1], found)
    assert not registry.make("asha").goes_on(found[-1], found)


def test_the_median_is_of_the_others_averages():
    told = [(0, 1, 1.0), (0, 2, 3.0), (1, 1, 5.0), (1, 2, 7.0)]  # averages 2 and 6, of which 4 is the median
    assert goes_on("median:startup=2", *told, (2, 1, 9.0), (2, 2, 4.0))
    assert not goes_on("median:startup=2", *told, (2, 1, 9.0), (2, 2, 4.1))
    assert goes_on("median:startup=2", *told, (2, 1, 3.9), (2, 2, 9.0))  # its best counts
    assert goes_on("median:startup=3", *told, (2, 1, 9.0), (2, 2, 9.0))  # too few to compare with


def others(text, *losses):
    """Reports of some trials that are compared with one another."""
    rungs = registry.make(text).rungs
    numbers = [number for number in range(1, 99) if rungs(number) == rungs(1)]
    return [(number, 1, loss) for number, loss in zip(numbers, losses, strict=False)]


NOT_FINITE = (math.nan, math.inf, -math.inf)


@pytest.mark.parametrize("text", ALL)
@pytest.mark.parametrize("loss", NOT_FINITE)
def test_what_is_not_finite_is_the_worst(text, loss):
    assert not goes_on(text, *others(text, 1.0, 2.0, loss))
    assert goes_on(text, *others(text, loss, loss, 2.0))


@pytest.mark.parametrize("text", ALL)
def test_to_version_1_what_is_infinitely_good_was_the_best(text):
    found = reports(*others(text, -math.inf, -math.inf, 2.0))
    assert not registry.make(text, 1).goes_on(found[-1], found)
    assert registry.make(text, 2).goes_on(found[-1], found)
    assert registry.make(text, 1).version == 1


@pytest.mark.parametrize("text", PROMOTING)
def test_one_that_may_go_on_later_is_of_the_same_version(text):
    plain = text.replace(",promote=1", "")
    assert [registry.make(plain, each).promoting().version for each in (1, 2, None)] == [1, 2, 2]


def test_a_version_that_is_not_known_is_refused():
    with pytest.raises(UsageError) as error:
        registry.make("asha", 3)
    assert error.value.message == "the scheduler asha has no version 3 here"


@given(st.sampled_from(ALL), searches, st.integers(0, 6), st.sampled_from([1, 2, 4, 8]), losses)
def test_a_decision_is_a_function_of_the_reports(text, told, number, rung, loss):
    found = reports(*told, (number, rung, loss))
    scheduler = registry.make(text)
    decided = scheduler.goes_on(found[-1], found)
    scheduler.goes_on(found[0], found)  # nothing is kept from one to the next
    assert scheduler.goes_on(found[-1], found) == decided
    assert registry.make(registry.make(text).text).goes_on(found[-1], list(found)) == decided


def by_definition(scheduler, own, found):
    """The rules as they are told, of all reports at once."""
    last = {(each.proposal, each.rung): scheduler.comparable(each.loss) for each in found}
    if scheduler.name == "median":
        runs = {
            proposal: [
                last[proposal, step] for step in (1, 2, 4, 8) if step <= rung and (proposal, step) in last
            ]
            for proposal, rung in last
            if rung == own.rung
        }
        best = min(runs.pop(own.proposal))
        if len(runs) < scheduler.option("startup"):
            return True
        return best <= middle(sorted(map(average, runs.values())))
    there = {
        proposal: (loss, proposal)
        for (proposal, rung), loss in last.items()
        if rung == own.rung
        and (scheduler.name == "asha" or scheduler.bracket(proposal) == scheduler.bracket(own.number))
    }
    better = sum(each < there[own.proposal] for each in there.values())
    return better < max(len(there) // scheduler.option("factor"), 1)


def average(values):
    """Exact but for the last rounding; one infinite loss spoils it, the worst one first."""
    if not all(map(math.isfinite, values)):
        return math.inf if math.inf in values else -math.inf
    return math.fsum(each / len(values) for each in values)


def middle(ordered):
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else average(ordered[half - 1 : half + 1])


@given(st.sampled_from(ALL), searches)
def test_a_decision_is_that_of_its_rule_at_any_time(text, told):
    scheduler, found = registry.make(text), reports(*told)
    known = scheduler.known()
    for place, each in enumerate(found, 1):
        known.add(each)
        assert known.goes_on(each) == by_definition(scheduler, each, found[:place])


@given(st.sampled_from(ALL), searches, st.integers(0, 6), st.sampled_from([1, 2, 4, 8]), losses, losses)
def test_a_better_report_is_never_stopped_where_a_worse_one_goes_on(text, told, number, rung, one, other):
    told = [each for each in told if each[0] != number]
    better, worse = sorted((one, other), key=lambda each: each if math.isfinite(each) else math.inf)
    if goes_on(text, *told, (number, rung, worse)):
        assert goes_on(text, *told, (number, rung, better))


@given(st.sampled_from(ALL[:2]), searches, st.integers(0, 6), losses)
def test_at_least_one_goes_on_from_each_rung(text, told, number, loss):
    last = {each[0]: each for each in (*told, (number, 1, loss)) if each[1] == 1}
    found = reports(*last.values())
    scheduler = registry.make(text)
    assert any(scheduler.goes_on(each, found) for each in found)


@given(searches, st.randoms())
def test_the_order_of_other_proposals_reports_does_not_matter(told, random):
    last = {each[:2]: each for each in told if each[0] != 6}
    shuffled = list(last.values())
    random.shuffle(shuffled)
    for text in ALL:
        assert goes_on(text, *last.values(), (6, 1, 0.0)) == goes_on(text, *shuffled, (6, 1, 0.0))


# --- which go on later --------------------------------------------------------------------------------------


def promoted(text, stopped, *told):
    """Which of some (number, rung) goes on later, by all that was reported; None where none does."""
    last = {each[:2]: each for each in told}
    found = reports(*last.values())
    own = [each for each in found if (each.number, each.rung) in stopped]
    scheduler = registry.make(text)
    chosen = scheduler.promoted(own, scheduler.knowing(found))
    return None if chosen is None else (chosen.number, chosen.rung)


def test_one_that_was_stopped_goes_on_once_it_is_among_the_best():
    four = [(0, 1, 0.6), (1, 1, 0.9), (2, 1, 1.8), (3, 1, 1.7)]
    stopped = {(1, 1), (2, 1), (3, 1)}
    assert promoted(PROMOTING[0], stopped, *four[:3]) is None
    assert promoted(PROMOTING[0], stopped, *four) == (1, 1)
    assert promoted(PROMOTING[0], stopped - {(1, 1)}, *four) is None
    assert promoted("asha:factor=2,min=1,max=16", stopped, *four) is None
    assert promoted("median", stopped, *four) is None


def test_the_one_that_came_furthest_goes_on_first_and_then_the_better_one():
    told = [(number, 1, float(number)) for number in range(8)] + [
        (number, 2, float(number)) for number in range(4)
    ]
    assert promoted(PROMOTING[0], {(3, 1), (2, 1), (1, 2)}, *told) == (1, 2)
    assert promoted(PROMOTING[0], {(3, 1), (2, 1), (3, 2)}, *told) == (2, 1)
    equal = [(number, 1, 1.0) for number in range(4)]
    assert promoted(PROMOTING[0], {(1, 1), (0, 1)}, *equal) == (0, 1)


def test_hyperband_lets_those_go_on_that_are_the_best_of_their_bracket():
    scheduler = registry.make(PROMOTING[1])
    first = [number for number in range(99) if scheduler.bracket(number) == scheduler.bracket(0)][:4]
    other = next(number for number in range(99) if scheduler.rungs(number).text.startswith("2"))
    told = [(number, 1, float(place)) for place, number in enumerate(first)] + [(other, 1, 0.0)]
    assert promoted(PROMOTING[1], {(first[1], 1)}, *told) == (first[1], 1)
    assert promoted(PROMOTING[1], {(first[2], 1)}, *told) is None


@given(st.sampled_from(PROMOTING), searches, st.randoms())
def test_who_goes_on_would_not_be_stopped_now_whatever_the_order_of_the_reports(text, told, random):
    last = {each[:2]: each for each in told}
    found = reports(*last.values())
    scheduler = registry.make(text)
    chosen = scheduler.promoted(found, scheduler.knowing(found))
    going = [each for each in found if scheduler.goes_on(each, found)]
    assert (chosen is None) == (not going)
    if chosen is not None:
        assert chosen in going
        assert chosen.rung == max(each.rung for each in going)
    shuffled = list(found)
    random.shuffle(shuffled)
    again = scheduler.promoted(found, scheduler.knowing(shuffled))
    assert again == chosen


@given(st.sampled_from(PROMOTING), searches)
def test_once_all_that_may_have_gone_on_the_rest_stays(text, told):
    """It comes to an end, and no more go on from a rung than the best share, at least one."""
    found = reports(*{each[:2]: each for each in told}.values())
    scheduler = registry.make(text)
    left, gone = list(found), []
    while (chosen := scheduler.promoted(left, scheduler.knowing(found))) is not None:
        left.remove(chosen)
        gone.append(chosen)
    for rung in {each.rung for each in gone}:
        for bracket in {scheduler.bracket(each.number) for each in gone}:
            there = [
                each for each in found if each.rung == rung and scheduler.bracket(each.number) == bracket
            ]
            went = [each for each in gone if each in there]
            assert len(went) <= max(len(there) // 2, 1)


@given(st.sampled_from(PROMOTING), searches, st.lists(st.tuples(st.integers(0, 6), st.booleans())))
def test_whether_one_may_go_on_is_known_at_any_time(text, told, decided):
    """Of several trials of one proposal, each of which may be stopped, and go on, some may wait."""
    scheduler, found = registry.make(text), reports(*told)
    known, waiting = scheduler.known(), []
    for place, each in enumerate(found):
        known.add(each)
        for which, stop in decided[place::3]:
            one = found[which % (place + 1)]
            if stop:
                known.stop(one)
                waiting.append(one)
            elif one in waiting:
                known.go_on(one)
                waiting.remove(one)
        assert known.may_promote == any(map(known.goes_on, waiting))
        assert known.may_promote == (scheduler.promoted(waiting, known) is not None)


def test_who_goes_on_is_looked_at_behind_its_rung():
    assert registry.make("asha:factor=3,min=1,max=81").rungs(0).beyond(3).text == "9,27"
    assert registry.make("asha:factor=3,min=1,max=81").rungs(0).beyond(27).text == ""
    assert Rungs(steps=(10,), every=5).beyond(15) == Rungs(steps=(20,), every=5)
    assert Rungs(steps=(10,), every=5).beyond(9) == Rungs(steps=(10,), every=5)


# --- how they are named -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("asha", "asha:factor=3,min=1"),
        ("asha:max=81", "asha:factor=3,min=1,max=81"),
        ("hyperband:max=81,factor=4", "hyperband:factor=4,min=1,max=81"),
        ("median", "median:startup=5,warmup=1,interval=1"),
        ("asha:promote=1", "asha:factor=3,min=1,promote=1"),
        ("asha:promote=0", "asha:factor=3,min=1"),
    ],
)
def test_there_is_one_way_to_write_each(text, whole):
    assert registry.make(text).text == whole
    assert registry.make(whole).text == whole


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("ash", "no scheduler 'ash'"),
        ("asha:eta=3", "no option 'eta'"),
        ("asha:factor=3,factor=4", "says factor twice"),
        ("asha:factor=x", "expected a whole number, got 'x'"),
        ("asha:factor=1", "expected 2 or more"),
        ("asha:factor", "expected a whole number, got ''"),
        ("asha:min=9,max=9", "max=9 is not more than min=9"),
        ("asha:max=9999999999999999999", "expected less than"),
        ("hyperband", "max is missing"),
        ("hyperband:factor=2,max=1000000", "too many brackets"),
        ("median:startup=0", "expected 1 or more"),
        ("asha:promote=2", "expected 1 or less"),
        ("median:promote=1", "no option 'promote'"),
    ],
)
def test_what_is_refused(text, told):
    with pytest.raises(UsageError) as caught:
        registry.make(text)
    assert told in str(caught.value)


def test_the_median_lets_none_go_on():
    assert registry.make("asha").promoting().text == "asha:factor=3,min=1,promote=1"
    with pytest.raises(UsageError) as caught:
        registry.make("median").promoting()
    assert "lets no trial go on that it has stopped" in str(caught.value)
