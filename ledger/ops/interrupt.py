"""Ctrl-C on the command line: the first interrupts, and a second one does not disturb what tidies up."""

import _thread
import os
import signal
import sys
import time
from types import FrameType
from typing import Final

EXIT: Final = 130
_LEFT_S: Final = 1.0
"""How long what tidies up may take from the second one on."""
_SOON_S: Final = 0.01
"""By when Python is out of what it dropped an interrupt in."""
_seen: list[int] = []


def install() -> None:
    """Have it so in this process, unless SIGINT is ignored or somebody else's."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, handle)
        sys.unraisablehook = _dropped


def is_usual(handler: object) -> bool:
    """Whether a SIGINT with that handler interrupts."""
    return handler in (signal.default_int_handler, handle)


def handle(number: int, _frame: FrameType | None) -> None:
    """Interrupt, once; from the second signal on what the first one made begin goes on for a moment.

    That is to remove a scratch directory, say, or to wait for threads that write.

    Raises
    ------
    KeyboardInterrupt
        At the first signal.
    """
    _seen.append(number)
    if len(_seen) == 1:
        raise KeyboardInterrupt
    if len(_seen) == 2:
        try:
            _thread.start_new_thread(_end, ())
        except RuntimeError:  # Python itself is at its end
            os._exit(EXIT)


def _dropped(what: "sys.UnraisableHookArgs") -> None:
    """Interrupt anew where Python had to drop an interrupt: in a finalizer, say, or a callback of its own."""
    if not issubclass(what.exc_type, KeyboardInterrupt):
        sys.__unraisablehook__(what)
        return
    _seen.clear()
    try:
        _thread.start_new_thread(_again, ())
    except RuntimeError:
        os._exit(EXIT)


def _again() -> None:
    time.sleep(_SOON_S)
    _thread.interrupt_main()


def _end() -> None:
    time.sleep(_LEFT_S)
    os._exit(EXIT)
