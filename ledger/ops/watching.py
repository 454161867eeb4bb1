"""Watching which files a trial opens: the best way that works here, and why there was no better one."""

import os

from ledger.capture.accesses import Watched, Watching
from ledger.capture.events import Events
from ledger.capture.trace import Tracer, TraceUnavailable, starts_privileged
from ledger.ops.call import Call
from ledger.ops.place import Place
from ledger.ops.prepare import Prepared
from ledger.ops.spool import Spool


class Watch:
    """One trial's way of watching; a context manager around its execution."""

    def __init__(self, call: Call, prepared: Prepared, place: Place, spool: Spool) -> None:
        self._call, self._prepared, self._place, self._spool = call, prepared, place, spool
        self._tracer: Tracer | None = None
        self._reason: str | None = None
        self.last = Watched(by=Watching.NONE)
        """What was seen, as `seen` told it last."""

    def __enter__(self) -> "Watch":
        return self

    def __exit__(self, *_: object) -> None:
        if self._tracer is not None:
            self._tracer.close()

    def begin(self, trial: str) -> Tracer | None:
        """Prepare a tracer, right before the program is forked; None if there is none to be had.

        Parameters
        ----------
        trial
            Its id, as the program is told it.
        """
        call = self._call
        if not call.traced:
            self._reason = "it was asked not to watch"
            return None
        self._reason = starts_privileged(call.command, call.users)
        if self._reason is not None:
            return None
        try:
            self._tracer = Tracer.prepare(
                self._spool.path,
                keep=self._is_kept_nowhere,
                max_copy_bytes=call.workspace.config.store.max_input_bytes,
                outer_spool=call.outer,
                trial=trial,
            )
        except TraceUnavailable as error:
            self._reason = ": ".join(filter(None, [error.message, error.cause]))
        except OSError as error:
            self._reason = str(error)
        return self._tracer

    def seen(self, events: Events) -> Watched:
        """What was seen, by whichever way it was, as this process finds the files."""
        self.last = self._seen(events)
        return self.last

    def _seen(self, events: Events) -> Watched:
        tracer, fallback = self._tracer, self._reason
        if tracer is not None:
            watched = tracer.watched()
            if watched.by is not Watching.NONE:
                return watched
            fallback = watched.fallback
        from ledger.capture.observed_files import watched as by_probe

        watched = by_probe(events) or Watched(by=Watching.NONE)
        return watched._replace(fallback=fallback)

    def _is_kept_nowhere(self, path: str, _status: os.stat_result) -> bool:
        """Whether the store has not, by a snapshot of code, what a file holds now."""
        root = str(self._call.workspace.root)
        held = self._prepared.recorded(path[len(root) + 1 :] if path.startswith(root + "/") else path)
        return held is None or held.entry.digest is None or held.entry.omitted is not None
