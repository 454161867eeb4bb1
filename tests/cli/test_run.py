"""``ledger run``: what goes in untouched, what comes out, and with which exit code."""

import json
import os
import re
import shlex
import stat
import subprocess
import sys

import pytest

from ledger.model import layout

PRINT_ARGUMENTS = "import sys, os; sys.stdout.buffer.write(b'\\0'.join(map(os.fsencode, sys.argv[1:])))"
HEAVY = {"rich", "pyarrow", "git", "numpy", "yaml", "importlib.metadata", "asyncio", "psutil", "pandas"}


def test_the_line_at_the_end(tool):
    tool.project.write(train="open('model.txt', 'w').write('x' * 1500); print('hello')")
    (tool.path / "metrics.py").write_text(
        "import json; json.dump({'val_loss': 0.125}, open('metrics.json', 'w'))"
    )
    done = tool("run", sys.executable, "train.py")
    assert done.out == "hello\n"
    assert re.fullmatch(
        r"ledger: trial ([0-9a-f]{12}) ok in [\d.]+ s · 1 output \(1.5 kB\) · replay it: ledger replay \1\n",
        done.err,
    )
    assert " · val_loss 0.125 · " in tool("run", sys.executable, "metrics.py").err
    ascii = tool("run", sys.executable, "train.py", variables={"PYTHONIOENCODING": "ascii"}).err
    assert " - replay it: " in ascii
    assert ascii.isascii()
    assert tool("run", "-q", sys.executable, "train.py").err == ""
    assert tool("run", sys.executable, "-c", "1/0" and "raise SystemExit(3)", code=3).err.startswith(
        "ledger: trial "
    )


@pytest.mark.parametrize(
    "words",
    [
        ["-x", "1", "--", "--name", "y"],
        ["--json", "--help", "-q", "--version"],
        ["--", "a"],
        ["", " ", "a b\nc", "*", "$HOME", "é"],
        [os.fsdecode(b"\xff\xfe")],
    ],
)
@pytest.mark.parametrize("before", [[], ["--"], ["-x", "e"], ["-x", "e", "--"]])
def test_what_follows_the_first_word_is_the_commands(tool, before, words):
    done = tool("run", "-q", *before, sys.executable, "-c", PRINT_ARGUMENTS, *words)
    assert done.raw == b"\0".join(map(os.fsencode, words))
    trial = tool.project.last
    assert trial.intent.argv == (sys.executable, "-c", PRINT_ARGUMENTS, *words)
    assert (trial.name, trial.experiment) == (None, "e" if "-x" in before else None)


def test_every_option_is_recorded(tool):
    (tool.path / "data.csv").write_text("1,2\n")
    words = ["--name", "n", "-x", "e", "-m", "why it is", "-t", "a", "-t", "b", "-i", "data.csv"]
    words += ["-p", "lr=0.5", "-p", "depth=[1, 2]", "--param", "lr=0.25", "--seed", "7", "-o", "out"]
    tool("run", *words, "--", "sh", "-c", "mkdir out; echo 1 > out/file")
    document = tool.document("show", "@")
    expected = {"name": "n", "experiment": "e", "message": "why it is", "tags": ["a", "b"]}
    assert {name: document[name] for name in expected} == expected
    assert [each["path"] for each in document["inputs"]] == ["data.csv"]
    assert [each["path"] for each in document["outputs"]] == ["out/file"]
    assert document["hyperparameters"]["lr"] == 0.25
    assert document["hyperparameters"]["depth"] == [1, 2]
    assert document["seeds"]["enforced"] == 7


def test_standard_input_is_the_commands(tool):
    assert tool("run", "-q", "cat", input=b"a\0b").raw == b"a\0b"
    assert tool("run", "-q", "-i", "-", "cat", input=b"c").raw == b"c"
    assert tool.document("show", "@")["stdin"].startswith("b3:")


@pytest.mark.parametrize("code", [0, 1, 2, 5, 125, 255])
def test_the_commands_exit_code_is_ours(tool, code):
    tool("run", "-q", "sh", "-c", f"exit {code}", code=code)
    assert tool.document("show", "@")["exit_code"] == code


def test_a_signal_is_told_as_shells_tell_it(tool):
    done = tool("run", "sh", "-c", "kill -TERM $$", code=143)
    assert "killed (exit code 143)" in done.err
    document = tool.document("show", "@")
    assert (document["status"], document["signal"]) == ("killed", 15)


def test_a_command_that_is_not_there_or_not_executable(tool):
    assert "ledger: warning: " in tool("run", "no-such-program", code=127).err
    (tool.path / "plain").write_text("text")
    tool("run", "./plain", code=126)
    assert [each["status"] for each in tool.document("log")] == ["failed", "failed"]


@pytest.mark.parametrize(
    "words",
    [
        ["--name", "a b", "true"],
        ["-x", "", "true"],
        ["-t", "-t", "true"],
        ["-p", "lr", "true"],
        ["--seed", "-1", "true"],
        ["--nonsense", "true"],
        ["--"],
    ],
)
def test_options_that_are_off_are_usage_errors_and_start_nothing(tool, words):
    done = tool("run", *words, code=2)
    assert re.match(r"error: .+\n(cause: .+\n)?hint: .+\n", done.err)
    assert not (tool.path / ".ledger").exists()


@pytest.mark.parametrize("words", [["-i", "gone.csv"], ["--enforce-clean"]])
def test_what_cannot_be_recorded_is_not_started(tool, words):
    done = tool("run", *words, "touch", "started", code=125)
    assert re.match(r"error: .+\ncause: .+\nhint: .+\n", done.err)
    assert not (tool.path / "started").exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_an_unwritable_directory(tool):
    tool.path.chmod(stat.S_IRUSR | stat.S_IXUSR)
    try:
        done = tool("run", "true", code=125)
    finally:
        tool.path.chmod(0o700)
    assert done.err.startswith("error: the command was not started, because it cannot be recorded\ncause: ")


def test_a_ledger_that_cannot_be_made(tool):
    (tool.path / ".ledger").write_text("a file is in the way")
    done = tool("run", "touch", "started", code=125)
    assert done.err.startswith("error: the command was not started, because it cannot be recorded\ncause: ")
    assert not (tool.path / "started").exists()


def test_the_home_directory_is_refused(tool, ledger_environment):
    done = tool("run", "true", directory=ledger_environment, code=125)
    assert f"a ledger for all of {ledger_environment} is refused" in done.err


def test_a_bad_configuration_starts_nothing(tool):
    (tool.path / "ledger.toml").write_text("[cod]\n")
    done = tool("run", "touch", "started", code=125)
    assert "an unknown key" in done.err
    assert "did you mean: code" in done.err
    assert not (tool.path / "started").exists()


def test_a_newer_ledger_is_refused(tool):
    tool("init")
    layout.format_file(tool.path / ".ledger").write_text("99\n")
    assert "reads formats up to 2" in tool("run", "true", code=125).err
    assert "reads formats up to 2" in tool("log", code=1).err


def test_a_run_in_a_run_has_a_parent_and_says_nothing_of_its_own(tool):
    inner = [*tool.words, "run", "true"]
    done = tool("run", *inner)
    assert done.err.count("ledger: trial") == 1
    child, parent = tool.document("log")
    if tool.document("show", child["id"])["parent"] is None:
        child, parent = parent, child
    assert tool.document("show", child["id"])["parent"] == parent["id"]
    assert tool.document("show", parent["id"])["children"] == [child["id"]]


def test_it_sees_a_terminal_where_there_was_one(tool):
    seen = tool.on_terminal(
        "run", "-q", sys.executable, "-c", "import os; print([os.isatty(n) for n in range(3)])"
    )
    assert "[True, True, True]" in seen


def test_the_way_of_a_run_imports_nothing_heavy(tool):
    words = [
        tool.words[0],
        "-X",
        "importtime",
        *tool.words[1:],
        "run",
        "-q",
        "-p",
        "a=1",
        "--seed",
        "1",
        "true",
    ]
    tool("init")
    done = subprocess.run(words, cwd=tool.path, capture_output=True, text=True, check=True)
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if "|" in line}
    assert "ledger.ops.run" in imported
    assert not HEAVY & imported


def test_reuse_says_so(tool):
    tool("run", "true")
    assert len(json.loads(tool("log", "--json").out)) == 1
    tool("run", "--reuse", "true")


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_closed_stream_changes_nothing(tool, closed):
    words = shlex.join([*tool.words, "run", "sh", "-c", "test -e /proc/self/fd/0 && echo x > in; exit 4"])
    assert subprocess.run(["sh", "-c", f"{words} {closed}"], cwd=tool.path, check=False).returncode == 4
    assert (tool.path / "in").exists() is ("<&-" not in closed)
    words = shlex.join([*tool.words, "log"])
    assert subprocess.run(["sh", "-c", f"{words} {closed}"], cwd=tool.path, check=False).returncode == 0
