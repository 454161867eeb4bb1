"""``init``, ``replay``, ``checkout``, ``note`` and ``tag``."""

import re
import sys


def test_init_makes_a_ledger_once(tool):
    first = tool("init")
    assert first.lines[0] == f"made a ledger: {tool.path}/.ledger"
    assert first.lines[1] == f"it stands for the directory {tool.path}"
    assert tool("init").out == f"there is a ledger already: {tool.path}/.ledger\n"


def test_init_in_a_git_tree_stands_for_its_top(tool, git_project):
    beneath = git_project.path / "a"
    beneath.mkdir()
    assert f"it stands for the git tree {tool.path}" in tool("init", directory=beneath).lines


def test_init_refuses_the_home_directory(tool, ledger_environment):
    assert "is refused" in tool("init", directory=ledger_environment, code=2).err


# --- replay -------------------------------------------------------------------------------------------------


def test_replay_says_identical(trained):
    done = trained("replay", "first", "--env", "current")
    assert done.lines[0] == "identical"
    assert re.search(r"receipt +[0-9a-f]{12}", done.out)
    assert all(line.startswith("ledger: ") for line in done.err.splitlines())
    assert trained.document("show", "first")["replays"][0]["verdict"] == "identical"


def drifting(tool):
    tool.project.write(train="import time; open('out.txt', 'w').write(str(time.time_ns())); print('x')")
    tool("run", "-q", "-x", "e", sys.executable, "train.py")


def test_replay_that_diverges_exits_with_4_and_says_why(tool, accept):
    drifting(tool)
    done = tool("replay", "@", "--env", "current", code=4)
    assert done.lines[0] == "diverged"
    assert "Differences" in done.lines
    assert "out.txt" in done.out
    document = tool.document("replay", "@", "--env", "current", code=4)
    accept("replay.v1", document)
    assert [each["path"] for each in document["differences"] if each["counted"]] == ["out.txt"]


def test_replay_that_cannot_be_had_exits_with_5(tool, tmp_path):
    outside = tmp_path / "outside.csv"
    outside.write_text("1")
    tool("run", "-q", "-i", outside, "cat", outside)
    outside.write_text("2")
    done = tool("replay", "@", "--env", "current", code=5)
    assert done.lines[0] == "incomparable"
    assert "hint" in done.out
    moved = tmp_path / "moved.csv"
    moved.write_text("1")
    tool("replay", "@", "--env", "current", "--map", f"{outside}={moved}")


def test_a_dry_run_records_nothing(trained):
    done = trained("replay", "@", "--env", "current", "--dry-run")
    assert done.lines[0] == "it can be made again"
    assert trained.document("show", "@")["replays"] == []


def test_replay_of_an_experiment_exits_with_the_worst(trained, accept):
    done = trained("replay", "-x", "digits", "--env", "current")
    assert [line.split()[2] for line in done.lines[1:]] == ["identical", "identical"]
    assert "ledger: 2 of 2: " in done.err
    trained.project.write(late="import time; print(time.time_ns())")
    trained("run", "-q", "-x", "digits", "sh", "-c", "date +%s%N > out.txt")
    documents = trained.document("replay", "-x", "digits", "--env", "current", code=4)
    for each in documents:
        accept("replay.v1", each)
    assert [each["verdict"] for each in documents] == ["identical", "identical", "diverged"]


def test_replay_is_told_what_to_replay(trained):
    trained("replay", code=2)
    trained("replay", "@", "-x", "digits", code=2)
    trained("replay", "nobody", code=3)
    trained("replay", "-x", "nobody", code=3)
    trained("replay", "@", "--env", "recreat", code=2)
    trained("replay", "@", "--rtol", "-1", code=2)
    trained("replay", "@", "--map", "nothing", code=2)
    trained("replay", "@", "--timeout", "0", code=2)


def test_streams_count_only_with_strict(tool):
    tool("run", "-q", "sh", "-c", "od -An -N8 -tx1 /dev/urandom")
    tool("replay", "@", "--env", "current")
    tool("replay", "@", "--env", "current", "--strict", code=4)


# --- checkout -----------------------------------------------------------------------------------------------


def test_checkout_writes_what_is_asked_for(trained, tmp_path):
    done = trained("checkout", "first", "--to", tmp_path / "all")
    assert done.out.startswith("3 paths of ")
    assert sorted(each.name for each in (tmp_path / "all").iterdir()) == [
        "metrics.json",
        "model.txt",
        "train.py",
    ]
    trained("checkout", "first", "--to", tmp_path / "code", "--code")
    assert [each.name for each in (tmp_path / "code").iterdir()] == ["train.py"]
    trained("checkout", "first", "model.txt", "--to", tmp_path / "one", "--outputs")
    assert [each.name for each in (tmp_path / "one").iterdir()] == ["model.txt"]


def test_checkout_replaces_only_by_force(trained):
    model = trained.path / "model.txt"
    assert "hint" in trained("checkout", "first", "model.txt", "--to", ".", code=1).err
    assert model.read_text() == "weights 0.5\n"
    trained("checkout", "first", "model.txt", "--to", ".", "--force")
    assert model.read_text() == "weights 0.25\n"
    trained("checkout", "first", code=2)
    trained("checkout", "first", "nothing", "--to", "x", code=3)


# --- note and tag -------------------------------------------------------------------------------------------


def test_notes(trained):
    def texts():
        return [each["text"] for each in trained.document("show", "first")["notes"]]

    trained("note", "first", "one")
    trained("note", "first", "-m", "two")
    trained("note", "first", "-", input=b"three\nlines\n\n")
    assert texts() == ["one", "two", "three\nlines"]
    assert trained("note", "-x", "digits", "all").out == "noted on experiment digits\n"
    trained("note", "-x", "digits", "-m", "all")
    for words in (["first"], [], ["first", "a", "b"], ["first", "a", "-m", "b"], ["first", " "]):
        trained("note", *words, code=2)
    trained("note", "nobody", "a", code=3)
    trained("note", "-x", "nobody", "a", code=3)


def test_tags(trained):
    trained("tag", "second", "best")
    assert trained.document("show", "best")["name"] == "second"
    trained("tag", "first", "best")
    assert trained.document("show", "best")["name"] == "first"
    assert trained("tag", "--remove", "best").out.startswith("took best off ")
    assert trained.document("show", "best")["name"] == "second"
    trained("tag", "--remove", "second", "best")
    assert "the tags are paper" in trained("tag", "--remove", "best", code=3).err
    trained("tag", "@", "a b", code=2)
    trained("tag", "@", code=2)
    trained("tag", "a", "b", "c", code=2)
