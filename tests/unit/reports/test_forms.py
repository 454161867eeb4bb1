"""The forms of a report: each says what it is about, and is the same for the same ledger."""

import subprocess
import sys

import pytest

from ledger.errors import LedgerError, NotFoundError, UsageError
from ledger.reports import pdf_writer
from ledger.reports.forms import Form, form_of, make


@pytest.mark.parametrize(
    ("name", "path", "form"),
    [
        (None, "a.html", Form.HTML),
        (None, "a.MD", Form.MARKDOWN),
        (None, "a.tex", Form.LATEX_TABLE),
        (None, "a.pdf", Form.PDF),
        (None, "a", Form.HTML),
        (None, "a.", Form.HTML),
        (None, "of.1/a", Form.HTML),
        (None, None, Form.HTML),
        ("md", "a.html", Form.MARKDOWN),
        ("md", "a.xyz", Form.MARKDOWN),
    ],
)
def test_a_form_by_its_name_or_by_the_end_of_a_file(name, path, form):
    assert form_of(name, path) is form


def test_a_form_that_there_is_not():
    with pytest.raises(UsageError, match="no form 'doc'"):
        form_of("doc", None)


@pytest.mark.parametrize("path", ["a.xyz", "a.html.GZ", "v1.2"])
def test_an_end_that_says_no_form(path):
    end = path[path.rindex(".") :].lower()
    with pytest.raises(UsageError) as caught:
        form_of(None, path)
    assert caught.value.message == f"no report ends in {end}"
    assert caught.value.cause.startswith(f"-o {path}: ")
    assert caught.value.hint == (
        f"end it in .html, .htm, .md, .tex, .pdf or .json; or name the format: --format html -o {path}"
    )


@pytest.mark.parametrize("form", Form)
def test_the_same_ledger_gives_the_same_bytes(workspace, search, maker, form):
    search()
    maker.store.flush()
    found = [make(workspace, ["digits"], form=form, minimize="loss").content for _ in range(2)]
    assert found[0] == found[1]


def test_what_has_no_metric_is_a_page_and_no_table(workspace, maker):
    maker.trial(experiment="x")
    assert b"<h1>x</h1>" in make(workspace, ["x"]).content
    assert make(workspace, ["x"], form=Form.MARKDOWN).content.startswith(b"## x\n")
    assert make(workspace, ["x"], form=Form.PDF).content.startswith(b"%PDF")
    with pytest.raises(NotFoundError, match="no trial of x ended well"):
        make(workspace, ["x"], form=Form.LATEX_TABLE)


NAMES = ("表 Ж ü 🙂", "a\x1b[31m\u202e\ud800", "100%_$&#{}~^\\")


@pytest.mark.parametrize("unicode", [True, False])
def test_a_pdf_of_any_text(workspace, maker, monkeypatch, unicode):
    if not unicode:
        monkeypatch.setattr(pdf_writer, "find_spec", lambda _: None)
    for place, name in enumerate(NAMES):
        maker.trial(
            experiment="x",
            params={name.replace("\ud800", ""): place},
            metrics={"loss": [(0, 1.0), (1, float(place))]},
        )
    assert make(workspace, ["x"], form=Form.PDF, minimize="loss").content.startswith(b"%PDF")


def test_a_letter_that_a_font_lacks_is_written_out(workspace, maker, monkeypatch):
    monkeypatch.setattr(pdf_writer, "find_spec", lambda _: None)
    maker.trial(experiment="x")
    writer = pdf_writer.Writer(make(workspace, ["x"]).report)
    assert writer._text("Ж ü") == "<U+0416> ü"


def test_a_pdf_without_fpdf2(workspace, maker, monkeypatch):
    maker.trial(experiment="x")
    monkeypatch.setitem(sys.modules, "fpdf", None)
    with pytest.raises(LedgerError) as caught:
        make(workspace, ["x"], form=Form.PDF)
    assert caught.value.hint == "pip install 'replay-ledger[pdf]'"


def test_no_other_form_brings_fpdf2():
    code = "import sys, ledger.reports.forms, ledger.cli.report; print('fpdf' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
