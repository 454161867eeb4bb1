"""Proofs of random logs hold, and none of their changes does."""

import copy
import json
from base64 import b64decode, b64encode

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from ledger.errors import DamagedError, FormatError, LedgerError, MismatchError
from ledger.journal import merkle, tree
from ledger.journal.tree import Tree
from ledger.model import Digest, OriginHead, schema
from ledger.ops import proofs

VECTORS = schema.load("vectors/proofs")
PROOF = VECTORS["proof"]
HEAD = Digest.parse(VECTORS["head"]["digest"])
LEAVES = [merkle.leaf_hash(place.to_bytes(4, "big")) for place in range(300)]

REFUSALS = (DamagedError, MismatchError, FormatError)


def paths(document, path=()):
    """Where each value of a document is."""
    yield path
    if isinstance(document, dict | list):
        for key, value in document.items() if isinstance(document, dict) else enumerate(document):
            yield from paths(value, (*path, key))


# What a reader has to take as it is: fewer signatures, no earlier head and no end are another valid proof,
# and how many trials there are is the prover's word.
FREE = {(), ("signatures",), ("since",), ("entries",), ("trials",)}
PATHS = [path for path in paths(PROOF) if path not in FREE]

scalars = st.one_of(
    st.none(), st.booleans(), st.integers(), st.integers(-1, 20), st.floats(), st.text(max_size=8)
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=5,
)


def put(path, value):
    document = copy.deepcopy(PROOF)
    place = document
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return document


def get(path):
    found = PROOF
    for key in path:
        found = found[key]
    return found


def refused(document):
    """Whether it is refused to a reader who has the head, and with the place."""
    try:
        proofs.check(json.dumps(document).encode(), proofs.trusted(head=HEAD))
    except REFUSALS as error:
        return bool(error.cause)
    return False


@given(st.sampled_from(PATHS), values)
def test_no_other_value_anywhere_is_taken(ssh_keygen, path, value):
    assume(json.dumps(value) != json.dumps(get(path)))
    assert refused(put(path, value))


TEXTS = [path for path in PATHS if isinstance(get(path), str)]
BYTES = [path for path in PATHS if path[-1] in ("path", "body") or "paths" in path]
BYTES = [path for path in BYTES if isinstance(get(path), str)]


@given(st.sampled_from(TEXTS), st.data())
def test_no_other_letter_is_taken(ssh_keygen, path, data):
    text = get(path)
    place = data.draw(st.integers(0, len(text) - 1))
    letter = data.draw(st.characters())
    changed = data.draw(
        st.sampled_from([text[:place] + letter + text[place + 1 :], text[:place] + text[place + 1 :]])
    )
    assume(changed != text)
    assert refused(put(path, changed))


@given(st.sampled_from(BYTES), st.data())
def test_no_other_bit_is_taken(ssh_keygen, path, data):
    content = bytearray(b64decode(get(path)))
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= 1 << data.draw(st.integers(0, 7))
    assert refused(put(path, b64encode(content).decode()))


@given(st.data())
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_bytes_of_a_file_that_were_changed(ssh_keygen, data):
    text = json.dumps(PROOF).encode()
    place = data.draw(st.integers(0, len(text) - 1))
    changed = text[:place] + data.draw(st.binary(max_size=3)) + text[place + data.draw(st.integers(0, 3)) :]
    try:
        same = json.loads(changed) == PROOF
    except ValueError:
        same = False
    assume(not same)
    try:
        found = proofs.check(changed, proofs.trusted(head=HEAD))
    except REFUSALS:
        return
    # What is free was changed, and nothing else.
    assert {**json.loads(changed), "trials": 1} == PROOF
    assert found.signed.digest == HEAD


@given(st.binary(max_size=200))
def test_anything_else_is_refused_in_words(content):
    with pytest.raises(LedgerError) as caught:
        proofs.check(content)
    assert caught.value.cause
    assert caught.value.hint


@given(st.integers(1, len(LEAVES)), st.data())
def test_what_is_kept_of_a_tree_changes_no_proof(size, data):
    kept = data.draw(st.lists(st.binary(min_size=32, max_size=32), max_size=5))
    first = data.draw(st.integers(1, size))
    index = data.draw(st.integers(0, size - 1))
    before, tree.BLOCK = tree.BLOCK, data.draw(st.sampled_from([1, 2, 8, 64]))
    try:
        found = Tree(lambda start, end: LEAVES[start:end], kept)
        heads = [
            OriginHead(origin=bytes(16), size=each, root=merkle.root(LEAVES[:each])) for each in (first, size)
        ]
        assert found.inclusion(LEAVES[index], index, heads[1]) == merkle.inclusion_proof(LEAVES[:size], index)
        assert found.consistency(*heads) == merkle.consistency_proof(LEAVES[:size], first)
        assert Tree(lambda start, end: LEAVES[start:end]).root(size) == heads[1].root
    finally:
        tree.BLOCK = before
