"""What the environments and the machines of two trials have that is not the same."""

from dataclasses import replace
from typing import Any

from ledger.model import Difference, Environment, Host, Trial
from ledger.ops import drift
from ledger.ops.differences import values
from ledger.ops.objects import Problem, load, unique
from ledger.store.base import Store


def compare(a: Trial, b: Trial, store: Store) -> tuple[tuple[Difference, ...], tuple[Problem, ...]]:
    """Compare environments, which count, and threads, settings and hosts, which are only shown."""
    found: list[Difference] = []
    problems: list[Problem | None] = []
    if a.environment != b.environment:
        left, right = (load(store, Environment, each.environment, "environment") for each in (a, b))
        if left.noun and right.noun:
            found += (replace(each, counted=True) for each in drift.differences(left.noun, right.noun))
        else:
            problems += [left.problem, right.problem]
            found += values("environment", {"digest": a.environment}, {"digest": b.environment})
    found += values("environment", _locks(a), _locks(b), counted=False, prefix="lock file ")
    found += values("environment", _threads(a), _threads(b), counted=False, prefix="threads ")
    if a.observed and b.observed and a.observed.processes and b.observed.processes:
        settings = dict(a.observed.settings), dict(b.observed.settings)
        found += values("environment", settings[0], settings[1], counted=False, prefix="setting ")
    if a.host != b.host:
        hosts = [load(store, Host, each.host, "host") for each in (a, b)]
        facts = [_host(each.noun) for each in hosts if each.noun]
        problems += [each.problem for each in hosts]
        if len(facts) == 2:
            found += values("environment", facts[0], facts[1], counted=False, prefix="host ")
    return tuple(found), unique(problems)


def _threads(trial: Trial) -> dict[str, Any]:
    pools = trial.observed.threads if trial.observed else ()
    return {f"{each.api} {each.library}": each.threads for each in pools}


def _locks(trial: Trial) -> dict[str, Any]:
    return {each.path: each.digest or each.omitted for each in trial.locks}


def _host(host: Host) -> dict[str, Any]:
    return {
        "hostname": host.hostname,
        "machine": host.machine,
        "system": host.system,
        "cpu": host.cpu,
        "vector extensions": host.cpu_flags,
        "cpus": host.cpus,
        "gpus": tuple(each.name for each in host.gpus),
        "driver": host.driver,
        "container": host.container,
        "container image": host.container_image,
    }
