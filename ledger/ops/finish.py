"""All of a trial that is known once its command has ended: from its spool, and from its tree."""

import os
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

from ledger.capture import events as reported
from ledger.capture import files, hyperparameters, metrics, process
from ledger.capture.events import Events
from ledger.capture.files import Scan
from ledger.capture.hyperparameters import Raw
from ledger.capture.known import Known
from ledger.capture.observed import observed
from ledger.capture.secrets import Secrets
from ledger.errors import LedgerError
from ledger.journal.series_spool import merge_spool
from ledger.model import (
    Artifact,
    ArtifactRole,
    Digest,
    HealthLine,
    HealthState,
    Hyperparameter,
    Interpreter,
    MetricSummary,
    Observed,
    Outcome,
    Status,
    Stream,
    Value,
)
from ledger.model.frozen import frozen
from ledger.ops.execute import Exit, StreamNote
from ledger.store.base import Store

COMPLETE, PARTIAL, ABSENT = HealthState.COMPLETE, HealthState.PARTIAL, HealthState.ABSENT


@frozen
class Collected:
    """What an execution left behind."""

    hyperparameters: tuple[Hyperparameter, ...] = ()
    observed: Observed
    outputs: tuple[Artifact, ...] = ()
    metrics: tuple[MetricSummary, ...] = ()
    series: Digest | None = None
    stdout: Stream | None = None
    stderr: Stream | None = None
    health: tuple[HealthLine, ...] = ()

    def outcome(self, end: Exit) -> Outcome:
        """Put together with how the process ended."""
        return Outcome(
            status=status_of(end),
            exit_code=end.exit_code,
            signal=end.signal,
            outputs=self.outputs,
            metrics=self.metrics,
            series=self.series,
            stdout=self.stdout,
            stderr=self.stderr,
            started=end.started_ns,
            duration_s=end.duration_s,
            cpu_user_s=end.user_s,
            cpu_system_s=end.system_s,
            peak_memory=end.peak_memory,
        )


def status_of(end: Exit) -> Status:
    """Status that an end amounts to."""
    if end.signal is not None:
        return Status.KILLED
    return Status.OK if end.exit_code == 0 else Status.FAILED


@frozen
class Leavings:
    """Where to look for what an execution left, and what to hold it against."""

    spool: Path
    root: Path
    skip: frozenset[Path]
    before: Scan | None
    """The tree before; None where it is not known, and no output can be told."""
    secrets: Secrets
    raw: Raw
    parameters: tuple[tuple[str, Value], ...] = ()
    interpreter: Interpreter | None = None
    placing: tuple[tuple[str, str], ...] = ()
    declared: tuple[str, ...] = ()
    """Paths of outputs that were declared, absolute."""
    known: Known | None = None
    streams: tuple[StreamNote, ...] = ()
    withheld: str | None = None
    """Why the streams must not be stored, if so."""


def collect(store: Store, left: Leavings) -> Collected:
    """Read, store and describe what is left; a part that cannot be had becomes a health line, never an error.

    Everything is put and flushed when this returns.
    """
    collecting = _Collecting(store, left)
    collecting.guard("hyperparameters", collecting.reports)
    collecting.guard("outputs", collecting.files)
    collecting.guard("metrics", collecting.series)
    collecting.guard("streams", collecting.streams)
    collecting.guard("outputs", store.flush)
    return replace(collecting.result, health=tuple(collecting.health.values()))


class _Collecting:
    """One part after the other; each leaves a health line."""

    def __init__(self, store: Store, left: Leavings) -> None:
        self.store, self.left = store, left
        self.health: dict[str, HealthLine] = {}
        self.events = Events()
        self.result = Collected(
            observed=Observed(affinity=process.affinity(), variables=left.placing),
            hyperparameters=hyperparameters.merge(left.raw, left.parameters, secrets=left.secrets),
        )

    def guard(self, part: str, step: Callable[[], None]) -> None:
        """Take a step; if it fails, the part is absent, and the record says why."""
        try:
            step()
        except (LedgerError, OSError) as error:
            self._say(part, ABSENT, " ".join(str(error).split("\n")))
        except Exception as error:  # noqa: BLE001 - the command has run: a fault of ours must not cost its record
            self._say(part, ABSENT, f"{type(error).__name__}: {' '.join(str(error).split())[:500]}")

    def reports(self) -> None:
        """Read what the script's calls and the probe said."""
        left = self.left
        self.events = events = reported.read(left.spool)
        merged = hyperparameters.merge(left.raw, left.parameters, events, secrets=left.secrets)
        seen = observed(events, affinity=process.affinity(), variables=left.placing, known=left.interpreter)
        self.result = replace(self.result, hyperparameters=merged, observed=seen)
        self._say("hyperparameters", PARTIAL if left.raw.problems else COMPLETE, "; ".join(left.raw.problems))
        if events.processes:
            self._say("probe", PARTIAL if events.problems else COMPLETE, "; ".join(events.problems[:5]))
            self._say("seeds", COMPLETE)
        else:
            self._say("probe", ABSENT, "no Python process reported itself")
            self._say("seeds", ABSENT, "no Python process reported itself")

    def files(self) -> None:
        """Store the files that changed, and those that were declared."""
        left = self.left
        if left.before is None:
            self._say("outputs", ABSENT, "the recorder died before the command ended")
            return
        if not left.root.is_dir():
            self._say("outputs", ABSENT, f"{left.root} is gone")
            return
        after = files.scan(left.root, left.skip)
        declared = [*left.declared, *(each.path for each in self.events.artifacts)]
        paths = dict.fromkeys([*files.changed(left.before, after), *declared])
        found, problems = files.artifacts(
            left.root, paths, ArtifactRole.OUTPUT, put=self.store, known=left.known
        )
        self.result = replace(self.result, outputs=found)
        problems = [*after.problems, *problems]
        self._say("outputs", PARTIAL if problems else COMPLETE, "; ".join(problems))
        if left.known is not None:
            left.known.save(after.files)

    def series(self) -> None:
        """Unite the metric points of all processes, and of metrics files."""
        left = self.left
        found = metrics.from_files(left.root, (each.path for each in self.result.outputs))
        target = left.spool / "series"
        target.unlink(missing_ok=True)
        merged = merge_spool(left.spool, target, extra=found.points)
        if merged.summaries:
            digest, _ = self.store.put_file(target)
            self.result = replace(self.result, metrics=merged.summaries, series=digest)
        problems = [*found.problems, *merged.problems]
        self._say("metrics", PARTIAL if problems else COMPLETE, "; ".join(problems))

    def streams(self) -> None:
        """Store both streams, secrets masked."""
        if self.left.withheld is not None:
            self._say("streams", ABSENT, self.left.withheld)
            return
        stored = {name: self._stream(name) for name in ("stdout", "stderr")}
        self.result = replace(self.result, stdout=stored["stdout"], stderr=stored["stderr"])
        notes = [f"{each.name}: {each.reason}" for each in self.left.streams if not each.complete]
        for each in self.left.streams:
            if each.complete and each.reason is None and stored[each.name] is None:
                notes.append(f"{each.name}: its file {self.left.spool / each.name} is gone")
        self._say("streams", PARTIAL if notes else COMPLETE, "; ".join(notes))

    def _stream(self, name: str) -> Stream | None:
        path = self.left.spool / name
        if not path.is_file():
            return None
        if not self.left.secrets.empty:
            masked = self.left.spool / f"{name}.masked"
            self.left.secrets.mask_file(path, masked)
            path = masked
        digest, size = self.store.put_file(path)
        return Stream(digest=digest, size=size)

    def _say(self, part: str, state: HealthState, reason: str | None = None) -> None:
        if state is COMPLETE and part in self.health:
            return  # a flush that went well does not mend an absent part
        self.health[part] = HealthLine(part=part, state=state, reason=reason or None)


def united(before: Iterable[HealthLine], after: Iterable[HealthLine]) -> tuple[HealthLine, ...]:
    """Health lines of a whole trial: one a part, the later one counts, save that it cannot mend."""
    lines = {line.part: line for line in before}
    for line in after:
        earlier = lines.get(line.part)
        if earlier is None or earlier.state is COMPLETE:
            lines[line.part] = line
        elif line.reason and line.reason != earlier.reason:
            state = ABSENT if ABSENT in (earlier.state, line.state) else PARTIAL
            lines[line.part] = replace(earlier, state=state, reason=f"{earlier.reason}; {line.reason}")
    return tuple(lines[part] for part in sorted(lines))


def absolute(paths: Iterable[str], directory: Path) -> tuple[str, ...]:
    """`paths` as given from `directory`, made absolute."""
    return tuple(os.path.join(directory, path) for path in paths)
