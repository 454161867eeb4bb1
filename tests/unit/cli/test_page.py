"""Tables that line up, and what a narrow terminal shows of them."""

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
