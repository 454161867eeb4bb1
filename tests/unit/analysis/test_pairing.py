"""Which configurations of two sides go together."""

from ledger.analysis.observations import Observations, Variable
from ledger.analysis.pairing import About, Pair, pair
from ledger.model import Digest, HyperparameterType


def side(label, *, seeds=None, metrics=None, **columns):
    count = len(next(iter(columns.values())) if columns else seeds)
    return Observations(
        label=label,
        trials=tuple(Digest.of(f"{label}{row}".encode()) for row in range(count)),
        variables=tuple(
            Variable(name=name, type=HyperparameterType.REAL, values=tuple(values))
            for name, values in columns.items()
        ),
        seeds=(None,) * count if seeds is None else tuple(seeds),
        metrics={name: tuple(values) for name, values in (metrics or {}).items()},
    )


def test_what_a_comparison_is_about_does_not_keep_configurations_apart():
    a = side("a", lr=[0.1, 0.2, 0.2], opt=["sgd"] * 3, momentum=[0.9] * 3)
    b = side("b", lr=[0.2, 0.3], opt=["adam"] * 2)
    found = pair(a, b)
    assert found.about == (About(name="opt", a="sgd", b="adam"), About(name="momentum", a=0.9, b=None))
    assert found.pairs == (Pair(a=(1, 2), b=(0,), seeded=False),)
    assert found.unpaired == (1, 1)
    assert [each.name for each in found.a.variables] == ["lr"]


def test_what_varies_on_a_side_is_part_of_a_configuration():
    a, b = side("a", width=[8, 16]), side("b", width=[16, 16.0])
    found = pair(a, b)
    assert (found.about, found.pairs) == ((), (Pair(a=(1,), b=(0, 1), seeded=False),))


def test_trials_of_one_seed_go_together():
    a = side("a", seeds=[1, 2, 3], lr=[1, 1, 2])
    b = side("b", seeds=[2, 1, 9], lr=[1, 1, 2])
    assert pair(a, b).pairs == (
        Pair(a=(0, 1), b=(1, 0), seeded=True),
        Pair(a=(2,), b=(2,), seeded=False),
    )
    # A seed that a side has twice tells no two trials apart, and what nobody saw is no seed.
    for seeds in ([1, 1, 3], [None, None, None]):
        again = side("a", seeds=seeds, lr=[1, 1, 2])
        assert not any(each.seeded for each in pair(again, again).pairs[:1])


def test_what_is_left_out_and_what_hinders():
    a = side("a", out=["a/1", "a/2"], lr=[1, 2])
    b = side("b", out=["b/1", "b/2"], lr=[2, 3])
    found = pair(a, b)
    assert (found.pairs, found.hindering, found.unpaired) == ((), ("out",), (2, 2))
    found = pair(a, b, ignore=["out"])
    assert (found.pairs, found.hindering) == ((Pair(a=(1,), b=(0,), seeded=False),), ())
    assert found.ignored == ("out",)


def test_trials_of_both_sides_are_counted():
    a = side("a", lr=[1, 2])
    assert pair(a, a.picked([1])).shared == 1


def test_without_hyperparameters_all_are_one_configuration():
    found = pair(side("a", seeds=[1, 2]), side("b", seeds=[1, 2, 3]))
    assert found.pairs == (Pair(a=(0, 1), b=(0, 1, 2), seeded=False),)
