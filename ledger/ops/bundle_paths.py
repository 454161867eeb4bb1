"""The paths in entries that came from outside: each is one that capturing can have recorded."""

from collections.abc import Iterable, Iterator

from ledger.errors import FormatError
from ledger.model import (
    Artifact,
    CodeSnapshot,
    Mode,
    Recorded,
    TrialFinished,
    TrialLost,
    TrialReplayed,
    TrialStarted,
)
from ledger.model.bundle import refused
from ledger.model.manifest import check_path


def check_paths(entries: Iterable[Recorded], what: str) -> None:
    """Refuse entries by which a replay would write, read or change into what is elsewhere.

    Raises
    ------
    DamagedError
        If one has a path that leads elsewhere; the cause names the place.
    """
    for place, each in enumerate(entries):
        try:
            for path in _paths(each):
                _check_place(path)
        except FormatError as error:
            raise refused(what, f"entries[{place}]: {error.message}: {error.cause}") from error


def _check_place(path: str) -> None:
    """A path from the root, the root itself, or an absolute one that says where it is."""
    if path != ".":
        check_path(path[1:] if path.startswith("/") else path)


def _paths(recorded: Recorded) -> Iterator[str]:
    payload = recorded.entry.payload
    match payload:
        case TrialStarted():
            yield payload.root
            yield payload.intent.directory
            yield from (path for path, _ in payload.intent.inputs)
            yield from _artifacts((*payload.inputs, *payload.locks))
            for snapshot in payload.code:
                yield from _code(snapshot)
        case TrialFinished():
            yield from _artifacts((*payload.inputs, *payload.outcome.outputs))
            yield from (each.file for each in payload.wheels)
        case TrialLost():
            yield from _artifacts((*payload.inputs, *payload.outcome.outputs))
        case TrialReplayed():
            yield from _artifacts(payload.outcome.outputs if payload.outcome else ())
        case _:
            pass  # it names no path that anything is done with


def _artifacts(artifacts: Iterable[Artifact]) -> Iterator[str]:
    for each in artifacts:
        if each.mode not in Mode.ALL:
            raise FormatError("an unknown mode", cause=f"{each.path!r} has mode {each.mode:o}")
        yield each.path


def _code(snapshot: CodeSnapshot) -> Iterator[str]:
    yield snapshot.name.replace("/", "-")  # as the directory that it is restored into
    yield from snapshot.paths
    yield from (each.path for each in snapshot.nested)
    yield from (each.path for each in snapshot.notebooks)
