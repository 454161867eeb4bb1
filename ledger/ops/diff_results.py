"""What two trials read and made that is not the same."""

from collections.abc import Callable, Iterable
from contextlib import ExitStack

from ledger.compare import metrics as metric_rules
from ledger.compare import registry
from ledger.compare.base import Comparison, Tolerance
from ledger.errors import LedgerError
from ledger.journal import series
from ledger.model import Artifact, Difference, Digest, Outcome, Trial
from ledger.ops.objects import Problem, one_line
from ledger.store.base import Store


def inputs(a: Trial, b: Trial) -> tuple[Difference, ...]:
    """Compare what two trials read, by digest."""
    return tuple(artifacts("inputs", a.inputs, b.inputs))


def outputs(a: Trial, b: Trial, store: Store, tolerance: Tolerance) -> tuple[Difference, ...]:
    """Compare what two trials made: by digest, and where that differs by what the content's type says."""

    def judge(left: Artifact, right: Artifact) -> Comparison | str:
        return compare_contents(left, right, store, tolerance)

    sides = [trial.outcome.outputs if trial.outcome else () for trial in (a, b)]
    return tuple(artifacts("outputs", sides[0], sides[1], judge))


def metrics(
    a: Trial, b: Trial, store: Store, tolerance: Tolerance, timing: tuple[str, ...]
) -> tuple[tuple[Difference, ...], tuple[Problem, ...]]:
    """Compare the metrics of two trials, point by point."""
    return outcome_metrics(a.outcome, b.outcome, store, tolerance, timing)


def outcome_metrics(
    a: Outcome | None, b: Outcome | None, store: Store, tolerance: Tolerance, timing: tuple[str, ...]
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
        partings, problems = _partings(left, right, store, tolerance)
    differences = metric_rules.compare(
        a.metrics if a else (),
        b.metrics if b else (),
        partings,
        tolerance=tolerance,
        timing=timing,
    )
    return differences, problems


def artifacts(
    part: str,
    expected: Iterable[Artifact],
    got: Iterable[Artifact],
    judge: Callable[[Artifact, Artifact], Comparison | str] | None = None,
) -> list[Difference]:
    """Compare two lists of files by path.

    Parameters
    ----------
    part
        Of the record.
    expected, got
        The two sides.
    judge
        Asked about a path whose digests differ; text says why it does not know. A difference within the
        tolerance does not count.
    """
    left, right = {each.path: each for each in expected}, {each.path: each for each in got}
    found: list[Difference] = []
    for path in sorted(left.keys() | right.keys()):
        a, b = left.get(path), right.get(path)
        counted = True
        if a is None or b is None:
            detail: str | None = f"only the {'first' if a else 'second'} has it"
        elif _content(a) == _content(b):
            continue
        elif a.mode != b.mode:
            detail = f"mode {a.mode:o} became {b.mode:o}"
        else:
            judged = judge(a, b) if judge else None
            detail = judged.detail if isinstance(judged, Comparison) else judged
            counted = not (isinstance(judged, Comparison) and judged.same)
        found.append(
            Difference(
                part=part, path=path, expected=_shown(a), got=_shown(b), detail=detail, counted=counted
            )
        )
    return found


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
    left: Digest, right: Digest, store: Store, tolerance: Tolerance
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
        found = series.partings(contents[0], contents[1], tolerance.allows)
    except LedgerError as error:
        problem = Problem(part="metrics", object=f"{left}, {right}", reason=one_line(error))
        return None, (problem,)
    return {each.metric: _where(each) for each in found}, ()


def _where(parting: series.Parting) -> str:
    values = ["nothing" if value is None else repr(value) for value in (parting.expected, parting.got)]
    return f"they part at step {parting.step}: {values[0]} and {values[1]}"
