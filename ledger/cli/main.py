"""The entry point: one lazy group, and the boundary at which an error becomes text and an exit code.

Only click is imported here: a command's module is imported when that command is asked for.
"""

import gc
import os
import sys
from collections.abc import Sequence
from importlib import import_module

import click

from ledger.errors import LedgerError, UsageError

COMMANDS = {
    "init": "Make a ledger here.",
    "run": "Run a command and record it as a trial.",
    "log": "List trials, newest first.",
    "show": "Show all that is recorded of a trial.",
    "cat": "Write a recorded file or stream to standard output.",
    "diff": "Show what differs between two trials or experiments.",
    "replay": "Make a trial again from its record alone, and compare.",
    "verify": "Check that the ledger is whole.",
    "checkout": "Write a trial's files into a directory.",
    "note": "Write a note on a trial or an experiment.",
    "tag": "Give a trial a tag, or take one off.",
}
"""Each command, in the order of a day's work, and its short help; its module is ``ledger.cli.NAME``."""

ALIASES = {"rerun": "replay", "reproduce": "replay", "ls": "log"}

INTERRUPTED = 130
BROKEN_PIPE = 141


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
        # What is imported lives to the end: to look through it for garbage meanwhile takes a seventh of the
        # time that a command needs to start.
        gc.disable()
        try:
            command: click.Command = import_module(f"ledger.cli.{name}").command
        finally:
            gc.freeze()
            gc.enable()
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
@click.option("--ledger", metavar="DIR", envvar="LEDGER_DIR", help="The .ledger directory to use.")
@click.option(
    "--version", is_flag=True, expose_value=False, is_eager=True, callback=_version, help="Print the version."
)
@click.pass_context
def group(context: click.Context, ledger: str | None) -> None:
    """Record every trial of a model, make it again, and say what differs.

    A trial is one execution of a command: its code, environment, hyperparameters, seeds, inputs and outputs.
    """
    context.obj = ledger or None


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    argv
        The words after the program's name; those of this process by default.

    Returns
    -------
    int
        The exit code.
    """
    if None in (sys.stdin, sys.stdout, sys.stderr):
        _hold_closed_streams()
    if "_LEDGER_COMPLETE" in os.environ:  # a shell asks for completions; click answers and exits
        group.main(prog_name="ledger", complete_var="_LEDGER_COMPLETE")
    words = list(sys.argv[1:] if argv is None else argv) or ["--help"]
    try:
        try:
            with group.make_context("ledger", words) as context:
                code = group.invoke(context)
        finally:
            sys.stdout.flush()
    except click.exceptions.Exit as exit:
        return exit.exit_code
    except LedgerError as error:
        report(error)
        return error.exit_code
    except click.ClickException as error:
        report(_of_click(error))
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        return INTERRUPTED
    except BrokenPipeError:
        _close_output()
        return BROKEN_PIPE
    except OSError as error:
        report(LedgerError(error.strerror or type(error).__name__, cause=_place(error)))
        return LedgerError.exit_code
    return code if isinstance(code, int) else 0


def _hold_closed_streams() -> None:
    """Give what was closed (``>&-``) a sink, before a file of ours gets its number."""
    from ledger.ops.streams import hold_standard

    hold_standard()
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode))  # noqa: SIM115 - it lives as long as the process


def report(error: LedgerError) -> None:
    """Write an error to standard error: what, why, and what helps."""
    from ledger.cli.text import clean

    for label, text in (("error", error.message), ("cause", error.cause), ("hint", error.hint)):
        if text:
            click.echo(f"{label}: {clean(text)}", err=True)


def _of_click(error: click.ClickException) -> LedgerError:
    message = error.format_message().rstrip(".")
    message = message[:1].lower() + message[1:]
    context = getattr(error, "ctx", None)
    path = context.command_path if context else "ledger"
    return UsageError(" ".join(message.split()), hint=f"see how: {path} --help")


def _place(error: OSError) -> str | None:
    return os.fsdecode(error.filename) if isinstance(error.filename, str | bytes) else None


def _close_output() -> None:
    """Give what is still buffered for a reader that has gone to nobody."""
    sink = os.open(os.devnull, os.O_WRONLY)
    os.dup2(sink, sys.stdout.fileno())
    os.close(sink)
