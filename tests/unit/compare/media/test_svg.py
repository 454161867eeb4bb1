import base64
import importlib.util
import io
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from ledger.compare import registry
from ledger.compare.media import svg

_SPEC = importlib.util.spec_from_file_location("hostile", Path(__file__).parents[3] / "hostile.py")
hostile = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(hostile)


def compare(expected, got, **tolerance):
    sides = (each.encode() if isinstance(each, str) else each for each in (expected, got))
    return hostile.compare(registry.find("image/svg+xml"), *sides, **tolerance)


def drawn(inside):
    return f'<svg xmlns="http://www.w3.org/2000/svg">\n{inside}\n</svg>\n'


@pytest.fixture
def plotted(monkeypatch):
    """Return a function: draw with matplotlib, at a time of its own, with random ids."""
    monkeypatch.setitem(mpl.rcParams, "svg.hashsalt", None)
    clock = iter(range(1_700_000_000, 1_800_000_000, 1_000_000))

    def plotted(last=1.0, **options):
        monkeypatch.setenv("SOURCE_DATE_EPOCH", str(next(clock)))
        figure = Figure()
        left, right = figure.subplots(1, 2)
        x = np.linspace(0, 1, 20)
        y = x**2
        y[-1] = last
        left.plot(x, y, "o-", label="loss")
        left.set_ylim(0, 1.5)
        left.fill_between(x, x, alpha=0.3, hatch="/")
        left.legend()
        right.imshow(np.random.default_rng(0).random((8, 8)))
        file = io.BytesIO()
        figure.savefig(file, format="svg", **options)
        return file.getvalue()

    return plotted


def test_two_drawings_of_matplotlib_at_two_times_are_the_same(plotted):
    one, other = plotted(), plotted()
    result = compare(one, other)
    assert (result.same, result.exact, result.detail) == (True, False, "only dates and ids differ")


def test_another_point_in_a_drawing_of_matplotlib_differs_and_may_be_near(plotted):
    one, other = plotted(), plotted(last=1.01)
    result = compare(one, other)
    assert not result.same
    assert " numbers differ, by up to " in result.detail
    assert compare(one, other, atol=3).same
    assert not compare(one, other, atol=0.1).same


def test_another_text_in_a_drawing_of_matplotlib_differs(plotted):
    figure = plotted()
    assert not compare(figure, plotted().replace(b"fill: #1f77b4", b"fill: #1f77b5")).same


@pytest.mark.parametrize(
    ("expected", "got", "detail"),
    [
        ("<!-- a -->", "<!-- b\n-->", "the values are the same"),
        ("<dc:date>2026-01-01</dc:date>", "<dc:date>2027-01-01</dc:date>", "only dates differ"),
        ('<g id="a"/><use href="#a"/>', '<g id="b"/><use href="#b"/>', "only ids differ"),
        ("<g id='a'/><g clip-path='url(#a)'/>", "<g id='b'/><g clip-path='url(#b)'/>", "only ids differ"),
        ('<use xlink:href="#a"/><g id="a"/>', '<use xlink:href="#b"/><g id="b"/>', "only ids differ"),
    ],
)
def test_dates_comments_and_names_of_ids_do_not_count(expected, got, detail):
    detail = "only comments differ" if "<!--" in expected else detail
    got = got.replace("\n", "")
    result = compare(drawn(expected), drawn(got))
    assert (result.same, result.exact, result.detail) == (True, False, detail)


@pytest.mark.parametrize(
    ("expected", "got", "detail"),
    [
        (
            '<g id="a"/><g id="b"/><use href="#a"/>',
            '<g id="a"/><g id="b"/><use href="#b"/>',
            "ids: what they refer to differs",
        ),
        ("<dc:date>now</dc:date>", "", "line 2: '<dc:date></dc:date>' and ''"),
        ('<g data-id="x"/>', '<g data-id="y"/>', """line 2: ' data-id="x"/>' and ' data-id="y"/>'"""),
        ("<!-- <g/> --><a/>", "<b/>", "line 2: '<a/>' and '<b/>'"),
        ("<!-- <g/>", "<!-- <h/>", "line 2: '<!-- <g/>' and '<!-- <h/>'"),
    ],
)
def test_everything_else_counts(expected, got, detail):
    result = compare(drawn(expected), drawn(got))
    assert (result.same, result.detail) == (False, detail)


def embedded(level, value=1):
    file = io.BytesIO()
    Image.new("L", (4, 4), value).save(file, "PNG", compress_level=level)
    return drawn(f'<image href="data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"/>')


def test_pictures_inside_are_compared_as_pictures():
    assert compare(embedded(0), embedded(9)).detail == "only bytes of pictures that make no pixels differ"
    assert compare(embedded(0), embedded(0, 2)).detail.startswith("picture 0: 16 of 16 pixels: ")
    assert compare(embedded(0), embedded(0, 2), atol=1).same
    assert not compare(embedded(0), drawn("<image/>")).same
    assert "base64" in compare(embedded(0), embedded(0).replace('"/>', 'A"/>')).detail


def test_damaged_files_never_fail(plotted):
    hostile.check_damaged(
        svg.compare, plotted(), embedded(1).encode(), drawn('<g id="a"/><use href="#a"/><!-- x -->').encode()
    )


@pytest.mark.parametrize("content", [b"", b"x", b"<svg>", b"<svg><!-- </svg> -->", bytes(100)])
def test_what_is_no_whole_drawing_is_compared_as_bytes(content):
    assert "(compared as bytes: it " in compare(content, drawn("")).detail


BOMB = '<!DOCTYPE svg [<!ENTITY a "aaaaaaaaaa">' + "".join(
    f'<!ENTITY a{each + 1} "{f"&a{each or str()};" * 10}">' for each in range(12)
)


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "inside",
    [
        "&a12;",
        "<!--" * 1_000_000,
        "<dc:date>" * 500_000,
        'href="#' * 500_000,
        "1." * 1_000_000,
        "9" * 5_000_000,
    ],
    ids=["entities", "comments", "dates", "ids", "numbers", "digits"],
)
def test_hostile_texts_take_little_memory_and_time(inside):
    content = (BOMB + "]>" + drawn(inside)).encode()
    grown, result = hostile.memory_grown(svg.compare, content, content.replace(b"</svg>", b"<g/></svg>"))
    assert grown < hostile.MOST_MEMORY
    assert not result.same
