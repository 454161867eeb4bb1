"""Schedulers: what they decide follows from the reports alone."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import UsageError
from ledger.tune.schedulers import registry
from ledger.tune.schedulers.base import Report, Rungs

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


@pytest.mark.parametrize("text", ALL)
def test_what_is_no_number_is_the_worst(text):
    told = [(number, 1, float(number)) for number in (1, 2)]
    number = next(
        each for each in range(3, 99) if registry.make(text).rungs(each) == registry.make(text).rungs(1)
    )
    assert not goes_on(text, *told, (number, 1, math.nan))


@given(st.sampled_from(ALL), searches, st.integers(0, 6), st.sampled_from([1, 2, 4, 8]), losses)
def test_a_decision_is_a_function_of_the_reports(text, told, number, rung, loss):
    found = reports(*told, (number, rung, loss))
    scheduler = registry.make(text)
    decided = scheduler.goes_on(found[-1], found)
    scheduler.goes_on(found[0], found)  # nothing is kept from one to the next
    assert scheduler.goes_on(found[-1], found) == decided
    assert registry.make(registry.make(text).text).goes_on(found[-1], list(found)) == decided


@given(st.sampled_from(ALL), searches, st.integers(0, 6), st.sampled_from([1, 2, 4, 8]), losses, losses)
def test_a_better_report_is_never_stopped_where_a_worse_one_goes_on(text, told, number, rung, one, other):
    told = [each for each in told if each[0] != number]
    better, worse = sorted((one, other), key=lambda each: (math.isnan(each), each))
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


# --- how they are named -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("asha", "asha:factor=3,min=1"),
        ("asha:max=81", "asha:factor=3,min=1,max=81"),
        ("hyperband:max=81,factor=4", "hyperband:factor=4,min=1,max=81"),
        ("median", "median:startup=5,warmup=1,interval=1"),
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
    ],
)
def test_what_is_refused(text, told):
    with pytest.raises(UsageError) as caught:
        registry.make(text)
    assert told in str(caught.value)
