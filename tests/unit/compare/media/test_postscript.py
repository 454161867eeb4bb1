import importlib.util
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from ledger.compare import registry
from ledger.compare.media import postscript

_SPEC = importlib.util.spec_from_file_location("hostile", Path(__file__).parents[3] / "hostile.py")
hostile = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(hostile)


def compare(expected, got, **tolerance):
    return hostile.compare(registry.find("application/postscript"), expected, got, **tolerance)


@pytest.fixture
def plotted(monkeypatch, tmp_path):
    """Return a function: draw with matplotlib, at a time of its own."""
    clock = iter(range(1_700_000_000, 1_800_000_000, 1_000_000))

    def plotted(suffix="eps", last=1.0, name="figure"):
        monkeypatch.setenv("SOURCE_DATE_EPOCH", str(next(clock)))
        figure = Figure()
        left, right = figure.subplots(1, 2)
        left.plot([0, 1, 2], [0, 1, last])
        left.set_ylim(0, 1.5)
        right.imshow(np.random.default_rng(0).random((8, 8)))
        path = tmp_path / f"{name}.{suffix}"
        figure.savefig(path)
        return path.read_bytes()

    return plotted


@pytest.mark.parametrize("suffix", ["ps", "eps"])
def test_two_drawings_of_matplotlib_at_two_times_are_the_same(plotted, suffix):
    result = compare(plotted(suffix), plotted(suffix))
    assert (result.same, result.exact, result.detail) == (True, False, "only dates differ")
    assert compare(plotted(suffix), plotted(suffix, name="b")).detail == "only dates and titles differ"


def test_another_point_in_a_drawing_of_matplotlib_differs_and_may_be_near(plotted):
    one, other = plotted(), plotted(last=1.01)
    result = compare(one, other)
    assert not result.same
    assert " numbers differ, by up to " in result.detail
    assert compare(one, other, atol=3).same
    assert not compare(one, other, atol=0.1).same


@pytest.mark.parametrize(
    ("expected", "got", "detail"),
    [
        ("Title: /tmp/a", "Title: /tmp/b", "only titles differ"),
        ("Title: at 12:00", "Title: at 12:01", "only titles differ"),
        ("For: /home/ann", "For: /home/bob", "only users differ"),
        ("Title: Losses", "Title: Gains", "line 2: '%%Title: Losses' and '%%Title: Gains'"),
        ("Creator: v1.0.0", "Creator: v1.0.1", "line 2: 'tor: v1.0.0' and 'tor: v1.0.1'"),
    ],
)
def test_what_of_the_header_counts(expected, got, detail):
    result = compare(f"%!PS\n%%{expected}\n".encode(), f"%!PS\n%%{got}\n".encode())
    assert (result.same, result.detail) == (detail.startswith("only"), detail)


def test_damaged_files_never_fail(plotted):
    hostile.check_damaged(postscript.compare, plotted()[:3000], b"%!PS\n%%Title: /a\n1 2 3\n")
    assert "(compared as bytes: it is no PostScript)" in compare(b"%PS", b"%!PS").detail
