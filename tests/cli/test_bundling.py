"""Bundles as people use them: written where a trial was recorded, opened and replayed elsewhere."""

import os
import shutil
import sys

import pytest

from ledger.model import layout


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """A directory, and a cache, of somebody else."""
    path = tmp_path / "elsewhere"
    path.mkdir()
    return path


@pytest.fixture
def bundle(trained, elsewhere):
    """A bundle of one trial, where there is no ledger; that which it is of is gone."""
    path = elsewhere / "paper.ledger"
    trained("note", "first", "the one of the paper")
    trained("bundle", "first", "-o", path)
    shutil.rmtree(trained.path)
    trained.path.mkdir()  # where the tests' commands begin
    return path


@pytest.mark.slow
def test_a_reviewer_without_the_ledger(trained, bundle, accept):
    directory = bundle.parent
    told = trained("open", "paper.ledger", directory=directory)
    assert told.lines[0] == "whole, but nothing that you named vouches for its head"
    assert "nobody: the head is not signed" in told.out
    assert told.lines[-1].startswith("replay runs the recorded command: do that with what comes from")
    paper = directory / "paper"
    (row,) = trained.document("log", directory=paper)
    assert row["name"] == "first"
    shown = trained.document("show", "paper", directory=paper)
    assert [each["text"] for each in shown["notes"]] == ["the one of the paper"]
    assert trained("cat", "first", "model.txt", directory=paper).out == "weights 0.25\n"
    assert trained("cat", "first", "--stdout", directory=paper).out == "trained with 0.25\n"
    replayed = trained.document("replay", "first", "--env", "current", directory=paper)
    assert replayed["verdict"] == "identical"
    assert [each["verdict"] for each in trained.document("show", "@", directory=paper)["replays"]] == [
        "identical"
    ]
    checked = trained.document("verify", directory=paper)
    assert checked["ok"]
    assert "proven.entries" in [each["what"] for each in checked["notices"]]
    trained("checkout", "first", "--to", directory / "files", directory=paper)
    assert sorted(each.name for each in (directory / "files").iterdir()) == [
        "metrics.json",
        "model.txt",
        "train.py",
    ]
    table = trained("sql", "select name, status from trials", directory=paper).out
    assert "first" in table
    assert trained.document("gc", directory=paper)["objects"] >= 0
    assert trained.document("verify", directory=paper)["ok"]
    trained("run", "-q", sys.executable, "-c", "print(1)", directory=paper)
    assert len(trained.document("log", directory=paper)) == 2
    assert (
        "what came in a bundle is not proven anew" in trained("prove", "first", directory=paper, code=3).err
    )
    words = ("best", "-x", "digits", "--maximize", "accuracy")
    said = trained(*words, directory=paper, code=2).err
    assert "which has those trials that its maker chose" in said
    assert "ledger log -x digits --sort -accuracy" in said
    trained("log", "-x", "digits", "--sort", "-accuracy", directory=paper)
    again = trained.document("open", bundle, paper, directory=directory)
    accept("opened.v1", again)
    assert not again["added"]


def test_replay_of_a_file(trained, bundle):
    done = trained.document("replay", bundle.name, "--env", "current", directory=bundle.parent)
    assert done["verdict"] == "identical"
    told = trained("replay", bundle.name, "first", "--env", "current", directory=bundle.parent)
    assert told.lines[0] == "identical"
    assert "replay runs the recorded command" in told.err
    assert sorted(each.name for each in bundle.parent.iterdir()) == ["paper.ledger"]
    assert "no trial 'second'" in trained("replay", bundle, "second", code=3).err
    trained("replay", "first", "second", code=2)


def test_replay_of_a_file_that_has_several(trained, elsewhere):
    path = elsewhere / "both.ledger"
    trained("bundle", "-x", "digits", "-o", path)
    said = trained("replay", path, code=3).err
    assert "it has 2: " in said
    assert "first" in said
    assert "second" in said
    assert trained.document("replay", path, "second", "--env", "current")["verdict"] == "identical"


def test_a_failed_replay_is_told_as_ever(trained, elsewhere):
    trained.project.write(train="import os; open('out.txt', 'wb').write(os.urandom(8))")
    trained("run", "-q", "--name", "random", sys.executable, "train.py")
    trained("bundle", "random", "-o", elsewhere / "x.ledger")
    assert "diverged" in trained("replay", elsewhere / "x.ledger", "--env", "current", code=4).lines[0]


def test_without_outputs(trained, elsewhere, accept):
    path = elsewhere / "small.ledger"
    done = trained.document("bundle", "first", "second", "-o", path, "--no-outputs")
    accept("bundle.v1", done)
    assert (done["left_out"], done["missing"], len(done["trials"])) == (4, [], 2)
    opened = trained.document("open", path, elsewhere / "x")
    accept("opened.v1", opened)
    assert (opened["left_out"], opened["missing"]) == (4, [])
    x = elsewhere / "x"
    assert trained.document("verify", directory=x)["ok"]
    assert "ledger replay" in trained("cat", "first", "model.txt", directory=x, code=3).err
    assert trained.document("replay", "first", "--env", "current", directory=x)["verdict"] == "identical"
    assert trained("cat", "first", "model.txt", directory=x).out == "weights 0.25\n"


def test_who_vouches(trained, elsewhere, make_key, accept):
    key, other = (make_key(name) for name in ("ann", "bob"))
    path = elsewhere / "paper.ledger"
    assert "is not signed; sign one first" in trained("bundle", "first", "-o", path).err
    said = trained("open", path, elsewhere / "x", "--key", key.with_suffix(".pub"), code=4).err
    assert "its head is not signed" in said
    trained("verify", "--sign", "--key", key)
    done = trained.document("bundle", "first", "-o", path)
    accept("bundle.v1", done)
    assert len(done["signers"]) == 1
    told = trained("open", path, elsewhere / "x", "--key", key.with_suffix(".pub"))
    assert told.lines[0] == "whole, and vouched for by what you named"
    assert "which you named: --key" in told.out
    said = trained("open", path, elsewhere / "y", "--key", other.with_suffix(".pub"), code=4).err
    assert "is not signed by a key that you named" in said
    signers = elsewhere / "signers"
    signers.write_text(f"ann {key.with_suffix('.pub').read_text()}")
    opened = trained.document("open", path, elsewhere / "z", "--signers", signers, "--head", done["head"])
    assert (opened["ok"], opened["signers"][0]["name"]) == (True, "ann")
    words = ("open", path, elsewhere / "w", "--key", key.with_suffix(".pub"))
    assert "ssh-keygen" in trained(*words, variables={"PATH": "/nowhere"}, code=5).err
    assert "were not checked" in trained("open", path, elsewhere / "w", variables={"PATH": "/nowhere"}).err
    assert sorted(each.name for each in elsewhere.iterdir()) == ["paper.ledger", "signers", "w", "x", "z"]


def test_what_is_refused_leaves_nothing(trained, elsewhere):
    path = elsewhere / "paper.ledger"
    trained("bundle", "first", "-o", path)
    content = path.read_bytes()
    path.write_bytes(content[:-1])
    said = trained("open", path, directory=elsewhere, code=4).err
    assert "is refused" in said
    assert "expected the end of a pack" in said
    path.write_bytes(content.replace(b"LDGO", b"LDGX", 1))
    assert "byte 8: expected a record" in trained("replay", path, code=4).err
    path.write_bytes(content)
    assert "--max-size" in trained("open", path, "--max-size", "1kB", directory=elsewhere, code=4).err
    trained("open", path, "--max-size", "many", directory=elsewhere, code=2)
    trained("open", "gone.ledger", directory=elsewhere, code=3)
    assert [each.name for each in elsewhere.iterdir()] == ["paper.ledger"]
    assert "has a ledger of its own" in trained("open", path, trained.path, code=2).err
    trained("open", path, "--max-size", "1GB", directory=elsewhere)


def test_which_trials(trained, elsewhere):
    path = elsewhere / "x.ledger"
    trained("bundle", "-o", path, code=2)
    trained("bundle", "first", "-x", "digits", "-o", path, code=2)
    trained("bundle", "gone", "-o", path, code=3)
    trained("bundle", "first", "-o", elsewhere, code=2)
    os.mkfifo(elsewhere / "pipe")
    assert "it is no regular file" in trained("bundle", "first", "-o", elsewhere / "pipe", code=2).err
    trained("bundle", "first", code=2)
    assert not path.exists()
    assert len(trained.document("bundle", "first", "paper", "@~1", "-o", path)["trials"]) == 1


def test_secrets_of_the_reader_stay_with_them(trained, elsewhere):
    trained.project.write(
        train="import sys; open('out.txt', 'w').write(str(len(sys.argv[1])))",
    )
    secret = {"API_TOKEN": "sk-0123456789abcdef0123456789abcdef"}
    trained("run", "-q", "--name", "s", sys.executable, "train.py", secret["API_TOKEN"], variables=secret)
    path = elsewhere / "x.ledger"
    trained("bundle", "s", "-o", path)
    words = ("replay", path, "--env", "current")
    assert trained.document("replay", "s", "--env", "current", variables=secret)["verdict"] == "identical"
    refused = trained.document(*words, variables=secret, code=5)
    assert refused["causes"][0]["cause"] == "the command asks for secrets of yours"
    assert "--secret NAME" in refused["causes"][0]["hint"]
    given = trained.document(*words, "--secret", "API_TOKEN", variables=secret)
    assert given["verdict"] == "identical"
    assert secret["API_TOKEN"].encode() not in path.read_bytes()


def test_the_ledger_of_a_bundle_is_laid_out_as_the_format_says(trained, bundle):
    trained("open", bundle, bundle.parent / "x")
    ledger = bundle.parent / "x" / ".ledger"
    (document,) = (each for each in layout.proven(ledger).iterdir() if each.name != "lock")
    (pack,) = layout.packs(layout.objects(ledger)).iterdir()
    assert pack.read_bytes() == bundle.read_bytes()
    assert bytes.fromhex(document.name) == bundle.read_bytes()[24:56]
    assert sorted(each.name for each in ledger.iterdir()) == [
        ".gitignore",
        "format",
        "objects",
        "proven",
        "tmp",
    ]


def test_whose_signature_proves_it_can_be_said(trained, elsewhere, make_key):
    mine, other = make_key("ann"), make_key("bob")
    trained("verify", "--sign", "--key", mine)
    trained("note", "second", "later")
    trained("verify", "--sign", "--key", other)
    public, path = mine.with_suffix(".pub"), elsewhere / "paper.ledger"
    trained("bundle", "first", "-o", path)
    trained("open", path, elsewhere / "theirs", "--key", public, code=4)
    trained("bundle", "first", "--key", public, "-o", path)
    trained("open", path, elsewhere / "mine", "--key", public)
    refused = trained("bundle", "second", "--key", public, "-o", elsewhere / "second.ledger", code=3)
    assert "no head that this key has signed" in refused.err
    assert not (elsewhere / "second.ledger").exists()
