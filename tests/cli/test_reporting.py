"""``ledger report``, ``ledger badge``, and what ``ledger verify`` says of a report."""

import pytest

from tests.cli.conftest import TRAIN

pytestmark = pytest.mark.slow


@pytest.fixture
def trained(tool):
    (tool.path / "train.py").write_text(TRAIN)
    tool.train(0.1, "-x", "digits", "--name", "first")
    tool.train(0.2, "-x", "digits")
    return tool


def test_a_report_that_is_checked(trained, accept):
    done = trained("report", "digits", "--maximize", "accuracy", "-o", "report.html")
    assert done.out == ""
    assert "report.html: 2 trials" in done.err
    head = trained.document("head")["digest"]
    shown = trained("verify", "report.html", "--head", head).out
    assert shown.count("proved: trial ") == 2
    accept("proven-report.v1", trained.document("verify", "report.html", "--head", head))
    content = (trained.path / "report.html").read_bytes()
    (trained.path / "bad.html").write_bytes(content.replace(b'"index":0', b'"index":1'))
    assert "does not hold" in trained("verify", "bad.html", code=4).err
    assert "holds together" in trained("verify", "report.html", code=5).out


def test_other_forms_and_what_is_refused(trained):
    assert trained("report", "first", "@", "--format", "md").out.startswith("## 2 trials\n")
    assert "\\begin{tabular}" in trained("report", "digits", "--format", "latex-table").out
    assert "-o report.html" in trained("report", "digits", code=2).err
    assert "nothing to report on" in trained("report", "-o", "a.html", code=2).err
    assert "no trial 'nothing'" in trained("report", "nothing", "-o", "a.html", code=3).err
    assert not (trained.path / "a.html").exists()


def test_a_badge(trained):
    assert trained("badge", "first").out.startswith("<svg ")
    done = trained("badge", "first", "--label", "table <2>", "-o", "badge.svg")
    assert done.err == "ledger: badge.svg: not replayed\n"
    assert "table &lt;2&gt;" in (trained.path / "badge.svg").read_text()


def test_a_report_of_a_signed_head(trained, make_key):
    key = make_key("ann")
    trained("verify", "--sign", "--key", key)
    trained("report", "digits", "--maximize", "accuracy", "-o", "report.html")
    text = (trained.path / "report.html").read_text()
    assert "tried, in the signed head" in text
    assert "2 trials of digits: 2 ok" in text
    assert trained("verify", "report.html", "--key", f"{key}.pub").out.count("which you named") == 2
    assert (
        "not signed by a key"
        in trained("verify", "report.html", "--key", f"{make_key('bob')}.pub", code=4).err
    )
