"""A content that trials read: by which names, in which experiments, and who made it."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ledger.capture.directories import expanded, is_group
from ledger.errors import LedgerError, NotFoundError
from ledger.model import Artifact, Digest, Trial
from ledger.model.jsonform import rfc3339, to_json
from ledger.ops import uses
from ledger.ops.indexed import asked
from ledger.ui.data import Document, Query, asked_digest
from ledger.ui.data.remembered import remembered
from ledger.ui.source import Source

if TYPE_CHECKING:
    from ledger.journal.held import Held
    from ledger.journal.positions import Logs

MOST = 500
"""Trials that are told of, the newest ones."""


def answer(source: Source, query: Query) -> Document:
    """What is known of the content ``digest``: a file, one within a directory, or the files of a directory.

    Returns
    -------
    dict
        ``names`` with how many trials read it so, ``size`` in bytes, ``kept`` (whether the store has it),
        ``directory``, ``experiments`` with how many trials each, ``trials`` (the `MOST` newest of ``count``)
        and ``makers``: trials that wrote it.

    Raises
    ------
    UsageError
        If it is no digest.
    NotFoundError
        If no trial read or wrote it.
    """
    digest = asked_digest(query.get("digest", ""))
    return remembered(source, ("input", digest), lambda: _told(source, digest))


def _told(source: Source, digest: Digest) -> Document:
    # Without an index, or with an artifact that another release wrote, all of the journal is read.
    found = asked(source.workspace.journal, lambda held, logs: _indexed(held, logs, source, digest))
    return found or _by_reading(source, digest)


def _indexed(held: "Held", logs: "Logs", source: Source, digest: Digest) -> Document:
    from ledger.ops import readers  # which needs numpy
    from ledger.ui.data import told

    uses = readers.find(held, logs, digest, source.get)
    columns = told.Columns(held, logs)
    own = columns.experiments()
    return _document(
        source,
        digest,
        found=[each for some in (*uses.readers.values(), *uses.makers.values()) for each in some],
        experiments=Counter(own.get(number) for number in uses.readers),
        readers=(len(uses.readers), columns.short(list(uses.readers)[: -MOST - 1 : -1])),
        makers=columns.short(list(uses.makers)[: -MOST - 1 : -1]),
    )


def _by_reading(source: Source, digest: Digest) -> Document:
    trials = source.trials()
    ids = uses.users(trials, digest, source.get)
    readers = [trial for trial in trials if trial.id in ids]
    makers = [trial for trial in trials if _outputs(trial, digest)]
    lists: dict[Digest, tuple[Artifact, ...]] = {}
    found = [each for trial in readers for each in _named(trial.inputs, digest, source, lists)]
    found += [each for trial in makers for each in _outputs(trial, digest)]
    return _document(
        source,
        digest,
        found=found,
        experiments=Counter(trial.experiment for trial in readers),
        readers=(len(readers), [_short(trial) for trial in readers[: -MOST - 1 : -1]]),
        makers=[_short(trial) for trial in makers[: -MOST - 1 : -1]],
    )


def _document(
    source: Source,
    digest: Digest,
    *,
    found: Sequence[Artifact],
    experiments: "Counter[str | None]",
    readers: tuple[int, list[Document]],
    makers: list[Document],
) -> Document:
    if not readers[0] and not makers:
        raise NotFoundError(f"no trial read or wrote {digest}", hint="see what one read: ledger show @")
    names = Counter(each.path for each in found)
    return {
        "digest": str(digest),
        "names": [{"path": to_json(path), "count": count} for path, count in names.most_common()],
        "size": max((each.size for each in found), default=0),
        "media_type": next((each.media_type for each in found), None),
        "directory": any(is_group(each) and each.digest == digest for each in found),
        "kept": source.workspace.store.has(digest),
        "omitted": next((each.omitted for each in found if each.omitted), None),
        "experiments": [{"name": name, "count": count} for name, count in experiments.most_common()],
        "count": readers[0],
        "trials": readers[1],
        "makers": makers,
    }


def _outputs(trial: Trial, digest: Digest) -> list[Artifact]:
    outputs = () if trial.outcome is None else trial.outcome.outputs
    return [each for each in outputs if each.digest == digest]


def _named(
    inputs: tuple[Artifact, ...], digest: Digest, source: Source, lists: dict[Digest, tuple[Artifact, ...]]
) -> Iterator[Artifact]:
    """The artifacts that the content is, those within directories among them."""
    for each in inputs:
        if each.digest == digest:
            yield each
        elif each.digest is not None and is_group(each):
            if each.digest not in lists:
                try:
                    lists[each.digest] = tuple(expanded([each], source.get))
                except LedgerError:
                    lists[each.digest] = ()  # `ledger verify` names it
            yield from (one for one in lists[each.digest] if one.digest == digest)


def _short(trial: Trial) -> Document:
    return {
        "id": str(trial.id),
        "name": trial.name,
        "experiment": trial.experiment,
        "status": str(trial.status),
        "started": rfc3339(trial.started),
    }
