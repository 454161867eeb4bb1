"""The entry point, and the boundary at which an error becomes text and an exit code.

Next to nothing is imported here: click only for what takes it, a command only when it is asked for.
"""

import _thread
import atexit
import gc
import os
import sys
from collections.abc import Sequence

from ledger.cli.plain import report
from ledger.errors import LedgerError

INTERRUPTED = 130
BROKEN_PIPE = 141


def program() -> int:
    """Be the program ``ledger``: run the command line, and end.

    To free all objects one by one, as Python does at its end, takes a tenth of the time of a short command.
    Where nobody waits for the end, no thread and no function of `atexit`, the system takes them at once.
    """
    runs = _runs(sys.argv[1:])
    try:
        if not runs:  # whose signals are the program's that it runs
            from ledger.ops import interrupt

            interrupt.install()
        code = main()
    except KeyboardInterrupt:  # in front of all that says what it comes to
        code = _interrupted()
    ended = code == INTERRUPTED or (not runs and code == _interrupted())
    if ended:
        # Python's own end would wait for threads, and let one more Ctrl-C kill it midway.
        atexit._run_exitfuncs()
    if ended or (atexit._ncallbacks() == 0 and _thread._count() == 0):
        try:
            sys.stdout.flush()
            sys.stderr.flush()
        except (OSError, ValueError):
            return code  # Python's own end says what it says then
        os._exit(code)
    return code


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    argv
        The words after the program's name; those of this process by default.

    Returns
    -------
    int
        The exit code.
    """
    if None in (sys.stdin, sys.stdout, sys.stderr):
        _hold_closed_streams()
    words = list(sys.argv[1:] if argv is None else argv) or ["--help"]
    try:
        try:
            return _invoke(words)
        finally:
            sys.stdout.flush()
    except LedgerError as error:
        report(error)
        return error.exit_code
    except KeyboardInterrupt:
        return _interrupted()
    except BrokenPipeError:
        _close_output()
        return BROKEN_PIPE
    except OSError as error:
        report(LedgerError(error.strerror or type(error).__name__, cause=_place(error)))
        return LedgerError.exit_code


def _invoke(words: Sequence[str]) -> int:
    if "_LEDGER_COMPLETE" in os.environ:
        from ledger.cli import commands

        commands.complete()
    if words[0] == "run":
        from ledger.cli import run_words

        given = run_words.read(words[1:])
        if given is not None:
            from ledger.cli.running import start

            gc.freeze()  # what is imported lives to the end
            return start(os.environ.get("LEDGER_DIR") or None, given)
    from ledger.cli import commands

    return commands.invoke(words)


def _runs(words: Sequence[str]) -> bool:
    """Whether the command is ``run``, which may stand behind the one option that takes a value."""
    while words and (words[0] == "--ledger" or words[0].startswith("--ledger=")):
        words = words[1 if "=" in words[0] else 2 :]
    return words[:1] == ["run"]


def _interrupted() -> int:
    """What to exit with when a signal has interrupted: 130 for Ctrl-C."""
    from ledger.ops import interrupt

    return interrupt.exit_code()


def _hold_closed_streams() -> None:
    """Give what was closed (``>&-``) a sink, before a file of ours gets its number."""
    from ledger.ops.streams import hold_standard

    hold_standard()
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode))  # noqa: SIM115 - it lives as long as the process


def _place(error: OSError) -> str | None:
    return os.fsdecode(error.filename) if isinstance(error.filename, str | bytes) else None


def _close_output() -> None:
    """Give what is still buffered for a reader that has gone to nobody."""
    sink = os.open(os.devnull, os.O_WRONLY)
    os.dup2(sink, sys.stdout.fileno())
    os.close(sink)
