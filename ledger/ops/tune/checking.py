"""What is asked of a search: that it can be meant, and has an end."""

import math

from ledger.errors import UsageError
from ledger.ops import searches, timeouts
from ledger.ops.tune import outcomes as tune_outcomes
from ledger.ops.tune.beginning import Wanted
from ledger.ops.tune.standing import TuneOptions
from ledger.workspace import Workspace


def check(workspace: Workspace, wanted: Wanted, options: TuneOptions) -> None:
    """Refuse what cannot be meant, before anything is done.

    Raises
    ------
    UsageError
        If a requirement or a number is off, or nothing says when to stop.
    """
    _check_objectives(wanted)
    for text in wanted.requirements:
        tune_outcomes.check_requirement(text)
    if options.jobs < 1:
        raise UsageError("a bad number of jobs", cause=f"-j: expected 1 or more, got {options.jobs}")
    timeouts.check(wanted.trial_timeout, "--trial-timeout")
    for option, number in (("--timeout", options.timeout), ("--target", options.target)):
        if number is not None and math.isnan(number):  # it is never over, and never reached
            raise UsageError("a bad number", cause=f"{option}: expected a number, got {number}")
    _check_stops(workspace, wanted, options)


def _check_objectives(wanted: Wanted) -> None:
    """Refuse one metric twice: to make it small and large at once leaves no trial out."""
    metrics = [each.metric for each in wanted.objectives]
    for objective in wanted.objectives:
        if metrics.count(objective.metric) > 1:
            raise UsageError(
                f"the objective {objective.metric} is there twice",
                cause=f"expected different metrics, got {', '.join(metrics)}",
                hint=f"say it once: --minimize {objective.metric}, or --maximize {objective.metric}",
            )


def _check_stops(workspace: Workspace, wanted: Wanted, options: TuneOptions) -> None:
    """Refuse a search without an end before it begins; a grid has one, that of one that goes on too."""
    stops = (options.executions, options.timeout, options.stop_after, options.target)
    if any(each is not None for each in stops):
        return
    created = None if wanted.sampler is not None else searches.newest(workspace.journal, wanted.name)
    recorded = None if created is None else searches.definition(created[1])
    sampler = wanted.sampler or (None if recorded is None else recorded.sampler) or ""
    if sampler.partition(":")[0] != "grid":
        raise UsageError(
            "nothing says when to stop",
            cause="expected -n EXECUTIONS, --timeout, --stop-after or --target",
            hint="ledger tune … -n 50",
        )
