"""All of a trial that is known once its command has ended: from its spool, and from its tree."""

import os
import signal
from collections.abc import Callable, Iterable
from pathlib import Path

from ledger import processors
from ledger.capture import directories, files, hyperparameters, inputs, metrics, outputs
from ledger.capture import events as reported
from ledger.capture.accesses import Watched, Watching, of_originals, respelled
from ledger.capture.configuration_files import SUFFIXES, ConfigurationFile
from ledger.capture.edited import Edited, edited
from ledger.capture.events import Events
from ledger.capture.known import Known
from ledger.capture.observed import observed
from ledger.capture.parses import ambiguous, of_program
from ledger.capture.places import Places
from ledger.capture.unprobed import unprobed
from ledger.capture.walk import named, raw
from ledger.errors import LedgerError
from ledger.journal.series_spool import merge_spool
from ledger.model import (
    Artifact,
    ArtifactRole,
    Digest,
    HealthLine,
    HealthState,
    Hyperparameter,
    MetricSummary,
    Observed,
    Outcome,
    Status,
    Stream,
    Value,
)
from ledger.model.frozen import frozen, replace
from ledger.ops.execute import Exit
from ledger.ops.leavings import Leavings
from ledger.store.base import Store

COMPLETE, PARTIAL, ABSENT = HealthState.COMPLETE, HealthState.PARTIAL, HealthState.ABSENT

_KILLED = "a signal ended the program, which may not have told yet what drew without a seed"


@frozen
class Collected:
    """What an execution left behind."""

    hyperparameters: tuple[Hyperparameter, ...] = ()
    observed: Observed
    events: Events = Events()
    inputs: tuple[Artifact, ...] = ()
    inputs_complete: bool = False
    """Whether these are known to be all."""
    outputs: tuple[Artifact, ...] = ()
    metrics: tuple[MetricSummary, ...] = ()
    series: Digest | None = None
    stdout: Stream | None = None
    stderr: Stream | None = None
    health: tuple[HealthLine, ...] = ()

    def outcome(self, end: Exit) -> Outcome:
        """Put together with how the process ended."""
        return Outcome(
            status=status_of(end) if self.events.stopped is None else Status.PRUNED,
            exit_code=end.exit_code,
            signal=ended_by(end),
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


def ended_by(end: Exit) -> int | None:
    """The signal that ended it; where ours had to be followed by a kill, the one that somebody sent."""
    return end.passed_on if end.passed_on is not None and end.signal == signal.SIGKILL else end.signal


def status_of(end: Exit) -> Status:
    """Status that an end amounts to."""
    if end.signal is not None or end.passed_on is not None or end.timed_out:
        return Status.KILLED  # whatever the program made of it
    return Status.OK if end.exit_code == 0 else Status.FAILED


def collect(store: Store, left: Leavings) -> Collected:
    """Read, store and describe what is left; a part that cannot be had becomes a health line, never an error.

    Everything is put and flushed when this returns.
    """
    collecting = _Collecting(store, left)
    collecting.guard("probe", collecting.reports)
    collecting.guard("outputs", collecting.outputs)
    collecting.guard("inputs", collecting.inputs)
    collecting.guard("metrics", collecting.series)
    collecting.guard("hyperparameters", collecting.hyperparameters)
    collecting.guard("streams", collecting.streams)
    collecting.guard("outputs", collecting.group)
    collecting.guard("outputs", store.flush)
    return replace(collecting.result, health=tuple(collecting.health.values()))


class _Collecting:
    """One part after the other; each leaves a health line."""

    def __init__(self, store: Store, left: Leavings) -> None:
        self.store, self.left = store, left
        self.health: dict[str, HealthLine] = {}
        self.events = Events()
        self.watched = Watched(by=Watching.NONE)
        self.logged: tuple[tuple[str, Value], ...] = ()
        self.result = Collected(
            observed=Observed(affinity=processors.allowed(), variables=left.placing),
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
        """Read what the script's calls, the probe and the tracer said."""
        left = self.left
        self.events = events = reported.read(left.spool)
        self.watched = watched = left.watched(events)
        seen = observed(events, affinity=processors.allowed(), variables=left.placing, known=left.interpreter)
        if left.surroundings is not None:
            seen = replace(seen, watching=str(watched.by), network=watched.network)
        self.result = replace(self.result, events=events, observed=seen)
        missed = unprobed(watched.programs, events.processes)
        if events.processes:
            problems = [*missed, *events.problems[:5]]
            self._say("probe", PARTIAL if problems else COMPLETE, "; ".join(problems))
            untold = [*missed, _KILLED] if left.killed else missed
            self._say("seeds", PARTIAL if untold else COMPLETE, "; ".join(untold))
        else:
            reason = "; ".join(missed) or "no Python process reported itself"
            self._say("probe", ABSENT, reason)
            self._say("seeds", ABSENT, reason)

    def outputs(self) -> None:
        """Store the files that changed, and those that were declared."""
        left = self.left
        if left.before is None:
            self._say("outputs", ABSENT, "the recorder died before it recorded them")
            return
        if not left.root.is_dir():
            self._say("outputs", ABSENT, f"{left.root} is gone")
            return
        after = files.scan(left.root, left.skip)
        declared = [*left.declared, *(os.path.join(left.root, each.path) for each in self.events.artifacts)]
        around = left.surroundings
        # The command may know a scratch tree by the name of the one that it stands for.
        original = around.places.root if around is not None else str(left.root)
        made = outputs.outputs(
            respelled(self.watched, original, str(left.root)),
            places=self._places(left.root),
            before=left.before,
            after=after,
            declared=declared,
            recorded=around.recorded if around is not None else lambda _: None,
            known=left.known,
            overlapped=around is not None and around.overlapped,
        )
        found, problems = files.artifacts(
            left.root,
            made.paths,
            ArtifactRole.OUTPUT,
            put=self.store,
            known=left.known,
            secrets=left.secrets,
        )
        self.result = replace(self.result, outputs=found)
        if around is not None:
            problems += outputs.unseen(self.watched)
        problems = [*after.problems, *problems]
        self._say("outputs", PARTIAL if problems else COMPLETE, "; ".join(problems))
        if left.known is not None:
            left.known.save(after.files)

    def group(self) -> None:
        """Let directories stand for very many outputs."""
        outputs = directories.group(self.result.outputs, put=self.store, root=str(self.left.root))
        self.result = replace(self.result, outputs=outputs)

    def inputs(self) -> None:
        """Store what the files that were read held before the program changed any."""
        left, around = self.left, self.left.surroundings
        if around is None:
            return
        altered = Edited()
        if around.cache is not None and around.sites:
            altered = edited(self.watched, map(str, around.sites), cache=around.cache)
        known = Known() if around.known is None else around.known
        watched, before = respelled(self.watched, str(left.root), around.places.root), left.before
        if around.copied is not None and before is not None:
            watched, before = of_originals(watched, around.places.root, before, around.copied), around.copied
        read = inputs.inputs(
            watched,
            places=self._places(around.places.root),
            put=self.store,
            known=known,
            recorded=around.recorded,
            declared=around.inputs,
            edited=altered.paths,
            before=before,
            max_bytes=around.max_input_bytes,
            secrets=left.secrets,
        )
        known.save()
        self.result = replace(self.result, inputs=read.artifacts, inputs_complete=read.complete)
        self.health["inputs"] = read.health
        if altered.names or altered.problems:
            names = [f"edited after installation: {named(list(altered.names))}"] if altered.names else []
            self._say("environment", PARTIAL, "; ".join([*names, *altered.problems]))

    def hyperparameters(self) -> None:
        """Unite what the command line, its parser, configuration files and calls say."""
        left = self.left
        merged = hyperparameters.merge(
            left.raw,
            left.parameters,
            self.events,
            opened=self._configuration(),
            logged=self.logged,
            secrets=left.secrets,
        )
        self.result = replace(self.result, hyperparameters=merged)
        problems = list(left.raw.problems)
        if several := ambiguous(of_program(self.events)):
            problems.append(f"of several processes, the first one's value is recorded: {named(several)}")
        self._say("hyperparameters", PARTIAL if problems else COMPLETE, "; ".join(problems))

    def _configuration(self) -> tuple[ConfigurationFile, ...]:
        """The configuration files among what was read."""
        around = self.left.surroundings
        read = self.watched.accesses
        if around is None or not any(each.path.lower().endswith(SUFFIXES) for each in read):
            return ()
        from ledger.capture.opened_configuration import from_watched  # most programs open none

        root = Path(around.places.root)
        return from_watched(
            respelled(self.watched, str(self.left.root), str(root)), self.events, around.directory, root
        )

    def _former(self, path: str) -> bytes | Path | None:
        """What an output held that the program did not begin anew; None where that is not known."""
        around = self.left.surroundings
        if around is None:
            return None
        full = os.path.join(around.places.root, path)
        access = next((each for each in self.watched.accesses if each.path == full), None)
        if access is None or not (access.existed and access.read):
            return None
        if access.saved is not None:
            return Path(os.fsdecode(raw(access.saved)))
        held = around.recorded(path)
        if held is None or held.entry.digest is None or not self.store.has(held.entry.digest):
            return None
        return self.store.get(held.entry.digest)

    def _places(self, root: str | Path) -> Places:
        """Where things lie, with the prefixes of the interpreters that were met."""
        around = self.left.surroundings
        if around is None:
            return Places(root=str(root))
        met = {
            prefix for each in self.events.processes for prefix in (each.prefix, each.base_prefix) if prefix
        }
        return replace(around.places, root=str(root), prefixes=tuple(sorted({*around.places.prefixes, *met})))

    def series(self) -> None:
        """Unite the metric points of all processes, and of metrics files."""
        left = self.left
        found = metrics.from_files(
            left.root,
            (each.path for each in self.result.outputs),
            patterns=left.metrics.files,
            ignore=left.metrics.ignore,
            former=self._former,
            cut=left.killed,
        )
        self.logged = found.hyperparameters
        target = left.spool / "series"
        target.unlink(missing_ok=True)
        merged = merge_spool(left.spool, target, extra=found.points, extra_time=left.ended_ns)
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
        secrets = self.left.secrets.also_in(path)
        if not secrets.empty:
            masked = self.left.spool / f"{name}.masked"
            secrets.mask_file(path, masked)
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
            told = earlier.reason is not None and earlier.reason in line.reason
            reason = line.reason if told else f"{earlier.reason}; {line.reason}"
            lines[line.part] = replace(earlier, state=state, reason=reason)
    return tuple(lines[part] for part in sorted(lines))


def absolute(paths: Iterable[str], directory: Path) -> tuple[str, ...]:
    """`paths` as given from `directory`, made absolute."""
    return tuple(os.path.join(directory, path) for path in paths)
