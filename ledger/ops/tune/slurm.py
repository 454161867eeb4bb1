"""Trials as jobs of Slurm, through submitit; each executor has one at a time."""

import os
import signal
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import BrokenExecutor, Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple

from ledger import fs
from ledger import workspace as workspaces
from ledger.errors import LedgerError, RemoteError, UsageError
from ledger.ops import scratch
from ledger.ops.slots import between_programs
from ledger.ops.tune.squeue import Queue

_OURS: Final = {
    # A trial gets SIGTERM when its time is over; submitit's SIGUSR2 before would end most programs.
    "signal_delay_s": 0,
    # The search itself starts a trial again whose node died, and says that it does.
    "additional_parameters": {"no-requeue": True},
}
_TICK_S: Final = 0.25
_FROM_SLURM: Final = (signal.SIGTERM, signal.SIGKILL)
"""What ends a program whose job has no time left, or no memory; the job itself may come to its end then."""
_LATE_S: Final = 3.0
"""How much later than its job's end a result may be seen on a shared disk."""
_SETTLED_S: Final = 60.0
"""How long a job whose program was ended may take to end, too, by when nobody asks why."""
_ENDED_BY: Final = {
    "TIMEOUT": "a job of Slurm ran out of its time: --slurm time=MINUTES gives each trial more",
    "OUT_OF_MEMORY": "a job of Slurm ran out of its memory: --slurm mem=SIZE gives each trial more: mem=16GB",
}
"""What to tell of a job that has ended in such a state."""
_GIVEN_UP_S: Final = 120.0
"""How long a job that was cancelled may take to end, by when nobody waits for it."""
_Ended = Callable[[Any], str | None]
"""In which state a job of submitit has ended; None where it has not."""


@contextmanager
def jobs(settings: Mapping[str, str], cluster: str = "slurm") -> Iterator[Callable[[], Executor]]:
    """Slurm, as what makes executors of one trial at a time.

    Parameters
    ----------
    settings
        Of its jobs, as sbatch's options are called: ``time`` in minutes, ``partition``.
    cluster
        Another of submitit's executors: ``local`` for processes of this machine.

    Raises
    ------
    UsageError
        If the extra or Slurm is missing, or a setting is not one.
    """
    try:
        from submitit import AutoExecutor
    except ModuleNotFoundError as error:
        raise UsageError(
            "no submitit here", cause=str(error), hint="python -m pip install 'replay-ledger[slurm]'"
        ) from error
    if "time" not in settings:
        raise UsageError(
            "nothing says how long a job may take",
            cause="Slurm ends it then",
            hint="say it in minutes: --slurm time=120",
        )
    place = workspaces.cache_directory() / f"jobs-{os.urandom(8).hex()}"
    with fs.explained(place):
        fs.make_directory(place.parent)
    with scratch.temporary(at=place) as folder:
        try:
            made: Any = AutoExecutor(folder=folder, cluster=cluster)
            own = _OURS if cluster == "slurm" else {}
            given = {name: _number(value) for name, value in settings.items() if name != "time"}
            made.update_parameters(
                name="ledger",
                timeout_min=_number(settings["time"]),
                **{f"{cluster}_{name}": value for name, value in {**own, **given}.items()},
            )
        except (RuntimeError, NameError, ValueError, TypeError) as error:
            raise UsageError(
                "no jobs can be made of trials", cause=str(error).strip(), hint="see: sbatch --version"
            ) from error
        if cluster == "slurm":
            queue = Queue()
            yield partial(JobExecutor, made, lambda job: queue.ended(job.job_id), queue.hurry)
        else:
            yield partial(JobExecutor, made, lambda job: "ENDED" if job.done() else None)


def _number(text: str) -> int | str:
    return int(text) if text.isdecimal() else text


class JobExecutor(Executor):
    """Calls as jobs of their own; a thread waits for each.

    Parameters
    ----------
    jobs
        An executor of submitit.
    ended
        In which state a job has ended.
    hurry
        Told that this should be looked up soon.
    """

    def __init__(self, jobs: Any, ended: _Ended, hurry: Callable[[], None] = lambda: None) -> None:
        self._jobs, self._ended, self._hurry = jobs, ended, hurry
        self._waiting = ThreadPoolExecutor(1)
        self._job: Any = None
        self._future: Future[Any] | None = None
        self._stopped: float | None = None
        self._remarks: list[str] = []

    def remarks(self) -> list[str]:
        """What there is to say of the call that has ended."""
        said, self._remarks = self._remarks, []
        return said

    def submit(self, function: Callable[..., Any], /, *arguments: Any, **named: Any) -> Future[Any]:
        """Have it called; a `BrokenExecutor` where the job did not come to its end.

        Raises
        ------
        UsageError
            If Slurm takes no such job.
        """
        from submitit.core.utils import FailedSubmissionError, UncompletedJobError

        mark = Path(self._jobs.folder) / f"{uuid.uuid4().hex}.begun"
        try:
            self._job = self._jobs.submit(_answer, str(mark), function, *arguments, **named)
        except (FailedSubmissionError, UncompletedJobError, OSError) as error:
            raise UsageError(
                "Slurm takes no job of a trial",
                cause=_telling(str(error)),
                hint="its settings are those of sbatch: --slurm partition=NAME; see: sinfo",
            ) from error
        self._stopped = None
        self._future = self._waiting.submit(self._result, self._job, mark)
        return self._future

    def stop(self, number: int) -> None:  # noqa: ARG002
        """Cancel the job: Slurm lets its processes end, and kills them after a while whatever `number` is."""
        if self._future is not None and not self._future.done():
            self._job.cancel(check=False)
            self._stopped = self._stopped or time.monotonic()
            self._hurry()

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Cancel what has not ended."""
        self.stop(signal.SIGKILL)
        self._waiting.shutdown(wait=wait, cancel_futures=cancel_futures)

    def _result(self, job: Any, mark: Path) -> Any:
        state = self._wait(job)
        self._remark(state)
        if not _there(job.paths.result_pickle):
            if state in ("FAILED", "COMPLETED") and not _there(mark):
                raise _unable(f"job {job.job_id}", _said(job) or f"it has {state.lower()}")
            raise BrokenExecutor(f"job {job.job_id} did not come to its end: {state}")
        from submitit.core.utils import UncompletedJobError

        try:
            answer: _Answer = job.result()
        except UncompletedJobError as error:  # in front of our own call: there is no such module, say
            raise _unable(f"job {job.job_id}", _telling(str(error)) or "it failed") from error
        if answer.error is not None:
            raise answer.error
        if answer.broken is not None:
            raise BrokenExecutor(answer.broken)
        if getattr(answer.value, "signal", None) in _FROM_SLURM and self._stopped is None:
            self._remark(self._settled(job))
        return answer.value

    def _settled(self, job: Any) -> str | None:
        """In which state a job ends whose result is there; None where it does not say."""
        until = time.monotonic() + _SETTLED_S
        self._hurry()
        while (state := self._ended(job)) is None and self._stopped is None and time.monotonic() < until:
            time.sleep(_TICK_S)
        return state

    def _remark(self, state: str | None) -> None:
        if state in _ENDED_BY and self._stopped is None:
            self._remarks.append(_ENDED_BY[state])

    def _wait(self, job: Any) -> str:
        """Wait for a job's result, or for its end; return how it ended."""
        while not _there(job.paths.result_pickle):
            state = self._ended(job)
            if state is not None:
                until = time.monotonic() + _LATE_S
                while not _there(job.paths.result_pickle) and time.monotonic() < until:
                    time.sleep(_TICK_S)
                return state
            if self._stopped is not None and time.monotonic() > self._stopped + _GIVEN_UP_S:
                return "cancelled, and Slurm does not say that it ended"
            time.sleep(_TICK_S)
        return "COMPLETED"


class _Answer(NamedTuple):
    """What a job sends back, one of them."""

    value: Any = None
    broken: str | None = None
    """Why somebody else's death left nothing to do."""
    error: LedgerError | None = None


def _answer(mark: str, function: Callable[..., Any], *arguments: Any, **named: Any) -> _Answer:
    """In the job: call it, fit to be cancelled."""
    Path(mark).touch()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, between_programs)
    signal.signal(signal.SIGUSR2, lambda *_: None)  # submitit's handler raises, wherever we are
    try:
        return _Answer(value=function(*arguments, **named))
    except BrokenExecutor as error:
        return _Answer(broken=str(error))
    except LedgerError as error:
        return _Answer(error=error)
    except Exception as error:  # noqa: BLE001 - it is raised where the search is
        return _Answer(error=_unable("a job", f"{type(error).__name__}: {error}"))


def _unable(job: str, cause: str) -> RemoteError:
    return RemoteError(
        f"{job} of Slurm cannot run a trial",
        cause=cause,
        hint=f"nodes have to see {sys.executable}, this directory and {workspaces.cache_directory()}",
    )


def _there(path: Path) -> bool:
    """Whether a file is there; on a shared disk listing its directory tells of those that are new."""
    try:
        return path.name in os.listdir(path.parent)
    except OSError:
        return False


def _said(job: Any) -> str | None:
    """What a job wrote to its standard error that tells the most."""
    try:
        return _telling(Path(job.paths.stderr).read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return None


def _telling(text: str) -> str | None:
    """The last line that names an error, of those that are not srun's; the last one where none does."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    own = [line for line in lines if not line.startswith(("srun: ", "slurmstepd"))] or lines
    errors = [line for line in own if "error" in line.lower()] or own
    return errors[-1] if errors else None
