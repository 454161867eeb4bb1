"""The command ``ledger replay``."""

import click

from ledger.cli import common, marks
from ledger.cli.diff_page import differences
from ledger.cli.page import Page
from ledger.cli.text import duration, line, short
from ledger.errors import IncomparableError, MismatchError, UsageError
from ledger.model import Trial, Verdict
from ledger.ops import query, references
from ledger.ops.query import Trials
from ledger.ops.replay import Replayed, ReplayOptions, replay
from ledger.ops.result_documents import replay_document


@click.command(
    "replay",
    short_help="Make a trial again from its record alone, and compare.",
    epilog=common.ends(
        """ledger replay @
        ledger replay -x digits --env current --rtol 1e-6""",
        "0 identical or equivalent, 2 usage, 3 there is no such trial, 4 diverged (--strict: or equivalent),"
        " 5 incomparable: it could not be made again; of an experiment, the worst of its trials",
    ),
)
@click.argument("ref", required=False)
@common.experiment("All trials of this experiment.")
@click.option(
    "--env",
    type=click.Choice(["recreate", "current"]),
    default="recreate",
    show_default=True,
    help="Make the recorded environment again, or use today's and tell the drift.",
)
@click.option("--rtol", metavar="X", type=click.FloatRange(min=0), help="Relative tolerance.")
@click.option("--atol", metavar="X", type=click.FloatRange(min=0), help="Absolute tolerance.")
@click.option(
    "--strict", is_flag=True, help="Standard output and error count too, and equivalent is not enough."
)
@click.option(
    "--map",
    "maps",
    metavar="OLD=NEW",
    multiple=True,
    help="Where an input from outside of the root lies now.",
)
@click.option(
    "--timeout",
    metavar="SECONDS",
    type=click.FloatRange(min=0, min_open=True),
    help="End the command after so long.",
)
@click.option("--dry-run", is_flag=True, help="Only say whether it could be made again; record nothing.")
@common.as_json
@click.pass_context
def command(
    context: click.Context,
    ref: str | None,
    experiment: str | None,
    env: str,
    rtol: float | None,
    atol: float | None,
    strict: bool,
    maps: tuple[str, ...],
    timeout: float | None,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Make a trial again from its record alone, and compare: exit code, metrics and outputs.

    It runs in a scratch copy of the recorded tree: your files are not touched. The verdict is recorded.
    """
    common.one_of(ref, experiment, "ledger replay")
    options = ReplayOptions(
        env=env,
        rtol=rtol,
        atol=atol,
        strict=strict,
        maps=tuple(map(_mapped, maps)),
        timeout=timeout,
        dry_run=dry_run,
    )
    workspace = common.opened(context)
    trials = query.load(workspace.journal)
    if ref is not None:
        trial = references.resolve(trials, ref)
        done = replay(workspace, trial, options, progress=common.say)
        if as_json:
            common.emit(_document(done))
        else:
            _page(trial, done).show()
        return _exit_code(done, options)
    members = references.experiment(trials, experiment or "")
    replayed: list[Replayed] = []
    for place, trial in enumerate(members, 1):
        common.say(f"{place} of {len(members)}: {references.describe(trial)}")
        replayed.append(replay(workspace, trial, options, progress=common.say))
    if as_json:
        common.emit([_document(each) for each in replayed])
    else:
        _table(trials, replayed).show()
    return max(_exit_code(each, options) for each in replayed)


def _mapped(text: str) -> tuple[str, str]:
    old, equals, new = text.partition("=")
    if not (old and equals and new):
        raise UsageError(
            "a bad map",
            cause=f"--map: expected OLD=NEW, got {text!r}",
            hint="--map /data/old.csv=/data/new.csv",
        )
    return old, new


def _document(done: Replayed) -> dict[str, object]:
    return replay_document(done.result, id=done.entry_id, time=done.time)


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


def _page(trial: Trial, done: Replayed) -> Page:
    result, page = done.result, Page()
    if done.ready:
        page.line(("it can be made again", "bold green"))
    else:
        word, style = marks.mark(result.verdict)
        page.line((word, f"bold {style}"))
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
            ("environment", {"recreate": "made again", "current": "today's"}.get(result.mode, result.mode)),
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
