"""A ledger that is damaged while an experiment, an input, an algorithm or a diff is open keeps the page."""

import json
import urllib.parse

import pytest

from ledger.model import Digest, layout
from tests.unit.ui.conftest import Server

BOTH = urllib.parse.quote('["sgd","adam"]')
DATA = b"a\n1\n"
PAGES = {
    "experiments": "experiments",
    "experiment": "experiment?name=sgd&metric=loss",
    "progress": "progress?name=sgd&metric=loss",
    "input": f"input?digest={Digest.of(DATA)}",
    "algorithm": "algorithm?by=lr&is=0.1&metric=loss",
    "compared": f"compared?experiments={BOTH}&metric=loss",
    "notes": f"notes?experiments={BOTH}",
}


def tried(maker, name, lr):
    return maker.trial(
        experiment=name,
        params={"lr": lr},
        metrics={"loss": lr},
        inputs={"data.csv": DATA},
        outputs={"m": b"m"},
    )


@pytest.fixture
def ask(maker, of_maker):
    """Asks the server, which has answered already."""
    for name, lr in (("sgd", 0.1), ("sgd", 0.2), ("adam", 0.1)):
        tried(maker, name, lr)
    maker.journal.seal()
    server = Server(of_maker(maker).workspace)
    for path in PAGES.values():
        assert server.ask(f"/data/{path}").status == 200
    return lambda name: server.ask(f"/data/{PAGES[name]}")


def named(got):
    """What an answer that is an error says."""
    assert got.status in (404, 500)
    found = json.loads(got.body)
    return f"{found['error']} {found['cause']} {found['hint']}"


def rewritten(path, content):
    path.chmod(0o644)
    path.write_bytes(content)


def test_a_damaged_index_takes_nothing_away(maker, ask):
    before = {name: ask(name).body for name in PAGES}
    maker.trial()  # so that nothing is remembered
    for path in layout.index(maker.folder).iterdir():
        if path.is_file() and (content := bytearray(path.read_bytes())):
            content[len(content) // 2] ^= 0xFF
            rewritten(path, content)
    assert {name: ask(name).body for name in PAGES if name != "experiments"} == {
        name: body for name, body in before.items() if name != "experiments"
    }
    assert ask("experiments").document["without"] == 1


def test_a_cut_segment_takes_its_trials_and_what_comes_next_is_shown(maker, ask):
    (segment,) = layout.journal(maker.folder).rglob("*.arrow")
    content = segment.read_bytes()
    rewritten(segment, content[:100])
    tried(maker, "sgd", 0.1)
    assert ask("input").document["count"] == 1
    assert ask("experiment").document["trials"]["trials"] == 1
    assert ask("algorithm").document["count"] == 1
    assert "adam" in named(ask("compared"))
    assert "adam" in named(ask("notes"))
    rewritten(segment, content)
    maker.trial()
    assert ask("input").document["count"] == 4
    assert ask("compared").document["diff"]["comparison"]["trials"] == [3, 1]


def test_missing_objects_take_nothing_but_themselves(maker, ask):
    for path in [each for each in layout.objects(maker.folder).rglob("*") if each.is_file()]:
        path.unlink()
    maker.store.flush()
    maker.trial()
    for name in PAGES:
        assert (name, ask(name).status) == (name, 200)
    assert ask("input").document["kept"] is False
