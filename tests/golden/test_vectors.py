"""What is frozen in ``schemas/``, or here, is what the code says: each script of this directory checks."""

import importlib.util
from pathlib import Path

import pytest

# Those of the codec and of the journal have tests of their own beside this one.
SCRIPTS = ("series_vectors", "pack_vectors", "remote_vectors", "proof_vectors", "format_tables")
SLOW = ("proposal_vectors",)


def _script(name):
    path = Path(__file__).with_name(f"{name}.py")
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", [*SCRIPTS, *(pytest.param(each, marks=pytest.mark.slow) for each in SLOW)])
def test_what_is_frozen_is_what_the_code_says(name):
    # A difference means that a format which people have on disk has changed; or that their searches cannot be
    # verified, nor go on: then what proposes or decides needs one more version.
    assert _script(name).main(check=True) == []


def test_every_script_is_checked():
    here = Path(__file__).parent
    scripts = {path.stem for path in here.glob("*.py") if not path.name.startswith("test_")} - {"reader"}
    alone = {path.stem.removeprefix("test_") for path in here.glob("test_*_vectors.py")}
    assert scripts - alone == {*SCRIPTS, *SLOW}


def test_a_changed_table_is_seen(tmp_path, monkeypatch):
    script = _script("format_tables")
    text = script.FILE.read_text("utf-8")
    assert "| `duration_s` | float |" in text
    monkeypatch.setattr(script, "FILE", tmp_path / "README.md")
    script.FILE.write_text(text.replace("| `duration_s` | float |", "| `duration_s` | integer |"), "utf-8")
    assert script.main(check=True) == ["parts"]


def test_every_noun_that_is_stored_has_a_table():
    script = _script("format_tables")
    shown = {kind.__name__ for kind in (*script.OBJECTS, *script.NAMED, *script.PARTS)}
    referenced = set()
    for kind in (*script.OBJECTS, *script.NAMED, *script.PARTS, *script.KNOWN.values()):
        for hint in script.hints(kind).values():
            referenced |= {
                name for name in script.re.findall(r"[A-Z]\w+", hint) if hasattr(script.trial, name)
            }
    nouns = {name for name in referenced if hasattr(getattr(script.trial, name), "__dataclass_fields__")}
    assert nouns <= shown
