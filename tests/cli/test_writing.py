"""``init``, ``replay``, ``checkout``, ``note`` and ``tag``."""

import re
import socket
import subprocess
import sys

import pytest

from ledger.model import layout


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


@pytest.mark.slow
def test_replay_says_where_there_was_nothing_to_compare_but_the_exit_code(tool):
    told = "nothing to compare but the exit code"
    tool("run", "-q", "sh", "-c", "date +%N")
    done = tool("replay", "@", "--env", "current")
    assert (done.lines[0], told in done.lines[1]) == ("identical", True)
    assert told not in tool("replay", "@", "--env", "current", "--strict", code=4).out
    tool("run", "-q", "sh", "-c", "echo 1 > out.txt")
    assert told not in tool("replay", "@", "--env", "current").out


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
    outside.unlink()
    done = tool("replay", "@", "--env", "current", code=5)
    assert done.lines[0] == "incomparable"
    assert "hint" in done.out
    assert "environment" not in done.out  # nothing was run in any
    moved = tmp_path / "moved.csv"
    moved.write_text("1")
    tool("replay", "@", "--env", "current", "--map", f"{outside}={moved}")


def test_an_environment_that_was_not_recorded_is_not_said_to_be_made_again(tool, tmp_path):
    tool("run", "-q", "/bin/true", variables={"PATH": str(tmp_path)})
    done = tool("replay", "@")
    assert done.lines[0] == "identical"
    assert re.search(r"environment +what the command finds: none was recorded", done.out)


def test_replay_without_network(tool, accept):
    connecting = "import socket; socket.create_connection(('127.0.0.1', int(__import__('sys').argv[1])))"
    with socket.create_server(("127.0.0.1", 0)) as server:
        tool("run", "-q", sys.executable, "-c", connecting, server.getsockname()[1])
        tool("replay", "@", "--env", "current")
        document = tool.document("replay", "@", "--env", "current", "--no-network", code=4)
    accept("replay.v1", document)  # the loopback that it has is another one
    assert [each["part"] for each in document["differences"] if each["counted"]] == ["exit_code"]


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


@pytest.mark.slow
def test_notes_on_a_metric_an_experiment_and_a_diff(trained, accept):
    trained("note", "first", "a spike", "--metric", "accuracy", "--step", 0)
    both = trained.document("note", "first", "--with", "second", "only *lr*")
    accept("notes.v1", both)
    trained("note", "-x", "digits", "all")
    assert trained("note", "first", "x", "--metric", "loss", code=3).err.startswith("error: no metric 'loss'")
    trained("note", "first", "x", "--step", 3, code=2)
    refused = trained("note", "first", "x", "--metric", "accuracy", "--step", 3, code=3).err
    assert refused.endswith("hint: the nearest: --step 0\n")
    trained("note", "first", "x", "--with", "first", code=2)
    for words in (["first", "second"], ["second", "first"]):
        assert [each["text"] for each in trained.document("diff", *words)["notes"]] == ["only *lr*"]
    assert trained("diff", "first", "second").lines[-1] == "    only *lr*"
    shown = trained("show", "first").out
    assert "    on accuracy at step 0\n    a spike\n" in shown
    assert "    on the diff of " in shown
    (first, second) = (trained.document("show", each) for each in ("first", "second"))
    assert [len(each["notes"]) for each in (first, second)] == [2, 1]
    listed = trained.document("log")
    assert {each["name"]: each["notes"] for each in listed}["first"] == 2
    accept("trials.v1", listed)
    assert trained("log").lines[0].split()[-2:] == ["notes", "tags"]
    assert trained("log", "-x", "digits").lines[-1] == (
        "(1 note on the experiment: ledger note --list -x digits)"
    )
    all = trained.document("note", "--list")
    accept("notes.v1", all)
    assert [each["text"] for each in all] == ["a spike", "only *lr*", "all"]
    assert [each["text"] for each in trained.document("note", "--list", "-x", "digits")] == ["all"]
    assert "on experiment digits" in trained("note", "--list").out


@pytest.mark.slow
def test_a_note_is_corrected_and_taken_back(trained):
    (one,) = trained.document("note", "first", "one")
    trained("note", "--replaces", one["id"][3:11], "two")
    (two,) = trained.document("show", "first")["notes"]
    assert (two["text"], [each["text"] for each in two["before"]]) == ("two", ["one"])
    assert "    corrected 1 time" in trained("show", "first").lines
    assert "does not stand any more" in trained("note", "--replaces", one["id"], "three", code=3).err
    for words in (["first", "x"], ["x", "-x", "digits"], ["x", "--with", "second"], []):
        trained("note", "--replaces", two["id"], *words, code=2)
    assert trained("note", "--remove", two["id"]).out.startswith("took back a note on ")
    assert trained.document("show", "first")["notes"] == []
    assert trained("note", "--list", "first").out == "no notes\n"


def test_a_note_from_an_editor(trained):
    variables = {"GIT_EDITOR": 'sh -c \'printf "# from\\nan editor" > "$1"\' x'}
    assert "noted on " in trained.on_terminal("note", "first", variables=variables)
    (found,) = trained.document("show", "first")["notes"]
    assert found["text"] == "# from\nan editor"
    again = {"GIT_EDITOR": "sh -c 'sed -i s/from/with/ \"$1\"' x"}
    trained.on_terminal("note", "--replaces", found["id"], variables=again)
    assert [each["text"] for each in trained.document("show", "first")["notes"]] == ["# with\nan editor"]
    assert "nothing is noted" in trained.on_terminal("note", "first", variables={"GIT_EDITOR": "true"})


@pytest.mark.slow
def test_a_signed_note(trained, make_key):
    key = make_key()
    (made,) = trained.document("note", "first", "mine", "--key", key)
    assert made["signed"] == "good"
    assert f"    signed by {made['key']}" in trained("show", "first").lines
    trained("note", "first", "x", "--key", "/nowhere", code=3)
    trained("note", "first", "x", "--sign", code=3)
    for words in (["init", "-q"], ["config", "gpg.format", "ssh"], ["config", "user.signingkey", key]):
        subprocess.run(["git", *words], cwd=trained.path, check=True)
    assert [trained.document("note", "first", "x", *each)[0]["signed"] for each in ([], ["--no-sign"])] == [
        "good",
        "unsigned",
    ]
    trained("note", "--replaces", made["id"], "not mine", "--no-sign")
    assert "    corrected 1 time; what was signed is now not signed" in trained("show", "first").lines
    assert trained.document("verify")["notices"] == []


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


# --- gc -----------------------------------------------------------------------------------------------------


def weights(tool, name, content):
    tool.project.write(make=f"open('weights.bin', 'w').write({content!r})")
    tool("run", "-q", "--name", name, "-x", "sweep", sys.executable, "make.py")


def test_gc_of_a_ledger_in_order_removes_nothing(trained, accept):
    assert trained("gc").lines[0] == "removed 0 objects, 0 B"
    document = trained.document("gc")
    accept("gc.v1", document)
    assert (document["objects"], document["waiting"], document["rows"]) == (0, 0, [])
    trained("verify")


def test_gc_lets_go_of_outputs_and_says_so_everywhere(tool, accept, tmp_path):
    for number in range(3):
        weights(tool, f"w{number}", f"weights {number}")
    would = tool("gc", "--keep-last", "1", "--dry-run")
    assert would.lines[0] == "would remove 2 objects, 18 B"
    assert tool("cat", "w0", "weights.bin").out == "weights 0"
    document = tool.document("gc", "--keep-last", "1")
    accept("gc.v1", document)
    assert document["rows"] == [
        {"reason": "dropped", "experiment": "sweep", "trials": 2, "objects": 2, "bytes": 18}
    ]
    gone = tool("cat", "w0", "weights.bin", code=3)
    assert "is not kept any more" in gone.err
    assert "cause: let go of by ledger gc --keep-last 1 on 20" in gone.err
    assert "hint: ledger replay" in gone.err
    assert tool("cat", "w2", "weights.bin").out == "weights 2"
    out = tool("checkout", "w0", "--to", tmp_path / "again")
    assert "weights.bin: let go of by ledger gc --keep-last 1" in out.err
    assert (tmp_path / "again" / "make.py").is_file()
    report = tool.document("verify")
    accept("verify.v1", report)
    assert [each["what"] for each in report["notices"]].count("content.dropped") == 2
    shown = tool.document("show", "w0")
    accept("trial.v1", shown)
    (output,) = shown["outputs"]
    assert output["size"] == 9
    assert [each["digest"] for each in shown["dropped"]] == [output["digest"]]
    assert re.search(r"weights.bin .* let go of on 20\d\d-", tool("show", "w0").out)
    assert "let go of" not in tool("show", "w2").out
    tool("replay", "w0", "--env", "current")
    assert tool("cat", "w0", "weights.bin").out == "weights 0"
    assert tool.document("gc")["rows"] == []
    assert tool.document("gc", "--reproducible", "--dry-run")["objects"] == 1


def test_gc_removes_what_was_taken_back(tool):
    weights(tool, "good", "good")
    weights(tool, "bad", "bad")
    tool("rm", "bad", "-m", "wrong")
    done = tool("gc")
    assert re.search(r"of trials taken back +sweep +1 ", done.out)
    assert tool("cat", "good", "weights.bin").out == "good"
    assert tool("verify").lines[0] == "whole"


def test_gc_is_told_what_may_go(trained):
    assert "hint: --older-than 90d" in trained("gc", "--older-than", "long", code=2).err
    trained("gc", "--keep-last", "-1", code=2)
    trained("gc", "-x", "nobody", code=3)
    assert "cause: there are paper" in trained("gc", "--tag", "nobody", code=3).err


def test_gc_of_a_damaged_ledger_is_refused(trained):
    tree = trained.project.last.code[0].tree
    layout.loose(layout.objects(trained.path / ".ledger"), tree).unlink()
    refused = trained("gc", code=4)
    assert "what code holds is not known" in refused.err
    assert "ledger verify" in refused.err
