"""Tables that line up, and what a narrow terminal shows of them."""

import pytest

from ledger.cli.page import Page

ROWS = [("val_loss", "0.00036 (-0.031 to 0.013)", "within the noise", "9 pairs of one seed")]


def test_columns_line_up_behind_wide_letters():
    page = Page()
    page.table(("name", "n"), [("漢字", "1"), ("Cafe\N{COMBINING ACUTE ACCENT}s", "2")], indent=0)
    assert page.plain() == "name   n\n漢字   1\nCafe\N{COMBINING ACUTE ACCENT}s  2\n"


def test_a_narrow_terminal_leaves_out_columns():
    page = Page()
    page.table(("metric", "difference", "", "n"), ROWS, drop=(3,))
    assert page.rich(76, color=False).splitlines()[0].split() == ["metric", "difference", "n"]
    assert page.rich(75, color=False) == (
        "  metric    difference                                   … 1 more\n"
        "  val_loss  0.00036 (-0.031 to 0.013)  within the noise\n"
    )


def test_what_is_too_wide_even_so_is_wrapped_and_not_cut():
    page = Page()
    page.table(("metric", "difference", "", "n"), ROWS, drop=(3,))
    shown = page.rich(50, color=False)
    assert shown.count("…") == 1
    assert sorted("".join(shown.splitlines()[1:]).split()) == sorted(" ".join(ROWS[0][:3]).split())


PLOTTED = [
    ("weight_decay", "0.00118881 to 0.00118881", "0.0014", "████████████", "64 → 58"),
    ("several at once", "0 to 0.0279273", "0.00167", "███▉", "lr 0.22 → 0.210513, momentum 0.9 → 0.897892"),
]
WORDS = [each for row in PLOTTED for each in " ".join((*row[:3], row[4])).split()]


def plotted():
    page = Page()
    page.table(("", "95%", "seeds alone", "", "between"), PLOTTED, right=("seeds alone",), plots=(3,))
    return page


@pytest.mark.parametrize("width", range(24, 130))
def test_words_stay_whole_however_narrow_a_terminal_is(width):
    shown = plotted().rich(width, color=False)
    assert max(map(len, shown.splitlines())) <= width
    heads = ["95%", "seeds", "alone", "between"]
    assert not set(WORDS) - set(shown.split())
    assert not set(shown.split()) - {*WORDS, *heads, "████████████", "███▉"}


def test_a_narrow_terminal_wraps_then_leaves_out_plots_then_lists():
    assert plotted().rich(200, color=False) == plotted().plain()
    assert plotted().rich(70, color=False) == (
        "                95%             seeds alone                between\n"
        "  weight_decay  0.00118881 to        0.0014  ████████████  64 → 58\n"
        "                0.00118881\n"
        "  several at    0 to 0.0279273      0.00167  ███▉          lr 0.22 →\n"
        "  once                                                     0.210513,\n"
        "                                                           momentum\n"
        "                                                           0.9 →\n"
        "                                                           0.897892\n"
    )
    assert "█" not in plotted().rich(48, color=False)
    assert plotted().rich(30, color=False) == (
        "  weight_decay\n"
        "    95%          0.00118881 to\n"
        "                 0.00118881\n"
        "    seeds alone  0.0014\n"
        "    between      64 → 58\n"
        "  several at once\n"
        "    95%          0 to\n"
        "                 0.0279273\n"
        "    seeds alone  0.00167\n"
        "    between      lr 0.22 →\n"
        "                 0.210513,\n"
        "                 momentum 0.9\n"
        "                 → 0.897892\n"
    )


def test_lines_end_between_words_and_code_does_not():
    page = Page()
    page.line(("  a drop of the loss", "bold"))
    page.line("x = a_long_name + another", verbatim=True)
    page.heading("what was run with it")
    page.pairs([("tree", "b3:" + 20 * "0"), ("name", "a b c")])
    assert page.rich(14, color=False) == (
        "  a drop of\n  the loss\n"
        "x = a_long_name + another\n"
        "\nwhat was run\nwith it\n"
        "  tree  b3:000\n" + 2 * "        000000\n" + "        00000\n  name  a b c\n"
    )
    assert page.rich(60, color=False) == page.plain()


def test_a_plot_with_a_scale_stands_beneath():
    page = Page()
    page.table(("", "mean", "0       1"), [("one", "0.125", "  [-●-]"), ("two", "0.25", "[●-]")], plots=(2,))
    assert page.rich(23, color=False) == page.plain()
    assert page.rich(22, color=False) == (
        "       mean\n  one  0.125\n  two  0.25\n       0       1\n  one    [-●-]\n  two  [●-]\n"
    )
    assert "●" not in page.rich(15, color=False)


def test_a_bar_goes_before_a_cell_is_wrapped():
    page = Page()
    page.table(("", "95%", "", "n"), [("lr", "0.1 to 0.2", "█████", "30")], plots=(2,))
    assert page.rich(27, color=False) == page.plain()
    assert page.rich(26, color=False) == "      95%         n\n  lr  0.1 to 0.2  30\n"
