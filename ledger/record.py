"""What a training script's calls do: check their arguments and write the spool of the running trial.

Outside a trial (no ``LEDGER_SPOOL``) they check, return the same and write nothing. The module stands on the
standard library alone and runs on Python 3.8 and later, because a replay puts only this file and
``__init__.py`` into an environment that may be older than the one that `ledger` itself needs.

Wire form. Every process writes files of its own; ``n`` makes the names unique, and nothing rewrites them:

``events-<pid>-<n>.jsonl``
    One JSON object a line, ASCII, each line one append::

        {"event": "param", "name", "value", "type", "role", "where"}
        {"event": "artifact", "path", "name"}
        {"event": "seed", "name", "value", "where"}
        {"event": "report", "step", "value"}
        {"event": "stop", "step"}
        {"event": "record_error", "error"}

    ``type`` is real, integer, boolean or categorical (of a list: that of all its members), ``where`` is
    ``file:line`` as the interpreter names the file; ``stop`` says at which report the program was told to
    stop. NaN and the infinities, which JSON lacks, are the strings
    ``NaN``, ``Infinity`` and ``-Infinity``: with type real, such a string is the number. Undecodable bytes of
    a path are lone surrogates, as `os.fsdecode` makes them. After ``record_error`` this process records
    nothing more.
``series-<pid>-<n>.bin``
    Records of 32 bytes, little-endian: key, step and UTC time in nanoseconds as int64, value as float64.
    A record whose time is 0 is no record: skip it and read on.
``keys-<pid>-<n>.jsonl``
    Line k is a JSON string: the name of key k in the series file of the same pid and n.

Where a search may stop the trial, ``LEDGER_RUNGS`` has the steps at which it looks (``1,3,9``, or ``10,+5``
for each fifth from 10 on). The first report at or beyond one of them is also written to the pipe ``rungs``,
as a line ``RUNG STEP VALUE``, and waits for the answer: the file ``decision-RUNG``, which holds ``stop`` or
``go``. A trial that goes on from where another one was stopped has the steps behind that rung. A replay of a
trial that was stopped gets the step of its ``stop`` event in ``LEDGER_STOP``, and no rungs.
"""

from __future__ import annotations

import os
import sys
from _thread import RLock
from errno import EINVAL, ENOSPC, ENOSYS, EOPNOTSUPP
from itertools import count
from operator import index
from struct import Struct
from time import time_ns

TYPE_CHECKING = False  # importing typing costs more than this module
if TYPE_CHECKING:
    from collections.abc import Mapping
    from mmap import mmap
    from typing import Any, Literal, SupportsFloat, SupportsIndex, TypeVar

    Scalar = bool | int | float | str | None
    Path = TypeVar("Path", str, bytes, os.PathLike[str], os.PathLike[bytes])
    Parameter = TypeVar("Parameter", bound=Scalar | list[Any] | tuple[Any, ...])

_RECORD = Struct("<qqqd")
_FIRST_CHUNK = 1 << 16  # bytes; a multiple of every page size
_LARGEST_CHUNK = 1 << 26
_ROLES = ("model", "algorithm", "seed")
_MASK = (1 << 64) - 1
_INFINITY = float("inf")
_FURTHER = 5  # reports of a program that was told to stop
_PATIENCE_S = 30.0


def param(
    name: str, value: Parameter, *, role: Literal["model", "algorithm", "seed"] | None = None
) -> Parameter:
    """Record a hyperparameter and return its value, so that the call can stand where the value stood.

    Parameters
    ----------
    name
        As the program calls it.
    value
        A boolean, integer, real, string or None, or a flat list or tuple of them.
    role
        What it shapes: the model, the algorithm that fits it, or only the seed.

    Raises
    ------
    TypeError
        If the value is anything else.
    ValueError
        If the role is unknown.
    """
    _check_name(name, "a hyperparameter")
    kind = _type_of(name, value)
    if role is not None and role not in _ROLES:
        raise ValueError(f"hyperparameter {name!r}: role must be one of {', '.join(_ROLES)}, got {role!r}")
    spool = _current()
    if spool.recording:
        event = {"event": "param", "name": name, "value": _plain(value), "type": kind, "role": role}
        spool.emit(event, where=sys._getframe(1), once=("param", name))
    return value


def log(
    mapping: Mapping[str, SupportsFloat] | None = None,
    /,
    *,
    step: SupportsIndex | None = None,
    **named: SupportsFloat,
) -> None:
    """Record one point of each metric, as in ``log(loss=0.3, step=10)`` or ``log({"val/loss": 0.3})``.

    Parameters
    ----------
    mapping
        Values by name: numbers, numpy scalars, tensors of one element.
    **named
        More of them.
    step
        When; by default one more than the metric's last step in this process, from 0.

    Raises
    ------
    TypeError
        If a value is no number, or the step no integer.
    ValueError
        If a value or the step is beyond 64 bits.
    """
    points = named
    if mapping is not None:
        if not hasattr(mapping, "items"):
            raise TypeError(f"log() takes a mapping such as {{'loss': 0.3}}, got {type(mapping).__name__}")
        points = {**mapping, **named} if named else dict(mapping)
    for name, value in points.items():
        if type(value) is not float:
            points[name] = _number(name, value)
        if type(name) is not str or not name:
            _check_name(name, "a metric")
    if step is not None:
        step = _step(step)
    spool = _current()
    if spool.recording:
        spool.write(points, step)


def artifact(path: Path, name: str | None = None) -> Path:
    """Record a file or directory as an output of the trial, wherever it lies, and return the path as given.

    Raises
    ------
    TypeError
        If `path` is no path, or `name` no string.
    """
    text = os.fsdecode(path)
    if name is not None:
        _check_name(name, "an artifact")
    spool = _current()
    if spool.recording:
        spool.emit({"event": "artifact", "path": _absolute(text), "name": name})
    return path


def seed(name: str = "main") -> int:
    """Return a seed that derives from the trial's own, the same at each replay.

    With the trial's seed N (``LEDGER_SEED``; 0 without one, recorded or not), ``seed("main")`` is N. Any
    other name gives 32 bits by a formula that never changes: the low half of the SplitMix64 finaliser
    (Steele, Lea, Flood 2014) of h XOR (N mod 2**64), where h is the 64-bit FNV-1a hash of the name in UTF-8.
    A seed that the trial was given for the name (``ledger run --seed NAME=N``, in ``LEDGER_SEEDS``) counts
    before that.

    Raises
    ------
    TypeError
        If the name is no string.
    """
    _check_name(name, "a seed")
    main = _trial_seed()
    value = _given_seeds().get(name) if name != "main" else main
    if value is None:
        value = derived(name, main)
    spool = _current()
    if spool.recording:
        event = {"event": "seed", "name": name, "value": value}
        spool.emit(event, where=sys._getframe(1), once=("seed", name))
    return value


def report(step: SupportsIndex, metric: SupportsFloat) -> bool:
    """Report what the trial's objective is by now, and return whether the program should stop.

    It is False unless a search with a scheduler runs the trial, and wants to stop it: then it is True for
    this call and all later ones, and the program should end as it likes, with any exit code. The fifth later
    call in a process ends that process by SIGTERM, and the tenth by SIGKILL. At the steps at which the
    scheduler looks, a call waits until it has decided, for 30 s at most.

    Parameters
    ----------
    step
        How far the training has come, such as an epoch.
    metric
        Value of the objective there.

    Raises
    ------
    TypeError
        If the metric is no number, or the step no integer.
    """
    number, at = _number("metric", metric), _step(step)
    spool = _current()
    if spool.recording:
        spool.emit({"event": "report", "step": at, "value": _plain(number)})
    return spool.stopping is not None and spool.stopping.reported(at, number)


def _check_name(name: object, what: str) -> None:
    if not isinstance(name, str):
        raise TypeError(f"the name of {what} must be a string, got {type(name).__name__}")
    if not name:
        raise ValueError(f"the name of {what} must not be empty")


def _type_of(name: str, value: object) -> str:
    if isinstance(value, (list, tuple)):
        kinds = {_scalar_type(name, each) for each in value}
        if kinds == {"real", "integer"}:
            return "real"
        return kinds.pop() if len(kinds) == 1 else "categorical"
    return _scalar_type(name, value)


def _scalar_type(name: str, value: object) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        if not -(1 << 63) <= value < 1 << 64:
            raise ValueError(f"hyperparameter {name!r}: an integer beyond 64 bits; give it as a string")
        return "integer"
    if isinstance(value, float):
        return "real"
    if value is None or isinstance(value, str):
        return "categorical"
    hint = "; value.item() makes it a number" if hasattr(value, "item") else "; str(value) would be one"
    raise TypeError(
        f"hyperparameter {name!r}: expected a bool, int, float, str or None, or a flat list of them, "
        f"got {type(value).__name__}{hint}"
    )


def _plain(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    if isinstance(value, float) and not -_INFINITY < value < _INFINITY:
        return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"
    return value


def _number(name: object, value: Any) -> float:
    try:
        if isinstance(value, (str, bytes, bytearray)):
            raise TypeError
        if getattr(value, "ndim", 0):
            value = value.item()  # of one element, or ValueError
        return float(value)
    except OverflowError:
        raise ValueError(f"metric {name!r}: beyond what 64 bits of floating point hold") from None
    except (TypeError, ValueError, RuntimeError):
        raise TypeError(f"metric {name!r}: expected one number, got {type(value).__name__}") from None


def _step(value: Any) -> int:
    try:
        step = index(value)
    except TypeError:
        raise TypeError(f"step must be an integer, got {type(value).__name__}") from None
    if not -(1 << 62) <= step < 1 << 62:
        raise ValueError(f"step must fit into 63 bits, got {step}")
    return step


def _absolute(path: str) -> str:
    try:
        return os.path.abspath(path)
    except OSError:
        return path  # the working directory is gone


def _trial_seed() -> int:
    text = os.environ.get("LEDGER_SEED", "0")
    try:
        return int(text)
    except ValueError:
        raise ValueError(f"LEDGER_SEED must be an integer, got {text!r}") from None


def _given_seeds() -> dict[str, int]:
    text = os.environ.get("LEDGER_SEEDS")
    if text is None:
        return {}
    import json  # of no use to most

    try:
        return {name: index(value) for name, value in json.loads(text).items()}
    except (ValueError, TypeError, AttributeError):
        raise ValueError(f"LEDGER_SEEDS must be an object of integers, as JSON, got {text!r}") from None


def derived(name: str, main: int) -> int:
    """What `seed` gives for a name by its formula, where the trial's seed is `main`."""
    mixed = 0xCBF29CE484222325
    for byte in name.encode("utf-8", "surrogatepass"):
        mixed = (mixed ^ byte) * 0x100000001B3 & _MASK
    mixed ^= main & _MASK
    mixed = (mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9 & _MASK
    mixed = (mixed ^ mixed >> 27) * 0x94D049BB133111EB & _MASK
    return (mixed ^ mixed >> 31) & 0xFFFFFFFF


class _Spool:
    """The files of one process; a forked child makes its own."""

    def __init__(self, directory: str | None) -> None:
        self.pid = os.getpid()
        self.recording = bool(directory)
        if directory:
            # Not when the first point is logged: a signal handler would meet half a module, and a child that
            # was forked meanwhile would wait for ever for the thread that was importing it.
            import json
            import mmap

            self.dumps, self.map = json.dumps, mmap.mmap
        self.directory = directory or ""
        told = bool(directory) and ("LEDGER_RUNGS" in os.environ or "LEDGER_STOP" in os.environ)
        self.stopping = _Stopping(self) if told else None
        self.lock = RLock()
        self.events = ""
        self.seen: dict[tuple[str, str], dict[str, Any]] = {}
        self.busy = False
        self.inner: _Spool | None = None
        self.keys: dict[str, list[int]] = {}  # name: [key, next step]
        self._begin()

    def _begin(self) -> None:
        """Let the next point open a new pair of files."""
        self.series = self.names = ""
        self.named = self.used = self.base = self.end = 0
        self.memory: mmap | bytearray = bytearray()
        for key in self.keys.values():
            key[0] = -1

    def emit(self, event: dict[str, Any], *, where: Any = None, once: tuple[str, str] | None = None) -> None:
        """Append an event, unless the last one under the key `once` was the same."""
        with self.lock:
            if once is not None:
                if self.seen.get(once) == event:
                    return
                self.seen[once] = dict(event)
            if where is not None:
                event["where"] = f"{where.f_code.co_filename}:{where.f_lineno}"
            try:
                if not self.events:
                    self.events, _ = self._create("events", ".jsonl")
                self._append(self.events, event)
            except OSError as error:
                self.fail(error)

    def write(self, points: dict[str, Any], step: Any) -> None:
        """Record points that were checked; all of one call have one time."""
        now = time_ns()
        with self.lock:
            if self.busy:  # a signal handler or finaliser logs in the middle of its own thread's log
                if self.inner is None:
                    self.inner = type(self)(self.directory)
                self.inner.write(points, step)
                return
            self.busy = True
            try:
                self._store(points, step, now)
            except BaseException as error:
                self._begin()  # a name may stand in the old file without its key
                if not isinstance(error, (OSError, ValueError)):
                    raise
                self.fail(error)
            finally:
                self.busy = False

    def _store(self, points: dict[str, Any], step: Any, now: int) -> None:
        known, pack = self.keys.get, _RECORD.pack
        for name, value in points.items():
            key = known(name)
            if key is None or key[0] < 0:
                key = self._new_key(name)
            used = self.used
            if used == self.end:
                self._grow()
            at = key[1] if step is None else step
            offset = (used - self.base) * 32
            self.memory[offset : offset + 32] = pack(key[0], at, now, value)
            self.used = used + 1
            key[1] = at + 1

    def fail(self, error: OSError | ValueError) -> None:
        """Say once that this process records no more: a full disk must not stop the training."""
        if not self.recording:
            return
        self.recording = False
        reason = f"{getattr(error, 'strerror', None) or error} ({self.directory})"
        try:
            print(f"ledger: warning: nothing more of this process is recorded: {reason}", file=sys.stderr)
            if self.events:
                self._append(self.events, {"event": "record_error", "error": reason})
        except (OSError, ValueError, AttributeError):
            return  # no standard error and no disk: nobody is left to tell

    def _create(self, kind: str, suffix: str) -> tuple[str, int]:
        for number in count():
            path = os.path.join(self.directory, f"{kind}-{self.pid}-{number}{suffix}")
            try:
                os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
            except FileExistsError:
                continue
            break
        return path, number

    def _append(self, path: str, document: Any) -> None:
        """Append a line in one write; no descriptor stays open that the program could close and reuse."""
        line = self.dumps(document).encode("ascii") + b"\n"
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND)
        try:
            if os.write(descriptor, line) != len(line):
                raise OSError(ENOSPC, os.strerror(ENOSPC))
        finally:
            os.close(descriptor)

    def _new_key(self, name: str) -> list[int]:
        if not self.names:  # the keys come first, so that no series file is ever without
            names, number = self._create("keys", ".jsonl")
            self.series = os.path.join(self.directory, f"series-{self.pid}-{number}.bin")
            self.names = names
        self._append(self.names, name)
        key = self.keys.setdefault(name, [-1, 0])
        key[0] = self.named
        self.named += 1
        return key

    def _grow(self) -> None:
        """Map the next chunk of the series file."""
        offset = self.end * 32
        size = min(max(offset, _FIRST_CHUNK), _LARGEST_CHUNK)
        options: dict[str, Any] = {"trackfd": False} if sys.version_info >= (3, 13) else {}
        descriptor = os.open(self.series, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            _allocate(descriptor, offset, size)
            memory = self.map(descriptor, size, offset=offset, **options)
        finally:
            os.close(descriptor)
        _kept.append(memory)
        self.memory, self.base, self.end = memory, self.end, self.end + size // 32


class _Stopping:
    """Whether this process should stop: what a search decides at its rungs, or had decided at a replay."""

    def __init__(self, spool: _Spool) -> None:
        from signal import SIGKILL, SIGTERM  # as above: not in the middle of the program
        from time import monotonic, sleep

        self.kills = {_FURTHER: SIGTERM, 2 * _FURTHER: SIGKILL}
        self.clock, self.sleep = monotonic, sleep
        self.spool = spool
        self.at = _whole(os.environ.get("LEDGER_STOP", ""))
        steps = os.environ.get("LEDGER_RUNGS", "").split(",") if self.at is None else []
        self.every = _whole(steps.pop()[1:]) if steps and steps[-1].startswith("+") else None
        self.rungs = [step for step in map(_whole, steps) if step is not None]
        self.reached: int | None = None
        self.undecided: int | None = None
        self.patient = True
        self.stopped = False
        self.further = 0

    def reported(self, step: int, value: float) -> bool:
        """Whether to stop, now that this was reported."""
        if self.stopped:
            self.further += 1
            if self.further in self.kills:
                os.kill(os.getpid(), self.kills[self.further])
            return True
        if self.at is not None:
            self.stopped = step >= self.at
        else:
            rung = self._rung(step)
            if rung is not None and (self.reached is None or rung > self.reached):
                self.reached = rung
                self.stopped = self._asked(rung, step, value)
            elif self.undecided is not None:
                self.stopped = self._decided(self.undecided) == "stop"
        if self.stopped and self.spool.recording:
            self.spool.emit({"event": "stop", "step": step})
        return self.stopped

    def _rung(self, step: int) -> int | None:
        """The last rung that the step has reached."""
        last = self.rungs[-1] if self.rungs else None
        if self.every and last is not None and step > last:
            return step - (step - last) % self.every
        return max((rung for rung in self.rungs if rung <= step), default=None)

    def _asked(self, rung: int, step: int, value: float) -> bool:
        """Ask, and wait for the decision; whoever should give it may be gone, or busy for long."""
        decision = self._decided(rung)  # another process of this trial may have asked
        if decision is None and self._ask(f"{rung} {step} {value!r}\n".encode("ascii")):
            until, pause = self.clock() + _PATIENCE_S, 0.0005
            while decision is None and self.patient:
                self.sleep(pause)
                pause = min(pause * 1.5, 0.02)
                decision = self._decided(rung)
                self.patient = decision is not None or self.clock() < until
        self.undecided = rung if decision is None else None
        return decision == "stop"

    def _ask(self, line: bytes) -> bool:
        try:
            descriptor = os.open(os.path.join(self.spool.directory, "rungs"), os.O_WRONLY | os.O_NONBLOCK)
            try:
                return os.write(descriptor, line) == len(line)
            finally:
                os.close(descriptor)
        except OSError:
            return False  # nobody listens any more

    def _decided(self, rung: int) -> str | None:
        try:
            with open(os.path.join(self.spool.directory, f"decision-{rung}"), encoding="ascii") as file:
                return file.read()
        except (OSError, ValueError):
            return None


def _whole(text: str) -> int | None:
    try:
        return int(text)
    except ValueError:
        return None


def _allocate(descriptor: int, offset: int, size: int) -> None:
    """Give the file real blocks: a page that the disk cannot hold would be a SIGBUS in the program."""
    try:
        os.posix_fallocate(descriptor, offset, size)
    except (AttributeError, OSError) as error:
        if isinstance(error, OSError) and error.errno not in (EINVAL, ENOSYS, EOPNOTSUPP):
            raise
        written = 0
        while written < size:
            written += os.pwrite(descriptor, bytes(size - written), offset + written)


_kept: list[mmap] = []
"""Every map, for ever: closing one closes its descriptor, which the program may have closed and reused."""


_spool: _Spool | None = _Spool(os.environ.get("LEDGER_SPOOL"))


def _current() -> _Spool:
    global _spool
    if _spool is None or _spool.pid != os.getpid():
        _spool = _Spool(os.environ.get("LEDGER_SPOOL"))
    return _spool
