"""The page as a file. In a browser: tests/browser."""

import base64
import random
import re
import subprocess

import pytest

from ledger.model.space import Objective
from ledger.reports.forms import make
from ledger.reports.html import page, rows
from tests.searches import proposals
from tests.searches import search as tuned


@pytest.mark.parametrize(
    ("digest", "text"), [(page.SCRIPT_DIGEST, page.script), (page.STYLE_DIGEST, page.style)]
)
def test_a_browser_heeds_this_script_and_this_style_alone(digest, text):
    done = subprocess.run(["sha256sum"], input=text().encode(), capture_output=True, check=True)
    found = base64.b64encode(bytes.fromhex(done.stdout.split()[0].decode())).decode()
    assert digest == f"sha256-{found}"  # the constant has to follow the file


def test_nothing_in_the_files_is_fetched_or_made_of_markup():
    for text in (page.script(), page.style()):
        assert not re.search(r"https?:|@import|url\(|innerHTML|fetch\(|eval\(|XMLHttp", text)


def test_the_page_says_it_all_without_a_script(workspace, search, maker):
    trials = search()
    maker.replay(trials[0.2, 1])
    maker.store.flush()
    text = make(workspace, ["digits"], minimize="loss").content.decode()
    without = re.sub(r"(?s)<script.*?</script>", "", text)
    for each in trials.values():
        assert each.short in without
    for said in (
        "12 trials of digits: 12 ok",
        "ledger replay ",
        "PED-ANOVA",
        "1 identical",
        "loss over steps",
    ):
        assert said in without, said
    assert str(maker.journal.head().origins[0].root) in without
    assert text.count('<script type="application/vnd.ledger.proof+json"') == 4
    assert not re.search(r' src=| href=(?!"#)', without)


def test_each_link_leads_to_a_place_of_the_page(workspace, maker):
    for number in range(12):
        maker.trial(experiment="x", params={"lr": number}, metrics={"loss": float(number)})
    maker.store.flush()
    text = make(workspace, ["x"], minimize="loss").content.decode()
    links = re.findall(r'href="#([^"]+)"', text)
    assert len(links) > 12
    assert set(links) <= set(re.findall(r' id="([^"]+)"', text))


def test_rows_past_the_room_of_a_file_are_packed(workspace, search, maker, monkeypatch):
    search()
    maker.store.flush()
    monkeypatch.setattr(rows, "MOST_MARKUP", 700)
    text = make(workspace, ["digits"], minimize="loss").content.decode()
    table = text[text.index('id="table"') :]
    shown = table[: table.index("</table>")].count("\n")
    assert 0 < shown < 12
    packed = re.search(r'id="rest">([^<]*)<', text)[1]
    import gzip
    import json

    assert len(json.loads(gzip.decompress(base64.b64decode(packed)))) == 12 - shown
    assert f"{12 - shown} more rows" in text


@pytest.mark.slow
def test_a_thousand_trials_and_twenty_curves_are_at_most_500_kb(workspace, maker):
    draw = random.Random(0)
    names = [f"parameter_{place}" for place in range(15)]
    objectives = Objective(metric="loss"), Objective(metric="accuracy", maximize=True), Objective(metric="f1")
    ids = proposals(maker, tuned(*objectives), [draw.random() for _ in range(1000)])
    for number, id in enumerate(ids):
        points = [(step, draw.random()) for step in range(2000)] if number < 25 else draw.random()
        maker.trial(
            experiment="tuned",
            proposal=id,
            params={**{name: draw.random() for name in names}, "seed": number},
            metrics={"loss": points, "accuracy": draw.random(), "f1": draw.random()},
        )
    maker.store.flush()
    for options in ({}, {"minimize": "loss"}):
        content = make(workspace, ["tuned"], **options).content
        assert content.count(b'class="line c') >= 20
        assert len(content) <= 500_000
    assert content.count(b'class="plot small"') == 8
