"""Shares of a variance: of trees by hand, and of functions whose shares are known."""

from types import SimpleNamespace

import numpy as np
import pytest

from ledger.analysis.importance.axes import axes, axis
from ledger.analysis.importance.explained import explain
from ledger.analysis.importance.fanova import fanova
from ledger.analysis.importance.forest import Coding, Forest, boxes, grow
from ledger.analysis.importance.local import local
from tests.unit.analysis.importance.variables import CATEGORICAL, UNIT, observed, variable


def tree(left, right, feature, threshold, value):
    return SimpleNamespace(
        children_left=left, children_right=right, feature=feature, threshold=threshold, value=value
    )


def forest(*trees, measures):
    codings = tuple(Coding(order=np.arange(len(each)), measure=np.array(each)) for each in measures)
    return Forest(codings=codings, boxes=boxes(trees, list(map(len, measures))), explained=1.0)


TWO_LEAVES = tree([1, -1, -1], [2, -1, -1], [0, -2, -2], [0.5, -2, -2], [0, 0, 4])


def test_two_leaves():
    """4 for three quarters of the first axis, else 0: V = 16 · ¼ · ¾ = 3, all of it the first's."""
    made = forest(TWO_LEAVES, measures=[[0.25, 0.75], [0.5, 0.5]])
    found = fanova(made, pairs=True)
    assert found.variance == pytest.approx(3)
    assert found.first == pytest.approx([1, 0])
    assert found.total == pytest.approx([1, 0])
    assert found.pairs == {(0, 1): pytest.approx(0)}
    assert made.predicted([0, 1]).tolist() == [0]
    assert made.predicted([1, 0]).tolist() == [4]


THREE_LEAVES = tree(
    [1, -1, 3, -1, -1], [2, -1, 4, -1, -1], [0, -2, 1, -2, -2], [0.5, -2, 0.5, -2, -2], [0, 0, 0, 0, 4]
)


def test_three_leaves():
    """4 where both are high, halves each: values 0, 0, 0, 4. V = 16 · 3/16 = 3, and a third is each share.

    E[f|x₀] is 0 or 2, so V₀ = 1 = V₁, and V₀₁ = 3 − 1 − 1 = 1.
    """
    found = fanova(forest(THREE_LEAVES, measures=[[0.5, 0.5], [0.5, 0.5]]), pairs=True)
    assert found.variance == pytest.approx(3)
    assert found.first == pytest.approx([1 / 3, 1 / 3])
    assert found.total == pytest.approx([2 / 3, 2 / 3])
    assert found.pairs == {(0, 1): pytest.approx(1 / 3)}


def test_what_only_one_tree_has_is_that_trees_noise():
    """Two trees: one falls by 4 along the first axis, one along the second. Their product is 0."""
    other = tree([1, -1, -1], [2, -1, -1], [1, -2, -2], [0.5, -2, -2], [0, 0, 4])
    found = fanova(forest(TWO_LEAVES, other, measures=[[0.5, 0.5], [0.5, 0.5]]))
    assert (found.variance, found.first.tolist()) == (0, [0, 0])
    twice = fanova(forest(TWO_LEAVES, TWO_LEAVES, measures=[[0.5, 0.5], [0.5, 0.5]]))
    assert (twice.variance, twice.first.tolist()) == (pytest.approx(4), [pytest.approx(1), 0])


def test_cuts_through_a_point():
    """Through the high corner each axis goes from 0 to 4, through the low one nothing moves the first."""
    made = forest(THREE_LEAVES, measures=[[0.5, 0.5], [0.5, 0.5]])
    assert local(made, [1, 1]) == pytest.approx([0.5, 0.5])
    assert local(made, [0, 1]) == pytest.approx([1, 0])
    assert local(made, [0, 0]) == pytest.approx([0, 0])
    assert local(made, [1, 1], without=[0]) == pytest.approx([0, 1])


def ishigami(points):
    x = (2 * points - 1) * np.pi
    return np.sin(x[:, 0]) + 7 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0])


def g_function(points):
    a = np.array([0, 1, 4.5, 9])
    return np.prod((np.abs(4 * points - 2) + a) / (1 + a), axis=1)


@pytest.mark.parametrize(
    ("function", "first", "total", "pair"),
    [
        (ishigami, (0.3139, 0.4424, 0), (0.5576, 0.4424, 0.2437), ((0, 2), 0.2437)),
        (
            g_function,
            (0.7165, 0.1791, 0.0237, 0.0072),
            (0.7874, 0.2423, 0.0343, 0.0105),
            ((0, 1), 0.0597),
        ),
    ],
)
def test_functions_whose_shares_are_known(function, first, total, pair):
    points = np.random.default_rng(0).random((2000, len(first)))
    made = [axis(variable(f"x{place}", points[:, place], domain=UNIT)) for place in range(len(first))]
    found = fanova(grow(made, function(points)), pairs=True)
    assert found.first == pytest.approx(first, abs=0.02)
    assert found.total == pytest.approx(total, abs=0.02)
    assert found.pairs[pair[0]] == pytest.approx(pair[1], abs=0.02)


def test_what_is_inactive_makes_no_difference():
    """x counts where opt is a, and there is 1/2 where it is b.

    V = ½ · 1/12, E[f|opt] = ½ for both, and E[f|x] = x/2 + ¼, whose variance is half of V: the rest is theirs
    together.
    """
    random = np.random.default_rng(1)
    opt = random.choice(["a", "b"], 2000)
    values = random.random(2000)
    losses = np.where(opt == "a", values, 0.5)
    x = variable("x", np.where(opt == "a", values, None), domain=UNIT, condition="opt = a")
    made = axes(observed(variable("opt", opt.tolist(), CATEGORICAL), x))
    found = fanova(grow(made, losses), pairs=True)
    assert found.first == pytest.approx([0, 0.5], abs=0.03)
    assert found.pairs[0, 1] == pytest.approx(0.5, abs=0.03)
    assert found.total == pytest.approx([0.5, 1], abs=0.03)


def test_being_there_is_the_effect_of_who_decides_it():
    opt = ["a", "b"] * 200
    x = [float(place) / 400 if place % 2 else None for place in range(400)]
    made = axes(observed(variable("opt", opt, CATEGORICAL), variable("x", x, domain=UNIT)))
    found = fanova(grow(made, np.array([float(each == "a") for each in opt])))
    assert found.first == pytest.approx([1, 0], abs=0.01)


@pytest.mark.parametrize(("offset", "by"), [(1e9, 1.0), (0.0, 1e200)])
def test_neither_an_offset_nor_a_unit_is_part_of_a_share(offset, by):
    points = np.random.default_rng(4).random((24, 1))
    made = [axis(variable("x", points[:, 0], domain=UNIT))]
    (share,) = explain(made, offset + by * points[:, 0]).first
    assert 0.8 < share.low <= share.value <= share.high == 1


def test_what_is_constant_but_for_one_trial_has_an_answer():
    made = [axis(variable("x", np.linspace(0, 1, 24), domain=UNIT))]
    found = explain(made, np.array([0.0] * 23 + [1.0]))
    assert 0 <= found.first[0].low <= found.first[0].high <= 1
    assert np.isfinite(found.explained)
    constant = grow(made, np.full(24, 0.1))
    assert (constant.explained, constant.predicted([0]).mean()) == (1.0, pytest.approx(0.1))


def test_intervals_hold_the_truth_and_noise_is_told():
    points = np.random.default_rng(2).random((400, 3))
    noise = np.random.default_rng(3).normal(size=400)
    made = [axis(variable(f"x{place}", points[:, place], domain=UNIT)) for place in range(3)]
    found = explain(made, points[:, 0] + 2 * points[:, 1] + 0.2 * noise, pairs=True, at=5)
    shares = {each.names: each for each in found.first}
    for name, truth in (("x0", 0.2), ("x1", 0.8), ("x2", 0.0)):
        assert shares[name,].low <= truth <= shares[name,].high
    assert (
        [each.names[0] for each in found.first]
        == ["x1", "x0", "x2"]
        == [each.names[0] for each in found.total]
    )
    assert len(found.pairs) == 3
    assert {
        each.names[0]: each.low <= truth <= each.high
        for each, truth in zip(sorted(found.local, key=lambda each: each.names), (0.2, 0.8, 0.0), strict=True)
    } == dict.fromkeys(["x0", "x1", "x2"], True)
    assert found.explained > 0.8
    assert grow(made, noise).explained < 0.1
