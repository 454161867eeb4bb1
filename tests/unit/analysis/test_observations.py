"""Trials as an analysis sees them."""

import pytest

from tests.unit.analysis.importance.variables import CATEGORICAL, observed, variable


@pytest.mark.parametrize(
    ("values", "names"),
    [
        ((1, "1", 1.0, "1"), {"1": 2, "'1'": 2}),
        ((True, "True", True, True), {"true": 3, "True": 1}),
        ((True, "true", True, True), {"True": 3, "'true'": 1}),
        (("a", 1, None, "a"), {"a": 2, "1": 1}),
    ],
)
def test_parts_of_other_values_have_other_names(values, names):
    parts = observed(variable("d", values, CATEGORICAL), loss=[1.0] * 4).split("d")
    assert {name: len(each) for name, each in parts.items()} == names
