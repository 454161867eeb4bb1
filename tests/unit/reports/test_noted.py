"""Notes in a report, in each of its forms."""

import pytest

from ledger.ops import note_signatures, notes
from ledger.ops.note_signatures import Signing
from ledger.ops.note_subject import Subject
from ledger.reports.forms import Form, make
from ledger.reports.noted import heading


@pytest.fixture
def noted(maker, make_key):
    """Two trials of one experiment and one of another, noted on in every way."""
    a, b, c = (
        maker.trial(name=name, experiment=name[0], metrics={"loss": [(0, 1.0), (7, 0.5)]})
        for name in ("x1", "x2", "y1")
    )
    for text, subject in (
        ("on **one**", Subject(trials=(a,))),
        ("at a step", Subject(trials=(b,), metric="loss", step=7)),
        ("of both", Subject(trials=(b, a))),
        ("of one without", Subject(trials=(c, a))),
        ("elsewhere", Subject(trials=(c,))),
        ("<script>x</script> [l](javascript:x) a\u202eb", Subject(experiments=("x",))),
        ("of experiments", Subject(experiments=("y", "x"))),
    ):
        notes.note(maker.journal, text, author="Ann <a@b>", subject=subject)
    notes.note(
        maker.journal, "signed", author="Bo", subject=Subject(trials=(a,)), signing=Signing(key=make_key())
    )
    maker.store.flush()
    return maker


def test_each_is_told_once_with_what_it_is_on(noted, gathered):
    found = [(about, remark.note.text) for about, remark in gathered("x").notes]
    assert [text for _, text in found] == [
        "<script>x</script> [l](javascript:x) a\u202eb",
        "of experiments",
        "on **one**",
        "at a step",
        "of both",
        "of one without",
        "signed",
    ]
    assert found[1][0] == "the diff of experiments y and x"
    assert found[3][0].startswith("loss at step 7 of ")
    assert found[4][0].startswith("the diff of ")


def test_they_are_in_html_and_in_markdown(noted, workspace, gathered):
    html, text = (make(workspace, ["x"], form=Form(form)).content.decode() for form in ("html", "md"))
    for said in ("loss at step 7 of ", "the diff of experiments y and x", "signed by SHA256:"):
        assert said in html.replace("&#x27;", "'")
        assert said in text
    assert "on <strong>one</strong>" in html
    assert "\n> on **one**\n" in text
    for page in (html, text):
        assert "<script>x" not in page
        assert "\u202e" not in page
    assert 'href="javascript' not in html


def test_a_signature_that_does_not_hold_is_told(noted, gathered, monkeypatch):
    remark = next(each for _, each in gathered("x").notes if each.note.key)
    assert f", signed by {remark.note.key}" in heading("it", remark)
    monkeypatch.setattr(note_signatures, "statement", lambda _: b"another one")
    assert ", but its signature does not hold: " in heading("it", remark)
