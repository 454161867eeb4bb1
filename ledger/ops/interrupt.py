"""What asks a command to end: Ctrl-C, SIGTERM, and the SIGHUP of a terminal that is closed.

The first interrupts, so that what was begun is tidied up. A further one does not disturb that.
"""

import _thread
import os
import signal
import sys
import time
from types import FrameType
from typing import Final

_USUAL: Final = {
    signal.SIGINT: signal.default_int_handler,
    signal.SIGTERM: signal.SIG_DFL,
    signal.SIGHUP: signal.SIG_DFL,
}
"""What Python does at a signal that nobody has said anything of."""
_LEFT_S: Final = 1.0
"""How long what tidies up may take from the second one on."""
_ONE_WISH_S: Final = 1.0
"""For so long another SIGTERM or SIGHUP is no second one: a shell that goes, and ``timeout``, send two."""
_SOON_S: Final = 0.01
"""By when Python is out of what it dropped an interrupt in."""
_seen: list[tuple[int, float]] = []
"""Number of each signal, and when it came; the first one interrupted."""


def install() -> None:
    """Have it so in this process, but for signals that are ignored (as by ``nohup``) or somebody else's."""
    for number, usual in _USUAL.items():
        if signal.getsignal(number) is usual:
            signal.signal(number, handle)
            sys.unraisablehook = _dropped


def is_usual(handler: object) -> bool:
    """Whether a SIGINT with that handler interrupts."""
    return handler in (signal.default_int_handler, handle)


def exit_code() -> int:
    """What an interrupted command exits with: 128 and the number of the signal; 130 if none came."""
    return 128 + _first()


def handle(number: int, _frame: FrameType | None) -> None:
    """Interrupt, once; from the second signal on what the first one made begin goes on for a moment.

    That is to remove a scratch directory, say, or to wait for threads that write.

    Raises
    ------
    KeyboardInterrupt
        At the first signal.
    """
    now = time.monotonic()
    if _seen and number != signal.SIGINT and now - _seen[0][1] < _ONE_WISH_S:
        return
    _seen.append((number, now))
    if len(_seen) == 1:
        raise KeyboardInterrupt
    if len(_seen) == 2:
        try:
            _thread.start_new_thread(_end, ())
        except RuntimeError:  # Python itself is at its end
            os._exit(exit_code())


def _first() -> signal.Signals:
    return signal.Signals(_seen[0][0]) if _seen else signal.SIGINT


def _dropped(what: "sys.UnraisableHookArgs") -> None:
    """Interrupt anew where Python had to drop an interrupt: in a finalizer, say, or a callback of its own."""
    if not issubclass(what.exc_type, KeyboardInterrupt):
        sys.__unraisablehook__(what)
        return
    number = _first()
    _seen.clear()
    try:
        _thread.start_new_thread(_again, (number,))
    except RuntimeError:
        os._exit(128 + number)


def _again(number: signal.Signals) -> None:
    time.sleep(_SOON_S)
    _thread.interrupt_main(number)


def _end() -> None:
    time.sleep(_LEFT_S)
    os._exit(exit_code())
