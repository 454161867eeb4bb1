"""What two trials read and made that is not the same."""

import os
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from typing import BinaryIO

from ledger.capture import directories
from ledger.compare import bytes as byte_by_byte
from ledger.compare import metrics as metric_rules
from ledger.compare import registry
from ledger.compare.base import Comparison, Tolerance
from ledger.errors import LedgerError
from ledger.journal import series
from ledger.model import Artifact, Difference, Digest, Mode, Outcome, Trial
from ledger.ops import renamed
from ledger.ops.objects import Problem, one_line
from ledger.store.base import Store

_CLOSE = ("tracer", "outer")
"""Ways of watching that see what every program opens."""


def inputs(a: Trial, b: Trial, store: Store) -> tuple[Difference, ...]:
    """Compare what two trials read, by digest.

    What only one side has does not count where the other was not watched so that it would have been seen.
    """
    blind = {trial.id: trial.observed is None or trial.observed.watching not in _CLOSE for trial in (a, b)}
    found = artifacts("inputs", a.inputs, b.inputs, store)
    if not any(blind.values()) or all(blind.values()):
        return tuple(found)
    number, lacks = ("first", "expected") if blind[a.id] else ("second", "got")
    detail = f"the {number} was watched less closely, and may have read it too"
    return tuple(
        replace(each, counted=False, detail=detail) if getattr(each, lacks) is None else each
        for each in found
    )


def outputs(a: Trial, b: Trial, store: Store, tolerance: Tolerance) -> tuple[Difference, ...]:
    """Compare what two trials made: by digest, and where that differs by what the content's type says."""

    def judge(left: Artifact, right: Artifact) -> Comparison | str:
        return compare_contents(left, right, store, tolerance)

    sides = [trial.outcome.outputs if trial.outcome else () for trial in (a, b)]
    return tuple(artifacts("outputs", sides[0], sides[1], store, judge))


def metrics(
    a: Trial, b: Trial, store: Store, tolerance: Tolerance, timing: tuple[str, ...]
) -> tuple[tuple[Difference, ...], tuple[Problem, ...]]:
    """Compare the metrics of two trials, point by point."""
    return outcome_metrics(a.outcome, b.outcome, store, tolerance, timing)


def outcome_metrics(
    a: Outcome | None,
    b: Outcome | None,
    store: Store,
    tolerance: Tolerance,
    timing: tuple[str, ...],
    special: Mapping[str, Tolerance] | None = None,
) -> tuple[tuple[Difference, ...], tuple[Problem, ...]]:
    """Compare the metrics of two outcomes: where their series part, else by their summaries.

    Returns
    -------
    tuple of Difference and tuple of Problem
        Problems are series that could not be read; the summaries decide then.
    """
    partings: dict[str, str] | None = None
    problems: tuple[Problem, ...] = ()
    left, right = (each.series if each else None for each in (a, b))
    if left and right:
        partings, problems = _partings(left, right, store, tolerance, special or {})
    differences = metric_rules.compare(
        a.metrics if a else (),
        b.metrics if b else (),
        partings,
        tolerance=tolerance,
        timing=timing,
        special=special,
    )
    return differences, problems


def artifacts(
    part: str,
    expected: Iterable[Artifact],
    got: Iterable[Artifact],
    store: Store,
    judge: Callable[[Artifact, Artifact], Comparison | str] | None = None,
) -> list[Difference]:
    """Compare two lists of files by path.

    Parameters
    ----------
    part
        Of the record.
    expected, got
        The two sides.
    store
        Where the lists are of directories that stand for very many files.
    judge
        Asked about a path whose digests differ; text says why it does not know. A difference within the
        tolerance does not count. Where somebody can be asked, files that only their names tell apart, by the
        clock, a process or at random, are held against each other.
    """
    left, right = _apart(tuple(expected), tuple(got), store)
    names = renamed.pairs(left, right) if judge else {}
    paired = set(names.values())
    found: list[Difference] = []
    detail: str | None
    for path in sorted((left.keys() | right.keys()) - paired):
        a, b = left.get(path), right.get(names.get(path, path))
        if a is None or b is None:
            one = "first" if a else "second"
            detail, counted = f"only the {one} has it", True
        elif path not in names and _content(a) == _content(b):
            continue
        else:
            target = _renamed_target(path, a, b, names, store)
            detail, counted = (target, False) if target else _judged(a, b, judge)
            if path in names:
                detail = f"it is {names[path]} there; {detail or 'another content'}"
        found.append(
            Difference(
                part=part, path=path, expected=_shown(a), got=_shown(b), detail=detail, counted=counted
            )
        )
    return found


def _renamed_target(
    path: str, a: Artifact, b: Artifact, names: Mapping[str, str], store: Store
) -> str | None:
    """What to say of two links to what only its name tells apart; None if they are no such links."""
    if not (a.mode == b.mode == Mode.LINK and a.digest and b.digest):
        return None
    try:
        targets = [os.fsdecode(store.get(each)) for each in (a.digest, b.digest)]
    except LedgerError:
        return None
    directory = os.path.dirname(path)
    there = os.path.dirname(names.get(path, path))
    left = os.path.normpath(os.path.join(directory, targets[0]))
    right = os.path.normpath(os.path.join(there, targets[1]))
    for old, new in names.items():
        if f"{old}/".startswith(f"{left}/") and new == f"{right}{old[len(left) :]}":
            return f"it leads to {right} there"
    return None


def _judged(
    a: Artifact, b: Artifact, judge: Callable[[Artifact, Artifact], Comparison | str] | None
) -> tuple[str | None, bool]:
    """What to say of two files that are to be the same, and whether it counts."""
    if _content(a) == _content(b):
        return "the same content", False
    if a.mode != b.mode:
        return f"mode {a.mode:o} became {b.mode:o}", True
    judged = judge(a, b) if judge else None
    if isinstance(judged, Comparison):
        return judged.detail, not judged.same
    return judged, True


def _apart(
    expected: tuple[Artifact, ...], got: tuple[Artifact, ...], store: Store
) -> tuple[dict[str, Artifact], dict[str, Artifact]]:
    """Both sides by path; a directory that is not the same on both is told file by file."""
    groups = [{each for each in side if directories.is_group(each)} for side in (expected, got)]
    same = groups[0] & groups[1]
    sides: list[dict[str, Artifact]] = []
    for side in (expected, got):
        found: dict[str, Artifact] = {}
        for each in side:
            try:
                files = (each,) if each in same else tuple(directories.expanded((each,), store.get))
            except LedgerError:
                files = (each,)  # its list is damaged, which verify says: the directory is told as a whole
            found.update((file.path, file) for file in files)
        sides.append(found)
    return sides[0], sides[1]


def compare_contents(a: Artifact, b: Artifact, store: Store, tolerance: Tolerance) -> Comparison | str:
    """Compare the contents of two artifacts as their media type asks for.

    Returns
    -------
    Comparison or str
        Text says why they could not be compared.
    """
    with ExitStack() as stack:
        files = []
        for each in (a, b):
            if each.digest is None or each.omitted:
                return f"{each.size} bytes recorded without content ({each.omitted or 'unreadable'})"
            try:
                # Opened contents are not checked, and what damaged bytes show must not soften a verdict.
                store.check(each.digest)
                files.append(stack.enter_context(store.open(each.digest)))
            except LedgerError as error:
                return one_line(error)
        try:
            return registry.find(a.media_type)(files[0], files[1], tolerance)
        except LedgerError as error:
            return one_line(error)
        except Exception as error:  # noqa: BLE001 - whatever a program wrote, its replay comes to a verdict
            return _by_bytes(files[0], files[1], tolerance, error)


def _by_bytes(one: BinaryIO, other: BinaryIO, tolerance: Tolerance, error: Exception) -> Comparison:
    """What is left where a comparator has a fault: nothing is wrong with the record."""
    for each in (one, other):
        each.seek(0)
    found = byte_by_byte.compare(one, other, tolerance)
    fault = f"{type(error).__name__}: {error}"[:200]
    return (
        found
        if found.exact
        else replace(found, detail=f"{found.detail} (compared as bytes, by a fault of ours: {fault})")
    )


def _content(artifact: Artifact) -> tuple[object, ...]:
    if artifact.digest:
        return artifact.mode, artifact.digest
    return artifact.mode, artifact.size, artifact.omitted


def _shown(artifact: Artifact | None) -> str | None:
    if artifact is None:
        return None
    # As text: in an entry, which may hold any value here, a digest would come back as nameless bytes.
    return str(artifact.digest) if artifact.digest else artifact.omitted or "unreadable"


def _partings(
    left: Digest, right: Digest, store: Store, tolerance: Tolerance, special: Mapping[str, Tolerance]
) -> tuple[dict[str, str] | None, tuple[Problem, ...]]:
    contents: list[bytes] = []
    problems: list[Problem] = []
    for digest in (left, right):
        try:
            contents.append(store.get(digest))
        except LedgerError as error:
            problems.append(Problem(part="metrics", object=str(digest), reason=one_line(error)))
    if problems:
        return None, tuple(problems)
    try:
        near = {name: each.allows for name, each in special.items()}
        found = series.partings(contents[0], contents[1], tolerance.allows, near)
    except LedgerError as error:
        problem = Problem(part="metrics", object=f"{left}, {right}", reason=one_line(error))
        return None, (problem,)
    return {each.metric: _where(each) for each in found}, ()


def _where(parting: series.Parting) -> str:
    values = ["nothing" if value is None else repr(value) for value in (parting.expected, parting.got)]
    return f"they part at step {parting.step}: {values[0]} and {values[1]}"
