"""The options of ``ledger run``, and a reader of them that needs no click.

To import click and to build its commands takes a tenth of the time of a short run. What people say mostly is
read here; what takes more to understand, or to refuse, click reads, by the same table.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple


class Option(NamedTuple):
    """One option."""

    words: tuple[str, ...]
    metavar: str | None
    """What its value is called; None: it is a flag."""
    help: str
    many: bool = False
    """Whether it may be repeated."""


OPTIONS = {
    "name": Option(("--name",), "NAME", "A name for the trial; a repeated one means its newest trial."),
    "experiment": Option(("-x", "--experiment"), "NAME", "The set of trials it belongs to."),
    "message": Option(("-m", "--message"), "TEXT", "Why it is run."),
    "tags": Option(("-t", "--tag"), "NAME", "A tag; may be repeated.", many=True),
    "inputs": Option(("-i", "--input"), "PATH", "An input beside those it finds; - is stdin.", many=True),
    "outputs": Option(("-o", "--output"), "PATH", "An output beside those it finds.", many=True),
    "parameters": Option(("-p", "--param"), "NAME=VALUE", "A hyperparameter to record.", many=True),
    "seed": Option(
        ("--seed",),
        "[NAME=]N",
        "Seed every generator that the command loads; or ledger.seed(NAME).",
        many=True,
    ),
    "isolate": Option(("--isolate",), None, "Run in a scratch copy of the tree."),
    "enforce_clean": Option(("--enforce-clean",), None, "Refuse if the code differs from its commit."),
    "reuse": Option(("--reuse",), None, "Do not run again what ran well and whose inputs are the same."),
    "no_trace": Option(("--no-trace",), None, "Do not let the kernel tell which files are opened."),
    "deep": Option(("--deep",), None, "Compare every installed file with its package's record first."),
    "quiet": Option(("-q", "--quiet"), None, "Say nothing at the end; warnings are still printed."),
}
"""By name, in the order of the help."""


def read(words: Sequence[str]) -> dict[str, Any] | None:
    """Read what stands behind ``run``.

    Returns
    -------
    dict or None
        The value of each option and, as `words`, the command; None where click has to read it.
    """
    given: dict[str, Any] = {
        name: () if option.many else None if option.metavar else False for name, option in OPTIONS.items()
    }
    named = {word: name for name, option in OPTIONS.items() for word in option.words}
    place = 0
    while place < len(words) and words[place].startswith("-") and words[place] != "-":
        word, equals, value = words[place].partition("=")
        place += 1
        if word == "--" and not equals:
            break
        name = named.get(word)
        if name is None:
            return None
        option = OPTIONS[name]
        if option.metavar is None:
            if equals:
                return None
            given[name] = True
            continue
        if equals:
            if not word.startswith("--"):
                return None
        elif place == len(words):
            return None
        else:
            value = words[place]
            place += 1
        given[name] = (*given[name], value) if option.many else value
    given["words"] = tuple(words[place:])
    return given
