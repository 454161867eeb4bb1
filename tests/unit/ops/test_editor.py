import pytest

from ledger.errors import LedgerError, UsageError
from ledger.ops import editor

pytestmark = pytest.mark.usefixtures("ledger_environment")


@pytest.fixture
def edits(monkeypatch, tmp_path):
    """Return a function: shell → what comes of an editor that does that to its file, ``$1``."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    for name in ("VISUAL", "EDITOR"):
        monkeypatch.delenv(name, raising=False)

    def edit(shell, text="", variable="VISUAL"):
        script = tmp_path / "an editor"
        script.write_text(f"#!/bin/sh\n{shell}\n")
        script.chmod(0o755)
        monkeypatch.setenv(variable, f"'{script}' --wait")
        return editor.ask(tmp_path, text, "A note on a trial.")

    return edit


@pytest.mark.parametrize("variable", ["VISUAL", "EDITOR", "GIT_EDITOR"])
def test_what_is_written(edits, variable, monkeypatch):
    monkeypatch.setenv("TERM", "xterm")  # git passes VISUAL over on a dumb terminal
    text, path = edits(
        'printf "# a heading\\n\\nö\\n" > "$2.new"; cat "$2" >> "$2.new"; mv "$2.new" "$2"', variable=variable
    )
    assert text == "# a heading\n\nö"
    assert path.exists()


def test_what_was_there_is_edited(edits):
    text, _ = edits('sed -i "s/old/new/; s/trial/nothing/" "$2"', text="the old\n\n# split")
    assert text == "the new\n\n# split"


@pytest.mark.parametrize(
    ("shell", "text", "said"),
    [
        (":", "", "nothing is noted"),
        (': > "$2"', "old", "nothing is noted"),
        (":", "old", "as it was"),
    ],
)
def test_nothing_is_noted(edits, shell, text, said, tmp_path):
    with pytest.raises(UsageError, match=said):
        edits(shell, text=text)
    assert not list(tmp_path.glob("ledger-note-*"))


def test_an_editor_that_fails_loses_nothing(edits, tmp_path):
    with pytest.raises(LedgerError, match="the editor failed") as caught:
        edits('echo precious > "$2"; exit 3')
    (path,) = tmp_path.glob("ledger-note-*")
    assert str(path) in caught.value.hint
    assert path.read_text() == "precious\n"


def test_an_editor_that_is_none(monkeypatch, tmp_path):
    monkeypatch.setenv("GIT_EDITOR", "no-such-editor-anywhere")
    with pytest.raises(LedgerError, match="the editor failed"):
        editor.ask(tmp_path, "", "")


def test_without_git_the_variables_count(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("VISUAL", "one")
    monkeypatch.setenv("EDITOR", "two")
    assert editor.find(tmp_path) == "one"
    monkeypatch.delenv("VISUAL")
    assert editor.find(tmp_path) == "two"
    monkeypatch.delenv("EDITOR")
    assert editor.find(tmp_path) == "vi"
