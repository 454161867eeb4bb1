"""The table, its filter and its marks, held against what the journal says itself."""

import pytest

from ledger.errors import UsageError
from ledger.ops import filter, query
from ledger.ops.receipts import Receipts
from ledger.ui.data import filtered, marks, rows, trials
from ledger.ui.source import Source

SCRIPT = """
import sys, ledger
ledger.param("lr", float(sys.argv[1]))
ledger.param("mixed", sys.argv[2] if float(sys.argv[1]) > 1 else 3)
ledger.param("layers", [1, int(float(sys.argv[1]))])
ledger.param("big", 2**60)
ledger.param("on", float(sys.argv[1]) > 1)
if len(sys.argv) < 4:
    ledger.log(loss=float("nan") if sys.argv[1] == "3" else 1 / float(sys.argv[1]))
"""


@pytest.fixture
def source(project):
    project.write(train=SCRIPT)
    for words, options in [
        (("0.5", "x"), {"experiment": "a", "tags": ("good", "new")}),
        (("2", "y"), {"experiment": "b", "name": "two"}),
        (("3", "ÿ"), {"experiment": "b"}),
        (("4", "y", "silent"), {}),
    ]:
        project.run("python", "train.py", *words, **options)
    return Source(project.workspace)


def test_each_trial_has_a_row_with_all_that_was_recorded(source):
    for indexed in (True, False):
        found = (
            rows.read(source)
            if indexed
            else rows._of_trials(source.trials().ordered, source.trials().receipts)
        )
        assert found.indexed is indexed
        check_rows(source, found, indexed)


def check_rows(source, found, indexed):
    table = trials.table(found)
    assert table.schema.metadata[b"numbers"] == (b"index" if indexed else b"read")
    known = query.load(source.workspace.journal).ordered
    held = {name: table[name].to_pylist() for name in table.column_names}
    assert held["id"] == [bytes(each.id) for each in known]
    assert [str(each) for each in rows.ids(found)] == [str(each.id) for each in known]
    assert held["experiment"] == ["a", "b", "b", None]
    assert held["name"] == [None, "two", None, None]
    assert held["tag"][0] == "good, new"
    assert held["started"] == pytest.approx([each.started / 1e6 for each in known], abs=1)
    assert held["param.lr"] == [0.5, 2, 3, 4]
    assert held["param.mixed"] == ["3", "y", "ÿ", "y"]
    assert held["param.layers"] == ["[1, 0]", "[1, 2]", "[1, 3]", "[1, 4]"]
    assert held["param.big"] == [str(2**60)] * 4
    assert held["param.on"] == [False, True, True, True]
    loss = held["metric.loss"]
    assert loss[:2] == [2.0, 0.5]
    assert loss[2] != loss[2]
    assert loss[3] is None


WHERE = ("", "lr > 1", "status = ok and experiment = b", "loss is null", "tag = new", "mixed = y", "lr = 7")
WHERE += ("replays = 0", "machines < 1 and replayed is null", "health is not null")


def test_the_filter_means_what_it_means_on_the_command_line(source):
    table = trials.answer(source, {})
    by_number = dict(zip(table["number"].to_pylist(), table["id"].to_pylist(), strict=True))
    everything = query.load(source.workspace.journal)
    known, receipts = everything.ordered, Receipts(everything.receipts)
    for where in WHERE:
        numbers = filtered.answer(source, {"where": where})["number"].to_pylist()
        told = filter.select(known, receipts, where=where or None)
        assert {by_number[each] for each in numbers} == {bytes(each.id) for each in told}, where
        assert numbers == sorted(numbers)


def test_a_filter_that_is_off_is_told_as_on_the_command_line(source):
    for where in ("lr >", "nothing = 3"):
        with pytest.raises(UsageError) as found:
            filtered.answer(source, {"where": where})
        with pytest.raises(UsageError) as told:
            filter.select(source.trials().ordered, Receipts({}), where=where)
        assert (found.value.message, found.value.cause) == (told.value.message, told.value.cause)


def test_removed_trials_are_gone_and_new_ones_come(source, project):
    from ledger.ops import remove

    before = trials.answer(source, {})
    remove.remove(project.workspace.journal, source.trial("two").id, "wrong")
    project.run("python", "train.py", "9", "z", name="nine")
    after = trials.answer(source, {})
    assert after["name"].to_pylist() == [None, None, None, "nine"]
    assert len(before) == len(after) == 4
    assert filtered.answer(source, {})["number"].to_pylist() == after["number"].to_pylist()


def test_marks_tell_replays_and_what_is_missing(source, project):
    first, last = source.trials().ordered[0], source.trials().ordered[-1]
    project.replay(first)
    found = marks.answer(source, {"ids": f"{first.id},{last.id},b3:{'0' * 64}"})["marks"]
    assert set(found) == {str(first.id), str(last.id)}
    assert found[str(first.id)]["verdicts"] == {"identical": 1}
    assert found[str(last.id)]["verdicts"] == {}
    assert {each["part"] for each in found[str(last.id)]["lacking"]} == {
        line.part for line in last.health if line.state != "complete"
    }
    with pytest.raises(UsageError, match="257 trials"):
        marks.answer(source, {"ids": ",".join([str(first.id)] * 257)})


def test_an_empty_ledger_has_an_empty_table(project):
    table = trials.answer(Source(project.workspace), {})
    assert table.num_rows == 0
    assert table.column_names == ["number", "id"]
