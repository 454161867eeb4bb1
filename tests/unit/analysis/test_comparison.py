"""A metric of two sides: what is held against what, and what may be claimed."""

import math

import numpy as np
import pytest
import scipy.stats

from ledger.analysis.comparison import Verdict, alone, compare
from ledger.analysis.observations import Observations, Variable
from ledger.analysis.pairing import Design, pair
from ledger.analysis.statistics import effects
from ledger.analysis.statistics.aggregates import iqm
from ledger.model import Digest, HyperparameterType


def side(label, values, seeds=None, lr=None):
    count = len(values)
    column = tuple(lr) if lr else (1,) * count
    return Observations(
        label=label,
        trials=tuple(Digest.of(f"{label}{row}".encode()) for row in range(count)),
        variables=(Variable(name="lr", type=HyperparameterType.REAL, values=column),),
        seeds=tuple(seeds or (None,) * count),
        metrics={"loss": tuple(map(float, values))},
    )


def between(a, b, **more):
    return compare(pair(a, b), "loss", **more)


RANDOM = np.random.default_rng(11)
NOISE = RANDOM.normal(0, 1, 12)
A, B = RANDOM.normal(1, 0.3, 6), RANDOM.normal(0.4, 0.2, 7)


def test_all_of_one_configuration_against_all_of_the_other():
    found = between(side("a", A), side("b", B), maximize=False)
    assert (found.design, found.configurations, found.sizes, found.left_out) == (
        Design.WITHIN,
        1,
        ((6, 7),),
        0,
    )
    assert found.difference == pytest.approx(B.mean() - A.mean())
    expected = scipy.stats.ttest_ind(B, A, equal_var=False)
    assert [each.name for each in found.tests] == ["Welch", "permutation"]
    assert found.tests[0].p == pytest.approx(expected.pvalue)
    assert found.tests[0].statistic == pytest.approx(expected.statistic)
    exact = scipy.stats.permutation_test(
        (B, A), lambda x, y, axis: x.mean(axis=axis) - y.mean(axis=axis), n_resamples=np.inf, vectorized=True
    )
    assert found.tests[1].p == pytest.approx(exact.pvalue)
    assert (found.a.mean, found.b.iqm) == (pytest.approx(A.mean()), pytest.approx(iqm(B)))
    assert found.probability == effects.probability_of_improvement(A, B)
    assert found.effect.name == "Cohen's d"
    assert found.effect.value == pytest.approx(effects.cohen_d(B, A))
    assert (found.verdict, found.better) == (Verdict.LOWER, True)
    assert found.interval.high < 0
    assert found.needed is None


def test_the_other_way_round_everything_turns():
    there, back = between(side("a", A), side("b", B)), between(side("b", B), side("a", A))
    assert back.difference == pytest.approx(-there.difference)
    assert (back.verdict, back.better) == (Verdict.HIGHER, None)
    assert back.probability == pytest.approx(1 - there.probability)
    assert back.tests[0].p == pytest.approx(there.tests[0].p)


def test_pairs_of_one_seed_take_away_what_seeds_share():
    a, b = NOISE, NOISE + 0.2 + RANDOM.normal(0, 0.05, 12)
    seeds = list(range(12))
    paired = between(side("a", a, seeds), side("b", b[::-1], seeds[::-1]))
    assert (paired.design, paired.seeded, paired.verdict) == (Design.SEEDS, True, Verdict.HIGHER)
    expected = scipy.stats.ttest_rel(b, a)
    assert paired.tests[0].p == pytest.approx(expected.pvalue)
    without = between(side("a", a), side("b", b))
    assert (without.design, without.seeded, without.verdict) == (Design.WITHIN, False, Verdict.UNCLEAR)
    # With n trials a side, the difference has a variance of 2 deviation² / n.
    variance = (a.var(ddof=1) + b.var(ddof=1)) / 12
    assert 2 * without.deviation**2 / 12 == pytest.approx(variance)
    expected = 2 * 7.8489 * without.deviation**2 / without.difference**2
    assert without.needed == math.ceil(expected)
    assert 2 * paired.deviation**2 / 12 == pytest.approx((b - a).var(ddof=1) / 12)


def test_configurations_are_strata():
    lr = [1] * 4 + [2] * 4
    a, b = RANDOM.normal(0, 1, 8), RANDOM.normal(0, 1, 8) + 0.5
    a[4:] += 100
    b[4:] += 100
    found = between(side("a", a, lr=lr), side("b", b, lr=lr))
    assert (found.design, found.configurations, found.sizes) == (Design.WITHIN, 2, ((4, 4), (4, 4)))
    assert found.difference == pytest.approx(b.mean() - a.mean())
    assert found.interval.half < 3  # and not 100
    assert found.a.interval.half < 3
    variance = sum(each.var(ddof=1) for each in (a[:4], a[4:], b[:4], b[4:])) / 4 / 4
    assert 2 * found.deviation**2 / 4 == pytest.approx(variance)
    assert found.tests[0].statistic == pytest.approx(found.difference / math.sqrt(variance))
    pooled = math.sqrt(np.mean([each.var(ddof=1) for each in (a[:4], a[4:], b[:4], b[4:])]))
    assert found.effect.value == pytest.approx(found.difference / pooled)
    wins = [effects.probability_of_improvement(b[each], a[each]) for each in (slice(4), slice(4, 8))]
    assert found.probability == pytest.approx(np.mean(wins))


def test_of_configurations_with_one_trial_the_differences_are_the_sample():
    lr = list(range(8))
    a = RANDOM.normal(0, 5, 8)
    b = a + 1 + RANDOM.normal(0, 0.2, 8)
    found = between(side("a", a, lr=lr), side("b", b, lr=lr))
    assert (found.design, found.configurations, found.verdict) == (
        Design.CONFIGURATIONS,
        8,
        Verdict.HIGHER,
    )
    assert found.tests[0].p == pytest.approx(scipy.stats.ttest_rel(b, a).pvalue)
    assert found.effect.value == pytest.approx((b - a).mean() / (b - a).std(ddof=1))
    assert (found.probability, found.coverage is not None) == (1.0, True)


def test_one_trial_each_says_nothing_of_noise():
    found = between(side("a", [1.0]), side("b", [2.0]), maximize=True)
    assert (found.verdict, found.better, found.needed, found.tests) == (Verdict.UNKNOWN, None, None, ())
    assert found.interval.high == math.inf
    assert found.effect is None
    low, high = found.probability_interval.low, found.probability_interval.high
    assert found.probability == 1
    assert low < 0.5 < high


@pytest.mark.parametrize(("value", "verdict"), [(1.1, Verdict.UNCLEAR), (9.0, Verdict.HIGHER)])
def test_one_trial_against_several_borrows_their_spread(value, verdict):
    several = [1.0, 1.2, 0.9, 1.1]
    found = between(side("a", several), side("b", [value]))
    assert found.verdict == verdict
    expected = scipy.stats.ttest_ind([value], several, equal_var=True)
    assert found.tests[0].name == "Student"
    assert found.tests[0].p == pytest.approx(expected.pvalue)
    low, high = expected.confidence_interval(0.95)
    assert (found.interval.low, found.interval.high) == (pytest.approx(low), pytest.approx(high))


def test_without_a_common_configuration_all_are_compared():
    found = between(side("a", A, lr=range(6)), side("b", B, lr=range(10, 17)))
    assert (found.design, found.sizes) == (Design.UNPAIRED, ((6, 7),))
    assert found.tests[0].p == pytest.approx(scipy.stats.ttest_ind(A, B, equal_var=False).pvalue)


def test_what_never_changes():
    same = between(side("a", [2, 2, 2]), side("b", [2, 2]))
    assert (same.verdict, same.needed, same.tests[0].p) == (Verdict.SAME, None, 1.0)
    other = between(side("a", [2, 2, 2]), side("b", [3, 3, 3]), maximize=True)
    assert (other.verdict, other.better, other.interval.half) == (Verdict.HIGHER, True, 0)
    assert other.effect.value == math.inf


def test_outliers_make_the_effect_robust():
    b = np.append(B, 40)
    found = between(side("a", A), side("b", b))
    assert found.effect.name == "robust d"
    assert found.effect.value == pytest.approx(effects.robust_d(b, A))
    assert "1 of 14 values lies far out" in found.effect.why
    few = between(side("a", A[:4]), side("b", [*B[:3], 40]))
    assert few.effect.name == "Cohen's d"


def test_what_has_no_value_is_left_out():
    a = side("a", [1, math.nan, 2, 3], seeds=[1, 2, 3, 4])
    b = side("b", [1.5, 2, math.inf, 4], seeds=[1, 2, 3, 4])
    found = between(a, b)
    assert (found.design, found.sizes, found.left_out) == (Design.SEEDS, ((2, 2),), 2)
    assert compare(pair(a, b), "accuracy") is None
    assert between(a, side("b", [math.nan])) is None


def test_a_side_alone():
    found = alone(side("a", [1, 3, 5, math.nan], lr=[1, 1, 2, 2]), "loss")
    assert (found.values, found.mean) == ((1.0, 3.0, 5.0), 3.5)
    assert alone(side("a", [math.nan]), "loss") is None


def test_differences_of_nothing_are_seldom_told():
    generator = np.random.default_rng(0)
    told = 0
    for _ in range(60):
        a, b = generator.normal(0, 1, (2, 5))
        told += between(side("a", a), side("b", b)).verdict is not Verdict.UNCLEAR
    assert told <= 8
