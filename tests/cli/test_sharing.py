"""Remotes, push, pull and clone on the command line."""

import json
import shutil
import sys

import pytest

from ledger.model import layout
from tests import servers


@pytest.fixture
def shared(tool, tmp_path, accept):
    """A ledger with one trial and the remote ``lab``."""
    tool.project.write(train="open('model.txt', 'w').write('weights')")
    tool("run", "-q", "-x", "digits", "python", "train.py")
    tool("remote", "add", "lab", tmp_path / "lab")
    return tool


def test_remotes_are_added_listed_and_forgotten(tool, tmp_path, accept):
    tool("init")
    assert "no remotes" in tool("remote", "list").out
    assert tool.document("remote", "list") == []
    tool("remote", "add", "lab", "../lab")
    (found,) = tool.document("remote", "list")
    accept("remotes.v1", [found])
    assert (found["name"], found["url"]) == ("lab", str(tmp_path / "lab"))
    assert "lab" in tool("remote", "list").out
    assert "there is a remote 'lab'" in tool("remote", "add", "lab", "../other", code=2).err
    tool("remote", "rm", "lab")
    assert tool.document("remote", "list") == []
    assert "no remote 'lab'" in tool("remote", "rm", "lab", code=3).err
    assert (tmp_path / "lab" / "format").exists()


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("https://example.org/x", "https://"),
        ("s3://key:secret@bucket/x", "credentials"),
        ("sftp://ann:secret@host/x", "credentials"),
        ("sftp://host", "expected"),
        ("s3://bucket/x?key=secret", "credentials"),
        (".ledger/remote", "no remote of its own"),
        ("nowhere/at/all", "cannot reach"),
    ],
)
def test_a_bad_url_is_refused_and_never_kept(tool, url, said):
    tool("init")
    found = tool("remote", "add", "lab", url, code=1 if said == "cannot reach" else 2)
    assert said in found.err
    assert "secret@" not in found.err
    assert tool.document("remote", "list") == []


def test_a_bad_name_is_refused(tool, tmp_path):
    tool("init")
    for name in ("../x", "a b", "", "x" * 65):
        assert "bad name" in tool("remote", "add", name, tmp_path / "lab", code=2).err


def test_what_was_pushed_can_be_cloned_and_shown(shared, tmp_path, accept):
    pushed = shared.document("push")
    accept("transfer.v1", pushed)
    assert (pushed["entries"], pushed["ok"], pushed["remote"]) == (2, True, "lab")
    assert shared.document("push")["entries"] == 0
    assert "nothing new for lab" in shared("push").out
    text = shared("clone", tmp_path / "lab", tmp_path / "ben" / "deep").out
    assert "made a ledger" in text
    assert "pulled 2 entries" in text
    here = {"directory": tmp_path / "ben" / "deep"}
    assert shared.document("log", **here) == shared.document("log")
    assert shared.document("verify", **here)["ok"]
    assert shared("cat", "@", "model.txt", **here).out == "weights"
    assert shared.document("remote", "list", **here)[0]["name"] == "upstream"
    assert "nothing new at upstream" in shared("pull", **here).out
    shared("clone", tmp_path / "lab", tmp_path / "ben", code=2)


def test_a_clone_of_nothing_makes_nothing(tool, tmp_path):
    (tmp_path / "empty").mkdir()
    assert "no ledger" in tool("clone", tmp_path / "empty", "here", code=3).err
    assert not (tool.path / "here").exists()


def test_a_place_that_is_no_remote_is_refused(tool, tmp_path):
    tool("init")
    (tmp_path / "lab").mkdir()
    (tmp_path / "lab" / "format").write_text("PNG\n")
    assert "no ledger's remote" in tool("remote", "add", "lab", tmp_path / "lab", code=4).err
    (tmp_path / "lab" / "format").write_text("ledger remote 2\n" + 32 * "0" + "\n")
    assert "has format 2" in tool("remote", "add", "lab", tmp_path / "lab", code=1).err
    assert tool.document("remote", "list") == []


def test_another_remote_at_the_same_place_is_noticed(shared, tmp_path):
    shared("push")
    shutil.rmtree(tmp_path / "lab")
    assert "no ledger" in shared("push", code=3).err
    shared("remote", "add", "new", tmp_path / "lab")
    assert "not the remote that it was" in shared("push", "lab", code=1).err
    assert shared.document("push", "new")["entries"] == 2


def test_which_remote_is_meant(shared, tmp_path):
    shared("remote", "add", "disk", tmp_path / "disk")
    assert "which remote" in shared("push", code=2).err
    assert "no remote 'lap'" in shared("push", "lap", code=3).err
    shared("push", "disk")
    shared("push", "lab")
    shared("remote", "rm", "disk")
    shared("remote", "rm", "lab")
    assert "no remote" in shared("pull", code=3).err


def test_a_split_view_is_named_and_exits_4(shared, tmp_path, accept):
    shared("push")
    shutil.copytree(shared.project.ledger, tmp_path / "before")
    (name,) = [path.name for path in layout.origins(shared.project.ledger).iterdir() if path.name[0] != "."]
    shared("note", "@", "one story")
    shared("push")
    # The same origin goes on from the same place with another entry, as after a backup was put back.
    shutil.rmtree(shared.project.ledger / "journal")
    shutil.copytree(tmp_path / "before" / "journal", shared.project.ledger / "journal")
    from ledger.journal import origins

    here = layout.origin_file(shared.project.ledger, origins.owner(shared.project.ledger))
    (layout.origins(shared.project.ledger) / name).rename(here)
    shared("note", "@", "another story")
    for verb in ("push", "pull"):
        found = shared.document(verb, code=4)
        accept("transfer.v1", found)
        assert not found["ok"]
        assert [each["what"] for each in found["findings"]] == ["remote.split"]
        assert "at entry 2" in found["findings"][0]["where"]
    assert "refused: remote.split" in shared("pull", code=4).out


def test_every_trial_is_pushed_where_that_is_wanted(shared, tmp_path):
    (shared.path / "ledger.toml").write_text("[remote]\nauto_push = true\n")
    shared("run", "-q", "python", "-c", "raise SystemExit(7)", code=7)
    assert shared.document("push")["entries"] == 0
    shutil.move(tmp_path / "lab", tmp_path / "away")
    said = shared("run", "-q", "python", "-c", "raise SystemExit(7)", code=7).err
    assert "warning: not pushed to lab" in said
    shutil.move(tmp_path / "away", tmp_path / "lab")
    assert shared.document("push")["entries"] == 2
    shared.project.write(seeded="import ledger; ledger.log(loss=ledger.seed() % 7)")
    shared("run", "-q", sys.executable, "seeded.py")
    shared("seeds", "@", "-n", 1, "--env", "current")
    assert shared.document("push")["entries"] == 0


def test_progress_is_shown_on_a_terminal_only(shared):
    assert "objects" in shared.on_terminal("push")
    shared("note", "@", "more")
    assert shared("push").err == ""


def test_a_bucket_and_its_credentials(tool, tmp_path):
    with servers.s3_server() as address:
        servers.make_bucket(address)
        variables = servers.s3_variables(address)
        tool.project.write(train="open('model.txt', 'w').write('weights')")
        tool("run", "-q", "python", "train.py")
        url = f"s3://{servers.BUCKET}/project"
        tool("remote", "add", "lab", url, variables=variables)
        tool("push", variables=variables)
        tool("clone", url, tmp_path / "ben", variables=variables)
        assert tool.document("verify", directory=tmp_path / "ben")["ok"]
        kept = layout.remotes_file(tool.path / ".ledger").read_text()
        assert "testing" not in kept
        assert url in kept


def test_the_file_that_names_remotes_is_damaged(shared):
    path = layout.remotes_file(shared.project.ledger)
    path.write_text(json.dumps({"lab": 1}))
    assert "names no remotes" in shared("push", code=4).err


def test_what_is_damaged_or_missing_here_is_named_and_put_back(shared, accept):
    outputs = shared.document("show", "@")["outputs"]
    objects = shared.project.ledger / "objects"
    shared("push")
    trial = shared.project.last
    gone, bent = trial.outcome.outputs[0].digest, trial.environment
    assert str(gone) == outputs[0]["digest"]
    layout.loose(objects, gone).unlink()
    layout.loose(objects, bent).chmod(0o644)
    layout.loose(objects, bent).write_bytes(b"bent")
    found = shared.document("verify", code=4)
    accept("verify.v1", found)
    assert [(each["what"], each["where"]) for each in found["notices"] if "object" in each["what"]] == [
        ("object.elsewhere", str(each["expected"])) for each in found["findings"]
    ]
    assert "the remote lab has it: ledger verify --repair" in shared("verify", code=4).out
    repaired = shared.document("verify", "--repair")
    accept("verify.v1", repaired)
    assert {each["where"] for each in repaired["notices"] if each["what"] == "object.repaired"} == {
        str(gone),
        str(bent),
    }
    assert shared.document("verify")["ok"]
    assert shared("cat", "@", "model.txt").out == "weights"


def test_a_repair_takes_nothing_that_is_damaged_there_too(shared, tmp_path):
    shared("push")
    digest = shared.project.last.outcome.outputs[0].digest
    layout.loose(shared.project.ledger / "objects", digest).unlink()
    there = tmp_path / "lab" / "objects" / digest.hex()[:2] / digest.hex()[2:]
    there.write_bytes(b"other bytes")
    found = shared.document("verify", "--repair", code=4)
    assert "object.refused" in [each["what"] for each in found["notices"]]
    assert "object.missing" in [each["what"] for each in found["findings"]]
    shutil.rmtree(tmp_path / "lab")
    found = shared.document("verify", code=4)
    assert "remote.unreachable" in [each["what"] for each in found["notices"]]


def test_trials_are_found_by_what_they_read(shared):
    shared.project.write(use="print(open('model.txt').read())")
    shared("run", "-q", "--name", "user", "python", "use.py")
    (given,) = [each for each in shared.document("show", "@")["inputs"] if each["path"] == "model.txt"]
    assert [each["name"] for each in shared.document("log", "--input", given["digest"])] == ["user"]
    assert "user" in shared("log", "--input", given["digest"]).out
    assert shared.document("log", "--input", "b3:" + 64 * "0") == []
    assert "a bad digest" in shared("log", "--input", "model.txt", code=2).err
