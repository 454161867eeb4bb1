"""Signing, proving and checking as people do: ledger verify --sign, prove, head, and verify proof.json."""

import json
import os
import re
import shutil
import subprocess
import sys

import pytest

pytestmark = pytest.mark.usefixtures("ssh_keygen")


@pytest.fixture
def key(make_key):
    return make_key("ann")


@pytest.fixture
def public(key):
    return key.with_suffix(".pub")


@pytest.fixture
def proof(trained, key, tmp_path):
    """A proof, in a directory where there is no ledger."""
    trained("verify", "--sign", "--key", key)
    path = tmp_path / "elsewhere" / "proof.json"
    path.parent.mkdir()
    trained("prove", "first", "-o", path)
    return path


def test_a_reader_without_the_ledger(trained, proof, public, accept):
    shutil.rmtree(trained.project.ledger)
    told = trained("verify", proof.name, "--key", public, directory=proof.parent)
    assert told.lines[0].startswith("proved: trial ")
    assert "entry 0 of 4 of origin" in told.out
    assert "lr=0.25" in told.out
    assert "accuracy=0.75" in told.out
    assert "which you named" in told.out
    assert "one of 2 trials of its experiment in this head is the prover's word" in told.out
    document = trained.document("verify", proof, "--key", public)
    accept("proven.v1", document)
    assert (document["ok"], document["name"], document["claimed_trials"]) == (True, "first", 2)
    accept("proof.v1", json.loads(proof.read_text()))


def test_whoever_names_nothing_gets_no_yes(trained, proof, make_key, accept):
    told = trained("verify", proof, directory=proof.parent, code=5)
    assert told.lines[0].endswith("is in the head that is here, but nothing vouches for that head")
    assert "a key that you did not name" in told.out
    assert "--key KEY.pub" in told.out
    accept("proven.v1", trained.document("verify", proof, directory=proof.parent, code=5))
    other = make_key("bob").with_suffix(".pub")
    assert "not signed by a key that you named" in trained("verify", proof, "--key", other, code=4).err


def test_the_ledger_at_hand_vouches_for_what_it_has(trained, proof, accept):
    told = trained("verify", proof)
    assert told.lines[0].startswith("proved: trial ")
    assert "vouched for by" in told.out
    document = trained.document("verify", proof)
    accept("proven.v1", document)
    assert (document["ok"], document["ledger"]) == (True, str(trained.project.ledger))
    # The same log with something else in it.
    shutil.rmtree(trained.project.ledger)
    trained.train(0.25)
    other = trained.document("head")["origins"][0]
    document = json.loads(proof.read_text())
    assert document["head"]["origins"][0]["origin"] != other["origin"]
    assert "it has not all of this head" in trained("verify", proof, code=5).out


def test_a_list_of_signers(trained, proof, public, make_key, tmp_path):
    signers = tmp_path / "allowed_signers"
    lines = [f"bob {make_key('bob').with_suffix('.pub').read_text()}", f"ann {public.read_text()}"]
    signers.write_text("".join(lines))
    assert "which you named: ann" in trained("verify", proof, "--signers", signers).out
    signers.write_text(lines[0])
    trained("verify", proof, "--signers", signers, code=4)


def test_a_head_that_is_named(trained, proof, tmp_path):
    digest = trained.document("head")["digest"]
    assert "it is the head that you named" in trained("verify", proof, "--head", digest).out
    file = tmp_path / "head.json"
    file.write_text(trained("head", "--json").out)
    trained("verify", proof, "--head", file)
    trained("verify", proof, "--head", "b3:" + 64 * "0", code=4)
    trained("verify", proof, "--head", "gone.json", code=2)


def test_it_goes_on_from_an_earlier_head(trained, key, public, tmp_path):
    earlier = tmp_path / "earlier.json"
    earlier.write_text(trained("head", "--json").out)
    trained.train(0.75, "-x", "digits")
    trained("verify", "--sign", "--key", key)
    path = tmp_path / "proof.json"
    path.write_bytes(trained("prove", "@", "--since", earlier).raw)
    told = trained("verify", path, "--key", public, "--since", earlier)
    assert "goes on from" in told.out
    trained("prove", "@", "-o", path)
    said = trained("verify", path, "--key", public, "--since", earlier, code=4).err
    assert "no earlier head" in said
    assert "--since HEAD" in said


def test_a_proof_that_was_changed(trained, proof, public):
    document = json.loads(proof.read_text())
    document["entries"][0]["index"] += 1
    proof.write_text(json.dumps(document))
    said = trained("verify", proof, "--key", public, code=4).err
    assert "error: " in said
    assert "entries[0].path: expected one to root b3:" in said
    assert "hint: " in said
    proof.write_text("{")
    assert "expected JSON" in trained("verify", proof, code=4).err
    proof.unlink()
    assert "no file" in trained("verify", proof.name, directory=proof.parent, code=3).err


def test_without_ssh_keygen(trained, proof, public):
    words = ("verify", proof, "--key", public)
    said = trained(*words, variables={"PATH": "/nowhere"}, code=5).err
    assert "ssh-keygen" in said
    assert "apt-get install openssh-client" in said


def test_what_is_not_signed_says_so(trained, tmp_path, public):
    path = tmp_path / "proof.json"
    assert "the head of this proof is not signed" in trained("prove", "@", "-o", path).err
    os.mkfifo(pipe := path.with_name("pipe"))
    assert "it is no regular file" in trained("prove", "@", "-o", pipe, code=2).err
    assert pipe.is_fifo()
    told = trained("verify", path, directory=tmp_path, code=5).out
    assert "nobody: the head is not signed" in told
    assert "ledger verify --sign" in told
    assert "its head is not signed" in trained("verify", path, "--key", public, code=4).err
    trained("head", "--signed", code=3)


def test_a_running_trial_has_no_end(trained, tmp_path):
    path = tmp_path / "proof.json"
    code = f"import subprocess; subprocess.run(['ledger', 'prove', '@', '-o', {str(path)!r}], check=True)"
    variables = {"PATH": f"{os.path.dirname(sys.executable)}:{os.environ['PATH']}"}
    trained("run", "-q", "--no-trace", sys.executable, "-c", code, variables=variables)
    told = trained("verify", path)
    assert "the end of the trial is not in this proof" in told.out
    assert "experiment" not in told.out.split("What it does not show")[0]


def test_the_head(trained, accept):
    told = trained("head", "-x", "digits")
    assert "4 entries" in told.out
    assert "2 trials of digits: 2 ok" in told.out
    document = trained.document("head", "-x", "digits")
    accept("signed-head.v1", document)
    assert document["experiment"]["trials"] == 2
    trained("rm", "second")
    assert "1 of them taken back" in trained("head", "-x", "digits").out
    trained("head", "-x", "gone", code=3)
    trained("head", "b3:" + 64 * "0", code=3)
    old = document["digest"]
    trained("head", old, code=3)  # nobody has kept it


def test_a_head_that_is_signed_is_kept(trained, key):
    trained("verify", "--sign", "--key", key)
    digest = trained.document("head")["digest"]
    trained.train(0.75, "-x", "digits")
    assert "nobody" in trained("head").out
    assert "SHA256:" in trained("head", "--signed").out
    assert trained.document("head", digest, "-x", "digits")["experiment"]["trials"] == 2
    assert trained.document("head", "-x", "digits")["experiment"]["trials"] == 3
    trained("head", digest, "--signed", code=2)


def git(path, *words):
    done = subprocess.run(["git", *words], cwd=path, check=True, capture_output=True, text=True)
    return done.stdout


def test_a_head_in_git(trained_here):
    assert "no git repository" in trained_here("head", "--git-tag", "v1", code=2).err
    git(trained_here.path, "init", "-q")
    trained_here("head", "--git-tag", "v1", code=3)
    git(trained_here.path, "add", "train.py")
    git(trained_here.path, "commit", "-q", "-m", "x")
    trained_here("head", "--git-tag", "v1")
    line = trained_here("head", "--trailer").out
    assert line == f"Ledger-Head: {trained_here.document('head')['digest']}\n"
    assert line in git(trained_here.path, "tag", "-n99", "-l", "v1")
    git(trained_here.path, "commit", "-q", "--allow-empty", "-m", "y", "--trailer", line.strip())
    trained_here.train(0.75)
    assert trained_here("verify").lines[0] == "whole"
    journal = trained_here.project.ledger / "journal"
    (log,) = journal.iterdir()
    shutil.rmtree(log)
    shutil.rmtree(trained_here.project.ledger / "origins")
    told = trained_here("verify", code=4)
    assert "head.rolled-back" in told.out
    assert "git tag v1" in told.out
    assert "commit " in told.out


def test_the_users_key_is_found(trained, key, ledger_environment, public):
    assert "no SSH key" in trained("verify", "--sign", code=3).err
    folder = ledger_environment / ".ssh"
    folder.mkdir(exist_ok=True)
    shutil.copy(key, folder / "id_ed25519")
    told = trained("verify", "--sign")
    assert told.lines[0] == "whole"
    assert "is signed by SHA256:" in told.err


def test_a_ledger_that_is_not_whole_is_not_signed(trained, key):
    (log,) = (trained.project.ledger / "journal").iterdir()
    (tail,) = log.glob("tail-*")
    content = bytearray(tail.read_bytes())
    content[-1] ^= 1
    tail.write_bytes(content)
    told = trained("verify", "--sign", "--key", key, code=4)
    assert "the head is not signed" in told.err
    assert not (trained.project.ledger / "heads").exists()


def test_options_that_do_not_go_together(trained, proof, public):
    trained("verify", "--key", public, code=2)
    trained("verify", "--signers", public, code=2)
    trained("verify", "--head", "b3:" + 64 * "0", code=2)
    trained("verify", proof, "--sign", code=2)
    trained("verify", proof, "-x", "digits", code=2)


def test_names_with_a_slash_are_still_names(trained):
    trained.train(0.75, "--name", "group/third")
    assert "1 trial" in trained("verify", "group/third").out


def test_the_best_of_how_many(trained, key, accept):
    told = trained("best", "-x", "digits", "--maximize", "accuracy")
    assert "first" in told.lines[1]
    assert "2 trials of digits: 2 ok" in told.out
    assert "no head is signed" in told.out
    accept("best.v1", trained.document("best", "-x", "digits", "--minimize", "accuracy"))
    trained("verify", "--sign", "--key", key)
    trained("rm", "second", "-m", "wrong")
    told = trained("best", "-x", "digits", "--maximize", "accuracy", "-n", "5")
    assert re.search(r"best of +2 trials of digits: 2 ok, 1 of them taken back$", told.out, re.M)
    assert re.search(r"with a value +1 trial of 1 configuration$", told.out, re.M)
    document = trained.document("best", "-x", "digits", "--maximize", "accuracy")
    accept("best.v1", document)
    assert [each["trial"]["name"] for each in document["best"]] == ["first"]
    assert (document["now"]["removed"], document["signed"]["experiment"]["removed"]) == (1, 0)
    assert "a metric is needed" in trained("best", "digits", code=2).err
    assert "no experiment 'digit'" in trained("best", "digit", code=3).err
    assert "two experiments" in trained("best", "digits", "-x", "other", code=2).err
    assert "both" in trained("best", "-x", "digits", "--minimize", "a", "--maximize", "b", code=2).err
    assert "expected NAME" in trained("best", "--minimize", "accuracy", code=2).err


@pytest.mark.slow
def test_a_head_that_somebody_else_has_signed_later(trained, key, public, make_key, tmp_path):
    trained("verify", "--sign", "--key", key)
    mine = trained.document("head", "--signed")["digest"]
    other = make_key("bob")
    trained("note", "first", "later")
    trained("verify", "--sign", "--key", other)
    proof = tmp_path / "proof.json"
    trained("prove", "first", "-o", proof)
    trained("verify", proof, "--key", public, code=4)
    trained("prove", "first", "--key", public, "-o", proof)
    trained("verify", proof, "--key", public, "--head", mine)
    third = make_key("carol").with_suffix(".pub")
    assert "no head that this key has signed" in trained("prove", "first", "--key", third, code=3).err
    trained("prove", "first", "--key", key, code=2)


def test_one_damaged_signature_does_not_hide_the_others(trained, key, public, make_key, tmp_path):
    trained("verify", "--sign", "--key", key)
    trained("verify", "--sign", "--key", make_key("bob"))
    for path in sorted((trained.project.ledger / "heads").glob("*.sig")):
        whole = path.read_bytes()
        path.chmod(0o644)
        path.write_bytes(b"damaged")
        proof = tmp_path / "proof.json"
        trained("prove", "first", "-o", proof)
        assert len(json.loads(proof.read_text())["signatures"]) == 1
        path.write_bytes(whole)
