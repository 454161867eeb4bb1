"""Lines end between words, and columns share the room there is."""

import pytest

from ledger.cli.widths import longest_word, shared, wrapped


@pytest.mark.parametrize(
    ("text", "width", "expected"),
    [
        ("", 5, [""]),
        ("one two", 7, ["one two"]),
        ("one two", 6, ["one", "two"]),
        ("  a drop of loss", 9, ["  a drop", "  of loss"]),
        ("  unbreakable is whole", 8, ["  unbreakable", "  is", "  whole"]),
        ("a  b c", 4, ["a  b", "c"]),
        ("漢字 漢字", 8, ["漢字", "漢字"]),
    ],
)
def test_lines_end_between_words(text, width, expected):
    assert wrapped(text, width) == expected


def test_the_column_gives_way_whose_cells_take_fewest_more_lines():
    one_long, many_short = ["a " * 20, "b"], ["12 to 34"] * 9
    least = [longest_word(each) for each in (one_long, many_short)]
    assert shared([one_long, many_short], least, 100) == [40, 8]
    assert shared([one_long, many_short], least, 20) == [12, 8]
    assert shared([one_long, many_short], least, 3) == [1, 2]
    assert shared([one_long, many_short], least, 2) is None
