"""What ``ledger run`` does, however its words were read."""

import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from ledger import workspace as workspaces
from ledger.cli.plain import directory, warn, write_error
from ledger.errors import LedgerError, UsageError
from ledger.model import Artifact, Mode, Outcome
from ledger.ops import options
from ledger.ops.names import check_name
from ledger.ops.run import RunOptions, RunResult, cannot_record, run
from ledger.ops.text import count, duration, number, size
from ledger.workspace import Workspace

_METRICS = 3
"""Metrics in the line at the end."""


def start(ledger: str | None, given: Mapping[str, Any]) -> int:
    """Run a command and record it; return its exit code.

    Parameters
    ----------
    ledger
        The ``.ledger`` directory, or the URL of the remote, if one was named.
    given
        The value of each option of `run_words.OPTIONS`, and the command's `words`.
    """
    words: tuple[str, ...] = given["words"]
    if not words:
        raise UsageError(
            "no command to run",
            cause="expected a program and its arguments after the options",
            hint="ledger run python train.py",
        )
    named = ((given["name"], "name"), (given["experiment"], "experiment"))
    for name, what in (*named, *((each, "tag") for each in given["tags"])):
        if name is not None:
            check_name(name, what)
    seed, named_seeds = options.seeds_of(given["seed"])
    chosen = RunOptions(
        name=given["name"],
        experiment=given["experiment"],
        message=given["message"],
        tags=given["tags"],
        inputs=given["inputs"],
        outputs=given["outputs"],
        parameters=options.parameters(given["parameters"]),
        seed=seed,
        seeds=named_seeds,
        isolate=given["isolate"],
        enforce_clean=given["enforce_clean"],
        reuse=given["reuse"],
        trace=not given["no_trace"],
        deep=given["deep"],
    )
    try:
        workspace = _opened(ledger)
    except (LedgerError, OSError) as error:
        raise cannot_record(error) from error
    nested = "LEDGER_TRIAL" in os.environ
    quiet = given["quiet"] or nested  # or the line at the end would be part of what the outer trial prints
    if workspaces.is_copy(workspace.directory):
        return _run_accompanied(workspace, words, chosen, quiet=quiet)
    result = run(workspace, words, chosen, notify=warn)
    if not quiet:
        write_error(_line(result))
    if workspace.config.remote.auto_push:  # else nothing of remotes is loaded
        from ledger.ops.sharing import push_if_wanted

        push_if_wanted(workspace, warn)
    return result.exit_code


def _opened(ledger: str | None) -> Workspace:
    """The ledger of this call; made where there is none."""
    if ledger is None or ":" not in ledger:  # or what knows of URLs would be loaded by all
        return workspaces.find_or_make(directory(), ledger)[0]
    from ledger.remotes.locate import is_url

    if not is_url(ledger):
        return workspaces.find_or_make(directory(), ledger)[0]
    from ledger.ops.copies import find_or_make

    return find_or_make(directory(), ledger)[0]


def _run_accompanied(workspace: Workspace, words: Sequence[str], chosen: RunOptions, *, quiet: bool) -> int:
    """Run where a remote is the ledger: the trial is shared, and shows signs of life."""
    from ledger.ops import copies
    from ledger.ops.accompany import accompanied

    try:
        copies.refuse(workspace)
        if chosen.reuse:
            from ledger.ops.upstream import Upstream

            upstream = Upstream(workspace, warn)
            upstream.refresh()  # another machine may have run it
            workspace = upstream.workspace()
    except (LedgerError, OSError) as error:
        raise cannot_record(error) from error
    with accompanied(workspace, warn) as on_started:
        result = run(workspace, words, chosen, notify=warn, on_started=on_started)
        if not quiet:
            write_error(_line(result))
    return result.exit_code


def _line(result: RunResult) -> str:
    """What came of it, in one line."""
    short = result.trial.short
    facts = [_end(result, result.outcome)]
    if result.outcome:
        outputs = result.outcome.outputs
        facts += _files("input", result.inputs)
        facts += _files("output", outputs, size(sum(each.size for each in outputs)))
        facts += [f"{each.name} {number(each.last)}" for each in result.outcome.metrics[:_METRICS]]
        facts.append(f"replay it: ledger replay {short}")
    separator = " · " if "utf" in (sys.stderr.encoding or "").lower() else " - "
    return f"ledger: trial {short} {separator.join(facts)}"


def _files(noun: str, artifacts: Sequence[Artifact], *more: str) -> list[str]:
    """How many there are; nothing where there are none."""
    directories = sum(each.mode == Mode.DIRECTORY for each in artifacts)
    named = [f"{directories} director{'y' if directories == 1 else 'ies'}"] if directories else []
    told = ", ".join([*named, *more])
    return [count(len(artifacts), noun) + (f" ({told})" if told else "")] if artifacts else []


def _end(result: RunResult, outcome: Outcome | None) -> str:
    if result.reused:
        return "stands in: the same was run already, and its inputs are the same"
    if outcome is None:
        return f"ended with exit code {result.exit_code}, and its end was not recorded"
    code = f" (exit code {result.exit_code})" if result.exit_code else ""
    return f"{outcome.status}{code} in {duration(outcome.duration_s)}"
