"""Ask tools what they recorded of a small project, and write down what they answer.

python tests/peers/measure.py                 all of them, into results.json
python tests/peers/measure.py dvc sciproof    these anew; what the others answered stays
python tests/peers/measure.py --seen dvc      print what was seen, and write nothing
"""

import json
import os
import platform
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]
RESULTS = HERE / "results.json"


def measure(name: str, place: Path) -> tuple[dict, dict]:
    """What is written down of a tool, and what was seen of it."""
    from asked import PEERS, ask

    peer = PEERS[name](place / name)
    version = peer.install()
    cells, seen = ask(peer, place / name / "asked")
    day = datetime.now(UTC).date().isoformat()
    machine = f"{os.cpu_count()} cores {platform.machine()}, Python {platform.python_version()}"
    return {"tool": peer.name, "version": version, "date": day, "machine": machine, "cells": cells}, seen


def main(words: list[str]) -> int:
    from asked import PEERS, UnavailableError

    names = [each for each in words if not each.startswith("-")] or list(PEERS)
    missing = 0
    for name in names:
        with tempfile.TemporaryDirectory(prefix="peers-") as place:
            try:
                row, seen = measure(name, Path(place))
            except UnavailableError as error:
                print(f"warning: not installed: {error}", file=sys.stderr)
                missing = 1
                continue
        print(f"{row['tool']} {row['version']}: {row['cells']}", file=sys.stderr)
        if "--seen" in words:
            print(json.dumps(seen, indent=1))
            continue
        known = json.loads(RESULTS.read_text("utf-8")) if RESULTS.exists() else {}
        known[name] = row
        ordered = {each: known[each] for each in PEERS if each in known}
        RESULTS.write_text(json.dumps(ordered, indent=1, ensure_ascii=False) + "\n", "utf-8")
    return missing


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
