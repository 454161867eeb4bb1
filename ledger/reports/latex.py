"""A report as a table for a paper: LaTeX with booktabs."""

import re

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
    "`": r"\textasciigrave{}",
    '"': r"\string" + '"',
    # After the end of a row it would be an argument, or change what the end means.
    "[": "{[}",
    "]": "{]}",
    "*": "{*}",
    "\n": " ",
    "\t": " ",
}

_JOINED = re.compile("-{2,}|,{2,}|'{2,}")
"""What fonts set as one sign: a dash, quotation marks."""


def escaped(text: str) -> str:
    """Any text so that LaTeX sets it, and obeys nothing in it."""
    apart = _JOINED.sub(lambda found: "\0".join(found[0]), clean(text).replace("\0", ""))
    return "".join(_SPECIAL.get(letter, letter) for letter in apart).replace("\0", "{}")


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
    for place, row in enumerate(cells.rows):
        if before not in (None, row.choice):
            lines.append("\\midrule")
        before = row.choice
        found = [*([escaped(row.choice)] if cells.choices else []), *map(escaped, row.values)]
        for each, best in zip(row.metrics, cells.best, strict=True):
            found += _cell(each, bold=place in best)
        lines.append(" & ".join(found) + f" \\\\ % {row.trial.id.short}")
    lines += ["\\bottomrule", "\\end{tabular}"]
    if cells.several:
        lines.append("% Means, and half of their 95% intervals, over n seeds.")
    if any(cells.best):
        lines.append("% Bold: the best mean of a column.")
    if cells.fronts:
        lines.append("% Of a search for several metrics, those that none is better than in all.")
    if cells.others:
        lines.append(f"% {cells.others} more configurations are not shown.")
    for pair in report.compared:
        names = f"{_flat(pair.a)} and {_flat(pair.b)}"
        lines += [f"% {names}: {_flat(said)}" for said in pair.sentences]
    return ("\n".join(lines) + "\n").encode("utf-8", "replace")


def _flat(text: str) -> str:
    """On one line, so that nothing of it is outside of its comment."""
    return " ".join(clean(text).split())


def _cell(found: Measured | None, *, bold: bool) -> list[str]:
    if found is None:
        return ["--", "0"]
    mean, half = found.text
    told = f"\\mathbf{{{_number(mean)}}}" if bold else _number(mean)
    return [f"${told}$" if half is None else f"${told} \\pm {_number(half)}$", str(found.n)]


def _number(text: str) -> str:
    mantissa, mark, power = text.partition("e")
    return f"{mantissa} \\cdot 10^{{{int(power)}}}" if mark else text


def _about(report: Report) -> list[str]:
    found = [_flat(report.chosen.title)]
    counts: list[Denominator] = [each for one in report.standings if (each := one.counted or one.now)]
    for each in counts:
        where = "the signed head" if report.signed is not None else "the ledger"
        name = _flat(each.experiment)
        found.append(f"{name}: {each.trials} trials were started, as {where} has it.")
    if report.signed is not None:
        found.append(f"Head {report.signed.digest}")
    return found
