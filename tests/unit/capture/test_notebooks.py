"""Notebooks' execution counts, and what they say of the outputs."""

import json
import os
from pathlib import Path

import pytest

from ledger.capture import notebooks
from ledger.capture.notebooks import named, remark
from ledger.model import Notebook


def notebook(*counts, **metadata):
    cells = [{"cell_type": "markdown", "metadata": {}, "source": ["# Title"]}]
    for count in counts:
        cells.append(
            {
                "cell_type": "code",
                "execution_count": count,
                "metadata": {},
                "outputs": [],
                "source": ["x\n", "y"],
            }
        )
    cells.append({"cell_type": "code", "execution_count": None, "outputs": [], "source": []})
    return json.dumps({"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5})


def states(tree, *named_, **options):
    return {
        each.path: each.counts
        for each in tree.capture(mentioned=frozenset(named_), **options).snapshot.notebooks
    }


class TestRemark:
    @pytest.mark.parametrize(
        ("counts", "text"),
        [
            ((), None),
            ((None, None), None),
            ((1, 2, 3), None),
            ((7, 8), None),
            ((3, 1, 2), "a.ipynb was last executed out of order: [3, 1, 2]"),
            ((3, None, 2), "a.ipynb was last executed out of order: [3, 2]"),
            ((1, 1), "a.ipynb was last executed out of order: [1, 1]"),
            ((1, None, 2), "a.ipynb was last executed in part: 2 of 3 cells"),
            ((1, 3), "a.ipynb was last executed in order, with other cells in between: [1, 3]"),
        ],
    )
    def test_texts(self, counts, text):
        assert remark(Notebook(path="a.ipynb", counts=counts)) == text

    def test_many_cells(self):
        counts = tuple(range(20, 0, -1))
        assert remark(Notebook(path="a.ipynb", counts=counts)).endswith("10, 9, … 8 more]")


class TestWhichAreLookedAt:
    def test_changed_and_named_ones(self, repository):
        repository.write({name: notebook(2, 1) for name in ("a.ipynb", "b.ipynb", "c.ipynb")}).commit()
        assert states(repository) == {}
        repository.write({"b.ipynb": notebook(1, None), "new/d.ipynb": notebook()})
        assert states(repository) == {"b.ipynb": (1, None), "new/d.ipynb": ()}
        assert list(states(repository, "a.ipynb")) == ["a.ipynb", "b.ipynb", "new/d.ipynb"]

    def test_without_git(self, tree):
        tree.write({"a.ipynb": notebook(1), "b.ipynb": notebook(1)})
        assert states(tree, "a.ipynb", git=False) == {"a.ipynb": (1,)}

    def test_in_a_submodule(self, repository, tmp_path):
        library = type(repository)(tmp_path / "library").init().write({"a.ipynb": notebook(1)})
        library.commit()
        repository.git("submodule", "--quiet", "add", f"file://{library.root}", "library")
        repository.write({"library/a.ipynb": notebook(4)})
        assert states(repository) == {"library/a.ipynb": (4,)}

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "{",
            "[]",
            "{}",
            '{"cells": 3}',
            '{"worksheets": [3]}',
            "\0" * 9,
            "[" * 100_000,
            "\ud800".encode("utf-8", "surrogatepass"),
        ],
        ids=range(9),
    )
    def test_what_is_no_notebook(self, repository, text):
        repository.write({"a.ipynb": text})
        assert states(repository) == {}

    def test_odd_cells(self, repository):
        cells = [3, {}, {"cell_type": "code", "source": "x", "execution_count": "1"}]
        repository.write({"a.ipynb": json.dumps({"cells": cells})})
        assert states(repository) == {"a.ipynb": (None,)}

    def test_an_old_one(self, repository):
        cell = {"cell_type": "code", "input": ["x"], "prompt_number": 5}
        repository.write({"a.ipynb": json.dumps({"worksheets": [{"cells": [cell]}], "nbformat": 3})})
        assert states(repository) == {"a.ipynb": (5,)}

    def test_a_large_one(self, repository, monkeypatch):
        repository.write({"a.ipynb": notebook(1)})
        monkeypatch.setattr(notebooks, "MAX_BYTES", 10)
        assert states(repository) == {}

    def test_what_was_read_is_kept(self, repository, tmp_path, monkeypatch):
        repository.write({"a.ipynb": notebook(3, 1)})
        assert states(repository, cache=tmp_path / "cache") == {"a.ipynb": (3, 1)}
        monkeypatch.setattr(notebooks, "load", lambda file: pytest.fail("read again"))
        assert states(repository, cache=tmp_path / "cache") == {"a.ipynb": (3, 1)}


def test_names_in_a_command(tmp_path):
    root = tmp_path / "root"
    (root / "sub").mkdir(parents=True)
    argv = ("papermill", "a.ipynb", "--out=../b.ipynb", f"{root}/c.ipynb", "../../outside.ipynb", "train.py")
    assert named(argv, root / "sub", root) == {"sub/a.ipynb", "b.ipynb", "c.ipynb"}
    os.symlink(root, tmp_path / "link")
    assert named(("x.ipynb",), tmp_path / "link", root) == {"x.ipynb"}


def test_a_file_that_was_not_recorded():
    assert notebooks.states(Path("/nowhere"), {}, {"a.ipynb"}) == ()
