"""What a forked child does to become the program, and how it says that it could not."""

import errno
import os
import signal
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple, NoReturn

from ledger.capture.inject import WATCH
from ledger.ops import signals
from ledger.ops.signals import Served

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ledger.capture.trace import Tracer

BIND, DIRECTORY, PROGRAM = "bind", "directory", "program"
NOT_FOUND: Final = 127
NOT_EXECUTABLE: Final = 126
_PR_SET_PDEATHSIG: Final = 1


class Failure(NamedTuple):
    """Why a program could not be started."""

    step: str
    """What failed: `bind`, `directory` or `program`."""
    number: int
    """The operating system's error number, 0 if there is none."""
    text: str
    """What to tell a person."""

    @property
    def exit_code(self) -> int:
        """What a shell exits with."""
        return NOT_FOUND if self.step == PROGRAM and self.number == errno.ENOENT else NOT_EXECUTABLE


def become(
    *,
    argv: tuple[str, ...],
    variables: Mapping[str, str],
    directory: str,
    ends: Mapping[int, int],
    enter: Callable[[], None] | None,
    gate: signals.Gate,
    new_session: bool,
    bound: Callable[[], None] | None,
    fail: int,
    tracer: "Tracer | None",
    watched: bool,
) -> NoReturn:
    """Execute the program in this process, a forked child.

    `enter` enters its namespace. Each descriptor in `ends` becomes a copy of the one that it names there. A
    failure is written to `fail`, which closes on exec. `bound` lets it die with its parent. From `tracer` on
    the kernel asks our parent; where it does not, and files are to be `watched`, the probe is told to.
    """
    step = BIND
    try:
        if new_session:
            os.setsid()
        if bound is not None:
            bound()
        if enter is not None:
            enter()
        step = DIRECTORY
        # One that was removed, or may not be entered again, is kept by staying in it.
        if enter is not None or not _is_here(directory):
            os.chdir(directory)
        for descriptor, end in ends.items():
            os.dup2(end, descriptor)
        step = PROGRAM
        gate.in_child()
        if watched and not (tracer is not None and tracer.install()):
            variables = {**variables, WATCH: "probe"}
        _exec(argv, variables)
    except BaseException as error:  # noqa: BLE001 - the parent gets it
        number = error.errno if isinstance(error, OSError) and error.errno else 0
        what = {BIND: "", DIRECTORY: f"{directory}: ", PROGRAM: f"{argv[0]}: " if argv else ""}[step]
        why = os.strerror(number) if number and step != BIND else str(error)
        if step == PROGRAM and number == errno.ENOENT:
            why = _not_found(argv[0])
        os.write(fail, f"{step}\t{number}\t{what}{why}".encode("utf-8", "surrogateescape")[:4000])
    finally:
        os._exit(NOT_EXECUTABLE)


def dying_with_parent() -> Callable[[], None] | None:
    """Load what is needed, and return what a forked child calls to be killed as soon as its parent is gone.

    None where the system cannot do that. It holds for the child itself, not for what it starts.
    """
    try:
        import ctypes  # most programs outlive us: this is for those that run in a scratch directory of ours

        control = ctypes.CDLL(None).prctl
    except (ImportError, OSError, AttributeError):
        return None
    parent = os.getpid()

    def bound() -> None:
        control(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGKILL)  # it went before we could ask

    return bound


def read_failure(descriptor: int, served: Served | None) -> Failure | None:
    """Return why the program could not be started, or None once it runs; closes the descriptor.

    What `served` is asked meanwhile, about the exec itself to begin with, is answered.
    """
    if served is not None and not served.ended:
        signals.answer(served, descriptor, None)
    with open(descriptor, "rb") as pipe:
        text = pipe.read().decode("utf-8", "surrogateescape")
    if not text:
        return None
    step, number, reason = text.split("\t", 2)
    return Failure(step=step, number=int(number), text=reason)


def _is_here(directory: str) -> bool:
    try:
        here, there = os.stat("."), os.stat(directory)
    except OSError:
        return False
    return (here.st_dev, here.st_ino) == (there.st_dev, there.st_ino)


def _exec(argv: tuple[str, ...], variables: Mapping[str, str]) -> NoReturn:
    """Execute as execvp does, except that a file without an interpreter is not handed to a shell."""
    program = argv[0]
    if "/" in program:
        os.execve(program, argv, variables)
    refused: OSError | None = None
    for directory in variables.get("PATH", os.defpath).split(":") if program else ():
        try:
            os.execve(os.path.join(directory or ".", program), argv, variables)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except PermissionError as error:
            refused = refused or error
    raise refused or FileNotFoundError(errno.ENOENT, "command not found")


def _not_found(program: str) -> str:
    if "/" not in program:
        here = program and os.path.isfile(program)
        return f"command not found; for the file that is here: ./{program}" if here else "command not found"
    if os.path.exists(program):
        return "the interpreter that it names was not found"
    return os.strerror(errno.ENOENT)
