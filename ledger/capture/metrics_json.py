"""Metrics from JSON: one document, one map a line, or the state that a Hugging Face trainer saves."""

import json
import math
from pathlib import Path
from typing import Any, BinaryIO

from ledger.capture.metric_points import Columns, Unfit, appended_at, line_at, open_regular

MOST_BYTES = 16_000_000
"""Of one document."""
MOST_BYTES_OF_LINES = 64_000_000
_MOST_NODES = 4_000_000
_DEEPEST = 32
_STEPS = ("step", "global_step", "iteration", "epoch", "iter", "timesteps", "training_iteration")
"""Keys that say when; the first that is there counts."""
_TOTALS = ("time/total_timesteps", "timesteps_total", "total_timesteps")
_WORDS = {"nan": math.nan, "infinity": math.inf, "inf": math.inf}


def read_document(path: str, columns: Columns) -> None:
    """Read one document.

    Maps become dotted names, a number a point at step 0, a list of numbers one at each of its places, a list
    of maps one at each map's own step (or place); a file of one map a line is such a list. Texts that are no
    NaN or infinity are no metrics, booleans are 0 and 1.

    Raises
    ------
    Unfit, ValueError, RecursionError, OSError
        If it is not read, or not further.
    """
    text = _content(path)
    try:
        document = json.loads(text)
    except ValueError:
        if not _is_lines(text):
            raise
        _Walk(columns).lines(text.encode().splitlines(), named=False)
        return
    if not isinstance(document, dict | list):
        raise Unfit("expected a map or a list of maps")
    _Walk(columns).into(document, "", None, 0)


def read_lines(
    path: str,
    columns: Columns,
    *,
    former: bytes | Path | None = None,
    stepped: bool = False,
    cut: bool = False,
) -> bool:
    """Read one map a line, as `read_document` would a list of them; lines that are none are counted.

    Parameters
    ----------
    path
        The file.
    columns
        Where points go.
    former
        What the file held before; only what was appended to that is read.
    stepped
        Whether only lines count that name their step.
    cut
        Whether a last line without its end may be torn.

    Returns
    -------
    bool
        True.

    Raises
    ------
    Unfit, OSError
        If it is not read, or not further.
    """
    file, size = open_regular(path)
    with file:
        start = line_at(file, appended_at(file, size, former))
        if size - start > MOST_BYTES_OF_LINES:
            raise Unfit(f"it is larger than {MOST_BYTES_OF_LINES // 1_000_000} MB")
        file.seek(start)
        _Walk(columns).lines(file, named=stepped, cut=cut)
    return True


def read_trainer_state(path: str, columns: Columns) -> None:
    """Read ``log_history`` of a ``trainer_state.json``.

    Raises
    ------
    Unfit, ValueError, RecursionError, OSError
        If it is not read, or not further.
    """
    document = json.loads(_content(path))
    history = document.get("log_history") if isinstance(document, dict) else None
    if not isinstance(history, list):
        raise Unfit("it has no log_history")
    _Walk(columns).into([each for each in history if isinstance(each, dict)], "", None, 0)


def is_json(path: str) -> bool:
    """Whether a file begins as JSON does."""
    file, _ = open_regular(path)
    with file:
        return file.read(200).removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in (b"{", b"[")


def _content(path: str) -> str:
    file, size = open_regular(path)
    with file:
        if size > MOST_BYTES:
            raise Unfit(f"it is larger than {MOST_BYTES // 1_000_000} MB")
        return file.read(MOST_BYTES).decode("utf-8-sig")


def _is_lines(text: str) -> bool:
    """Whether the first of several lines is a document of its own."""
    lines = (line for line in text.splitlines() if line.strip())
    first, second = next(lines, None), next(lines, None)
    try:
        return second is not None and isinstance(json.loads(first or ""), dict)
    except ValueError:
        return False


class _Walk:
    """Walks through one document."""

    def __init__(self, columns: Columns) -> None:
        self.columns = columns
        self.nodes = 0

    def lines(self, lines: "BinaryIO | list[bytes]", *, named: bool, cut: bool = False) -> None:
        """Take one map a line."""
        bad = 0
        for place, line in enumerate(lines):
            if cut and not line.endswith(b"\n"):
                self.columns.problems["its last line is torn"] = None
                continue
            try:
                document = json.loads(line.decode("utf-8-sig")) if line.strip() else None
            except (ValueError, RecursionError):
                bad += 1
                continue
            if isinstance(document, dict) and (not named or _step_key(document) is not None):
                self._member(document, "", None, place, 0)
        if bad:
            self.columns.problems[f"{bad} lines are no JSON"] = None

    def into(self, document: Any, name: str, step: int | None, depth: int) -> None:
        """Take a part; `step` is that of the map around it, if one stated any."""
        self.nodes += 1
        if depth > _DEEPEST:
            raise Unfit("it is nested too deep")
        if self.nodes > _MOST_NODES:
            raise Unfit("it holds too much")
        if isinstance(document, dict):
            for key, each in document.items():
                self.into(each, _joined(name, key), step, depth + 1)
        elif isinstance(document, list):
            for place, each in enumerate(document):
                self._member(each, name, step, place, depth)
        elif (value := _number(document)) is not None:
            self.columns.add(name, step or 0, value)

    def _member(self, each: Any, name: str, step: int | None, place: int, depth: int) -> None:
        if step is not None or isinstance(each, list):
            self.into(each, _joined(name, str(place)), step, depth + 1)
        elif isinstance(each, dict):
            key = _step_key(each)
            rest = {other: value for other, value in each.items() if other != key}
            self.into(rest, name, place if key is None else each[key], depth + 1)
        else:
            self.into(each, name, place, depth + 1)


def _step_key(document: dict[str, Any]) -> str | None:
    return next((key for key in (*_STEPS, *_TOTALS) if _is_step(document.get(key))), None)


def _joined(name: str, key: str) -> str:
    key = key.encode("utf-8", "replace").decode("utf-8")
    return f"{name}.{key}" if name else key


def _is_step(value: Any) -> bool:
    return type(value) is int and -(1 << 62) <= value < 1 << 62


def _number(value: Any) -> float | None:
    """A number as a metric; None for anything else."""
    if isinstance(value, int | float):
        try:
            return float(value)
        except OverflowError:
            raise Unfit("it holds a number beyond 64 bits") from None
    if isinstance(value, str) and len(value) <= 9:
        number = _WORDS.get(value.lower().lstrip("+-"))
        return -number if number is not None and value.startswith("-") else number
    return None
