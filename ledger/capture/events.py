"""What a trial's processes said of themselves, typed; whatever else lies in the spool becomes a problem."""

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

from ledger.capture import spooled_lines as lines
from ledger.capture.spooled_lines import Problems, Unfit
from ledger.capture.touched import Started, Touched, Touches
from ledger.model import (
    Digest,
    Entropy,
    HyperparameterRole,
    HyperparameterType,
    SeededGenerator,
    ThreadPool,
    Value,
)

LONGEST_NAME = 1_000
MOST = 100_000
"""Different things of one kind that are kept; of further ones only their number."""
MOST_BYTES = 128 << 20
"""Size of all lines whose content is kept."""


class Process(NamedTuple):
    """A Python process that the probe met."""

    pid: int
    ppid: int | None
    executable: str
    prefix: str | None
    base_prefix: str | None
    version: str
    implementation: str | None


class ParsedValue(NamedTuple):
    """One attribute of a parsed command line."""

    name: str
    value: Value
    type: HyperparameterType | None
    given: bool | None
    """Whether the command line had it; None where that is not known."""
    opaque: bool
    """Whether the value is only the text of an object."""
    environment: bool = False
    """Whether it came from an environment variable."""


class Parse(NamedTuple):
    """A command line, or a configuration, as a library read it for the program."""

    process: int
    parser: str
    where: str | None
    """File and line."""
    values: tuple[ParsedValue, ...]
    rest: tuple[str, ...] | None
    """Words that the parser did not know; None where the probe did not tell."""
    installed: bool = False
    """Whether an installed command read its own arguments: nothing of the program was there."""
    directories: tuple[str, ...] = ()
    """Where configuration files lie whose values are those told here."""


class Parameter(NamedTuple):
    """A call of `ledger.param`."""

    process: int
    name: str
    value: Value
    type: HyperparameterType | None
    role: HyperparameterRole | None


class Declared(NamedTuple):
    """A call of `ledger.artifact`."""

    path: str
    name: str | None


class Events(NamedTuple):
    """All of a spool's events; each tuple in the order in which things were first said."""

    processes: tuple[Process, ...] = ()
    parses: tuple[Parse, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    """One a name: the last of the first process that set it."""
    artifacts: tuple[Declared, ...] = ()
    seeded: tuple[SeededGenerator, ...] = ()
    """By the program, by `ledger.seed` and by `--seed`."""
    entropy: tuple[Entropy, ...] = ()
    threads: tuple[ThreadPool, ...] = ()
    libraries: tuple[str, ...] = ()
    settings: tuple[tuple[str, str], ...] = ()
    """What libraries said of themselves at the end, such as ``torch.deterministic``; sorted by name."""
    reports: int = 0
    """Calls of `ledger.report`."""
    stopped: int | None = None
    """The step at which one of them first told the program to stop."""
    touched: tuple[Touched, ...] = ()
    """One a path, in the order in which they were first told."""
    started: tuple[Started, ...] = ()
    network: tuple[str, ...] = ()
    """``HOST:PORT``."""
    problems: tuple[str, ...] = ()


def read(spool: Path) -> Events:
    """Read the events of all processes of a trial, in bounded memory; never an error."""
    reading = _Reading()
    for file in lines.files(spool, reading.problems):
        for document, size in lines.documents(file, reading.problems):
            reading.take(document, size, file.process)
    return reading.events()


class _Reading:
    """Events as they come in; dictionaries, since what is said again is no news."""

    def __init__(self) -> None:
        self.problems = Problems()
        self.room = MOST_BYTES
        self.size = 0
        self.processes: dict[Process, None] = {}
        self.parses: dict[tuple[Any, ...], Parse] = {}
        self.parameters: dict[str, Parameter] = {}
        self.artifacts: dict[Declared, None] = {}
        self.seeded: dict[SeededGenerator, None] = {}
        self.entropy: dict[Entropy, None] = {}
        self.threads: dict[ThreadPool, None] = {}
        self.libraries: dict[str, None] = {}
        self.settings: dict[str, str] = {}
        self.reports = 0
        self.stopped: int | None = None
        self.touches = Touches()
        self._takers: dict[str, Callable[[dict[str, Any], int], None]] = {
            "process": self._process,
            "arguments": self._arguments,
            "param": self._param,
            "artifact": self._artifact,
            "seed": self._seed,
            "seeded": self._seeded,
            "enforced": self._enforced,
            "entropy": self._entropy,
            "observed": self._observed,
            "report": self._report,
            "stop": self._stop,
            "files": self._files,
            "probe_error": self._error,
            "record_error": self._error,
        }

    def take(self, document: dict[str, Any], size: int, process: int) -> None:
        event = document.get("event")
        taker = self._takers.get(event) if isinstance(event, str) else None
        if taker is None:
            self.problems.add(f"an unknown event {str(event)[:40]!r}")
            return
        self.size = size
        try:
            taker(document, process)
        except Unfit as error:
            self.problems.add(f"an event {event!r} that does not fit: {error}")
        except RecursionError:
            self.problems.add(f"an event {event!r} that is nested too deep")

    def events(self) -> Events:
        return Events(
            processes=tuple(self.processes),
            parses=tuple(self.parses.values()),
            parameters=tuple(self.parameters.values()),
            artifacts=tuple(self.artifacts),
            seeded=tuple(self.seeded),
            entropy=tuple(self.entropy),
            threads=tuple(self.threads),
            libraries=tuple(self.libraries),
            settings=tuple(sorted(self.settings.items())),
            reports=self.reports,
            stopped=self.stopped,
            touched=tuple(self.touches.touched.values()),
            started=tuple(self.touches.started),
            network=tuple(self.touches.network),
            problems=self.problems.texts(),
        )

    def _keep(self, known: dict[Any, Any], key: Any, new: Any = None) -> None:
        if key not in known:
            if len(known) >= MOST or self.size > self.room:
                raise Unfit("more than is kept")
            self.room -= self.size
        known[key] = new

    def _process(self, document: dict[str, Any], _: int) -> None:
        process = Process(
            pid=lines.integer(document, "pid"),
            ppid=None if document.get("ppid") is None else lines.integer(document, "ppid"),
            executable=lines.optional_text(document, "executable") or "",
            prefix=lines.optional_text(document, "prefix"),
            base_prefix=lines.optional_text(document, "base_prefix"),
            version=lines.text(document, "version", LONGEST_NAME),
            implementation=lines.optional_text(document, "implementation", LONGEST_NAME),
        )
        self._keep(self.processes, process)
        if "hash_seed" in document:
            seed = lines.optional_text(document, "hash_seed", LONGEST_NAME)
            self.settings.setdefault("python.hash_seed", seed or "random")

    def _arguments(self, document: dict[str, Any], process: int) -> None:
        rows, rest = document.get("values"), document.get("rest")
        if not isinstance(rows, list):
            raise Unfit("values is no list")
        parse = Parse(
            process=process,
            parser=lines.optional_text(document, "parser", LONGEST_NAME) or "",
            where=lines.optional_text(document, "where"),
            values=tuple(_parsed(row) for row in rows),
            rest=None if rest is None else tuple(lines.texts(rest)),
            installed=document.get("installed") is True,
            directories=tuple(lines.texts(document.get("directories") or [])),
        )
        key = (parse.parser, parse.where, parse.rest, Digest.of(json.dumps(rows).encode()))
        if key not in self.parses:
            self._keep(self.parses, key, parse)

    def _param(self, document: dict[str, Any], process: int) -> None:
        stated, role = lines.kind(document), document.get("role")
        new = Parameter(
            process=process,
            name=lines.text(document, "name", LONGEST_NAME),
            value=lines.value(document.get("value"), stated),
            type=stated,
            role=HyperparameterRole(role) if isinstance(role, str) and role in _ROLES else None,
        )
        old = self.parameters.get(new.name)
        if old is not None and repr(old.value) != repr(new.value):
            which = "the last" if old.process == process else "that of the first process"
            self.problems.add(f"parameter {new.name} was given several values; {which} is recorded")
        if old is None or old.process == process:
            self._keep(self.parameters, new.name, new)

    def _artifact(self, document: dict[str, Any], _: int) -> None:
        path = lines.text(document, "path")
        if "\0" in path:
            raise Unfit("a path with a zero byte")
        name = lines.optional_text(document, "name", LONGEST_NAME)
        self._keep(self.artifacts, Declared(path=path, name=name))

    def _seed(self, document: dict[str, Any], _: int) -> None:
        name = lines.text(document, "name", LONGEST_NAME)
        self._generator(f"ledger.seed({name})", document, enforced=False)

    def _seeded(self, document: dict[str, Any], _: int) -> None:
        self._generator(lines.text(document, "generator", LONGEST_NAME), document, enforced=False)

    def _enforced(self, document: dict[str, Any], _: int) -> None:
        self._generator(lines.text(document, "generator", LONGEST_NAME), document, enforced=True)

    def _generator(self, name: str, document: dict[str, Any], *, enforced: bool) -> None:
        given = document.get("value")
        seed = given if isinstance(given, str) else json.dumps(given, allow_nan=True)
        where = lines.optional_text(document, "where")
        seeded = SeededGenerator(
            generator=name, value=lines.clean(seed[: lines.LONGEST_TEXT]), enforced=enforced, where=where
        )
        self._keep(self.seeded, seeded)

    def _entropy(self, document: dict[str, Any], _: int) -> None:
        generator = lines.text(document, "generator", LONGEST_NAME)
        where = lines.optional_text(document, "where")
        self._keep(self.entropy, Entropy(generator=generator, where=where))

    def _observed(self, document: dict[str, Any], _: int) -> None:
        for row in _rows(document.get("threads") or []):
            pool = ThreadPool(
                library=lines.text(row, "library", LONGEST_NAME),
                api=lines.text(row, "api", LONGEST_NAME),
                threads=lines.integer(row, "threads"),
                version=lines.optional_text(row, "version", LONGEST_NAME),
            )
            self._keep(self.threads, pool)
        for name in lines.texts(document.get("libraries") or []):
            self._keep(self.libraries, name)
        for library in ("numpy", "torch"):
            settings = document.get(library)
            if isinstance(settings, dict):
                self._settings(library, settings)
        torch = document.get("torch")
        if isinstance(torch, dict) and type(torch.get("threads")) is int:
            version = lines.optional_text(torch, "version", LONGEST_NAME)
            threads = lines.integer(torch, "threads")
            pool = ThreadPool(library="torch", api="torch", threads=threads, version=version)
            self._keep(self.threads, pool)

    def _settings(self, library: str, settings: dict[str, Any]) -> None:
        for name, value in settings.items():
            shown = " ".join(lines.texts(value)) if isinstance(value, list) else str(value)
            if len(self.settings) < MOST:
                key = lines.clean(f"{library}.{name}"[:LONGEST_NAME])
                self.settings.setdefault(key, lines.clean(shown[:LONGEST_NAME]))

    def _report(self, _: dict[str, Any], __: int) -> None:
        self.reports += 1

    def _stop(self, document: dict[str, Any], _: int) -> None:
        step = lines.integer(document, "step")
        self.stopped = step if self.stopped is None else min(step, self.stopped)

    def _files(self, document: dict[str, Any], process: int) -> None:
        if self.size > self.room:
            raise Unfit("more than is kept")
        self.room -= self.size
        if not self.touches.take(document, process):
            self.problems.add("more files were touched than are told")

    def _error(self, document: dict[str, Any], _: int) -> None:
        where = lines.optional_text(document, "where", LONGEST_NAME)
        error = lines.optional_text(document, "error", LONGEST_NAME) or "unknown"
        self.problems.add(f"{where}: {error}" if where else error)


_ROLES = frozenset(HyperparameterRole)


def _parsed(row: Any) -> ParsedValue:
    if not isinstance(row, dict):
        raise Unfit("a value that is no map")
    stated, given = lines.kind(row), row.get("given")
    return ParsedValue(
        name=lines.text(row, "name", LONGEST_NAME),
        value=lines.value(row.get("value"), stated),
        type=stated,
        given=given if isinstance(given, bool) else None,
        opaque=row.get("opaque") is True,
        environment=row.get("source") == "environment",
    )


def _rows(document: Any) -> Iterable[dict[str, Any]]:
    if not isinstance(document, list) or not all(isinstance(each, dict) for each in document):
        raise Unfit("threads is no list of maps")
    return document
