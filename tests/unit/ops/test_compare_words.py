"""Numbers and sentences about them."""

from types import SimpleNamespace

import pytest

from ledger.analysis.statistics.comparing import Test
from ledger.analysis.statistics.intervals import Interval
from ledger.ops import compare_words
from ledger.ops.compare_words import amount, rounded, sentence

BETTER = "B is better by 0.50 ± 0.30 in loss"
UNCLEAR = "loss of B is higher by 0.50 ± 0.70; with these 5 seeds that cannot be told from seed noise"
APART = "; a permutation of just these values tells the sides apart (p = {}), which is another question"
TOGETHER = APART.replace("tells", "does not tell")


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [
        (0.81234, 0.3, "0.81"),
        (0.81234, 0.03, "0.812"),
        (1234.5, 120, "1230"),
        (-0.0001, 0.3, "0.00"),
        (5.0, 0.0, "5"),
        (5.0, float("inf"), "5"),
        (1e-9, 1e-10, "1e-09"),
    ],
)
def test_two_digits_of_what_is_uncertain(value, unit, expected):
    assert rounded(value, unit) == expected


def comparison(difference=0.5, low=0.2, high=0.8, **more):
    fields = {
        "metric": "loss",
        "maximize": True,
        "verdict": "higher",
        "better": True,
        "design": "within",
        "seeded": True,
        "configurations": 1,
        "sizes": ((5, 5),),
        "needed": None,
        "tests": (),
        "a": SimpleNamespace(values=(0.0,) * 5, mean=1.0),
        "b": SimpleNamespace(values=(0.0,) * 5, mean=2.0),
    }
    interval = Interval(low=low, high=high, level=0.95, method="bootstrap-t")
    return SimpleNamespace(**{"difference": difference, "interval": interval} | fields | more)


@pytest.mark.parametrize(
    ("low", "high", "difference", "expected"),
    [
        (0.2, 0.8, 0.5, "0.50 ± 0.30"),
        (-0.8, -0.2, -0.5, "0.50 ± 0.30"),
        (0.4, 0.9, 0.5, "0.50 (0.40 to 0.90)"),
        (-0.9, -0.4, -0.5, "0.50 (0.40 to 0.90)"),
        (0.5, 0.5, 0.5, "0.5"),
        (float("-inf"), float("inf"), 0.5, "0.5"),
        (-0.2, float("inf"), 0.5, "0.5 (-0.2 to inf)"),
        (float("-inf"), -0.2, -0.5, "0.5 (0.2 to inf)"),
    ],
)
def test_a_difference_and_how_far_off_it_may_be(low, high, difference, expected):
    assert amount(comparison(difference, low, high)) == expected


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, "B is better by 0.50 ± 0.30 in loss; with these 5 seeds that is more than seed noise"),
        (
            {"better": False},
            "A is better by 0.50 ± 0.30 in loss; with these 5 seeds that is more than seed noise",
        ),
        (
            {"better": None, "maximize": None, "seeded": False},
            "loss of B is higher by 0.50 ± 0.30; with these 5 trials that is more than chance",
        ),
        (
            {"design": "configurations", "configurations": 12},
            "B is better by 0.50 ± 0.30 in loss; over these 12 configurations that is more than chance",
        ),
        (
            {"design": "unpaired", "b": SimpleNamespace(values=(0.0,) * 7)},
            "B is better by 0.50 ± 0.30 in loss; with these 5 and 7 trials that is more than chance",
        ),
        (
            {"configurations": 2, "sizes": ((2, 3), (3, 2))},
            f"{BETTER}; with these 5 trials of 2 configurations that is more than seed noise",
        ),
        (
            {"low": 0.5, "high": 0.5},
            "B is better by 0.5 in loss; with these 5 seeds it is always the same, so that no noise is seen",
        ),
        (
            {"verdict": "unclear", "better": None, "low": -0.2, "high": 1.2, "needed": 23},
            f"{UNCLEAR}; about 23 seeds would be needed",
        ),
        (
            {"verdict": "unclear", "better": None, "low": -0.2, "high": 1.2, "needed": 23_000},
            f"{UNCLEAR}; more than 10,000 would be needed",
        ),
        ({"verdict": "same", "better": None}, "loss is the same in all 10 trials"),
        (
            {"verdict": "same", "better": None, "design": "seeds"},
            "loss is the same on both sides, with these 5 seeds",
        ),
    ],
)
def test_one_plain_sentence(more, expected):
    assert sentence(comparison(**more), "A", "B") == expected


def permutation(p, arrangements=4096, *, exact=True):
    return Test(name="permutation", statistic=0.5, p=p, arrangements=arrangements, exact=exact)


@pytest.mark.parametrize(
    ("test", "design", "unclear", "clear"),
    [
        (permutation(0.004), "seeds", f"{APART.format(0.004)} than what other seeds would do", ""),
        (permutation(0.06), "seeds", "", f"{TOGETHER.format(0.06)} than what other seeds would do"),
        (
            permutation(0.2, 10_000, exact=False),
            "unpaired",
            "",
            f"{TOGETHER.format(0.2)} than what other trials would do",
        ),
        (
            permutation(0.03),
            "configurations",
            f"{APART.format(0.03)} than what other configurations would do",
            "",
        ),
        (permutation(0.125, 16), "seeds", "", ""),
        (Test(name="paired t", statistic=2.0, p=0.04, degrees=4.0), "seeds", "", ""),
    ],
    ids=["apart", "together", "drawn", "configurations", "too-few-to-say-otherwise", "no-permutation"],
)
def test_a_permutation_test_that_says_otherwise_is_told(test, design, unclear, clear):
    more = {"design": design, "configurations": 5, "tests": (test,)}
    not_told = sentence(
        comparison(verdict="unclear", better=None, low=-0.2, high=1.2, needed=23, **more), "A", "B"
    )
    assert (
        not_told.partition("noise" if design == "seeds" else "chance")[2].rpartition("; about")[0] == unclear
    )
    told = sentence(comparison(**more), "A", "B")
    assert told.partition("noise" if design == "seeds" else "chance")[2] == clear


@pytest.mark.parametrize(
    ("better", "faster", "expected"),
    [
        (True, True, "B is better and takes less time: A takes 2 times as long"),
        (False, True, "A is better and takes 2 times as long: both are on the front of quality and cost"),
        (None, True, "B takes less time (A takes 2 times as long); which is better cannot be told"),
        (True, None, "the durations of A and B cannot be told apart"),
        (None, None, None),
    ],
)
def test_quality_and_cost(better, faster, expected):
    cost = comparison(
        metric="duration_s",
        better=faster,
        maximize=False,
        a=SimpleNamespace(mean=2.0),
        b=SimpleNamespace(mean=1.0),
    )
    assert compare_words.trade([comparison(better=better)], [cost], "A", "B") == expected
    assert compare_words.trade([comparison(maximize=None)], [cost], "A", "B") is None
