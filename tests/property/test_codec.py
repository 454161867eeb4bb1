"""The canonical bytes: every noun comes back from them, and nothing else gets through.

"The same value always has the same bytes" (RFC 8949, section 4.2: deterministic encoding).
"""

import json
import math
import types
import typing
from dataclasses import MISSING, fields, is_dataclass
from enum import StrEnum

import cbor2
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ledger import model
from ledger.errors import FormatError
from ledger.model import Digest, Entry, Manifest, ManifestEntry, Mode, Unknown
from ledger.model.codec import (
    decode,
    decode_entry,
    digest_of,
    encode,
    encode_entry,
    from_document,
    to_document,
)
from ledger.model.entry import KNOWN
from ledger.model.jsonform import to_json

# What os.fsdecode and a command line give: any bytes at all. Never the lone halves of a pair.
file_names = st.binary(min_size=1, max_size=20).map(lambda raw: raw.decode("utf-8", "surrogateescape"))
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20) | file_names
odd_integers = st.sampled_from([0, 23, 24, 2**31, 2**63 - 1, 2**63, 2**64 - 1, 2**64, -(2**63), -(2**64) - 1])
integers = st.integers() | odd_integers
numbers = st.floats() | st.sampled_from(
    [math.nan, -math.nan, -0.0, math.inf, -math.inf, 5e-324, 1e300, 65504.0]
)
digests = st.binary(min_size=32, max_size=32).map(Digest)
scalars = st.none() | st.booleans() | integers | numbers | texts
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3).map(tuple), max_leaves=6)


def documents_of(leaves):
    return st.recursive(
        leaves,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
        max_leaves=8,
    )


plain = documents_of(scalars)
# An entry of a later release may hold bytes that are no text.
later = documents_of(scalars | st.binary(max_size=10))
names = st.lists(
    file_names.filter(lambda name: not {"/", "\0"} & set(name) and name not in (".", "..")),
    min_size=1,
    max_size=3,
)


@st.composite
def manifests(draw):
    paths = {"/".join(parts) for parts in draw(st.lists(names, max_size=8))}
    # A tree: what has something beneath it is a directory.
    inner = {path[:place] for path in paths for place, letter in enumerate(path) if letter == "/"}
    entries = [
        ManifestEntry(
            path=path,
            mode=Mode.DIRECTORY if path in inner else draw(st.sampled_from(sorted(Mode.ALL))),
            size=draw(st.integers(0, 2**70)),
            digest=draw(st.none() | digests),
            omitted=draw(st.none() | st.sampled_from(["size", "credentials"])),
        )
        for path in paths
    ]
    return Manifest.of(entries)


def of(hint):
    """Strategy for values of a type, read from its annotation."""
    known = {
        str: texts,
        int: integers,
        float: numbers,
        bool: st.booleans(),
        bytes: st.binary(min_size=16, max_size=16),
        Digest: digests,
        Manifest: manifests(),
        typing.Any: plain,
    }
    if hint in known:
        return known[hint]
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        if bool in arguments and str in arguments:
            return values
        return st.none() | of(next(each for each in arguments if each is not types.NoneType))
    if origin is tuple and arguments[-1] is Ellipsis:
        return st.lists(of(arguments[0]), max_size=3).map(tuple)
    if origin is tuple:
        return st.tuples(*map(of, arguments))
    if origin is dict:
        return st.dictionaries(texts, plain, max_size=3)
    if issubclass(hint, StrEnum):
        return st.sampled_from(hint)
    return nouns_of(hint)


def nouns_of(kind):
    hints = typing.get_type_hints(kind)
    required = {each.name: of(hints[each.name]) for each in fields(kind) if each.default is MISSING}
    optional = {each.name: of(hints[each.name]) for each in fields(kind) if each.default is not MISSING}
    return st.fixed_dictionaries(required, optional=optional).map(lambda given: kind(**given))


FEW = settings(max_examples=25)  # of each kind of noun
STORED = sorted(
    {each for each in vars(model).values() if isinstance(each, type) and is_dataclass(each)}
    - {model.Trial, model.Recorded, Entry, Unknown, ManifestEntry},
    key=lambda kind: kind.__name__,
)
NOUNS = {kind: of(kind) for kind in STORED}
documents = st.one_of(*(noun.map(to_document) for noun in NOUNS.values()))
entries = st.builds(
    Entry,
    time=integers,
    nonce=st.binary(min_size=16, max_size=16),
    origin=st.binary(min_size=16, max_size=16),
    seen=st.lists(NOUNS[model.OriginHead], max_size=2).map(tuple),
    payload=st.one_of(*(NOUNS[kind] for kind in KNOWN.values()))
    | st.builds(
        Unknown,
        kind=st.text(st.characters(exclude_categories=["Cs"])).filter(lambda kind: kind not in KNOWN),
        data=st.dictionaries(texts, later, max_size=3),
    ),
)
# What CBOR has and no noun holds: tags of every meaning, simple values, keys that are no text.
foreign = st.recursive(
    later | st.builds(cbor2.CBORTag, st.integers(0, 50) | st.integers(0, 2**64 - 1), plain),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(scalars | st.binary(max_size=3), inner, max_size=3)
        | st.builds(cbor2.CBORTag, st.integers(0, 50), inner)
    ),
    max_leaves=8,
)


def form(noun):
    """Return what tells nouns apart: NaN is NaN, 0.0 is not -0.0, 1 is not 1.0; maps have no order."""
    if is_dataclass(noun):
        return type(noun).__name__, [form(getattr(noun, each.name)) for each in fields(noun)]
    if isinstance(noun, dict):
        return sorted((key, repr(form(value))) for key, value in noun.items())
    if isinstance(noun, tuple | list):
        return [form(each) for each in noun]
    return type(noun).__name__, repr(noun)


def same(a, b):
    return form(a) == form(b)


@pytest.mark.parametrize("kind", STORED, ids=lambda kind: kind.__name__)
@FEW
@given(data=st.data())
def test_every_noun_comes_back_and_its_bytes_are_the_same(kind, data):
    noun = data.draw(NOUNS[kind])
    content = encode(noun)
    back = decode(kind, content)
    assert encode(back) == content
    assert digest_of(back) == digest_of(noun) == Digest.of(content)
    assert same(back, noun)


@given(entries)
def test_every_entry_comes_back_and_its_bytes_are_the_same(entry):
    body = encode_entry(entry)
    back = decode_entry(body)
    assert encode_entry(back) == body
    assert back.kind == entry.kind
    if not isinstance(entry.payload, Unknown):  # whose text that is no UTF-8 may as well be bytes
        assert same(back, entry)
    json.dumps(to_json(back), allow_nan=False, ensure_ascii=False).encode("utf-8")


@given(documents)
def test_the_bytes_are_deterministic(document):
    content = cbor2.dumps(document, canonical=True)
    assert cbor2.dumps(cbor2.loads(content), canonical=True) == content
    shuffled = dict(reversed(document.items())) if isinstance(document, dict) else document
    assert cbor2.dumps(shuffled, canonical=True) == content


@given(st.sampled_from(STORED).flatmap(lambda kind: NOUNS[kind]))
def test_every_noun_has_a_json_form_that_every_reader_takes(noun):
    text = json.dumps(to_json(noun), allow_nan=False, ensure_ascii=False)
    back = to_json(decode(type(noun), encode(noun)))
    assert json.loads(text.encode("utf-8")) == json.loads(json.dumps(back))


@pytest.mark.parametrize("kind", STORED, ids=lambda kind: kind.__name__)
@FEW
@given(
    data=st.data(), more=st.dictionaries(st.text(min_size=1, max_size=9).map("x-".__add__), plain, max_size=3)
)
def test_fields_that_are_not_known_are_left_aside(kind, data, more):
    document = to_document(data.draw(NOUNS[kind]))
    assert same(from_document(kind, document | more), from_document(kind, document))


@given(st.binary(max_size=200))
@example(b"\xd8\x1c\x81\xd8\x1d\x00")
@example(b"\xa1\x61v\x01")
def test_arbitrary_bytes_are_nouns_or_refused(content):
    for read in (decode_entry, *(lambda raw, kind=kind: decode(kind, raw) for kind in STORED)):
        only_format_errors(read, content)


@given(entries, st.data())
def test_a_damaged_entry_is_another_entry_or_refused(entry, data):
    body = bytearray(encode_entry(entry))
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(body) - 1))
        action = data.draw(st.sampled_from(["flip", "cut", "insert"]))
        if action == "flip":
            body[place] ^= 1 << data.draw(st.integers(0, 7))
        elif action == "insert":
            body[place:place] = data.draw(st.binary(min_size=1, max_size=9))
        else:
            del body[place : place + data.draw(st.integers(1, len(body)))]
        if not body:
            break
    only_format_errors(decode_entry, bytes(body))


@given(st.sampled_from(STORED), foreign)
def test_arbitrary_documents_are_nouns_or_refused(kind, document):
    read = only_format_errors(lambda raw: from_document(kind, raw), document)
    if read is not None:
        encode(read)


@pytest.mark.parametrize("kind", STORED, ids=lambda kind: kind.__name__)
@FEW
@given(data=st.data(), put=foreign)
def test_a_noun_with_a_foreign_field_is_a_noun_or_refused(kind, data, put):
    document = to_document(data.draw(NOUNS[kind]))
    name = data.draw(st.sampled_from([each.name for each in fields(kind)]))
    try:
        # As the bytes would bring it: tags are read as dates, sets, patterns, fractions and so on.
        put = cbor2.loads(cbor2.dumps(put))
    except Exception:
        return  # cbor2 itself refuses it; how that is told is tested above
    read = only_format_errors(lambda raw: from_document(kind, raw), document | {name: put})
    if read is not None:
        assert encode(decode(kind, encode(read))) == encode(read)
        json.dumps(to_json(read), allow_nan=False)


def only_format_errors(read, raw):
    try:
        return read(raw)
    except FormatError as error:
        refused = error
    assert refused.message
    assert refused.cause
    return None


@given(manifests())
def test_a_manifest_is_sorted_by_the_names_on_the_disk(manifest):
    raw = [entry.path.encode("utf-8", "surrogateescape") for entry in manifest]
    assert raw == sorted(set(raw))
    assert same(decode(Manifest, encode(manifest)), manifest)
