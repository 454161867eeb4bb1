import importlib.util
from pathlib import Path


def _script():
    path = Path(__file__).with_name("journal_vectors.py")
    spec = importlib.util.spec_from_file_location("journal_vectors", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_frozen_vectors_are_what_the_code_says():
    # A difference means that a format which people have on disk has changed.
    assert _script().main(check=True) == []
