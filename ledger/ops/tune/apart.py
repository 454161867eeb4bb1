"""A call in a process of its own, where a cluster's worker makes it: it can be stopped, and dies with it."""

import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import BrokenExecutor
from typing import Any

from ledger.ops.slots import begin

_running: dict[str, int] = {}
"""Process ids of the calls that this worker makes, by their token."""


def apart(token: str, function: Callable[..., Any], *arguments: Any) -> Any:
    """What `function` returns, called in a process of its own.

    Parameters
    ----------
    token
        By which `stop` finds it.
    function, arguments
        What can be pickled.

    Raises
    ------
    BrokenExecutor
        If the process dies.
    """
    with subprocess.Popen(
        [sys.executable, "-P", "-m", "ledger.ops.tune.apart"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        _running[token] = process.pid
        try:
            answer, _ = process.communicate(pickle.dumps((function, arguments)))
        finally:
            del _running[token]
    if process.returncode != 0:
        raise BrokenExecutor(f"the process of a trial ended with {process.returncode}")
    good, value = pickle.loads(answer)
    if not good:
        raise value
    return value


def stop(token: str, number: int) -> None:
    """Send a signal to the process of a call, if it is one of this worker's."""
    process = _running.get(token)
    if process is not None:
        try:
            os.kill(process, number)
        except ProcessLookupError:
            return  # it has gone already


def main() -> None:
    """The process itself: a call on standard input, its answer on standard output."""
    function, arguments = pickle.load(sys.stdin.buffer)
    answer = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever else is written there is no answer
    begin()
    try:
        said = True, function(*arguments)
    except Exception as error:  # noqa: BLE001 (it is raised where the call was made)
        said = False, error
    with answer:
        pickle.dump(said, answer)


if __name__ == "__main__":
    main()
