"""What reruns with other seeds come to, in sentences."""

import math

import pytest

from ledger.analysis import seeding
from ledger.ops import seed_words
from ledger.ops.seeds import OverSeeds


def over(original, values, maximize=True):
    spreads = {"all": seeding.spread(values)} if values else {}
    return OverSeeds(
        name="accuracy",
        maximize=maximize,
        original=original,
        spreads=spreads,
        place=seeding.place(original, values) if values else None,
        needs=(),
    )


MANY = [0.9 + number / 1000 for number in range(20)]


@pytest.mark.parametrize(
    ("original", "maximize", "told"),
    [
        (0.95, True, "is the best of 21: likely picked (by chance 1 in 21 is)"),
        (0.1, False, "is the best of 21: likely picked (by chance 1 in 21 is)"),
        (0.1, True, "is the worst of 21"),
        (0.9175, True, "is the 3rd best of 21"),
        (0.9075, True, "is the 13th best of 21"),
        (MANY[-1], True, "is the best of 21"),
        (0.95, None, "is the largest of 21"),
        (0.1, None, "is the smallest of 21"),
        (0.9045, None, "is at the 25% quantile"),
    ],
)
def test_where_the_original_stands(original, maximize, told):
    assert seed_words.standing(over(original, MANY, maximize)).endswith(told)


def test_of_few_seeds_nobody_is_said_to_have_picked():
    assert seed_words.standing(over(2.0, [0.0, 1.0])) == "the original (2) is the best of 3"


def test_a_metric_that_no_seed_moves():
    same = "accuracy is 1 with each of 2 seeds, the same as the original's"
    assert seed_words.sentence(over(1.0, [1.0, 1.0])) == same
    assert seed_words.sentence(over(2.0, [1.0, 1.0])).endswith("with each of 2 seeds, not the original's")


def test_one_seed_has_no_interval():
    told = seed_words.sentence(over(1.0, [2.0]))
    assert told == "accuracy over 1 seed: 2; the original (1) is the worst of 2"
    assert not math.isfinite(seeding.spread([2.0]).interval.high)
