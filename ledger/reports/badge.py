"""A badge for a README: what replays of a trial have shown, on how many machines, and when."""

import re
from html import escape

from ledger.model import Trial, Verdict
from ledger.model.frozen import frozen
from ledger.model.jsonform import rfc3339
from ledger.ops.machines import Machines
from ledger.ops.text import clean, count
from ledger.ops.trials import Trials
from ledger.store.base import Store

LABEL = "replay"
MOST_LETTERS = 60
"""Of a label."""
_COLOURS = {
    Verdict.IDENTICAL: "#1a7f37",
    Verdict.EQUIVALENT: "#0b7285",
    Verdict.DIVERGED: "#c92a2a",
    Verdict.INCOMPARABLE: "#8a6100",
}
_NONE = "#57606a"
_PAD = 6
_NARROW, _WIDE = re.compile("[fijlrtI.,:;|!'() ·-]"), re.compile("[mwMW@%]")


@frozen
class Seal:
    """What a badge says."""

    verdict: Verdict | None
    """Of the newest replay under the trial's own conditions; None where there is none."""
    hosts: int
    """Machines that made it again with the same results, or equivalent ones."""
    time: int | None
    """Of that replay; UTC, nanoseconds since 1970."""

    @property
    def text(self) -> str:
        """In words."""
        if self.verdict is None or self.time is None:
            return "not replayed"
        hosts = f" · {count(self.hosts, 'host')}" if self.hosts else ""
        return f"{self.verdict}{hosts} · {rfc3339(self.time)[:10]}"


def seal(trial: Trial, trials: Trials, store: Store) -> Seal:
    """What is known of a trial's replays."""
    receipts = [each for each in trials.receipts.get(trial.id, ()) if each.plain]
    if not receipts:
        return Seal(verdict=None, hosts=0, time=None)
    newest = receipts[-1]
    return Seal(verdict=newest.replay.verdict, hosts=Machines(store).that_agreed(receipts), time=newest.time)


def badge(found: Seal, label: str = LABEL) -> bytes:
    """The badge as SVG, which asks nothing of anybody: no font, no image, no link.

    Parameters
    ----------
    found
        What it says.
    label
        What stands left of it; past `MOST_LETTERS` letters it is cut.
    """
    left = clean(label).replace("\n", " ").replace("\t", " ")
    left = left if len(left) <= MOST_LETTERS else f"{left[: MOST_LETTERS - 1]}…"
    right = found.text
    widths = [_width(left), _width(right)]
    first, whole = widths[0] + 2 * _PAD, sum(widths) + 4 * _PAD
    colour = _NONE if found.verdict is None else _COLOURS[found.verdict]
    said = escape(f"{left}: {right}")
    texts = "".join(
        f'<text x="{start}" y="14" textLength="{width}" lengthAdjust="spacingAndGlyphs">{escape(text)}</text>'
        for text, width, start in ((left, widths[0], _PAD), (right, widths[1], first + _PAD))
        if text
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{whole}" height="20" viewBox="0 0 {whole} 20"'
        f' role="img" aria-label="{said}"><title>{said}</title>'
        f'<clipPath id="c"><rect width="{whole}" height="20" rx="3"/></clipPath>'
        f'<g clip-path="url(#c)"><rect width="{first}" height="20" fill="#32383f"/>'
        f'<rect x="{first}" width="{whole - first}" height="20" fill="{colour}"/></g>'
        f'<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">{texts}</g></svg>\n'
    ).encode()


def _width(text: str) -> int:
    """Roughly what a text takes at 11 px, to which it is then fitted."""
    wide = len(_WIDE.findall(text)) + sum(not each.isascii() and each != "·" for each in text)
    narrow = len(_NARROW.findall(text))
    return round(6.7 * len(text) - 2.6 * narrow + 3.5 * wide)
