"""What trials are called."""

from ledger.reports.labels import labels


def test_what_to_call_trials(maker):
    a = maker.made(params={"lr": 0.1, "depth": 2})
    b = maker.made(params={"lr": 0.2, "depth": 2})
    c = maker.made(name="c")
    assert labels([a, b]) == {a.id: "lr=0.1", b.id: "lr=0.2"}
    assert labels([c]) == {c.id: "c"}
    assert labels([a]) == {a.id: a.id.short}
    assert labels([c, a], seeds=False)[a.id] == "depth=2 lr=0.1"


def test_what_is_too_long_is_cut_between_values_and_says_so(maker):
    long = {"a" * 20: 1, "b" * 20: 2, "c" * 20: 475908527}
    a, b = maker.made(params=long), maker.made(params=dict.fromkeys(long, 0))
    assert labels([a, b])[a.id] == f"{'a' * 20}=1 {'b' * 20}=2 …"
    c, d = maker.made(params={"path": "x" * 80}), maker.made(params={"path": "y"})
    assert labels([c, d])[c.id] == f"path={'x' * 55}…"
