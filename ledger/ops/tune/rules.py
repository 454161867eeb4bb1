"""What a search proposes and decides by: its sampler and its scheduler, of the versions that it recorded."""

from ledger.model.frozen import replace
from ledger.model.search import Search
from ledger.tune.base import Sampler
from ledger.tune.samplers import registry as samplers
from ledger.tune.schedulers import registry as schedulers
from ledger.tune.schedulers.base import Scheduler
from ledger.tune.space.unit import UnitSpace

_UNKNOWN = 0
"""A version that nothing has: of a scheduler which was recorded without one."""


def sampler(search: Search, unit: UnitSpace) -> Sampler:
    """The search's sampler.

    Raises
    ------
    UsageError
        If there is none of that name and version here, or a package that it needs is missing.
    """
    return samplers.make(search.sampler, unit, len(search.objectives), search.seed, search.version)


def scheduler(search: Search) -> Scheduler | None:
    """The search's scheduler; None where it has none.

    Raises
    ------
    UsageError
        If there is none of that name and version here.
    """
    if search.scheduler is None:
        return None
    return schedulers.make(search.scheduler, search.scheduler_version or _UNKNOWN)


def as_begun(search: Search, before: Search) -> Search:
    """A search that may be `before`, by the rules with which that began, where they are known here."""
    known = samplers.found(samplers.parsed(search.sampler).name).versions
    if search.sampler == before.sampler and before.version in known:
        search = replace(search, version=before.version)
    if search.scheduler is not None and search.scheduler == before.scheduler:
        known = schedulers.SCHEDULERS[search.scheduler.partition(":")[0]].versions
        if before.scheduler_version in known:
            search = replace(search, scheduler_version=before.scheduler_version)
    return search
