import json

import pytest

from ledger.errors import DamagedError, NewerFormatError
from ledger.model import strict
from ledger.model.digest import Digest

GOOD = {"format": "f", "version": 1}


def read(content):
    if not isinstance(content, bytes):
        content = json.dumps(content).encode()
    return strict.read(content, "the file", format="f", version=1)


def test_a_document():
    found = read({**GOOD, "a": [1, "b3:" + 64 * "0"]}).map(("format", "version"), ("a", "b"))
    number, digest = found["a"].each()
    assert number.whole() == 1
    assert digest.digest() == Digest(bytes(32))
    assert digest.path == "a[1]"


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (b"", "expected JSON"),
        (b"\xff", "expected JSON"),
        (b"[" * 1_000_000, "nested too deep"),
        (b'{"format": "f", "version": 1, "a": ' + b"[" * 100 + b"]" * 100 + b"}", "nested too deep"),
        (b'{"format": "f", "version": 1, "version": 1}', "'version' stands there twice"),
        (b'{"format": "f", "version": 1, "a": {"b": 1, "b": 2}}', "'b' stands there twice"),
        (b'{"format": "f", "version": 1.0}', "a number as 1.0"),
        (b'{"format": "f", "version": 1, "a": NaN}', "a number as NaN"),
        (b'{"format": "f", "version": 1, "a": ' + b"9" * 10_000 + b"}", "expected JSON"),
        (b'{"format": "f", "version": 1} x', "expected JSON"),
        ([], '"format": "f", got an array'),
        ({}, '"format": "f", got nothing'),
        ({"format": "g", "version": 1}, '"format": "f", got "g"'),
        ({"format": "f"}, "version: expected 1, got nothing"),
        ({"format": "f", "version": True}, "version: expected 1, got true"),
        ({"format": "f", "version": 0}, "version: expected 1, got 0"),
        ({"format": "f", "version": 10**400}, "version: expected 1, got a huge number"),
        ({"format": "f", "version": "2"}, 'version: expected 1, got "2"'),
    ],
)
def test_what_is_no_such_document_is_refused(content, cause):
    with pytest.raises(DamagedError, match="the file is refused") as caught:
        read(content)
    assert cause in caught.value.cause
    assert caught.value.exit_code == 4


def test_a_later_version_is_told_from_damage():
    with pytest.raises(NewerFormatError, match="format 2") as caught:
        read({"format": "f", "version": 2})
    assert "upgrade" in caught.value.hint


def value(found):
    return strict.Value("the file", found, "a.b")


@pytest.mark.parametrize(
    ("found", "ask", "cause"),
    [
        (1, lambda each: each.map(()), "expected an object, got 1"),
        ({"a": 1}, lambda each: each.map(()), "a.b.a: expected nothing of that name"),
        ({}, lambda each: each.map(("a",)), "a.b.a: expected a value, got nothing"),
        ({}, lambda each: list(each.each()), "expected an array, got an object"),
        ([1], lambda each: list(each.each(2, 3)), "expected 2 to 3 values, got 1"),
        ([1], lambda each: list(each.each(0, 0)), "expected 0 values, got 1"),
        ("1", lambda each: each.whole(), 'got "1"'),
        (True, lambda each: each.whole(), "got true"),
        (-1, lambda each: each.whole(), "got -1"),
        (1 << 63, lambda each: each.whole(), "got 9223372036854775808"),
        (None, lambda each: each.text(), "expected text, got nothing"),
        ("b3:0", lambda each: each.digest(), "expected b3:"),
        ("b3:" + 64 * "A", lambda each: each.digest(), "expected b3:"),
        ("0" * 31, lambda each: each.hexadecimal(16), "expected 32 hexadecimal digits"),
        ("A" * 32, lambda each: each.hexadecimal(16), "expected 32 hexadecimal digits"),
        ("é" * 32, lambda each: each.hexadecimal(16), "expected 32 hexadecimal digits"),
        ("AA", lambda each: each.base64(), "expected base64"),
        ("AB==", lambda each: each.base64(), "expected base64"),
        ("AA==\n", lambda each: each.base64(), "expected base64"),
        ("é", lambda each: each.base64(), "expected base64"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_with_its_place(found, ask, cause):
    with pytest.raises(DamagedError) as caught:
        ask(value(found))
    assert caught.value.cause.startswith("a.b")
    assert cause in caught.value.cause


def test_long_values_are_cut():
    with pytest.raises(DamagedError) as caught:
        value("x" * 1000).whole()
    assert len(caught.value.cause) < 150


def test_values_that_fit():
    assert value("").base64() == b""
    assert value("AA==").base64() == b"\0"
    assert value("0f" * 16).hexadecimal(16) == b"\x0f" * 16
    assert value({}).map((), ("a",)) == {}
