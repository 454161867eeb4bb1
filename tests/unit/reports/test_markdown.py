"""The report in Markdown."""

import math
from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from ledger.reports.cells import cells
from ledger.reports.markdown import page
from ledger.reports.markdown_text import code, escaped

READER = MarkdownIt("commonmark", {"html": True}).enable("table")


class Words(HTMLParser):
    def __init__(self, html):
        super().__init__()
        self.tags, self.words = [], ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)

    def handle_data(self, data):
        self.words += data


@given(st.text(st.characters(codec="ascii", exclude_categories=["Cc"])))
def test_any_text_is_shown_as_it_is(text):
    found = Words(READER.render(escaped(text)))
    assert set(found.tags) <= {"p"}
    assert found.words.split() == text.split()


def test_code_with_fences_in_it():
    assert Words(READER.render(code("a `b` ``c``"))).words.strip() == "a `b` ``c``"


def test_what_was_tried_what_is_best_and_how_to_replay(gathered, search):
    trials = search()
    report = gathered("digits", minimize="loss")
    text = page(report, cells(report, most=2)).decode()
    assert "- tried: 12 trials of digits: 12 ok; no head is signed" in text
    assert f"`ledger replay {trials[0.2, 1].short}`: `python train.py`" in text
    assert "| lr | loss | n | trial |\n| --- | --: | --: | --- |\n| 0.2 | **0.131** ± 0.0" in text
    assert text.count("<table>") == 0
    assert READER.render(text).count("<table>") == 1


def test_why_there_is_no_best_is_told(gathered, maker):
    maker.trial(experiment="x", metrics={"loss": math.nan})
    report = gathered("x", minimize="loss")
    assert "\n- best: no trial ended well with a value of loss\n" in page(report, None).decode()


def test_two_experiments_are_compared(gathered, search):
    search("one"), search("two", 1.0)
    report = gathered("one", "two", minimize="loss")
    text = page(report, cells(report, most=2)).decode()
    assert "**one and two**" in text
    assert text.split("**one and two**\n\n- ")[1]
