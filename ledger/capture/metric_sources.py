"""Files of metrics, read: each by what it is, in bounded memory, with what is left out."""

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

from ledger.capture import metrics
from ledger.capture.metric_names import DOCUMENT, TABLE, TENSORBOARD, Source
from ledger.capture.metric_points import Columns, Former, Unfit, said

MOST_POINTS = 5_000_000
"""Of one trial, from files."""
_LINES = (".jsonl", ".ndjson")
_LINES_TOO = ("progress.json",)


class Sources:
    """Reads files, and keeps what is in them."""

    def __init__(self, root: Path, former: Former | None, cut: bool) -> None:
        self.root, self.former, self.cut = root, former, cut
        self.room = MOST_POINTS
        self.sources: list[Source] = []
        self.problems: list[str] = []
        self.hyperparameters: dict[str, str | float | bool] = {}

    def file(self, path: str, *, stepped: bool) -> None:
        """Read one file that is no event file; if `stepped`, only what says its step counts."""
        base = os.path.basename(path).lower()
        columns = Columns(self.room)
        document = base.endswith(".json") and base not in _LINES_TOO
        told = len(self.problems)
        self._guarded(path, columns, partial(self._read, path, base, columns, stepped), whole=document)
        if stepped and not columns.of:
            del self.problems[told:]  # it is data
        self._keep(
            Source(
                kind=DOCUMENT if base == metrics.NAME else TABLE,
                place=(*_parts(os.path.dirname(path)), os.path.splitext(os.path.basename(path))[0]),
                label=_text(os.path.basename(path)),
                columns=columns,
            )
        )

    def directory(self, directory: str, files: list[str]) -> None:
        """Read the event files of one directory."""
        from ledger.capture.metrics_tensorboard import Reader

        columns = Columns(self.room)
        reader = Reader(columns)
        for path in files:
            self._guarded(path, columns, partial(reader.read, self._at(path), self._before(path)))
        self.hyperparameters.update(reader.hyperparameters)
        self._keep(Source(TENSORBOARD, _parts(directory), "tensorboard", columns))

    def _read(self, path: str, base: str, columns: Columns, stepped: bool) -> None:
        from ledger.capture import metrics_csv, metrics_json

        at = self._at(path)
        if base == metrics.TRAINER_STATE:
            metrics_json.read_trainer_state(at, columns)
            return
        if base.endswith(".json") and base not in _LINES_TOO:
            metrics_json.read_document(at, columns)
            return
        lines = not metrics_csv.is_named_so(base) and (base.endswith(_LINES) or metrics_json.is_json(at))
        read = metrics_json.read_lines if lines else metrics_csv.read
        fits = read(at, columns, former=self._before(path), stepped=stepped, cut=self.cut)
        if not (fits or stepped):
            raise Unfit("expected a first line with the columns' names")

    def _guarded(self, path: str, columns: Columns, read: Callable[[], None], *, whole: bool = False) -> None:
        """Read a file; one that fails leaves a problem, and of a `whole` document nothing else."""
        try:
            read()
        except (OSError, Unfit, ValueError, RecursionError) as error:
            reason = "it is nested too deep" if isinstance(error, RecursionError) else error
            if whole:
                columns.of.clear()
            how = "was not read to its end" if columns.of else "was not read"
            self.problems.append(said(f"{path} {how}", reason))
        self.problems.extend(said(path, each) for each in columns.problems)
        columns.problems.clear()

    def _keep(self, source: Source) -> None:
        self.room = max(0, source.columns.room)
        if source.columns.of:
            self.sources.append(source)

    def _at(self, path: str) -> str:
        return os.path.join(self.root, path)

    def _before(self, path: str) -> bytes | Path | None:
        return self.former(path) if self.former is not None else None


def _parts(directory: str) -> tuple[str, ...]:
    return tuple(_text(each) for each in directory.split("/") if each)


def _text(name: str) -> str:
    """A part of a path as a part of a metric's name."""
    return name.encode("utf-8", "replace").decode()
