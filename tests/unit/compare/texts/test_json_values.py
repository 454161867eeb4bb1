import io
import json

import pytest

from ledger.compare import registry
from ledger.compare.base import Tolerance
from ledger.compare.texts import json_values


def compare(expected, got, **tolerance):
    sides = (each if isinstance(each, bytes) else json.dumps(each).encode() for each in (expected, got))
    return json_values.compare(*map(io.BytesIO, sides), Tolerance(**tolerance))


def test_it_is_what_json_is_compared_with():
    assert registry.find("application/json; charset=utf-8").comparator is json_values.compare


@pytest.mark.parametrize(
    ("expected", "got"),
    [
        (b'{"a": 1, "b": [2, 3]}', b'{"b":[2,3],\n "a":1}\n'),
        (b"1", b"1.0"),
        (b"[0.1]", b"[0.10]"),
        (b'{"a": NaN}', b'{"a":NaN}'),
        (b"1" + b"0" * 400, b" 1" + b"0" * 400),
    ],
)
def test_other_bytes_of_the_same_values_are_the_same_but_not_exact(expected, got):
    result = compare(expected, got)
    assert (result.same, result.exact, result.detail) == (True, False, "the values are the same")


@pytest.mark.parametrize(
    ("expected", "got", "detail"),
    [
        ({"a": {"b": [1, 2]}}, {"a": {"b": [1, 3]}}, "a.b.1: 2 and 3"),
        ({"a": 1}, {"b": 1}, "a: only the first has it; b: only the second has it"),
        ([1], [1, 2], "the whole: 1 and 2 members"),
        (True, 1, "the whole: true and 1"),
        (None, 0, "the whole: null and 0"),
        ("1", 1, 'the whole: "1" and 1'),
        (list(range(5)), list(range(1, 6)), "0: 0 and 1; 1: 1 and 2; 2: 2 and 3; 2 more"),
        (10**400, 10**400 + 1, None),
    ],
)
def test_other_values_are_named_with_their_place(expected, got, detail):
    result = compare(expected, got, rtol=1e-9)
    assert (result.same, result.exact) == (False, False)
    assert detail is None or result.detail == detail


def test_numbers_may_be_near_each_other():
    result = compare({"a": 1.0, "b": "x"}, {"b": "x", "a": 1.001}, rtol=0.01)
    assert (result.same, result.exact, result.detail) == (
        True,
        False,
        "within rtol 0.01, atol 0: a: 1.0 and 1.001",
    )
    assert result.distance.compared == 1
    assert not compare({"a": 1.0, "b": "x"}, {"a": 1.001, "b": "y"}, rtol=0.01).same


@pytest.mark.parametrize(
    ("expected", "got"),
    [
        (b'{"a": 1', b'{"a":1'),
        (b'{"a": 1, "a": 2}', b'{"a": 2}'),
        (b"\xff\xfe\xfd", b"\xff\xfe\xfc"),
        (b"[" * 100_000, b"[" * 100_000 + b" "),
        (b"[" * 100_000 + b"]" * 100_000, b"[" * 100_000 + b"]" * 100_000 + b" "),
        (b"", b"null"),
        (b"9" * 5000, b" " + b"9" * 5000),
    ],
    ids=["torn", "twice", "bytes", "open", "deep", "empty", "digits"],
)
def test_what_is_no_plain_json_is_compared_byte_for_byte(expected, got):
    result = compare(expected, got)
    assert not result.same
    assert "byte" in result.detail or "empty" in result.detail


def test_what_is_too_large_is_compared_byte_for_byte_to_its_end():
    large = b"[" + b" " * (json_values.MOST_BYTES + 10)
    assert compare(large + b"1]", large + b"1]").exact
    result = compare(large + b"1]", large + b"2]")
    assert result.detail == (
        f"bytes differ from offset {len(large)} on (compared as bytes: more than 16000000 bytes of JSON)"
    )


def test_what_catboost_makes_up_never_counts():
    models = [
        {"model_info": {"model_guid": guid, "train_finish_time": time, "depth": 3}, "trees": [0.5]}
        for guid, time in (("1-2", "10:00"), ("3-4", "11:00"))
    ]
    found = compare(*models)
    assert (found.same, found.detail) == (True, "only model names and time stamps differ")
    models[1]["trees"] = [0.25]
    assert not compare(*models).same
