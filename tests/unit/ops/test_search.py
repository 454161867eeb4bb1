import math
import shutil

import pytest

from ledger.errors import NotFoundError
from ledger.journal import positions, trial_index, view
from ledger.journal.local import LocalJournal
from ledger.journal.memory import MemoryJournal
from ledger.model import Note, Status, Tag, Tombstone, layout
from ledger.ops import query, search, sparse
from ledger.ops.search import Question
from tests.segments import decompress

BEST = Question(where="lr > 0.1 and loss < 20", sort="-loss", limit=2)


@pytest.fixture
def many(maker):
    """A ledger whose index is written down: 40 trials in a segment, every fourth failed."""
    for number in range(40):
        maker.trial(
            name=f"t{number}",
            experiment="even" if number % 2 == 0 else "odd",
            status=Status.OK if number % 4 else Status.FAILED,
            params={"lr": number / 10, "opt": "adam"},
            metrics={"loss": float(number)},
        )
    maker.journal.seal()
    ask(maker)
    return maker


@pytest.fixture
def decoded(monkeypatch):
    """Positions of the entries that the index has read from the journal."""
    seqs = []
    read = positions.Log._recorded

    def counting(log, row):
        seqs.append(row.seq)
        return read(log, row)

    monkeypatch.setattr(positions.Log, "_recorded", counting)
    return seqs


@pytest.fixture
def hashed(monkeypatch):
    """Names of the segments that were hashed as a whole."""
    names = []
    whole = view.Part.whole.fget

    def counting(part):
        names.append(part.path.name)
        return whole(part)

    monkeypatch.setattr(view.Part, "whole", property(counting))
    return names


def ask(maker, question=BEST, *, read=False):
    """Ask on a new handle; `read`: all of the journal may be read for it."""
    journal = LocalJournal(maker.folder)
    found = search.find(journal, question)
    expected = search._by_reading(query.load(journal), question)
    assert [trial.id for trial in found.chosen] == [trial.id for trial in expected.chosen]
    assert found.chosen == expected.chosen
    assert (found.matching, found.all) == (expected.matching, expected.all)
    assert (found.trials.ordered == found.chosen) is not read
    return [trial.name for trial in found.chosen]


def files(maker):
    return {path.name: path.read_bytes() for path in layout.index(maker.folder).glob("trials*")}


def test_only_what_is_shown_is_read(many, decoded, hashed):
    found = search.find(LocalJournal(many.folder), BEST)
    assert [trial.name for trial in found.chosen] == ["t19", "t18"]
    assert sorted(decoded) == [36, 37, 38, 39]
    assert hashed == []


def test_new_entries_are_read_on(many, decoded):
    before = files(many)
    many.trial(name="new", params={"lr": 5.0}, metrics={"loss": 19.5})
    decoded.clear()
    found = search.find(LocalJournal(many.folder), BEST)
    assert [trial.name for trial in found.chosen] == ["new", "t19"]
    # Read to be indexed, then what is shown.
    assert sorted(decoded) == [38, 39, 80, 80, 81, 81]
    assert files(many) == before  # two entries are not worth a file


def test_many_new_entries_are_written_down_and_merged(many):
    names = set(files(many))
    for number in range(40):
        many.trial(name=f"u{number}", params={"lr": 1.0}, metrics={"loss": 100.0 + number})
    ask(many)
    after = files(many)
    stretches = {name for name in after if layout.stretch_name(name)}
    assert len(stretches) == 1
    assert not stretches & names
    index = LocalJournal(many.folder).trial_index()
    assert index.read().unsaved == 0
    assert index.read().total == 80


def test_a_change_to_an_old_trial_counts(many):
    oldest, best = many.trials.ordered[0].id, many.trials.ordered[19].id
    many.journal.append(Tag(trial=oldest, name="first"))
    many.journal.append(Tombstone(target=best, reason="wrong"))
    assert ask(many, Question(where="tag = first")) == ["t0"]
    assert ask(many) == ["t18", "t17"]
    for number in range(70):
        many.journal.append(Note(trial=oldest, text=str(number), author="ann"))
    assert ask(many) == ["t18", "t17"]
    assert LocalJournal(many.folder).trial_index().read().unsaved == 0
    assert ask(many, Question(where="name = t19")) == []


def test_an_experiment_has_names_of_its_own(many):
    many.trial(name="x", experiment="third", params={"depth": 3})
    assert ask(many, Question(experiment="third", where="depth = 3")) == ["x"]
    with pytest.raises(NotFoundError) as caught:
        search.find(many.journal, Question(experiment="nothing like it"))
    with pytest.raises(NotFoundError) as expected:
        search._by_reading(many.trials, Question(experiment="nothing like it"))
    assert str(caught.value) == str(expected.value)
    assert "even, odd, third" in str(caught.value)


def test_ids_and_recipes_are_asked_of_the_journal(many):
    """In segments and in the tail, of trials that were changed, and beside ones without a recipe."""
    old = many.trials.ordered[3]
    many.journal.append(Tag(trial=old.id, name="changed"))
    for number in range(70):
        many.trial(name=f"u{number}", params={"lr": 1.0}, metrics={"loss": float(number)})
    many.journal.append(Tombstone(target=many.trials.ordered[5].id, reason="wrong"))
    many.trial(name="last", params={"lr": 1.0})
    some = query.load(many.journal).ordered[7]
    for each in (old, some):
        assert each.name in ask(many, Question(where=f"id = {each.id}"))
        assert each.name in ask(many, Question(where=f"recipe = {each.recipe}"))
        assert each.name in ask(many, Question(where=f"id contains {str(each.id)[9:20]}"))
    for question in (
        Question(sort="id"),
        Question(sort="-recipe,id", limit=9),
        Question(where=f"id < {old.id}", sort="-id"),
        Question(where=f"recipe != {old.recipe}"),
        Question(where="recipe is null or id is null"),
        Question(where="id = b3:", experiment="odd"),
    ):
        ask(many, question)


def test_trials_of_one_recipe_are_found(many):
    for name in ("one", "two"):
        many.trial(name=name, params={"lr": 3.0})
    alike = [
        trial for trial in query.load(many.journal).ordered if trial.recipe == many.trials.ordered[-1].recipe
    ]
    assert len(alike) >= 2
    found = ask(many, Question(where=f"recipe = {alike[0].recipe}"))
    assert sorted(found) == sorted(trial.name for trial in alike)


def test_receipts_come_along(many):
    id = many.trials.ordered[7].id
    receipt = many.replay(id)
    found = search.find(LocalJournal(many.folder), Question(where="name = t7"))
    assert [each.id for each in found.trials.receipts[id]] == [receipt]


def test_notes_come_along(many):
    """Those that stand, on a trial and on its diffs, though others are not looked at."""
    shown, other = (next(each.id for each in many.trials if each.name == name) for name in ("t19", "t3"))
    wrong = many.journal.append(Note(trial=shown, text="wrong", author="ann")).id
    many.journal.append(Note(trial=shown, text="right", author="ann", replaces=wrong))
    many.journal.append(Note(trial=other, against=(shown,), text="both", author="ann"))
    many.journal.append(Note(trial=other, text="other", author="ann"))
    for _ in range(2):  # from what was just read, and as it was written down
        ask(many)
        found = search.find(LocalJournal(many.folder), BEST)
        assert [each.note.text for each in found.trials.notes[shown]] == ["right", "both"]
        assert found.trials.notes[shown] == many.trials.notes[shown]
        many.trial(name="later")
        many.journal.seal()


@pytest.mark.parametrize("name", ["sheet", "stretch"])
@pytest.mark.parametrize("damage", ["gone", "empty", "short", "flipped", "newer"])
def test_a_damaged_index_comes_back_the_same(many, monkeypatch, name, damage):
    before = files(many)
    path = layout.trial_index(many.folder)
    if name == "stretch":
        (path,) = (layout.index(many.folder) / each for each in before if layout.stretch_name(each))
    content = path.read_bytes()
    path.unlink()
    if damage == "newer":
        monkeypatch.setattr(trial_index, "VERSION", 99)
        assert ask(many) == ["t19", "t18"]
        monkeypatch.undo()
    elif damage != "gone":
        middle = len(content) // 2
        flipped = content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]
        path.write_bytes({"empty": b"", "short": content[:-9], "flipped": flipped}[damage])
    assert ask(many) == ["t19", "t18"]
    for question in (
        Question(sort="lr"),
        Question(where="opt = adam and status = ok"),
        Question(experiment="odd"),
    ):
        ask(many, question)
    made = files(many)
    assert sorted(map(len, made.values())) == sorted(map(len, before.values()))


def test_a_flip_in_any_byte_of_a_stretch_gives_no_wrong_answer(many):
    questions = [BEST, Question(where="opt = adam", sort="name"), Question(experiment="odd", sort="started")]
    (name,) = filter(layout.stretch_name, files(many))
    path = layout.index(many.folder) / name
    content = path.read_bytes()
    sheet = layout.trial_index(many.folder).read_bytes()
    for place in range(0, len(content), 97):
        path.write_bytes(content[:place] + bytes([content[place] ^ 8]) + content[place + 1 :])
        layout.trial_index(many.folder).write_bytes(sheet)
        journal = LocalJournal(many.folder)
        for question in questions:
            expected = search._by_reading(query.load(journal), question)
            assert search.find(journal, question).chosen == expected.chosen


def test_where_nothing_can_be_written_it_is_kept_in_memory(many, monkeypatch, decoded):
    shutil.rmtree(layout.index(many.folder))

    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("ledger.fs.try_lock", refuse)
    journal = LocalJournal(many.folder)
    assert [trial.name for trial in search.find(journal, BEST).chosen] == ["t19", "t18"]
    assert files(many) == {}
    decoded.clear()
    search.find(journal, BEST)
    assert len(decoded) == 4


def test_of_a_damaged_journal_the_rest_is_found(many):
    (segment,) = (path for path in layout.journal(many.folder).glob("*/*.arrow"))
    decompress(segment)
    content = bytearray(segment.read_bytes())
    content[content.index(b"t19")] ^= 1
    segment.write_bytes(content)
    assert ask(many, read=True) == ["t18", "t17"]


def test_a_log_that_was_put_back_is_read_anew(many):
    log = layout.log(many.folder, many.journal.origin)
    copy = many.folder / "copy"
    shutil.copytree(log, copy)
    for number in range(40):
        many.trial(name=f"lost{number}", params={"lr": 1.0}, metrics={"loss": 19.5})
    ask(many)
    shutil.rmtree(log)
    copy.rename(log)
    for number in range(41):
        many.trial(name=f"other{number}", params={"lr": 1.0}, metrics={"loss": 19.5})
    assert ask(many) == ["other40", "other39"]


def test_a_merged_segment_is_hashed_once(many, hashed):
    for number in range(40):
        many.trial(name=f"u{number}", params={"lr": 0.0})
    many.journal.seal()
    hashed.clear()
    search.find(LocalJournal(many.folder), BEST)
    assert len(hashed) == 1
    search.find(LocalJournal(many.folder), BEST)
    assert len(hashed) == 1


def test_a_journal_without_an_index_is_read():
    assert search.find(MemoryJournal(), Question(where="anything = 1")).chosen == ()


def test_a_ledger_without_a_trial(maker):
    assert ask(maker, Question(where="anything = 1", sort="x")) == []


def test_small_batches_make_the_same(many, monkeypatch):
    whole = {len(content) for content in files(many).values()}
    shutil.rmtree(layout.index(many.folder))
    monkeypatch.setattr(sparse, "BATCH", 7)
    ask(many, Question(sort="lr,-loss"))
    assert {len(content) for content in files(many).values()} == whole


def test_nan_and_what_is_missing_come_last(many):
    many.trial(name="nan", params={"lr": math.nan}, metrics={"loss": math.nan})
    for sort in ("lr", "-lr", "loss,-lr", "opt,lr"):
        found = [trial.name for trial in search.find(many.journal, Question(sort=sort)).chosen]
        assert found == [trial.name for trial in search._by_reading(many.trials, Question(sort=sort)).chosen]


def test_what_is_noted_on_an_experiment_is_told_where_it_is_asked_for(many, decoded):
    first = many.journal.append(Note(experiment="odd", text="a", author="ann"))
    many.journal.append(Note(trial=many.trials.ordered[0].id, text="on a trial", author="ann"))
    many.journal.seal()
    many.journal.append(Note(experiment="odd", text="b", author="ann", replaces=first.id))
    many.journal.append(Note(experiment="even", against_experiments=("odd",), text="c", author="ann"))
    decoded.clear()
    found = search.find(many.journal, Question(experiment="odd", limit=1, noted=True))
    assert [each.note.text for each in found.trials.experiment_notes["odd"]] == ["b", "c"]
    assert len(decoded) < 20  # the trials that are not shown are not read for it
    assert not search.find(many.journal, Question(experiment="odd", limit=1)).trials.experiment_notes
