"""Print the README's tables of real programs from what a run of their tests wrote down.

``LEDGER_PROGRAMS_RESULTS=results.json make programs && python tests/programs/table.py results.json``
"""

import json
import sys
from pathlib import Path

RESULTS = Path(__file__).with_name("results.json")
HEAD = (
    "| program | from | inputs | outputs | recorded = `strace`'s | exit code, streams, files the same "
    "| bare → recorded (s) |"
)


def table(results: list[dict]) -> str:
    """The results as a table in Markdown."""
    lines = [HEAD, "|---|---|---|---|---|---|---|"]
    for each in results:
        accesses, behaviour = (
            "yes" if each[key] else "**no**" for key in ("accesses_equal", "behaviour_equal")
        )
        times = f"{each['bare_s']:.1f} → {each['recorded_s']:.1f}"
        cells = [each["program"], each["source"], each["inputs"], each["outputs"], accesses, behaviour, times]
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join(lines)


def replays(results: list[dict]) -> str:
    """What replays of them came to, as a table in Markdown."""
    lines = ["| program | as shipped | with `--seed 1` | why, or what does not count |", "|---|---|---|---|"]
    for each in results:
        found = [each[how] for how in ("as shipped", "with --seed")]
        why = next((side["why"] for side in found if side["why"]), None)
        cells = [each["program"], *(side["verdict"] for side in found), _cell(why)]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _cell(text: str | None) -> str:
    if text is None:
        return ""
    shown = text if len(text) <= 160 else f"{text[:160]}…"
    return shown.replace("|", "\\|").replace("<", "&lt;")


if __name__ == "__main__":
    file = Path(sys.argv[1]) if len(sys.argv) > 1 else RESULTS
    results = json.loads(file.read_text("utf-8"))
    sys.stdout.write(f"{table(results)}\n\n{replays(results)}\n")
