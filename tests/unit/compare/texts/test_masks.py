import json
import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.compare.base import Tolerance
from ledger.compare.texts import mask_patterns, masks


def derive(*texts):
    return mask_patterns.derive([each.encode() for each in texts])


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["a\nb", "a\nb"], ()),
        (["took 3.1 s", "took 4.2 s"], ()),  # a duration: the clock, which is never held against anybody
        (["loss 0.5 at 3", "loss 0.7 at 3"], (r"loss\ (N)\ at\ 3",)),
        (["host alpha", "host beta"], (r"host\ (.+?)",)),
        (["saved to x.pt", "saved to a/b.pt"], (r"saved\ to\ (.*)\.pt",)),
        (["worker 12", "worker 345", "worker 6"], (r"worker\ (N)",)),
        (["a\nb", "a"], None),
        (["a\n1", "a\n2", "b\n3"], (r"(.+?)", "(N)")),
    ],
)
def test_what_varies(texts, expected):
    found = derive(*texts)
    if expected is not None:
        expected = tuple(each.replace("N", masks.NUMBER) for each in expected)
    assert found == expected


def test_a_line_that_varies_in_each_epoch_is_one_pattern():
    runs = ["\n".join(f"epoch {n}: loss {n + run / 10}" for n in range(1, 300)) for run in range(3)]
    (found,) = derive(*runs)
    assert re.fullmatch(found, "epoch 1000: loss 7")
    other = "\n".join(f"epoch {n}: loss 5" for n in range(1, 300))
    assert masks.same(runs[0].encode(), other.encode(), [found]) is None
    wrong = other.replace("epoch 7:", "epoch 8:")
    assert masks.same(runs[0].encode(), wrong.encode(), [found]) == 7


def test_patterns_for_people():
    (found,) = derive("a-b: loss 1 (x)", "a-b: loss 2 (y)")
    assert masks.readable(found) == "a-b: loss # (#)"
    (found,) = derive(
        "\n".join(f"step {n} {n + 9}" for n in range(9)), "\n".join(f"step {n} 1" for n in range(9))
    )
    assert masks.readable(found) == "step N #"


def test_what_varies_in_too_many_ways_is_not_masked():
    lines = [f"{'x' * n} a" for n in range(mask_patterns.MOST + 1)]
    assert derive("\n".join(lines), "\n".join(each.replace("a", "b") for each in lines)) is None


def test_what_is_no_text_is_not_masked():
    assert mask_patterns.derive([b"\xff1", b"\xff2"]) is None
    assert masks.same(b"\xff1", b"\xff2", ["(.*)"]) == 1


def test_a_longer_text_parts_behind_the_end():
    assert masks.same(b"a\nb", b"a", ["(.*)"]) == 2


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["[1]", "[1]"], ()),
        (['{"a": 1, "b": 2}', '{"a": 1, "b": 2.5}'], (r'\{"a":\ 1,\ "b":\ (N)\}',)),
        (['["a b", 1]', '["c \\" d", 1]'], (r"\[(S),\ 1\]",)),
        (["[\n1,\n2]", "[\n3,\n2]"], (r"(N),",)),
        (["[1]", "[null]"], None),
        (["[1]", "[NaN]"], None),
        (["[1]", '["1"]'], None),
        (["[1]", "[1, 1]"], None),
        (["[1]", "[1\n]"], None),
        (["[1, 2]\n[1, 2]", "[1, 3]\n[5, 2]"], None),  # the last line matches what the first one varies by
    ],
)
def test_what_varies_in_json(texts, expected):
    found = mask_patterns.derive_json([each.encode() for each in texts])
    if expected is not None:
        expected = tuple(each.replace("N", masks.NUMBER).replace("S", masks.STRING) for each in expected)
    assert found == expected


def test_json_that_varies_in_too_many_ways_is_not_masked():
    texts = [
        json.dumps({f"key {n}": value for n in range(mask_patterns.MOST + 1)}, indent=0) for value in (1, 2)
    ]
    assert mask_patterns.derive_json([each.encode() for each in texts]) is None
    texts = [json.dumps([value, "x" * mask_patterns._LONGEST]) for value in (1, 2)]
    assert mask_patterns.derive_json([each.encode() for each in texts]) is None
    assert mask_patterns.derive_json([b"\xff1", b"\xff2"]) is None


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


@given(st.lists(VALUES, min_size=2, max_size=3), st.sampled_from([None, 1]))
def test_whatever_is_derived_of_json_makes_the_texts_equal(values, indent):
    texts = [json.dumps(each, indent=indent).encode() for each in values]
    found = mask_patterns.derive_json(texts)
    if found is not None:
        for each in texts:
            assert masks.same(texts[0], each, found, clock=False) is None


@pytest.mark.parametrize(
    ("got", "parted"),
    [
        ("host beta\nloss 0.52", None),
        ("host beta\nloss 0.9", 2),
        ("host nan\nloss 0.5", 1),  # no number at all where others are held to a tolerance
        ("host (x) 7\nloss 0.5", None),
    ],
)
def test_numbers_that_vary_are_held_to_a_tolerance(got, parted):
    found = derive("host alpha\nloss 0.5", "host beta\nloss 0.51")
    expected = b"host alpha\nloss 0.5"
    assert masks.same(expected, got.encode(), found, Tolerance(atol=0.03)) == parted
    assert masks.same(expected, got.encode(), found) is None


def test_how_far_apart_the_numbers_are_that_vary():
    expected = b"(a) loss 2 at 7 alpha\nloss 1"
    got = b"(a) loss 3 at 7 beta\nloss 1"
    found = masks.apart(expected, got, derive(expected.decode(), got.decode()))
    assert {place: (each.absolute, each.relative) for place, each in found.items()} == {(0, 0): (1.0, 0.5)}


@pytest.mark.parametrize("word", ["nan", "-inf", "NaN", "Infinity"])
def test_a_word_that_is_no_finite_number_is_infinitely_far(word):
    expected, got = b"loss 0.5 at alpha", f"loss {word} at alpha".encode()
    (found,) = masks.apart(expected, got, derive(expected.decode(), got.decode())).values()
    assert found.absolute == math.inf
    assert masks.apart(b"information", b"nano", derive("information", "nano")) == {}


TEXTS = st.text(st.characters(codec="utf-8"), max_size=40)


@given(st.lists(TEXTS, min_size=2, max_size=4))
def test_whatever_is_derived_makes_the_texts_equal(texts):
    found = derive(*texts)
    if found is not None:
        for each in texts:
            assert masks.same(texts[0].encode(), each.encode(), found) is None


@given(TEXTS, TEXTS)
def test_without_masks_only_the_clock_is_masked(one, other):
    parted = masks.same(one.encode(), other.encode(), ())
    if one == other:
        assert parted is None
