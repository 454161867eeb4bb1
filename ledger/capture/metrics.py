"""Metrics from files that a program wrote: JSON, tables, TensorBoard's event files.

Read without being told are, by the last part of their path, in any case:

- ``metrics.json``; ``metrics.jsonl``, ``metrics.ndjson``, ``metrics.csv``, ``metrics.tsv``, ``history.csv``
- where they say the step (a column or key such as ``step`` or ``epoch``; they may be data otherwise):
  ``progress.csv`` ``results.csv`` ``log.csv`` ``train_log.csv`` ``training_log.csv`` ``training.log``
  ``progress.json`` ``log.jsonl`` ``history.jsonl``
- ``trainer_state.json`` (of several, those that another one continues are left out), and every name with
  ``tfevents`` in it

How metrics are named: `ledger.capture.metric_names`.
"""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ledger.capture.metric_points import Former, MetricPoints

MOST_FILES = 1_000
"""Of tables, and of event files, past which further ones are left out."""
_MOST_PROBLEMS = 20
NAME = "metrics.json"
NAMES = frozenset((NAME, "metrics.jsonl", "metrics.ndjson", "metrics.csv", "metrics.tsv", "history.csv"))
STEPPED_NAMES = frozenset(
    (
        *("progress.csv", "results.csv", "log.csv", "train_log.csv", "training_log.csv", "training.log"),
        *("progress.json", "log.jsonl", "history.jsonl"),
    )
)
TRAINER_STATE = "trainer_state.json"
EVENTS = "tfevents"


class FromFiles(NamedTuple):
    """Points found, and what was left out."""

    points: "tuple[MetricPoints, ...]" = ()
    """Their names are all different."""
    problems: tuple[str, ...] = ()
    hyperparameters: tuple[tuple[str, str | float | bool], ...] = ()
    """From TensorBoard's ``add_hparams``, where every number is a real one."""


def from_files(
    root: Path,
    outputs: Iterable[str],
    *,
    patterns: Sequence[str] = (),
    ignore: Sequence[str] = (),
    former: "Former | None" = None,
    cut: bool = False,
) -> FromFiles:
    """Read the points of all outputs that hold metrics, as the head of this module says.

    Parameters
    ----------
    root
        Where relative paths start.
    outputs
        Paths of the trial's outputs.
    patterns
        Of paths (``results/*.csv``), or of names where they have no slash, of further files; read as their
        suffix or else their first byte says, steps or none.
    ignore
        Patterns of files to leave alone, whatever else says that they hold metrics.
    former
        What an output held before the trial changed it: of tables, lines and event files that begin with
        that, only what was appended counts. Without it all that they hold counts.
    cut
        Whether the program was killed, so that a last line without its end may be torn and is left out.
    """
    tables: list[tuple[str, bool]] = []
    events: list[str] = []
    for path in outputs:
        if not holds_metrics(path, patterns, ignore):
            continue
        base = os.path.basename(path).lower()
        if EVENTS in base:
            events.append(path)
        else:
            tables.append((path, base in STEPPED_NAMES and not _matches(path, patterns)))
    if not (tables or events):
        return FromFiles()
    tables = sorted(set(tables), key=lambda each: (each[0].count("/"), each))
    events = sorted(set(events), key=lambda each: (each.count("/"), each))
    from ledger.capture.metric_names import named, without_continued
    from ledger.capture.metric_sources import Sources

    found = Sources(root, former, cut)
    for path, stepped in tables[:MOST_FILES]:
        found.file(path, stepped=stepped)
    directories: dict[str, list[str]] = {}
    for path in events[:MOST_FILES]:
        directories.setdefault(os.path.dirname(path), []).append(path)
    for directory, files in directories.items():
        found.directory(directory, files)
    return FromFiles(
        points=tuple(named(without_continued(found.sources, TRAINER_STATE))),
        problems=_bounded(found.problems, len(tables[MOST_FILES:]) + len(events[MOST_FILES:])),
        hyperparameters=tuple(found.hyperparameters.items()),
    )


def holds_metrics(path: str, patterns: Sequence[str] = (), ignore: Sequence[str] = ()) -> bool:
    """Whether an output of that path is read for metrics, see `from_files`."""
    base = os.path.basename(path).lower()
    known = base in NAMES or base in STEPPED_NAMES or base == TRAINER_STATE or EVENTS in base
    return (known or _matches(path, patterns)) and not _matches(path, ignore)


def _bounded(problems: list[str], left_out: int) -> tuple[str, ...]:
    """The first problems, and how many more there are."""
    if left_out:
        problems = [f"{left_out} files past the first {MOST_FILES} of a kind were not read", *problems]
    more = len(problems) - _MOST_PROBLEMS
    return (*problems[:_MOST_PROBLEMS], f"{more} more problems") if more > 0 else tuple(problems)


def _matches(path: str, patterns: Sequence[str]) -> bool:
    from fnmatch import fnmatchcase

    base = os.path.basename(path)
    for pattern in patterns:
        word = path if "/" in pattern else base
        pattern = pattern.removeprefix("./")
        if fnmatchcase(word, pattern) or ("**/" in pattern and fnmatchcase(word, pattern.replace("**/", ""))):
            return True
    return False
