import json
import os
from textwrap import dedent

import pytest

from ledger.errors import AmbiguousError, NotFoundError, UsageError
from ledger.model import layout
from ledger.model.frozen import replace
from ledger.ops import query, remove
from ledger.ops.allowances import holding
from ledger.ops.calibrate import calibrate
from ledger.ops.references import resolve
from ledger.ops.replay import ReplayOptions, replay

CURRENT = ReplayOptions(env="current")

NOISY = """
    import json, os, random
    import ledger
    for step in range(4):
        ledger.log(step=step, loss=1 / (step + 1) + random.random() * 1e-7, steady=0.5)
    with open("noise.bin", "wb") as file:
        file.write(os.urandom(8))
    with open("same.txt", "w") as file:
        file.write("1")
    print("first")
    print("loss", random.random())
"""


@pytest.fixture
def noisy(project):
    project.write(noisy=NOISY).run("python", "noisy.py", experiment="noise")
    return project


def learned(project, count=3, **options):
    return calibrate(project.workspace, project.last, count, ReplayOptions(env="current", **options))


def again(project, **options):
    trials = query.load(project.workspace.journal)
    allowances = holding(trials.ordered[-1], trials.allowances)
    options = ReplayOptions(**{"env": "current"} | options)
    return replay(project.workspace, trials.ordered[-1], options, allowances=allowances).result


def test_what_varies_is_learned_and_then_allowed(noisy):
    found = learned(noisy)
    assert [str(each.result.verdict) for each in found.replays] == ["diverged"] * 3
    assert {(each.part, each.path, each.differed) for each in found.varying} == {
        ("metrics", "loss", 3),
        ("outputs", "noise.bin", 3),
        ("streams", "stdout", 3),
    }
    metric = next(each for each in found.varying if each.part == "metrics")
    assert 0 < metric.distance.absolute < 1e-7
    assert metric.distance.compared == 4
    assert found.coverage == 0.75
    trials = query.load(noisy.workspace.journal)
    assert {each.path for each in trials.allowances.values()} == {"loss", "noise.bin", "stdout"}
    receipts = tuple(each.entry_id for each in found.replays)
    assert all(each.replays == receipts and each.experiment == "noise" for each in trials.allowances.values())

    result = again(noisy, strict=True)
    counted = {each.path for each in result.differences if each.counted}
    # Within the largest of three differences three of four times: what else may count is only that metric.
    assert counted <= {"loss"}
    assert result.verdict == ("diverged" if counted else "equivalent")
    assert len(result.allowances) == 3


def test_a_tolerance_that_is_asked_for_stands_in_for_what_was_learned(noisy):
    learned(noisy)
    result = again(noisy, atol=1e-3)
    assert [each.path for each in result.differences if each.counted] == ["noise.bin"]
    assert result.allowances == ()


def test_it_holds_for_the_experiment_and_nobody_else(noisy):
    found = learned(noisy, 2)
    noisy.run("python", "noisy.py", experiment="noise")
    noisy.run("python", "noisy.py", experiment="other")
    noisy.run("python", "noisy.py")
    trials = query.load(noisy.workspace.journal)
    held = [len(holding(each, trials.allowances).known) for each in trials.ordered]
    assert held == [len(found.varying), len(found.varying), 0, 0]


def test_without_an_experiment_it_holds_for_the_trial(project):
    project.write(noisy=NOISY).run("python", "noisy.py")
    learned(project, 2)
    project.run("python", "noisy.py")
    trials = query.load(project.workspace.journal)
    assert [len(holding(each, trials.allowances).known) for each in trials.ordered] == [3, 0]


def test_a_newer_calibration_stands_in_for_an_older_one(noisy):
    learned(noisy, 2)
    second = learned(noisy, 2)
    trials = query.load(noisy.workspace.journal)
    held = holding(noisy.last, trials.allowances).known
    assert {id for id, _ in held} == {id for id, _ in second.allowances}


def test_what_was_learned_is_taken_back(noisy):
    found = learned(noisy, 2)
    trials = query.load(noisy.workspace.journal)
    id = next(id for id, each in found.allowances if each.path == "noise.bin")
    target, allowance = remove.find(trials, id.hex()[:16])
    assert (target, allowance.path) == (id, "noise.bin")
    remove.remove(noisy.workspace.journal, target, "it must not")
    assert "noise.bin" in {each.path for each in again(noisy).differences if each.counted}


def test_a_trial_is_taken_back(noisy):
    trials = query.load(noisy.workspace.journal)
    id, trial = remove.find(trials, "@")
    assert trial == noisy.last
    remove.remove(noisy.workspace.journal, id, "the wrong data")
    after = query.load(noisy.workspace.journal)
    assert after.ordered == ()
    with pytest.raises(NotFoundError, match="was removed"):
        resolve(after, id.hex())
    with pytest.raises(NotFoundError):
        remove.find(after, "@")


def test_digits_that_fit_several_ids(noisy, monkeypatch):
    learned(noisy, 2)
    trials = query.load(noisy.workspace.journal)
    monkeypatch.setattr("ledger.ops.references.MIN_PREFIX", 0)
    with pytest.raises(AmbiguousError, match="is the start of"):
        remove.find(trials, "b3:")


def test_what_does_not_vary_needs_nothing(project):
    project.write(job="print(1)").run("python", "job.py")
    found = learned(project, 2)
    assert [str(each.result.verdict) for each in found.replays] == ["identical"] * 2
    assert (found.varying, found.allowances) == ((), ())


def test_an_exit_code_is_covered_by_no_tolerance(project):
    project.write(job="import os, sys; sys.exit(os.urandom(1)[0] % 2)")
    while True:  # one that succeeded
        project.run("python", "job.py")
        if project.last.outcome.exit_code == 0:
            break
    while (found := learned(project, 2)).unstable is None:
        assert found.allowances == ()
    assert "exit code is one of 0, 1" in found.unstable
    assert found.allowances == ()


@pytest.fixture
def dialled(project):
    return Dialled(project, project.path.parent / "dial")


class Dialled:
    """A program that does in each run what a dial tells it, which no record knows of."""

    def __init__(self, project, dial):
        self.project, self.dial = project, dial
        dial.touch()
        self.turn(0)

    def turn(self, number):
        os.utime(self.dial, (number, number))

    def record(self, job):
        turn = f"import json, math, os, ledger\nturn = int(os.stat({str(self.dial)!r}).st_mtime)\n"
        self.project.write(job=turn + dedent(job)).run("python", "job.py", experiment="dialled")

    def calibrate(self, *turns):
        left = iter(turns)

        def progress(text):
            if text.startswith("replay "):
                self.turn(next(left))

        trials = query.load(self.project.workspace.journal)
        allowances = holding(self.project.last, trials.allowances)
        return calibrate(
            self.project.workspace,
            self.project.last,
            len(turns),
            CURRENT,
            progress=progress,
            allowances=allowances,
        )

    def counted(self, turn):
        """What counts of a replay at another turn of the dial."""
        self.turn(turn)
        return {each.path for each in again(self.project).differences if each.counted}


NUMBERS = """
    import numpy
    first = {0: 0.5, 1: 0.5, 2: math.nan, 3: math.inf}.get(turn, 0.5)
    second = 0.1 if turn == 9 else 0.9 + turn * 1e-9
    with open("numbers.json", "w") as file:
        json.dump({"first": first, "second": second}, file)
    with open("numbers.csv", "w") as file:
        file.write(f"first,second\\n{first},{second}\\n")
    with open("numbers.txt", "w") as file:
        file.write(f"first {first}\\nsecond {second}\\n")
    numpy.save("numbers.npy", [first, second])
    ledger.log(step=0, loss=first)
    ledger.log(step=1, loss=second)
"""
FILES = {"numbers.json", "numbers.csv", "numbers.txt", "numbers.npy"}


def test_nan_and_infinity_in_some_replays_allow_nothing_but_what_is_near_in_the_others(dialled):
    dialled.record(NUMBERS)
    found = dialled.calibrate(1, 2, 3)
    assert {each.path for each in found.refused} == FILES | {"loss"}
    assert {each.note for each in found.varying} == {"NaN or infinite in 2 of 3"}
    assert all(0 < each.distance.absolute < 1e-8 for each in found.varying)
    assert not any(each.content for _, each in found.allowances)
    assert dialled.counted(1) == set()
    for turn in (2, 3, 9):
        assert dialled.counted(turn) == FILES | {"loss"}


def test_nan_beside_something_else_that_varies_allows_nothing(dialled):
    dialled.record("""
        import pickle, sqlite3, zipfile
        values = {"run": f"run {turn}", "loss": math.nan if turn == 2 else 0.1 if turn == 9 else 0.9}
        with open("values.json", "w") as file:
            json.dump(values, file)
        with open("values.pkl", "wb") as file:
            pickle.dump(values, file)
        with zipfile.ZipFile("values.zip", "w") as archive:
            archive.writestr("values.json", json.dumps(values))
        with sqlite3.connect("values.db") as database:
            database.execute("create table numbers (run, loss)")
            number = math.inf if turn == 2 else 0.9
            database.execute("insert into numbers values (?, ?)", (values["run"], number))
        """)
    found = dialled.calibrate(1, 2)
    assert {each.path for each in found.refused} == {
        f"values.{each}" for each in ("json", "pkl", "zip", "db")
    }
    assert {each.note for each in found.refused} == {"NaN or infinite in 1 of 2"}
    assert found.allowances == ()


def test_nan_in_all_replays_allows_nothing(dialled):
    dialled.record("""
        with open("numbers.json", "w") as file:
            json.dump({"first": math.nan if turn else 0.5, "second": 0.1 if turn == 9 else 0.9}, file)
        ledger.log(loss=math.nan if turn else 0.5)
        """)
    found = dialled.calibrate(1, 1)
    assert {each.path for each in found.refused} == {"numbers.json", "loss"}
    assert found.allowances == ()
    assert dialled.counted(9) == {"numbers.json", "loss"}


def test_what_is_refused_takes_the_place_of_an_older_allowance(dialled):
    dialled.record("""
        with open("content.json", "w") as file:
            json.dump([1.0] * (turn + 1), file)
        """)
    (older,) = dialled.calibrate(1, 2).allowances
    assert older[1].content
    assert dialled.counted(9) == set()
    found = dialled.calibrate(0, 1)
    ((id, allowance),) = found.allowances
    assert (allowance.content, allowance.rtol, allowance.atol, allowance.masks) == (False, 0.0, 0.0, ())
    assert dialled.counted(9) == {"content.json"}
    remove.remove(dialled.project.workspace.journal, id, "the older one was right")
    assert dialled.counted(9) == set()


def test_another_kind_of_content_in_some_replays_allows_what_is_near_in_the_others(dialled):
    dialled.record("""
        with open("type.json", "w") as file:
            json.dump({"first": None if turn == 2 else 0.5, "second": 0.1 if turn == 9 else 0.9}, file)
        with open("longer.json", "w") as file:
            json.dump([0.1 if turn == 9 else 0.9 + turn * 1e-9, 1][: 1 if turn == 2 else 2], file)
        """)
    found = dialled.calibrate(1, 2)
    assert {each.path: each.note for each in found.refused} == {
        "type.json": "first: 0.5 and null",
        "longer.json": "the whole: 2 and 1 members",
    }
    assert [each.path for _, each in found.allowances] == ["longer.json"]
    assert dialled.counted(1) == set()
    assert dialled.counted(2) == dialled.counted(9) == {"type.json", "longer.json"}


def test_a_damaged_content_teaches_nothing(dialled):
    dialled.record("""
        with open("numbers.json", "w") as file:
            json.dump([turn], file)
        """)
    (output,) = dialled.project.last.outcome.outputs
    path = layout.loose(layout.objects(dialled.project.ledger), output.digest)
    path.chmod(0o644)
    path.write_bytes(b"[7]")
    found = dialled.calibrate(1, 2)
    (refused,) = found.refused
    assert (refused.path, found.allowances) == ("numbers.json", ())
    assert "ledger verify" in refused.refused


def test_a_file_that_is_not_always_made_and_a_metric_that_is_not_always_logged_are_not_allowed(dialled):
    dialled.record("""
        if turn != 2:
            with open("sometimes.txt", "w") as file:
                file.write("other" if turn == 9 else "same")
        for step in range(3 if turn == 2 else 2):
            ledger.log(step=step, loss=0.1 if turn == 9 else 0.9)
        """)
    found = dialled.calibrate(1, 2)
    assert {each.path: each.note for each in found.refused} == {
        "sometimes.txt": "it is not always made",
        "loss": "it is not logged at the same steps",
    }
    assert found.allowances == ()
    assert dialled.counted(1) == set()
    assert dialled.counted(2) == dialled.counted(9) == {"sometimes.txt", "loss"}


LINES = """
    loss = math.nan if turn == 3 else 0.1 if turn == 9 else 0.9 + turn * 1e-9
    with open("lines.txt", "w") as file:
        file.write(f"run {['alpha', 'beta', 'gamma', 'delta'][turn % 4]}\\nloss {loss}\\n")
"""


def test_numbers_in_lines_that_vary_may_be_as_far_apart_as_they_were(dialled):
    dialled.record(LINES)
    ((id, allowance),) = dialled.calibrate(1, 2).allowances
    assert len(allowance.masks) == 2
    assert 2e-9 < allowance.rtol < 3e-9
    assert dialled.counted(1) == dialled.counted(2) == set()
    assert dialled.counted(3) == dialled.counted(9) == {"lines.txt"}
    # As earlier releases recorded it, any number may be there.
    remove.remove(dialled.project.workspace.journal, id, "an older one is looked at")
    dialled.project.workspace.journal.append(replace(allowance, rtol=0.0))
    assert dialled.counted(9) == set()


def test_nan_in_lines_of_some_replays_allows_nothing(dialled):
    dialled.record(LINES)
    found = dialled.calibrate(1, 3)
    (refused,) = found.refused
    assert (refused.path, refused.note, found.allowances) == ("lines.txt", "NaN or infinite in 1 of 2", ())
    assert dialled.counted(9) == {"lines.txt"}


def test_text_in_json_that_varies_frees_neither_its_numbers_nor_other_text(dialled):
    dialled.record("""
        score = 0.1 if turn == 9 else 0.9
        data = "2026-02-02" if turn == 8 else "2026-01-01"
        run = f"run ({turn}) " + "x" * turn
        values = {"run": run, "data": data, "score": score, "loss": 0.5 + turn * 1e-9, "count": 7}
        with open("values.json", "w") as file:
            json.dump(values, file)
        with open("lines.jsonl", "w") as file:
            print(json.dumps(values), json.dumps(values), sep="\\n", file=file)
        """)
    found = dialled.calibrate(1, 2)
    assert {each.path for each in found.varying} == {"values.json", "lines.jsonl"}
    for _, allowance in found.allowances:
        assert len(allowance.masks) == 1
        assert 3e-9 < allowance.rtol < 5e-9
    assert dialled.counted(1) == dialled.counted(2) == set()
    assert dialled.counted(8) == dialled.counted(9) == {"values.json", "lines.jsonl"}


def test_json_with_masks_may_be_the_same_by_its_values(dialled):
    dialled.record("""
        values = {"run": "other" if turn == 1 else "one", "score": 0.1 if turn == 9 else 0.9}
        with open("values.json", "w") as file:
            json.dump(values, file, indent=1 if turn > 2 else None)
        """)
    dialled.calibrate(1, 1)
    assert dialled.counted(2) == dialled.counted(3) == set()
    assert dialled.counted(9) == {"values.json"}


def test_what_is_refused_is_told(dialled, accept):
    from ledger.cli.calibration_page import calibration_page
    from ledger.ops.result_documents import calibration_document

    dialled.record(NUMBERS)
    found = dialled.calibrate(2, 2)
    accept("calibration.v1", json.loads(json.dumps(calibration_document(found), allow_nan=False)))
    text = calibration_page(found).plain()
    assert "NaN or infinite in 2 of 2" in text
    assert "numbers.csv, numbers.json, numbers.npy, numbers.txt: NaN and infinity are no amount" in text


def test_numbers_near_0_get_an_absolute_tolerance(project):
    project.write(
        job="""
        import os, ledger
        ledger.log(loss=int.from_bytes(os.urandom(6), "little") / 2**48)
        """
    ).run("python", "job.py")
    found = learned(project, 4)
    ((_, allowance),) = [each for each in found.allowances if each[1].part == "metrics"]
    far = found.varying[0].distance
    assert allowance.atol in (0.0, far.absolute)
    assert (allowance.rtol, allowance.atol) != (0.0, 0.0)
    assert allowance.rtol <= 0.5 < far.relative or allowance.rtol == pytest.approx(far.relative, rel=1e-14)


def test_numbers_near_0_at_one_place_free_none_at_others(dialled):
    dialled.record("""
        import gzip, numpy, sqlite3, zipfile
        numbers = {"near": turn * 1e-12, "large": 1e6 + 10 * turn, "score": 0.1 if turn == 9 else 0.9}
        with open("numbers.json", "w") as file:
            json.dump(numbers, file)
        with open("numbers.csv", "w") as file:
            file.write(",".join(numbers) + "\\n" + ",".join(map(str, numbers.values())) + "\\n")
        numpy.savez("numbers.npz", **numbers)
        with gzip.open("numbers.json.gz", "wt") as file:
            json.dump(numbers, file)
        with zipfile.ZipFile("numbers.zip", "w") as archive:
            archive.writestr("numbers.json", json.dumps(numbers))
        with sqlite3.connect("numbers.db") as database:
            database.execute("create table numbers (near, large, score)")
            database.execute("insert into numbers values (?, ?, ?)", tuple(numbers.values()))
        """)
    files = {f"numbers.{each}" for each in ("json", "csv", "npz", "json.gz", "zip", "db")}
    found = dialled.calibrate(1, 2)
    assert {each.path for each in found.varying} == files
    for _, allowance in found.allowances:
        assert allowance.atol == 2e-12
        assert allowance.rtol == pytest.approx(2e-5)
    assert dialled.counted(1) == dialled.counted(2) == set()
    assert dialled.counted(9) == files


def test_one_replay_is_no_distribution(noisy):
    with pytest.raises(UsageError, match="too few"):
        learned(noisy, 1)


def test_what_cannot_be_made_again_teaches_nothing(noisy):
    found = learned(noisy, 3, timeout=1e-6)
    assert found.incomparable is not None
    assert len(found.replays) == 1
    assert found.allowances == ()


def test_it_is_told(noisy, accept):
    from ledger.cli.calibration_page import calibration_page
    from ledger.ops.documents import trial_document
    from ledger.ops.result_documents import calibration_document

    found = learned(noisy, 2)
    document = json.loads(json.dumps(calibration_document(found), allow_nan=False))
    accept("calibration.v1", document)
    accept("trial.v1", trial_document(noisy.last, query.load(noisy.workspace.journal), noisy.workspace.store))
    text = calibration_page(found).plain()
    assert "2 replays: diverged ×2" in text
    assert "May be anything, since more than numbers and lines varied: noise.bin\n" in text
    assert "loss #" in text
    assert "a probability of 67%" in text
