import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.errors import UsageError
from ledger.model.filter_syntax import parse
from ledger.ui.data import axes, brush


@pytest.mark.parametrize(
    ("where", "asked", "rest"),
    [
        ("", {}, False),
        ("lr >= 0.1 and lr <= 1", {"lr": {"low": 0.1, "high": 1.0}}, False),
        ("opt in (sgd, 'a b') and x = 3", {"opt": {"values": ["sgd", "a b"]}, "x": {"values": [3]}}, False),
        ("on = true and m is null", {"on": {"values": [True]}, "m": {"null": True}}, False),
        ("lr > 0.1", {}, True),
        ("lr >= 0.1 or x = 3", {}, True),
        ("lr >= 0.1 and not x = 3", {"lr": {"low": 0.1}}, True),
        ("lr >= 0.1 and lr >= 0.2", {"lr": {"low": 0.1}}, True),
        ("x = 3 and x <= 4", {"x": {"values": [3]}}, True),
        ("lr >= inf and x = nan", {}, True),
        ("name >= a", {}, True),
    ],
)
def test_ranges_and_choices_are_told_and_whether_that_is_all(where, asked, rest):
    assert brush.answer(None, {"where": where}) == {"axes": asked, "rest": rest}


def test_what_does_not_parse_is_refused():
    with pytest.raises(UsageError):
        brush.answer(None, {"where": "lr >="})


@settings(max_examples=25)
@given(name=st.text(min_size=1), others=st.sets(st.sampled_from(["a", "and", "b c"])))
def test_a_filter_can_name_every_hyperparameter(name, others):
    asked = axes.asked("param.", name, others)
    test = parse(f"{asked} is null")
    assert test.name in (name, f"param.{name}")


def test_names_that_mean_something_else_have_their_prefix():
    assert axes.asked("param.", "lr", {"loss"}) == "lr"
    assert axes.asked("param.", "loss", {"loss"}) == "param.loss"
    assert axes.asked("param.", "status", ()) == "param.status"
    assert axes.asked("param.", "my rate", ()) == "`my rate`"
    assert axes.asked("param.", "param.x", ()) == "param.param.x"
    assert axes.asked("metric.", "duration_s", ()) == "duration_s"
