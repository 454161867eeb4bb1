from fractions import Fraction
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import UsageError
from ledger.model import Digest
from ledger.ops.sampling import CONFIDENCE, Sample, Sampling, choose, most_damaged

DIGESTS = [Digest.of(b"%d" % number) for number in range(400)]


@st.composite
def samples(draw):
    of = draw(st.integers(1, 120))
    sampled = draw(st.integers(1, of))
    return of, sampled, draw(st.integers(0, sampled))


@given(samples())
def test_the_limit_is_the_last_number_that_is_not_refuted(sample):
    of, sampled, found = sample

    def probability(damaged):
        ways = sum(comb(damaged, each) * comb(of - damaged, sampled - each) for each in range(found + 1))
        return Fraction(ways, comb(of, sampled))

    likely = [each for each in range(found, of - (sampled - found) + 1) if probability(each) * 20 >= 1]
    assert most_damaged(of, sampled, found) == max(likely)


def test_of_very_many_it_is_the_rule_of_three():
    assert most_damaged(10**9, 1000, 0) / 10**9 == pytest.approx(3 / 1000, rel=0.005)


def test_who_has_seen_all_knows():
    assert most_damaged(100, 100, 0) == 0
    assert most_damaged(100, 100, 7) == 7


def test_a_sample_keeps_its_word():
    """Of many samples from a store with damage, the limit is below the truth no more often than it says."""
    damaged = set(DIGESTS[:20])
    missed = 0
    for seed in range(400):
        drawn = choose(DIGESTS, 60, seed)
        sample = Sample(objects=60, of=400, seed=seed, damaged=len(drawn & damaged))
        missed += sample.most < 20 / 400
    assert 0 < missed / 400 <= 1 - CONFIDENCE + 0.02


def test_a_seed_chooses_the_same_in_any_order():
    assert choose(DIGESTS, 50, 1) == choose(reversed(DIGESTS), 50, 1)
    assert choose(DIGESTS, 50, 1) != choose(DIGESTS, 50, 2)
    assert len(choose(DIGESTS, 50, 1)) == 50
    assert choose(DIGESTS, 1000, 1) == set(DIGESTS)


def test_every_object_is_as_likely():
    counts = dict.fromkeys(DIGESTS, 0)
    for seed in range(1000):
        for each in choose(DIGESTS, 40, seed):
            counts[each] += 1
    assert 50 < min(counts.values()) <= 100 <= max(counts.values()) < 150  # 100 each, within five sigma


@pytest.mark.parametrize(
    ("text", "many", "drawn"),
    [("500", 12034, 500), ("500", 10, 10), ("5%", 1000, 50), ("0.1%", 10, 1), ("100%", 7, 7), ("3", 0, 0)],
)
def test_a_number_or_a_share(text, many, drawn):
    assert Sampling.parse(text).of(many) == drawn


@pytest.mark.parametrize("text", ["", "0", "-5", "0%", "101%", "nan%", "five", "5 %%", "1.5", "inf"])
def test_what_is_neither_is_refused(text):
    with pytest.raises(UsageError) as error:
        Sampling.parse(text)
    assert repr(text) in error.value.cause
    assert "--sample 5%" in error.value.hint
