"""What of a search a trial tries, for people."""

from collections.abc import Sequence
from typing import Any

from ledger.cli.page import Page
from ledger.ops.text import line, short, value

Document = dict[str, Any]


def proposed(page: Page, proposal: Document | None) -> None:
    """A section on what a search proposed; nothing where no search did."""
    if proposal is None:
        return
    page.heading("Proposal")
    origin = proposal["source"]
    if origin == "sampler" and proposal["sampler"]:
        origin = f"sampler {line(proposal['sampler'])}"
    page.pairs(
        [
            ("number", str(proposal["number"])),
            ("from", origin),
            ("had seen", f"entries up to {proposal['head']['size']}"),
            ("search", short(proposal["search"])),
        ]
    )
    page.table(
        ("name", "value", "domain", "if"),
        [
            (line(each["name"]), value(each["value"]), _domain(each["domain"]), line(each["condition"] or ""))
            for each in proposal["values"]
        ],
    )


def reported(page: Page, reports: Sequence[Document]) -> None:
    """What a trial reported where its search looked at it, and whether it went on."""
    if not reports:
        return
    page.heading("Reports")
    page.table(
        ("step", "value", "decision", "had seen"),
        [
            (
                str(each["step"]),
                value(each["value"]),
                _decision(each),
                "-" if each["head"] is None else f"entries up to {each['promoted'] or each['head']}",
            )
            for each in reports
        ],
    )


def _decision(report: Document) -> str:
    told = {"go": "go on", "stop": "stop"}.get(report["decision"] or "", "none")
    return told if report["promoted"] is None else f"{told}, later go on"


def _domain(domain: Document | None) -> str:
    if domain is None:
        return "-"
    if domain["choices"]:
        return f"{domain['type']} of {', '.join(map(value, domain['choices']))}"
    scale = " log" if domain["log"] else ""
    step = f" by {value(domain['step'])}" if domain["step"] is not None else ""
    return f"{domain['type']} {value(domain['low'])} to {value(domain['high'])}{step}{scale}"
