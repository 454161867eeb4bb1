"""Run a program as it would run without us, and write down what it prints."""

import os
import resource
import select
import signal
import termios
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Final, NamedTuple

from ledger.errors import CannotRecordError
from ledger.model.frozen import frozen
from ledger.ops import namespace, protection, pump, signals, terminal, traits
from ledger.ops.child import BIND, become, dying_with_parent, read_failure
from ledger.ops.namespace import Bind, NamespaceError
from ledger.ops.promptness import Prompt
from ledger.ops.streams import Channel, StreamNote, high, open_channels
from ledger.ops.traits import Traits

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ledger.capture.trace import Tracer

__all__ = ["Bind", "Exit", "Launch", "StreamNote", "execute"]

_GRACE_S: Final = 5.0


@frozen
class Launch:
    """What to run, and with what around it."""

    argv: tuple[str, ...]
    """The command; a first word without a slash is searched for in PATH, that of `variables`."""
    directory: str
    """Absolute working directory, or `.` to stay in this one, which may have been removed."""
    variables: Mapping[str, str]
    """The program's complete environment."""
    spool: str
    """An existing directory; the streams are appended to its files `stdout` and `stderr`."""
    forward: bool
    """Whether the streams also go to our own, which the program then sees mirrored; else they are only
    recorded."""
    stdin: str | None = None
    """Path to open as standard input; None leaves it as it is."""
    together: bool | None = None
    """Whether one channel serves standard output and error: the order between them is kept, and both are
    recorded as `stdout`. None: as our own are, one channel where these are one pipe, file or terminal; two
    channels if nothing is forwarded."""
    binds: tuple[Bind, ...] = ()
    """Directories to mount over others, seen by the program alone."""
    hostname: str | None = None
    """What it takes the machine's name for; None for its own."""
    network: bool = True
    """Whether it may reach beyond a loopback of its own."""
    writable: tuple[str, ...] | None = None
    """Where it may write; None for everywhere."""
    traits: Traits = Traits()
    """What it is given of what a process hands down."""
    timeout: float | None = None
    """Seconds after which it is ended: SIGTERM, and SIGKILL 5 s later."""
    new_session: bool = False
    """Whether it gets a session, without a terminal, of which every process is killed once it has exited; it
    dies with us, too."""
    passes_on: bool = False
    """Whether a signal that would end us goes to a session of its own first, and only the second kills it; we
    go on, to record its end."""
    keep_fds: tuple[int, ...] = ()
    """Descriptors, such as that of a lock, that the recording process holds as long as it records."""
    tracer: "Callable[[], Tracer | None] | None" = None
    """Prepares who is told which files it opens, right before it is forked; the caller closes it. Where there
    is none the probe tells. None: nobody asks."""


@frozen
class Exit:
    """How a program ended."""

    exit_code: int
    """Its own; 128 + n for signal n, 127 if it was not found, 126 if it could not be executed."""
    signal: int | None
    """The signal that killed it."""
    started_ns: int
    """When it was started, in nanoseconds since 1970, UTC."""
    duration_s: float
    """Seconds until it exited, by a monotonic clock."""
    user_s: float
    """Seconds of CPU, in user mode, of it and of those of its children that it waited for."""
    system_s: float
    """The same in system mode."""
    peak_memory: int
    """Bytes: the largest resident set of any one of these processes. The kernel counts our own from before
    the exec too, so it is no less than that."""
    error: str | None
    """Why it could not be started."""
    timed_out: bool
    """Whether the time ran out."""
    passed_on: int | None = None
    """The signal that was passed on to end it."""
    streams: tuple[StreamNote, ...]
    """How well its streams were recorded, stdout first."""


class _End(NamedTuple):
    status: int
    usage: resource.struct_rusage
    timed_out: bool
    interrupted: int | None
    passed_on: int | None


def _nothing(process: int) -> None:
    pass


def execute(launch: Launch, on_started: Callable[[int], None] = _nothing) -> Exit:
    """Run `launch` to its end.

    Parameters
    ----------
    launch
        What to run.
    on_started
        Called with the process id once the program runs. What it raises is raised after the program's end.

    Raises
    ------
    CannotRecordError
        Nothing was started: the spool, a pipe or a process is not to be had.
    NamespaceError
        Nothing was started: a bind could not be mounted, a trait not be given.
    KeyboardInterrupt
        Ctrl-C, or another signal with such a handler, while `new_session` is set; the program and all that it
        started have been killed.
    """
    opened: list[int] = []

    def keep(descriptor: int) -> int:
        opened.append(descriptor)
        return descriptor

    recorder = None
    with signals.Gate() as gate:
        # 1. Everything that can fail, before anything is started.
        try:
            enter = _entering(launch)
            bound = dying_with_parent() if launch.new_session else None
            channels, notes = open_channels(forward=launch.forward, together=launch.together, keep=keep)
            spools = [keep(_open_spool(launch.spool, channel.name)) for channel in channels]
            ends = {descriptor: channel.writer for channel in channels for descriptor in channel.serves}
            if launch.stdin is not None:
                ends[0] = keep(high(os.open(launch.stdin, os.O_RDONLY | os.O_CLOEXEC)))
            # 2. The recording process, then the program.
            if channels:
                recorder = pump.start(channels, spools, launch.keep_fds)
            failed, fail = (keep(high(end)) for end in os.pipe())
            tracer = launch.tracer() if launch.tracer is not None else None
            if tracer is not None:
                gate.prepare_to_serve()
            early = gate.pending()
            started_ns, started = time.time_ns(), time.monotonic()
            child = signals.fork()
        except (OSError, termios.error) as error:
            if recorder is not None:
                recorder.abandon()
            _close(opened)
            raise CannotRecordError("the program was not started", cause=str(error)) from error
        if child == 0:
            become(
                argv=launch.argv,
                variables=launch.variables,
                directory=launch.directory,
                ends=ends,
                enter=enter,
                gate=gate,
                new_session=launch.new_session,
                bound=bound,
                fail=fail,
                tracer=tracer,
                watched=launch.tracer is not None,
            )
        _close(descriptor for descriptor in opened if descriptor != failed)
        served = None
        if tracer is not None:
            tracer.attach()
            served = tracer if tracer.attached else None
        with Prompt():
            failure = read_failure(failed, served)
            raised = _call(on_started, child) if failure is None else None
            # 3. Its end, and that of its streams.
            end = _attend(launch, child, gate, early, channels, served)
        if tracer is not None:
            tracer.hand_over()
        duration = time.monotonic() - started
        if recorder is not None:
            notes += recorder.finish(gate)
    interrupted = end.interrupted
    if launch.new_session and not launch.passes_on:  # what came too late for the program is still ours
        interrupted = interrupted or next((each for each in gate.dropped if each in signals.ENDING), None)
    if interrupted is not None:
        signal.raise_signal(interrupted)
    if failure is not None and failure.step == BIND:
        raise NamespaceError("the program was not started", cause=failure.text)
    if raised is not None:
        raise raised
    code = os.waitstatus_to_exitcode(end.status)
    if failure is not None:
        code = failure.exit_code
    return Exit(
        exit_code=code if code >= 0 else 128 - code,
        signal=-code if code < 0 else None,
        started_ns=started_ns,
        duration_s=duration,
        user_s=end.usage.ru_utime,
        system_s=end.usage.ru_stime,
        peak_memory=end.usage.ru_maxrss * 1024,
        error=failure.text if failure is not None else None,
        timed_out=end.timed_out,
        passed_on=end.passed_on,
        streams=tuple(sorted(notes, key=lambda note: note.name, reverse=True)),
    )


def _entering(launch: Launch) -> Callable[[], None] | None:
    """What the child does before all else: enter its namespaces, take its traits."""
    steps = [traits.prepare(launch.traits)]
    protected = launch.writable is not None
    if launch.binds or launch.hostname is not None or not launch.network or protected:
        steps.append(namespace.prepare(launch.binds, hostname=launch.hostname, network=launch.network))
    if launch.writable is not None:
        steps.append(protection.prepare(launch.writable))
    wanted = [step for step in steps if step is not None]
    if not wanted:
        return None

    def enter() -> None:
        for step in wanted:
            step()

    return enter


def _open_spool(directory: str, name: str) -> int:
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
    return high(os.open(os.path.join(directory, name), flags, 0o600))


def _close(descriptors: Iterable[int]) -> None:
    for descriptor in descriptors:
        os.close(descriptor)


def _call(on_started: Callable[[int], None], child: int) -> BaseException | None:
    try:
        on_started(child)
    except BaseException as error:  # noqa: BLE001 - raised once the program has ended
        return error
    return None


def _attend(
    launch: Launch,
    child: int,
    gate: signals.Gate,
    early: frozenset[int],
    channels: list[Channel],
    served: signals.Served | None,
) -> _End:
    """Wait for the program; answer its tracer, pass signals on, and end it when it is time.

    Signals in `early` came before it existed, so that even a terminal's have to be passed on.
    """
    deadline = time.monotonic() + launch.timeout if launch.timeout is not None else None
    timed_out = False
    interrupted: int | None = None
    passed_on: int | None = None
    missed = set(early)
    # Waiting without reaping keeps its id, and that of its group, from being given to anybody else.
    while os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        left = deadline - time.monotonic() if deadline is not None else None
        if left is not None and left <= 0:
            _send(launch, child, signal.SIGKILL if timed_out else signal.SIGTERM)
            deadline = None if timed_out else time.monotonic() + _GRACE_S
            timed_out = True
            continue
        got = gate.next(left, child, served)
        if got is None:
            continue
        if got.number == signal.SIGWINCH and got.sender != os.getpid():
            _resize(channels)
        if launch.passes_on and got.number in signals.ENDING:
            _send(launch, child, got.number if passed_on is None else signal.SIGKILL)
            passed_on = passed_on or got.number
        elif launch.new_session and got.number in signals.ENDING:
            interrupted = interrupted or got.number
            _send(launch, child, signal.SIGKILL)
        elif got.number in missed or launch.new_session or not _had_it(got, child):
            missed.discard(got.number)
            _send(launch, child, got.number)
    gate.discard()
    if launch.new_session:
        _kill_session(child)
    _, status, usage = os.wait4(child, 0)
    return _End(status=status, usage=usage, timed_out=timed_out, interrupted=interrupted, passed_on=passed_on)


def _had_it(got: signals.Received, child: int) -> bool:
    return got.from_kernel or got.sender == os.getpid() or signals.sent_by(got, child)


def _send(launch: Launch, child: int, number: int) -> None:
    try:
        if launch.new_session:
            os.killpg(child, number)
        else:
            os.kill(child, number)
    except (ProcessLookupError, PermissionError):
        pass  # it has gone, or has become another user's, whom we could not signal without a ledger either


def _resize(channels: list[Channel]) -> None:
    """Pass a new window size on, and tell those who may have asked for it too early."""
    changed = False
    for channel in channels:
        if channel.path is None or channel.target is None:
            continue
        try:
            end = os.open(channel.path, os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
        except OSError:
            continue  # the pump compares the sizes too, with each chunk
        try:
            changed |= terminal.copy_size(channel.target, end)
        except OSError:
            pass
        finally:
            os.close(end)
    if changed:
        os.killpg(0, signal.SIGWINCH)


def _kill_session(leader: int) -> None:
    """Kill all that is left in a session, whatever process groups it made, and see it gone."""
    for _ in range(3):  # again for what was being forked meanwhile
        killed = []
        for name in os.listdir("/proc"):
            if name.isdigit() and int(name) != leader:
                try:
                    if os.getsid(int(name)) == leader:
                        os.kill(int(name), signal.SIGKILL)
                        killed.append(os.pidfd_open(int(name)))
                except OSError:
                    continue  # gone already, or a kernel that cannot tell when it is
        for descriptor in killed:
            poll = select.poll()
            poll.register(descriptor, select.POLLIN)
            poll.poll(1000)
            os.close(descriptor)
        if not killed:
            return
