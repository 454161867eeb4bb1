import cbor2
import pytest

from ledger.journal.rows import Row, facts, load, outputs
from ledger.model import Digest, Entry, ExperimentCreated, Note, Unknown
from ledger.model.codec import encode_entry

LEAF = Digest.of(b"leaf")


def body(payload, time=7):
    return encode_entry(Entry(time=time, nonce=bytes(16), origin=bytes(16), payload=payload))


def test_a_row_is_whole_if_its_body_hashes_to_its_leaf():
    assert Row(0, Digest.of(b"\x00x"), b"x").whole
    assert not Row(0, Digest.of(b"x"), b"x").whole


def test_facts_of_the_kinds_that_name_something(finished):
    fact = facts(body(finished()), LEAF)
    assert (fact.kind, fact.time) == ("trial.finished", 7)
    assert (fact.trial, fact.recipe) == (Digest.of(b"trial"), Digest.of(b"recipe"))
    fact = facts(body(Note(text="", author="", experiment="mnist")), LEAF)
    assert (fact.experiment, fact.trial, fact.recipe) == ("mnist", None, None)
    assert facts(body(ExperimentCreated(name="mnist", definition={})), LEAF).experiment == "mnist"


def test_a_started_trial_is_about_itself():
    started = cbor2.dumps({"kind": "trial.started", "data": {"experiment": "x"}})
    assert facts(started, LEAF).trial == LEAF
    assert facts(started, LEAF).experiment == "x"


def test_facts_of_a_kind_that_is_not_known():
    fact = facts(body(Unknown(kind="trial.reported", data={"trial": bytes(32), "step": 1})), LEAF)
    assert (fact.kind, fact.trial) == ("trial.reported", bytes(32))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff",
        b"\xa1",
        cbor2.dumps(5),
        cbor2.dumps([]),
        cbor2.dumps({}),
        cbor2.dumps({"kind": 5, "data": 5, "time": "now"}),
        cbor2.dumps({"kind": [], "data": {"trial": "x", "recipe": b"short", "experiment": 3}, "time": 2**63}),
        cbor2.dumps({"kind": "trial.finished", "data": {"outcome": {"outputs": 5}}}),
        cbor2.dumps({"kind": "trial.finished", "data": {"outcome": {"outputs": [5, {}, {"path": 3}]}}}),
        cbor2.dumps(
            {"kind": "trial.finished", "data": {"outcome": {"outputs": [{"path": "a", "digest": None}]}}}
        ),
        b"\x9f" * 5000,
        b"\xd9\x01\x02\xa0",
    ],
)
def test_bytes_that_are_no_entry_say_nothing(content):
    fact = facts(content, LEAF)
    assert (fact.trial, fact.recipe, fact.experiment, fact.time) == (None, None, None, None)
    assert list(outputs(content)) == []
    assert isinstance(load(content), dict)


def test_outputs_of_a_finished_trial(finished):
    content = body(finished(("a/b", b"1"), ("\udcff", b"2")))
    assert list(outputs(content)) == [(b"a/b", Digest.of(b"1")), (b"\xff", Digest.of(b"2"))]


def test_other_kinds_have_no_outputs():
    data = {"outcome": {"outputs": [{"path": "a", "digest": bytes(32)}]}}
    assert list(outputs(body(Unknown(kind="trial.replayed", data=data)))) == []
    assert len(list(outputs(body(Unknown(kind="trial.lost", data=data))))) == 1
