"""The verdict on a replay: what differs, what of it counts, and where it may come from."""

from collections.abc import Callable, Sequence

from ledger.capture.metrics import NAME as METRICS_FILE
from ledger.compare import json_values, text
from ledger.compare.base import Comparison, Tolerance
from ledger.compare.metrics import is_timing
from ledger.errors import LedgerError
from ledger.model import Artifact, Cause, Difference, Digest, Entropy, Observed, Outcome, Stream, Verdict
from ledger.model.frozen import frozen
from ledger.ops.diff_results import artifacts, compare_contents, outcome_metrics
from ledger.store.base import Store

_SHOWN = 3


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
    suspect: Callable[[str], str | None] = lambda _: None,
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
    suspect
        Finds the line of the code that may use a generator of which only the name is known.
    """
    tolerance = Tolerance(rtol=rtol, atol=atol)

    def compare(expected: Artifact, found: Artifact) -> Comparison | str:
        if expected.path.rpartition("/")[2] == METRICS_FILE and expected.digest and found.digest:
            judged = _metrics_file(expected.digest, found.digest, store, tolerance, timing)
            if judged is not None:
                return judged
        return compare_contents(expected, found, store, tolerance)

    # 1. The parts that a verdict counts.
    differences: list[Difference] = []
    if recorded.exit_code != got.exit_code:
        differences.append(
            Difference(part="exit_code", path="", expected=recorded.exit_code, got=got.exit_code)
        )
    metrics, problems = outcome_metrics(recorded, got, store, tolerance, timing)
    differences += metrics
    differences += artifacts("outputs", recorded.outputs, got.outputs, compare)

    # 2. The streams.
    for name in ("stdout", "stderr"):
        found = _stream(name, getattr(recorded, name), getattr(got, name), store, strict)
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
    reasons = [each.reason for each in problems]
    causes = _causes(drift, seen, now, absent, reasons, suspect) if counted else ()
    return Judged(verdict=verdict, differences=(*differences, *drift), causes=causes)


def _metrics_file(
    expected: Digest, found: Digest, store: Store, tolerance: Tolerance, timing: tuple[str, ...]
) -> Comparison | None:
    """Judge a metrics file that differs only in what measures the clock; None if anything else differs."""
    contents: list[bytes] = []
    try:
        for digest in (expected, found):
            with store.open(digest) as file:
                contents.append(file.read(json_values.MOST_BYTES + 1))
    except LedgerError:
        return None  # the usual comparison says what cannot be read
    apart = json_values.partings(contents[0], contents[1], tolerance)
    if not apart or not all(each.near or _measures_clock(each.path, timing) for each in apart):
        return None
    clock = [each for each in apart if not each.near]
    if not clock:
        return None
    return Comparison(same=True, exact=False, detail=f"{json_values.summary(clock)}; measures the clock")


def _measures_clock(path: str, timing: tuple[str, ...]) -> bool:
    keys = [key for key in path.split(".") if not key.isdecimal()]  # a place in a list is no part of a name
    return is_timing(".".join(keys), timing)


def _only_clock(difference: Difference) -> bool:
    """Whether a metric differs for no other reason than that it measures the clock."""
    return difference.part == "streams" or (difference.detail or "").endswith("measures the clock")


def _stream(
    name: str, recorded: Stream | None, got: Stream | None, store: Store, strict: bool
) -> Difference | None:
    digests = [each.digest if each else None for each in (recorded, got)]
    if digests[0] == digests[1]:
        return None
    shown = [str(each) if each else None for each in digests]
    detail, counted = "only one of them has it", strict
    if digests[0] and digests[1]:
        try:
            with store.open(digests[0]) as expected, store.open(digests[1]) as found:
                compared = text.compare_masked(expected, found)
            detail = compared.detail or "only clock text differs"
            counted = strict and not compared.same
        except LedgerError as error:
            detail = str(error).splitlines()[0]
    return Difference(
        part="streams", path=name, expected=shown[0], got=shown[1], detail=detail, counted=counted
    )


def _drew(entropy: Entropy, suspect: Callable[[str], str | None]) -> str:
    if entropy.where is not None:
        return f"{entropy.generator} drew fresh entropy at {entropy.where}"
    line = suspect(entropy.generator)
    where = f"the first line that uses it is {line}" if line else "at an unknown place"
    return f"the global generator of {entropy.generator} was never seeded; {where}"


def _causes(
    drift: tuple[Difference, ...],
    seen: Observed | None,
    now: Observed | None,
    absent: Sequence[str],
    problems: Sequence[str],
    suspect: Callable[[str], str | None],
) -> tuple[Cause, ...]:
    """What was observed that can make a result come out otherwise, the likeliest first."""
    causes: list[Cause] = []
    if drift:
        shown = "; ".join(f"{each.path}: {each.expected} → {each.got}" for each in drift[:_SHOWN])
        more = f" and {len(drift) - _SHOWN} more" if len(drift) > _SHOWN else ""
        causes.append(
            Cause(
                cause="the environment is not the recorded one",
                evidence=shown + more,
                hint="ledger replay --env recreate makes the recorded one again",
            )
        )
    if seen and now and seen.affinity != now.affinity:
        causes.append(
            Cause(
                cause="another number of processors",
                evidence=f"{seen.affinity} then, {now.affinity} now",
                hint=f"taskset -c 0-{seen.affinity - 1} ledger replay … gives it as many",
            )
        )
    for each in seen.entropy[:_SHOWN] if seen else ():
        causes.append(
            Cause(
                cause="a generator without a seed",
                evidence=_drew(each, suspect),
                hint="seed it in the program, or record with: ledger run --seed 1 …",
            )
        )
    if seen and not any(each.generator == "PYTHONHASHSEED" for each in seen.seeded) and not seen.entropy:
        unseeded = not any(each.enforced for each in seen.seeded)
        if unseeded:
            causes.append(
                Cause(
                    cause="randomness that nobody pinned (hash order, an unseeded generator, the clock)",
                    evidence="the trial was recorded without --seed",
                    hint="record it with: ledger run --seed 1 … and replay that",
                )
            )
    if absent:
        causes.append(
            Cause(
                cause="files were recorded without their content",
                evidence=", ".join(absent[:_SHOWN]),
                hint="name what the program reads: ledger run --input PATH …",
            )
        )
    for problem in problems:
        causes.append(Cause(cause="a record is damaged", evidence=problem, hint="ledger verify"))
    return tuple(causes)
