"""Notebooks among the code: whether their stored outputs come from the cells as they stand."""

import json
import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Protocol

from ledger.capture import cache as derived
from ledger.capture.walk import place, shown, text
from ledger.model import Digest, Notebook
from ledger.model.manifest import path_key

SUFFIX: Final = ".ipynb"
MAX_BYTES: Final = 20_000_000
"""A larger notebook is not looked into."""
_SHOWN: Final = 12
"""Execution counts that a message shows."""


class Content(Protocol):
    """What was recorded of a file."""

    @property
    def digest(self) -> Digest | None:
        """Of its content."""
        ...

    @property
    def size(self) -> int:
        """Bytes."""
        ...


def named(argv: Iterable[str], directory: Path, root: Path) -> frozenset[str]:
    """Notebooks that a command names and that lie beneath the root, relative to it."""
    words = [word.rpartition("=")[2] for word in argv if word.endswith(SUFFIX)]
    base = os.path.realpath(root)
    found = [os.path.relpath(os.path.realpath(directory / word), base) for word in words]
    return frozenset(text(os.fsencode(path)) for path in found if not path.startswith("../"))


def states(
    root: Path, taken: Mapping[str, Content], chosen: Collection[str], cache: Path | None = None
) -> tuple[Notebook, ...]:
    """Last executed state of the notebooks among `chosen`; what cannot be read as one is left out.

    Parameters
    ----------
    root
        Top of the tree.
    taken
        What was recorded, by its path.
    chosen
        Paths to look at: those that the command names and those that differ from the commit.
    cache
        Directory for what was read before, by content.
    """
    found = []
    for path in sorted({each for each in chosen if each.endswith(SUFFIX)}, key=path_key):
        content = taken.get(path)
        if content is None or content.digest is None or content.size > MAX_BYTES:
            continue
        counts = _known(place(root, path), content.digest, cache)
        if counts is not None:
            found.append(Notebook(path=path, counts=counts))
    return tuple(found)


def remark(notebook: Notebook) -> str | None:
    """What is odd about a notebook's state, in a sentence; None where its outputs are those of its cells.

    A notebook that was never executed has no outputs, and nothing is odd about it.
    """
    name, counts = shown(notebook.path), [count for count in notebook.counts if count is not None]
    if not counts:
        return None
    if not notebook.in_order:
        return f"{name} was last executed out of order: {_listed(counts)}"
    if notebook.executed < len(notebook.counts):
        return f"{name} was last executed in part: {notebook.executed} of {len(notebook.counts)} cells"
    if counts != list(range(counts[0], counts[0] + len(counts))):
        return f"{name} was last executed in order, with other cells in between: {_listed(counts)}"
    return None


def load(file: Path) -> dict[str, Any] | None:
    """A notebook's document; None where the file is none, or too large."""
    try:
        with open(file, "rb") as opened:
            content = opened.read(MAX_BYTES + 1)
        document = json.loads(content) if len(content) <= MAX_BYTES else None
    except (OSError, ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def _known(file: Path, digest: Digest, cache: Path | None) -> tuple[int | None, ...] | None:
    key = derived.key_of("notebook", str(digest))
    known = derived.load(cache, "notebooks", key) if cache else None
    if known is not None:
        return tuple(known)
    counts = _counts(load(file))
    if cache and counts is not None:
        derived.save(cache, "notebooks", key, list(counts))
    return counts


def _counts(document: dict[str, Any] | None) -> tuple[int | None, ...] | None:
    if document is None:
        return None
    cells = document.get("cells")
    if cells is None:  # before format 4 there were sheets
        sheets = document.get("worksheets")
        first = sheets[0] if isinstance(sheets, list) and sheets else None
        cells = first.get("cells") if isinstance(first, dict) else None
    if not isinstance(cells, list):
        return None
    return tuple(_count(cell) for cell in cells if isinstance(cell, dict) and _is_code(cell))


def _is_code(cell: dict[str, Any]) -> bool:
    source = cell.get("source", cell.get("input", ""))
    source = "".join(map(str, source)) if isinstance(source, list) else str(source)
    return cell.get("cell_type") == "code" and bool(source.strip())


def _count(cell: dict[str, Any]) -> int | None:
    count = cell.get("execution_count", cell.get("prompt_number"))
    return count if type(count) is int and 0 <= count < 1 << 63 else None


def _listed(counts: Sequence[int]) -> str:
    more = f", … {len(counts) - _SHOWN} more" if len(counts) > _SHOWN else ""
    return f"[{', '.join(map(str, counts[:_SHOWN]))}{more}]"
