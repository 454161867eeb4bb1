"""Trials on a Dask cluster: through its own `concurrent.futures.Executor`, one at a time for each."""

import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Executor, Future
from contextlib import contextmanager
from typing import Any, Final

from ledger.errors import LedgerError, RemoteError, UsageError
from ledger.ops.tune.apart import apart, stop

_PATIENCE_S: Final = 10.0
"""Seconds in which a scheduler has to answer."""


@contextmanager
def cluster(address: str) -> Iterator[Callable[[], Executor]]:
    """A Dask cluster, as what makes executors of one trial at a time.

    Parameters
    ----------
    address
        Of its scheduler, such as ``tcp://10.0.0.1:8786``.

    Raises
    ------
    UsageError
        If the extra is missing.
    RemoteError
        If no scheduler answers.
    """
    try:
        from distributed import Client
    except ModuleNotFoundError as error:
        raise UsageError(
            "no Dask here",
            cause=str(error),
            hint="python -m pip install 'replay-ledger[dask]'",
        ) from error
    try:
        make: Any = Client  # which has no types
        client = make(address, timeout=_PATIENCE_S, set_as_default=False)
    except (OSError, ValueError) as error:
        raise RemoteError(
            f"no Dask scheduler at {address}",
            cause=str(error),
            hint="start one: dask scheduler, and on each machine: dask worker ADDRESS --nthreads 1",
        ) from error
    with client:
        yield lambda: DaskExecutor(client)


class DaskExecutor(Executor):
    """Calls on a cluster, each in a process of its own beside the worker that has it.

    Parameters
    ----------
    client
        A ``distributed.Client``.
    """

    def __init__(self, client: Any) -> None:
        self._client, self._inner = client, client.get_executor(pure=False)
        self._tokens: dict[str, Future[Any]] = {}

    def submit(self, function: Callable[..., Any], /, *arguments: Any, **named: Any) -> Future[Any]:
        """Have it called; a `BrokenExecutor` where the worker died, as with processes of this machine."""
        token, answer = uuid.uuid4().hex, Future[Any]()
        answer.set_running_or_notify_cancel()
        asked = self._inner.submit(apart, token, function, *arguments, **named)
        self._tokens[token] = asked

        def ended(done: Future[Any]) -> None:
            self._tokens.pop(token, None)
            _pass_on(done, answer)

        asked.add_done_callback(ended)
        return answer

    def stop(self, number: int) -> None:
        """Send what runs a signal, where it runs."""
        for token in list(self._tokens):
            self._client.run(stop, token, number, on_error="ignore")

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: ARG002
        """Take back what the cluster has not begun, and wait for nothing: it may be gone."""
        self._inner.shutdown(wait=False)


def _pass_on(done: Future[Any], answer: Future[Any]) -> None:
    from distributed import KilledWorker

    if done.cancelled():
        answer.set_exception(
            RemoteError(
                "the Dask cluster does not answer any more",
                cause="it gave up a trial that was to run",
                hint="what ends there is recorded; once it is up again, the same command goes on",
            )
        )
        return
    error = done.exception()
    if isinstance(error, KilledWorker):
        error = BrokenExecutor(str(error))
    elif error is not None and not isinstance(error, LedgerError | BrokenExecutor):
        error = RemoteError(
            "a worker of the Dask cluster cannot run a trial",
            cause=f"{type(error).__name__}: {error}",
            hint="install there what is installed here: python -m pip install 'replay-ledger[dask]'",
        )
    if error is not None:
        answer.set_exception(error)
    else:
        answer.set_result(done.result())
