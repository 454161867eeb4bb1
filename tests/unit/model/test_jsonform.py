import json
import math
from base64 import b64encode

import pytest

from ledger.model import (
    Digest,
    Environment,
    HealthLine,
    HealthState,
    Intent,
    ManifestEntry,
    MetricSummary,
    Mode,
)
from ledger.model.jsonform import number, rfc3339, to_json, with_bytes


def base64(raw):
    return b64encode(raw).decode()


@pytest.mark.parametrize(
    ("value", "form"),
    [
        (math.nan, "NaN"),
        (-math.nan, "NaN"),
        (math.inf, "Infinity"),
        (-math.inf, "-Infinity"),
        (0.1, 0.1),
        (5e-324, 5e-324),
    ],
)
def test_numbers_that_json_lacks_are_strings(value, form):
    assert number(value) == form
    assert to_json({"x": (value,)}) == {"x": [form]}


def test_minus_zero_and_large_integers_stay_what_they_are():
    assert json.dumps(to_json([-0.0, 2**63, 2**64, True, 1.0])) == (
        "[-0.0, 9223372036854775808, 18446744073709551616, true, 1.0]"
    )


def test_every_field_is_written_out():
    line = HealthLine(part="code", state=HealthState.COMPLETE)
    assert to_json(line) == {"part": "code", "state": "complete", "reason": None}
    assert type(to_json(line)["state"]) is str


def test_digests_are_text_and_other_bytes_are_hexadecimal():
    assert to_json((Digest.of(b""), b"\x01\xff")) == [str(Digest.of(b"")), "01ff"]


def test_a_path_that_is_no_utf8_has_its_bytes_beside_it():
    entry = ManifestEntry(path="caf\udce9/é", mode=Mode.FILE, size=1, digest=None)
    document = to_json(entry)
    assert document["path"] == "caf\ufffd/é"
    assert document["path_bytes"] == base64(b"caf\xe9/\xc3\xa9")
    assert "path_bytes" not in to_json(ManifestEntry(path="é", mode=Mode.FILE, size=1, digest=None))


def test_arguments_that_are_no_utf8_have_their_bytes_beside_them():
    document = with_bytes({"argv": ("python", "caf\udce9"), "other": ("é",), "none": ()})
    assert document == {
        "argv": ["python", "caf\ufffd"],
        "argv_bytes": [base64(b"python"), base64(b"caf\xe9")],
        "other": ["é"],
        "none": [],
    }


def test_paths_inside_pairs_keep_their_bytes():
    intent = Intent(
        argv=("a",),
        directory=".",
        stdin="null",
        code=(),
        environment=Digest.of(b""),
        seed=None,
        parameters=(),
        inputs=(("caf\udce9", None), ("b", Digest.of(b""))),
    )
    document = to_json(intent)
    assert document["inputs"] == [["caf\ufffd", None], ["b", str(Digest.of(b""))]]
    assert document["inputs_bytes"] == [[base64(b"caf\xe9"), None], [base64(b"b"), None]]
    assert "argv_bytes" not in document


def test_every_document_is_text_that_json_and_a_terminal_take():
    environment = Environment(
        python=None, implementation=None, platform="p", distributions=(), variables=(("A", "\udcff\ud83d"),)
    )
    for noun in (environment, {"k\udcff": "v\ud83d"}, {"k\ud83d": {"deep\udcff": ("\udc80",)}}):
        text = json.dumps(to_json(noun), allow_nan=False, ensure_ascii=False)
        text.encode("utf-8")


def test_metrics_that_are_not_finite():
    summary = MetricSummary(name="loss", last=math.nan, min=-math.inf, max=math.inf, count=3)
    assert to_json(summary) == {
        "name": "loss",
        "last": "NaN",
        "min": "-Infinity",
        "max": "Infinity",
        "count": 3,
    }


@pytest.mark.parametrize(
    ("nanoseconds", "text"),
    [
        (0, "1970-01-01T00:00:00.000000Z"),
        (1_700_000_000_123_456_789, "2023-11-14T22:13:20.123456Z"),
        (-1, "1969-12-31T23:59:59.999999Z"),
        (253_402_300_799_999_999_999, "9999-12-31T23:59:59.999999Z"),
        (10**40, "9999-12-31T23:59:59.999999Z"),
        (-(10**40), "0001-01-01T00:00:00.000000Z"),
    ],
)
def test_times(nanoseconds, text):
    assert rfc3339(nanoseconds) == text
