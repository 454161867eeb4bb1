"""Runs ``ledger`` in forks of a process that has its imports behind it; `tests.forked` starts and asks it.

Each request comes over the socket that is standard input: JSON with the words, and descriptors of the three
streams and of a socket for the answers, the process's number and its exit code.
"""

import array
import atexit
import contextlib
import gc
import io
import json
import os
import pkgutil
import runpy
import select
import socket
import sys
import threading
import traceback
from pathlib import Path

sys.path[:1] = [str(Path(__file__).parents[1])]

_MOST = 1 << 20
_DESCRIPTORS = 4
_NO_DESCRIPTOR = 1 << 16


def _imported():
    """Import what nearly every command imports."""
    import numpy  # noqa: F401
    import pyarrow  # noqa: F401
    import rich.console
    import rich.table  # noqa: F401

    import ledger.cli

    for each in pkgutil.walk_packages(ledger.cli.__path__, "ledger.cli."):
        __import__(each.name)


def _serve(control):
    running = {}
    while True:
        for ready in select.select([control, *running], [], [])[0]:
            if ready is control:
                text, ancillary, _, _ = control.recvmsg(_MOST, socket.CMSG_SPACE(_DESCRIPTORS * 4))
                if not text:
                    return
                descriptors = array.array("i", ancillary[0][2])
                request = json.loads(text)
                number = os.fork()
                if number == 0:
                    _be(request, descriptors)
                for each in descriptors[:3]:
                    os.close(each)
                answers = socket.socket(fileno=descriptors[3])
                answers.send(str(number).encode())
                running[os.pidfd_open(number)] = number, answers
            else:
                number, answers = running.pop(ready)
                os.close(ready)
                code = os.waitstatus_to_exitcode(os.waitpid(number, 0)[1])
                with answers, contextlib.suppress(BrokenPipeError):  # who asked may have given up
                    answers.send(str(code).encode())


def _be(request, descriptors):
    """Be the program; does not return."""
    code = 1
    try:
        atexit._clear()  # of modules that this command may not need; those that it adds are called below
        if request["session"]:
            os.setsid()
        for standard, each in enumerate(descriptors[:3]):
            os.dup2(each, standard)
        os.closerange(3, _NO_DESCRIPTOR)
        _open_streams()
        os.chdir(request["directory"])
        os.environ.clear()
        os.environ.update(request["variables"])
        sys.argv = ["ledger", *request["words"]]
        runpy.run_module("ledger", run_name="__main__", alter_sys=True)
    except SystemExit as error:
        code = error.code or 0
        threading._shutdown()
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def _open_streams():
    """What Python does when it starts: a terminal is written to line by line."""
    for standard, (name, mode) in enumerate((("stdin", "rb"), ("stdout", "wb"), ("stderr", "wb"))):
        old = getattr(sys, name)
        raw = open(standard, mode, closefd=False)  # noqa: SIM115 - it lives as long as the process
        lines = standard == 2 or os.isatty(standard)
        stream = io.TextIOWrapper(raw, old.encoding, old.errors, line_buffering=lines)
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)


if __name__ == "__main__":
    control = socket.socket(fileno=os.dup(0))
    _imported()
    gc.collect()
    gc.freeze()
    _serve(control)
