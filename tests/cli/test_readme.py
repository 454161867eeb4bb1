"""What the README says is what the command line does."""

import importlib.util
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from ledger.model.config import parse

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = (
    "README.md",
    "examples/digits/README.md",
    "examples/digits/demo.sh",
    "examples/drift/README.md",
    "examples/drift/demo.sh",
)


def _script():
    spec = importlib.util.spec_from_file_location("readme_tour", Path(__file__).with_name("readme_tour.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


TOUR = _script()


def commands(document):
    """Each ``ledger …`` that a document names, as words."""
    text = (ROOT / document).read_text("utf-8")
    shell = document.endswith(".sh")
    patterns = (r"^(?:\$|show| +) ?(ledger .*)$",) if shell else (r"^\$ (ledger .*)$", r"`(ledger [^`\n]+)`")
    for found in re.findall("|".join(patterns), text, re.M):
        line = found if isinstance(found, str) else "".join(found)
        words = shlex.split(re.split(r"  +", line)[0])
        yield line, words[:1] + words[3:] if words[1] == "--ledger" else words


def named():
    seen = set()
    for document in DOCUMENTS:
        for line, words in commands(document):
            if line not in seen and not words[1].isupper():
                seen.add(line)
                yield pytest.param(words, id=f"{document}: {line}"[:100])


@pytest.fixture(scope="module")
def help_of():
    """The help page of a command."""
    pages = {}

    def page(name):
        if name not in pages:
            words = [sys.executable, "-m", "ledger", name, "--help"]
            done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True)
            assert done.returncode == 0, done.stderr
            pages[name] = done.stdout
        return pages[name]

    return page


def test_the_documents_name_commands():
    assert len({words[1] for document in DOCUMENTS for _, words in commands(document)}) >= 9


@pytest.mark.parametrize("words", list(named()))
def test_each_option_that_is_named_exists(words, help_of):
    page = help_of(words[1])
    known = set(re.findall(r"(?<![\w-])--?[a-zA-Z][\w-]*", page))
    taking = set(re.findall(r"(--?[a-zA-Z][\w-]*)(?:, (--[\w-]+))? (?:[A-Z][A-Z=]*|\[)", page))
    taking = {name for pair in taking for name in pair if name}
    rest = iter(words[2:])
    for word in rest:
        if word == "--":
            return  # what follows is somebody else's command line
        if word.startswith("-") and word != "-":
            assert word in known, page
            if word in taking:
                next(rest)
        elif words[1] == "run":
            return  # what follows is somebody else's command line


def test_an_option_that_is_missing_is_seen(help_of):
    with pytest.raises(AssertionError):
        test_each_option_that_is_named_exists(["ledger", "replay", "@", "--no-such-option"], help_of)


@pytest.mark.parametrize("name", ["peers", "programs"])
def test_the_tables_are_what_was_written_down(name):
    assert TOUR.printed(name) in TOUR.README.read_text("utf-8")


def test_what_was_measured_last_is_shown():
    row = "| 2026-01-0{} | a machine | {} | {} s | 9 s |\n"
    results = "# Measured\n\n| date | machine |\n|---|---|\n" + "".join(
        row.format(day, what, day) for day, what in ((1, "old"), (2, "`run`"), (3, "`run`"))
    )
    text = TOUR.measured(results)
    assert text.splitlines()[2:] == [
        "| old | 1 s | 9 s | 2026-01-01 |",
        "| `run` | 3 s | 9 s | 2026-01-03 |",
    ]


def test_tables_are_put_in_their_places():
    text = "# A\n\n<!-- programs: x -->\n<!-- end -->\n\nb\n"
    text += "\n<!-- measured: y -->\n| stale |\n<!-- end -->\n\nc\n"
    new = TOUR.with_tables(text)
    assert new.startswith(f"# A\n\n<!-- programs: x -->\n{TOUR.printed('programs')}<!-- end -->\n\nb\n")
    assert new.endswith("|\n<!-- end -->\n\nc\n")
    assert "stale" not in new
    assert TOUR.with_tables(new) == new


def test_the_configuration_that_is_shown_is_understood():
    (shown,) = TOUR.blocks("What a trial records", "toml")
    config = parse(tomllib.loads(shown), "README.md")
    assert config.inputs.trace is True
    assert config.store.max_input_bytes == 100_000_000


@pytest.mark.slow
def test_the_tour_is_what_comes_out(tmp_path):
    text = TOUR.README.read_text("utf-8")
    new, codes = TOUR.today(TOUR.with_tables(text), tmp_path)
    assert TOUR.masked(new) == TOUR.masked(text)
    assert {command for command, code in codes.items() if code} == {"ledger replay @"}
    assert codes["ledger replay @"] == 4


@pytest.mark.slow
def test_the_code_that_is_shown_runs(tmp_path):
    (script,), (calls,) = TOUR.blocks("In a script", "python"), TOUR.blocks("From Python", "python")
    project = tmp_path / "line"
    project.mkdir()
    (tmp_path / "points.csv").write_text("0,1\n1,3\n2,5\n" * 5)
    (project / "script.py").write_text(script, "utf-8")
    (project / "train.py").write_text(TOUR.blocks("A tour of five minutes", "python")[0], "utf-8")
    variables = TOUR.place(tmp_path)
    ledger = f"{shlex.quote(sys.executable)} -m ledger"
    python = shlex.quote(sys.executable)

    code, said = TOUR.said(f"{ledger} run --seed 1 {python} script.py", project, variables)
    assert code == 0, said
    code, said = TOUR.said(f"{ledger} show @", project, variables)
    assert code == 0, said
    for word in ("depth", "notes.txt", "loss"):
        assert word in said
    (tmp_path / "calls.py").write_text(calls, "utf-8")
    code, said = TOUR.said(f"{python} ../calls.py", project, variables)
    assert code == 0, said
    assert "identical" in said
    assert "param.lr" in said
