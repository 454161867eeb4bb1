"""Drawings of trials as dots."""

import re
from xml.etree import ElementTree

import pytest

from ledger.reports.html import scatter


@pytest.fixture
def depends(maker, gathered):
    for number in range(30):
        maker.trial(
            experiment="x",
            params={"l<r": number / 30, "model": "ab"[number % 2]},
            metrics={"loss": abs(number / 30 - 0.4)},
        )
    return gathered("x", minimize="loss").standings[0].depends[0]


def dots(drawn, under=""):
    """Places of the dots of a drawing."""
    found = []
    for path in drawn.iterfind(f".//{under}path[@class='dots']"):
        x = y = 0
        for kind, across, up in re.findall(r"([Mm])(-?\d+) (-?\d+)h0", path.get("d")):
            x, y = (int(across), int(up)) if kind == "M" else (x + int(across), y + int(up))
            found.append((x, y))
    return found


def test_a_dot_is_where_its_trial_is(depends):
    (lr,) = (each for each in depends.slices if each.name == "l<r")
    drawn = ElementTree.fromstring(scatter.sliced(depends, lr, 1000))
    good = dots(drawn, "g[@class='good']/")
    assert len(good) == len(depends.best) == 10
    every = dots(drawn)
    assert len(every) == 30
    assert max(y for _, y in good) >= max(y for _, y in every)  # the smallest loss is lowest
    assert sorted(x for x, _ in good) == [sorted(every)[row][0] for row in sorted(depends.best)]
    assert drawn.find("svg/title").text == "loss against l<r"


def test_choices_stand_in_bands(depends):
    (model,) = (each for each in depends.slices if each.name == "model")
    drawn = ElementTree.fromstring(scatter.sliced(depends, model, 1000))
    assert len({x for x, _ in dots(drawn)}) == 2
    assert {"a", "b"} <= {each.text for each in drawn.iter("text")}


def test_few_dots_have_the_best_among_them(depends):
    drawn = ElementTree.fromstring(scatter.sliced(depends, depends.slices[0], 5))
    assert len(dots(drawn, "g[@class='good']/")) == 10
    assert len(dots(drawn)) < 16


def test_the_line_of_the_best_only_gets_better(depends):
    drawn = ElementTree.fromstring(scatter.history("h", depends, 1000))
    (line,) = drawn.iterfind(".//path[@class='line best']")
    start, *steps = re.findall(r"[ V](-?[\d.]+)", line.get("d"))
    heights = [float(start), *map(float, steps)]
    assert heights == sorted(heights)
    assert len(heights) == len(set(depends.best_so_far))
    assert len(dots(drawn)) == 30


def test_a_front_says_which_trials_are_on_it():
    points = [(0.0, 1.0), (1.0, 0.0), (1.0, 1.0)]
    members = [(points[0], "a&b, loss 1"), (points[1], "c, loss 0")]
    drawn = ElementTree.fromstring(scatter.front("t", ("time", "loss"), points, members, 100, joined=True))
    assert len(list(drawn.iter("circle"))) == 2
    assert [each.find("title").text for each in drawn.iterfind(".//g")] == ["a&b, loss 1", "c, loss 0"]
    assert len(dots(drawn)) == 3
    (line,) = drawn.iterfind(".//path[@class='line best']")
    assert line.get("d").count("L") == 1
    drawn = ElementTree.fromstring(
        scatter.front("t", ("time", "loss"), points, members * 40, 100, joined=False)
    )
    assert drawn.find(".//path[@class='line best']") is None
    assert len(list(drawn.iter("circle"))) == 60
    assert len(dots(drawn, "g[@class='good']/")) == 2
