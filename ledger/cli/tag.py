"""The command ``ledger tag``."""

import click

from ledger.cli import common
from ledger.errors import NotFoundError, UsageError
from ledger.model import Trial
from ledger.ops import notes, query, references
from ledger.ops.text import line
from ledger.ops.trials import Trials


@click.command(
    "tag",
    short_help="Give a trial a tag, or take one off.",
    epilog=common.ends(
        """ledger tag @ paper
        ledger tag --remove paper""",
        "0 ok, 2 usage, 3 there is no such trial or tag",
    ),
)
@click.argument("words", metavar="[REF] NAME", nargs=-1, required=True)
@click.option("--remove", is_flag=True, help="Take the tag off; without REF, off the trial that it means.")
@click.pass_context
def command(context: click.Context, words: tuple[str, ...], remove: bool) -> None:
    """Give a trial a tag, or take one off.

    A tag may be on many trials; as a reference it means the one that got it last.
    """
    if len(words) > 2 or (len(words) == 1 and not remove):
        raise UsageError(
            "a tag is put on one trial",
            cause=f"expected a reference and a name, got {len(words)} words",
            hint=f"ledger tag @ {words[0] if len(words) == 1 else words[-1]}",
        )
    workspace = common.opened(context)
    trials = query.load(workspace.journal)
    name = words[-1]
    trial = references.resolve(trials, words[0]) if len(words) == 2 else _bearer(trials, name)
    if remove:
        notes.untag(workspace.journal, trials, trial, name)
        click.echo(f"took {line(name)} off {line(references.describe(trial))}")
    else:
        notes.tag(workspace.journal, trial, name)
        click.echo(f"{line(name)} is on {line(references.describe(trial))}")


def _bearer(trials: Trials, name: str) -> Trial:
    """The trial that a tag means."""
    bearers = trials.tagged.get(name, ())
    if not bearers:
        known = ", ".join(sorted(name for name, ids in trials.tagged.items() if ids)[:10])
        raise NotFoundError(
            f"no trial has the tag {name!r}",
            cause=f"the tags are {known}" if known else "no trial has a tag",
            hint="see who has which: ledger log",
        )
    return trials.by_id[bearers[-1]]
