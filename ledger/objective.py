"""Calls a function as the program of a trial.

``python -m ledger.objective BASE MODULE:FUNCTION FILE METRIC…``: BASE is where the module is imported from,
FILE a JSON object with the function's arguments. A number that it returns is the metric METRIC, a mapping
holds metrics by name. Only the standard library is needed, for it is also put where a trial is replayed and
no ledger is installed.
"""

import importlib
import json
import os
import sys

from ledger.record import log

__all__ = ["importing", "main"]

_IMPORTING = "_ledger_importing"


def importing() -> bool:
    """Whether this process is about to import the file of an objective, to call a function of it."""
    return bool(getattr(sys.modules["__main__"], _IMPORTING, False))


def main(words: list[str]) -> None:
    """Call it, and log what it returns."""
    base, name, file = words[:3]
    metrics = words[3:]
    sys.path[0] = os.path.abspath(base)  # as if a script in it was run
    module, _, function = name.partition(":")
    here = sys.modules["__main__"]
    setattr(here, _IMPORTING, True)
    try:
        found = getattr(importlib.import_module(module), function)
    finally:
        delattr(here, _IMPORTING)
    with open(file, encoding="utf-8") as content:
        arguments = json.load(content)
    answer = found(**arguments)
    if hasattr(answer, "items"):
        log(answer)
    elif answer is None:
        return  # it logged what there is to log
    elif len(metrics) == 1:
        log({metrics[0]: answer})
    else:
        raise SystemExit(f"{name}() returned one value for {len(metrics)} objectives: return a mapping")


if __name__ == "__main__":
    main(sys.argv[1:])
