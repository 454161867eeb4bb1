"""The commands that read: their documents hold to the schemas, their pages are plain off a terminal."""

import os
import re
import subprocess
import sys

import pytest

from ledger.model import Digest, layout

ESCAPE = "\x1b"
BOX = re.compile("[\u2500-\u257f]")


def sections(done):
    return [line for line in done.lines if line and not line.startswith((" ", "trial", "a  ", "b  "))]


@pytest.mark.parametrize(
    ("words", "schema"),
    [
        (["log"], "trials.v1"),
        (["ls"], "trials.v1"),
        (["log", "-x", "digits", "--where", "lr > 0.3"], "trials.v1"),
        (["show", "@"], "trial.v1"),
        (["diff", "@~1", "@"], "diff.v1"),
        (["diff", "digits", "digits"], "diff.v1"),
        (["verify"], "verify.v1"),
        (["verify", "--sample", "2"], "verify.v1"),
        (["verify", "first"], "verify.v1"),
        (["verify", "-x", "digits"], "verify.v1"),
        (["replay", "@", "--env", "current"], "replay.v1"),
        (["replay", "@", "--env", "current", "--dry-run"], "replay.v1"),
        (["why", "first", "@", "--env", "current"], "why.v1"),
        (["why", "first", "@", "--env", "current", "--dry-run"], "why.v1"),
        (["why", "first", "first"], "why.v1"),
    ],
)
def test_documents_hold_to_their_schemas(trained, accept, words, schema):
    accept(schema, trained.document(*words))


PAGES = [["log"], ["show", "@"], ["diff", "@~1", "@", "--code"], ["diff", "@~1", "@"], ["verify"]]


@pytest.mark.parametrize("words", PAGES)
def test_off_a_terminal_a_page_is_plain(trained, words):
    done = trained(*words, variables={"FORCE_COLOR": "1", "TERM": "xterm-256color"})
    assert done.err == ""
    assert ESCAPE not in done.out
    assert not BOX.search(done.out)
    assert not re.search(r"[ \t]+$", done.out, re.MULTILINE)


@pytest.mark.parametrize("words", PAGES)
def test_on_a_terminal_it_has_colours_unless_they_are_not_wanted(trained, words):
    assert ESCAPE in trained.on_terminal(*words)
    assert ESCAPE not in trained.on_terminal(*words, variables={"NO_COLOR": "1"})
    assert ESCAPE not in trained.on_terminal(*words, variables={"TERM": "dumb"})


def test_a_page_longer_than_the_terminal_goes_through_the_pager(trained):
    pager = {"PAGER": "sed s/^/paged:/"}
    assert "paged:" in trained.on_terminal("show", "@", variables=pager, rows=10)
    assert "paged:" not in trained.on_terminal("show", "@", variables=pager, rows=200)
    assert "paged:" not in trained("show", "@", variables=pager).out


def test_errors_of_json_go_to_standard_error(trained):
    done = trained("show", "nobody", "--json", code=3)
    assert done.out == ""
    assert done.err.startswith("error: no trial 'nobody'\n")


# --- log ----------------------------------------------------------------------------------------------------


def test_log_shows_what_varies_newest_first(trained):
    header, second, first = trained("log").lines
    assert header.split() == [
        "id",
        "name",
        "experiment",
        "status",
        "started",
        "(UTC)",
        "took",
        "lr",
        "accuracy",
        "tags",
    ]
    assert second.split()[1:4] == ["second", "digits", "ok"]
    assert second.split()[-2:] == ["0.5", "0.5"]
    assert first.split()[-3:] == ["0.25", "0.75", "paper"]


def test_log_chooses_sorts_and_limits(trained):
    trained.project.run("false")

    def names(*words):
        return [each["name"] for each in trained.document("log", *words)]

    assert names() == [None, "second", "first"]
    assert names("-x", "digits") == ["second", "first"]
    assert names("--where", "accuracy > 0.6") == ["first"]
    assert names("-x", "digits", "--sort", "lr") == ["first", "second"]
    assert names("-n", "1") == [None]
    assert names("-n", "0") == []
    assert "failed (1)" in trained("log").out
    assert "(2 older or later ones: -n 3)" in trained("log", "-n", "1").out
    assert "(1 older or later one: -n 3)" in trained("log", "-n", "2").out
    assert trained("log", "-n", "0").out == "(3 trials: -n 3)\n"
    trained("log", "--where", "lr >", code=2)
    trained("log", "--where", "nothing = 1", code=2)
    trained("log", "-n", "-1", code=2)
    trained("log", "-x", "nothing", code=3)


def test_log_shows_twenty_and_json_all(tool):
    for _ in range(22):
        tool.project.run("true")
    assert len(tool("log").lines) == 1 + 20 + 1
    assert len(tool.document("log")) == 22
    assert len(tool.document("log", "-n", "5")) == 5


def test_log_shows_what_varies_before_what_a_trial_lacks(tool):
    tool.project.run("true")  # such as one that failed before it read its arguments
    for lr in (1, 2):
        tool.project.run("true", *(f"--{letter}=0" for letter in "abcdefghi"), f"--zoom={lr}")
    assert re.search(r"took +zoom +a ", tool("log").lines[0])


def test_log_of_nothing(tool):
    tool("init")
    assert tool("log").out == "no trials yet. Record one: ledger run python train.py\n"
    assert tool.document("log") == []
    tool("run", "-q", "true")
    assert tool("log", "--where", "status = failed").out == "none of 1 trial is meant\n"


def test_log_tells_what_replays_have_shown(trained):
    trained("replay", "first", "--env", "current")
    trained("replay", "first", "--env", "current")
    assert "identical ×2" in trained("log").lines[2]


# --- show and cat -------------------------------------------------------------------------------------------


def test_show_has_its_sections_in_the_documents_order(trained):
    trained("replay", "@", "--env", "current")
    trained("note", "@", "a note\nin two lines")
    done = trained("show", "@")
    names = [re.sub(r" \(.*", "", each) for each in sections(done)]
    expected = [
        "Code",
        "Environment",
        "Hyperparameters",
        "Outputs",
        "Metrics",
        "Streams",
        "Record",
        "Replays",
        "Notes",
    ]
    assert names == expected
    assert done.lines[0] == f"trial {trained.project.last.id}"
    assert "    in two lines" in done.lines
    assert re.search(r"inputs +partial +standard input is a stream|complete: .*\binputs\b", done.out)


def test_show_names_what_it_cannot_read(trained):
    layout.loose(layout.objects(trained.path / ".ledger"), trained.project.last.environment).unlink()
    done = trained("show", "@")
    assert "Not readable" in done.lines
    assert trained.document("show", "@")["problems"]


def test_cat_is_byte_for_byte(trained):
    assert trained("cat", "first", "model.txt").raw == b"weights 0.25\n"
    assert trained("cat", "first").raw == b"trained with 0.25\n"
    assert trained("cat", "first", "--stdout").raw == b"trained with 0.25\n"
    assert trained("cat", "first", "--stderr").raw == b"a warning\n"
    assert trained("cat", "first", "train.py").raw == (trained.path / "train.py").read_bytes()
    output = next(each for each in trained.project.last.outcome.outputs if each.path == "model.txt")
    assert trained("cat", output.digest).raw == b"weights 0.5\n"
    trained("cat", "first", "model.txt", "--stdout", code=2)
    assert "the nearest are model.txt" in trained("cat", "first", "modl.txt", code=3).err
    trained("cat", Digest.of(b"nobody put this"), code=3)


def test_cat_of_streams_that_were_one_says_where_both_are(tool):
    words = [*tool.words, "run", "-q", "sh", "-c", "echo a; echo b >&2"]
    subprocess.run(words, cwd=tool.path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=True)
    assert tool("cat", "@").raw == b"a\nb\n"
    assert "went where standard output did" in tool("cat", "@", "--stderr", code=3).err


def test_cat_of_damage_tells_it_at_the_end(trained):
    digest = trained.project.last.outcome.stdout.digest
    path = layout.loose(layout.objects(trained.path / ".ledger"), digest)
    path.chmod(0o600)
    path.write_bytes(b"other")
    assert "damaged object" in trained("cat", "@", code=4).err


def test_cat_gives_no_binary_to_a_terminal(tool):
    tool("run", "-q", "sh", "-c", r"printf '\000\033[31m' > out.bin")
    seen = tool.on_terminal("cat", "@", "out.bin")
    assert "error: this is no text" in seen
    assert ESCAPE not in seen
    assert tool("cat", "@", "out.bin").raw == b"\0\x1b[31m"


# --- diff ---------------------------------------------------------------------------------------------------


def test_diff_has_its_sections_in_order(trained):
    trained.project.write(train=(trained.path / "train.py").read_text() + "# changed\n")
    trained.train(0.75)
    done = trained("diff", "second", "@")
    names = sections(done)[1:]
    assert names == ["Verdict", "Hyperparameters", "Code", "Metrics", "Outputs"]
    assert re.search(r"^  lr +0.5 +0.75$", done.out, re.MULTILINE)
    picked = trained("diff", "second", "@", "--code", "--metrics")
    assert [each for each in sections(picked)[1:] if each[0] not in "+-@#"] == ["Code", "Metrics"]
    assert "+# changed" in picked.lines
    assert "+# changed" not in done.lines
    same = trained("diff", "first", "second", "--code", "--metrics")
    assert "\n\n\n" not in same.out


def test_diff_exits_with_4_only_when_asked(trained):
    trained("diff", "first", "second")
    trained("diff", "first", "second", "--exit-code", code=4)
    trained("diff", "first", "second", "--exit-code", "--json", code=4)
    trained("diff", "first", "second", "--exit-code", "--code", code=0)
    trained("diff", "first", "second", "--exit-code", "--metrics", code=4)
    trained("diff", "first", "first", "--exit-code")
    trained("diff", "first", "nobody", code=3)


# --- verify -------------------------------------------------------------------------------------------------


def test_verify_tells_a_whole_ledger(trained):
    done = trained("verify")
    assert done.lines[0] == "whole"
    assert re.search(r"checked +4 entries, 2 trials, \d+ objects", done.out)
    assert done.err == ""


def test_verify_names_damage(trained, accept):
    digest = trained.project.last.outcome.stdout.digest
    layout.loose(layout.objects(trained.path / ".ledger"), digest).unlink()
    done = trained("verify", code=4)
    assert done.lines[0] == "damaged: 1 finding"
    assert f"object.missing: {digest} (stdout)" in done.lines
    document = trained.document("verify", code=4)
    accept("verify.v1", document)
    assert not document["ok"]
    trained("verify", "first")
    trained("verify", "second", code=4)
    trained("verify", "-x", "digits", code=4)
    trained("verify", "first", "-x", "digits", code=2)
    trained("log")
    trained("show", "@")


def test_verify_of_a_sample_says_what_it_is_worth(trained, accept):
    done = trained("verify", "--sample", "3", "--seed", "7")
    assert done.lines[0] == "whole"
    said = re.search(r"sample +(.*)", done.out)[1]
    assert re.fullmatch(
        r"3 of \d+ contents were hashed: with 95 % confidence at most [\d.]+ % of all are damaged"
        r" \(again: --sample 3 --seed 7\)",
        said,
    )
    document = trained.document("verify", "--sample", "3", "--seed", "7")
    accept("verify.v1", document)
    assert document["sample"]["seed"] == 7
    assert trained.document("verify")["sample"] is None
    assert trained.document("verify", "--sample", "100%")["sample"] is None


def test_verify_refuses_a_sample_that_is_none(trained):
    refused = trained("verify", "--sample", "many", code=2)
    assert "got 'many'" in refused.err
    assert "hint: --sample 500, or --sample 5%" in refused.err
    trained("verify", "--seed", "7", code=2)


def test_names_that_are_no_utf8(tool):
    name = os.fsdecode(b"out-\xff\n.txt")
    tool("run", "-q", sys.executable, "-c", "import os; open(b'out-\\xff\\n.txt', 'w').write('x')")
    assert "out-\\xff\\n.txt" in tool("show", "@").out
    (output,) = tool.document("show", "@")["outputs"]
    assert output["path_bytes"]
    assert tool("cat", "@", name).raw == b"x"


def test_reading_needs_no_right_to_write(trained, tmp_path):
    subprocess.run(["cp", "-a", trained.path, tmp_path / "copy"], check=True)
    folder = tmp_path / "copy" / ".ledger"
    subprocess.run(["chmod", "-R", "a-w", folder], check=True)
    try:
        assert len(trained.document("log", directory=tmp_path / "copy")) == 2
    finally:
        subprocess.run(["chmod", "-R", "u+w", folder], check=True)


def test_a_narrow_terminal_gets_fewer_columns_and_is_told(trained):
    trained("replay", "first", "--env", "current")
    plain = {"NO_COLOR": "1"}
    wide = trained.on_terminal("log", variables=plain, columns=140).splitlines()
    narrow = trained.on_terminal("log", variables=plain, columns=62).splitlines()
    assert "tags" in wide[0]
    assert "… " not in wide[0]
    assert re.search(r"… \d more$", narrow[0])
    assert len(narrow) == len(wide) == 3
    assert max(map(len, narrow)) <= 62
    assert narrow[0].split()[:2] == ["id", "name"]
    assert "accuracy" in narrow[0]
