"""The command ``ledger log``."""

from collections import Counter
from collections.abc import Mapping, Sequence
from shlex import quote

import click

from ledger.cli import common, marks
from ledger.cli.page import Cell, Page
from ledger.errors import FormatError, UsageError
from ledger.model import Digest, HyperparameterRole, Trial
from ledger.model.jsonform import rfc3339
from ledger.ops import search
from ledger.ops.documents import log_document
from ledger.ops.machines import Machines
from ledger.ops.search import Found, Question
from ledger.ops.text import count, duration, exact, line, moment, number

_LIMIT = 20
_PARAMETERS, _METRICS = 8, 5
"""Columns of each kind that are shown."""


@click.command(
    "log",
    short_help="List trials, newest first.",
    epilog=common.ends(
        """ledger log -x digits --where 'lr >= 0.1 and status = ok' --sort -accuracy
        ledger log --where 'machines > 1 and replayed != diverged' --json""",
        "0 ok, 2 the filter or a name in it is wrong, 3 there is no such experiment, or no ledger",
    ),
)
@common.experiment("Only this experiment's trials.")
@click.option(
    "--where",
    metavar="EXPR",
    help="Only trials for which this holds, of the names below, hyperparameters and metrics.",
)
@click.option("--sort", metavar="KEY", help="Sort by these columns, with commas between; - turns one round.")
@click.option(
    "-n", "--limit", metavar="N", type=click.IntRange(min=0), help=f"At most so many [{_LIMIT}; --json: all]."
)
@click.option("--input", "content", metavar="DIGEST", help="Only trials that read this content: b3:…")
@common.as_json
@click.pass_context
def command(
    context: click.Context,
    experiment: str | None,
    where: str | None,
    sort: str | None,
    limit: int | None,
    content: str | None,
    as_json: bool,
) -> None:
    """List trials, newest first.

    Shown are the hyperparameters that vary among them and their main metrics. Times are UTC.

    Names for --where and --sort, beside hyperparameters and metrics (param.NAME or metric.NAME where a name
    means several things): id, name, experiment, message, tag, parent, status, exit_code, started, duration_s,
    cpu_user_s, cpu_system_s, peak_memory, seed, commit, branch, dirty, recipe, environment.

    Of receipts: replays (how many), replayed (their verdicts: identical, equivalent, incomparable, diverged),
    machines (on how many the results were the same). Of the record: health (complete, or else partial,
    absent), lacking (the parts that it has not all of).

    \b
    EXPR:
      NAME = VALUE, and !=, <, <=, >, >=  NAME [not] in (VALUE, …)
      NAME [not] contains VALUE           NAME is [not] null
      and, or, not, ( )                   text and odd names: 'text', `odd name`
    """  # noqa: D301
    workspace = common.opened(context)
    most = limit if limit is not None or as_json else _LIMIT
    question = Question(
        experiment=experiment,
        where=where,
        sort=sort,
        limit=most,
        input=None if content is None else _digest(content),
        noted=experiment is not None and not as_json,
    )
    found = search.find(workspace.journal, question, workspace.store)
    if as_json:
        common.emit(log_document(found.chosen, found.trials, workspace.store))
        return
    page = _page(found, Machines(workspace.store), common.silent(workspace))
    if question.noted and (noted := found.trials.experiment_notes.get(experiment or "", ())):
        listing = f"ledger note --list -x {quote(line(experiment or ''))}"
        page.line((f"({count(len(noted), 'note')} on the experiment: {listing})", "dim"))
    page.show()


def _digest(text: str) -> Digest:
    try:
        return Digest.parse(text)
    except FormatError as error:
        raise UsageError(
            "a bad digest",
            cause=f"--input: {error.cause}",
            hint="see those of a trial's inputs: ledger show REF --json",
        ) from error


def _page(found: Found, machines: Machines, silent: Mapping[Digest, float]) -> Page:
    page = Page()
    shown, matching, all = found.chosen, found.matching, found.all
    if not shown:
        nothing = "no trials yet. Record one: ledger run python train.py"
        some = (
            f"({count(matching, 'trial')}: -n {matching})"
            if matching
            else f"none of {count(all, 'trial')} is meant"
        )
        page.line(some if all else nothing)
        return page
    parameters, more_parameters = _varying(shown)
    metrics, more_metrics = _main_metrics(shown)
    notes = [len(found.trials.notes.get(trial.id, ())) for trial in shown]
    noted = ("notes",) if any(notes) else ()
    header = ["id", "name", "experiment", "status", "replayed", "started (UTC)", "took"]
    rows: list[tuple[Cell, ...]] = []
    for trial, told in zip(shown, notes, strict=True):
        values = {each.name: exact(each.value) for each in trial.hyperparameters}
        outcome = trial.outcome
        lasts = {each.name: number(each.last) for each in outcome.metrics} if outcome else {}
        facts = {"status": str(trial.status), "exit_code": outcome.exit_code if outcome else None}
        receipts = found.trials.receipts.get(trial.id, ())
        rows.append(
            (
                (trial.id.short, "yellow"),
                line(trial.name or ""),
                line(trial.experiment or ""),
                marks.status(facts, silent.get(trial.id)),
                marks.replays(
                    (str(each.replay.verdict) for each in receipts if each.plain),
                    machines.that_agreed(receipts),
                ),
                moment(rfc3339(trial.started))[:16],
                duration(outcome.duration_s) if outcome else "",
                *(values.get(name, "") for name in parameters),
                *(lasts.get(name, "") for name in metrics),
                *((str(told or ""),) if noted else ()),
                line(", ".join(trial.tags)),
            )
        )
    names = [line(name) for name in (*parameters, *metrics)]
    # A narrow terminal does without tags and notes, experiment, time, duration and replays before it misses a
    # value.
    last = len(header) + len(names)
    order = [*range(last + len(noted), last - 1, -1), 2, 5, 6, 4, *range(last - 1, len(header) - 1, -1), 1]
    page.table([*header, *names, *noted, "tags"], rows, right=["took", *names, *noted], indent=0, drop=order)
    left = []
    if matching > len(shown):
        left.append(f"{count(matching - len(shown), 'older or later one')}: -n {matching}")
    if more_parameters or more_metrics:
        what = [(more_parameters, "hyperparameter"), (more_metrics, "metric")]
        left.append(f"{' and '.join(count(n, noun) for n, noun in what if n)} more: --json")
    if left:
        page.line((f"({'; '.join(left)})", "dim"))
    return page


def _varying(shown: Sequence[Trial]) -> tuple[list[str], int]:
    """Names of hyperparameters that are not the same in all, the most telling first; and how many more."""
    values: dict[str, set[str]] = {}
    held: Counter[str] = Counter()
    seeds = set()
    for trial in shown:
        for each in trial.hyperparameters:
            held[each.name] += 1
            values.setdefault(each.name, set()).add(exact(each.value))
            if each.role is HyperparameterRole.SEED:
                seeds.add(each.name)
    varying = [name for name in values if len(values[name]) > 1 or held[name] < len(shown)]
    # One that only some have, and all of those alike, tells least.
    varying.sort(key=lambda name: (len(values[name]) == 1, name in seeds, -held[name], name))
    return varying[:_PARAMETERS], max(0, len(varying) - _PARAMETERS)


def _main_metrics(shown: Sequence[Trial]) -> tuple[list[str], int]:
    """Names of the metrics that most of them have; and how many more there are."""
    held = Counter(each.name for trial in shown if trial.outcome for each in trial.outcome.metrics)
    names = sorted(held, key=lambda name: (-held[name], name))
    return names[:_METRICS], max(0, len(names) - _METRICS)
