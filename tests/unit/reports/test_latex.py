"""The table for a paper."""

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.reports.cells import cells
from ledger.reports.latex import escaped, table


@settings(max_examples=30)
@given(st.text())
def test_nothing_in_a_text_is_obeyed(text):
    apart = re.sub(r"(?<=[-,'])\{\}", " ", escaped(text))
    left = re.sub(r"\\(text[a-z]+\{\}|string\"|[{}&%$#_])|\{[][*]\}", " ", apart)
    assert not set(left) & set('\\{}&%$#_~^\n[]*"`')
    assert not re.search("--|,,|''", left)


def test_a_row_that_begins_with_a_list_is_no_argument_of_the_one_before(gathered, maker):
    for units in ("[64, 32]", "*", "a -- b"):
        maker.trial(experiment="x", params={"units": units}, metrics={"loss": 1.0})
    report = gathered("x", minimize="loss")
    text = table(report, cells(report, most=5)).decode()
    rows = [each for each in text.splitlines() if "mathbf" in each]
    assert [each.split(" & ")[0] for each in rows] == ["{[}64, 32{]}", "{*}", "a -{}- b"]
    assert sum("mathbf{1}" in each for each in rows) == 3


def test_means_intervals_and_numbers_of_seeds(gathered, search):
    trials = search()
    report = gathered("digits", minimize="loss")
    text = table(report, cells(report, most=3)).decode()
    rows = [each for each in text.splitlines() if each.endswith(trials[0.2, 1].short)]
    assert len(rows) == 1
    assert re.match(r"0\.2 & \$\\mathbf\{0\.131\} \\pm 0\.0\d+\$ & 3 \\\\ % ", rows[0])
    assert text.count("mathbf") == 1
    assert "% Bold: the best mean of a column." in text
    assert text.count("\\\\ % ") == 3
    assert "% 1 more configurations are not shown." in text
    assert text.index("\\toprule") < text.index("lr & loss & $n$ \\\\") < text.index("\\midrule")
    assert "12 trials were started" in text


def test_experiments_stand_apart(gathered, search):
    search("one_a"), search("two", 1.0)
    report = gathered("one_a", "two", minimize="loss")
    text = table(report, cells(report, most=2)).decode()
    assert text.count("\\midrule") == 2
    assert "experiment & lr & loss & $n$ \\\\" in text
    assert text.count("one\\_a &") == 2
    assert "\n% one_a and two: loss of " in text


def test_text_that_ends_a_comment_does_not(gathered, maker):
    maker.trial(experiment="a\nb", metrics={"loss": 1.0})
    report = gathered("a\nb", minimize="loss")
    text = table(report, cells(report, most=2)).decode()
    assert all(each[0] in "%\\$" or each.endswith("\\\\") for each in text.splitlines())
