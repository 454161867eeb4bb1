"""Trials as jobs of Slurm, through submitit; each executor has one at a time."""

import os
import signal
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import BrokenExecutor, Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import Any

from ledger import fs
from ledger import workspace as workspaces
from ledger.errors import UsageError
from ledger.ops import scratch


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
            made.update_parameters(
                name="ledger",
                timeout_min=_number(settings["time"]),
                **{f"{cluster}_{name}": _number(value) for name, value in settings.items() if name != "time"},
            )
        except (RuntimeError, NameError, ValueError, TypeError) as error:
            raise UsageError(
                "no jobs can be made of trials", cause=str(error).strip(), hint="see: sbatch --version"
            ) from error
        yield partial(JobExecutor, made)


def _number(text: str) -> int | str:
    return int(text) if text.isdecimal() else text


class JobExecutor(Executor):
    """Calls as jobs of their own; a thread waits for each.

    Parameters
    ----------
    jobs
        An executor of submitit.
    """

    def __init__(self, jobs: Any) -> None:
        self._jobs, self._waiting = jobs, ThreadPoolExecutor(1)
        self._last: Any = None

    def submit(self, function: Callable[..., Any], /, *arguments: Any, **named: Any) -> Future[Any]:
        """Have it called; a `BrokenExecutor` where the job did not come to its end."""
        self._last = job = self._jobs.submit(_answer, function, *arguments, **named)
        return self._waiting.submit(_result, job)

    def stop(self, number: int) -> None:  # noqa: ARG002
        """Cancel the job: Slurm lets its processes end, and kills them after a while whatever `number` is."""
        if self._last is not None and not self._last.done():
            self._last.cancel(check=False)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Cancel what has not ended."""
        self.stop(signal.SIGKILL)
        self._waiting.shutdown(wait=wait, cancel_futures=cancel_futures)


def _answer(function: Callable[..., Any], *arguments: Any) -> tuple[bool, Any]:
    """In the job: what it returns, or why somebody else's death left nothing to do."""
    try:
        return True, function(*arguments)
    except BrokenExecutor as error:
        return False, str(error)


def _result(job: Any) -> Any:
    from submitit.core.utils import UncompletedJobError

    try:
        good, value = job.result()
    except UncompletedJobError as error:
        raise BrokenExecutor(f"job {job.job_id} did not come to its end") from error
    if not good:
        raise BrokenExecutor(value)
    return value
