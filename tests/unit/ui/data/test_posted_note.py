import json
import subprocess
from types import SimpleNamespace

import pytest

from ledger.errors import LedgerError, NotFoundError, UsageError
from ledger.ops import notes
from ledger.ui.data.posted_note import MOST, Posted, read, write


@pytest.fixture
def here(maker, ledger_environment):
    """What of a workspace is needed, with two trials."""
    maker.trial(name="first", metrics={"loss": 1.0})
    maker.trial(name="second")
    return SimpleNamespace(journal=maker.journal, store=maker.store, root=maker.folder.parent)


def body(**fields):
    return json.dumps({"text": "hello", **fields}).encode()


def test_what_is_read():
    assert read(body(trials=["a"])) == Posted(text="hello", trials=("a",))
    found = read(body(trials=["a"], metric="loss", step=-3, sign=False))
    assert (found.metric, found.step, found.sign) == ("loss", -3, False)


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (b"", "JSON"),
        (b"\xff", "JSON"),
        (b"[" * 100_000, "JSON"),
        (b"[]", "a map"),
        (b"{}", "text is missing"),
        (body(text=1), "text"),
        (body(author="the boss"), "'author'"),
        (body(key="x"), "'key'"),
        (body(trials="a"), "trials"),
        (body(trials=[1]), "trials"),
        (body(trials=[""]), "trials"),
        (body(trials=["a"] * 101), "trials"),
        (body(experiments=["x" * 5000]), "experiments"),
        (body(step=1.5), "step"),
        (body(step=True), "step"),
        (body(metric=["loss"]), "metric"),
        (body(replaces=""), "replaces"),
        (body(remove=1), "remove"),
        (body(sign="no"), "sign"),
        (b'{"text": "' + b"x" * MOST + b'"}', "bytes at most"),
    ],
    ids=lambda each: str(each)[:40],
)
def test_what_is_refused(content, cause):
    with pytest.raises(UsageError) as caught:
        read(content)
    assert cause in caught.value.cause


def test_a_text_of_the_largest_size_fits_a_request():
    assert len(read(json.dumps({"text": "\u0001" * notes.MOST}).encode()).text) == notes.MOST


def test_it_is_written_by_whoever_is_here(here, maker, accept):
    made = write(here, Posted(text="a *spike*", trials=("first",), metric="loss", step=0))
    (found,) = maker.trials.standing_notes
    assert found.note.author == notes.author(here.root)
    assert made["html"] == "<p>a <em>spike</em></p>\n"
    assert made["on"].startswith("loss at step 0 of ")
    assert made["id"] == str(found.id)
    accept("notes.v1", [{name: each for name, each in made.items() if name not in ("html", "on")}])


def test_it_is_corrected_and_taken_back(here, maker):
    first = write(here, Posted(text="one", trials=("first", "second")))
    second = write(here, Posted(text="two", replaces=first["id"]))
    assert (second["on"], second["replaces"]) == (first["on"], first["id"])
    write(here, Posted(text="", replaces=second["id"], remove=True))
    assert maker.trials.standing_notes == ()


@pytest.mark.parametrize(
    ("posted", "refusal"),
    [
        (Posted(text="x"), UsageError),
        (Posted(text=" ", trials=("first",)), UsageError),
        (Posted(text="\ud800", trials=("first",)), UsageError),
        (Posted(text="x" * (notes.MOST + 1), trials=("first",)), UsageError),
        (Posted(text="x", trials=("first",), experiments=("e",)), LedgerError),
        (Posted(text="x", trials=("nobody",)), NotFoundError),
        (Posted(text="x", trials=("first",), metric="nothing"), NotFoundError),
        (Posted(text="x", trials=("first",), metric="loss", step=2), NotFoundError),
        (Posted(text="x", replaces="b3:" + "0" * 64), NotFoundError),
        (Posted(text="x", replaces="0000", trials=("first",)), UsageError),
        (Posted(text="x", remove=True, trials=("first",)), UsageError),
        (Posted(text="x", trials=("first",), sign=True), NotFoundError),
    ],
    ids=lambda each: str(each)[:60],
)
def test_nothing_is_written_where_it_is_off(here, maker, posted, refusal):
    with pytest.raises(refusal):
        write(here, posted)
    assert maker.trials.standing_notes == ()


def test_it_is_signed_where_a_key_is_set_and_nobody_is_asked(here, maker, make_key):
    key = make_key()
    for words in (["init", "-q"], ["config", "gpg.format", "ssh"], ["config", "user.signingkey", str(key)]):
        subprocess.run(["git", *words], cwd=here.root, check=True)
    assert write(here, Posted(text="x", trials=("first",)))["signed"] == "good"
    assert write(here, Posted(text="x", trials=("first",), sign=False))["signed"] == "unsigned"
    words = ["ssh-keygen", "-q", "-p", "-P", "", "-N", "secret", "-f", str(key)]
    subprocess.run(words, check=True, stdin=subprocess.DEVNULL)
    with pytest.raises(LedgerError, match="the note is not signed"):
        write(here, Posted(text="x", trials=("first",)))
    assert len(maker.trials.standing_notes) == 2
