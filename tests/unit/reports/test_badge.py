"""The badge."""

from xml.etree import ElementTree

import pytest

from ledger.model import Verdict
from ledger.reports.badge import LABEL, badge, seal

SVG = "{http://www.w3.org/2000/svg}"


def texts(content):
    return [each.text for each in ElementTree.fromstring(content).iter(f"{SVG}text")]


def test_a_trial_that_nobody_replayed(maker):
    trial = maker.made()
    found = seal(trial, maker.trials, maker.store)
    assert found.text == "not replayed"
    assert texts(badge(found)) == [LABEL, "not replayed"]


def test_the_newest_verdict_the_machines_that_agreed_and_when(maker):
    id = maker.trial()
    maker.replay(id, Verdict.DIVERGED)
    maker.replay(id)
    found = seal(maker.trials.by_id[id], maker.trials, maker.store)
    assert (found.verdict, found.hosts) == (Verdict.IDENTICAL, 1)
    day = found.text.rpartition(" · ")[2]
    assert found.text == f"identical · 1 host · {day}"
    assert len(day) == 10
    maker.replay(id, Verdict.DIVERGED)
    assert seal(maker.trials.by_id[id], maker.trials, maker.store).text.startswith("diverged · 1 host · ")


def test_a_replay_under_changed_conditions_says_nothing_of_the_record(maker):
    id = maker.trial()
    maker.replay(id, Verdict.DIVERGED, varied=("umask: 0022 → 0077",))
    assert seal(maker.trials.by_id[id], maker.trials, maker.store).verdict is None


@pytest.mark.parametrize(
    "label", ["<script>alert(1)</script>", "a\"b'c&d", "x\x1b[31m\u202e\ud800", "表 2", "w" * 500, ""]
)
def test_any_label_is_text_and_the_picture_asks_for_nothing(maker, label):
    content = badge(seal(maker.made(), maker.trials, maker.store), label)
    root = ElementTree.fromstring(content)
    assert {each.tag.removeprefix(SVG) for each in root.iter()} <= {
        "svg",
        "title",
        "clipPath",
        "rect",
        "g",
        "text",
    }
    assert b"href" not in content
    assert b"url(#c)" in content
    assert content.count(b"http") == 1  # the name of SVG itself
    assert len(content) < 2000
    assert float(root.get("width")) == float(root.find(f"{SVG}clipPath/{SVG}rect").get("width"))


def test_the_same_gives_the_same_bytes(maker):
    found = seal(maker.made(), maker.trials, maker.store)
    assert badge(found) == badge(found)
