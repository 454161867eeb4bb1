"""Trials by what they read."""

from ledger.model import Digest
from ledger.ops import query, search
from ledger.ops.search import Question
from ledger.ops.uses import users
from tests import shared


def test_trials_that_read_a_file(tmp_path):
    ledger = shared.Shared(tmp_path)
    first = ledger.trial("first", source=b"one data set")
    second = ledger.trial("second", source=b"another")
    third = ledger.trial("third", source=b"one data set")
    question = Question(input=Digest.of(b"one data set"))
    found = search.find(ledger.journal, question)
    assert [each.id for each in found.chosen] == [third, first]
    assert (found.matching, found.all) == (2, 3)
    assert [
        each.id for each in search.find(ledger.journal, Question(input=Digest.of(b"another"))).chosen
    ] == [second]
    assert search.find(ledger.journal, Question(input=Digest.of(b"weights"))).chosen == ()
    assert search.find(ledger.journal, Question(input=Digest.of(b"one data set"), limit=1)).matching == 2


def test_a_file_of_a_directory_and_the_directory_itself(project):
    data = project.path / "data"
    data.mkdir()
    for number in range(1200):
        (data / f"{number:04d}").write_text(f"row {number}")
    project.write(train="import glob\nfor each in sorted(glob.glob('data/*')): open(each).read()\n")
    project.run("python", "train.py", inputs=["data"])
    trial = project.last
    store = project.workspace.store
    group = next(each for each in trial.inputs if each.path == "data")
    wanted = [Digest.of(b"row 7"), group.digest]
    for content in wanted:
        assert users(query.load(project.workspace.journal), content, store.get) == {trial.id}
    assert users(query.load(project.workspace.journal), Digest.of(b"row 1200"), store.get) == frozenset()
