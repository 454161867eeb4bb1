"""Run as a script: `execute` in a process of its own, as the command line would; the result goes to a file.

`driver.py run JSON`, or `driver.py terminal COMMAND…` to have a standard descriptor as controlling terminal.
"""

import dataclasses
import fcntl
import json
import os
import sys
import termios


def _run(task):
    from ledger.ops.execute import Bind, Launch, execute
    from ledger.ops.streams import hold_standard

    hold_standard()
    fields = {
        "directory": ".",
        "variables": dict(os.environ),
        "forward": True,
        **task["launch"],
    }
    fields["argv"] = tuple(fields["argv"])
    fields["binds"] = tuple(Bind(**bind) for bind in fields.get("binds", ()))
    if task.get("lock"):
        lock = os.open(task["lock"], os.O_RDWR | os.O_CREAT)
        fcntl.flock(lock, fcntl.LOCK_EX)
        fields["keep_fds"] = (lock,)
    tracers = []
    if task["traced"]:
        fields["tracer"] = lambda: tracers.append(_tracer(fields["spool"])) or tracers[0]
    try:
        result = execute(Launch(**fields))
        text = json.dumps(dataclasses.asdict(result))
    except KeyboardInterrupt:
        text, result = json.dumps("KeyboardInterrupt"), None
    for tracer in tracers:
        assert tracer.attached, tracer.refused
        tracer.close()
    with open(task["result"] + ".part", "w") as file:
        file.write(text)
    os.rename(task["result"] + ".part", task["result"])
    os._exit(result.exit_code if result is not None else 130)


def _tracer(spool):
    from pathlib import Path

    from ledger.capture.trace import Tracer

    return Tracer.prepare(Path(spool), keep=lambda path, status: True, max_copy_bytes=1 << 30)


if __name__ == "__main__":
    if sys.argv[1] == "terminal":
        fcntl.ioctl(next(filter(os.isatty, (0, 1, 2))), termios.TIOCSCTTY, 0)
        os.execvp(sys.argv[2], sys.argv[2:])
    _run(json.loads(sys.argv[2]))
