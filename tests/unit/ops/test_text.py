"""Values as people read them."""

import math

import pytest

from ledger.ops.text import exact, nearest, number


@pytest.mark.parametrize(
    ("value", "short", "whole"), [(math.nan, "NaN", "NaN"), (1 / 3, "0.333333", repr(1 / 3))]
)
def test_what_is_no_number_is_called_as_in_documents(value, short, whole):
    assert (number(value), exact(value)) == (short, whole)


def test_nearest_names_are_counted():
    assert nearest(["loss"]) == "the nearest name is loss"
    assert nearest(["loss", "lose"]) == "the nearest names are loss, lose"
