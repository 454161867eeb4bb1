"""The command ``ledger replay``."""

from pathlib import Path

import click

from ledger.cli import common, marks, plain
from ledger.cli.diff_page import differences
from ledger.cli.page import Page
from ledger.cli.vary_page import vary_page
from ledger.errors import IncomparableError, MismatchError, UsageError
from ledger.model import HealthState, Trial, TrialReplayed, Verdict
from ledger.ops import query, references
from ledger.ops.allowances import Allowances, holding
from ledger.ops.bundle_check import is_bundle
from ledger.ops.replay import Replayed, ReplayOptions, replay
from ledger.ops.result_documents import calibration_document, replay_document, vary_document
from ledger.ops.text import duration, line, short
from ledger.ops.trials import Trials
from ledger.ops.varied import Effect, Varied
from ledger.ops.vary import vary
from ledger.ops.vary_conditions import ALL, CONDITIONS, names, select
from ledger.workspace import Workspace


@click.command(
    "replay",
    short_help="Make a trial again from its record alone, and compare.",
    epilog=common.ends(
        """ledger replay @ -n 5 --env current
        ledger replay @ --vary all""",
        "0 identical or equivalent, 2 usage, 3 there is no such trial, 4 diverged (--strict: or equivalent),"
        " 5 incomparable: it could not be made again; of an experiment, the worst of its trials."
        " With -n: 0 what varies is allowed from then on, 4 no tolerance covers some of it, 5 as above."
        " With --vary: 0 it depends on none, 4 it depends on some, or is not as recorded anyway, 5 it could"
        " not be made again, or a condition that was named could not be changed here",
    ),
)
@click.argument("ref", metavar="[REF|FILE]", required=False)
@click.argument("inside", metavar="[REF]", required=False)
@common.experiment("All trials of this experiment.")
@common.environment("Make the recorded environment again, or use today's and tell the drift.")
@click.option("--rtol", metavar="X", type=click.FloatRange(min=0), help="Relative tolerance.")
@click.option("--atol", metavar="X", type=click.FloatRange(min=0), help="Absolute tolerance.")
@click.option(
    "--strict", is_flag=True, help="Standard output and error count too, and equivalent is not enough."
)
@common.maps
@common.timeout("End the command after so long.")
@click.option(
    "-n",
    "count",
    metavar="N",
    type=click.IntRange(min=1),
    default=1,
    help="Replay it N times, and record what varies as allowed from then on.",
)
@click.option(
    "--vary",
    "conditions",
    metavar="NAME,…",
    multiple=True,
    help="Make it again under changed conditions, one at a time, and tell which of them its result depends"
    f" on: {', '.join(each.name for each in CONDITIONS)}; or {ALL}.",
)
@click.option(
    "--no-network",
    is_flag=True,
    help="The command reaches nothing but its own loopback; the environment is still made from the index.",
)
@click.option(
    "--secret",
    "secrets",
    metavar="NAME",
    multiple=True,
    help="Of a trial from a bundle: a variable with a secret of yours that its command may have.",
)
@click.option(
    "--receipts",
    is_flag=True,
    help="Of a tuned experiment: a trial that an earlier replay has shown to be the same is not run again.",
)
@click.option("--dry-run", is_flag=True, help="Only say whether it could be made again; record nothing.")
@common.as_json
@click.pass_context
def command(
    context: click.Context,
    ref: str | None,
    inside: str | None,
    experiment: str | None,
    env: str,
    rtol: float | None,
    atol: float | None,
    strict: bool,
    maps: tuple[str, ...],
    timeout: float | None,
    count: int,
    conditions: tuple[str, ...],
    no_network: bool,
    secrets: tuple[str, ...],
    receipts: bool,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Make a trial again from its record alone, and compare: exit code, metrics and outputs.

    It runs in a scratch copy of the recorded tree: your files are not touched. The verdict is recorded.

    FILE is a bundle, whose only trial it is, or the one that REF names in it. It is checked and opened in a
    directory of your cache. The recorded command is code: replay what comes of people whom you trust.

    Of an experiment that was tuned the whole search is made again: its proposals are computed from the prefix
    of the ledger that each was made from, its trials run in their order, and it ends in one verdict.
    """
    if conditions and experiment is not None:
        raise UsageError(
            "conditions are changed for one trial at a time",
            cause="--vary and -x at once",
            hint=f"ledger replay REF --vary {','.join(conditions)}",
        )
    chosen = select(conditions) if conditions else ()
    common.one_of(ref, experiment, "ledger replay")
    if count > 1 and (ref is None or dry_run):
        raise UsageError(
            "what varies is learned from one trial", cause="-n N goes with REF, without --dry-run"
        )
    options = ReplayOptions(
        env=env,
        rtol=rtol,
        atol=atol,
        strict=strict,
        maps=tuple(map(common.mapped, maps)),
        timeout=timeout,
        network=not no_network,
        secrets=secrets,
        dry_run=dry_run,
    )
    workspace, trials, trial = _found(context, ref, inside)
    if trial is not None:
        if chosen:
            varied = vary(workspace, trial, chosen, options, progress=plain.say)
            if as_json:
                common.emit(vary_document(varied))
            else:
                vary_page(varied).show()
            return _vary_code(varied, every=ALL in names(conditions))
        allowances = holding(trial, trials.allowances)
        if count > 1:
            return _calibrate(workspace, trial, count, options, allowances, as_json=as_json)
        done = replay(workspace, trial, options, progress=plain.say, allowances=allowances)
        if as_json:
            common.emit(_document(done))
        else:
            _page(trial, done).show()
        return _exit_code(done, options)
    members = references.experiment(trials, experiment or "")
    if experiment is not None and any(each.name == experiment for each in trials.experiments.values()):
        from ledger.cli import search_page  # what computes proposals is of no use to other replays
        from ledger.ops.tune.replay import replay_search

        whole = replay_search(workspace, trials, experiment, options, receipts=receipts, progress=plain.say)
        return search_page.show(whole, options, as_json=as_json)
    replayed: list[Replayed] = []
    for place, trial in enumerate(members, 1):
        plain.say(f"{place} of {len(members)}: {references.describe(trial)}")
        allowances = holding(trial, trials.allowances)
        replayed.append(replay(workspace, trial, options, progress=plain.say, allowances=allowances))
    if as_json:
        common.emit([_document(each) for each in replayed])
    else:
        _table(trials, replayed).show()
    return max(_exit_code(each, options) for each in replayed)


def _found(
    context: click.Context, ref: str | None, inside: str | None
) -> tuple[Workspace, Trials, Trial | None]:
    """The ledger, its trials, and the one that is named, if any; a file that is a bundle is opened."""
    if ref is not None and is_bundle(Path(ref)):
        from ledger.cli import bundled

        return bundled.opened(ref, inside)
    if inside is not None:
        raise UsageError(
            "two references at once",
            cause=f"expected a bundle before {inside!r}, got {ref!r}",
            hint="ledger replay FILE REF",
        )
    workspace = common.opened(context)
    trials = query.load(workspace.journal)
    return workspace, trials, None if ref is None else references.resolve(trials, ref)


def _calibrate(
    workspace: Workspace,
    trial: Trial,
    count: int,
    options: ReplayOptions,
    allowances: Allowances,
    *,
    as_json: bool,
) -> int:
    from ledger.cli.calibration_page import calibration_page  # numbers are compared: one replay need not wait
    from ledger.ops.calibrate import calibrate

    found = calibrate(workspace, trial, count, options, progress=plain.say, allowances=allowances)
    if as_json:
        common.emit(calibration_document(found))
    else:
        calibration_page(found).show()
    if found.incomparable is not None:
        return IncomparableError.exit_code
    return MismatchError.exit_code if found.unstable is not None or found.refused else 0


def _document(done: Replayed) -> dict[str, object]:
    return replay_document(done.result, id=done.entry_id, time=done.time)


def _vary_code(varied: Varied, *, every: bool) -> int:
    """What to exit with; where `every` condition was asked for, one that cannot be changed is no failure."""
    if varied.control.ready:
        return 0
    if varied.control.verdict is Verdict.INCOMPARABLE:
        return IncomparableError.exit_code
    if varied.depends or not varied.stable or varied.control.verdict is Verdict.DIVERGED:
        return MismatchError.exit_code
    return IncomparableError.exit_code if varied.named(Effect.IMPOSSIBLE) and not every else 0


def _exit_code(done: Replayed, options: ReplayOptions) -> int:
    if done.ready:
        return 0
    match done.result.verdict:
        case Verdict.IDENTICAL:
            return 0
        case Verdict.EQUIVALENT:
            return MismatchError.exit_code if options.strict else 0
        case Verdict.DIVERGED:
            return MismatchError.exit_code
        case Verdict.INCOMPARABLE:
            return IncomparableError.exit_code


def _environment(trial: Trial, mode: str) -> str:
    """Which environment it had."""
    absent = any(each.part == "environment" and each.state is HealthState.ABSENT for each in trial.health)
    if mode == "recreate" and absent:
        return "what the command finds: none was recorded"
    return {"recreate": "made again", "current": "today's"}.get(mode, mode)


def _page(trial: Trial, done: Replayed) -> Page:
    result, page = done.result, Page()
    if done.ready:
        page.line(("it can be made again", "bold green"))
    else:
        word, style = marks.mark(result.verdict)
        page.line((word, f"bold {style}"))
    if _is_bare(trial, result):
        told = "there was nothing to compare but the exit code: no outputs and no metrics"
        page.line((f"{told}; --strict compares what it prints, too", "dim"))
    took = trial.outcome.duration_s if trial.outcome else None
    page.pairs(
        [
            ("trial", line(references.describe(trial))),
            (
                "took",
                f"{duration(result.outcome.duration_s)} (recorded: {duration(took)})"
                if result.outcome
                else "",
            ),
            ("environment", _environment(trial, result.mode) if result.outcome or done.ready else ""),
            ("receipt", short(str(done.entry_id)) if done.entry_id else ""),
        ]
    )
    if result.differences:
        page.heading("Differences")
        for part in dict.fromkeys(each.part for each in result.differences):
            page.line(f"  {part}")
            found = [each for each in result.differences if each.part == part]
            differences(page, found, "recorded", "replayed")
    if result.causes:
        page.heading("Why")
        for cause in result.causes:
            page.line((f"  {line(cause.cause)}", "bold"))
            page.pairs([("seen", line(cause.evidence)), ("hint", line(cause.hint))], indent=4)
    return page


def _is_bare(trial: Trial, result: TrialReplayed) -> bool:
    """Whether the exit code alone made executions the same."""
    if result.verdict is not Verdict.IDENTICAL or result.strict or not (trial.outcome and result.outcome):
        return False
    return not any(each.outputs or each.metrics for each in (trial.outcome, result.outcome))


def _table(trials: Trials, replayed: list[Replayed]) -> Page:
    page = Page()
    rows = []
    for each in replayed:
        result = each.result
        trial = trials.by_id[result.trial]
        counted = sum(difference.counted for difference in result.differences)
        verdict = ("ready", "green") if each.ready else marks.mark(result.verdict)
        cause = result.causes[0].cause if result.causes and not each.ready else ""
        rows.append(
            (
                trial.id.short,
                line(trial.name or ""),
                verdict,
                duration(result.outcome.duration_s) if result.outcome else "",
                str(counted or ""),
                line(cause),
            )
        )
    page.table(
        ("id", "name", "verdict", "took", "differences", "why"), rows, right=("took", "differences"), indent=0
    )
    return page
