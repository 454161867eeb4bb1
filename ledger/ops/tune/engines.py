"""Where the trials of a search run, by name; what an engine needs is imported when it is asked for."""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor
from contextlib import contextmanager
from types import MappingProxyType
from typing import Final

from ledger.errors import UsageError

NAMES: Final = ("local", "dask", "slurm")


@contextmanager
def engine(
    name: str, address: str | None = None, settings: Mapping[str, str] = MappingProxyType({})
) -> Iterator[Callable[[], Executor] | None]:
    """What makes executors of one trial at a time; None for processes of this machine.

    Parameters
    ----------
    name
        One of `NAMES`.
    address
        Of a Dask cluster's scheduler.
    settings
        Of Slurm's jobs.

    Raises
    ------
    UsageError
        If there is no such engine, or the address is missing, or there is none to be had.
    RemoteError
        If no scheduler answers.
    """
    if name not in NAMES:
        raise UsageError(f"no engine {name!r}", cause=f"there are {', '.join(NAMES)}")
    if (name == "dask") is not (address is not None):
        raise UsageError(
            "an engine and an address that do not fit",
            cause=f"--engine {name}, --scheduler-address {address or 'not given'}",
            hint="ledger tune … --engine dask --scheduler-address tcp://HOST:8786",
        )
    if settings and name != "slurm":
        raise UsageError("settings of Slurm without it", hint="ledger tune … --engine slurm --slurm time=60")
    if name == "slurm":
        from ledger.ops.tune.slurm import jobs

        with jobs(settings) as made:
            yield made
        return
    if address is None:
        yield None
        return
    from ledger.ops.tune.dask import cluster

    with cluster(address) as found:
        yield found
