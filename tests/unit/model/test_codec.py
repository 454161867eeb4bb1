import math

import cbor2
import pytest

from ledger.errors import FormatError, NewerFormatError
from ledger.model import (
    Artifact,
    ArtifactRole,
    Difference,
    Digest,
    Entry,
    ExperimentCreated,
    Hyperparameter,
    HyperparameterType,
    Manifest,
    ManifestEntry,
    MetricSummary,
    Mode,
    Note,
    Observed,
    Tag,
    Unknown,
)
from ledger.model.codec import (
    decode,
    decode_entry,
    digest_of,
    encode,
    encode_entry,
    from_document,
    to_document,
)

DIGEST = Digest.of(b"")
TAG = Tag(trial=DIGEST, name="paper")
HUGE = 2**20_000
"""Python refuses to write it out, in an error as elsewhere."""


def shown(value):
    """Name of a case."""
    return "huge" if value is HUGE else repr(value)[:40] if not isinstance(value, dict) else "map"


def entry(payload):
    return Entry(time=1, nonce=b"n" * 16, origin=b"o" * 16, payload=payload)


def changed(**fields):
    """Bytes of an entry with some fields changed; those that are None are taken out."""
    document = cbor2.loads(encode_entry(entry(TAG))) | fields
    return cbor2.dumps({key: value for key, value in document.items() if value is not None}, canonical=True)


def test_fields_with_their_default_are_left_out():
    assert to_document(TAG) == {"trial": bytes(DIGEST), "name": "paper"}
    assert to_document(Tag(trial=DIGEST, name="paper", removed=True))["removed"] is True
    assert decode(Tag, encode(TAG)) == TAG


def test_a_row_of_a_manifest_is_an_array():
    whole = ManifestEntry(path="a", mode=Mode.FILE, size=3, digest=DIGEST)
    assert to_document(whole) == ["a", Mode.FILE, 3, bytes(DIGEST)]
    omitted = ManifestEntry(path="caf\udce9", mode=Mode.FILE, size=3, digest=None, omitted="size")
    assert to_document(omitted) == [b"caf\xe9", Mode.FILE, 3, None, "size"]
    manifest = Manifest.of([whole, omitted])
    assert decode(Manifest, encode(manifest)) == manifest


def test_the_digest_of_a_noun_is_that_of_its_bytes():
    assert digest_of(TAG) == Digest.of(encode(TAG))


def test_what_a_later_release_adds_is_left_aside():
    document = to_document(TAG) | {"colour": "red", "weight": 1}
    assert from_document(Tag, document) == TAG
    row = ["a", Mode.FILE, 3, bytes(DIGEST), None, "later", 5]
    assert from_document(ManifestEntry, row) == from_document(ManifestEntry, row[:4])
    assert decode_entry(changed(later=1)) == entry(TAG)


def test_an_int_where_a_float_is_meant_is_a_float():
    # Python and its type checkers take an int for a float; the bytes must not tell.
    whole = MetricSummary(name="n", last=1, min=0, max=True, count=1)
    exact = MetricSummary(name="n", last=1.0, min=0.0, max=1.0, count=1)
    assert encode(whole) == encode(exact)
    assert type(decode(MetricSummary, encode(whole)).last) is float


def test_values_keep_their_type():
    for value in (1, 1.0, True, None, "1", (1, 1.0, (True, "a")), math.inf, 2**70):
        noun = Hyperparameter(name="x", value=value, type=HyperparameterType.REAL, source="call")
        back = decode(Hyperparameter, encode(noun)).value
        assert (repr(back), type(back)) == (repr(value), type(value))


def test_a_lone_surrogate_of_a_json_file_does_not_stop_the_recording():
    noun = Hyperparameter(name="x", value="\ud83d", type=HyperparameterType.CATEGORICAL, source="file:c.json")
    back = decode(Hyperparameter, encode(noun))
    assert encode(back) == encode(noun)


def test_an_entry_of_an_unknown_kind_is_kept_as_it_is():
    body = encode_entry(
        entry(Unknown(kind="trial.later", data={"a": [1, {"b": b"\xff"}], "caf\udce9": None}))
    )
    read = decode_entry(body)
    assert read.kind == "trial.later"
    assert read.payload == Unknown(kind="trial.later", data={"a": (1, {"b": b"\xff"}), "caf\udce9": None})
    assert encode_entry(read) == body


def test_text_that_is_no_utf8_comes_back_as_text_wherever_it_stands():
    noun = Difference(
        part="environment", path="variable PATH", expected="/caf\udce9", got=("\udcff", {"é": b"a"})
    )
    assert decode(Difference, encode(noun)) == noun


def test_an_experiment_holds_any_plain_document():
    noun = ExperimentCreated(
        name="x", definition={"space": {"lr": (1e-5, 0.1)}, "n": None, "caf\udce9": "\udcff"}
    )
    assert encode(decode(ExperimentCreated, encode(noun))) == encode(noun)


@pytest.mark.parametrize(
    ("document", "cause"),
    [
        ({"name": "n"}, "tag.trial is missing"),
        ({"name": "n", "trial": b"short"}, "tag.trial: expected a digest of 32 bytes, got bytes"),
        ({"name": 7, "trial": bytes(32)}, "tag.name: expected text, got an integer 7"),
        ({"name": None, "trial": bytes(32)}, "tag.name: expected text, got nothing"),
        (
            {"name": "n", "trial": bytes(32), "removed": 1},
            "tag.removed: expected a boolean, got an integer 1",
        ),
        ([], "tag: expected a map, got an array"),
        ("x" * 100, "tag: expected a map, got text"),
        (HUGE, "tag: expected a map, got an integer of more than 64 bits"),
        (
            {"name": HUGE, "trial": bytes(32)},
            "tag.name: expected text, got an integer of more than 64 bits",
        ),
    ],
    ids=shown,
)
def test_an_error_names_the_place(document, cause):
    with pytest.raises(FormatError) as error:
        from_document(Tag, document)
    assert error.value.cause == cause


def test_an_error_names_the_place_deep_inside():
    document = to_document(Observed(affinity=1)) | {"threads": [{"library": "l", "api": "a", "threads": "2"}]}
    with pytest.raises(FormatError) as error:
        from_document(Observed, document, "data.observed")
    assert error.value.cause == "data.observed.threads[0].threads: expected an integer, got text '2'"


def test_an_error_of_a_value_lists_what_is_allowed():
    noun = Artifact(
        role=ArtifactRole.INPUT, path="a", digest=None, size=0, mode=Mode.FILE, media_type="text/plain"
    )
    for role in ("inputs", 3, HUGE, None, [], b"input"):
        with pytest.raises(FormatError, match="expected one of input, output, log, got"):
            from_document(Artifact, to_document(noun) | {"role": role})


@pytest.mark.parametrize("number", [2**14_284, -(2**14_284), HUGE], ids=["first", "negative", "huge"])
def test_an_integer_that_python_cannot_write_out_is_refused(number):
    with pytest.raises(FormatError, match="written out"):
        decode_entry(changed(time=number))
    with pytest.raises(FormatError, match="written out"):
        decode_entry(changed(kind="x", data={"n": [number]}))
    with pytest.raises(FormatError, match="no float"):
        from_document(MetricSummary, {"name": "n", "last": number, "min": 0, "max": 0, "count": 0})


def test_a_later_version_says_what_to_do():
    with pytest.raises(NewerFormatError) as error:
        decode_entry(changed(v=2))
    assert "pip install --upgrade" in error.value.hint


@pytest.mark.parametrize("version", [0, -1, 1.0, True, "1", b"1", [1], HUGE, math.nan], ids=shown)
def test_another_version_is_no_entry(version):
    with pytest.raises(FormatError, match="v: expected 1, got") as error:
        decode_entry(changed(v=version))
    assert type(error.value) is FormatError


@pytest.mark.parametrize(
    "content", [b"", b"\xff", b"\xf6", b"\x01", b"\x80", b"\xa0", b"not cbor", b"\xa1\x61v"]
)
def test_bytes_that_are_no_entry(content):
    with pytest.raises(FormatError):
        decode_entry(content)


def test_bytes_behind_the_end_are_refused():
    for rest in (b"\0", b"\xff", b"\xa0", bytes(5000)):
        with pytest.raises(FormatError, match=f"{len(rest)} bytes behind"):
            decode(Note, encode(Note(text="t", author="a")) + rest)
        with pytest.raises(FormatError, match="behind"):
            decode_entry(encode_entry(entry(TAG)) + rest)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"\x81" * 100_000 + b"\x01", id="deep"),
        pytest.param(b"\x9b\x00\x00\x00\x00\x7f\xff\xff\xff", id="a long array that is not there"),
        pytest.param(b"\x5b\x7f\xff\xff\xff\xff\xff\xff\xff", id="long bytes that are not there"),
        pytest.param(b"\xbb\x00\x00\x00\x00\x7f\xff\xff\xff", id="a large map that is not there"),
        pytest.param(b"\xd8\x1c\x81\xd8\x1d\x00", id="an array that holds itself"),
        pytest.param(b"\xd8\x23\x61\x28", id="a pattern that does not parse"),
        pytest.param(b"\xd8\x1e\x82\x01\x00", id="a division by zero"),
        pytest.param(b"\xc5\x82\x1b\x7f\xff\xff\xff\xff\xff\xff\xff\x01", id="a number of 2**63 digits"),
    ],
)
def test_hostile_bytes_are_refused_in_bounded_time_and_memory(content):
    with pytest.raises(FormatError):
        decode(ExperimentCreated, content)
    wrapped = changed(kind="x", data={"a": 0})
    assert wrapped.count(b"\xa1\x61a\x00") == 1
    with pytest.raises(FormatError):
        decode_entry(wrapped.replace(b"\xa1\x61a\x00", b"\xa1\x61a" + content))
