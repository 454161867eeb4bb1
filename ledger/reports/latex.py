"""A report as a table for a paper: LaTeX with booktabs."""

from ledger.ops.denominator import Denominator
from ledger.ops.text import clean
from ledger.reports.cells import Cells, Measured
from ledger.reports.report import Report

_SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "\n": " ",
    "\t": " ",
}


def escaped(text: str) -> str:
    """Any text so that LaTeX sets it, and obeys nothing in it."""
    return "".join(_SPECIAL.get(letter, letter) for letter in clean(text))


def table(report: Report, cells: Cells) -> bytes:
    r"""The table, as a file that ``\input`` takes; its document has ``\usepackage{booktabs}``.

    Parameters
    ----------
    report
        Of what.
    cells
        Its configurations.
    """
    head = [*(["experiment"] if cells.choices else []), *cells.parameters]
    several = any(each is not None and each.n > 1 for row in cells.rows for each in row.metrics)
    sides = "l" * len(head) + "rr" * len(cells.metrics)
    titles = [escaped(name) for name in head]
    for name in cells.metrics:
        titles += [escaped(name), "$n$"]
    lines = [
        "% Needs \\usepackage{booktabs}; text in it that is no ASCII needs UTF-8, which is today's default.",
        *(f"% {each}" for each in _about(report)),
        f"\\begin{{tabular}}{{{sides}}}",
        "\\toprule",
        " & ".join(titles) + " \\\\",
        "\\midrule",
    ]
    before = None
    for row in cells.rows:
        if before not in (None, row.choice):
            lines.append("\\midrule")
        before = row.choice
        found = [*([escaped(row.choice)] if cells.choices else []), *map(escaped, row.values)]
        for each in row.metrics:
            found += _cell(each)
        lines.append(" & ".join(found) + f" \\\\ % {row.trial.id.short}")
    lines += ["\\bottomrule", "\\end{tabular}"]
    if several:
        lines.append("% Means, and half of their 95% intervals, over n seeds.")
    if cells.others:
        lines.append(f"% {cells.others} more configurations are not shown.")
    return ("\n".join(lines) + "\n").encode("utf-8", "replace")


def _cell(found: Measured | None) -> list[str]:
    if found is None:
        return ["--", "0"]
    mean, half = found.text
    return [f"${_number(mean)}$" if half is None else f"${_number(mean)} \\pm {_number(half)}$", str(found.n)]


def _number(text: str) -> str:
    mantissa, mark, power = text.partition("e")
    return f"{mantissa} \\cdot 10^{{{int(power)}}}" if mark else text


def _about(report: Report) -> list[str]:
    found = [" ".join(clean(report.chosen.title).split())]
    counts: list[Denominator] = [each for one in report.standings if (each := one.counted or one.now)]
    for each in counts:
        where = "the signed head" if report.signed is not None else "the ledger"
        name = " ".join(clean(each.experiment).split())
        found.append(f"{name}: {each.trials} trials were started, as {where} has it.")
    if report.signed is not None:
        found.append(f"Head {report.signed.digest}")
    return found
