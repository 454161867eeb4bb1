"""Print the README's table of other tools from what was written down when they were asked.

python tests/peers/measure.py && python tests/peers/table.py
"""

import json
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]
RESULTS = HERE / "results.json"


def table(results: dict) -> str:
    """The answers as a table in Markdown, a tool a column."""
    from asked.questions import QUESTIONS

    rows = list(results.values())
    heads = [f"{each['tool']} {each['version']}" for each in rows]
    lines = [
        f"| | {' | '.join(heads)} |",
        f"|---|{'---|' * len(rows)}",
    ]
    for name, question in QUESTIONS.items():
        lines.append(f"| {question} | {' | '.join(each['cells'][name] for each in rows)} |")
    lines.append(f"| asked on | {' | '.join(each['date'] for each in rows)} |")
    return "".join(f"{line}\n" for line in lines)


if __name__ == "__main__":
    sys.stdout.write(table(json.loads(RESULTS.read_text("utf-8"))))
