"""The greedy path between two configurations."""

import math

import pytest

from ledger.analysis.ablation import Estimate, path, together

A, B, C = ("a",), ("b",), ("c", "d")


def additive(**gains):
    """Losses of a function in which each group gains by itself."""

    def loss(taken):
        return 10.0 - sum(gains[group[0]] for group in taken)

    return loss


def test_the_most_useful_step_comes_first():
    loss = additive(a=1, b=5, c=2)
    steps = path([A, B, C], lambda taken: Estimate(loss=loss(taken), spread=None))
    assert [(each.group, each.estimate.loss) for each in steps] == [(B, 5), (C, 3), (A, 2)]
    assert {group: each.loss for group, each in steps[0].others.items()} == {A: 9, C: 8}
    assert steps[-1].others == {}


def test_an_interaction_is_seen_on_the_way():
    """Alone a and b harm, together they help: c is taken first, and then the lesser evil."""
    table = {frozenset(): 5, (A,): 6, (B,): 7, (C,): 4, (A, B): 1, (A, C): 5, (B, C): 6, (A, B, C): 0}
    losses = {frozenset(key): float(value) for key, value in table.items()}
    steps = path([A, B, C], lambda taken: Estimate(loss=losses[taken], spread=None))
    assert [each.group for each in steps] == [C, A, B]
    assert [each.estimate.loss for each in steps] == [4, 5, 0]


def test_equal_steps_keep_their_order():
    steps = path([B, A], lambda _: Estimate(loss=1.0, spread=None))
    assert [each.group for each in steps] == [B, A]


def test_only_what_could_be_the_best_is_measured():
    """b is predicted best, and is not: a is measured next, and taken; c never is where it looks worst."""
    predicted, truth = additive(a=4, b=5, c=1), additive(a=4, b=3, c=1)
    asked = []

    def settle(taken):
        asked.append(taken)
        return Estimate(loss=truth(taken), spread=None)

    def estimate(taken):
        if taken in asked:
            return Estimate(loss=truth(taken), spread=None)
        return Estimate(loss=predicted(taken), spread=0.5)

    steps = path([A, B, C], estimate, settle)
    assert [(each.group, each.estimate.loss) for each in steps] == [(A, 6), (B, 3), (C, 2)]
    assert asked[:2] == [{B}, {A}]
    assert {C} not in asked
    assert all(each.estimate.measured for each in steps)


def test_what_cannot_be_measured_stays_a_prediction_and_is_asked_for_once_a_step():
    asked = []
    loss = additive(a=1, b=5, c=2)
    steps = path([A, B], lambda taken: Estimate(loss=loss(taken), spread=1.0), asked.append)
    assert [each.group for each in steps] == [B, A]
    assert asked == [{B}, {A, B}]


def test_what_is_not_known_is_measured_first_and_what_failed_comes_last():
    def settle(taken):
        return Estimate(loss=math.inf, spread=math.inf) if taken == {A} else Estimate(loss=1.0, spread=None)

    steps = path([A, B], lambda _: Estimate(loss=-math.inf, spread=math.inf), settle)
    assert [(each.group, each.estimate.loss) for each in steps] == [(B, 1), (A, 1)]


@pytest.mark.parametrize(
    ("decided", "groups"),
    [
        ({}, (("opt",), ("momentum",), ("nesterov",), ("lr",))),
        ({"momentum": ["opt"]}, (("opt", "momentum"), ("nesterov",), ("lr",))),
        ({"momentum": ["opt"], "nesterov": ["momentum"]}, (("opt", "momentum", "nesterov"), ("lr",))),
        ({"momentum": ["depth"]}, (("opt",), ("momentum",), ("nesterov",), ("lr",))),
    ],
)
def test_what_moves_together(decided, groups):
    assert together(["opt", "momentum", "nesterov", "lr"], decided) == groups
