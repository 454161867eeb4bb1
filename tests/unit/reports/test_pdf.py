"""What a PDF says, read out of its pages."""

import re
import zlib

import pytest

from ledger.model import Note, Status
from ledger.model.space import Objective
from ledger.reports import pdf_writer
from ledger.reports.forms import Form, make
from tests.searches import proposals
from tests.searches import search as tuned

pytestmark = pytest.mark.slow


@pytest.fixture
def pages(workspace, maker, monkeypatch):
    """Return a function: references → what the pages' programs are, as text."""
    monkeypatch.setattr(pdf_writer, "find_spec", lambda _: None)  # a font whose letters are bytes

    def made(*references, **options):
        maker.store.flush()
        content = make(workspace, references, form=Form.PDF, **options).content
        streams = re.findall(rb"stream\n(.*?)\nendstream", content, re.S)
        return "\n".join(zlib.decompress(each).decode("latin-1") for each in streams if each[:1] == b"x")

    return made


def said(program):
    """Its texts, one behind the other."""
    return " ".join(re.findall(r"\(((?:[^()\\]|\\.)*)\) Tj", program)).replace("\\", "")


def test_a_front_notes_and_how_to_make_it_again(pages, maker):
    objectives = Objective(metric="loss"), Objective(metric="accuracy", maximize=True)
    values = ((0.1, 0.5), (0.2, 0.9), (0.3, 0.8))
    ids = proposals(maker, tuned(*objectives), [loss for loss, _ in values])
    own = [
        maker.trial(experiment="tuned", proposal=id, metrics={"loss": loss, "accuracy": accuracy})
        for (loss, accuracy), id in zip(values, ids, strict=True)
    ]
    maker.journal.append(Note(trial=own[0], text="first line\nsecond", author="Ann"), time=maker.clock)
    program = pages("tuned")
    text = said(program)
    assert "2 of 3 trials that none is better than in all of: small loss, large accuracy" in text
    assert "Pareto front of tuned" in text
    assert f"ledger replay {own[0].short}: python train.py" in text
    assert "first line second" in text
    circle = re.compile(r"(?:[\d.]+ ){6}c")
    assert len(circle.findall(program)) == 4 * (3 + 2)  # an arc is a quarter


def test_why_there_is_no_best_is_told(pages, maker):
    maker.trial(experiment="x", status=Status.FAILED)
    assert "Best: no trial ended well with a value of loss" in said(pages("x", minimize="loss"))


def test_a_wide_table_fits_the_page_and_one_legend_is_enough(pages, maker):
    for number in range(3):
        maker.trial(
            experiment="x",
            params={f"a long name of a parameter {place}": "v" * 30 + str(number) for place in range(6)},
            metrics={name: [(step, number + step) for step in range(5)] for name in ("loss", "accuracy")},
        )
    program = pages("x", minimize="loss")
    starts = [float(each) for each in re.findall(r"BT ([\d.]+) [\d.]+ Td", program)]
    assert max(starts) < 595 - 15 / 25.4 * 72
    legend = re.findall(r"\(([0-9a-f]{12}) ", program)
    assert len(legend) == 3
