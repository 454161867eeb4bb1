"""``ledger replay --vary``."""

import os
import sys

import pytest


@pytest.fixture
def secretive(tool):
    """The command line, in a project with a trial whose result depends on the umask."""
    tool.project.write(
        train="""
        import os
        print("trained")
        open("model.txt", "w").write("weights\\n")
        open("mode.txt", "w").write(oct(os.stat("model.txt").st_mode & 0o777))
        """
    )
    tool("run", "-q", "--seed", 1, "--name", "first", sys.executable, "train.py")
    return tool


def test_what_a_result_depends_on_is_named(secretive, accept):
    done = secretive("replay", "first", "--env", "current", "--vary", "umask,hashseed", code=4)
    assert done.lines[0] == "the result depends on: umask; not on: hashseed"
    assert "0077" in done.out
    assert "umask: permissions of new files" in done.lines
    assert "mode.txt" in done.out
    assert "1 (by --seed)" in done.out
    document = secretive.document("replay", "first", "--env", "current", "--vary", "umask", code=4)
    accept("vary.v1", document)
    assert document["depends_on"] == ["umask"]
    assert document["control"]["verdict"] == "identical"
    found = document["conditions"][0]
    assert (found["effect"], found["after"]) == ("differs", "0077")
    assert [each["path"] for each in found["differences"]] == ["mode.txt"]


def test_a_result_that_depends_on_none_exits_with_0(secretive):
    done = secretive("replay", "@", "--env", "current", "--vary", "home", "--vary", "hashseed")
    assert done.lines[0] == "the result does not depend on: home, hashseed"
    assert all(line.startswith("ledger: ") for line in done.err.splitlines())


def test_log_counts_no_varied_replay_and_show_tells_the_condition(secretive):
    secretive("replay", "first", "--env", "current", "--vary", "umask", code=4)
    assert "diverged" not in secretive("log").out
    assert secretive.document("log")[0]["verdict"] == "identical"  # of the control, with nothing changed
    shown = secretive("show", "first").out
    assert "umask: 0022 → 0077" in shown or "umask: 0077 → 0022" in shown
    receipts = secretive.document("show", "first")["replays"]
    assert [bool(each["varied"]) for each in receipts] == [False, True, False]


def test_what_cannot_be_changed_fails_where_it_was_named(secretive):
    one = {"preexec_fn": lambda: os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})}
    done = secretive("replay", "@", "--env", "current", "--vary", "processors,home", code=5, **one)
    assert done.lines[0].endswith("not tried here: processors")
    assert "there is one processor only" in done.out


def test_a_trial_that_cannot_be_made_again_exits_with_5(tool, accept, tmp_path):
    outside = tmp_path / "outside.csv"
    outside.write_text("1")
    tool("run", "-q", "-i", outside, "cat", outside)
    outside.unlink()
    done = tool("replay", "@", "--env", "current", "--vary", "home", code=5)
    assert done.lines[0] == "it cannot be made again here, so nothing was changed"
    assert "hint" in done.out
    document = tool.document("replay", "@", "--env", "current", "--vary", "home", code=5)
    accept("vary.v1", document)
    assert document["conditions"] == []


def test_a_dry_run_tells_what_could_be_changed(secretive):
    done = secretive("replay", "@", "--env", "current", "--vary", "umask,threads", "--dry-run")
    assert done.lines[0] == "can be changed here: umask, threads"
    assert secretive.document("show", "@")["replays"] == []


def test_conditions_are_checked(secretive):
    assert "--vary hostname" in secretive("replay", "@", "--vary", "hostnam", code=2).err
    secretive("run", "-q", "-x", "e", "true")
    assert "one trial at a time" in secretive("replay", "-x", "e", "--vary", "umask", code=2).err


def test_a_terminal_shows_it_in_colour(secretive):
    shown = secretive.on_terminal("replay", "@", "--env", "current", "--vary", "umask")
    assert "the result depends on: umask" in shown
    assert "\x1b[" in shown
