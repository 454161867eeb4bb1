"""The commands as click knows them: one lazy group, and its errors in our form.

A command's module is imported when that command is asked for.
"""

import gc
import os
from collections.abc import Sequence
from importlib import import_module

import click

from ledger.cli.plain import report
from ledger.errors import LedgerError, UsageError

COMMANDS = {
    "init": "Make a ledger here.",
    "run": "Run a command and record it as a trial.",
    "log": "List trials, newest first.",
    "sql": "Ask the ledger's tables in SQL.",
    "ui": "Look at the ledger in a browser.",
    "show": "Show all that is recorded of a trial.",
    "cat": "Write a recorded file or stream to standard output.",
    "diff": "Show what differs between two trials or experiments.",
    "replay": "Make a trial again from its record alone, and compare.",
    "why": "Say what makes the results of two trials differ, and how much.",
    "tune": "Search for the best hyperparameters of a command.",
    "verify": "Check that the ledger is whole, or a proof.",
    "best": "Show the best trials of an experiment, and of how many.",
    "seeds": "Run a trial again with new seeds, and show how its result spreads.",
    "robustness": "Say how much a result moves with seeds and small changes.",
    "importance": "Say which hyperparameters matter.",
    "tunability": "Show what tuning to each data set gains.",
    "sensitivity": "Show how much a method depends on being tuned.",
    "ablation": "Go from the default to the best, the most useful step first.",
    "report": "Write a report on trials: a page, Markdown, PDF, a table.",
    "badge": "Write a badge that says what replays have shown.",
    "head": "Show how far the ledger goes, or pin that.",
    "prove": "Write the proof that a trial is in the ledger.",
    "bundle": "Write trials and all that proves them into one file.",
    "open": "Check a bundle, and make a ledger of it.",
    "push": "Share what is here with a remote.",
    "pull": "Take what a remote has.",
    "clone": "Make a ledger from a remote.",
    "remote": "Name a remote, list them, or forget one.",
    "checkout": "Write a trial's files into a directory.",
    "note": "Write a note on a trial, an experiment, a metric or a diff.",
    "tag": "Give a trial a tag, or take one off.",
    "rm": "Take back a trial, or what a calibration allows.",
    "gc": "Make room: remove contents that nothing holds.",
}
"""Each command, in the order of a day's work, and its short help; its module is ``ledger.cli.NAME``."""

ALIASES = {"rerun": "replay", "reproduce": "replay", "ls": "log"}


class LazyGroup(click.Group):
    """Knows its commands by name and imports one when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Names, in the order of a day's work."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """The command of that name or alias."""
        name = ALIASES.get(cmd_name, cmd_name)
        if name not in COMMANDS:
            return None
        command: click.Command = import_module(f"ledger.cli.{name}").command
        gc.freeze()  # what is imported lives to the end
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the first word names; an error with the nearest ones if it names none."""
        name = args[0]
        if name not in COMMANDS and name not in ALIASES and not name.startswith("-"):
            raise _unknown_command(args)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the table of commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


def _unknown_command(words: Sequence[str]) -> UsageError:
    from difflib import get_close_matches
    from shutil import which

    name = words[0]
    near = get_close_matches(name, [*COMMANDS, *ALIASES], 2, 0.5)
    if which(name) and any(map(os.path.isfile, words[1:])):
        hint = f"to record it as a trial: ledger run {' '.join(words[:6])}"
    else:
        hint = " or ".join(f"ledger {each}" for each in near) or "see what there is: ledger --help"
    return UsageError(f"no command {name!r}", cause="the first word names a command", hint=hint)


def _version(context: click.Context, _parameter: click.Parameter, wanted: bool) -> None:
    if wanted:
        import ledger

        click.echo(f"ledger {ledger.__version__}")
        context.exit()


@click.group(
    cls=LazyGroup,
    no_args_is_help=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="A new project: ledger run python train.py, then ledger log. Each command: ledger COMMAND --help.",
)
@click.option(
    "--ledger",
    metavar="DIR|URL",
    envvar="LEDGER_DIR",
    help="The .ledger directory, or the remote (s3://…), to use.",
)
@click.option(
    "--version", is_flag=True, expose_value=False, is_eager=True, callback=_version, help="Print the version."
)
@click.pass_context
def group(context: click.Context, ledger: str | None) -> None:
    """Record every trial of a model, make it again, and say what differs.

    A trial is one execution of a command: its code, environment, hyperparameters, seeds, inputs and outputs.
    """
    context.obj = ledger or None


def invoke(words: Sequence[str]) -> int:
    """Do what the words after the program's name ask for; return the exit code."""
    try:
        with group.make_context("ledger", list(words)) as context:
            code = group.invoke(context)
    except click.exceptions.Exit as exit:
        return exit.exit_code
    except click.ClickException as error:
        report(_of_click(error))
        return error.exit_code
    except click.Abort:
        raise KeyboardInterrupt from None
    return code if isinstance(code, int) else 0


def complete() -> None:
    """Answer a shell that asks for completions, and exit."""
    group.main(prog_name="ledger", complete_var="_LEDGER_COMPLETE")


def _of_click(error: click.ClickException) -> LedgerError:
    message = error.format_message().rstrip(".")
    message = message[:1].lower() + message[1:]
    context = getattr(error, "ctx", None)
    path = context.command_path if context else "ledger"
    return UsageError(" ".join(message.split()), hint=f"see how: {path} --help")
