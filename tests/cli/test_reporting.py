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


def test_a_report_of_an_unsigned_head(trained, tmp_path, accept):
    trained("report", "digits", "--maximize", "accuracy", "-o", "report.html")
    # 1. Where its ledger is, that vouches for it, and goes on.
    trained.train(0.3, "-x", "digits")
    told = trained("verify", "report.html")
    assert told.out.count("proved: trial ") == 2
    assert f"the ledger at hand, {trained.path}/.ledger" in told.out
    document = trained.document("verify", "report.html")
    accept("proven-report.v1", document)
    assert {each["ledger"] for each in document["proofs"]} == {f"{trained.path}/.ledger"}
    # 2. Elsewhere nothing does, and what would is said once.
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    path = trained.path / "report.html"
    told = trained("verify", path, directory=elsewhere, code=5).out
    assert told.count("it holds together: trial ") == 2
    assert told.count("What would vouch for it") == 1
    assert "--head HEAD" in told
    document = trained.document("verify", path, directory=elsewhere, code=5)
    assert (document["ok"], document["proofs"][0]["ledger"]) == (False, None)
    # 3. Another ledger knows nothing of it; one that is named has to be there.
    ledger = tmp_path / "other"
    other = trained("--ledger", ledger, "run", "-q", "--no-trace", "true", directory=elsewhere)
    assert other.out == ""
    told = trained("--ledger", ledger, "verify", path, directory=elsewhere, code=5).out
    assert f"Not the ledger at hand, {ledger}" in told
    assert (
        "no ledger" in trained("--ledger", tmp_path / "no", "verify", path, directory=elsewhere, code=3).err
    )


def test_all_of_it_as_a_document(trained, accept):
    document = trained.document("report", "digits", "--maximize", "accuracy")
    accept("report.v1", document)
    assert document["choices"][0]["best"][0]["value"] == 0.9
    trained("report", "digits", "--maximize", "accuracy", "--format", "json", "-o", "a.json")
    assert (trained.path / "a.json").read_text() == trained(
        "report", "digits", "--maximize", "accuracy", "--json"
    ).out
    for more in (("-o", "b.json"), ("--format", "md")):
        assert "--json prints the document" in trained("report", "digits", "--json", *more, code=2).err


def test_notes_in_markdown_are_markdown(trained):
    trained("note", "first", "-m", "# Why\n\n- **lr** <script>x</script>\n- [l](javascript:x)")
    told = trained("report", "first", "--format", "md").out
    assert "\n> ### Why\n>\n> - **lr** \\<script\\>x\\</script\\>\n> - \\[l\\](javascript:x)\n" in told


def test_other_forms_and_what_is_refused(trained):
    assert trained("report", "first", "@", "--format", "md").out.startswith("## 2 trials\n")
    assert "\\begin{tabular}" in trained("report", "digits", "--format", "latex-table").out
    assert "-o report.html" in trained("report", "digits", code=2).err
    assert "nothing to report on" in trained("report", "-o", "a.html", code=2).err
    assert "no trial 'nothing'" in trained("report", "nothing", "-o", "a.html", code=3).err
    assert not (trained.path / "a.html").exists()
    assert "no report ends in .xyz" in trained("report", "digits", "-o", "a.xyz", code=2).err
    assert not (trained.path / "a.xyz").exists()


def test_a_badge(trained):
    assert trained("badge", "first").out.startswith("<svg ")
    done = trained("badge", "first", "--label", "table <2>", "-o", "badge.svg")
    assert done.err == "ledger: badge.svg: not replayed\n"
    assert "table &lt;2&gt;" in (trained.path / "badge.svg").read_text()
    refused = trained("badge", "first", "-o", "badge.png", code=2).err
    assert "no badge ends in .png" in refused
    assert "hint: -o badge.svg" in refused
    assert not (trained.path / "badge.png").exists()


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
