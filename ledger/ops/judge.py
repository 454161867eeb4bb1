"""The verdict on a replay: what differs, what of it counts, and where it may come from."""

from collections.abc import Callable, Sequence

from ledger.capture.metrics import holds_metrics
from ledger.compare import metrics as metric_rules
from ledger.compare.base import Comparison, Tolerance
from ledger.compare.texts import text
from ledger.errors import LedgerError
from ledger.model import Artifact, Cause, Difference, Host, Observed, Outcome, Stream, Verdict
from ledger.model.frozen import frozen, replace
from ledger.ops.allowances import JSON, NONE, Allowances
from ledger.ops.causes import Evidence, causes
from ledger.ops.diff_results import artifacts, compare_contents, outcome_metrics
from ledger.store.base import Store

_FREE = "it varies from run to run"
_TAIL = 1000
"""Bytes at the end of a stream in which its last line is looked for."""


@frozen
class Judged:
    """What a replay came to."""

    verdict: Verdict
    differences: tuple[Difference, ...] = ()
    causes: tuple[Cause, ...] = ()


def judge(
    recorded: Outcome,
    got: Outcome,
    store: Store,
    *,
    rtol: float,
    atol: float,
    strict: bool,
    timing: tuple[str, ...],
    drift: tuple[Difference, ...],
    seen: Observed | None,
    now: Observed | None,
    absent: Sequence[str],
    unrecorded: str | None = None,
    root: str = "",
    suspect: Callable[[str], str | None] = lambda _: None,
    allowances: Allowances = NONE,
    recreated: bool = False,
    hosts: tuple[Host, Host] | None = None,
    protected: bool = False,
    holds_metrics: Callable[[str], bool] = holds_metrics,
) -> Judged:
    """Compare two outcomes of one recipe: exit code, metrics and outputs; streams too, which count if strict.

    Parameters
    ----------
    recorded, got
        Of the trial and of its replay.
    store
        Where the contents of both are.
    rtol, atol
        Tolerance of metrics.
    strict
        Whether the streams count.
    timing
        Patterns of metrics that measure the clock.
    drift
        How the environment differs from the recorded one.
    seen, now
        What was observed at the trial and at its replay.
    absent
        Paths of the tree that were recorded without content, and were not there at the replay.
    unrecorded
        Why the record of its inputs is not complete, if so.
    root
        Where the trial ran; places in it are told relative to it.
    suspect
        Finds the line of the code that may use a generator of which only the name is known.
    allowances
        What is known to differ from run to run.
    recreated
        Whether the environment was made again, so that what drifted is not to be had as it was.
    hosts
        Where it ran, and where it ran now, if both are known.
    protected
        Whether the replay could not write outside of its root.
    holds_metrics
        Whether an output, by its path, holds metrics, so that the clock in it does not count either.
    """
    tolerance = Tolerance(rtol=rtol, atol=atol)
    damage: list[str] = []

    def compare(expected: Artifact, found: Artifact) -> Comparison | str:
        if allowances.free("outputs", expected.path):
            return Comparison(same=True, exact=False, detail=_FREE)
        near = allowances.tolerance("outputs", expected.path)
        if near is not None and expected.digest and found.digest:
            # JSON may also be the same by its values, in another form than any that was seen.
            values = expected.media_type in JSON
            masked = allowances.text(
                "outputs", expected.path, expected.digest, found.digest, store, clock=not values
            )
            if masked and (masked.same or not values):
                return masked
        compared = compare_contents(expected, found, store, near or tolerance)
        if isinstance(compared, str) and not (expected.omitted or found.omitted):
            damage.append(compared)
        return _without_clock(compared, timing) if holds_metrics(expected.path) else compared

    # 1. The parts that a verdict counts.
    differences: list[Difference] = []
    if recorded.exit_code != got.exit_code:
        differences.append(
            Difference(part="exit_code", path="", expected=recorded.exit_code, got=got.exit_code)
        )
    metrics, problems = outcome_metrics(recorded, got, store, tolerance, timing, allowances.metrics)
    differences += metrics
    differences += artifacts("outputs", recorded.outputs, got.outputs, store, compare)
    differences = [
        replace(each, counted=False, detail=_FREE) if allowances.free(each.part, each.path) else each
        for each in differences
    ]

    # 2. The streams.
    for name in ("stdout", "stderr"):
        found = _stream(name, getattr(recorded, name), getattr(got, name), store, strict, allowances)
        if found is not None:
            differences.append(found)

    # 3. What it comes to.
    results = [each for each in differences if each.part != "streams" or each.counted]
    counted = [each for each in results if each.counted]
    if counted:
        verdict = Verdict.DIVERGED
    elif any(each.part == "outputs" or not _only_clock(each) for each in results):
        verdict = Verdict.EQUIVALENT
    else:
        verdict = Verdict.IDENTICAL
    evidence = Evidence(
        drift=drift,
        recreated=recreated,
        seen=seen,
        now=now,
        hosts=hosts,
        absent=tuple(absent),
        unrecorded=unrecorded,
        problems=(*(each.reason for each in problems), *damage),
        protected=protected,
        root=root,
        suspect=suspect,
        failure=_failure(recorded, got, store),
    )
    return Judged(
        verdict=verdict,
        differences=(*differences, *drift),
        causes=causes(evidence) if counted else (),
    )


def _failure(recorded: Outcome, got: Outcome, store: Store) -> str | None:
    """What a command said last before it failed; None if it did not, or did so in the same way before."""
    if got.exit_code in (0, recorded.exit_code):
        return None
    said = f"exit code {got.exit_code}"
    for stream in filter(None, (got.stderr, got.stdout)):
        try:
            with store.open(stream.digest) as file:
                file.seek(max(stream.size - _TAIL, 0))
                lines = file.read(_TAIL).decode("utf-8", "replace").split("\n")
        except (LedgerError, OSError):
            continue
        last = next((line for line in map(str.strip, reversed(lines)) if line), None)
        if last is not None:
            return f"{said}: {last}"
    return said


def _without_clock(found: Comparison | str, timing: tuple[str, ...]) -> Comparison | str:
    """What differs only where the clock is measured does not count, as it does not among metrics."""
    if isinstance(found, str) or found.same or not found.places:
        return found
    if not all(metric_rules.measures_clock(each, timing) for each in found.places):
        return found
    return replace(found, same=True, detail=f"{found.detail}; measures the clock")


def _only_clock(difference: Difference) -> bool:
    """Whether a metric differs for no other reason than that it measures the clock."""
    return difference.part == "streams" or (difference.detail or "").endswith("measures the clock")


def _stream(
    name: str,
    recorded: Stream | None,
    got: Stream | None,
    store: Store,
    strict: bool,
    allowances: Allowances,
) -> Difference | None:
    digests = [each.digest if each else None for each in (recorded, got)]
    if digests[0] == digests[1]:
        return None
    shown = [str(each) if each else None for each in digests]
    detail, counted = "only one of them has it", strict
    if allowances.free("streams", name):
        detail, counted = _FREE, False
    elif digests[0] and digests[1]:
        try:
            compared = allowances.text("streams", name, digests[0], digests[1], store)
            if compared is None:
                with store.open(digests[0]) as expected, store.open(digests[1]) as found:
                    compared = text.compare_masked(expected, found)
            detail = compared.detail or "only clock text differs"
            counted = strict and not compared.same
        except LedgerError as error:
            detail = str(error).splitlines()[0]
    return Difference(
        part="streams", path=name, expected=shown[0], got=shown[1], detail=detail, counted=counted
    )
