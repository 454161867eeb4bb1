import pytest

from ledger.analysis.seeding import spread
from ledger.errors import NotFoundError, UsageError
from ledger.model import Digest
from ledger.ui.data import algorithm, data_set, filtered


def test_one_value_of_a_key_against_the_others(tried):
    found = algorithm.answer(tried, {"by": "model", "is": "tree", "metric": "loss"})
    assert found["others"] == [
        {"value": "tree", "count": 13},
        {"value": "net", "count": 12},
        {"value": "line", "count": 1},
    ]
    assert [(each["name"], each["count"], each["best"]) for each in found["experiments"]] == [
        ("digits", 12, 0.01),
        ("other", 1, 0.01),
    ]
    assert [each["label"] for each in found["groups"]] == ["tree", "net", "line"]
    tree = found["groups"][0]
    assert tree["spread"]["count"] == len(tree["values"]) == 13
    assert tree["spread"]["mean"] == spread(tree["values"]).mean
    chosen = filtered.answer(tried, {"where": found["where"]})
    assert chosen.num_rows == 13


def test_a_key_is_chosen_where_nobody_names_one_and_within_one_experiment(tried):
    found = algorithm.answer(tried, {"experiment": "digits"})
    assert (found["by"], found["count"], found["groups"]) == ("model", 12, [])
    assert [each["name"] for each in found["experiments"]] == ["digits"]
    for by, value in (("optimizer", ""), ("model", "forest")):
        with pytest.raises(NotFoundError) as told:
            algorithm.answer(tried, {"by": by, "is": value})
        assert ("model" if value == "" else "tree") in str(told.value.cause)


def test_a_data_set_is_told_with_its_readers_its_names_and_its_makers(tried):
    found = data_set.answer(tried, {"digest": str(Digest.of(b"a,b\n1,2\n"))})
    assert found["count"] == 25
    assert found["experiments"] == [{"name": "digits", "count": 24}, {"name": "other", "count": 1}]
    assert {each["path"]: each["count"] for each in found["names"]} == {
        "data.csv": 24,
        "copy.csv": 1,
        "made.csv": 1,
    }
    assert (found["size"], found["kept"], found["directory"]) == (8, True, False)
    assert [each["experiment"] for each in found["trials"]][:2] == ["other", "digits"]
    assert len(found["makers"]) == 1
    # Who reads the whole journal says the same.
    assert data_set._by_reading(tried, Digest.of(b"a,b\n1,2\n")) == found
    # What nobody read is no data set.
    with pytest.raises(NotFoundError, match="no trial read or wrote"):
        data_set.answer(tried, {"digest": str(Digest.of(b"nothing"))})
    with pytest.raises(UsageError):
        data_set.answer(tried, {"digest": "../../etc/passwd"})
