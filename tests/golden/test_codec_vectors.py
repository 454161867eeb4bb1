import importlib.util
import json
from dataclasses import is_dataclass
from pathlib import Path

import cbor2
import pytest

from ledger import model
from ledger.errors import FormatError
from ledger.journal.merkle import leaf_hash
from ledger.model import Digest, codec
from ledger.model.entry import KNOWN
from ledger.model.jsonform import to_json


def _script():
    path = Path(__file__).with_name("codec_vectors.py")
    spec = importlib.util.spec_from_file_location("codec_vectors", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


SCRIPT = _script()
VECTORS = json.loads(SCRIPT.FILE.read_text("utf-8"))


def named(part):
    return [pytest.param(each, id=each["what"]) for each in VECTORS[part]]


def test_the_frozen_vectors_are_what_the_code_says():
    # A difference means that a format which people have on disk has changed.
    assert SCRIPT.main(check=True) == []


def test_a_changed_vector_is_seen(tmp_path, monkeypatch):
    changed = json.loads(SCRIPT.FILE.read_text("utf-8"))
    changed["nouns"][0]["digest"] = changed["nouns"][1]["digest"]
    del changed["entries"][-1]
    monkeypatch.setattr(SCRIPT, "FILE", tmp_path / "codec.json")
    SCRIPT.FILE.write_text(json.dumps(changed))
    found = SCRIPT.main(check=True)
    assert {each.partition(":")[0] for each in found} == {"nouns", "entries"}


@pytest.mark.parametrize("vector", named("nouns"))
def test_a_noun_is_read_from_its_bytes(vector):
    content = bytes.fromhex(vector["bytes"])
    noun = codec.decode(getattr(model, vector["noun"]), content)
    assert codec.encode(noun) == content
    assert json.loads(json.dumps(to_json(noun))) == vector["json"]
    assert Digest.parse(vector["digest"]) == Digest.of(content)


@pytest.mark.parametrize("vector", named("entries"))
def test_an_entry_is_read_from_its_bytes(vector):
    body = bytes.fromhex(vector["bytes"])
    entry = codec.decode_entry(body)
    assert codec.encode_entry(entry) == body
    assert entry.kind == vector["kind"]
    assert leaf_hash(body) == bytes.fromhex(vector["leaf"])
    assert json.loads(json.dumps(to_json(entry))) == vector["json"]


@pytest.mark.parametrize("vector", VECTORS["leaves"], ids=lambda each: each["bytes"][:8])
def test_the_hash_of_a_leaf_is_another_than_that_of_its_bytes(vector):
    body = bytes.fromhex(vector["bytes"])
    assert Digest.parse(vector["digest"]) == Digest.of(body)
    assert leaf_hash(body) == bytes.fromhex(vector["leaf"]) != Digest.of(body)


@pytest.mark.parametrize("vector", named("invalid"))
def test_what_is_no_noun_is_refused(vector):
    noun = None if vector["noun"] == "Entry" else vector["noun"]
    with pytest.raises(FormatError) as error:
        SCRIPT.read(noun, bytes.fromhex(vector["bytes"]))
    assert error.value.message == vector["error"]
    assert error.value.cause


def test_every_kind_of_noun_has_a_vector():
    inside = {
        "ManifestEntry",
        "NestedRepository",
        "Notebook",
        "Distribution",
        "Wheel",
        "Gpu",
        "ThreadPool",
        "SeededGenerator",
    }
    inside |= {"Entropy", "Interpreter", "Stream", "MetricSummary", "HealthLine", "Difference", "Cause"}
    inside |= {"OriginHead", "Entry", "Unknown", "DroppedContent"}
    shown = {"Finding", "Notice", "Recorded", "Trial"}  # told to people, never stored
    nouns = {name for name in model.__all__ if is_dataclass(getattr(model, name))}
    have = {each["noun"] for each in VECTORS["nouns"]}
    assert nouns - inside - shown - {kind.__name__ for kind in KNOWN.values()} == have
    assert {each["kind"] for each in VECTORS["entries"]} == {*KNOWN, "trial.later"}


@pytest.mark.parametrize("vector", named("values"))
def test_the_bytes_are_deterministic_cbor(vector):
    content = bytes.fromhex(vector["bytes"])
    assert cbor2.dumps(cbor2.loads(content), canonical=True) == content
